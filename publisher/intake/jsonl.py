"""JSON lines: our own interchange, one story per line, in plain field names.

A line is an object with `id`, `headline`, `source_url` and any of: `source_name`, `body` (HTML, or text with empty lines between
paragraphs), `lede`, `language`, `version`, `status` (usable, withheld, canceled), `embargo` (a time with zone; an empty string means
an embargo without a stated end), `published`, `updated`, `expires`, `urgency`, `byline`, `dateline`, `genre`, `slugline`, `categories`,
`subjects` ([{scheme, code, name}]), `correction_note`, `ednote`, `copyright_notice`, `usage_terms`, `aliases`,
`media` ([{url, type, alt, caption, credit, width, height}]).
"""

from __future__ import annotations

import re
from typing import Any

from publisher.intake.build import Parts, build, reject
from publisher.intake.document import MAX_BYTES, Context, Document, Unreadable
from publisher.intake.jsondoc import load, objects, text
from publisher.intake.jsonfeed import paragraphs
from publisher.intake.times import parse as parse_time
from publisher.story import Embargo, EmbargoKind, Media, PubStatus, Reason, Received, Rejected, Subject

__all__ = ["read", "recognises"]


def recognises(raw: bytes, content_type: str | None) -> bool:
    """Whether the bytes are lines of JSON objects with headlines."""
    line = raw.lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\n", 1)[0].strip()
    typed = any(kind in (content_type or "") for kind in ("jsonl", "ndjson"))
    return typed or (
        line.startswith(b"{") and line.endswith(b"}") and b'"headline"' in line and b'"source_url"' in line
    )


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The stories of a file of JSON lines; a line that cannot be read is set aside alone."""
    if len(raw) > MAX_BYTES:
        return Unreadable("too-large", f"the document has more than {MAX_BYTES // 1_000_000} MB")
    lines = [line for line in raw.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()]
    if not lines:
        return Unreadable("empty", "the document is empty")
    items = [_line(line, context) for line in lines[: context.max_items]]
    if all(isinstance(item, Rejected) and item.reason is Reason.MALFORMED for item in items):
        return Unreadable("not-jsonl", "no line holds a JSON object")
    return Document(items=tuple(items), left_out=max(0, len(lines) - context.max_items))


def _line(line: bytes, context: Context) -> Received | Rejected:
    entry = load(line)
    if isinstance(entry, Unreadable):
        return reject(Parts(raw=line), Reason.MALFORMED, f"the line is {entry.detail}")
    if not isinstance(entry, dict):
        return reject(Parts(raw=line), Reason.MALFORMED, "the line holds no object")
    zone = context.source.timezone
    body = text(entry.get("body"))
    urgency = text(entry.get("urgency"))
    parts = Parts(
        guid=text(entry.get("id")),
        link=text(entry.get("source_url")),
        headline=text(entry.get("headline")),
        body_html=body if re.search(r"<(p|br|div|ul|h2|blockquote)[\s>/]", body) else paragraphs(body),
        summary_html=paragraphs(text(entry.get("lede"))),
        language=text(entry.get("language")),
        source_name=text(entry.get("source_name")),
        source_url=text(entry.get("source_url")),
        aliases=[text(alias) for alias in entry["aliases"]] if isinstance(entry.get("aliases"), list) else [],
        version=text(entry.get("version")) or None,
        published=parse_time(text(entry.get("published")), zone=zone),
        updated=parse_time(text(entry.get("updated")), zone=zone),
        expires=parse_time(text(entry.get("expires")), zone=zone),
        status=_status(text(entry.get("status"))),
        embargo=_embargo(entry, context),
        urgency=int(urgency) if urgency in set("123456789") else None,
        byline=text(entry.get("byline")),
        dateline=text(entry.get("dateline")),
        genre=text(entry.get("genre")),
        slugline=text(entry.get("slugline")),
        copyright=text(entry.get("copyright_notice")),
        usage_terms=text(entry.get("usage_terms")),
        correction_note=text(entry.get("correction_note")),
        ednote=text(entry.get("ednote")),
        categories=[text(name) for name in entry["categories"]]
        if isinstance(entry.get("categories"), list)
        else [],
        subjects=[
            Subject(text(s.get("scheme")), text(s.get("code")), text(s.get("name")))
            for s in objects(entry.get("subjects"))
            if s
        ],
        media=[_medium(m) for m in objects(entry.get("media")) if m],
        raw=line,
    )
    return build(parts, context)


def _status(word: str) -> PubStatus:
    """The status; an unknown word fails closed."""
    known = {"": PubStatus.USABLE, **{status.value: status for status in PubStatus}}
    return known.get(word, PubStatus.WITHHELD)


def _embargo(entry: dict[str, Any], context: Context) -> Embargo:
    """The four states of an embargo (wire.md 2.2)."""
    if entry.get("embargo") is None:
        return Embargo()
    said = text(entry.get("embargo"))
    if not said.strip():
        return Embargo(EmbargoKind.OPEN) if context.source.empty_embargo == "hold" else Embargo()
    until = parse_time(said, zone=context.source.timezone)
    return Embargo(EmbargoKind.UNTIL, until) if until else Embargo(EmbargoKind.UNREADABLE, text=said[:200])


def _medium(entry: dict[str, Any]) -> Media:
    def number(name: str) -> int | None:
        value = entry.get(name)
        return (
            value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 100_000 else None
        )

    return Media(
        url=text(entry.get("url")),
        type=text(entry.get("type")),
        alt=text(entry.get("alt"))[:500],
        caption=text(entry.get("caption"))[:500],
        credit=text(entry.get("credit"))[:200],
        width=number("width"),
        height=number("height"),
    )
