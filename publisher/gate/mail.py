"""Finished mails: the text part by its own grammar, the whole message by the standard library's parser and by its bytes. PURE.

A text item is a line "* " and the headline, whatever is told of it, and then three lines in this order, blank lines apart: one that
ends in the source's name after a label and a colon, the bare source URL, the disclaimer. It reaches to the next headline; the last
line of dashes ends them all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from html import escape

from publisher.edition import Edition, Item, Variant
from publisher.errors import Violation
from publisher.gate.item import in_order, unfilled
from publisher.gate.page import check_html, text_of, wanted
from publisher.gate.sight import plain, turned, visible

__all__ = [
    "bodies_of",
    "check_message",
    "check_notice",
    "check_text",
    "header_faults",
    "seal_faults",
    "subject_of",
    "value_faults",
    "wire_faults",
]

HEADERS = frozenset(
    {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Reply-To",
        "List-Id",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "List-Help",
        "List-Archive",
        "List-Owner",
        "Feedback-ID",
        "Precedence",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "Content-Language",
        "MIME-Version",
        "Content-Type",
    }
)
OPTIONAL = frozenset({"Feedback-ID"})
OF_THREADS = frozenset({"In-Reply-To", "References"})
"""Of follow-ups: the mail that the reader has."""
OF_LISTS = frozenset(name for name in HEADERS if name.startswith("List-")) | {"Precedence"}
SIGNATURE = "DKIM-Signature"
SEALED = frozenset(
    {
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "content-type",
    }
)
"""What a signature has to cover, leaving with one click before all (RFC 8058 section 4)."""
SEALED_NOTICE = frozenset(name for name in SEALED if not name.startswith("list-"))
LINE_MAX = 998
"""Octets of a line without its end (RFC 5322 2.1.1)."""
ONE_CLICK = b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
LEAVE = re.compile(
    rb"^List-Unsubscribe: <(?:https://|http://(?:localhost|127\.0\.0\.1)[:/])[!-;=?-~]+>(?:, <mailto:[!-;=?-~]+>)?\r$",
    re.MULTILINE,
)
"""RFC 8058 wants https; plain http only to this machine, for a newsroom that is being tried out."""
THREADED = re.compile(r"<[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+>")
NAMED = re.compile(r"[^:：]{1,40}[:：](.+)")
PART_HEADERS = ["Content-Type", "Content-Transfer-Encoding"]


def check_text(
    raw: bytes,
    edition: Edition,
    variant: Variant,
    *,
    output: str,
    barred: frozenset[str] = frozenset(),
) -> tuple[Violation, ...]:
    """Violations of a text part against what a reader of this variant is owed; `barred` are stories that must not go out."""
    text = text_of(raw, output=output)
    if isinstance(text, Violation):
        return (text,)
    items = list(wanted(edition, variant).values())
    violations: list[Violation] = []
    found: list[str] = []
    short = edition.disclaimer(variant.language).short
    blocks = list(_blocks(text, items))
    for headline, item, lines in blocks:
        if item is None:
            detail = f"{headline!r} is not an item of this edition"
            violations.append(Violation(output, None, "unknown-item", detail))
        else:
            found.append(item.story_id)
            violations += _owed(item, lines, short, output)
    violations += in_order(found, [item.story_id for item in items], output=output, barred=barred)
    if turned(text):
        violations.append(Violation(output, None, "hidden", "a mark turns text round"))
    told = [(item.story_id, "\n".join((headline, *lines))) for headline, item, lines in blocks if item]
    violations += unfilled(text, items, output=output, parts=lambda: told)
    return tuple(violations)


def _blocks(text: str, items: list[Item]) -> Iterator[tuple[str, Item | None, list[str]]]:
    """Headline, item of that headline (None: unknown) and the lines below it that say something."""
    shown = [line for line in map(plain, text.split("\n")) if line]
    rules = [place for place, line in enumerate(shown) if len(line) >= 10 and set(line) == {"-"}]
    waiting = list(items)
    block: tuple[str, Item | None, list[str]] | None = None
    for line in shown[: rules[-1] if rules else len(shown)]:
        headline = line.removeprefix("* ")
        if headline == line or (block and block[1] and _told_of(block[1], line, block[2])):
            if block:
                block[2].append(line)
            continue
        if block:
            yield block
        item = next((entry for entry in waiting if plain(entry.headline) == headline), None)
        if item:
            waiting.remove(item)
        block = (headline, item, [])
    if block:
        yield block


def _told_of(item: Item, line: str, before: list[str]) -> bool:
    """Whether a line that looks like a headline is told of this item: its source's name or its own words, before its source URL."""
    told = line.removesuffix("…").rstrip()
    own = any(plain(words or "").startswith(told) for words in (item.lede, item.correction_note))
    named = line.startswith(tuple(f"{plain(item.source_name)} {dot} " for dot in "·|"))
    return item.source_url not in before and ((len(told) > 2 and own) or named)


