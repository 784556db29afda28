"""What a text says, for whoever compares it with others: the stems of its words, its words without their endings, and its marks. PURE.

A text in plain letters is parted without a look at each sign, which is much the quickest; all others by expressions. Kept as long as
texts say the same, for builds of feeds ask again and again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from string import ascii_lowercase, digits

__all__ = ["NO", "marks", "root", "roots", "stems"]

OPENING_WORDS, OPENING_SIGNS = 14, 120
"""How many words of a lede lead to it, for a copy begins as its original does; and in how many signs they are looked for."""
STEMS = re.compile(r"(?<![a-z])[a-z]{3,5}|\d+(?:[.,]\d+)*")
"""The first letters of each word, for endings differ from agency to agency; words of two letters say nothing. Numbers whole."""
ANY_STEMS = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff]+|(?<![^\W\d_])[^\W\d_\u3040-\u30ff\u3400-\u9fff]{3,5}|\d+(?:[.,]\d+)*"
)
TYPOGRAPHY = (
    ("’", "'"),
    ("‘", "'"),
    ("“", '"'),
    ("”", '"'),
    ("–", "-"),
    ("—", "-"),
    ("…", "..."),
    ("\xa0", " "),
)
"""Signs that typesetters put into texts that are ASCII without them."""
UNPARTED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
"""Signs of scripts without blanks: neighbouring two of them are a word here."""
SAME = str.maketrans("يكةأإآ٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "یکهااا01234567890123456789", "\u200c\u0640")
"""Letters and digits that Arabic and Persian keyboards write in two ways; what only joins or stretches goes."""
ARTICLE = re.compile(r"(?<!\w)ال(?=\w{3})")
NO = re.compile(
    r"\b(?:not|no|never|without|second|third|another|again|den(?:y|ies|ied)|refut\w+|n'est|pas|non|sans|dément\w*|niega\w*|desmient\w*|sin|не|нет|без|опроверг\w+|отриц\w+"
    r"|لا|لم|لن|ليس|ینفی|نفی|تنفی|نه|تکذیب|رد|بدون|دون|לא|אין|מכחיש\w*)\b|n['’]t\b|[不未没否]"
)
"""What turns a sentence round, or tells of one more: reports of which only one has it may say the opposite, or another event."""
LATIN = re.compile(r"[a-z]{2,}|\d+(?:[.,]\d+)*")
WHOLE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\d_\u3040-\u30ff\u3400-\u9fff]{2,}|\d+(?:[.,]\d+)*")
"""A word to its end; of scripts without blanks each sign."""
ENDING = re.compile(
    r"(?<=[a-z]{3})(?:ing|ed|es|s|e|d)$|(?<=[а-яё]{3})[аеёийоуыьэюямх]$|(?<=[ء-ی]{3})(?:هم|ها|ه|ی)$"
)
"""What grammar puts after a word; nothing that turns one country into another (Niger, Nigeria)."""
LAST = frozenset("gsed" + "аеёийоуыьэюямх" + "ماهی")
"""Signs in which such an ending ends: most words have none, and are not looked through."""
FILLING = """
the an and or of to in on at by as is are was were be has have had will its it his her their for with from into after amid over
says say said update updates live latest breaking what you your need know this these things today morning briefing
de la le les des du un une et en au aux sur pour par dans el los las del por para con
на по из за от до для при об в به از در با که را تا بر هم این آن برای في من علی الی عن مع של את על
"""
NOTHING_SAID = frozenset((*FILLING.split(), *ascii_lowercase))
"""Words that any headline may have more or fewer of."""
BREAK, NUMBER = "\x1f", "\x1e"
"""What stands between two texts that are parted in one go, and for each digit."""
BLANKS = bytes(
    sign if chr(sign) in ascii_lowercase + BREAK else ord(NUMBER if chr(sign) in digits else " ")
    for sign in range(256)
)
"""All that is no letter in ASCII."""


@lru_cache(maxsize=12_000)
def marks(headline: str, lede: str) -> tuple[tuple[int, ...], int]:
    """What a story is found by: the pairs of words in its headline, and after them the runs of words that open its lede; how many are pairs.

    They are hashes: they are only ever asked whether they are the same.
    """
    words, opening = _both(headline, _opening(lede))
    skipping = zip(words, words[2:])  # noqa: B905 - shorter by design, and `strict` costs more than the rest
    pairs = (*map(hash, pairwise(words)), *map(hash, skipping))
    runs = map(hash, zip(opening, opening[1:], opening[2:], opening[3:]))  # noqa: B905 - as above
    return (*pairs, *runs), len(pairs)


def _opening(lede: str) -> str:
    """What holds the first words of a lede."""
    return lede if len(lede) <= OPENING_SIGNS else lede[: lede.rfind(" ", 0, OPENING_SIGNS)]


def _both(headline: str, opening: str) -> tuple[list[str], list[str]]:
    """The stems of headline and opening; of plain ones in one go."""
    plain = f"{headline}{BREAK}{opening}".casefold()
    if (parted := _parted(plain)) is None:
        return stems(headline)[0], stems(opening)[0][:OPENING_WORDS]
    head, _, rest = parted.partition(BREAK)
    return _cut(head.split()), _cut(rest.split())[:OPENING_WORDS]


@lru_cache(maxsize=12_000)
def roots(text: str) -> Mapping[str, None]:
    """The words that say something, without their endings, each once and in order."""
    plain = _plain(text)
    parted = _parted(plain)
    words = (LATIN if plain.isascii() else WHOLE).findall(plain) if parted is None else parted.split()
    return dict.fromkeys(
        [root(word) if word[-1] in LAST else word for word in words if word not in NOTHING_SAID]
    )


@lru_cache(maxsize=20_000)
def root(word: str) -> str:
    """The word without its ending."""
    return ENDING.sub("", word)


def stems(text: str) -> tuple[list[str], str]:
    """The stems of a text, and the text as they were looked for in it."""
    plain = _plain(text)
    if (parted := _parted(plain)) is not None:
        return _cut(parted.split()), plain
    if plain.isascii():
        return STEMS.findall(plain), plain
    found = ANY_STEMS.findall(plain)
    if UNPARTED.search(plain):
        found = [part for word in found for part in (_pieces(word) if UNPARTED.match(word) else [word])]
    return found, plain


def _plain(text: str) -> str:
    plain = text.casefold()
    if plain.isascii():
        return plain
    for sign, typed in TYPOGRAPHY:
        plain = plain.replace(sign, typed)
    if plain.isascii():
        return plain
    return ARTICLE.sub("", unicodedata.normalize("NFKC", plain).translate(SAME))


def _parted(plain: str) -> str | None:
    """A text in ASCII that has no numbers, with blanks between its words; None of any other."""
    if not plain.isascii():
        return None
    parted = plain.encode().translate(BLANKS).decode()
    return None if NUMBER in parted else parted


def _cut(words: list[str]) -> list[str]:
    return [word[:5] for word in words if len(word) > 2]


def _pieces(word: str) -> list[str]:
    return [word[at : at + 2] for at in range(max(1, len(word) - 1))]
