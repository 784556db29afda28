"""Properties whose values have a grammar of their own: sizes, spaces, edges, colours. PURE.

Each function reads a declaration to its end, notes in the `Look` what it does to size, place and colour, and says what harm it may do.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from publisher.gate.colour import CLEAR, Colour, colour
from publisher.gate.css import Declared, outside
from publisher.gate.lengths import NOTHING, Length, length, lengths, parts
from publisher.gate.look import Harm, Ink, Look
from publisher.gate.properties import (
    DISPLAYS,
    EDGE_WORDS,
    FAR_PX,
    LETTERLESS,
    LINE_WORDS,
    MARKER_WORDS,
    SCHEME_WORDS,
)

__all__ = ["GRAMMARS", "NORMAL_LINE", "SMALLEST_PX"]

SMALLEST_PX = 9.0
"""Text below this size counts as hidden."""
MOST_SPACE_PX = 200.0
MOST_BORDER_PX = 40.0
MOST_RADIUS_PX = 24.0
"""Rounder corners leave letters outside of their ground."""
LEAST_WIDTH_PX = 40.0
"""What is narrower lets its words run over what is beside it."""
MOST_STROKE_PX = 2.0
SHADOW_PX, SHADOW_ALPHA, SHARP_PX, MOST_SHADOWS = 24.0, 0.15, 4.0, 2
"""A shadow lies on the ground of its neighbours: faint, or no broader than 4 px."""
NORMAL_LINE = 1.2

SIZES = {
    "xx-small": Length(px=9.0),
    "x-small": Length(px=10.0),
    "small": Length(px=13.0),
    "medium": Length(px=16.0),
    "large": Length(px=18.0),
    "x-large": Length(px=24.0),
    "xx-large": Length(px=32.0),
    "smaller": Length(em=0.83),
    "larger": Length(em=1.2),
}
MOST_SECONDS = 1.0
EASING = re.compile(r"(?:cubic-bezier|steps|linear)\([^()]*\)")
TIME = re.compile(r"([+-]?(?:\d+(?:\.\d+)?|\.\d+))(m?s)", re.ASCII)
WORD = re.compile(r"-*[a-z][a-z-]*")
HIGH = re.compile(r"(?:100|\d{1,2})[dls]?vh")
"""As high as the window, or less."""
NUMBER = re.compile(r"\d+(?:\.\d+)?|\.\d+")
FONT_WORDS = (
    r"italic|oblique",
    r"small-caps",
    r"bold|bolder|lighter|[1-9]\d{0,2}|1000",
    r"(?:ultra-|extra-|semi-)?(?:condensed|expanded)",
)
"""Style, variant, weight and width: of each one word, or a browser drops the whole."""
FONT = re.compile(rf"((?:(?:normal|{'|'.join(FONT_WORDS)}) )*)([^\s/]+)(?: ?/ ?([^\s/]+))? ([^/]+)")
FAMILY = re.compile(
    r"""(?!(?:inherit|initial|unset|revert|revert-layer|default)$)(?:"[^"\\]+"|'[^'\\]+'|-?[a-z_][\w-]*(?: -?[a-z_][\w-]*)*)""",
    re.ASCII,
)
"""A name in quotes, or words: an escape could spell what is not found in the list, and a browser drops what is neither."""
LAID = re.compile(
    r"(?:none ?)?(?:(?:repeat|no-repeat|repeat-x|repeat-y|space|round) ?)?(?:(?:scroll|fixed|local) ?)?"
    r"(?:(?:(?:left|center|right|0|0px|0%|50%|100%)(?: (?:top|center|bottom|0|0px|0%|50%|100%))?|(?:top|bottom)(?: (?:left|center|right))?) ?)?"
)
"""A background without its colour: picture (none), repetition, attachment and place, each once and in the order of the standard."""
Grammar = Callable[[Declared, Look], Harm]


def _size(one: Declared, found: Look) -> Harm:
    if one.value == "inherit":
        return Harm.NONE
    size = SIZES.get(one.value) or length(one.value)
    if size is None or min(size) < 0:
        return Harm.INSIDE
    found.sizes += (size,)
    tiny = size.at(16.0, 16.0, 16.0) < SMALLEST_PX
    found.away = found.away or (f"{one.name}:{one.value}" if tiny else "")
    return Harm.NONE


def _line(one: Declared, found: Look) -> Harm:
    if one.value in {"normal", "inherit"}:
        found.lines += ((NORMAL_LINE, NOTHING),) if one.value == "normal" else ()
        return Harm.NONE
    if NUMBER.fullmatch(one.value):
        found.lines += ((float(one.value), NOTHING),)
        return Harm.NONE
    high = length(one.value)
    if high is None:
        return Harm.ANYWHERE
    high = Length(high.px, high.em + high.percent / 100, high.rem)
    found.lines += ((0.0, high),)
    return Harm.NONE


def _family(one: Declared, _: Look) -> Harm:
    """Names in quotes or plain words: an escape could spell what is not found in the list."""
    names = outside(one.value)
    plain = {name.strip("\"' ") for name in names}
    return Harm.NONE if all(map(FAMILY.fullmatch, names)) and not plain & LETTERLESS else Harm.INSIDE


