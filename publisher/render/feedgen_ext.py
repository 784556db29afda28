"""What feedgen 1.0.0 loses or gets wrong, put right by its own extension points. PURE.

It drops rel, type and title of Atom entry links (an original's link would become a second alternate, an enclosure too), writes an
Atom `source` without id and updated, and knows no `dcterms:modified`, no `xml:lang` on an entry and no `atom:link` in RSS items; its
`syndication` extension writes invalid elements. Elements that feedgen makes in Atom trees have no namespace (it sets xmlns as a
plain attribute), so those made here have none either.
"""

from __future__ import annotations

from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml import etree

from publisher.edition import Item
from publisher.render.media import SMALLEST_PICTURE, enclosure, medium_of

__all__ = ["WireEntry", "WireFeed"]

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
MEDIA = "http://search.yahoo.com/mrss/"
SY = "http://purl.org/rss/1.0/modules/syndication/"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class WireFeed(BaseExtension):  # type: ignore[misc]  # feedgen ships no types
    """The namespaces of what entries carry, and how often a reader program may expect news."""

    def extend_ns(self) -> dict[str, str]:
        """Prefixes for both formats; lxml writes those that an output has no use for too."""
        return {"dc": DC, "dcterms": DCTERMS, "media": MEDIA, "sy": SY}

    def extend_rss(self, feed: Any) -> Any:
        """Four times an hour, in the spelling that validators know."""
        channel = feed.find("channel")
        etree.SubElement(channel, f"{{{SY}}}updatePeriod").text = "hourly"
        etree.SubElement(channel, f"{{{SY}}}updateFrequency").text = "4"
        return feed


class WireEntry(BaseEntryExtension):  # type: ignore[misc]  # feedgen ships no types
    """Provenance, dates, language and media of one item."""

    def __init__(self) -> None:
        self._item: Item | None = None
        self._foreign = False

    def of(self, item: Item, *, foreign: bool) -> None:
        """The item this entry is about; `foreign` when its language is not the feed's."""
        self._item, self._foreign = item, foreign

    def extend_atom(self, entry: Any) -> Any:
        """Links via and enclosure, media, xml:lang; `source` last, since some readers take the first link they meet."""
        item = self._item
        if item is None:
            return entry
        if self._foreign:
            entry.set(XML_LANG, item.language)
        _element(
            entry, "link", rel="via", href=item.source_url, title=item.source_name, hreflang=item.language
        )
        if enclosed := enclosure(item):
            size = str(enclosed.size)
            _element(entry, "link", rel="enclosure", href=enclosed.url, type=enclosed.type, length=size)
        _media(entry, item)
        source = _element(entry, "source")
        _element(source, "id").text = item.source_homepage
        _element(source, "title").text = item.source_name
        _element(source, "updated").text = item.time.isoformat()
        _element(source, "link", rel="alternate", href=item.source_homepage)
        return entry

    def extend_rss(self, entry: Any) -> Any:
        """dc:creator, dc:source, dc:language, dc:rights, dates of change, atom:link via, enclosure, media."""
        item = self._item
        if item is None:
            return entry
        for name, value in (
            ("creator", item.byline or item.source_name),
            ("source", item.source_url),
            ("language", item.language if self._foreign else ""),
            ("rights", item.copyright_notice or item.rights_line),
        ):
            if value:
                _element(entry, f"{{{DC}}}{name}").text = value
        modified = item.modified_at.isoformat()
        _element(entry, f"{{{DCTERMS}}}modified").text = modified
        _element(entry, f"{{{ATOM}}}updated").text = modified
        _element(entry, f"{{{ATOM}}}link", rel="via", href=item.source_url, title=item.source_name)
        if enclosed := enclosure(item):
            _element(entry, "enclosure", url=enclosed.url, length=str(enclosed.size), type=enclosed.type)
        _media(entry, item)
        return entry


def _element(parent: Any, name: str, **attributes: str) -> Any:
    return etree.SubElement(parent, name, attributes)


def _media(entry: Any, item: Item) -> None:
    """media:content with its credit (Media RSS 1.5.1); pictures known to be too small are left out."""
    for medium in item.media:
        kind = medium_of(medium)
        if kind == "image" and medium.width is not None and medium.width < SMALLEST_PICTURE:
            continue
        content = _element(entry, f"{{{MEDIA}}}content", url=medium.url)
        for name, value in (
            ("medium", kind),
            ("type", medium.type),
            ("width", medium.width),
            ("height", medium.height),
            ("fileSize", medium.size),
        ):
            if value:
                content.set(name, str(value))
        for name, text in (("description", medium.caption or medium.alt), ("credit", medium.credit)):
            if text:
                _element(content, f"{{{MEDIA}}}{name}").text = text
