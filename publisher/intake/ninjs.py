"""ninjs 1, 2 and 3: one item, a list of them, or an answer of an API that holds them.

The three generations name the same things differently (`headline` / `headlines[]`, `body_html` / `bodies[]`, `byline` / `by`); what
an item has is read, whichever generation it is of, names without regard to case. `usageterms` may be a list. Headlines have roles: the
original one is kept as that. `ednote` is private. The link is a web altId, a rendition that is a web page, or a `uri` that is an address and carries no query, for such a
one is an API's, with somebody's key in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Any

from publisher.intake import standing
from publisher.intake.build import Parts, build, reject
from publisher.intake.document import Context, Document, Unreadable
from publisher.intake.jsondoc import load, objects, text
from publisher.intake.jsonfeed import paragraphs
from publisher.intake.times import parse as parse_time
from publisher.story import Embargo, Media, PubStatus, Reason, Received, Rejected, Subject

__all__ = ["read", "recognises"]

MARKS = (b'"uri"', b'"guid"')
OTHERS = (
    b'"versioncreated"',
    b'"pubstatus"',
    b'"headlines"',
    b'"bodies"',
    b'"body_html"',
    b'"body_text"',
    b'"body_xhtml"',
)
STORIES = frozenset({"", "text", "composite"})
ORIGINATOR = frozenset({"originator", "origprov", "origin"})
HOLDERS = ("items", "item", "data", "_items", "hits")
Item = dict[str, Any]


def recognises(raw: bytes, content_type: str | None) -> bool:
    """Whether the bytes are JSON with names that only ninjs has together."""
    if "application/ninjs" in (content_type or ""):
        return True
    head = raw[:200_000].lower()
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in {b"{", b"["} or b"jsonfeed.org/version" in head[:2000]:
        return False
    return any(mark in head for mark in MARKS) and any(mark in head for mark in OTHERS)


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The items of a ninjs document."""
    data = load(raw)
    if isinstance(data, Unreadable):
        return data
    entries = list(_entries(data, depth=0))
    if not entries:
        return Unreadable("not-ninjs", "no object with a `uri` or `guid` was found")
    items = tuple(_item(entry, context) for entry in entries[: context.max_items])
    return Document(items=items, left_out=max(0, len(entries) - context.max_items))


def _entries(data: Any, *, depth: int) -> Iterator[Item | None]:
    """The items: the document itself, a list's, or those that an API has put at most four steps down."""
    if isinstance(data, list):
        for entry in data:
            inside = isinstance(entry, dict) and any(
                isinstance(entry.get(name), (dict, list)) for name in HOLDERS
            )
            if inside and depth < 4:
                yield from _entries(entry, depth=depth + 1)
            else:
                yield entry if isinstance(entry, dict) else None
    elif isinstance(data, dict):
        if any(isinstance(data.get(name), str) for name in ("uri", "guid")):
            yield data
        elif depth < 4:
            for name in HOLDERS:
                if isinstance(data.get(name), (dict, list)):
                    yield from _entries(data[name], depth=depth + 1)


def _item(entry: Item | None, context: Context) -> Received | Rejected:
    if entry is None:
        return reject(Parts(), Reason.MALFORMED, "an entry of the list is no object")
    given = {name.casefold().replace("_", ""): value for name, value in entry.items()}
    raw = json.dumps(entry, ensure_ascii=False, default=str).encode("utf-8", "replace")
    parts = _parts(given, context)
    parts.raw = raw
    kind = text(given.get("type")).casefold()
    if kind not in STORIES and parts.status is not PubStatus.CANCELED:
        return reject(parts, Reason.MALFORMED, f"the item is of type {kind[:40]!r}, not a text", context)
    return build(parts, context)


def _parts(given: Item, context: Context) -> Parts:
    zone = context.source.timezone
    status, doubts, embargo, expires = _standing(given, context)
    media = list(_media(given.get("associations"), context))
    by_role = _roles(given.get("headlines"))
    headline = (
        text(given.get("headline"))
        or by_role.get("main")
        or by_role.get("")
        or next(iter(by_role.values()), "")
    )
    return Parts(
        guid=text(given.get("uri")) or text(given.get("guid")),
        aliases=[
            text(given.get(name)) for name in ("guid", "evolvedfrom", "rewriteof") if text(given.get(name))
        ],
        link=_link(given),
        headline=headline or text(given.get("title")),
        original_headline=by_role.get("original", ""),
        short_headline=by_role.get("short", ""),
        body_html=_body(given),
        summary_html=_summary(given),
        language=text(given.get("language")),
        source_name=_source(given),
        provider=text(given.get("provider")),
        version=text(given.get("version")) or None,
        published=parse_time(text(given.get("firstcreated")), zone=zone),
        updated=parse_time(text(given.get("versioncreated")), zone=zone),
        expires=expires,
        status=status,
        doubts=doubts,
        embargo=embargo,
        urgency=text(given.get("urgency")),
        byline=text(given.get("byline")) or text(given.get("by")),
        dateline=text(given.get("dateline")),
        located=text(given.get("located")),
        genre=next(_names(given.get("genre"), given.get("genres")), ""),
        slugline=text(given.get("slugline")),
        copyright_holder=text(given.get("copyrightholder")),
        copyright=_joined(given.get("copyrightnotice")),
        usage_terms=_joined(given.get("usageterms")),
        ednote=_joined(given.get("ednote")),
        signals=[
            text(signal)
            for signal in _list(given.get("signals")) + _list(given.get("signal"))
            if text(signal)
        ],
        categories=list(_names(given.get("service"), given.get("services"), given.get("keywords"))),
        subjects=list(_subjects(given)),
        media=[medium for medium in media if medium is not None],
        remarks=[standing.MEDIUM_LEFT_OUT] if None in media else [],
        base_url=context.base_url,
    )