def _owed(item: Item, lines: list[str], disclaimer: str, output: str) -> Iterator[Violation]:
    if not visible(item.headline):
        yield Violation(output, item.story_id, "headline", "has a headline of which nothing is seen")
    if item.source_url not in lines:
        detail = f"has no line with its source URL {item.source_url}"
        yield Violation(output, item.story_id, "source-link", detail)
        before, after = lines, lines
    else:
        place = len(lines) - 1 - lines[::-1].index(item.source_url)
        before, after = lines[max(place - 1, 0) : place], lines[place + 1 : place + 2]
    labelled = [found[1] for line in before if (found := NAMED.fullmatch(line))]
    if not visible(item.source_name) or plain(item.source_name) not in map(plain, labelled):
        detail = f"has no line that names its source {item.source_name!r} before its source URL"
        yield Violation(output, item.story_id, "source-name", detail)
    if not visible(disclaimer) or not any(line.startswith(plain(disclaimer)) for line in after):
        detail = f"has no line with the disclaimer {disclaimer!r} after its source URL"
        yield Violation(output, item.story_id, "disclaimer", detail)


def check_message(
    raw: bytes,
    edition: Edition,
    variant: Variant,
    *,
    output: str,
    now: datetime,
    barred: frozenset[str] = frozenset(),
    subject: str | None = None,
    signed: Sequence[tuple[str, str]] = (),
    follows: bool = False,
) -> tuple[Violation, ...]:
    """Violations of a whole message as it would be sent: its bytes, its headers, both its parts.

    `subject` is the wanted one: what the header says after decoding must be the same words. `signed`: (domain, selector) of each DKIM
    signature that it has to carry; it carries no other. `follows`: it answers a mail that the reader has, and says which.
    """
    violations = [Violation(output, None, "wire-form", detail) for detail in wire_faults(raw)]
    message = message_from_bytes(raw)
    violations += [
        Violation(output, None, "headers", detail) for detail in header_faults(raw, message, follows=follows)
    ]
    violations += [Violation(output, None, "signature", detail) for detail in seal_faults(message, signed)]
    shown = subject_of(message)
    violations += [
        Violation(output, None, "headers", detail) for detail in value_faults(message, shown, subject)
    ]
    items = [item for _, members in edition.variant(variant.language, variant.sections) for item in members]
    violations += unfilled(shown or "", items, output=f"{output}#subject")
    bodies = bodies_of(message)
    if isinstance(bodies, str):
        return (*violations, Violation(output, None, "structure", bodies))
    text, html = bodies
    violations += check_html(html, edition, variant, output=f"{output}#html", now=now, barred=barred)
    text = text.replace(b"\r\n", b"\n")
    violations += check_text(text, edition, variant, output=f"{output}#text", barred=barred)
    return tuple(violations)


def check_notice(
    raw: bytes, *, output: str, root: str, signed: Sequence[tuple[str, str]] = ()
) -> tuple[Violation, ...]:
    """Violations of a notice, which holds no story: its bytes, its headers, and that both parts have the one link of ours (below `root`)."""
    message = message_from_bytes(raw)
    faults = [
        *wire_faults(raw),
        *_named(message, HEADERS - OF_LISTS),
        *seal_faults(message, signed, SEALED_NOTICE),
        *value_faults(message, subject_of(message), None),
    ]
    bodies = bodies_of(message)
    if isinstance(bodies, str):
        faults.append(bodies)
    else:
        text, html = (body.decode("utf-8", "replace") for body in bodies)
        links = [line.strip() for line in text.splitlines() if line.startswith(f"{root}/")]
        if len(links) != 1 or f'href="{escape(links[0])}"' not in html:
            faults.append("does not have one link of ours, on a line of its own in its text and in its HTML")
    return tuple(Violation(output, None, "notice", detail) for detail in faults)


def bodies_of(message: Message) -> tuple[bytes, bytes] | str:
    """The decoded text and HTML, or what is wrong with the parts."""
    payload = message.get_payload()
    if message.get_content_type() != "multipart/alternative" or not isinstance(payload, list):
        return "is not multipart/alternative"
    parts = [part for part in payload if isinstance(part, Message)]
    kinds = [part.get_content_type() for part in parts]
    if kinds != ["text/plain", "text/html"]:
        return f"is not a text part followed by an HTML part but {', '.join(kinds)}"
    if message.preamble or (message.epilogue or "").strip():
        return "holds text outside its parts"
    bodies: list[bytes] = []
    for part in parts:
        encoding = str(part.get("Content-Transfer-Encoding", ""))
        if (
            part.keys() != PART_HEADERS
            or part.get_content_charset() != "utf-8"
            or encoding != "quoted-printable"
        ):
            return "has a part that is not quoted-printable UTF-8 and nothing else"
        body = part.get_payload(decode=True)
        bodies.append(body if isinstance(body, bytes) else b"")
    if message.defects or any(part.defects for part in parts):
        return "has defects of structure"
    return bodies[0], bodies[1]


