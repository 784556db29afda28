"""A story as plain text: a wire without a header, or what somebody copied from a page of the house.

Whole lines such as KILL, EMBARGOED or CORRECTED above it are read first (`desklines`). The first short line may be the section, the first longer one is the headline, the text goes on until the page's own furniture begins.
A line that begins with one of the source's words and holds a URL is the source line; without one the item waits in quarantine.
"""

from __future__ import annotations

import re
from html import escape

from publisher.intake.build import Parts, build
from publisher.intake.desklines import lines_above
from publisher.intake.document import MAX_BYTES, Context, Document, Unreadable
from publisher.intake.text import clean, clean_block
from publisher.intake.wordpress import language_of

__all__ = ["linked", "read", "recognises"]

FURNITURE = re.compile(
    r"(share|recent posts|related( posts| stories)?|leave a comment|published by|tags)\s*:?", re.IGNORECASE
)
URL = re.compile(r"https?://[^\s<>\"()]+")
SECTION_MAX, HEADLINE_MAX = 30, 200


def recognises(raw: bytes, content_type: str | None) -> bool:
    """Whether the bytes are plain text of some length."""
    if "text/plain" in (content_type or ""):
        return True
    head = raw[:2000].strip()
    return (
        bool(head) and head[:1] not in {b"<", b"{", b"["} and b"\0" not in head and len(raw.split(b"\n")) > 2
    )


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The one story of the page."""
    if len(raw) > MAX_BYTES:
        return Unreadable("too-large", f"the document has more than {MAX_BYTES // 1_000_000} MB")
    lines = [
        line.strip() for line in clean_block(raw.decode("utf-8-sig", "replace")).split("\n") if line.strip()
    ]
    if not lines:
        return Unreadable("empty", "the document is empty")
    above = lines_above(lines, context.source)
    del lines[: above.count]
    if not lines:
        return Unreadable("not-a-page", "nothing but marks stands in the document")
    section = lines.pop(0) if len(lines) > 1 and len(lines[0]) <= SECTION_MAX < len(lines[1]) else ""
    headline = lines.pop(0)
    if len(headline) > HEADLINE_MAX or not lines:
        return Unreadable("not-a-page", "no headline with a text below it was found")
    end = next((place for place, line in enumerate(lines) if FURNITURE.fullmatch(line)), len(lines))
    body = "".join(f"<p>{linked(line)}</p>" for line in lines[:end])
    parts = Parts(
        guid="",
        headline=headline,
        body_html=body,
        language=language_of(" ".join(lines[:end])[:4000], context.source.language),
        categories=[clean(section, 80)] if section else [],
        status=above.status,
        embargo=above.embargo,
        signals=list(above.signals),
        raw=raw,
    )
    return Document(items=(build(parts, context),))


def linked(line: str) -> str:
    """The line as HTML; a bare URL becomes a link named by what stands before it, as a source line has it."""
    found = URL.search(line)
    if found is None or len(line) > 300:
        return escape(line)
    url = found[0].rstrip(".,;")
    word, colon, name = line[: found.start()].partition(":")
    label = name.strip(" (–—-") or url
    return f'{escape(word)}: <a href="{escape(url)}">{escape(label)}</a>' if colon else escape(line)
