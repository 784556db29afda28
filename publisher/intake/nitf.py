"""NITF 3: a document of its own, and the form in which NewsML carries texts.

`body_parts` is what a NITF body says, for all that embed one, and `judge` what its head says of its use. Of `docdata`: management-status is the status, `date.release` an
embargo's end, `management-doc-idref` the earlier document that this one manages: another id of the same story. `ed-msg`, the
revision history's comments and the tagline (names and addresses of reporters) are notes for the desk and never rendered. Where `hl2`
is marked as the original headline it is that; otherwise it is a line below the headline and part of no field.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from publisher.intake import standing
from publisher.intake.build import Parts, build
from publisher.intake.document import Context, Document, Unreadable
from publisher.intake.times import parse as parse_time
from publisher.intake.wirexml import bare_tree, first, html_of
from publisher.intake.xml import text_of
from publisher.story import NO_EMBARGO, Embargo, EmbargoKind, Media, PubStatus, Subject

__all__ = ["body_parts", "judge", "read", "recognises"]

CONTAINER = re.compile(rb"<(\w+:)?(NewsML|newsMessage|newsItem)[\s>]")


def recognises(raw: bytes, content_type: str | None) -> bool:  # noqa: ARG001 - all formats are asked alike
    """Whether the bytes begin like NITF; one inside NewsML is that format's."""
    head = raw[:8000]
    return re.search(rb"<(\w+:)?nitf[\s>]", head) is not None and CONTAINER.search(head) is None


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The one story of a NITF document."""
    bare = bare_tree(raw, ())
    if isinstance(bare, Unreadable):
        return bare
    if bare.root.tag != "nitf":
        return Unreadable("not-nitf", f"the document is {bare.root.tag!r}, not NITF")
    parts = _parts(bare.root, context)
    parts.raw = raw
    return Document(items=(build(parts, context),), remarks=(bare.remark,) if bare.remark else ())


def _parts(root: etree._Element, context: Context) -> Parts:
    zone = context.source.timezone
    head, docdata = root.find("head"), root.find("head/docdata")
    status, doubts, embargo = _standing(docdata, context)
    expires, doubts_of_end = standing.expiry(_norm(docdata, "date.expire"), zone=zone)
    document = _attribute(docdata, "doc-id", "id-string")
    guid = _lasting(root, document)
    managed = docdata.get("management-doc-idref", "") if docdata is not None else ""
    issued = parse_time(_norm(docdata, "date.issue"), zone=zone)
    published = root.find("head/pubdata")
    printed = parse_time(published.get("date.publication"), zone=zone) if published is not None else None
    parts = Parts(
        guid=guid,
        aliases=[name for name in (document, managed) if name and name != guid],
        headline=first(head, "title"),
        language=root.get("baselang", "") or root.get("{http://www.w3.org/XML/1998/namespace}lang", ""),
        link=published.get("ex-ref", "") if published is not None else "",
        version=_attribute(docdata, "du-key", "version") or None,
        published=issued or printed,
        updated=printed or issued,
        expires=expires,
        status=status,
        doubts=doubts + doubts_of_end,
        embargo=embargo,
        urgency=_attribute(docdata, "urgency", "ed-urg"),
        slugline=_attribute(docdata, "du-key", "key"),
        copyright_holder=_attribute(docdata, "doc.copyright", "holder"),
        copyright=_notice(docdata),
        ednote="\n".join(_notes(docdata)),
        categories=_categories(root),
        subjects=_subjects(root),
    )
    body_parts(root, parts)
    return parts


def judge(nitf: etree._Element, parts: Parts, context: Context) -> None:
    """Put down what an embedded NITF element says of its own use, where that is stricter than what its envelope says."""
    docdata = nitf.find("head/docdata")
    status, doubts, embargo = _standing(docdata, context)
    end, doubts_of_end = standing.expiry(_norm(docdata, "date.expire"), zone=context.source.timezone)
    parts.status = standing.gravest((parts.status, status))
    parts.embargo = standing.strictest((parts.embargo, embargo))
    parts.expires = min((moment for moment in (parts.expires, end) if moment is not None), default=None)
    parts.doubts = [*parts.doubts, *doubts, *doubts_of_end]


def body_parts(nitf: etree._Element, parts: Parts) -> None:
    """Fill `parts` with what a NITF element's body says, where it says it; the element is used up."""
    body = nitf.find("body")
    if body is None:
        return
    above = body.find("body.head")
    parts.headline = first(above, "hedline/hl1") or parts.headline or first(nitf, "head/title")
    original = next((hl for hl in body.iter("hl2") if hl.get("id") == "originalHeadline"), None)
    if original is not None:
        parts.original_headline = " ".join(text_of(original).split())
    parts.byline = parts.byline or _spaced(above, "byline")
    parts.dateline = parts.dateline or _dateline(above)
    parts.provider = parts.provider or first(above, "distributor")
    parts.copyright_holder = parts.copyright_holder or first(above, "rights/rights.owner")
    parts.usage_terms = parts.usage_terms or first(above, "rights/rights.limitations")
    parts.summary_html = parts.summary_html or html_of(above.find("abstract") if above is not None else None)
    content = body.find("body.content")
    if content is None:
        content = body if above is None else None
    if content is not None:
        parts.media += [medium for found in content.iter("media") if (medium := _medium(found)) is not None]
        parts.body_html = html_of(content) or parts.body_html
    tagline = first(body, "body.end/tagline", "body.end")
    parts.ednote = "\n".join(filter(None, (parts.ednote, tagline)))


