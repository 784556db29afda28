"""What the news agencies' XML formats have in common: names without namespaces, codes, texts, and a body as HTML.

PURE. Agencies declare namespaces as they like, or none at all (both are among what they really send), and no two formats use one name
for two things; so elements are found by their local names. The tree is parsed by `xml.parse`, with all its limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from publisher.intake.document import Unreadable
from publisher.intake.xml import Tree, parse, strip_ns, text_of

__all__ = ["Bare", "bare_tree", "code", "first", "html_of", "texts"]

RENAMED = {"hl1": "h2", "hl2": "h3", "nitf-table": "div", "table-reference": "p"}
"""NITF's names for what HTML has a name for."""
APART = frozenset({"media", "title", "head", "byline", "dateline", "hedline", "script", "style", "ednote"})
"""What stands inside a body and is no part of its text: fields of their own, and notes that must not leave."""


@dataclass(frozen=True, slots=True)
class Bare:
    """A document whose elements have lost their namespaces, with the bytes of those that are items, as they came."""

    root: etree._Element
    raws: dict[etree._Element, bytes]
    remark: str


def bare_tree(raw: bytes, items: tuple[str, ...]) -> Bare | Unreadable:
    """The document's tree with local names only; `items` are the names of elements whose bytes are to be kept."""
    tree = parse(raw)
    if not isinstance(tree, Tree):
        return tree
    raws: dict[etree._Element, bytes] = {}
    for element in tree.root.iter():
        name = strip_ns(element.tag)
        if name in items:
            raws[element] = etree.tostring(element, with_tail=False)
    for element in tree.root.iter():
        element.tag = strip_ns(element.tag) or "unknown"
    return Bare(tree.root, raws, tree.remark)


def code(element: etree._Element | None) -> str:
    """What a code says, without the scheme before it: `stat:usable` is "usable"; `uri`, `literal` and text serve as well."""
    if element is None:
        return ""
    if address := element.get("uri"):
        return re.split(r"[/#:]", address.strip())[-1]
    said = element.get("qcode") or element.get("literal") or element.get("FormalName") or text_of(element)
    return said.rpartition(":")[2].strip()


def first(element: etree._Element | None, *paths: str) -> str:
    """The text of the first of these paths that leads to any."""
    if element is None:
        return ""
    for path in paths:
        for found in element.findall(path):
            if said := " ".join(text_of(found).split()):
                return said
    return ""


def texts(element: etree._Element, path: str) -> list[str]:
    """The texts at a path, one line each, empty ones left out."""
    return [said for found in element.findall(path) if (said := " ".join(text_of(found).split()))]


def html_of(element: etree._Element | None) -> str:
    """The content of an element as HTML: NITF's names become HTML's, what is no part of the text goes with all it holds.

    The element is used up: it is changed in place. An element that holds markup as text (CDATA) gives that text.
    """
    if element is None:
        return ""
    if len(element) == 0:
        return (element.text or "").strip()
    for inner in list(element.iter()):
        if inner is not element and inner.tag in APART:
            _take_out(inner)
        elif inner.tag in RENAMED:
            inner.tag = RENAMED[inner.tag]
    etree.cleanup_namespaces(element)
    whole = etree.tostring(element, method="html", encoding="unicode", with_tail=False)
    return whole[whole.index(">") + 1 : whole.rindex("<")].strip()


def _take_out(element: etree._Element) -> None:
    """Remove an element and keep the text behind it."""
    parent, tail = element.getparent(), element.tail or ""
    if parent is None:
        return
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)
