"""JSON Feed 1.1 of a feed edition. PURE. `external_url` is the format's own slot for the original; `_wire` holds our provenance."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from publisher.edition import Edition, Item
from publisher.render.channel import Channel, feed_items, published
from publisher.render.itemhtml import content, headline, summary
from publisher.render.media import picture
from publisher.story import Media

__all__ = ["render"]

VERSION = "https://jsonfeed.org/version/1.1"


def render(edition: Edition, channel: Channel) -> bytes:
    """The finished bytes."""
    return assemble(head(channel), [piece(edition, channel, item) for item in feed_items(edition)])


def head(channel: Channel) -> dict[str, Any]:
    """Everything but the items."""
    feed: dict[str, Any] = {
        "version": VERSION,
        "title": channel.title,
        "home_page_url": channel.home_url,
        "feed_url": channel.self_url,
        "description": channel.description,
        "language": channel.language,
        "authors": [{"name": channel.site_name}],
    }
    if channel.icon:
        feed["icon"] = channel.icon
    if channel.hubs:
        feed["hubs"] = [{"type": "WebSub", "url": hub} for hub in channel.hubs]
    if channel.archive.prev:
        feed["next_url"] = channel.archive.prev
    return feed


def assemble(feed: dict[str, Any], items: Sequence[bytes]) -> bytes:
    """The document: its head, and the items' finished pieces."""
    text = json.dumps(feed, ensure_ascii=False, indent=1, allow_nan=False).removesuffix("\n}").encode()
    if not items:
        return text + b',\n "items": []\n}\n'
    parts = [text, *items]
    parts[1] = b' "items": [\n' + parts[1]
    parts[-1] += b"\n ]\n}\n"
    return b",\n".join(parts)  # the one copy of everything


def piece(edition: Edition, channel: Channel, item: Item) -> bytes:
    """One item's JSON, indented as it stands in the document."""
    return _indented(_item(edition, item, channel))


def _indented(data: dict[str, Any]) -> bytes:
    text = json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False)
    return b"  " + text.replace("\n", "\n  ").encode()  # a break within a string is written as an escape


def exchange(document: bytes, others: Mapping[str, bytes]) -> bytes:
    """A finished document with other pieces in place of these stories' (empty: none)."""
    feed = json.loads(document)
    items: list[bytes] = []
    for data in feed.pop("items"):
        own = next((name for name in others if data["id"].endswith(f":story/{name}")), None)
        items.append(_indented(data) if own is None else others[own])
    return assemble(feed, [body for body in items if body])


def _item(edition: Edition, item: Item, channel: Channel) -> dict[str, Any]:
    if item.withdrawn:
        return _notice(edition, item, channel)
    data: dict[str, Any] = {
        "id": channel.story_id(item),
        "url": item.link,
        "external_url": item.source_url,
        "title": headline(item),
        "content_html": content(edition, item, channel),
        "summary": summary(item, channel),
        "date_published": published(item, channel).isoformat(),
        "date_modified": item.modified_at.isoformat(),
        "authors": [{"name": item.byline or item.source_name}],
        "tags": list(
            dict.fromkeys([*item.categories, *(subject.name or subject.code for subject in item.subjects)])
        ),
        "language": item.language,
    }
    if shown := picture(item):
        data["image"] = shown.url
    if attachments := [_attachment(medium) for medium in item.media if medium.type]:
        data["attachments"] = attachments
    data["_wire"] = {
        "source": item.source_name,
        "source_url": item.source_url,
        "original_headline": item.original_headline,
        "urgency": item.urgency,
        "status": "usable",
        "correction": item.correction_note,
        "usage_terms": item.usage_terms,
    }
    if item.also:
        data["_wire"]["also"] = [
            {"source": other.source_name, "source_url": other.source_url} for other in item.also
        ]
    return data


def _notice(edition: Edition, item: Item, channel: Channel) -> dict[str, Any]:
    """A withdrawn item: its id and link, the notice, and the status that the format has no word for."""
    return {
        "id": channel.story_id(item),
        "url": item.link,
        "title": headline(item),
        "content_html": content(edition, item, channel),
        "summary": summary(item, channel),
        "date_published": published(item, channel).isoformat(),
        "date_modified": item.modified_at.isoformat(),
        "authors": [{"name": item.source_name}],
        "language": item.language,
        "_wire": {"source": item.source_name, "status": "canceled"},
    }


def _attachment(medium: Media) -> dict[str, Any]:
    """A medium with its type, its size where known, and its caption with the credit as title."""
    data: dict[str, Any] = {"url": medium.url, "mime_type": medium.type}
    if medium.size:
        data["size_in_bytes"] = medium.size
    if title := " ".join(part for part in (medium.caption or medium.alt, medium.credit) if part):
        data["title"] = title
    return data
