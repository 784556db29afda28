"""IPTC 7901 and ANPA-like text wires: control characters part header, text and stamp; several messages may follow each other.

The header's number and the stamp's day are the message's id; slug line, headline and month together are another one, so that a later
lead, a correction or a kill of the same story finds it, also over the turn of a month. What stands in the notebook ("not for publication": names, telephone numbers) is a note for the desk (`apart`). A wire has no web address: unless its source's text gives one in a source line, the story waits for one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from publisher.intake.build import Parts, build, read_source_line, reject
from publisher.intake.desklines import Above, headed, is_note, lines_above, opens_apart
from publisher.intake.document import MAX_BYTES, Context, Document, Unreadable
from publisher.intake.pagetext import linked
from publisher.intake.text import clean, normalise
from publisher.story import PubStatus, Reason, Received, Rejected, Source, SourceKind

__all__ = ["read", "recognises"]

SOH, STX, ETX = b"\x01", b"\x02", b"\x03"
HEADER = re.compile(r"^([a-z]{2,5})\s?(\d{3,5})\s+(\d)\s+([a-z]{1,3})\b", re.IGNORECASE)
ANPA = re.compile(r"^([a-z])(\d{3,5})\D", re.IGNORECASE)
ANPA_PRIORITY = re.compile(r"^([fbudrw])\s+[a-z]\b", re.IGNORECASE)
ANPA_URGENCY = {"f": "1", "b": "2", "u": "3", "r": "4", "d": "5", "w": "6"}
SLUG = re.compile(r"\b((?:BC|AM|PM|AP)-[^\s]+)")
STAMP = re.compile(r"(\d{2})(\d{2})(\d{2})\s+(GMT|UTC|[A-Z]{3,4})\s+([A-Z][a-z]{2})\w*\s+(\d{2,4})")
CLOCK = re.compile(r"(\d{2}):(\d{2})-(\d{2})-(\d{2})-(\d{2})\b")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TURN = 3
"""So many days at the beginning of a month belong to the last one as well."""
RULE = re.compile(r"[*\s_=-]{3,}")
SIGN_OFF = re.compile(r"==?\s?\w[\w\s/.-]{0,30}")
DATELINE = re.compile(r"^(\S[^\n]{1,70}?)\s+(?:-{1,2}|–|—)\s")


@dataclass(frozen=True, slots=True)
class _Message:
    head: str
    text: str
    tail: str
    raw: bytes


def recognises(raw: bytes, content_type: str | None) -> bool:  # noqa: ARG001 - all formats are asked alike
    """Whether the bytes begin with a start of header and go on to a start of text."""
    head = raw[:600].lstrip(b"\r\n \x00\x7f\x16")
    return head[:1] == SOH and STX in raw[:2000]


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The messages of a wire, a story each."""
    if len(raw) > MAX_BYTES:
        return Unreadable("too-large", f"the document has more than {MAX_BYTES // 1_000_000} MB")
    blocks = [block for block in raw.split(SOH)[1:] if STX in block]
    if not blocks:
        return Unreadable("not-iptc7901", "no message with a header (SOH) and a text (STX) was found")
    items = tuple(_item(_message(block), context) for block in blocks[: context.max_items])
    return Document(items=items, left_out=max(0, len(blocks) - context.max_items))


def _message(block: bytes) -> _Message:
    head, _, rest = block.partition(STX)
    text, _, tail = rest.partition(ETX)
    return _Message(_decoded(head), _decoded(text), _decoded(tail), SOH + block)


