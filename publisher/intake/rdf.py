"""RSS 0.90 and 1.0 (RDF): no ids but the links, dates from Dublin Core if at all."""

from __future__ import annotations

import re

from lxml import etree

from publisher.intake.build import Parts
from publisher.intake.document import Context, Document, Unreadable
from publisher.intake.rss import CONTENT, DC, heading, judge_standing, judged
from publisher.intake.times import parse as parse_time
from publisher.intake.xml import Tree, parse, strip_ns, text_of
from publisher.story import Received, Rejected

__all__ = ["read", "recognises"]

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def recognises(raw: bytes, content_type: str | None) -> bool:  # noqa: ARG001 - all formats are asked alike
    """Whether the bytes begin like RDF."""
    return re.search(rb"<(\w+:)?RDF[\s>]", raw[:4000]) is not None


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The items of an RDF document."""
    tree = parse(raw)
    return tree if isinstance(tree, Unreadable) else read_tree(tree, context)


def read_tree(tree: Tree, context: Context) -> Document | Unreadable:
    """The items of a parsed RDF document."""
    if strip_ns(tree.root.tag) != "RDF":
        return Unreadable("not-rdf", f"the document is {strip_ns(tree.root.tag)!r}, not RDF")
    elements = [element for element in tree.root.iter() if strip_ns(element.tag) == "item"]
    language = next((text_of(e) for e in tree.root.iter(f"{DC}language")), "")
    items: list[Received | Rejected] = [
        judged(_parts(element, context, language), context) for element in elements[: context.max_items]
    ]
    return Document(
        items=tuple(items),
        left_out=max(0, len(elements) - context.max_items),
        remarks=(tree.remark,) if tree.remark else (),
    )


def _parts(element: etree._Element, context: Context, language: str) -> Parts:
    children = {strip_ns(child.tag): text_of(child).strip() for child in reversed(element)}
    zone = context.source.timezone
    body = text_of(element.find(CONTENT))
    summary = children.get("description", "")
    parts = Parts(
        guid=element.get(f"{RDF}about", "") or children.get("link", ""),
        link=children.get("link", "") or element.get(f"{RDF}about", ""),
        headline=heading(children.get("title", "")),
        body_html=body or summary,
        summary_html=summary if body else "",
        language=text_of(element.find(f"{DC}language")) or language,
        source_url="",
        published=parse_time(children.get("date"), zone=zone),
        byline=children.get("creator", ""),
        copyright=children.get("rights", ""),
        categories=[heading(text_of(entry)) for entry in element.findall(f"{DC}subject")],
        base_url=context.base_url,
        raw=etree.tostring(element),
    )
    judge_standing(parts, element, zone)
    return parts
