"""OPML 2.0: the list of all feeds, for a reader program to take in one go. PURE.

Feeds in several languages are grouped by language. No dates, so that equal feeds give an equal list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from publisher.feed import own_name
from publisher.render.xmltext import xml_safe

__all__ = ["Outline", "render"]


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed of the list: its title, its address, the page a person sees, its BCP 47 tag."""

    title: str
    xml_url: str
    html_url: str
    language: str


def render(site_name: str, outlines: Sequence[Outline]) -> bytes:
    """The finished bytes: the outlines in their order, below their language when there is more than one."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = xml_safe(site_name)
    body = etree.SubElement(root, "body")
    languages = list(dict.fromkeys(outline.language for outline in outlines))
    for language in languages:
        place = (
            body
            if len(languages) == 1
            else etree.SubElement(body, "outline", text=xml_safe(own_name(language)))
        )
        for outline in outlines:
            if outline.language == language:
                _outline(place, outline)
    raw: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return raw


def _outline(place: Any, outline: Outline) -> None:
    title = xml_safe(outline.title)
    etree.SubElement(
        place,
        "outline",
        type="rss",
        text=title,
        title=title,
        xmlUrl=xml_safe(outline.xml_url),
        htmlUrl=xml_safe(outline.html_url),
        language=xml_safe(outline.language),
    )
