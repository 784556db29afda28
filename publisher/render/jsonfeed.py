"""JSON Feed 1.1 of a feed edition. PURE. `external_url` is the format's own slot for the original; `_wire` holds our provenance."""

from __future__ import annotations

import json
from typing import Any

from publisher.edition import Edition, Item
from publisher.render.channel import Channel, feed_items
from publisher.render.itemhtml import content, headline, summary
from publisher.render.media import picture
from publisher.story import Media

__all__ = ["render"]

VERSION = "https://jsonfeed.org/version/1.1"


def render(edition: Edition, channel: Channel) -> bytes:
    """The finished bytes."""
    feed = {
        "version": VERSION,
        "title": channel.title,
        "home_page_url": channel.home_url,
        "feed_url": channel.self_url,
        "description": channel.description,
        "language": channel.language,
        "authors": [{"name": channel.site_name}],
        "items": [_item(edition, item, channel) for item in feed_items(edition)],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


def _item(edition: Edition, item: Item, channel: Channel) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": channel.story_id(item),
        "url": item.link,
        "external_url": item.source_url,
        "title": headline(item),
        "content_html": content(edition, item, channel),
        "summary": summary(item, channel),
        "date_published": item.first_published.isoformat(),
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
    return data


def _attachment(medium: Media) -> dict[str, Any]:
    """A medium with its type, its size where known, and its caption with the credit as title."""
    data: dict[str, Any] = {"url": medium.url, "mime_type": medium.type}
    if medium.size:
        data["size_in_bytes"] = medium.size
    if title := " ".join(part for part in (medium.caption or medium.alt, medium.credit) if part):
        data["title"] = title
    return data
