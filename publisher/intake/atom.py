"""Atom 1.0 (and 0.3), with tombstones (RFC 6721), via links and xhtml content."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import urljoin, urlsplit

from lxml import etree

from publisher.intake.build import Parts
from publisher.intake.document import Context, Document, Unreadable
from publisher.intake.markup import to_text
from publisher.intake.rss import DC, WP_ID, XML_BASE, XML_LANG, judge_standing, judged, put_media
from publisher.intake.times import parse as parse_time
from publisher.intake.xml import Tree, parse, strip_ns, text_of
from publisher.story import Media, PubStatus, Received, Rejected

__all__ = ["read", "recognises"]

APP = "{http://www.w3.org/2007/app}"
DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"


def recognises(raw: bytes, content_type: str | None) -> bool:  # noqa: ARG001 - all formats are asked alike
    """Whether the bytes begin like Atom."""
    return re.search(rb"<(\w+:)?feed[\s>]", raw[:4000].replace(b"\0", b"")) is not None


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The entries of an Atom document."""
    tree = parse(raw)
    return tree if isinstance(tree, Unreadable) else read_tree(tree, context)


def read_tree(tree: Tree, context: Context) -> Document | Unreadable:
    """The entries of a parsed Atom document; a single entry document counts as one."""
    root = tree.root
    if strip_ns(root.tag) not in {"feed", "entry"}:
        return Unreadable("not-atom", f"the document is {strip_ns(root.tag)!r}, not Atom")
    space = root.tag.removesuffix(strip_ns(root.tag))
    elements = [root] if strip_ns(root.tag) == "entry" else root.findall(f"{space}entry")
    language = root.get(XML_LANG, "")
    author = _name(root.find(f"{space}author"), space)
    items: list[Received | Rejected] = [
        judged(
            _parts(element, context, space, language=language, author=author, feed_base=root.get(XML_BASE)),
            context,
        )
        for element in elements[: context.max_items]
    ]
    return Document(
        items=tuple(items),
        left_out=max(0, len(elements) - context.max_items),
        remarks=(tree.remark,) if tree.remark else (),
        kills=tuple(entry.get("ref", "") for entry in root.findall(DELETED) if entry.get("ref")),
    )


def _parts(
    element: etree._Element,
    context: Context,
    space: str,
    *,
    language: str,
    author: str,
    feed_base: str | None,
) -> Parts:
    zone = context.source.timezone
    base = _base(context.base_url, feed_base, element.get(XML_BASE))
    links = [
        (e.get("rel", "alternate"), e.get("href", ""), e.get("type", ""))
        for e in element.findall(f"{space}link")
    ]
    content, summary = _html(element.find(f"{space}content")), _html(element.find(f"{space}summary"))
    source = element.find(f"{space}source")
    guid = text_of(element.find(f"{space}id")).strip()
    parts = Parts(
        guid=guid,
        link=next((href for rel, href, _ in links if rel == "alternate" and href), ""),
        headline=_plain(element.find(f"{space}title")),
        body_html=content or summary,
        summary_html=summary if content else "",
        language=element.get(XML_LANG, "") or text_of(element.find(f"{DC}language")) or language,
        source_name=_plain(source.find(f"{space}title")) if source is not None else "",
        source_url=next((href for rel, href, _ in links if rel == "via" and href), ""),
        published=parse_time(_text(element, space, "published", "issued", "created"), zone=zone),
        updated=parse_time(_text(element, space, "updated", "modified"), zone=zone),
        byline=_name(element.find(f"{space}author"), space) or author,
        copyright=_plain(element.find(f"{space}rights")),
        categories=[e.get("label") or e.get("term") or "" for e in element.findall(f"{space}category")],
        media=[Media(url=href, type=kind) for rel, href, kind in links if rel == "enclosure"],
        base_url=base,
        raw=etree.tostring(element),
    )
    if found := WP_ID.search(guid):
        parts.aliases.append(f"wordpress:{found[1]}")
    judge_standing(parts, element, zone)
    put_media(parts, element, zone)
    draft = text_of(element.find(f"{APP}control/{APP}draft")).strip()
    if draft.casefold() not in {"", "no"} and parts.status is PubStatus.USABLE:  # RFC 5023 13.1.1
        parts.status = PubStatus.WITHHELD
    return parts


def _base(*bases: str | None) -> str | None:
    """xml:base applied inwards (RFC 4287 2); anything but http(s) is ignored."""
    known: str | None = None
    for base in bases:
        try:
            joined = urljoin(known or "", base or "")
            scheme = urlsplit(joined).scheme
        except ValueError:
            continue
        if base and scheme in {"http", "https"}:
            known = joined
    return known


def _text(element: etree._Element, space: str, *names: str) -> str:
    return next((t for name in names if (t := text_of(element.find(f"{space}{name}")).strip())), "")


def _name(element: etree._Element | None, space: str) -> str:
    return text_of(element.find(f"{space}name")).strip() if element is not None else ""


def _html(element: etree._Element | None) -> str:
    """A text construct as HTML (RFC 4287 3.1 and 4.1.3)."""
    if element is None:
        return ""
    kind = element.get("type", "text")
    if kind == "xhtml" or len(element):
        inner = element[0] if kind == "xhtml" and len(element) else element
        return escape(inner.text or "") + "".join(_unprefixed(child) for child in inner)
    return (
        text_of(element)
        if kind in {"html", "text/html"}
        else f"<p>{escape(text_of(element))}</p>"
        if text_of(element)
        else ""
    )


def _unprefixed(element: etree._Element) -> str:
    """An XHTML element as HTML text, whatever prefix its namespace has."""
    raw = etree.tostring(element, encoding="unicode", with_tail=True)
    return re.sub(r"(</?)\w+:", r"\1", re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", raw))


def _plain(element: etree._Element | None) -> str:
    """A text construct as plain text: HTML is read as HTML once, text as it stands."""
    if element is None:
        return ""
    if element.get("type", "text") in {"html", "text/html", "xhtml"} or len(element):
        return " ".join(to_text(_html(element)).split())
    return text_of(element)
