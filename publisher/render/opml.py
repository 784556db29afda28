"""OPML 2.0: the list of all feeds, for a reader program to take in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

__all__ = ["Outline", "render"]


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed of the list."""

    title: str
    xml_url: str
    html_url: str
    language: str


def render(title: str, outlines: Sequence[Outline]) -> bytes:
    """The finished bytes; no dates, so that equal feeds give an equal list."""
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = title
    body = etree.SubElement(root, "body")
    for outline in outlines:
        etree.SubElement(
            body,
            "outline",
            type="rss",
            text=outline.title,
            title=outline.title,
            xmlUrl=outline.xml_url,
            htmlUrl=outline.html_url,
            language=outline.language,
        )
    raw: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return raw
