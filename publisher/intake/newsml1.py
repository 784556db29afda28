"""NewsML 1.2: news items whose components hold headlines, texts and pictures, often in several languages.

A component with a text and a headline is a story; components in other languages than the source's are stories of their own, with the
language behind their id, and a link of their own or none. A kill means the item in all its languages, whichever it names. The id is provider, date and NewsItemId without its version mark: `-v2` of revision 2 is a version, no name.
Status "Embargoed" is no fifth status but usable with an embargo; `StatusWillChange` says when a status ends by itself: what becomes
usable is under embargo until then, what becomes anything else expires then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from lxml import etree

from publisher.intake import nitf, standing
from publisher.intake.build import Parts, build, reject
from publisher.intake.document import Context, Document, Unreadable
from publisher.intake.jsonfeed import paragraphs
from publisher.intake.times import parse as parse_time
from publisher.intake.wirexml import bare_tree, code, first, html_of, texts
from publisher.intake.xml import text_of
from publisher.story import (
    NO_EMBARGO,
    Embargo,
    EmbargoKind,
    Media,
    PubStatus,
    Reason,
    Received,
    Rejected,
    Subject,
)

__all__ = ["read", "recognises"]

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
HEADLINE_ROLES = frozenset({"headline", "title"})
LEAD_ROLES = frozenset({"lead", "abstract", "summary", "teaser"})
BODY_ROLES = frozenset({"main", "body", "text", "story", ""})
UNDER_EMBARGO = "embargoed"
RIGHTS = (
    "NewsLines/CopyrightLine",
    "RightsMetadata/UsageRights/UsageType",
    "RightsMetadata/UsageRights/Limitations",
)
LANGUAGES = (
    "af am ar az be bg bn bs ca ckb cs cy da de el en es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk km ko ku ky lo lt lv mk mn ms my nb "
    "ne nl nn no pa pl ps pt ro ru si sk sl sq sr sv sw ta te tg th tk tr uk ur uz vi zh"
)
"""What agencies write in: a kill names the item and not its languages, and means all of them."""
LASTING = "newsml:"
UNIQUE = 8
"""A NewsItemId of this length names its item without the date, which some agencies move with each revision; a shorter one may be used again."""


def recognises(raw: bytes, content_type: str | None) -> bool:  # noqa: ARG001 - all formats are asked alike
    """Whether the bytes begin like NewsML 1."""
    return re.search(rb"<(\w+:)?NewsML[\s>]", raw[:8000]) is not None


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The stories of all news items."""
    bare = bare_tree(raw, ("NewsItem",))
    if isinstance(bare, Unreadable):
        return bare
    if bare.root.tag != "NewsML":
        return Unreadable("not-newsml-1", f"the document is {bare.root.tag!r}, not NewsML 1")
    found: list[Received | Rejected] = []
    for item in bare.root.findall("NewsItem"):
        found += _stories(item, bare.raws.get(item, b""), context)
    return Document(
        items=tuple(found[: context.max_items]),
        left_out=max(0, len(found) - context.max_items),
        remarks=(bare.remark,) if bare.remark else (),
    )


def _stories(item: etree._Element, raw: bytes, context: Context) -> Iterator[Received | Rejected]:
    base = _managed(item, raw, context)
    if base.status is PubStatus.CANCELED and base.guid:
        lasting = next((name for name in base.aliases if name.startswith(LASTING)), base.guid)
        base.aliases += [f"{lasting}:{language}" for language in LANGUAGES.split()]
    components = list(_told(item))
    if not components:
        lack = "the news item has no component with a headline or a text"
        killed = base.status is PubStatus.CANCELED
        yield build(base, context) if killed else reject(base, Reason.MALFORMED, lack, context)
        return
    own = context.source.language.partition("-")[0]
    languages = [_language(component).partition("-")[0] or own for component in components]
    several = len(set(languages)) > 1
    home = own if own in languages else languages[0]
    done: set[str] = set()
    for component, language in zip(components, languages, strict=True):
        if language in done:  # further components of one language are parts and renditions of the same story
            continue
        done.add(language)
        parts = replace(base, media=list(base.media), aliases=list(base.aliases))
        _fill(item, component, parts, context)
        parts.link = _link(component) or ("" if several else _link(item))
        if several and language != home:
            parts.guid = f"{base.guid}:{language}" if base.guid else ""
            parts.tail = f"{re.split(r'[:/]', base.guid)[-1]}-{language}"
            parts.aliases = [f"{alias}:{language}" for alias in base.aliases]
            if parts.link == _link(components[languages.index(home)]):
                parts.link = ""  # one address for two texts would make them one story
        yield build(parts, context)


