"""What a document's style sheets do to its elements. PURE.

A rule counts for every element that it may ever match: what depends on a state (`:hover`, `:not(:focus)`) or cannot be read is left out
of its selector, and then the rule may hold or not. Colours go by the cascade: under every combination of what holds for the whole
document (a dark scheme, a narrow window), and at each element under whatever its own states may be (a pointer above, a link visited),
whatever those of the elements around it are. For everything else the worst of all rules counts. Rules that take text away outright, and those that could cover or move it, are refused whatever they
select: a selector may match tomorrow what it does not today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from publisher.gate.css import Declared, Unreadable, declarations
from publisher.gate.judging import look, look_of
from publisher.gate.look import Ink, Look
from publisher.gate.plan import Case, Source, plan

__all__ = ["Inks", "Sheets"]


Inks = tuple[tuple[Ink | None, Ink | None], ...]
"""What the text and the ground of an element may be coloured together in one case; None: as around it. None at all: too much to try."""
SURELY: frozenset[str] = frozenset()
MOST_TRIED = 1024
"""Colours of text, each with each ground."""
_Held = tuple[Ink | None, frozenset[str]]
"""A colour that is declared, and what must hold for that."""


class Sheets:
    """The style sheets of one document.

    Attributes:
        cases: what may hold at once. faults: rules that are refused, and what cannot be judged. memory: see `Plan`.
    """

    def __init__(self, parser: LexborHTMLParser) -> None:
        self._plan = plan(*_sources(parser))
        self.cases: tuple[Case, ...] = self._plan.cases
        self.memory: dict[tuple[object, ...], Any] = self._plan.memory
        self.faults: list[str] = list(self._plan.faults)
        self._matched: dict[int, tuple[int, ...]] = {}
        for number, entry in enumerate(self._plan.entries):
            try:
                for node in parser.css(entry.query):
                    self._matched[node.mem_id] = (*self._matched.get(node.mem_id, ()), number)
            except SelectolaxError:
                self.faults.append(f"the style rule {entry.selector!r} cannot be read")

    def matched(self, node: LexborNode) -> tuple[int, ...]:
        """The numbers of the rules that may hold for an element."""
        return self._matched.get(node.mem_id, ())

    def looks(self, matched: Iterable[int]) -> list[tuple[Look, bool]]:
        """What those rules do in any case, and whether each of them always holds."""
        entries = [self._plan.entries[number] for number in matched]
        return [(found, entry.sure) for entry in entries for found in _distinct(entry.looks)]

    def own(self, css: str) -> tuple[Look, ...]:
        """What a style attribute does: one look, or one for each case."""
        if "var(" not in css:
            return (look(css),)
        try:
            return tuple(look_of(declarations(css), case.variables) for case in self.cases)
        except Unreadable:
            return (look(css),)

    def inks(self, matched: Iterable[int], own: Sequence[Look], painted: Look) -> tuple[Inks, ...]:
        """The colours that an element may have in each case: by its attributes, the rules, its style attribute."""
        entries = sorted((self._plan.entries[number] for number in matched), key=lambda entry: entry.strength)
        found: list[Inks] = []
        for place, case in enumerate(self.cases):
            holding = [
                (entry.looks[place], left) for entry in entries if (left := entry.left(case)) is not None
            ]
            cascade = [(painted, SURELY), *holding, (own[place % len(own)], SURELY)]
            found.append(
                _together(
                    _strongest([(one.text, left) for one, left in cascade if one.text]),
                    _strongest([(one.ground, left) for one, left in cascade if one.ground]),
                )
            )
        return tuple(found)


def _distinct(looks: Sequence[Look]) -> list[Look]:
    return [one for place, one in enumerate(looks) if not any(one is other for other in looks[:place])]


def _strongest(declared: list[tuple[Ink, frozenset[str]]]) -> list[_Held]:
    """What may win, the strongest first: down to the first that always holds; what is important beats what is not."""
    found: list[_Held] = []
    for important in (True, False):
        for ink, left in reversed(declared):
            if ink.important is important:
                found.append((ink, left))
                if not left:
                    return found
    return [*found, (None, SURELY)]


def _together(texts: list[_Held], grounds: list[_Held]) -> Inks:
    """Which of these texts may win while which of these grounds does.

    Both hold, and then something stronger holds, too, that needs no more than they do: so they win together unless there is such.
    """
    if len(texts) * len(grounds) > MOST_TRIED:
        return ()
    return tuple(
        (text, ground)
        for at, (text, one) in enumerate(texts)
        for place, (ground, other) in enumerate(grounds)
        if not any(left <= one | other for _, left in (*texts[:at], *grounds[:place]))
    )


def _sources(parser: LexborHTMLParser) -> tuple[tuple[Source, ...], str]:
    """The document's sheets, and what it says of colour schemes."""
    sheets: list[Source] = []
    schemes: list[str] = []
    for node in parser.css("html, style, meta"):
        attributes = {name: value or "" for name, value in node.attributes.items()}
        if node.tag == "html":
            schemes += [one.value for one in _own(attributes) if one.name == "color-scheme"]
        elif node.tag == "style":
            sheets.append(Source(node.text(deep=True), " ".join(_conditions(node, attributes))))
        elif attributes.get("name", "").lower() in {"color-scheme", "supported-color-schemes"}:
            schemes.append(attributes.get("content", "").lower())
    return tuple(sheets), " ".join(schemes)


def _own(attributes: Mapping[str, str]) -> tuple[Declared, ...]:
    """What a style attribute declares; one that cannot be read is refused elsewhere."""
    try:
        return declarations(attributes.get("style", ""))
    except Unreadable:
        return ()


def _conditions(node: LexborNode, attributes: Mapping[str, str]) -> Iterator[str]:
    """Under which a style element counts."""
    if media := attributes.get("media"):
        yield f"@media {media.lower()}" if media.isascii() else "a medium that cannot be read"
    if attributes.get("type", "text/css").lower() not in {"text/css", ""}:
        yield f"type {attributes['type']}"
    if title := attributes.get("title"):  # one of several that a reader may choose
        yield f"title {title}"
    around = node.parent
    while around is not None:
        if around.tag == "noscript":
            yield "where scripts are not run"
        around = around.parent
