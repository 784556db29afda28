"""Intake: wire bytes in, stories out, or the reason why not. Nothing raises on any bytes.

PURE but for one limited child process (`lenient`). Each format is a module of one shape: `recognises(raw, content_type)` and
`read(raw, context) -> Document | Unreadable`, which fills `build.Parts` and lets `build.build` judge it. A new format: copy
tests/skeleton/format.py and its test, and register it below in `READERS` (the order is the order in which `auto` asks) and in
`publisher.formats`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from publisher.intake import (
    atom,
    iptc7901,
    jsondoc,
    jsonfeed,
    jsonl,
    lenient,
    mail,
    newsml1,
    newsmlg2,
    ninjs,
    nitf,
    page,
    pagetext,
    rdf,
    rss,
    wordpress,
)
from publisher.intake.document import MAX_BYTES, Context, Document, Unreadable
from publisher.intake.packed import is_packed, unpacked
from publisher.intake.standing import held_back
from publisher.story import PubStatus, Received, Rejected

__all__ = ["Context", "Document", "Unreadable", "read"]

Reader = tuple[Callable[[bytes, str | None], bool], Callable[[bytes, Context], Document | Unreadable]]

READERS: dict[str, Reader] = {
    "rss": (rss.recognises, rss.read),
    "atom": (atom.recognises, atom.read),
    "rdf": (rdf.recognises, rdf.read),
    "json-feed": (jsonfeed.recognises, jsonfeed.read),
    "newsml-g2": (newsmlg2.recognises, newsmlg2.read),
    "newsml-1": (newsml1.recognises, newsml1.read),
    "nitf": (nitf.recognises, nitf.read),
    "wordpress": (wordpress.recognises, wordpress.read),
    "ninjs": (ninjs.recognises, ninjs.read),
    "jsonl": (jsonl.recognises, jsonl.read),
    "page": (page.recognises, page.read),
    "iptc7901": (iptc7901.recognises, iptc7901.read),
    "mail": (mail.recognises, mail.read),
    "text": (pagetext.recognises, pagetext.read),
}
XML_FORMATS = frozenset({"rss", "atom", "rdf"})


def read(raw: bytes, context: Context, *, format: str = "auto") -> Document | Unreadable:  # noqa: A002 - the command line's word
    """Read a document in this format, or in the one that its content tells; a gzip file is unpacked first."""
    if is_packed(raw):
        within = unpacked(raw)
        if isinstance(within, Unreadable):
            return within
        raw = within
    if len(raw) > MAX_BYTES:
        return Unreadable("too-large", f"the document has more than {MAX_BYTES // 1_000_000} MB")
    if not raw.strip(b"\0\t\r\n "):
        return Unreadable(
            "empty", "the document is empty: a source without stories sends an empty list, not nothing"
        )
    name = format if format != "auto" else _told(raw, context)
    if name is None:
        return _unknown(raw)
    found = READERS[name][1](raw, context)
    if isinstance(found, Unreadable) and found.reason == "not-xml" and name in XML_FORMATS:
        found = lenient.read(raw, context, why=found.detail)
    return found if isinstance(found, Unreadable) else _once_each(found)


def _told(raw: bytes, context: Context) -> str | None:
    if page.is_html(raw) and context.base_url:
        return "rss"  # polled, it stands where a feed should: refused by name as an HTML page, not a feed
    for name, (recognises, _) in READERS.items():
        if recognises(raw, context.content_type):
            return name
    return None


def _unknown(raw: bytes) -> Unreadable:
    """Why no format fits: a document that begins like JSON may have a fault of its own."""
    formats = ", ".join(READERS)
    start = raw.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith((b"{", b"[")):
        return Unreadable("unknown-format", f"none of the formats {formats} fits this document")
    found = jsondoc.load(raw)
    if isinstance(found, Unreadable) and isinstance(jsondoc.load(start.split(b"\n", 1)[0]), Unreadable):
        return found
    return Unreadable(
        "unknown-format",
        f"it is JSON, but none of the formats {formats} fits it; in JSON lines each story is one object on one line, with "
        "`headline` and `source_url`",
    )


def _once_each(document: Document) -> Document:
    """Of several items with one id the latest version counts, else what the document has as its newest; a kill counts wherever it stands."""
    places: dict[str, int] = {}
    items: list[Received | Rejected] = []
    for item in document.items:
        guid = item.source_guid
        if not guid or guid not in places:
            places[guid] = len(items)
            items.append(item)
        else:
            place = places[guid]
            items[place] = _one_of(items[place], item, newest_last=document.newest_last)
    twice = len(document.items) - len(items)
    if not twice:
        return document
    return replace(
        document,
        items=tuple(items),
        remarks=(*document.remarks, f"items that repeat the id of another: {twice}"),
    )


def _one_of(
    before: Received | Rejected, item: Received | Rejected, *, newest_last: bool
) -> Received | Rejected:
    """What stands for two items of one id. One that brings no text but a word against the other's, such as a hold, leaves it that text."""
    said, other = _read(item), _read(before)
    if said is None or other is None:
        kills = said is not None and said.pubstatus is PubStatus.CANCELED
        return item if kills or (newest_last and isinstance(item, Received)) else before
    new, old = (item, before) if _outdoes(said, other, newest_last=newest_last) else (before, item)
    if isinstance(new, Rejected) and isinstance(old, Received):
        return held_back(old, said if new is item else other) or before
    return new


def _read(item: Received | Rejected) -> Received | None:
    return item if isinstance(item, Received) else item.received


def _outdoes(item: Received, other: Received, *, newest_last: bool) -> bool:
    """Whether it takes the place of one before it: a kill does, and a later version, by its number or else by its time."""
    if PubStatus.CANCELED in {item.pubstatus, other.pubstatus}:
        return other.pubstatus is not PubStatus.CANCELED
    ours, theirs = item.source_version or "", other.source_version or ""
    if ours.isdecimal() and theirs.isdecimal() and int(ours) != int(theirs):
        return int(ours) > int(theirs)
    at, before = item.version_created, other.version_created
    return newest_last if at is None or before is None or at == before else at > before
