"""What feedgen 1.0.0 loses or gets wrong, put right by its own extension points. PURE.

It drops rel, type and title of Atom entry links (an original's link would become a second alternate, an enclosure too), writes an
Atom `source` without id and updated, and knows no `dcterms:modified`, no `xml:lang` on an entry and no `atom:link` in RSS items; its
`syndication` extension writes invalid elements. Elements that feedgen makes in Atom trees have no namespace (it sets xmlns as a
plain attribute), so those made here have none either. Tombstones (RFC 6721) bring their namespace only when there is one, because
validators warn of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml import etree

from publisher.edition import Item
from publisher.render.channel import Archive, Channel
from publisher.render.media import SMALLEST_PICTURE, enclosure, medium_of

__all__ = ["WireEntry", "WireFeed"]

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
DCTERMS = "http://purl.org/dc/terms/"
MEDIA = "http://search.yahoo.com/mrss/"
FH = "http://purl.org/syndication/history/1.0"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
SY = "http://purl.org/rss/1.0/modules/syndication/"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class WireFeed(BaseExtension):  # type: ignore[misc]  # feedgen ships no types
    """The namespaces of what entries carry; hubs, place in the archive, tombstones; how often a reader program may expect news."""

    def __init__(self) -> None:
        self._channel: Channel | None = None
        self._gone: Sequence[Item] = ()

    def of(self, channel: Channel, gone: Sequence[Item]) -> None:
        """The channel this feed is about, and the withdrawn items in it."""
        self._channel, self._gone = channel, gone

    def extend_ns(self) -> dict[str, str]:
        """Prefixes for both formats; lxml writes those that an output has no use for too."""
        names = {"dc": DC, "dcterms": DCTERMS, "media": MEDIA, "sy": SY}
        if self._channel is not None and self._channel.archive != Archive():
            names["fh"] = FH
        return names | ({"at": TOMBSTONES} if self._gone else {})

    def extend_atom(self, feed: Any) -> Any:
        """Hubs are feedgen's work here; the archive's links, and a tombstone for each withdrawn item."""
        if self._channel is None:
            return feed
        for rel, href in _archive_links(self._channel.archive):
            _element(feed, "link", rel=rel, href=href)
        if self._channel.archive.current:
            _element(feed, f"{{{FH}}}archive")
        for item in self._gone:
            if item.withdrawn:
                when = item.withdrawn.at.isoformat()
                stone = _element(
                    feed, f"{{{TOMBSTONES}}}deleted-entry", ref=self._channel.story_id(item), when=when
                )
                _element(stone, f"{{{TOMBSTONES}}}comment").text = item.withdrawn.told
        return feed

    def extend_rss(self, feed: Any) -> Any:
        """Hubs and the archive's links as atom:link; four times an hour, in the spelling that validators know."""
        channel = feed.find("channel")
        if self._channel is not None:
            links = [*(("hub", hub) for hub in self._channel.hubs), *_archive_links(self._channel.archive)]
            for rel, href in links:
                _element(channel, f"{{{ATOM}}}link", rel=rel, href=href)
            if self._channel.archive.current:
                _element(channel, f"{{{FH}}}archive")
        etree.SubElement(channel, f"{{{SY}}}updatePeriod").text = "hourly"
        etree.SubElement(channel, f"{{{SY}}}updateFrequency").text = "4"
        return feed


def _archive_links(archive: Archive) -> list[tuple[str, str]]:
    """RFC 5005 section 4: `prev-archive`, and in an archive document `current`."""
    links = (("current", archive.current), ("prev-archive", archive.prev))
    return [(rel, href) for rel, href in links if href]


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
        if item.withdrawn:
            return entry
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
        """dc:creator, dc:source, dc:language, dc:rights, dates of change, atom:link via, enclosure, media.

        A withdrawn item says so in the two ways that consumers look at: media:status, and a term that has ended (dcterms:valid).
        """
        item = self._item
        if item is None:
            return entry
        if item.withdrawn:
            when = item.withdrawn.at.isoformat()
            for name, value in (("modified", when), ("valid", f"end={when}; scheme=W3C-DTF")):
                _element(entry, f"{{{DCTERMS}}}{name}").text = value
            _element(entry, f"{{{ATOM}}}updated").text = when
            _element(entry, f"{{{MEDIA}}}status", state="deleted")
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
