"""A story as plain text: a wire without a header, or what somebody copied from a page of the house.

Whole lines such as KILL, EMBARGOED or CORRECTED above it are read first (`desklines`). The first line is the headline; only on a page of the house may it
be the section, when it looks like one and what stands below looks like a headline. The text goes on until the page's own furniture begins. What is
taken for section or furniture is set aside with the source line, so that nothing of the file is lost. A line that begins with one of the source's words and
holds a URL is the source line; without one the item waits in quarantine.
"""

from __future__ import annotations

import re
from html import escape

from publisher.intake.build import Parts, build, read_source_line
from publisher.intake.desklines import lines_above
from publisher.intake.document import MAX_BYTES, Context, Document, Unreadable
from publisher.intake.text import clean, clean_block
from publisher.intake.wordpress import language_of
from publisher.story import SourceKind

__all__ = ["linked", "read", "recognises"]

FURNITURE = re.compile(
    r"(share|recent posts|related( posts| stories)?|leave a comment|published by|tags)\s*:?", re.IGNORECASE
)
URL = re.compile(r"https?://[^\s<>\"()]+")
SECTION_MAX, HEADLINE_MAX = 30, 200
SENTENCE = re.compile(r".*[.!?…؟۔。！？][\"'”»’)」』]*")
"""A line that ends as a sentence does: text, no headline."""


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
    blocks = _blocks(clean_block(raw.decode("utf-8-sig", "replace")))
    lines = [line for block in blocks for line in block]
    if not lines:
        return Unreadable("empty", "the document is empty")
    above = lines_above(lines, context.source)
    del lines[: above.count]
    if not lines:
        return Unreadable("not-a-page", "nothing but marks stands in the document")
    is_page = context.source.kind is SourceKind.HOUSE and not above.count
    section = lines.pop(0) if is_page and _opens_with_section(blocks) else ""
    headline = lines.pop(0)
    if len(headline) > HEADLINE_MAX or not lines:
        return Unreadable("not-a-page", "no headline with a text below it was found")
    end = next((place for place, line in enumerate(lines) if FURNITURE.fullmatch(line)), len(lines))
    body = "".join(f"<p>{linked(line)}</p>" for line in lines[:end])
    parts = Parts(
        typed=True,
        guid="",
        headline=headline,
        body_html=body,
        language=language_of(" ".join(lines[:end])[:4000], context.source.language),
        categories=[clean(section, 80)] if section else [],
        status=above.status,
        embargo=above.embargo,
        signals=list(above.signals),
        set_aside=[f"<p>{escape(line)}</p>" for line in (section, *lines[end:]) if line],
        raw=raw,
    )
    if context.source.kind is SourceKind.AGENCY:
        read_source_line(parts, context)
    return Document(items=(build(parts, context),))


def _blocks(text: str) -> list[list[str]]:
    """The lines of the text, in blocks that blank lines part."""
    found: list[list[str]] = [[]]
    for line in (line.strip() for line in text.split("\n")):
        if line:
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [block for block in found if block]


def _opens_with_section(blocks: list[list[str]]) -> bool:
    """Whether a section's name stands above a headline: short and without a small initial, over a longer line that is no sentence and has a text below it."""
    if len(blocks) < 3 or len(blocks[0]) != 1 or len(blocks[1]) != 1:
        return False
    (first,), (second,) = blocks[:2]
    return (
        len(first) <= SECTION_MAX < len(second) <= HEADLINE_MAX
        and not any(word[0].islower() for word in first.split())
        and SENTENCE.fullmatch(second) is None
        and URL.search(blocks[2][0]) is None
    )


def linked(line: str) -> str:
    """The line as HTML; a bare URL becomes a link named by what stands before it, as a source line has it."""
    found = URL.search(line)
    if found is None or len(line) > 300:
        return escape(line)
    url = found[0].rstrip(".,;")
    word, colon, name = line[: found.start()].partition(":")
    label = name.strip(" (–—-") or url
    return f'{escape(word)}: <a href="{escape(url)}">{escape(label)}</a>' if colon else escape(line)
