"""What search engines read: which pages there are, in which languages, and since when (sitemaps.org, Google's news fields). PURE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

from publisher.render.pages.base import TongueLink
from publisher.render.xmltext import xml_safe

__all__ = ["News", "Place", "robots", "sitemap"]

MAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
XHTML = "http://www.w3.org/1999/xhtml"


@dataclass(frozen=True, slots=True)
class News:
    """A page as news: the publication's name, and the story's headline, language and first publication."""

    publication: str
    title: str
    language: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """A page: its address, when it last changed as far as that is known, its twins in other languages, and what it is as news."""

    url: str
    changed: datetime | None = None
    tongues: tuple[TongueLink, ...] = ()
    news: News | None = None


def sitemap(places: Sequence[Place]) -> bytes:
    """The document, its pages in the given order."""
    root = etree.Element(f"{{{MAP}}}urlset", nsmap={None: MAP, "news": NEWS, "xhtml": XHTML})  # type: ignore[dict-item]  # None: the default namespace, unknown to the stubs
    for place in places:
        entry = etree.SubElement(root, f"{{{MAP}}}url")
        _text(entry, MAP, "loc", place.url)
        if place.changed is not None:
            _text(entry, MAP, "lastmod", place.changed.replace(microsecond=0).isoformat())
        for tongue in place.tongues if len(place.tongues) > 1 else ():
            etree.SubElement(
                entry, f"{{{XHTML}}}link", rel="alternate", hreflang=tongue.language, href=tongue.url
            )
        if place.news is not None:
            _news(entry, place.news)
    made: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return made


def _news(entry: Any, news: News) -> None:
    told = etree.SubElement(entry, f"{{{NEWS}}}news")
    publication = etree.SubElement(told, f"{{{NEWS}}}publication")
    _text(publication, NEWS, "name", news.publication)
    _text(publication, NEWS, "language", news.language)
    _text(told, NEWS, "publication_date", news.at.replace(microsecond=0).isoformat())
    _text(told, NEWS, "title", news.title)


def _text(parent: Any, space: str, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{space}}}{name}").text = xml_safe(text)


def robots(site_url: str) -> bytes:
    """What crawlers may look at: everything that is public; readers' own pages say themselves that they are for nobody else."""
    return f"User-agent: *\nDisallow:\n\nSitemap: {site_url}/sitemap.xml\n".encode()
