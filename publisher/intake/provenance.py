"""Where an item of our own site comes from: its source line, read, and set aside together with the house's own blocks.

PURE. Decision 3: the source is the last block that begins with one of the source's words and holds exactly one link. No such block, two
links, a link to our own host, to a front page: no source link, and the item waits in quarantine.
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
EXTRA_WORDS = ("Sources:", "Via:", "Источник:", "Quelle:", "Fuente:")
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
SIGNED = 160
"""A sign-off is shorter than this: a paragraph of the story that names an address stays."""
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
    tree = LexborHTMLParser(html)
    root = tree.body
    if root is None:
        return HouseText("", "", "", (), "the item has no body")
    words = tuple(normalise(word).casefold() for word in (*source.source_line, *EXTRA_WORDS))
    openings = tuple(normalise(block).casefold() for block in source.house_blocks)
    set_aside: list[str] = []
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
    name, url, lack = "", "", "no source line was found at the end of the text"
    if line is not None:
        name, url, lack = _read(line, source, words, base_url)
        if not lack or url:
            set_aside.append(line.html or "")
            line.decompose()
    body = root.inner_html or ""
    return HouseText(body, name, url, tuple(set_aside), lack)


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
    links = [
        (url, clean(node.text(deep=True)))
        for node in line.css("a")
        if (url := absolute(node.attributes.get("href"), base_url)) is not None
    ]
    if len(links) != 1:
        found = "no link" if not links else f"{len(links)} links"
        return "", "", f"the source line holds {found}; exactly one is wanted"
    url, name = canonical(links[0][0]), links[0][1]
    if lack := unfit(url, source):
        return name, "", f"the source line links to {lack}"
    said = clean(line.text(deep=True, separator=" "))
    rest = next((said[len(word) :] for word in words if said.casefold().startswith(word)), said)
    hosts = dict(source.source_hosts)
    host = url.split("/")[2].removeprefix("www.")
    if not name or name.startswith(("http://", "https://")) or name.casefold() == host:
        name = hosts.get(host) or clean(rest.replace(name, "").strip(" :–—-|()،,"))
    return name, url, "" if name else "the source line names no agency; list its host under `source_hosts`"