def _managed(item: etree._Element, raw: bytes, context: Context) -> Parts:
    """What identification and management say, the same for every component."""
    zone = context.source.timezone
    name = item.find("Identification/NewsIdentifier")
    management = item.find("NewsManagement")
    revision = first(name, "RevisionId")
    number = first(name, "NewsItemId") or first(
        item, ".//DescriptiveMetada/guid", ".//DescriptiveMetadata/guid"
    )
    provider, date = first(name, "ProviderId"), first(name, "DateId")
    number = number.removesuffix(f"-v{revision}") if revision else number
    public = first(name, "PublicIdentifier")
    lasting = [f"{LASTING}{provider}:{number}"] if len(number) >= UNIQUE else []
    status, doubts, embargo, expires = _status(management, context)
    return Parts(
        guid=f"urn:newsml:{provider}:{date[:8]}:{number}" if number else public,
        aliases=[*_aliases(public, number, revision, item), *lasting],
        version=revision or None,
        published=parse_time(first(management, "FirstCreated"), zone=zone),
        updated=parse_time(first(management, "ThisRevisionCreated"), zone=zone),
        status=status,
        doubts=doubts,
        embargo=embargo,
        expires=expires,
        urgency=code(management.find("Urgency")) if management is not None else "",
        signals=[said for entry in item.findall("NewsManagement/Instruction") if (said := code(entry))],
        ednote="\n".join(texts(item, "NewsManagement/Instruction/Comment")),
        raw=raw,
    )


def _aliases(public: str, number: str, revision: str, item: etree._Element) -> list[str]:
    """The public identifier without its revision, where it names the item (some write the provider's name only); and earlier items."""
    found = public.removesuffix(f":{revision}") if number and number in public else ""
    derived = (entry.get("NewsItem", "") for entry in item.findall("NewsManagement/DerivedFrom"))
    return [name for name in (found, *derived) if name]


def _status(
    management: etree._Element | None, context: Context
) -> tuple[PubStatus, list[str], Embargo, datetime | None]:
    stated = management.find("Status") if management is not None else None
    said = (code(stated) or "?").casefold() if stated is not None else ""
    embargoed = said == UNDER_EMBARGO
    status, doubts = standing.status(None if embargoed else said or None)
    change = management.find("StatusWillChange") if management is not None else None
    becomes = code(change.find("FutureStatus")).casefold() if change is not None else ""
    at = first(change, "DateAndTime")
    if becomes == "usable" and status is not PubStatus.CANCELED:
        return PubStatus.USABLE, doubts, standing.embargo(at, context.source), None
    if embargoed:
        return status, doubts, Embargo(EmbargoKind.OPEN), None
    if change is not None:  # it ends: by a kill or a hold that is announced
        end, doubts_of_end = standing.expiry(at or "?", zone=context.source.timezone)
        return status, doubts + doubts_of_end, NO_EMBARGO, end
    return status, doubts, NO_EMBARGO, None


def _told(item: etree._Element) -> Iterator[etree._Element]:
    """The components that tell a story: with a headline line, a headline component, or an embedded NITF."""
    for component in item.iter("NewsComponent"):
        roles = [code(part.find("Role")).casefold() for part in component.findall("NewsComponent")]
        headed = first(component, "NewsLines/HeadLine") or HEADLINE_ROLES.intersection(roles)
        if headed or component.find("ContentItem/DataContent/nitf") is not None:
            yield component


def _language(component: etree._Element) -> str:
    said = component.find("DescriptiveMetadata/Language")
    said = said if said is not None else component.find("DescriptiveMetada/Language")
    near = code(said) or component.get(XML_LANG, "")
    for above in component.iterancestors("NewsComponent", "NewsItem"):
        near = near or code(above.find("DescriptiveMetadata/Language")) or above.get(XML_LANG, "")
    return near.casefold()


def _nearest(component: etree._Element, path: str) -> str:
    """The text at a path in this component, else in the nearest one above it."""
    return next(
        (
            said
            for place in (component, *component.iterancestors("NewsComponent"))
            if (said := first(place, path))
        ),
        "",
    )


