"""What feedgen 1.0.0 loses or gets wrong, put right by its own extension points.

It drops rel, type and title of Atom entry links, writes an Atom `source` without id and updated, knows no `dcterms:modified`, no
`xml:lang` on an entry, and gives RSS items no `atom:link`. Elements that feedgen makes in Atom trees have no namespace (it sets
xmlns as a plain attribute), so those made here have none either.
"""

from __future__ import annotations

from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml import etree

from publisher.edition import Item

__all__ = ["WireEntry", "WireFeed"]

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
MEDIA = "http://search.yahoo.com/mrss/"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class WireFeed(BaseExtension):  # type: ignore[misc]  # feedgen ships no types
    """The feed's namespaces and its home page link."""

    def extend_ns(self) -> dict[str, str]:
        """Prefixes of what entries may carry."""
        return {"atom": ATOM, "dc": DC, "dcterms": DCTERMS, "media": MEDIA}


class WireEntry(BaseEntryExtension):  # type: ignore[misc]  # feedgen ships no types
    """Provenance, dates, language and pictures of one item."""

    def __init__(self) -> None:
        self._item: Item | None = None
        self._foreign = False
        self._source_feed = ""

    def of(self, item: Item, *, foreign: bool, source_id: str) -> None:
        """The item this entry is about; `foreign` when its language is not the feed's."""
        self._item, self._foreign, self._source_feed = item, foreign, source_id

    def extend_atom(self, entry: Any) -> Any:
        """Link via, source with id and updated, xml:lang, pictures; before feedgen's own `source` there is none."""
        item = self._item
        if item is None:
            return entry
        if self._foreign:
            entry.set(XML_LANG, item.language)
        via = etree.SubElement(entry, "link")
        for name, value in (
            ("href", item.source_url),
            ("rel", "via"),
            ("title", item.source_name),
            ("hreflang", item.language),
        ):
            via.set(name, value)
        source = etree.SubElement(entry, "source")
        etree.SubElement(source, "id").text = self._source_feed
        etree.SubElement(source, "title").text = item.source_name
        etree.SubElement(source, "updated").text = item.modified_at.isoformat()
        home = etree.SubElement(source, "link")
        home.set("href", item.source_homepage)
        home.set("rel", "alternate")
        self._media(entry)
        return entry

    def extend_rss(self, entry: Any) -> Any:
        """dc:creator, dc:source, dc:language, dc:rights, dcterms:modified, atom:link via, pictures."""
        item = self._item
        if item is None:
            return entry
        for name, value in (
            ("creator", item.byline or item.source_name),
            ("source", item.source_url),
            ("language", item.language if self._foreign else ""),
            ("rights", item.copyright_notice),
        ):
            if value:
                etree.SubElement(entry, f"{{{DC}}}{name}").text = value
        etree.SubElement(entry, f"{{{DCTERMS}}}modified").text = item.modified_at.isoformat()
        via = etree.SubElement(entry, f"{{{ATOM}}}link")
        via.set("rel", "via")
        via.set("href", item.source_url)
        via.set("title", item.source_name)
        self._media(entry)
        return entry

    def _media(self, entry: Any) -> None:
        item = self._item
        for medium in item.media if item else ():
            content = etree.SubElement(entry, f"{{{MEDIA}}}content")
            content.set("url", medium.url)
            for name, value in (("type", medium.type), ("width", medium.width), ("height", medium.height)):
                if value:
                    content.set(name, str(value))
            for name, text in (("credit", medium.credit), ("description", medium.caption or medium.alt)):
                if text:
                    etree.SubElement(content, f"{{{MEDIA}}}{name}").text = text
