"""Which stories of several agencies report the same event. PURE.

A wrong group hides a story, a missed one only prints an event twice: so whatever is in doubt is no group. Two stories belong together
when their sources differ (or one sent its story word for word again), their language does not, they claim times within a day of each other, and their words agree (`alike`). What is
compared is what the sources wrote, never a headline of ours. A story joins the group of an earlier one that it resembles itself; chains
(A like B, B like C) make no group. What the desk joined or split by hand holds, whatever the words say.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain, groupby, repeat

from publisher.selection.alike import LEAST_TOLD_IN_COPY, likeness, sketch
from publisher.selection.byhand import ByHand, Tie, by_hand
from publisher.selection.candidates import claimed
from publisher.selection.texts import runs, said
from publisher.story import Story

__all__ = ["SPAN", "Groups", "grouped"]

SPAN = timedelta(hours=24)
"""How far apart the times that two reports of one event claim may lie."""
POSTINGS = 24
"""Of many stories with the same headline or opening only the first and the latest are looked at, of many headlines with the same rarest
word the first and those nearest in time."""


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


def grouped(stories: Iterable[Story], ties: Iterable[Tie] = ()) -> Groups:
    """The events among these stories; equal input in any order gives equal groups. Later ties of a pair take the place of earlier ones."""
    hand = by_hand(ties)
    alone: dict[str, Story] = {}
    several: dict[str, list[Story]] = {}
    part_of: dict[str, str] = {}  # what the desk joined, and the event that it is like
    order = _in_units(stories, hand)
    near = _Near(order)
    kept: dict[int, str] = {}  # where a story stands that others may join, and its unit
    joined = (
        [place for place, story in enumerate(order) if story.story_id in hand.joined] if hand.joined else ()
    )
    for _, unit_of in groupby(
        sorted(near.places.union(joined)), lambda place: hand.joined.get(order[place].story_id, place)
    ):
        places = [*unit_of]
        unit = [order[place] for place in places]
        name, one_alone, event = unit[0].story_id, len(unit) == 1, None
        for place in places:
            if event is None:
                alike = [kept[one] for one in near.alike(place) if kept.get(one, name) != name]
                events = (part_of.get(one, one) for one in alike)
                members = ((one, several.get(one) or [alone[one]]) for one in events)
                event = next((one for one, reports in members if _may_join(unit, reports, hand)), None)
            if event is None or not one_alone:  # chains make no group
                kept[place] = name
                near.keep(place)
        if event is not None:
            several.setdefault(event, [alone[event]] if event in alone else []).extend(unit)
            part_of[name] = event
        elif one_alone:
            alone[name] = unit[0]
        else:
            several[name] = unit
    groups = [sorted(members, key=_order) for members in several.values()]
    return Groups(
        {member.story_id: members[0].story_id for members in groups for member in members},
        {members[0].story_id: tuple(members) for members in groups},
    )


def _order(story: Story) -> tuple[datetime, str]:
    return claimed(story), story.story_id


def _in_units(stories: Iterable[Story], hand: ByHand) -> list[Story]:
    """In order, but what the desk joined is one from the beginning, so that a story is like whichever of these it is like."""
    order = sorted(stories, key=_order)
    if not hand.joined:
        return order
    units: dict[str | frozenset[str], list[Story]] = {}
    for story in order:
        units.setdefault(hand.joined.get(story.story_id, story.story_id), []).append(story)
    return [*chain.from_iterable(units.values())]


def _may_join(unit: Sequence[Story], members: Iterable[Story], hand: ByHand) -> bool:
    """Whether the desk split none of these from any of the event's stories, and none of those is their source's, but word for word the same."""
    apart = {other for story in unit for other in hand.apart.get(story.story_id, ())}
    return all(
        member.story_id not in apart
        and all(story.source != member.source or _repeats(story, member) for story in unit)
        for member in members
    )


def _repeats(story: Story, other: Story) -> bool:
    """Whether both have one headline and one text, as when a source sends its story again under a new id."""
    said, before = story.received, other.received
    return said.original_headline == before.original_headline and said.body_digest == before.body_digest != ""


def _texts(story: Story) -> tuple[str, str]:
    return story.received.headline or story.received.original_headline, story.received.lede


@lru_cache(maxsize=200)
def _language(tag: str) -> str:
    """The language whatever its region."""
    return tag.casefold().partition("-")[0]


_Words = tuple[str, ...]
"""What a headline says."""


class _Near:
    """Which stories one may be like: of both headlines one says all that the other does, or both ledes open with the same runs of words.

    All stories are looked at once, and most are like none. The others come one by one: each is held against those before it that were
    kept, and is then kept or not.

    Attributes:
        places: where those others stand among all.
    """

    def __init__(self, stories: Sequence[Story]) -> None:
        self._stories = stories
        headlines = said([_texts(story)[0] for story in stories])
        self._told = told = _told(headlines)
        some = {*told}.union(*told.values())
        self._headlines = {place: words for place, words in enumerate(headlines) if words in some}
        self._under: dict[_Words, list[int]] = {}
        self._over: dict[_Words, list[int]] = {}
        self._openings = runs([story.received.lede for story in stories])
        self._met = _met(self._openings)
        self._after: dict[int, list[int]] = {}
        self.places = {*self._headlines, *self._met}.union(*self._met.values())

    def keep(self, place: int) -> None:
        """Later ones may be like it."""
        lists = [self._after.setdefault(one, []) for one in self._met.get(place, ())]
        if words := self._headlines.get(place):
            lists.append(self._under.setdefault(words, []))
            lists += [self._over.setdefault(less, []) for less in self._told.get(words, ())]
        for places in lists:
            places.append(place)
            if len(places) > POSTINGS + 1:
                del places[1]

    def alike(self, place: int) -> list[int]:
        """Those that are like this one, most alike first, of equal ones the earlier."""
        story = self._stories[place]
        at, language, (headline, lede) = claimed(story), _language(story.received.language), _texts(story)
        opened = self._opened(place)
        words = self._headlines.get(place, ())
        under = (self._under.get(less, ()) for less in self._told.get(words, ()))
        found = opened.union(self._over.get(words, ()), *under)
        if not found:
            return []
        made, rated = sketch(headline, lede), []
        for one in found:
            other = self._stories[one]
            if abs(at - claimed(other)) <= SPAN and _language(other.received.language) == language:
                its = sketch(*_texts(other))
                if one in opened or sum(map({*its.pairs}.__contains__, made.pairs)) > 1:
                    rated.append((-likeness(made, its), one))
        return [one for rate, one in sorted(rated) if rate]

    def _opened(self, place: int) -> set[int]:
        """Those with which it shares two runs of words."""
        met, runs_here = self._met.get(place, ()), self._openings[place]
        known = {*met}.union(*(self._after.get(one, ()) for one in met))
        return {one for one in known if sum(map({*self._openings[one]}.__contains__, runs_here)) > 1}


def _met(openings: Iterable[Sequence[int]]) -> dict[int, set[int]]:
    """For each lede that shares runs with earlier ones the first that had them, so that all with one run in common lead to one place."""
    met: dict[int, set[int]] = {}
    first: dict[int, int] = {}
    for place, keys in enumerate(openings):
        holders = [*map(first.setdefault, keys, repeat(place))]
        if holders.count(place) < len(holders):
            met[place] = {*holders} - {place}
    return met


def _told(headlines: Sequence[_Words]) -> dict[_Words, set[_Words]]:
    """For each headline those of which it says all: it has their rarest word, too, and that stands in few.

    Which word is the rarest depends on what else came in; what is found by it does not, as long as few have it (`POSTINGS`).
    """
    often = Counter(chain.from_iterable(headlines)).__getitem__
    times = Counter(headlines)
    each = [*times]
    by_rarest: dict[str, list[int]] = {}
    for nth, words in enumerate(each):
        # a word that stands nowhere else: no other says all of these
        if len(words) >= LEAST_TOLD_IN_COPY and 1 not in map(often, words):
            by_rarest.setdefault(min(words, key=often), []).append(nth)
    told: dict[_Words, set[_Words]] = {}
    for nth, words in enumerate(each):
        mine: set[str] = set()
        for rarest in filter(by_rarest.__contains__, words):
            places = by_rarest[rarest]
            if len(places) > POSTINGS:
                at = bisect_left(places, nth)
                places = [places[0], *places[max(1, at - POSTINGS) : at + POSTINGS]]
            for less in map(each.__getitem__, places):
                # the first word is asked first, for most end there
                if less[0] not in words or (less is words and times[words] == 1):
                    continue
                mine = mine or {*words}
                if mine.issuperset(less) and len(of_these := told.setdefault(words, set())) <= POSTINGS:
                    of_these.add(less)
    return told
