"""RSS 0.9x and 2.0 with the modules that newsrooms use: content, dc, dcterms, media, atom links."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from lxml import etree

from publisher.intake import standing
from publisher.intake.build import Parts, build, reject
from publisher.intake.document import Context, Document, Unreadable
from publisher.intake.times import parse as parse_time
from publisher.intake.xml import Tree, parse, strip_ns, text_of
from publisher.story import Media, PubStatus, Reason, Received, Rejected

__all__ = ["fields", "read", "recognises"]

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
DC = "{http://purl.org/dc/elements/1.1/}"
DCTERMS = "{http://purl.org/dc/terms/}"
MEDIA = "{http://search.yahoo.com/mrss/}"
ATOM = "{http://www.w3.org/2005/Atom}"
POST_PASSWORD = re.compile(r"""name=["']post_password["']""")
REFERENCE = re.compile(r"&(amp|quot|apos|nbsp|#\d{1,5}|#x[0-9a-fA-F]{1,4});")
WP_ID = re.compile(r"[?&]p=(\d+)\b")


def recognises(raw: bytes, content_type: str | None) -> bool:  # noqa: ARG001 - all formats are asked alike
    """Whether the bytes begin like RSS."""
    return re.search(rb"<rss[\s>]", raw[:4000].replace(b"\0", b"")) is not None


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The items of an RSS document."""
    tree = parse(raw)
    return tree if isinstance(tree, Unreadable) else read_tree(tree, context)


def read_tree(tree: Tree, context: Context) -> Document | Unreadable:
    """The items of a parsed RSS document."""
    if strip_ns(tree.root.tag) != "rss":
        return Unreadable("not-rss", f"the document is {strip_ns(tree.root.tag)!r}, not RSS")
    channel = tree.root.find("channel")
    if channel is None:
        return Unreadable("not-rss", "the document has no channel")
    language = text_of(channel.find("language")) or channel.get(XML_LANG, "") or tree.root.get(XML_LANG, "")
    copyright_ = text_of(channel.find("copyright"))
    elements = channel.findall("item")
    remarks = [tree.remark] if tree.remark else []
    items: list[Received | Rejected] = []
    for element in elements[: context.max_items]:
        parts = fields(element, context, language, copyright_)
        items.append(judged(parts, context))
    return Document(
        items=tuple(items), left_out=max(0, len(elements) - context.max_items), remarks=tuple(remarks)
    )


def judged(parts: Parts, context: Context) -> Received | Rejected:
    """The item built, or refused for what it says of itself."""
    if POST_PASSWORD.search(parts.body_html):
        return reject(parts, Reason.PROTECTED, "the item's body is a password form: its story is not public")
    return build(parts, context)


def _named(element: etree._Element) -> dict[str, etree._Element]:
    """The first of an element's children of each name."""
    found: dict[str, etree._Element] = {}
    for child in element.iterchildren(tag=etree.Element):
        found.setdefault(child.tag, child)
    return found


def _first(named: Mapping[str, etree._Element], *names: str) -> str:
    for name in names:
        if (child := named.get(name)) is not None and (text := text_of(child).strip()):
            return text
    return ""


def fields(element: etree._Element, context: Context, language: str, copyright_: str) -> Parts:
    """What an `item` says, as it stands; `language` and `copyright_` are the channel's, for items without their own."""
    zone = context.source.timezone
    named = _named(element)
    base = element.get(XML_BASE) or context.base_url
    guid = named.get("guid")
    guid_text = text_of(guid).strip()
    link = _first(named, "link") or _atom_link(element, "alternate")
    if not link and guid is not None and guid.get("isPermaLink", "true") == "true":
        link = guid_text
    parts = Parts(
        guid=guid_text,
        link=link,
        headline=heading(_first(named, "title", f"{DC}title")),
        body_html=_first(named, CONTENT),
        summary_html=_first(named, "description", f"{DC}description", f"{ATOM}summary"),
        language=_first(named, f"{DC}language") or element.get(XML_LANG, "") or language,
        source_name=_first(named, "source"),
        source_url=_atom_link(element, "via"),
        published=_time(named, zone, "pubDate", f"{DC}date", f"{DCTERMS}created", f"{ATOM}published"),
        updated=_time(named, zone, f"{ATOM}updated", f"{DCTERMS}modified"),
        byline=_first(named, f"{DC}creator", "author"),
        copyright=_first(named, f"{DC}rights") or copyright_,
        categories=[text_of(entry) for entry in element.findall("category")],
        base_url=base,
        raw=etree.tostring(element),
    )
    if found := WP_ID.search(guid_text):
        parts.aliases.append(f"wordpress:{found[1]}")
    if not parts.body_html:
        parts.body_html, parts.summary_html = parts.summary_html, ""
    judge_standing(parts, element, zone)
    put_media(parts, element, zone)
    return parts


def judge_standing(parts: Parts, element: etree._Element, zone: str) -> None:
    """Put down what the element says of its own use: Media RSS status, Dublin Core validity."""
    states = [status.get("state") for status in element.findall(f"{MEDIA}status")]
    parts.status, doubts = standing.media_status(states)
    parts.expires, doubts_of_end = standing.validity(
        text_of(element.find(f"{DCTERMS}valid")).strip(), zone=zone
    )
    parts.doubts += doubts + doubts_of_end


def heading(text: str) -> str:
    """A title as plain text.

    XML has unescaped it once. Many publishers escape twice (`&amp;amp;`), so references that are left are read once more;
    tags that appear only then are text and stay letter for letter.
    """
    return html.unescape(text) if REFERENCE.search(text) else text


def _time(named: Mapping[str, etree._Element], zone: str, *names: str) -> datetime | None:
    for name in names:
        if (found := parse_time(_first(named, name), zone=zone)) is not None:
            return found
    return None


def _atom_link(element: etree._Element, rel: str) -> str:
    for link in element.findall(f"{ATOM}link"):
        if link.get("rel", "alternate") == rel:
            return link.get("href", "")
    return ""


def put_media(parts: Parts, element: etree._Element, zone: str) -> None:
    """Put down the element's enclosures and Media RSS; what says of itself, or in its group, that it may not be used is left out wherever its address stands."""
    barred: set[str] = set()
    rights: dict[str, str] = {}
    found: list[Media] = []
    for entry in [*element.findall("enclosure"), *element.iter(f"{MEDIA}content")]:
        url = entry.get("url", "")
        if not url.startswith(("http://", "https://")):
            continue
        around = [entry, *entry.iterancestors(f"{MEDIA}group")]
        if not all(_free(place, zone) for place in around):
            barred.add(url)
        said = [text_of(place.find(f"{MEDIA}copyright")).strip() for place in (*around, element)]
        rights[url] = " ".join(filter(None, dict.fromkeys((rights.get(url, ""), *said))))
        found.append(
            Media(
                url=url,
                type=entry.get("type", "") or ("image/*" if entry.get("medium") == "image" else ""),
                width=_number(entry.get("width")),
                height=_number(entry.get("height")),
                credit=text_of(entry.find(f"{MEDIA}credit")),
                caption=text_of(entry.find(f"{MEDIA}description")),
            )
        )
    parts.media = [
        replace(medium, rights=rights.get(medium.url, ""))
        for medium in (*parts.media, *found)
        if medium.url not in barred
    ]
    if barred:
        parts.remarks.append(standing.MEDIUM_LEFT_OUT)


def _free(place: etree._Element, zone: str) -> bool:
    """Whether a medium or its group states nothing that keeps it back: a status, an end, a restriction to some places or readers."""
    status, doubts = standing.media_status(entry.get("state") for entry in place.findall(f"{MEDIA}status"))
    expires, doubts_of_end = standing.validity(text_of(place.find(f"{DCTERMS}valid")).strip(), zone=zone)
    free = all(
        entry.get("relationship") == "allow" and text_of(entry).strip().casefold() in {"", "all"}
        for entry in place.findall(f"{MEDIA}restriction")
    )
    return free and status is PubStatus.USABLE and expires is None and not doubts + doubts_of_end


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 7 else None
