"""What an element hands down to the text in it: size, place, colours, and why it may not be seen. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice, product
from typing import NamedTuple

from publisher.gate.colour import BLACK, WHITE, Colour, legible, over, written
from publisher.gate.grammars import NORMAL_LINE, SMALLEST_PX
from publisher.gate.look import Ink, Look
from publisher.gate.markup import HEADINGS, INDENT_PX, INDENTED, INLINE, SCALES, TEXT
from publisher.gate.plan import Case
from publisher.gate.sheets import Inks

__all__ = ["Pairs", "State", "entered", "inked", "outermost", "runs_inline"]

LARGEST_PX = 100.0
LEAST_LINE, MOST_LINE = 0.95, 4.0
"""Of the letters' size; below it the lines of a text lie over each other, above it one fills the screen."""
LEAST_WIDTH_PX, MOST_SPACE_PX, WINDOW_PX = 120.0, 320.0, 320.0
MOST_INKS = 64
NIGHT: Colour = (18.0, 18.0, 18.0, 1.0)
"""The ground of a dark scheme."""

Pairs = tuple[tuple[Colour, Colour], ...]
"""Colours of text, each with the ground under it."""
Root = tuple[float, float]
"""The least and the greatest size of the root's font in px."""
Sure = tuple[Look, bool]
"""What declarations do, and whether they hold in any case."""


class State(NamedTuple):
    """What an element hands down.

    Attributes:
        size, big: the font's least and greatest size in px. lines: what a line may measure, in sizes or (first is 0) in px.
        width: how wide text may run, in px. space: how far in it begins. bounded: what is wider cannot be reached, because it is cut off or
            runs out of the window to the left.
        inks: what text and ground may be coloured, by case.
        hides: what may hide everything inside. faint: what may hide text just here, and can be made good further in.
        heading: whether a heading is around. root: the size of the root's font.
    """

    size: float
    big: float
    lines: tuple[tuple[float, float], ...]
    width: float
    space: float
    inks: tuple[Pairs, ...]
    bounded: bool = False
    hides: str = ""
    faint: str = ""
    heading: bool = False
    root: Root = (16.0, 16.0)

    @property
    def leading(self) -> tuple[float, float]:
        """The least and the most that a line measures, in sizes of its letters."""
        low = min(factor or (px / self.big if self.big else 0.0) for factor, px in self.lines)
        return low, max(factor or (px / self.size if self.size else 0.0) for factor, px in self.lines)


def outermost(cases: Iterable[Case]) -> State:
    """What a browser starts from."""
    inks = tuple(((WHITE, NIGHT) if case.dark else (BLACK, WHITE),) for case in cases)
    return State(16.0, 16.0, ((NORMAL_LINE, 0.0),), WINDOW_PX, 0.0, inks)


def entered(tag: str, around: State, looks: Sequence[Sure], inks: tuple[Pairs, ...]) -> State:
    """What an element hands down in which these looks may hold."""
    size, big = _sizes(tag, around, looks)
    space = INDENT_PX if tag in INDENTED else 0.0
    space += sum(look.space.at(big, around.width, around.root[1]) for look, _ in looks)
    width, widest = _widths(around, looks, size)
    state = State(
        size,
        big,
        _lines(around, looks, size),
        width - space,
        around.space + space,
        inks,
        bounded=around.bounded or any(_bounds(tag, look) for look, _ in looks),
        heading=around.heading or tag in HEADINGS,
        root=(size, big) if tag == "html" else around.root,
    )
    hides = around.hides or _hides(tag, looks, state)
    if not hides and around.bounded and widest > around.width:
        hides = f"a width of {widest:g} px in a box of {around.width:g}"
    return state._replace(hides=hides, faint=_faint(state))


