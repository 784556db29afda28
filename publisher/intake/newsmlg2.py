"""NewsML-G2: newsItem, alone or many in a newsMessage, with packages of pictures.

One text item is one story; a picture's item becomes media of the texts in the same message that name it, or of the only one. Of
`itemMeta`: pubStatus is the status (absent: usable, as the standard has it), `embargoed` one of four states, signals say the kind of
change. A picture that is withheld, withdrawn, under embargo or will expire is left out; one that comes alone is shown to the desk. An `edNote` is public only where its role says so and no constraint forbids it: everything else stays in the house. The link to
the story at its source is a `link` that calls itself the same, a web altId, or an id that is a web address; a link that says "see also"
is none. Earlier ids (previousVersion, or a link that names a version) are aliases: some agencies give each version an id of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from lxml import etree

from publisher.intake import nitf, standing
from publisher.intake.build import Parts, build, reject
from publisher.intake.document import Context, Document, Unreadable
from publisher.intake.jsonfeed import paragraphs
from publisher.intake.text import clean
from publisher.intake.times import parse as parse_time
from publisher.intake.wirexml import Bare, bare_tree, code, first, html_of, texts
from publisher.intake.xml import text_of
from publisher.story import Embargo, Media, PubStatus, Reason, Received, Rejected, Subject

__all__ = ["read", "recognises"]

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
SAME = frozenset({"issameas", "sameas", "alternate", "web", "canonical"})
ORIGINATOR = frozenset({"origprov", "originator", "originating", "origin"})
EARLIER = frozenset({"previousversion", "previous", "replaces", "corrects"})
PUBLIC = frozenset({"public", "correction", "corrected", "reader", "publishable"})
MAIN = frozenset({"main", "bodytext"})
ALT_WEB = re.compile(r"web|url|link", re.IGNORECASE)
EMBEDDED = ("inlineXML", "inlineData")


def recognises(raw: bytes, content_type: str | None) -> bool:
    """Whether the bytes begin like a NewsML-G2 message or item, or are sent as one."""
    if "application/vnd.iptc.g2" in (content_type or ""):
        return True
    return re.search(rb"<(\w+:)?(newsMessage|newsItem|packageItem)[\s>]", raw[:8000]) is not None


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The text items of a message, or the one item."""
    bare = bare_tree(raw, ("newsItem",))
    if isinstance(bare, Unreadable):
        return bare
    if bare.root.tag not in {"newsMessage", "newsItem", "packageItem"}:
        return Unreadable("not-newsml-g2", f"the document is {bare.root.tag!r}, not NewsML-G2")
    news = [bare.root] if bare.root.tag == "newsItem" else bare.root.findall("itemSet/newsItem")
    stories = [item for item in news if _kind(item) in {"text", "composite", ""}]
    pictures = {item.get("guid", ""): _Picture(item, context) for item in news if item not in stories}
    wanted = stories[: context.max_items]
    items = [_item(item, bare, context, _pictures(item, bare.root, stories, pictures)) for item in wanted]
    items += [
        _withdrawn(picture, bare) for picture in pictures.values() if picture.barred and not picture.claimed
    ]
    remarks = [bare.remark] if bare.remark else []
    if not stories and not pictures:
        remarks.append("the message holds no news item")
    return Document(items=tuple(items), left_out=max(0, len(stories) - len(wanted)), remarks=tuple(remarks))


class _Picture:
    """An item that is no text: its media, whether it says of itself that they may not be used, and whether a text came with it."""

    def __init__(self, item: etree._Element, context: Context) -> None:
        self.item = item
        self.barred = not standing.lasting(*_standing(item, context), context.now)
        self.media = [] if self.barred else list(_remote(item))
        self.claimed = False


def _withdrawn(picture: _Picture, bare: Bare) -> Rejected:
    """A picture that may not be used and came without its text: which stories show it only the desk can see."""
    guid = picture.item.get("guid", "")
    addresses = [
        href for entry in picture.item.findall("contentSet/remoteContent") if (href := entry.get("href"))
    ]
    caption = first(picture.item, "contentMeta/headline", "contentMeta/description")
    return reject(
        Parts(guid=guid, headline=caption, raw=bare.raws.get(picture.item, b"")),
        Reason.UNPUBLISHED,
        f"picture {clean(' '.join((guid, *addresses)), 300)} may not be used, its source says: take it off the stories that show it",
    )


def _kind(item: etree._Element) -> str:
    return code(item.find("itemMeta/itemClass")).casefold()


