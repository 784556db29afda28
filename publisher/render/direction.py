"""Direction of text: which languages run right to left, and marks that keep a line running so where markup is lost.

Feed readers and mail programs that strip `dir` decide by the first strong character (Unicode UAX 9, P2); a Persian headline
that begins with Latin letters would flip. A right-to-left mark in front (U+200F) decides for them. A name in a sentence of the
other direction is kept together by isolates (U+2066 to U+2069), or a bracket at its end would jump to the wrong side.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from babel import Locale, UnknownLocaleError

__all__ = ["LRI", "LRM", "PDI", "RLM", "direction", "first_strong", "is_rtl", "isolated", "lead_in"]

LRM, RLM = "\u200e", "\u200f"
LRI, RLI, FSI, PDI = "\u2066", "\u2067", "\u2068", "\u2069"


@lru_cache(maxsize=256)
def direction(language: str) -> str:
    """Give "rtl" or "ltr" for a BCP 47 tag; unknown languages run left to right."""
    try:
        return str(Locale.parse(language.replace("-", "_")).text_direction)
    except (UnknownLocaleError, ValueError):
        base = language.partition("-")[0]
        return direction(base) if base != language else "ltr"


def is_rtl(language: str) -> bool:
    """Whether the language runs right to left."""
    return direction(language) == "rtl"


def first_strong(text: str) -> str:
    """Give "rtl" or "ltr" by the first strong character, "" when there is none."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in {"R", "AL"}:
            return "rtl"
        if kind == "L":
            return "ltr"
    return ""


def lead_in(text: str, language: str) -> str:
    """The text, led by a right-to-left mark where its language runs so and its first strong character does not."""
    return RLM + text if is_rtl(language) and first_strong(text) != "rtl" else text


def isolated(text: str, language: str, own: str = "") -> str:
    """The text as part of a line in `language`, kept together where it runs the other way; by its own language, else by its letters.

    A text from left to right needs it only among right-to-left words, and a foreign one of known language on either side.
    """
    if own:
        mark = RLI if is_rtl(own) else LRI
        return text if is_rtl(own) == is_rtl(language) else f"{mark}{text}{PDI}"
    foreign = is_rtl(language) and any(
        unicodedata.bidirectional(character) == "L" for character in text if character != LRM
    )
    return f"{FSI}{text}{PDI}" if foreign else text
