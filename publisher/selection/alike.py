"""Which stories of several agencies report the same event. PURE.

A wrong group hides a story, a missed one only prints an event twice: so whatever is in doubt is no group. Two stories belong together
when their sources differ, their language does not, they claim times within a day of each other, no denial in one headline contradicts the
other's, and the words agree: of the headlines alone, of headlines and ledes together, or both have one copy that says what both headlines say.
Where each headline has a word that the other has not, one was exchanged: survives and loses, Lebanon and Gaza. That is doubt, however much
else agrees, for words do not tell opposites from synonyms. What is compared is what the sources wrote, never a headline of ours. A story
joins the group of an earlier one that it resembles itself; chains (A like B, B like C) make no group. What the desk joined or split by
hand holds, whatever the words say.

No frequencies of words are used: the same two stories are alike or not whatever else came in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain, pairwise
from string import ascii_lowercase, digits
from typing import Any, NamedTuple

from publisher.selection.byhand import Tie, by_hand
from publisher.selection.candidates import claimed
from publisher.story import Story

__all__ = ["SPAN", "Groups", "Sketch", "grouped", "sketch"]

SPAN = timedelta(hours=24)
"""How far apart the times that two reports of one event claim may lie."""
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
OPENING_WORDS, OPENING_SIGNS = 14, 120
"""How many of them lead to it, for a copy begins as its original does; and in how many signs they are looked for."""
POSTINGS = 24
"""Of many stories with the same pair of words only the latest are looked at."""
STEMS = re.compile(r"(?<![a-z])[a-z]{3,5}|\d+(?:[.,]\d+)*")
"""The first letters of each word, for endings differ from agency to agency; words of two letters say nothing. Numbers whole."""
ANY_STEMS = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff]+|(?<![^\W\d_])[^\W\d_\u3040-\u30ff\u3400-\u9fff]{3,5}|\d+(?:[.,]\d+)*"
)
BLANKS = bytes(sign if chr(sign) in ascii_lowercase + digits else 0x20 for sign in range(256))
"""All that is neither letter nor digit, in ASCII."""
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
    r"(?<!\w)(?:not|no|never|without|second|third|another|again|den(?:y|ies|ied)|refut\w+|n'est|pas|non|sans|dément\w*|niega\w*|desmient\w*|sin|не|нет|без|опроверг\w+|отриц\w+"
    r"|لا|لم|لن|ليس|ینفی|نفی|تنفی|نه|تکذیب|رد|بدون|دون|לא|אין|מכחיש\w*)(?!\w)|n['’]t(?!\w)|[不未没否]"
)
"""What turns a sentence round, or tells of one more: reports of which only one has it may say the opposite, or another event."""
LATIN = re.compile(r"[a-z]{2,}|\d+(?:[.,]\d+)*")
WHOLE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\d_\u3040-\u30ff\u3400-\u9fff]{2,}|\d+(?:[.,]\d+)*")
"""A word to its end; of scripts without blanks each sign."""
ENDING = re.compile(
    r"(?<=[a-z]{3})(?:ing|ed|es|s|e|d)$|(?<=[а-яё]{3})[аеёийоуыьэюямх]$|(?<=[ء-ی]{3})(?:هم|ها|ه|ی)$"
)
"""What grammar puts after a word; nothing that turns one country into another (Niger, Nigeria)."""
FILLING = """
the an and or of to in on at by as is are was were be has have had will its it his her their for with from into after amid over
says say said update updates live latest breaking what you your need know this these things today morning briefing
de la le les des du un une et en au aux sur pour par dans el los las del por para con
на по из за от до для при об в به از در با که را تا بر هم این آن برای في من علی الی عن مع של את על
"""
NOTHING_SAID = frozenset((*FILLING.split(), *ascii_lowercase))
"""Words that any headline may have more or fewer of."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Stories by event. Only events that more than one story reports are here, each named by its first story.

    Attributes:
        of: story id -> its event. members: event -> its stories in order of the time they claim.
    """

    of: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, tuple[Story, ...]] = field(default_factory=dict)

    def event(self, story_id: str) -> str:
        """What the story reports; a story that stands alone is its own event."""
        return self.of.get(story_id, story_id)

    def others(self, story: Story) -> tuple[Story, ...]:
        """The other stories of its event."""
        members = self.members.get(self.of.get(story.story_id, ""), ())
        return tuple(other for other in members if other.story_id != story.story_id)


class Marks(NamedTuple):
    """What a story is found by: so many pairs of words in its headline, and after them the runs of words that open its lede.

    They are hashes: they are only ever asked whether they are the same.
    """

    keys: tuple[int, ...]
    pairs: int


class Sketch(NamedTuple):
    """What is compared of the few that are found: words of the headline, pairs and numbers in it, and whether it denies; words of the lede."""

    words: frozenset[str]
    pairs: frozenset[int]
    numbers: frozenset[str]
    denies: bool
    lede: frozenset[str]
    headline: str
    told: str


class _Head(NamedTuple):
    """A story that is held against earlier ones, and later ones against it; and the event it stands for."""

    headline: str
    lede: str
    at: datetime
    event: str


def grouped(stories: Iterable[Story], ties: Iterable[Tie] = ()) -> Groups:
    """The events among these stories; equal input in any order gives equal groups. Later ties of a pair take the place of earlier ones."""
    hand = by_hand(ties)
    order = sorted(((*_order(story), story) for story in stories), key=lambda entry: entry[:2])
    # what the desk joined is one from the beginning, so that a story is like whichever of these it is like
    units: dict[str | frozenset[str], list[tuple[datetime, Story]]] = {}
    for at, story_id, story in order:
        units.setdefault(hand.joined.get(story_id, story_id), []).append((at, story))
    events: dict[str, list[Story]] = {}
    shelves: dict[str, _Index] = {}
    for unit in units.values():
        apart = {other for _, story in unit for other in hand.apart.get(story.story_id, ())}
        sources = {story.source for _, story in unit}
        heads = [
            (_shelf(shelves, story), _Head(*_texts(story), at, unit[0][1].story_id)) for at, story in unit
        ]
        made = [(index, head, index.met(head)) for index, head in heads]
        event = next(
            (
                known
                for index, head, met in made
                for known in index.like(head, met)
                if all(m.source not in sources and m.story_id not in apart for m in events[known])
            ),
            None,
        )
        if len(unit) > 1:
            for index, head in heads:
                index.add(head if event is None else head._replace(event=event), index.met(head))
        elif event is None:
            for index, head, met in made:
                index.add(head, met)
        events.setdefault(event or unit[0][1].story_id, []).extend(story for _, story in unit)
    several = [sorted(members, key=_order) for members in events.values() if len(members) > 1]
    return Groups(
        {member.story_id: members[0].story_id for members in several for member in members},
        {members[0].story_id: tuple(members) for members in several},
    )


def _order(story: Story) -> tuple[datetime, str]:
    return claimed(story), story.story_id


def _shelf(shelves: dict[str, _Index], story: Story) -> _Index:
    """The stories of its language."""
    return shelves.setdefault(story.received.language.casefold().partition("-")[0], _Index())


def _texts(story: Story) -> tuple[str, str]:
    return story.received.headline or story.received.original_headline, story.received.lede


_Places = int | list[int]
"""Where a mark stands: one head, or several in order."""


class _Index:
    """Heads by what they share with another: pairs of words in the headline, runs of words in the lede."""

    def __init__(self) -> None:
        self._heads: list[_Head] = []
        self._places: dict[int, _Places] = {}

    def met(self, story: _Head) -> list[_Places | None]:
        """Where each mark of the story stands already."""
        return [*map(self._places.get, marks(story.headline, story.lede).keys)]

    def add(self, head: _Head, met: list[_Places | None]) -> None:
        """Hold later stories against this one too, whose marks were `met` last of all."""
        place, places = len(self._heads), self._places
        self._heads.append(head)
        for key, known in zip(marks(head.headline, head.lede).keys, met, strict=True):
            if known is None:
                places[key] = place
            elif isinstance(known, int):
                places[key] = [known, place]
            else:
                known.append(place)

    def like(self, story: _Head, met: list[_Places | None]) -> list[str]:
        """The events of heads that are alike, most alike first, of equal ones the earlier."""
        if met.count(None) > len(met) - 2:
            return []
        pairs = marks(story.headline, story.lede).pairs
        heads, alike = self._heads, _twice(met[:pairs])
        if alike:
            # of headlines that share pairs most stop here, in a wire of ready-made ones nearly all: it is the cheapest question
            told = roots(story.headline)
            alike = {place for place in alike if not _exchanged(told, roots(heads[place].headline))}
        alike |= _twice(met[pairs:])
        near = [(place, heads[place]) for place in alike if abs(story.at - heads[place].at) <= SPAN]
        if not near:
            return []
        made = sketch(story.headline, story.lede)
        found = [(-_likeness(made, sketch(head.headline, head.lede)), place) for place, head in near]
        return [heads[place].event for likeness, place in sorted(found) if likeness]


def _twice(found: list[_Places | None]) -> set[int]:
    """The places that stand at two keys or more."""
    met: set[int] = set()
    twice: set[int] = set()
    for places in found:
        if places is None:
            continue
        if isinstance(places, int):
            (twice if places in met else met).add(places)
        else:
            several = [places[0], *places[-POSTINGS:]]
            twice.update(met.intersection(several))
            met.update(several)
    return twice


def _likeness(one: Sketch, other: Sketch) -> float:
    """How alike two sketches are; 0: not enough, or not beyond doubt."""
    if one.denies is not other.denies:
        return 0
    if one.numbers and other.numbers and one.numbers.isdisjoint(other.numbers):
        return 0
    headlines = _shared(one.words, other.words) if len(one.pairs & other.pairs) >= LEAST_PAIRS else 0.0
    if headlines >= SAME_WORDS and _shared(one.pairs, other.pairs) < IN_ORDER:
        return 0
    if min(len(one.lede), len(other.lede)) < LEAST_LEDE:
        enough = headlines >= HEADLINES and len(one.words & other.words) >= LEAST_WORDS
        return headlines if enough and _one_tells(one, other) else 0
    ledes = _shared(one.lede, other.lede)
    if ledes >= ONE_COPY:
        if _exchanged(roots(one.told), roots(other.told)):
            return 0
        return headlines + ledes if _one_tells(one, other) or _copied(one, other) else 0
    if any(headlines >= a and ledes >= b for a, b in HEADLINES_LEDES) and _one_tells(one, other):
        return headlines + ledes
    return 0


def _one_tells(one: Sketch, other: Sketch) -> bool:
    """Whether one headline says all that the other does, and that is something."""
    first, second = roots(one.headline), roots(other.headline)
    if first is second or _exchanged(first, second):
        return first is second and len(first) >= LEAST_TOLD
    if min(len(first), len(second)) < LEAST_TOLD:
        return False
    # two words that have changed places around others: who beat whom
    in_both = zip((w for w in first if w in second), (w for w in second if w in first), strict=True)
    moved = [place for place, (here, there) in enumerate(in_both) if here != there]
    return len(moved) != 2 or moved[1] - moved[0] == 1


def _exchanged(one: Mapping[str, None], other: Mapping[str, None]) -> bool:
    """Whether each has a word that the other has not."""
    if one is other:
        return False
    return not (one.keys() <= other.keys() if len(one) <= len(other) else other.keys() <= one.keys())


def _copied(one: Sketch, other: Sketch) -> bool:
    """Whether what both ledes have in common says most of what each headline alone does."""
    copy = roots(one.told).keys() & roots(other.told).keys()
    first, second = roots(one.headline).keys(), roots(other.headline).keys()
    alone = (first - second, second - first)
    return min(len(first), len(second)) >= LEAST_TOLD_IN_COPY and all(
        len(words & copy) >= OF_HEADLINE * len(words) for words in alone
    )


def _shared(one: frozenset[Any], other: frozenset[Any]) -> float:
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0


@lru_cache(maxsize=12_000)
def marks(headline: str, lede: str) -> Marks:
    """Made once for as long as a story says the same: builds of feeds ask again and again."""
    words, opening = _words(headline)[0], _opening(lede)
    pairs = tuple(map(hash, chain(pairwise(words), zip(words, words[2:]))))  # noqa: B905 - shorter by design, and `strict` costs more than the rest
    runs = map(hash, zip(opening, opening[1:], opening[2:], opening[3:]))  # noqa: B905 - as above
    return Marks((*pairs, *runs), len(pairs))


@lru_cache(maxsize=12_000)
def sketch(headline: str, lede: str) -> Sketch:
    """The rest, for stories that were found by their marks."""
    head, plain = _words(headline)
    keys, pairs = marks(headline, lede)
    return Sketch(
        frozenset(head),
        frozenset(keys[:pairs]),
        frozenset([word for word in head if word < ":"]),
        NO.search(plain) is not None,
        frozenset(_words(lede)[0][:LEDE_WORDS]),
        headline,
        lede[:LEDE_SIGNS],
    )


def _opening(lede: str) -> list[str]:
    """The first words of a lede."""
    if len(lede) > OPENING_SIGNS:
        lede = lede[: lede.rfind(" ", 0, OPENING_SIGNS)]
    return _words(lede)[0][:OPENING_WORDS]


@lru_cache(maxsize=12_000)
def roots(text: str) -> Mapping[str, None]:
    """The words that say something, without their endings, each once and in order."""
    plain = _plain(text)
    words = _parted(plain) or (LATIN if plain.isascii() else WHOLE).findall(plain)
    return dict.fromkeys([root(word) for word in words if word not in NOTHING_SAID])


@lru_cache(maxsize=20_000)
def root(word: str) -> str:
    return ENDING.sub("", word)


def _plain(text: str) -> str:
    plain = text.casefold()
    if plain.isascii():
        return plain
    for sign, typed in TYPOGRAPHY:
        plain = plain.replace(sign, typed)
    if plain.isascii():
        return plain
    return ARTICLE.sub("", unicodedata.normalize("NFKC", plain).translate(SAME))


def _words(text: str) -> tuple[list[str], str]:
    """The stems of a text, and the text as they were looked for in it."""
    plain = _plain(text)
    if words := _parted(plain):
        return [word[:5] for word in words if len(word) > 2], plain
    if plain.isascii():
        return STEMS.findall(plain), plain
    found = ANY_STEMS.findall(plain)
    if UNPARTED.search(plain):
        found = [part for word in found for part in (_pieces(word) if UNPARTED.match(word) else [word])]
    return found, plain


def _parted(plain: str) -> list[str]:
    """The words of a text in ASCII that has no numbers, found without a look at each sign; of any other text none."""
    if not plain.isascii():
        return []
    words = plain.encode().translate(BLANKS).decode().split()
    return words if "".join(words).isalpha() else []


def _pieces(word: str) -> list[str]:
    return [word[at : at + 2] for at in range(max(1, len(word) - 1))]