def _font(one: Declared, found: Look) -> Harm:
    if one.value == "inherit":
        return Harm.NONE
    read = FONT.fullmatch(one.value)
    if not read:
        return Harm.ANYWHERE
    said = read[1].split()
    if len(said) > len(FONT_WORDS) or any(
        len([word for word in said if re.fullmatch(kind, word)]) > 1 for kind in FONT_WORDS
    ):
        return Harm.ANYWHERE
    size, line, family = (one._replace(value=value) for value in (read[2], read[3] or "normal", read[4]))
    return _worst(_size(size, found), _line(line, found), _family(family, found))


def _worst(*harms: Harm) -> Harm:
    order = list(Harm)
    return max(harms, key=order.index)


def _width(one: Declared, found: Look) -> Harm:
    if one.value in {"auto", "none"}:
        return Harm.NONE
    wide = length(one.value)
    if wide is None:
        return Harm.INSIDE
    if one.name.startswith("max-"):
        found.limits += (wide,)
    elif one.name.startswith("min-"):
        found.least += (wide,)
    else:
        found.widths += (wide,)
    if (wide.px > FAR_PX or wide.percent > 100) and not one.name.startswith("max-"):
        return Harm.ANYWHERE
    return Harm.SPILLS if wide.usual < LEAST_WIDTH_PX and not one.name.startswith("min-") else Harm.NONE


def _high(one: Declared, _: Look) -> Harm:
    """No higher than a window: more moves what follows so far that nobody looks for it."""
    high = length(one.value)
    fair = high is not None and min(high) >= 0 and high.usual <= FAR_PX
    return Harm.NONE if fair or one.value == "auto" or HIGH.fullmatch(one.value) else Harm.ANYWHERE


def _margin(one: Declared, found: Look) -> Harm:
    read = lengths(one.value, frozenset({"auto"}))
    if read is None or any(min(side) < 0 for side in read):
        return Harm.ANYWHERE
    return _spaced(one, found, read, MOST_SPACE_PX)


def _padding(one: Declared, found: Look) -> Harm:
    read = lengths(one.value)
    return Harm.INSIDE if read is None else _spaced(one, found, read, MOST_SPACE_PX)


def _spaced(one: Declared, found: Look, sides: list[Length], most: float) -> Harm:
    """Note how far in this brings a text, and how far above it paints; one value for all sides, or top, right, bottom, left."""
    if any(side.usual > FAR_PX for side in sides):
        return Harm.ANYWHERE
    if len(sides) > 4 or any(side.usual > most or min(side) < 0 for side in sides):
        return Harm.INSIDE
    one_way = "-inline" in one.name or one.name.partition("-")[2].startswith(("left", "right"))
    other_way = "-block" in one.name or one.name.partition("-")[2].startswith(("top", "bottom"))
    if not other_way:
        across = sides if one_way else sides[1::2] or sides
        found.space = found.space.plus(max(across, key=lambda side: side.usual))
    if not one_way and not one.name.startswith("margin"):
        along = sides if other_way else sides[::2]
        found.rise = found.rise.plus(max(along, key=lambda side: side.usual))
    return Harm.NONE


def _border(one: Declared, found: Look) -> Harm:
    read = _edge(one.value)
    return Harm.INSIDE if read is None else _spaced(one, found, read or [NOTHING], MOST_BORDER_PX)


def _edge(value: str) -> list[Length] | None:
    """The widths in the value of a border or an outline; None when any part of it is something else."""
    found: list[Length] = []
    for part in parts(value):
        wide = length(part)
        if wide is not None:
            found.append(wide)
        elif part not in EDGE_WORDS and colour(part) is None:
            return None
    return found


def _radius(one: Declared, _: Look) -> Harm:
    read = lengths(one.value.replace("/", " "))
    return Harm.NONE if read and all(0 <= corner.usual <= MOST_RADIUS_PX for corner in read) else Harm.INSIDE


def _outline(one: Declared, _: Look) -> Harm:
    return Harm.NONE if one.value in {"none", "0", "0px", "inherit"} else Harm.AROUND


def _shadow(one: Declared, _: Look) -> Harm:
    shadows = [] if one.value == "none" else outside(one.value)
    return Harm.NONE if len(shadows) <= MOST_SHADOWS and all(map(_slight, shadows)) else Harm.ANYWHERE


def _slight(shadow: str) -> bool:
    """Whether a shadow does not change what is around it so much that its text could not be read."""
    read = [(length(part), colour(part)) for part in parts(shadow)]
    sizes = [size for size, _ in read if size is not None]
    inks = [ink for size, ink in read if size is None and ink is not None]
    reach = sum(abs(size.usual) for size in sizes)
    faint = reach <= SHADOW_PX and len(inks) == 1 and inks[0][3] <= SHADOW_ALPHA
    return len(sizes) + len(inks) == len(read) and (faint or reach <= SHARP_PX)


