"""What a text says, for whoever compares it with others: the stems of its words, its words without their endings, and runs of them. PURE.

Texts in plain letters are parted all at once and without a look at each sign, which is much the quickest; all others by expressions.
What is found is remembered, for builds of feeds ask again and again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from string import ascii_letters, ascii_lowercase, digits
from typing import Generic, TypeVar

__all__ = ["HEADLINE_WORDS", "NO", "forget", "pairs", "root", "runs", "said", "stems", "stems_said"]

TEXTS, WORDS = 12_000, 50_000
"""How many texts and words are remembered: with more, all are forgotten, and whatever is asked for next is learnt again."""
HEADLINE_WORDS = 60
"""Words of a headline that are looked at, for where each sign is a word: nobody reads more, and somebody may send more."""
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
Made = TypeVar("Made")
BREAK, NUMBER = "\x1f", "\x1e"
"""What stands between texts that are parted in one go, and for each digit."""
BLANKS = bytes(
    ord(chr(sign).lower() if chr(sign) in ascii_letters + BREAK else NUMBER if chr(sign) in digits else " ")
    for sign in range(256)
)
"""Small letters for all letters of ASCII, and blanks for the other signs."""


def said(texts: Sequence[str]) -> list[tuple[str, ...]]:
    """Of each text the words that say something, without their endings, each once and in order."""
    return _SAID.of(texts)


def runs(ledes: Sequence[str]) -> list[tuple[int, ...]]:
    """Of each lede the runs of words that open it. They are hashes: they are only ever asked whether they are the same."""
    return _RUNS.of(ledes)


def forget() -> None:
    """Start as if no text had been seen."""
    for known in (_SAID, _RUNS, _ROOTS):
        known.clear()


def pairs(words: Sequence[str]) -> tuple[int, ...]:
    """The pairs of words in a headline, of neighbours and of those around one word; hashes, as the runs are."""
    skipping = zip(words, words[2:])  # noqa: B905 - shorter by design, and `strict` costs more than the rest
    return (*map(hash, pairwise(words)), *map(hash, skipping))


def stems_said(text: str) -> tuple[list[str], tuple[str, ...]]:
    """The stems of a text and what it says, parted once."""
    (words,) = _parted([text])
    if words is None:
        return stems(text)[0], _roots(_words(text))
    return _cut(words), _roots(words)


def root(word: str) -> str:
    """The word without its ending."""
    return ENDING.sub("", word)


def stems(text: str) -> tuple[list[str], str]:
    """The stems of a text, and the text as they were looked for in it."""
    plain = _plain(text)
    (words,) = _parted([plain])
    if words is not None:
        return _cut(words), plain
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


class _Remembered(Generic[Made]):
    """What is made of texts, of each once. Full, it begins anew; whoever is asking in another thread keeps what was there."""

    def __init__(self, make: Callable[[Sequence[str]], Iterable[Made]]) -> None:
        self._make = make
        self._known: dict[str, Made] = {}

    def of(self, texts: Sequence[str]) -> list[Made]:
        if len(self._known) > TEXTS:
            self.clear()
        known = self._known
        if new := [text for text in texts if text not in known]:
            known.update(zip(new, self._make(new), strict=True))
        return [known[text] for text in texts]

    def clear(self) -> None:
        self._known = {}


def _said(texts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for text, words in zip(texts, _parted(texts), strict=True):
        yield (*dict.fromkeys(_roots(_words(text) if words is None else words)),)[:HEADLINE_WORDS]


def _runs(ledes: Sequence[str]) -> Iterator[tuple[int, ...]]:
    openings = [lede if len(lede) <= OPENING_SIGNS else _opening(lede) for lede in ledes]
    for opening, words in zip(openings, _parted(openings), strict=True):
        cut = (stems(opening)[0] if words is None else _cut(words))[:OPENING_WORDS]
        yield (*map(hash, zip(cut, cut[1:], cut[2:], cut[3:])),)  # noqa: B905 - shorter by design, as above


def _opening(lede: str) -> str:
    """What holds the first words of a long lede; where no blank parts them, signs do."""
    end = lede.rfind(" ", 0, OPENING_SIGNS)
    return lede[: end if end > 0 else OPENING_SIGNS]


def _parted(texts: Sequence[str]) -> Iterator[list[str] | None]:
    """The words of each text that is in ASCII and has no numbers, all in one go; None of any other."""
    plain = [text if text.isascii() and BREAK not in text else "0" for text in texts]
    for parted in BREAK.join(plain).encode().translate(BLANKS).decode().split(BREAK):
        yield None if NUMBER in parted else parted.split()


def _words(text: str) -> list[str]:
    plain = _plain(text)
    return (LATIN if plain.isascii() else WHOLE).findall(plain)


class _Roots(dict[str, str]):
    """Words without their endings, each looked through once; "" of one that says nothing."""

    def __missing__(self, word: str) -> str:
        if len(self) >= WORDS:
            self.clear()
        made = self[word] = "" if word in NOTHING_SAID else root(word) if word[-1] in LAST else word
        return made


_ROOTS = _Roots()
_SAID = _Remembered(_said)
_RUNS = _Remembered(_runs)


def _roots(words: Iterable[str]) -> tuple[str, ...]:
    return (*filter(None, map(_ROOTS.__getitem__, words)),)


def _cut(words: list[str]) -> list[str]:
    return [word[:5] for word in words if len(word) > 2]


def _pieces(word: str) -> list[str]:
    return [word[at : at + 2] for at in range(max(1, len(word) - 1))]
