"""Whether a declaration may do harm to text: by the lists of `properties`, or by the grammar of its own that it has. PURE.

What stands on no list, and what cannot be read to its end, does harm anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from publisher.gate.css import Declared, Unreadable, declarations
from publisher.gate.grammars import GRAMMARS
from publisher.gate.lengths import length, lengths
from publisher.gate.look import Harm, Look
from publisher.gate.properties import (
    AWAY,
    BOUNDS,
    FAR,
    FAR_PX,
    FREE_WORDS,
    HARMLESS,
    INSIDE,
    KEPT,
    LIGHT,
    POINT,
    SPILLING,
)

__all__ = ["look", "look_of", "varies"]

PREFIX = re.compile(r"-(?:webkit|moz|ms|o)-(?=[a-z])")
VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,([^()]*))?\)")
FAR_AWAY = re.compile(r"-(?:\d{3,}vw|\d{4,}px|999px)")
TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]|\\0*(?:202[a-e]|206[6-9])")
"""Marks in generated content that turn the text after it round."""
CUT_OFF = frozenset({"hidden", "clip", "auto", "scroll"})


@lru_cache(maxsize=4096)
def look(css: str) -> Look:
    """What a style attribute does where no custom property is in force."""
    try:
        return look_of(declarations(css), {})
    except Unreadable as error:
        said = f"a style that cannot be read, {error}"
        return Look(hides=said, reaches=said)


def varies(declared: Sequence[Declared]) -> bool:
    """Whether custom properties matter to these declarations."""
    return any("var(" in one.value for one in declared)


def look_of(declared: Sequence[Declared], variables: Mapping[str, str]) -> Look:
    """What declarations do with these custom properties in force."""
    found = Look()
    values: dict[str, str] = {}
    for given in declared:
        one = given._replace(value=_resolved(given.value, variables))
        values[one.name] = one.value
        harm = _harm(one, found)
        if harm is Harm.NONE:
            continue
        said = one.name if one.name.startswith("--") else f"{one.name}:{one.value}"
        found.away = found.away or (said if _takes_away(one) else "")
        if harm is not Harm.AROUND:
            found.hides = found.hides or said
        if harm is Harm.SPILLS:
            found.spills = found.spills or said
        elif harm is not Harm.INSIDE:
            found.reaches = found.reaches or said
    if values.get("overflow") in CUT_OFF:
        found.spills = ""
    if found.reaches and _aside(declared, values):
        found.reaches, found.aside = "", True
    found.light = found.aside or values.keys() <= LIGHT
    return found


def _resolved(value: str, variables: Mapping[str, str]) -> str:
    """The value with its custom properties filled in, as far as they are known; one may be made of another."""
    for _ in range(4):
        if "var(" not in value:
            break
        value = VARIABLE.sub(lambda found: variables.get(found[1], found[2] or found[0]).strip(), value)
    return value


def _harm(one: Declared, found: Look) -> Harm:
    """What harm a declaration may do; what it does to size, place and colour is noted in `found`."""
    name, value = PREFIX.sub("", one.name), one.value
    if TURNING.search(value):
        return Harm.ANYWHERE
    if name in HARMLESS:
        return Harm.NONE
    if one.name in GRAMMARS:
        return GRAMMARS[one.name](one, found)
    if name in INSIDE:
        return Harm.NONE if value in INSIDE[name] else Harm.INSIDE
    if name in KEPT:
        return Harm.NONE if value in KEPT[name] else Harm.ANYWHERE
    if name in BOUNDS:
        return _bounded(name, value, found)
    if name in SPILLING:
        return Harm.NONE if value in SPILLING[name] else Harm.SPILLS
    # A custom property changes what others are made of, but only inside its element.
    return Harm.INSIDE if one.name.startswith("--") else Harm.ANYWHERE


def _bounded(name: str, value: str, found: Look) -> Harm:
    least, most, elsewhere = BOUNDS[name]
    if value in FREE_WORDS:
        return Harm.NONE
    read = length(value)
    if read is None:
        return Harm.INSIDE if elsewhere is None else Harm.ANYWHERE
    if read.usual > FAR_PX or (elsewhere is not None and read.usual < elsewhere):
        return Harm.ANYWHERE
    if name == "text-indent":
        found.space = found.space.plus(read)
    return Harm.NONE if least <= read.usual <= most else Harm.INSIDE


def _takes_away(one: Declared) -> bool:
    if one.name in AWAY:
        return one.value in AWAY[one.name]
    faint = re.fullmatch(r"([\d.]+)(%?)", one.value) if one.name == "opacity" else None
    return faint is not None and float(faint[1]) / (100 if faint[2] else 1) < 0.1


def _aside(declared: Sequence[Declared], values: Mapping[str, str]) -> bool:
    """Whether an element is off the screen, or one point of it: what pages do for those who listen to them.

    It has no ground, no size and no space of its own that could reach back.
    """
    own = values.keys() - HARMLESS
    if values.get("position") not in {"absolute", "fixed"} or len(values) < len(declared):
        return False
    if own <= FAR:
        return any(FAR_AWAY.fullmatch(values.get(name, "")) for name in ("left", "top", "inset-inline-start"))
    if not own <= POINT or values.get("overflow") not in {"hidden", "clip"}:
        return False
    sides = [length(values.get(name, "")) for name in ("width", "height")]
    margin = lengths(values.get("margin", "0"))
    none = all(values.get(name, "0") in {"0", "0px", "none"} for name in ("padding", "border"))
    small = margin is not None and all(abs(side.usual) <= 1 for side in margin)
    return none and small and all(side is not None and 0 <= side.usual <= 1 for side in sides)