def _pictures(
    item: etree._Element,
    root: etree._Element,
    stories: list[etree._Element],
    pictures: dict[str, _Picture],
) -> list[_Picture]:
    """The pictures that belong to a text: those of the packages that name it; all, where it is the only text."""
    if len(stories) == 1:
        return list(pictures.values())
    guid = item.get("guid", "")
    mine: list[_Picture] = []
    for package in root.findall("itemSet/packageItem"):
        named = [entry.get("residref", "") for entry in package.iter("itemRef")]
        texts_named = [name for name in named if name not in pictures]
        if texts_named == [guid]:  # a package of several texts does not say whose its pictures are
            mine += [pictures[name] for name in named if name in pictures]
    return mine


def _item(
    item: etree._Element, bare: Bare, context: Context, pictures: list[_Picture]
) -> Received | Rejected:
    zone = context.source.timezone
    meta, about = item.find("itemMeta"), item.find("contentMeta")
    meta = meta if meta is not None else etree.Element("itemMeta")
    about = about if about is not None else etree.Element("contentMeta")
    status, doubts, embargo, expires = _standing(item, context)
    for picture in pictures:
        picture.claimed = True
    public, private = _notes(meta)
    language = about.find("language")
    parts = Parts(
        guid=item.get("guid", ""),
        aliases=list(_earlier(meta)),
        link=_link(item, meta, about),
        original_headline=_headline(about, "original"),
        short_headline=_headline(about, "short"),
        headline=_headline(about, ""),
        language=(language.get("tag", "") if language is not None else "") or item.get(XML_LANG, ""),
        source_name=_source(about),
        provider=_named(meta.find("provider")),
        version=item.get("version") or None,
        published=parse_time(first(meta, "firstCreated") or first(about, "contentCreated"), zone=zone),
        updated=parse_time(first(meta, "versionCreated"), zone=zone),
        expires=expires,
        status=status,
        doubts=doubts,
        remarks=[standing.MEDIUM_LEFT_OUT for picture in pictures if picture.barred],
        embargo=embargo,
        urgency=first(about, "urgency"),
        byline=first(about, "by"),
        dateline=first(about, "dateline"),
        located=_named(about.find("located")),
        genre=_named(about.find("genre")),
        slugline=first(about, "slugline"),
        copyright_holder=_named(item.find("rightsInfo/copyrightHolder")),
        copyright=first(item, "rightsInfo/copyrightNotice"),
        usage_terms=" ".join(texts(item, "rightsInfo/usageTerms")),
        correction_note=public,
        ednote=private,
        signals=[signal.get("qcode", "") for signal in meta.findall("signal")],
        subjects=[_subject(entry) for entry in about.findall("subject")],
        categories=[said for entry in meta.findall("service") if (said := _named(entry))],
        media=[*_remote(item), *(medium for picture in pictures for medium in picture.media)],
        raw=bare.raws.get(item, b""),
    )
    _body(item, parts, context)
    parts.summary_html = paragraphs(_description(about))
    return build(parts, context)


def _standing(
    item: etree._Element, context: Context
) -> tuple[PubStatus, list[str], Embargo, datetime | None]:
    """Status, doubts, embargo and end of an item; of several statuses or embargoes the strictest counts, a status that says nothing is a doubt."""
    told = [standing.status(code(entry) or "?") for entry in item.findall("itemMeta/pubStatus")]
    status = standing.gravest(word for word, _ in told)
    embargo = standing.strictest(
        standing.embargo(text_of(entry), context.source) for entry in item.findall("itemMeta/embargoed")
    )
    expires, doubts = standing.expiry(
        first(item, "itemMeta/expires", "contentMeta/expires"), zone=context.source.timezone
    )
    return status, [doubt for _, found in told for doubt in found] + doubts, embargo, expires


def _body(item: etree._Element, parts: Parts, context: Context) -> None:
    """The text: the first embedded content that is one; NITF brings fields of its own with it."""
    content = item.find("contentSet")
    for embedded in content if content is not None else ():
        if embedded.tag not in EMBEDDED or embedded.get("encoding"):
            continue
        kind = embedded.get("contenttype", "").casefold()
        inner = embedded.find("nitf")
        if inner is not None:
            nitf.judge(inner, parts, context)
            nitf.body_parts(inner, parts)
        elif embedded.tag == "inlineData" and "html" not in kind and "<" not in text_of(embedded):
            parts.body_html = paragraphs(text_of(embedded))
        else:
            body = embedded.find("html/body")
            parts.body_html = _prose(body if body is not None else embedded)
        if parts.body_html:
            return


