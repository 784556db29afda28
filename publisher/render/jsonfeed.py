"""JSON Feed 1.1 of a feed edition. `external_url` is the format's own slot for the original; `_wire` holds our provenance."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from publisher.edition import Edition, Item
from publisher.render.direction import lead_in
from publisher.render.itemhtml import content, summary, xml_safe

__all__ = ["render"]

VERSION = "https://jsonfeed.org/version/1.1"


def render(
    edition: Edition,
    items: Sequence[Item],
    *,
    title: str,
    description: str,
    language: str,
    home_url: str,
    self_url: str,
    story_id_prefix: str,
    source_word: Callable[[Item], str],
) -> bytes:
    """The finished bytes."""
    feed = {
        "version": VERSION,
        "title": title,
        "home_page_url": home_url,
        "feed_url": self_url,
        "description": description,
        "language": language,
        "items": [_item(edition, item, story_id_prefix, source_word(item)) for item in items],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


def _item(edition: Edition, item: Item, prefix: str, word: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": f"{prefix}{item.story_id}",
        "url": item.link,
        "external_url": item.source_url,
        "title": xml_safe(lead_in(item.headline, item.language)),
        "content_html": content(edition, item, word),
        "summary": summary(item, word),
        "date_published": item.first_published.isoformat(),
        "date_modified": item.modified_at.isoformat(),
        "authors": [{"name": xml_safe(item.byline or item.source_name)}],
        "tags": [*item.categories, *(subject.name or subject.code for subject in item.subjects)],
        "language": item.language,
    }
    pictures = [medium.url for medium in item.media if medium.type.startswith("image/")]
    if pictures:
        data["image"] = pictures[0]
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
