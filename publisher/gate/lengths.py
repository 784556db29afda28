"""Lengths as style sheets write them, when they can be read completely. PURE."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ["NOTHING", "Length", "length", "lengths", "parts"]

LENGTH = re.compile(r"([+-]?(?:\d+(?:\.\d+)?|\.\d+))(px|pt|pc|in|cm|mm|q|em|rem|ch|ex|%)")
"""No exponents (`1e-3px`), no functions, no units of the window: what those come to is not certain."""
PX = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "q": 0.945}
EM = {"em": 1.0, "ch": 0.5, "ex": 0.5}
ZERO = re.compile(r"[+-]?(?:0+(?:\.0+)?|\.0+)")
BLANKS = re.compile(r"\s+(?![^(]*\))")


class Length(NamedTuple):
    """A length in px, in sizes of the font, in sizes of the root's font, and in hundredths of what is around it."""

    px: float = 0.0
    em: float = 0.0
    rem: float = 0.0
    percent: float = 0.0

    def at(self, size: float, around: float, root: float) -> float:
        """In px, for a font of `size` px (at the root: `root`) inside something of `around` px."""
        return self.px + self.em * size + self.rem * root + self.percent * around / 100

    def plus(self, other: Length) -> Length:
        """Both together."""
        return Length(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def usual(self) -> float:
        """In px, for a font of 16 px in a mail of 600."""
        return self.at(16.0, 600.0, 16.0)


NOTHING = Length()


@lru_cache(maxsize=4096)
def length(value: str) -> Length | None:
    """The length that a value in lower case says; None when it cannot be read completely."""
    if ZERO.fullmatch(value):
        return NOTHING
    found = LENGTH.fullmatch(value)
    if not found:
        return None
    number, unit = float(found[1]), found[2]
    if unit in PX:
        return Length(px=number * PX[unit])
    if unit in EM:
        return Length(em=number * EM[unit])
    return Length(rem=number) if unit == "rem" else Length(percent=number)


def lengths(value: str, words: frozenset[str] = frozenset()) -> list[Length] | None:
    """The lengths that a value lists, these words counting as nothing; None when any part is something else."""
    found = [NOTHING if part in words else length(part) for part in parts(value)]
    read = [one for one in found if one is not None]
    return read if len(read) == len(found) else None


def parts(value: str) -> list[str]:
    """The parts of a value between its blanks; what stands in brackets is one part."""
    return BLANKS.split(value)
