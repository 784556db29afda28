"""JSON Feed 1.0 and 1.1. `external_url` is the original where a feed has one, else `url` is.

`_wire` is our own extension (`source`, `source_url`, `status`): what it says of an item is held to the same rules as JSON lines.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from publisher.intake import standing
from publisher.intake.build import Parts, build, reject
from publisher.intake.document import Context, Document, Unreadable
from publisher.intake.jsondoc import is_text, load, objects, text
from publisher.intake.times import parse as parse_time
from publisher.story import Media, PubStatus, Reason, Received, Rejected

__all__ = ["read", "recognises"]


def recognises(raw: bytes, content_type: str | None) -> bool:
    """Whether the bytes are a JSON Feed by type or by their version line."""
    return "application/feed+json" in (content_type or "") or b"jsonfeed.org/version" in raw[:2000]


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The items of a JSON Feed."""
    data = load(raw)
    if isinstance(data, Unreadable):
        return data
    if not isinstance(data, dict) or "jsonfeed.org/version" not in text(data.get("version")):
        return Unreadable("not-json-feed", "the document names no JSON Feed version")
    entries = objects(data.get("items"))
    items = [_item(entry, data, context) for entry in entries[: context.max_items]]
    return Document(items=tuple(items), left_out=max(0, len(entries) - context.max_items))


def _item(entry: dict[str, Any] | None, feed: dict[str, Any], context: Context) -> Received | Rejected:
    if entry is None:
        return reject(Parts(), Reason.MALFORMED, "an entry of `items` is no object")
    zone = context.source.timezone
    wire = entry.get("_wire")
    told = wire if isinstance(wire, dict) else {}
    status, doubts = standing.status(told.get("status") if wire is None or wire is told else [wire])
    html = text(entry.get("content_html"))
    authors = objects(entry.get("authors") or feed.get("authors")) or objects(
        [entry.get("author") or feed.get("author")]
    )
    parts = Parts(
        guid=text(entry.get("id")),
        link=text(entry.get("external_url")) or text(entry.get("url")),
        headline=text(entry.get("title")),
        body_html=html or paragraphs(text(entry.get("content_text"))),
        summary_html=paragraphs(text(entry.get("summary"))),
        language=text(entry.get("language")) or text(feed.get("language")),
        source_name=text(told.get("source")),
        source_url=text(told.get("source_url")),
        aliases=[text(entry.get("url"))],
        published=parse_time(text(entry.get("date_published")), zone=zone),
        updated=parse_time(text(entry.get("date_modified")), zone=zone),
        status=status,
        doubts=doubts,
        byline=", ".join(filter(None, (text(author.get("name")) for author in authors if author))),
        categories=[text(tag) for tag in entry.get("tags") or [] if isinstance(tag, str)]
        if isinstance(entry.get("tags"), list)
        else [],
        media=[Media(url=url, type="image/*") for url in [text(entry.get("image"))] if url],
        base_url=text(feed.get("home_page_url")) or context.base_url,
        raw=json.dumps(entry, ensure_ascii=False, default=str).encode("utf-8", "replace"),
    )
    for name in ("source", "source_url"):
        if told.get(name) is not None and not is_text(told[name]) and status is PubStatus.USABLE:
            return reject(parts, Reason.MALFORMED, f"the wrong kind of value stands in _wire.{name}")
    return build(parts, context)


def paragraphs(plain: str) -> str:
    """Plain text as HTML, a paragraph per line that says something."""
    return "".join(f"<p>{escape(line.strip())}</p>" for line in plain.splitlines() if line.strip())
