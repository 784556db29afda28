"""Where an item of our own site comes from: its source line, read, and set aside together with the house's own blocks.

PURE. Decision 3: the source is the last block that begins with one of the source's words and holds exactly one link ("Sources:" may name several; the first
is the link). Without such a block, one of the last blocks that is nothing but an address, or a link that says "original report at", counts. No such block,
a link to our own host, to a front page: no source link, and the item waits in quarantine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from publisher.intake.links import absolute, canonical, unfit
from publisher.intake.text import clean, normalise
from publisher.story import Source

__all__ = ["HouseText", "house_text", "without_addresses"]

BLOCKS = "p, div, li, blockquote, h2, h3, h4, h5, h6, figure"
EXTRA_WORDS = (
    "Sources:",
    "Via:",
    "Источник:",
    "Источники:",
    "Quelle:",
    "Fuente:",
    "منابع:",
    "المصادر:",
    "מקורות:",
)
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
SIGNED = 160
"""A sign-off is shorter than this: a paragraph of the story that names an address stays."""
ADDRESS_ALONE = re.compile(r"https?://[^\s<>\"()]+")
ORIGINAL = re.compile(
    r"(?:(?:read|see|view)\s+)?(?:the\s+)?(?:original|full)(?:\s+(?:report|story|article|text|version))?\s+(?:at|on|in|by|from)\s+(.{2,80})",
    re.IGNORECASE,
)
OWN_LINE = re.compile(r"\n\s*\n(?=(?:Sources?|Via|منبع|المصدر|מקור|Источник)\s*:)")
"""A source line that WordPress left inside the paragraph above it."""
PLURAL = ("sources:", "منابع:", "المصادر:", "מקורות:", "источники:")
LAST = 3
"""So many blocks at the end may be a pointer to the original; what stands above is a link of the text."""
SHORT = 400
"""A block of source or disclaimer is short; longer ones are text of the story that happens to begin so."""


@dataclass(frozen=True, slots=True)
class HouseText:
    """A body without what was set aside, and the source that was found (empty strings: none)."""

    html: str
    source_name: str
    source_url: str
    set_aside: tuple[str, ...]
    lack: str
    """Why no source link was found, in words; empty when one was."""


def house_text(html: str, source: Source, *, base_url: str | None) -> HouseText:
    """Read the source line of a body of our own site and take the house's blocks out of it."""
    words = tuple(normalise(word).casefold() for word in (*source.source_line, *EXTRA_WORDS))
    tree = LexborHTMLParser(OWN_LINE.sub("</p>\n<p>", html))
    root = tree.body
    if root is None:
        return HouseText("", "", "", (), "the item has no body")
    openings = tuple(normalise(block).casefold() for block in source.house_blocks)
    set_aside: list[str] = []
    short: list[LexborNode] = []
    line: LexborNode | None = None
    for block in root.css(BLOCKS):
        said = normalise(block.text(deep=True, separator=" ")).casefold()
        if (
            not said
            or len(said) > SHORT
            or (block.css_first(BLOCKS) is not None and block.css_first(BLOCKS) != block)
        ):
            continue
        if said.startswith(words):
            line = block
        elif openings and said.startswith(openings):
            set_aside.append(block.html or "")
            block.decompose()
        else:
            short.append(block)
    name, url, lack = "", "", "no source line was found at the end of the text"
    if line is None:
        line = next(
            (block for block in reversed(short[-LAST:]) if _is_pointer(block, source, base_url)), None
        )
    if line is not None:
        name, url, lack = _read(line, source, words, base_url)
        if not lack or url:
            set_aside.append(line.html or "")
            line.decompose()
    body = root.inner_html or ""
    return HouseText(body, name, url, tuple(set_aside), lack)


def _is_pointer(block: LexborNode, source: Source, base_url: str | None) -> bool:
    """Whether a block at the end says nothing but where the text is from: an address alone, or a link alone that says so or leads to a known host."""
    said = clean(block.text(deep=True, separator=" "))
    links = block.css("a")
    if not links:
        return absolute(said) is not None
    url = absolute(links[0].attributes.get("href"), base_url)
    if len(links) != 1 or url is None or clean(links[0].text(deep=True)) != said:
        return False
    return ORIGINAL.fullmatch(said) is not None or _host(url) in dict(source.source_hosts)


def without_addresses(html: str) -> tuple[str, tuple[str, ...]]:
    """A body without the lines at its end that hold mail addresses of its reporters: a sign-off, which is set aside and not published."""
    if "@" not in html or ADDRESS.search(html) is None:
        return html, ()
    root = LexborHTMLParser(html).body
    set_aside: list[str] = []
    for block in reversed(root.css(BLOCKS) if root is not None else []):
        said = normalise(block.text(deep=True, separator=" "))
        if block.css(BLOCKS)[1:] or not said:
            continue
        if len(said) > SIGNED or ADDRESS.search(said) is None:
            break
        set_aside.append(block.html or "")
        block.decompose()
    return ((root.inner_html or "") if root is not None and set_aside else html), tuple(reversed(set_aside))


def _read(
    line: LexborNode, source: Source, words: tuple[str, ...], base_url: str | None
) -> tuple[str, str, str]:
    """Name, link, and what is lacking, of a source line."""
    said = clean(line.text(deep=True, separator=" "))
    links = [
        (canonical(url), clean(node.text(deep=True)))
        for node in line.css("a")
        if (url := absolute(node.attributes.get("href"), base_url)) is not None
    ]
    if not links and (bare := ADDRESS_ALONE.search(said)) and (url := absolute(bare[0].rstrip(".,;)"))):
        links = [(canonical(url), "")]
    several = said.casefold().startswith(PLURAL)
    if not links or (len(links) != 1 and not several):
        found = "no link" if not links else f"{len(links)} links"
        return "", "", f"the source line holds {found}; exactly one is wanted"
    for url, name in links:
        if lack := unfit(url, source):
            return name, "", f"the source line links to {lack}"
    rest = next((said[len(word) :] for word in words if said.casefold().startswith(word)), said)
    names = [_name(url, name, rest, source) for url, name in links]
    lack = "" if all(names) else "the source line names no agency; list its host under `source_hosts`"
    return "; ".join(filter(None, names)), links[0][0], lack


def _name(url: str, name: str, rest: str, source: Source) -> str:
    """The agency's name: what the link says, less "Original report at"; else the house's register of hosts; else what stands beside it."""
    if found := ORIGINAL.fullmatch(name):
        return found[1].strip(" .")
    host = _host(url)
    if name and not name.startswith(("http://", "https://")) and name.casefold() != host:
        return name
    beside = ADDRESS_ALONE.sub("", rest.replace(name, "") if name else rest)
    return dict(source.source_hosts).get(host) or clean(beside.strip(" :–—-|()،,"))


def _host(url: str) -> str:
    return url.split("/")[2].removeprefix("www.")