def _sizes(tag: str, around: State, looks: Sequence[Sure]) -> Root:
    """The least and the greatest size that the font may have."""
    small = [size.at(around.size, around.size, around.root[0]) for look, _ in looks for size in look.sizes]
    large = [size.at(around.big, around.big, around.root[1]) for look, _ in looks for size in look.sizes]
    if not any(sure and look.sizes for look, sure in looks):
        scale = SCALES.get(tag, 1.0)
        small.append(around.size * scale)
        large.append(around.big * scale)
    return min(small), max(large)


def _lines(around: State, looks: Sequence[Sure], size: float) -> tuple[tuple[float, float], ...]:
    lines = [
        (factor, high.at(size, size, around.root[0])) for look, _ in looks for factor, high in look.lines
    ]
    return tuple(lines) if any(sure and look.lines for look, sure in looks) else (*around.lines, *lines)


def _bounds(tag: str, look: Look) -> bool:
    return look.clips or bool(look.widths or look.limits) or (look.leftward and tag not in {"html", "body"})


def _widths(around: State, looks: Sequence[Sure], size: float) -> tuple[float, float]:
    """How wide an element is at least, and how wide it may be."""
    wide = [one.at(size, around.width, around.root[0]) for look, _ in looks for one in look.widths]
    limits = [one.at(size, around.width, around.root[0]) for look, _ in looks for one in look.limits]
    least = [one.at(size, around.width, around.root[0]) for look, _ in looks for one in look.least]
    if not any(sure and look.widths for look, sure in looks):
        wide.append(around.width)
    return min([*wide, *limits]), max([*wide, *least])


def _hides(tag: str, looks: Sequence[Sure], state: State) -> str:
    if tag not in TEXT:
        return f"<{tag}>"
    for look, _ in looks:
        if look.hides:
            return look.hides
        if tag != "html" and "dark" in look.scheme:
            return f"color-scheme:{look.scheme}"
        if tag in {"html", "body"} and look.shuts:
            return f"overflow of <{tag}>, which then cannot be scrolled,"
    if state.width < LEAST_WIDTH_PX:
        return f"a width of {state.width:g} px"
    return f"a space of {state.space:g} px before it" if state.space > MOST_SPACE_PX else ""


def _faint(state: State) -> str:
    if not SMALLEST_PX <= state.size <= state.big <= LARGEST_PX:
        return f"a font of {state.size if state.size < SMALLEST_PX else state.big:g} px"
    low, high = state.leading
    if low < LEAST_LINE or high > MOST_LINE:
        return f"a line of {low if low < LEAST_LINE else high:g} times its letters"
    for pairs in state.inks:
        if not 0 < len(pairs) <= MOST_INKS:
            return "a choice of too many colours"
        for text, ground in pairs:
            if not legible(text, ground):
                return f"{written(text)} on {written(ground)}"
    return ""


def runs_inline(tag: str, looks: Sequence[Sure]) -> bool:
    """Whether an element may be part of a line."""
    if any(look.inline for look, _ in looks):
        return True
    return tag in INLINE and not any(sure and (look.inline is False or look.aside) for look, sure in looks)


def inked(around: Pairs, declared: Inks, *, links: tuple[Colour, ...], inline: bool) -> Pairs:
    """What text and ground may be coloured within an element; `links`: a browser's own colours of a link.

    An inline element lays no ground under blocks in it, nor under letters that are raised: text has to do without it.
    """
    laid = (*declared, *((ink, None) for ink, _ in declared)) if inline else declared
    found = dict.fromkeys(
        (colour, over(lay.value, ground) if lay and lay.value else ground)
        for (text, ground), (ink, lay) in product(around, dict.fromkeys(laid))
        for colour in _texts(text, ink, links)
    )
    return tuple(islice(found, MOST_INKS + 1))


def _texts(around: Colour, ink: Ink | None, usual: tuple[Colour, ...]) -> tuple[Colour, ...]:
    if ink is None:  # of links: some programs give them a colour of their own, some do not
        return (*usual, around)
    return (ink.value or around,)