def _lasting(root: etree._Element, document: str) -> str:
    """The id of which the document's is a numbered form (`name_07`), where a meta element gives it: that one lasts over versions."""
    names = [meta.get("content", "") for meta in root.findall("head/meta")]
    number = re.compile(r"[_-]\d{1,3}")
    return next(
        (n for n in names if n and document.startswith(n) and number.fullmatch(document[len(n) :])), document
    )


def _standing(docdata: etree._Element | None, context: Context) -> tuple[PubStatus, list[str], Embargo]:
    """Status, doubts and embargo of `docdata`: an embargo without a time that can be read has no end."""
    said = docdata.get("management-status") if docdata is not None else None
    release = _norm(docdata, "date.release")
    embargoed = (said or "").strip().casefold() == "embargoed"
    status, doubts = standing.status(None if embargoed else said)
    if release:
        return status, doubts, standing.embargo(release, context.source)
    return status, doubts, Embargo(EmbargoKind.OPEN) if embargoed else NO_EMBARGO


def _norm(docdata: etree._Element | None, name: str) -> str:
    return _attribute(docdata, name, "norm")


def _attribute(element: etree._Element | None, path: str, name: str) -> str:
    """The first value that an attribute has at a path."""
    if element is None:
        return ""
    return next((said for found in element.findall(path) if (said := found.get(name, "").strip())), "")


def _notes(docdata: etree._Element | None) -> list[str]:
    if docdata is None:
        return []
    found: list[Any] = [entry.get("info", "") for entry in docdata.findall("ed-msg")]
    found += [entry.get("comment", "") for entry in docdata.iter("revision-history")]
    return [note.strip() for note in found if note.strip()]


def _notice(docdata: etree._Element | None) -> str:
    holder, year = (
        _attribute(docdata, "doc.copyright", "holder"),
        _attribute(docdata, "doc.copyright", "year"),
    )
    return f"© {year} {holder}".replace("  ", " ") if holder else ""


def _categories(root: etree._Element) -> list[str]:
    kinds = [entry.get("tobject.type", "") for entry in root.iter("tobject")]
    return [kind for kind in kinds if kind and kind.casefold() != "news"] + [
        meta.get("content", "") for meta in root.findall("head/meta") if meta.get("name") == "category"
    ]


def _subjects(root: etree._Element) -> list[Subject]:
    def name(entry: etree._Element) -> str:
        parts = ("detail", "matter", "type")
        return next((said for part in parts if (said := entry.get(f"tobject.subject.{part}", ""))), "")

    return [
        Subject("subj", number, name(entry))
        for entry in root.iter("tobject.subject")
        if (number := entry.get("tobject.subject.refnum", "")) or name(entry)
    ]


def _spaced(above: etree._Element | None, path: str) -> str:
    """The text of a line whose parts stand in elements of their own, which run together when blanks were left out."""
    found = above.find(path) if above is not None else None
    return " ".join(" ".join(str(part) for part in found.itertext()).split()) if found is not None else ""


def _dateline(above: etree._Element | None) -> str:
    found = above.find("dateline") if above is not None else None
    if found is None:
        return ""
    for stamp in found.findall("story.date"):
        stamp.text = ""  # a time for machines
    return " ".join(text_of(found).split())


def _medium(found: etree._Element) -> Media | None:
    reference = found.find("media-reference")
    source = reference.get("source", "") if reference is not None else ""
    if reference is None or not source.startswith(("http://", "https://")):
        return None
    return Media(
        url=source,
        type=reference.get("mime-type", ""),
        alt=reference.get("alternate-text", ""),
        caption=first(found, "media-caption"),
        credit=first(found, "media-producer") or reference.get("copyright", ""),
        rights=reference.get("copyright", ""),
    )