def _prose(body: etree._Element) -> str:
    """The text of an XHTML body: its main part where it has one, for pages of agencies repeat headline, keywords and time above it."""
    mains = [part for part in body.iter("section", "div") if MAIN.intersection(part.get("class", "").split())]
    return html_of(mains[0] if len(mains) == 1 else body)


def _notes(meta: etree._Element) -> tuple[str, str]:
    """Public and private notes; one without a public role, or with any constraint, is private."""
    public: list[str] = []
    private: list[str] = []
    for note in [*meta.findall("edNote"), *meta.findall("ednote")]:
        role = note.get("role", "").rpartition(":")[2].casefold()
        said = " ".join(text_of(note).split())
        (public if role in PUBLIC and not note.get("pubconstraint") else private).append(said)
    return " ".join(filter(None, public)), "\n".join(filter(None, private))


def _earlier(meta: etree._Element) -> Iterator[str]:
    for link in meta.findall("link"):
        rel = link.get("rel", "").rpartition(":")[2].casefold()
        target = link.get("guidref") or link.get("residref") or link.get("href") or ""
        if target and (rel in EARLIER or (not rel and link.get("version"))):
            yield target


def _link(item: etree._Element, meta: etree._Element, about: etree._Element) -> str:
    for link in meta.findall("link"):
        if link.get("rel", "").rpartition(":")[2].casefold() in SAME and _is_web(link.get("href", "")):
            return link.get("href", "")
    for alt in [*meta.findall("altId"), *about.findall("altId")]:
        said = text_of(alt).strip()
        if _is_web(said) and ALT_WEB.search(f"{alt.get('type', '')} {alt.get('role', '')}"):
            return said
    guid = item.get("guid", "")
    return guid if _is_web(guid) else ""


def _is_web(address: str) -> bool:
    return address.startswith(("http://", "https://"))


def _headline(about: etree._Element, wanted: str) -> str:
    """The headline of a role; of none, the first whose role is not that of another kind."""
    for headline in about.findall("headline"):
        role = headline.get("role", "").rpartition(":")[2].casefold()
        if role == wanted or (not wanted and role in {"main", "headline", "display"}):
            return " ".join(text_of(headline).split())
    return ""


def _source(about: etree._Element) -> str:
    """Who made it: the originator where roles are told apart, else the first information source, else nobody is named."""
    sources = about.findall("infoSource")
    marked = [s for s in sources if s.get("role", "").rpartition(":")[2].casefold() in ORIGINATOR]
    return next((name for source in (*marked, *sources) if (name := _named(source))), "")


def _named(element: etree._Element | None) -> str:
    """The name of a thing that has a name, a literal or no more than a code."""
    if element is None:
        return ""
    return first(element, "name") or element.get("literal", "").strip() or code(element)


def _description(about: etree._Element) -> str:
    for entry in about.findall("description"):
        if entry.get("role", "").rpartition(":")[2].casefold() in {"summary", "lede", "lead", "abstract", ""}:
            return text_of(entry)
    return ""


def _subject(entry: etree._Element) -> Subject:
    scheme, _, number = (entry.get("qcode") or "").rpartition(":")
    return Subject(scheme, number or entry.get("literal", ""), first(entry, "name"))


def _remote(item: etree._Element) -> Iterator[Media]:
    """The largest rendition of what lies elsewhere, with the item's own caption and rights."""
    found = [
        Media(
            url=entry.get("href", ""),
            type=entry.get("contenttype", ""),
            width=_number(entry.get("width")),
            height=_number(entry.get("height")),
            size=_number(entry.get("size")),
            caption=first(item, "contentMeta/description") if _kind(item) != "text" else "",
            credit=first(item, "contentMeta/creditline", "contentMeta/creator/name")
            if _kind(item) != "text"
            else "",
            rights=" ".join(texts(item, "rightsInfo/usageTerms") + texts(item, "rightsInfo/copyrightNotice")),
        )
        for entry in item.findall("contentSet/remoteContent")
        if _is_web(entry.get("href", ""))
        and not entry.get("contenttype", "").startswith(("text/", "application/"))
    ]
    if found:
        yield max(found, key=lambda medium: (medium.width or 0, medium.size or 0))


def _number(said: str | None) -> int | None:
    return int(said) if said and said.isdecimal() and len(said) < 10 and int(said) > 0 else None