def _link(place: etree._Element) -> str:
    """Where the story stands: the link of its component, of what is in that, or of the nearest above it."""
    links = texts(place, "NewsLines/MoreLink") + texts(place, ".//NewsLines/MoreLink")
    above = (texts(component, "NewsLines/MoreLink") for component in place.iterancestors("NewsComponent"))
    links += [link for found in above for link in found]
    return next((link for link in links if link.startswith("http")), "")


def _fill(item: etree._Element, component: etree._Element, parts: Parts, context: Context) -> None:
    parts.language = _language(component)
    parts.headline = _nearest(component, "NewsLines/HeadLine")
    parts.byline = _nearest(component, "NewsLines/ByLine")
    parts.dateline = _nearest(component, "NewsLines/DateLine")
    parts.slugline = _nearest(component, "NewsLines/SlugLine")
    parts.copyright = _nearest(component, "NewsLines/CopyrightLine")
    parts.usage_terms = _nearest(component, "RightsMetadata/UsageRights/UsageType")
    parts.source_name = _party(item, "Source") or first(item, ".//NewsLines/CreditLine")
    parts.provider = _party(item, "Provider")
    parts.genre = code(component.find("DescriptiveMetadata/Genre"))
    parts.located = _located(item)
    parts.subjects = [
        Subject("subj", number, "")
        for kind in ("Subject", "SubjectMatter", "SubjectDetail")
        for entry in item.iter(kind)
        if (number := entry.get("FormalName", ""))
    ]
    parts.categories = [
        entry.get("Value", "")
        for entry in item.iter("Property")
        if entry.get("FormalName") in {"Keyword", "NewsPackage"} and entry.get("Value")
    ]
    parts.media = list(_media(item))
    _text(component, parts, context)


def _party(item: etree._Element, role: str) -> str:
    return next(
        (said for entry in item.iter(role) if (said := code(entry.find("Party")))),
        "",
    )


def _located(item: etree._Element) -> str:
    for place in item.iter("Location"):
        if place.get("HowPresent") == "Origin":
            values = {entry.get("FormalName"): entry.get("Value", "") for entry in place.findall("Property")}
            return values.get("City") or values.get("Country") or ""
    return ""


def _text(component: etree._Element, parts: Parts, context: Context) -> None:
    """Headline, lead and text from the component's own content, or from the components inside it by their roles."""
    inside = [
        component,
        *component.findall("NewsComponent"),
        *component.findall("NewsComponent/NewsComponent"),
    ]
    for part in inside:
        role = code(part.find("Role")).casefold() if part is not component else ""
        for content in part.findall("ContentItem/DataContent"):
            if code(part.find("ContentItem/Format")).casefold() in {"css", "xsl"}:
                continue
            if role in HEADLINE_ROLES:
                parts.headline = parts.headline or " ".join(text_of(content).split())
            elif role in LEAD_ROLES:
                parts.summary_html = parts.summary_html or _html(content)
            elif role in BODY_ROLES or "text" in role or "body" in role:
                _body(content, parts, context)


def _body(content: etree._Element, parts: Parts, context: Context) -> None:
    if parts.body_html:
        return
    inner = content.find("nitf")
    if inner is not None:
        headline = parts.headline
        nitf.judge(inner, parts, context)
        nitf.body_parts(inner, parts)
        parts.headline = headline or parts.headline
    else:
        parts.body_html = _html(content)


def _html(content: etree._Element) -> str:
    """Markup as elements, markup as text, or plain text."""
    body = content.find("html/body")
    if body is not None:
        return html_of(body)
    if len(content):
        return html_of(content)
    said = text_of(content).strip()
    return said if re.search(r"<\w+[^>]*>", said) else paragraphs(said)


def _media(item: etree._Element) -> Iterator[Media]:
    for content in item.iter("ContentItem"):
        address = content.get("Href", "")
        kind = (first(content, "MimeType") or code(content.find("MimeType"))).casefold()
        if address.startswith(("http://", "https://")) and (
            kind.startswith(("image/", "video/", "audio/"))
            or code(content.find("MediaType")).casefold() in {"photo", "picture", "image"}
        ):
            above = content.getparent()
            yield Media(
                url=address,
                type=kind,
                caption=first(above, "NewsLines/HeadLine"),
                credit=first(above, "NewsLines/CreditLine"),
                rights=" ".join(
                    said for path in RIGHTS for said in (texts(above, path) if above is not None else ())
                ),
            )