def _standing(given: Item, context: Context) -> tuple[PubStatus, list[str], Embargo, datetime | None]:
    """Status, doubts, embargo and end of an item or of what is associated with it."""
    status, doubts = standing.status(given.get("pubstatus"))
    expires, doubts_of_end = standing.expiry(given.get("expires"), zone=context.source.timezone)
    embargoed = (given[name] for name in ("embargoed", "embargoeduntil") if name in given)
    embargo = standing.strictest(standing.embargo(value, context.source) for value in embargoed)
    return status, doubts + doubts_of_end, embargo, expires


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _joined(value: Any) -> str:
    """A text, or a list of texts as AP sends its usage terms."""
    return " ".join(filter(None, (text(part) for part in value))) if isinstance(value, list) else text(value)


def _roles(entries: Any) -> dict[str, str]:
    """Role -> text of a list of values with roles; the first of each role counts."""
    found: dict[str, str] = {}
    for entry in objects(entries):
        if entry and text(entry.get("value")):
            found.setdefault(text(entry.get("role")).casefold(), text(entry.get("value")))
    return found


def _body(given: Item) -> str:
    """HTML before plain text, the story's own before a shorter one."""
    for name in ("bodyxhtml", "bodyhtml"):
        if html := text(given.get(name)):
            return html
    plain = ""
    for entry in objects(given.get("bodies")):
        if entry and (said := text(entry.get("value"))):
            kind = (text(entry.get("contentType")) or text(entry.get("contenttype"))).casefold()
            if "html" in kind or "html" in text(entry.get("role")).casefold():
                return said
            plain = plain or said
    return paragraphs(plain or text(given.get("bodytext")))


def _summary(given: Item) -> str:
    if said := text(given.get("descriptiontext")):
        return paragraphs(said)
    if html := text(given.get("descriptionhtml")):
        return html
    for entry in objects(given.get("descriptions")):
        if entry and (said := text(entry.get("value"))):
            return said if "html" in text(entry.get("contentType")).casefold() else f"<p>{escape(said)}</p>"
    return ""


def _source(given: Item) -> str:
    """The originator; `source` in ninjs 1."""
    sources = [entry for entry in objects(given.get("infosources")) if entry]
    marked = [entry for entry in sources if text(entry.get("role")).casefold() in ORIGINATOR]
    names = (text(entry.get("name")) for entry in (*marked, *sources))
    return next(filter(None, names), "") or text(given.get("source"))


def _link(given: Item) -> str:
    for entry in objects(given.get("altids")):
        if entry and text(entry.get("role")).casefold() in {"web", "url", "canonical"}:
            return text(entry.get("value"))
    alternatives = given.get("altids")
    if isinstance(alternatives, dict):
        for name in ("web", "url", "canonical"):
            if said := text(alternatives.get(name)):
                return said
    uri = text(given.get("uri"))
    return uri if uri.startswith(("http://", "https://")) and "?" not in uri else ""


def _names(*lists: Any) -> Iterator[str]:
    for entries in lists:
        for entry in _list(entries):
            if (
                name := text(entry.get("name")) or text(entry.get("code"))
                if isinstance(entry, dict)
                else text(entry)
            ):
                yield name


def _subjects(given: Item) -> Iterator[Subject]:
    for entry in [*objects(given.get("subject")), *objects(given.get("subjects"))]:
        if entry:
            scheme, _, number = (
                text(entry.get("code")) or text(entry.get("uri")) or text(entry.get("literal"))
            ).rpartition(":")
            scheme = text(entry.get("scheme")) or scheme
            yield Subject(
                scheme or ("subj" if number.isdecimal() and len(number) == 8 else ""),
                number,
                text(entry.get("name")),
            )


def _media(associations: Any, context: Context) -> Iterator[Media | None]:
    """The largest rendition of each association, with its own credit and rights; None for one that may not be used; a text among them is a story of its own."""
    entries = list(associations.values()) if isinstance(associations, dict) else _list(associations)
    for entry in entries:
        if not isinstance(entry, dict) or text(entry.get("type")).casefold() in {"text", "composite"}:
            continue
        renditions = entry.get("renditions")
        found = [
            r
            for r in (renditions.values() if isinstance(renditions, dict) else _list(renditions))
            if isinstance(r, dict)
        ]
        best = max(found, key=lambda r: _number(r.get("width")) or 0, default=None)
        if best is None or not text(best.get("href")):
            continue
        given = {name.casefold().replace("_", ""): value for name, value in entry.items()}
        if not standing.lasting(*_standing(given, context), context.now):
            yield None
            continue
        yield Media(
            url=text(best.get("href")),
            type=text(best.get("mimetype")) or text(best.get("contenttype")) or text(best.get("contentType")),
            width=_number(best.get("width")),
            height=_number(best.get("height")),
            size=_number(best.get("sizeinbytes")) or _number(best.get("sizeInBytes")),
            alt=text(given.get("headline")),
            caption=text(given.get("descriptiontext")),
            credit=text(given.get("byline")) or text(given.get("by")),
            rights=" ".join(
                filter(None, (_joined(given.get("copyrightnotice")), _joined(given.get("usageterms"))))
            ),
        )


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9 else None