def _decoded(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("windows-1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _item(message: _Message, context: Context) -> Received | Rejected:
    heads = [line.strip() for line in message.head.split("\n") if line.strip()]
    slug = _slug(heads)
    above, headline, byline, body = _divided(message.text.split("\n"), slug, context)
    paragraphs = _paragraphs(_unruled(body), context.source)
    stamp = _stamp(message.tail, context)
    number = HEADER.match(heads[0]) if heads else None
    anpa = ANPA.match(heads[0]) if heads else None
    day = f"{stamp:%Y%m%d}" if stamp else ""
    told = headed(headline, context.source)
    marked = told is not None or above.status is not PubStatus.USABLE or above.signals
    named = f"{number[1]}{number[2]}" if number else f"{anpa[1]}{anpa[2]}" if anpa else ""
    first = next((said for said in paragraphs if not opens_apart(said, context.source, opens=True)), "")
    found = DATELINE.match(first)
    parts = Parts(
        typed=True,
        guid=f"7901:{context.source.slug}:{named.casefold()}:{day}" if named and day else "",
        tail=f"{named.casefold()}-{day}",
        aliases=[
            f"7901:{slug.casefold()}:{normalise(told.rest if told else headline).casefold()}:{month}"
            for month in (_months(stamp, marked=bool(marked)) if slug and headline and stamp else ())
        ],
        headline=headline,
        body_html="".join(f"<p>{linked(paragraph)}</p>" for paragraph in paragraphs),
        language=context.source.language,
        published=stamp,
        updated=stamp,
        status=above.status,
        embargo=above.embargo,
        signals=list(above.signals),
        genre="advisory" if "advisory" in above.signals else "",
        urgency=_urgency(heads, number),
        byline=byline,
        dateline=found[1] if found else "",
        slugline=slug,
        categories=[number[4]] if number else [],
        raw=message.raw,
    )
    if not headline and not paragraphs and above.status is not PubStatus.CANCELED:
        lack = "the message has neither a headline nor a text"
        return reject(parts, Reason.MALFORMED, lack, context)
    if context.source.kind is SourceKind.AGENCY:
        read_source_line(parts, context)
    return build(parts, context)


def _slug(heads: list[str]) -> str:
    """The slug: an ANPA keyword line has it among other marks, in 7901 it is the last line of the header."""
    for line in heads:
        if found := SLUG.search(line):
            return found[1]
    return clean(heads[-1], 120).rstrip("/ ") if len(heads) > 1 else ""


def _divided(lines: list[str], slug: str, context: Context) -> tuple[Above, str, str, list[str]]:
    """Marks above the headline, headline, byline, and the lines of the text."""
    end = next((place for place, line in enumerate(lines[:14]) if line.rstrip().endswith("=")), None)
    if end is None:  # no end mark: the headline goes until a blank line or the first that is set in
        end = next(
            (
                place - 1
                for place, line in enumerate(lines)
                if place and (not line.strip() or line.startswith("   "))
            ),
            0,
        )
    heading = [line for line in lines[: end + 1] if line.strip() and line.strip() != slug]
    above = lines_above(heading, context.source)
    rest = heading[above.count :]
    by = next((line for line in rest if re.match(r"\s*(by|von|par|por)\s+\S", line, re.IGNORECASE)), "")
    headline = " ".join(line.strip() for line in rest if line != by)
    return above, clean(headline).rstrip(" =+"), clean(by).rstrip(" =+"), lines[end + 1 :]


def _months(stamp: datetime, *, marked: bool) -> tuple[str, ...]:
    """The months whose stories a message may be about: at its turn, what kills or corrects is about the last one's too."""
    before = (stamp.replace(day=1) - timedelta(days=1)) if marked and stamp.day <= TURN else stamp
    return tuple(dict.fromkeys(f"{day:%Y%m}" for day in (stamp, before)))


def _unruled(lines: list[str]) -> list[str]:
    """The lines without a rule or a sign-off at the end of the text or above the notes below it."""
    notes = (
        place
        for place, line in enumerate(lines)
        if is_note(line) and (_opens(lines, place) or line == line.upper())
    )
    end = next(notes, len(lines))
    text = lines[:end]
    while text and (
        not text[-1].strip() or RULE.fullmatch(text[-1].strip()) or SIGN_OFF.fullmatch(text[-1].strip())
    ):
        text.pop()
    return [*text, "", *lines[end:]]


def _opens(lines: list[str], place: int) -> bool:
    """Whether a line opens a paragraph: the first one, one that is set in, or one below a blank line, a rule or a heading."""
    before = lines[place - 1].strip() if place else ""
    return (
        not before
        or lines[place].startswith("   ")
        or before.startswith("#")
        or RULE.fullmatch(before) is not None
    )


def _paragraphs(lines: list[str], source: Source) -> list[str]:
    """Lines joined to paragraphs: a blank line or a line that is set in begins one, and what is said to the desk is one of its own."""
    found: list[list[str]] = []
    fresh = True
    for place, line in enumerate(lines):
        if not line.strip():
            fresh = True
            continue
        apart = opens_apart(line, source, opens=fresh or _opens(lines, place))
        if fresh or apart or line.startswith("   "):
            found.append([])
        found[-1].append(line.strip())
        fresh = apart
    return [" ".join(paragraph) for paragraph in found]


def _urgency(heads: list[str], number: re.Match[str] | None) -> str:
    if number:
        return number[3]
    found = next((match for line in heads if (match := ANPA_PRIORITY.match(line))), None)
    return ANPA_URGENCY[found[1].casefold()] if found else ""


def _stamp(tail: str, context: Context) -> datetime | None:
    """When it was sent, by the stamp behind the text."""
    try:
        if (found := STAMP.search(tail)) and found[5] in MONTHS:
            zone = UTC if found[4] in {"GMT", "UTC"} else ZoneInfo(context.source.timezone)
            year = int(found[6]) % 100 + 2000
            day, hour, minute = int(found[1]), int(found[2]), int(found[3])
            return datetime(year, MONTHS.index(found[5]) + 1, day, hour, minute, tzinfo=zone).astimezone(UTC)
        if found := CLOCK.search(tail):
            hour, minute, day, month, year = (int(group) for group in found.groups())
            zone = ZoneInfo(context.source.timezone)
            return datetime(2000 + year, month, day, hour, minute, tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None
    return None