def wire_faults(raw: bytes) -> Iterator[str]:
    """What is wrong with the bytes, whatever they say."""
    rest = raw.replace(b"\r\n", b"")
    if b"\r" in rest or b"\n" in rest:
        yield "holds a bare CR or LF"
    if not raw.endswith(b"\r\n"):
        yield "does not end with a line's end"
    lines = raw.split(b"\r\n")
    if any(len(line) > LINE_MAX for line in lines):
        yield f"has a line over {LINE_MAX} octets"
    if any(line.startswith(b".") for line in lines):
        yield "has a line that begins with a dot"
    if b"\x00" in raw:
        yield "holds a NUL"
    if not raw.partition(b"\r\n\r\n")[2].isascii():
        yield "holds octets over 127 in its body"


def _named(message: Message, wanted: frozenset[str]) -> Iterator[str]:
    """Which headers lack, are not ours, or stand there twice."""
    times = Counter(name for name in message if name != SIGNATURE)
    if missing := sorted(wanted - OPTIONAL - times.keys()):
        yield f"lacks {', '.join(missing)}"
    if extra := [name for name in times if name not in wanted]:
        yield f"holds headers that are not ours: {', '.join(extra)}"
    if twice := [name for name, count in times.items() if count > 1]:
        yield f"holds {', '.join(twice)} twice"


def header_faults(raw: bytes, message: Message, *, follows: bool = False) -> Iterator[str]:
    """What is wrong with the headers of a mail of a list; `follows`: it answers a mail that the reader has."""
    yield from _named(message, HEADERS | OF_THREADS if follows else HEADERS)
    if follows and not (
        THREADED.fullmatch(str(message["In-Reply-To"])) and message["In-Reply-To"] == message["References"]
    ):
        yield "does not name the mail that it follows"
    head = raw.partition(b"\r\n\r\n")[0] + b"\r\n"
    if len(LEAVE.findall(head)) != 1:
        yield "List-Unsubscribe is not one literal line with an https address"
    if ONE_CLICK not in head:
        yield "List-Unsubscribe-Post is not exactly the one-click form"


def seal_faults(
    message: Message, wanted: Sequence[tuple[str, str]], sealed: frozenset[str] = SEALED
) -> Iterator[str]:
    """What its signatures do not say; whether they hold, a receiver can tell as soon as the key is published."""
    seals = [_tags(str(value)) for value in message.get_all(SIGNATURE, [])]
    if [(tags.get("d"), tags.get("s")) for tags in seals] != list(wanted):
        told = ", ".join(f"{selector} for {domain}" for domain, selector in wanted)
        yield (
            f"does not carry exactly the signatures of {told}"
            if wanted
            else "carries a signature, and none is wanted"
        )
    for tags in seals:
        if "l" in tags or not tags.get("b") or not tags.get("bh"):
            yield "has a signature over less than the whole text"
        if bare := sorted(sealed - set(tags.get("h", "").lower().split(":"))):
            yield f"has a signature that leaves out {', '.join(bare)}"


def _tags(value: str) -> dict[str, str]:
    """The tags of a DKIM-Signature without their blanks (RFC 6376 section 3.2)."""
    pairs = ("".join(tag.split()).partition("=") for tag in value.split(";"))
    return {name: text for name, _, text in pairs if name}


def subject_of(message: Message) -> str | None:
    """The Subject as a reader sees it; None when it cannot be decoded."""
    try:
        return str(make_header(decode_header(str(message.get("Subject", "")))))
    except (ValueError, LookupError, MessageError):
        return None


def value_faults(message: Message, shown: str | None, wanted: str | None) -> Iterator[str]:
    """What the values say when they are read back; `shown` is the Subject."""
    if shown is None:
        yield "has a Subject that cannot be read back"
    elif not visible(shown):
        yield "has an empty Subject"
    elif wanted is not None and plain(shown) != plain(wanted):
        yield f"says in its Subject {shown!r} instead of {wanted!r}"
    try:
        if parsedate_to_datetime(str(message.get("Date", ""))).tzinfo is None:
            yield "has a Date without a zone"
    except (ValueError, TypeError) as error:
        yield f"has a Date that cannot be read back: {error}"
    for name in ("From", "To"):
        addresses = [address for _, address in getaddresses([str(message.get(name, ""))])]
        if len(addresses) != 1 or "@" not in addresses[0]:
            yield f"does not have exactly one address in {name}"
