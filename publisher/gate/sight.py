"""What a reader sees of HTML: the visible texts and links in document order, read by lexbor. PURE.

Text counts as seen unless it, or an element around it, is taken away by `hidden`, display, visibility, opacity, clipping or a place
off the screen, is smaller than 9 px, or does not stand out from the ground under it. Style sheets count like style attributes; each of
their conditions (a dark scheme, a narrow window) is tried by itself, and text must be seen under every one. Comments, attributes,
scripts, closed details and what is kept from Outlook are no text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from publisher.gate.colour import BLACK, WHITE, Colour, colour, legible, over
from publisher.gate.css import SMALLEST_PX, Look, look
from publisher.gate.sheets import Sheets

__all__ = ["Seen", "Sight", "plain", "see", "visible"]

NOT_TEXT = frozenset(
    "audio canvas datalist dialog head iframe noembed noframes noscript object script select style svg template "  # noqa: SIM905 - a word a line would fill a page
    "textarea title video".split()
)
INLINE = frozenset(
    "a abbr b bdi bdo big br cite code del dfn em font i ins kbd mark q s samp small span strike strong sub sup time "  # noqa: SIM905 - the same
    "tt u var".split()
)
HEADINGS = frozenset({"h1", "h2", "h3"})
MARKS = re.compile("[\x00-\x08\x0e-\x1f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffc\U00013441\U00013442\U0001d159")
"""Letters and symbols by their category of which nothing is seen: fillers, the empty Braille cell, blank hieroglyphs."""
NOTHING = Look()


@dataclass(frozen=True, slots=True)
class Seen:
    """A visible run of text, or the opening of a heading or of the element with id "end" (text is empty then).

    Attributes:
        block: number of the paragraph it stands in. link, anchor: the address and the number of the link it stands in.
        heading: whether it stands in a heading. opens: "h1", "h2", "h3" or "end"; id: that element's.
    """

    text: str
    block: int
    link: str | None = None
    anchor: int = 0
    heading: bool = False
    opens: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen of a document, and what in its style sheets could keep text from being seen."""

    runs: tuple[Seen, ...]
    faults: tuple[str, ...]


def see(html: str) -> Sight:
    """What is seen of an HTML document or fragment."""
    parser = LexborHTMLParser(html)
    sheets = Sheets(parser)
    runs = tuple(_Eye(sheets).look_over(parser.root)) if parser.root is not None else ()
    return Sight(runs, tuple(dict.fromkeys(sheets.faults)))


class _State(NamedTuple):
    """What an element hands down: font size in px, (colour, ground) under each condition, the link and the heading around."""

    size: float
    inks: tuple[tuple[Colour, Colour], ...]
    link: str | None = None
    anchor: int = 0
    heading: bool = False


_Stack = list[tuple[LexborNode | None, _State]]


class _Eye:
    """One pass over a document, with what it counts on the way."""

    def __init__(self, sheets: Sheets) -> None:
        self._sheets = sheets
        self._block = 0
        self._anchors = 0
        self._kept_from_outlook = False

    def look_over(self, root: LexborNode) -> Iterator[Seen]:
        """The runs in document order."""
        start = _State(16.0, ((BLACK, WHITE),) * len(self._sheets.conditions))
        stack: _Stack = [(root, start)]
        while stack:
            node, state = stack.pop()
            if node is None:  # the end of a block
                self._block += 1
            elif node.tag == "-text":
                if (text := node.text_content) and not self._kept_from_outlook and _shown(state):
                    yield self._run(text, state)
            elif node.tag == "-comment":
                self._comment(node.html or "")
            else:
                yield from self._element(node, node.tag or "-", state, stack)

    def _element(self, node: LexborNode, tag: str, state: _State, stack: _Stack) -> Iterator[Seen]:
        """What an element opens or is; its children go on the stack, unless it is taken away with them."""
        attributes = node.attributes
        if tag in NOT_TEXT or tag[0] in "-!" or _gone(attributes) or node.mem_id in self._sheets.hidden:
            return
        state = self._enter(node, tag, attributes, state)
        if tag == "br":
            yield self._run(" ", state)
        elif (name := attributes.get("id")) == "end" or tag in HEADINGS:
            yield Seen("", self._block, opens="end" if name == "end" else tag, id=name or "")
        if tag not in INLINE:
            stack.append((None, state))
        stack += [(child, state) for child in _children(node, tag, attributes)]

    def _run(self, text: str, state: _State) -> Seen:
        return Seen(text, self._block, state.link, state.anchor, state.heading)

    def _enter(self, node: LexborNode, tag: str, attributes: dict[str, str | None], state: _State) -> _State:
        if tag not in INLINE:
            self._block += 1
        if tag == "a":
            self._anchors += 1
            state = state._replace(link=attributes.get("href"), anchor=self._anchors)
        if tag in HEADINGS:
            state = state._replace(heading=True)
        css = attributes.get("style")
        inline = look(css) if css else NOTHING
        size = inline.px(state.size)
        if size != state.size:
            state = state._replace(size=size)
        painted = NOTHING
        if "bgcolor" in attributes or "color" in attributes:
            ground, text = attributes.get("bgcolor") or "", attributes.get("color") or ""
            painted = Look(ground=colour(ground.lower()), colour=colour(text.lower()))
        if painted.inks or inline.inks or node.mem_id in self._sheets.inked:
            inks = tuple(
                _ink(ink, (painted, *condition.get(node.mem_id, ()), inline))
                for ink, condition in zip(state.inks, self._sheets.conditions, strict=True)
            )
            state = state._replace(inks=inks)
        return state

    def _comment(self, comment: str) -> None:
        """Outlook reads conditional comments: `<!--[if !mso]><!-->` keeps from it what stands before `<!--<![endif]-->`."""
        closes = "[endif]" in comment
        if "[if " in comment:
            self._kept_from_outlook = self._kept_from_outlook or not closes
        elif closes:
            self._kept_from_outlook = False


def _ink(around: tuple[Colour, Colour], cascade: tuple[Look, ...]) -> tuple[Colour, Colour]:
    """Colour and ground of an element: attributes, then sheets, then the style attribute; what is important beats those."""
    text, ground = around
    for important in (False, True):
        for entry in cascade:
            if entry.important is important:
                text = text if entry.colour is None else entry.colour
                ground = ground if entry.ground is None else over(entry.ground, around[1])
    return text, ground


def _children(node: LexborNode, tag: str, attributes: dict[str, str | None]) -> list[LexborNode]:
    """The children, last first; of closed details only the summary."""
    children = list(node.iter(include_text=True))
    if tag == "details" and "open" not in attributes:
        children = [child for child in children if child.tag == "summary"]
    return children[::-1]


def _shown(state: _State) -> bool:
    return state.size >= SMALLEST_PX and all(legible(text, ground) for text, ground in state.inks)


def _gone(attributes: dict[str, str | None]) -> bool:
    css = attributes.get("style")
    return "hidden" in attributes or attributes.get("aria-hidden") == "true" or bool(css and look(css).hides)


def plain(text: str) -> str:
    """Text as it is compared: blanks folded, direction marks and what no output can hold gone."""
    return " ".join(MARKS.sub("", text).split())


def visible(text: str) -> bool:
    """Whether anything of a text is seen: a letter, digit, punctuation or symbol; marks and joiners alone show nothing."""
    return any(unicodedata.category(sign)[0] in "LNPS" and sign not in BLANK for sign in text)
