"""What a reader sees of HTML: the visible texts and links in document order, read by lexbor. PURE.

Text counts as seen when nothing on the way from it to the root may hide it: only elements that are known to show text, only declarations
and attributes that are known to be harmless and can be read to the end, letters of a fair size on lines that do not overlap, in a
colour that stands out from its ground in every case (`sheets`). Everything else is named as the reason why a text may not be seen;
and what could cover or move text from elsewhere is a fault of the whole document.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from publisher.gate.look import PLAIN, Look
from publisher.gate.markup import GROWING, HEADINGS, INLINE, LINKS, PICTURES, RAW, faults, painted
from publisher.gate.outlook import Comments, conditional
from publisher.gate.plan import LEAST_LINE, MOST_RISE_PX
from publisher.gate.sheets import Sheets
from publisher.gate.state import State, entered, inked, outermost, runs_inline

__all__ = ["Seen", "Sight", "plain", "see", "turned", "visible"]

MOST_REMEMBERED = 4096
LONGEST_ASIDE_PX = 640.0
"""Of the text that is put off the page, a square for each letter: more would reach back into it."""
LONGEST_SAID = 40
MARKS = re.compile("[\x00-\x08\x0e-\x1f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
TURNING = re.compile("[\u202d\u202e]")
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffc\U00013441\U00013442\U0001d159")
"""Letters and symbols by their category of which nothing is seen: fillers, the empty Braille cell, blank hieroglyphs."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A visible run of text; or the opening of a heading or of the element with id "end", or a text that may not be seen.

    Attributes:
        text: empty in the last two.
        block: number of the paragraph it stands in. link, anchor: the address and the number of the link it stands in.
        heading: whether it stands in a heading. opens: "h1", "h2", "h3" or "end"; id: that element's.
        hidden: what may hide a text ("display:none"); unseen: that text.
    """

    text: str
    block: int
    link: str | None = None
    anchor: int = 0
    heading: bool = False
    opens: str = ""
    id: str = ""
    hidden: str = ""
    unseen: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen of a document, and what in it could keep text from being seen."""

    runs: tuple[Seen, ...]
    faults: tuple[str, ...]


def see(html: str, script: str = "") -> Sight:
    """What is seen of an HTML document or fragment; `script`: the address of the one script that it may have."""
    parser = LexborHTMLParser(html)
    eye = _Eye(Sheets(parser), Comments(html), spanned="rowspan" in html.lower(), script=script)
    runs = tuple(eye.look_over(parser.root)) if parser.root is not None else ()
    return Sight(runs, tuple(dict.fromkeys(eye.faults)))


class _Entered(NamedTuple):
    """What an element hands down, what its style attribute does to text elsewhere, and looks to hold against what is in it.

    `around` and `paint` are kept because the memory goes by their ids.
    """

    state: State
    reaches: tuple[str, ...]
    risky: tuple[Look, ...]
    around: State
    paint: Look


class _Link(NamedTuple):
    """The link around a text."""

    url: str | None = None
    anchor: int = 0


_Stack = list[tuple[LexborNode | None, State, _Link]]


