"""JSON lines: our own interchange, one story per line, in plain field names.

A line is an object with the fields that docs/formats.md explains (a test holds that page and this module together).
A status or expiry that cannot be read withholds the story; a value of the wrong kind elsewhere sets the line aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from publisher.intake import standing
from publisher.intake.build import Parts, build, reject
from publisher.intake.document import MAX_BYTES, Context, Document, Unreadable
from publisher.intake.jsondoc import is_text, load, objects, text
from publisher.intake.jsonfeed import paragraphs
from publisher.intake.times import parse as parse_time
from publisher.story import Media, PubStatus, Reason, Received, Rejected, Subject

__all__ = ["read", "recognises"]

TEXTS = (
    *(
        "id",
        "headline",
        "source_url",
        "source_name",
        "body",
        "lede",
        "language",
        "version",
        "published",
        "updated",
    ),
    *("urgency", "byline", "dateline", "located", "genre", "slugline", "copyright_notice", "usage_terms"),
    *("correction_note", "ednote", "original_headline"),
)
LISTS = ("aliases", "categories")
OBJECTS = {
    "subjects": ("scheme", "code", "name"),
    "media": ("url", "type", "alt", "caption", "credit", "rights"),
}
REQUIRED = ("headline", "source_url")
WITHDRAWAL = {"id", "status"}
"""What a line that takes a story back needs and no more."""
JUDGED = ("status", "embargo", "expires")
"""Read by `standing`: of any wrong kind, they keep the story back."""


def recognises(raw: bytes, content_type: str | None) -> bool:
    """Whether the bytes are lines of JSON objects with headlines or links to the original, or a story's id and new status."""
    line = raw.lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\n", 1)[0].strip()
    if any(kind in (content_type or "") for kind in ("jsonl", "ndjson")):
        return True
    found = [name for name in (*REQUIRED, "status") if f'"{name}"'.encode() in line]
    if not (found and line.startswith(b"{") and line.endswith(b"}")):
        return False
    if set(REQUIRED) <= set(found):
        return True
    story = load(line)  # one that lacks the other is read too, and told so by name
    return isinstance(story, dict) and (any(name in story for name in REQUIRED) or set(story) >= WITHDRAWAL)


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The stories of a file of JSON lines; a line that cannot be read is set aside alone."""
    if len(raw) > MAX_BYTES:
        return Unreadable("too-large", f"the document has more than {MAX_BYTES // 1_000_000} MB")
    lines = [line for line in raw.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()]
    if not lines:
        return Unreadable("empty", "the document is empty")
    entries = [(line, load(line)) for line in lines[: context.max_items]]
    beyond = ((line, load(line)) for line in lines[context.max_items :] if b'"status"' in line)
    entries += islice((entry for entry in beyond if _takes_back(entry[1])), context.max_items)
    if not any(isinstance(entry, dict) for _, entry in entries):
        first = entries[0][1]
        if isinstance(first, Unreadable):
            return Unreadable(first.reason, f"no line holds a JSON object; of the first: {first.detail}")
        return Unreadable("not-jsonl", "no line holds a JSON object")
    items = tuple(_line(line, entry, context) for line, entry in entries)
    return Document(items=items, left_out=len(lines) - len(entries), newest_last=True)


def _takes_back(entry: Any) -> bool:
    """Whether a line keeps a story back: such a one is read also beyond the limit, for nobody may look at the file again."""
    return isinstance(entry, dict) and standing.status(entry.get("status"))[0] is not PubStatus.USABLE


def _line(line: bytes, entry: Any, context: Context) -> Received | Rejected:
    if isinstance(entry, Unreadable):
        return reject(Parts(raw=line), Reason.MALFORMED, f"the line is {entry.detail}")
    if not isinstance(entry, dict):
        return reject(Parts(raw=line), Reason.MALFORMED, "the line holds no object")
    parts = _parts(entry, context)
    parts.raw = line
    wrong = list(_misshapen(entry))
    if (
        wrong and parts.status is PubStatus.USABLE and not parts.doubts
    ):  # a kill or hold counts whatever else is wrong
        parts.media = []  # what is said of their rights may be among it
        return reject(
            parts, Reason.MALFORMED, f"the wrong kind of value stands in {', '.join(wrong)}", context
        )
    return build(parts, context)


def _misshapen(entry: dict[str, Any]) -> Iterator[str]:
    """The fields whose value is of the wrong kind: to read them as absent would put a default in their place."""
    for name in TEXTS:
        if entry.get(name) is not None and not is_text(entry[name]):
            yield name
    for name in LISTS:
        values = entry.get(name)
        if values is not None and not (isinstance(values, list) and all(map(is_text, values))):
            yield name
    for name, keys in OBJECTS.items():
        values = entry.get(name)
        if values is not None and not (
            isinstance(values, list)
            and all(isinstance(value, dict) for value in values)
            and all(is_text(value[key]) for value in values for key in keys if value.get(key) is not None)
        ):
            yield name


def _parts(entry: dict[str, Any], context: Context) -> Parts:
    zone = context.source.timezone
    body = text(entry.get("body"))
    status, doubts = standing.status(entry.get("status"))
    expires, doubts_of_end = standing.expiry(entry.get("expires"), zone=zone)
    return Parts(
        guid=text(entry.get("id")),
        link=text(entry.get("source_url")),
        headline=text(entry.get("headline")),
        body_html=body if re.search(r"<(p|br|div|ul|h2|blockquote)[\s>/]", body) else paragraphs(body),
        summary_html=paragraphs(text(entry.get("lede"))),
        language=text(entry.get("language")),
        source_name=text(entry.get("source_name")),
        source_url=text(entry.get("source_url")),
        aliases=_texts(entry, "aliases"),
        version=text(entry.get("version")) or None,
        published=parse_time(text(entry.get("published")), zone=zone),
        updated=parse_time(text(entry.get("updated")), zone=zone),
        expires=expires,
        status=status,
        doubts=doubts + doubts_of_end,
        embargo=standing.embargo(entry.get("embargo"), context.source),
        urgency=text(entry.get("urgency")),
        byline=text(entry.get("byline")),
        dateline=text(entry.get("dateline")),
        located=text(entry.get("located")),
        original_headline=text(entry.get("original_headline")),
        genre=text(entry.get("genre")),
        slugline=text(entry.get("slugline")),
        copyright=text(entry.get("copyright_notice")),
        usage_terms=text(entry.get("usage_terms")),
        correction_note=text(entry.get("correction_note")),
        ednote=text(entry.get("ednote")),
        categories=_texts(entry, "categories"),
        subjects=[
            Subject(text(s.get("scheme")), text(s.get("code")), text(s.get("name")))
            for s in objects(entry.get("subjects"))
            if s
        ],
        media=[_medium(m) for m in objects(entry.get("media")) if m],
    )


def _texts(entry: dict[str, Any], name: str) -> list[str]:
    values = entry.get(name)
    return [text(value) for value in values] if isinstance(values, list) else []


def _medium(entry: dict[str, Any]) -> Media:
    def number(name: str) -> int | None:
        value = entry.get(name)
        return (
            value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 100_000 else None
        )

    return Media(
        url=text(entry.get("url")),
        type=text(entry.get("type")),
        alt=text(entry.get("alt")),
        caption=text(entry.get("caption")),
        credit=text(entry.get("credit")),
        rights=text(entry.get("rights")),
        width=number("width"),
        height=number("height"),
    )
