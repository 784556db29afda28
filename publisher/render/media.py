"""Which of an item's media a feed shows, and as what. PURE."""

from __future__ import annotations

from publisher.edition import Item
from publisher.story import Media

__all__ = ["enclosure", "medium_of", "picture"]

SMALLEST_PICTURE = 400
"""Pixels; consumers of feeds refuse or blur what is known to be narrower."""
MEDIA = ("image", "audio", "video")


def medium_of(medium: Media) -> str:
    """Media RSS's word for it: image, audio, video, else document; "" when its type is not known."""
    kind = medium.type.partition("/")[0]
    return kind if kind in MEDIA else "document" if kind else ""


def picture(item: Item) -> Media | None:
    """The item's first picture that is not known to be too small."""
    for medium in item.media:
        if medium_of(medium) == "image" and (medium.width is None or medium.width >= SMALLEST_PICTURE):
            return medium
    return None


def enclosure(item: Item) -> Media | None:
    """The one medium that an RSS item may enclose: it needs a type and a length (RSS 2.0)."""
    return next((medium for medium in item.media if medium.type and medium.size), None)