class _Eye:
    """One pass over a document, with what it counts on the way."""

    def __init__(self, sheets: Sheets, comments: Comments, *, spanned: bool, script: str) -> None:
        self.faults = list(sheets.faults)
        self._spanned = spanned
        self._script = script
        self._sheets = sheets
        self._block = 0
        self._anchors = 0
        self._comments = comments

    def look_over(self, root: LexborNode) -> Iterator[Seen]:
        """The runs in document order."""
        stack: _Stack = [(root, self._outermost(), _Link())]
        while stack:
            node, state, link = stack.pop()
            if node is None:  # the end of a block
                self._block += 1
            elif node.tag == "-text":
                if text := node.text_content:
                    yield self._run(text, state, link)
            elif node.tag == "-comment":
                if conditional(comment := node.html or ""):
                    self.faults += self._comments.faults(node, comment)
            else:
                yield from self._element(node, node.tag or "-", state, link, stack)
        self.faults += self._comments.left()

    def _outermost(self) -> State:
        memory = self._sheets.memory
        if len(memory) > MOST_REMEMBERED:
            memory.clear()
        state: State = memory.setdefault((), outermost(self._sheets.cases))
        return state

    def _run(self, text: str, state: State, link: _Link) -> Seen:
        if turned(text):
            self.faults.append(f"a mark turns text round: {_cut(text)}")
        hidden = state.hides or state.faint or ("a condition for Outlook" if self._comments.kept else "")
        if not hidden or not text.strip(" \t\r\n\f"):
            return Seen(text, self._block, link.url, link.anchor, state.heading)
        if not state.hides and state.size and state.leading[0] < LEAST_LINE:
            self.faults.append(f"lines lie over their neighbours: {_cut(text)}")
        return Seen("", self._block, link.url, link.anchor, state.heading, hidden=hidden, unseen=text)

    def _element(
        self, node: LexborNode, tag: str, state: State, link: _Link, stack: _Stack
    ) -> Iterator[Seen]:
        """What an element opens or is; its children go on the stack."""
        attributes = node.attributes
        self.faults += faults(tag, attributes, self._script)
        if tag in RAW or tag[0] in "-!":
            return
        state, reaches, risky, _, _ = self._enter(node, tag, attributes, state)
        self.faults += reaches
        if risky:
            self._content(node, tag, risky, state.big)
        if self._spanned and tag == "table" and node.css_first("[rowspan]"):
            state = state._replace(hides=state.hides or "rowspan, by which cells can lie over each other,")
        if tag not in INLINE:
            self._block += 1
            stack.append((None, state, link))
        if tag == "a":
            self._anchors += 1
            link = _Link(attributes.get("href"), self._anchors)
        elif tag == "br":
            yield self._run(" ", state, link)
        elif (name := attributes.get("id")) == "end" or tag in HEADINGS:
            yield Seen("", self._block, opens="end" if name == "end" else tag, id=name or "")
        stack += [(child, state, link) for child in reversed(list(node.iter(include_text=True)))]

    def _enter(
        self, node: LexborNode, tag: str, attributes: dict[str, str | None], around: State
    ) -> _Entered:
        """What holds within an element; most elements are like others before them."""
        css, paint = attributes.get("style") or "", painted(tag, attributes)
        matched = self._sheets.matched(node)
        key = (id(around), tag, css, id(paint), matched, "href" in attributes)
        known: _Entered | None = self._sheets.memory.get(key)
        if known is None:
            known = self._entered(
                tag, css, paint, matched, around, linked=tag == "a" and "href" in attributes
            )
            self._sheets.memory[key] = known
        return known

    def _entered(
        self, tag: str, css: str, paint: Look, matched: tuple[int, ...], around: State, *, linked: bool
    ) -> _Entered:
        own = self._sheets.own(css) if css else (PLAIN,)
        looks = [*((one, True) for one in own), *self._sheets.looks(matched), (paint, True)]
        declared = self._sheets.inks(matched, own, paint)
        inline = runs_inline(tag, looks)
        inks = tuple(
            inked(pairs, colours, links=LINKS[case.dark] if linked else (), inline=inline)
            for case, pairs, colours in zip(self._sheets.cases, around.inks, declared, strict=True)
        )
        state = entered(tag, around, looks, inks)
        reaches = [f"a style could cover or move text: {one.reaches}" for one in own if one.reaches]
        if inline and sum(one.rise.at(state.big, 0.0, state.root[1]) for one, _ in looks) > MOST_RISE_PX:
            reaches.append(f"padding or border of an inline <{tag}> could cover the lines around it")
        if inline and (css or matched) and state.size and state.leading[0] < LEAST_LINE:
            reaches.append(f"<{tag}> could cover the lines around it, which are too low for it")
        if any(one.aside for one, _ in looks) and not all(one.light for one, _ in looks):
            reaches.append(f"<{tag}> is put off the page and has a size, place or ground of its own")
        risky = tuple(one for one, _ in looks if one.spills or one.aside or one.unclipped)
        return _Entered(state, tuple(reaches), risky, around, paint)

    def _content(self, node: LexborNode, tag: str, looks: tuple[Look, ...], size: float) -> None:
        """Declarations that do harm only to what certain elements hold."""
        text = node.text(deep=True).strip(" \t\r\n\f\u200a")
        pictures = tag in PICTURES or bool(node.css_first(", ".join(PICTURES)))
        grows = tag in GROWING and all(one.inline is None for one in looks)
        for one in looks:
            if one.spills and not grows and (text or pictures):
                self.faults.append(f"what is in <{tag}> may run over what follows: {one.spills}")
            if one.unclipped and tag in PICTURES:
                self.faults.append(f"<{tag}> may paint beyond its edge: overflow:visible")
            if one.aside and (len(text) * size > LONGEST_ASIDE_PX or any(True for _ in node.iter())):
                self.faults.append(f"too much is put off the page for not reaching back: {_cut(text)}")


def plain(text: str) -> str:
    """Text as it is compared: blanks folded, direction marks and what no output can hold gone."""
    return " ".join(MARKS.sub("", text).split())


def turned(text: str) -> bool:
    """Whether a text holds a mark that shows what follows it in the other direction, letter by letter."""
    return TURNING.search(text) is not None


def visible(text: str) -> bool:
    """Whether anything of a text is seen: a letter, digit, punctuation or symbol; marks and joiners alone show nothing."""
    return any(unicodedata.category(sign)[0] in "LNPS" and sign not in BLANK for sign in text)


def _cut(text: str) -> str:
    said = plain(text)
    return repr(said if len(said) <= LONGEST_SAID else said[: LONGEST_SAID - 1] + "…")
