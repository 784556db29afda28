"""Whether two reports tell of the same event, by their words. PURE.

The words agree: of the headlines alone, of headlines and ledes together, or both have one copy that says what both headlines say; and no
denial in one headline contradicts the other's. Where each headline has a word that the other has not, one was exchanged: survives and
loses, Lebanon and Gaza. That is doubt, however much else agrees, for words do not tell opposites from synonyms.

No frequencies of words are used: the same two stories are alike or not whatever else came in.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any, NamedTuple

from publisher.selection.texts import HEADLINE_WORDS, NO, pairs, said, stems, stems_said

__all__ = ["LEAST_TOLD_IN_COPY", "Sketch", "likeness", "sketch"]

HEADLINES = 0.55
"""How much of their words two headlines share that are alike by themselves (Jaccard), where a lede is missing."""
HEADLINES_LEDES = ((0.5, 0.15), (0.3, 0.35))
"""The same where both have ledes: so much of the headlines with so much of the ledes."""
ONE_COPY, OF_HEADLINE = 0.7, 0.5
"""How much two ledes share that are one copy, and how much such a copy says of what each headline has alone."""
SAME_WORDS, IN_ORDER = 0.8, 0.25
"""The same words in another order say another thing: who beat whom."""
LEAST_WORDS, LEAST_PAIRS = 4, 2
LEAST_TOLD, LEAST_TOLD_IN_COPY = 3, 2
"""Words of a headline that say what happened; in the second case a copy tells the rest."""
LEAST_LEDE = 8
"""Words that a lede has to have to be evidence."""
LEDE_WORDS, LEDE_SIGNS = 60, 1000
"""How many words of a lede are compared."""


class Sketch(NamedTuple):
    """What is compared of the few that are found: words of the headline, pairs and numbers in it, and whether it denies; words of the lede.

    Of what is asked for at once there are sets, of the rest only tuples: the garbage collector looks through every set again and again.
    """

    words: frozenset[str]
    pairs: tuple[int, ...]
    numbers: tuple[str, ...]
    denies: bool
    lede: frozenset[str]
    headline: Mapping[str, None]
    told: tuple[str, ...]


def likeness(one: Sketch, other: Sketch) -> float:
    """How alike two sketches are; 0: not enough, or not beyond doubt."""
    if one.denies is not other.denies:
        return 0
    if one.numbers and other.numbers and {*one.numbers}.isdisjoint(other.numbers):
        return 0
    pairs, others = frozenset(one.pairs), frozenset(other.pairs)
    headlines = _shared(one.words, other.words) if len(pairs & others) >= LEAST_PAIRS else 0.0
    if headlines >= SAME_WORDS and _shared(pairs, others) < IN_ORDER:
        return 0
    if min(len(one.lede), len(other.lede)) < LEAST_LEDE:
        enough = headlines >= HEADLINES and len(one.words & other.words) >= LEAST_WORDS
        return headlines if enough and _one_tells(one, other) else 0
    ledes = _shared(one.lede, other.lede)
    if ledes >= ONE_COPY:
        if _exchanged({*one.told}, {*other.told}):
            return 0
        return headlines + ledes if _one_tells(one, other) or _copied(one, other) else 0
    if any(headlines >= a and ledes >= b for a, b in HEADLINES_LEDES) and _one_tells(one, other):
        return headlines + ledes
    return 0


def _one_tells(one: Sketch, other: Sketch) -> bool:
    """Whether one headline says all that the other does, and that is something."""
    first, second = one.headline, other.headline
    if min(len(first), len(second)) < LEAST_TOLD or _exchanged(first.keys(), second.keys()):
        return False
    # two words that have changed places around others: who beat whom
    in_both = zip((w for w in first if w in second), (w for w in second if w in first), strict=True)
    moved = [place for place, (here, there) in enumerate(in_both) if here != there]
    return len(moved) != 2 or moved[1] - moved[0] == 1


def _exchanged(one: AbstractSet[str], other: AbstractSet[str]) -> bool:
    """Whether each has a word that the other has not."""
    return not (one <= other if len(one) <= len(other) else other <= one)


def _copied(one: Sketch, other: Sketch) -> bool:
    """Whether what both ledes have in common says most of what each headline alone does."""
    copy = {*one.told}.intersection(other.told)
    first, second = one.headline.keys(), other.headline.keys()
    alone = (first - second, second - first)
    return min(len(first), len(second)) >= LEAST_TOLD_IN_COPY and all(
        len(words & copy) >= OF_HEADLINE * len(words) for words in alone
    )


def _shared(one: frozenset[Any], other: frozenset[Any]) -> float:
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0


@lru_cache(maxsize=12_000)
def sketch(headline: str, lede: str) -> Sketch:
    """What is compared, of stories that were found (`grouping`)."""
    head, plain = stems(headline)
    head = head[:HEADLINE_WORDS]
    words, told = stems_said(lede)
    return Sketch(
        frozenset(head),
        pairs(head),
        (*(word for word in head if word < ":"),),
        NO.search(plain) is not None,
        frozenset(words[:LEDE_WORDS]),
        dict.fromkeys(said([headline])[0]),
        told if len(lede) <= LEDE_SIGNS else stems_said(lede[:LEDE_SIGNS])[1],
    )