def _strokes(one: Declared, _: Look) -> Harm:
    """A stroke through a text may be as broad as its letters: under and over it only."""
    for part in parts(one.value):
        wide = length(part)
        if wide is None and part not in LINE_WORDS and colour(part) is None:
            return Harm.INSIDE if part == "line-through" else Harm.ANYWHERE
        if wide is not None and wide.usual > MOST_STROKE_PX:
            return Harm.ANYWHERE
    return Harm.NONE


def _text(one: Declared, found: Look) -> Harm:
    ink = None if one.value == "inherit" else colour(one.value)
    if ink is None and one.value != "inherit":
        return Harm.INSIDE
    if found.text is None or one.important or not found.text.important:
        found.text = Ink(ink, one.important)
    return Harm.NONE


def _ground(one: Declared, found: Look) -> Harm:
    inks = _ground_colours(one)
    if inks is None or len(inks) > 1:
        return Harm.INSIDE
    if found.ground is None or one.important or not found.ground.important:
        found.ground = Ink(inks[0] if inks else CLEAR, one.important)
    return Harm.NONE


def _ground_colours(one: Declared) -> list[Colour] | None:
    """The colours in a background; None when it is a picture, cannot be read, or is none, so that a browser drops it."""
    if one.value in {"initial", "unset"}:
        return []
    if one.name == "background-color":
        ink = colour(one.value)
        return None if ink is None else [ink]
    words = parts(one.value)
    inks = [ink for word in words if (ink := colour(word)) is not None]
    rest = " ".join(word for word in words if colour(word) is None)
    between = any(colour(word) is not None for word in words[1:-1])
    return inks if one.value and not between and LAID.fullmatch(rest) else None


def _overflow(one: Declared, found: Look) -> Harm:
    found.unclipped = found.unclipped or one.value == "visible"
    found.clips = found.clips or one.value in {"hidden", "clip"}
    found.shuts = found.shuts or (found.clips and one.name != "overflow-x")
    return Harm.NONE if one.value in {"visible", "hidden", "clip"} else Harm.INSIDE


def _display(one: Declared, found: Look) -> Harm:
    found.inline = one.value == "inline"
    return Harm.NONE if one.value in DISPLAYS else Harm.INSIDE


def _marker(one: Declared, _: Look) -> Harm:
    return Harm.NONE if MARKER_WORDS.issuperset(one.value.split()) else Harm.ANYWHERE


def _direction(one: Declared, found: Look) -> Harm:
    found.leftward = one.value == "rtl"
    return Harm.NONE if one.value in {"ltr", "rtl", "inherit"} else Harm.INSIDE


def _slow(one: Declared, _: Look) -> Harm:
    """Text and ground may change at different times, so that for as long one lies on the other's colour: a second at most."""
    most = MOST_SECONDS if one.name.endswith("transition") else MOST_SECONDS / 2
    for change in outside(EASING.sub("ease", one.value)):
        times = [TIME.fullmatch(word) for word in change.split()]
        if not all(time or WORD.fullmatch(word) for time, word in zip(times, change.split(), strict=True)):
            return Harm.INSIDE
        if sum(abs(float(time[1])) / (1000 if time[2] == "ms" else 1) for time in times if time) > most:
            return Harm.INSIDE
    return Harm.NONE


def _scheme(one: Declared, found: Look) -> Harm:
    found.scheme = one.value
    return Harm.NONE if SCHEME_WORDS.issuperset(one.value.split()) else Harm.INSIDE


SIDES = (
    "",
    "-top",
    "-right",
    "-bottom",
    "-left",
    "-inline",
    "-inline-start",
    "-inline-end",
    "-block",
    "-block-start",
    "-block-end",
)
CORNERS = (
    "",
    "-top-left",
    "-top-right",
    "-bottom-left",
    "-bottom-right",
    "-start-start",
    "-start-end",
    "-end-start",
    "-end-end",
)

GRAMMARS: dict[str, Grammar] = {
    "background": _ground,
    "background-color": _ground,
    "box-shadow": _shadow,
    "color": _text,
    "color-scheme": _scheme,
    "direction": _direction,
    "display": _display,
    "font": _font,
    "font-family": _family,
    "font-size": _size,
    "line-height": _line,
    "list-style": _marker,
    "list-style-image": _marker,
    "list-style-type": _marker,
    "min-block-size": _high,
    "min-height": _high,
    "outline": _outline,
    "outline-style": _outline,
    "outline-width": _outline,
    "text-decoration": _strokes,
    "text-decoration-line": _strokes,
    "text-decoration-style": _strokes,
    **{f"{limit}{size}": _width for limit in ("", "min-", "max-") for size in ("width", "inline-size")},
    **{
        f"{prefix}transition{part}": _slow
        for prefix in ("", "-webkit-", "-moz-", "-ms-", "-o-")
        for part in ("", "-delay", "-duration")
    },
    **dict.fromkeys(("overflow", "overflow-x", "overflow-y"), _overflow),
    **{f"margin{side}": _margin for side in SIDES},
    **{f"padding{side}": _padding for side in SIDES},
    **{f"border{side}{width}": _border for side in SIDES for width in ("", "-width")},
    **{f"border{corner}-radius": _radius for corner in CORNERS},
}
