"""Which stories of several agencies report the same event. PURE.

A wrong group hides a story, a missed one only prints an event twice: so whatever is in doubt is no group. Two stories belong together
when their sources differ (or one sent its story word for word again), their language does not, they claim times within a day of each other, and their words agree (`alike`). What is
compared is what the sources wrote, never a headline of ours. A story joins the group of an earlier one that it resembles itself; chains
(A like B, B like C) make no group. What the desk joined or split by hand holds, whatever the words say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import repeat

from publisher.selection.alike import exchanged, likeness, sketch
from publisher.selection.byhand import ByHand, Tie, by_hand
from publisher.selection.candidates import claimed
from publisher.selection.texts import marks, roots
from publisher.story import Story

__all__ = ["SPAN", "Groups", "grouped"]

SPAN = timedelta(hours=24)
"""How far apart the times that two reports of one event claim may lie."""
POSTINGS = 24
"""Of many stories with the same mark only the first and the latest are looked at."""


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
    indexes: dict[str, _Index] = {}
    for unit in _units(sorted(stories, key=_order), hand):
        name, one_alone, event = unit[0].story_id, len(unit) == 1, None
        for story in unit:
            index = _index(indexes, story.received.language)
            index.put(story, name)
            if event is None and (alike := index.like()):
                events = (part_of.get(one, one) for one in alike)
                members = ((one, several.get(one) or [alone[one]]) for one in events)
                event = next((one for one, reports in members if _may_join(unit, reports, hand)), None)
            if one_alone and event is not None:  # chains make no group
                index.take_back()
            else:
                index.keep()
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


def _units(order: Iterable[Story], hand: ByHand) -> Iterable[list[Story]]:
    """What the desk joined is one from the beginning, so that a story is like whichever of these it is like; every other is alone."""
    if not hand.joined:
        return ([story] for story in order)
    units: dict[str | frozenset[str], list[Story]] = {}
    for story in order:
        units.setdefault(hand.joined.get(story.story_id, story.story_id), []).append(story)
    return units.values()


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


def _index(indexes: dict[str, _Index], language: str) -> _Index:
    """The stories of that language, whatever its region."""
    index = indexes.get(language)
    if index is None:
        index = indexes.setdefault(language.casefold().partition("-")[0], _Index())
        indexes[language] = index
    return index


def _texts(story: Story) -> tuple[str, str]:
    return story.received.headline or story.received.original_headline, story.received.lede


_Places = int | tuple[int, ...]
"""Where a mark stands: one story, or several in order, of which there are the first and the latest."""


class _Index:
    """Stories by what they share with another: pairs of words in the headline, runs of words in the lede.

    One is put there, held against those before it, and then kept or taken back, before the next one comes.
    """

    def __init__(self) -> None:
        self._stories: list[Story] = []
        self._events: list[str] = []
        self._places: dict[int, _Places] = {}
        self._keys: Sequence[int] = ()
        self._pairs = 0
        self._met: list[_Places] = []
        self._shared: list[int] = []

    def put(self, story: Story, event: str) -> None:
        """Look where its marks stand; the others lead to this story from now on."""
        place = len(self._stories)
        self._stories.append(story)
        self._events.append(event)
        self._keys, self._pairs = marks(*_texts(story))
        self._met = met = [*map(self._places.setdefault, self._keys, repeat(place))]
        new = met.count(place) == len(met)
        self._shared = [] if new else [nth for nth, places in enumerate(met) if places != place]

    def keep(self) -> None:
        """The last one stays: what it shares with others leads to it, too."""
        place = len(self._stories) - 1
        places, keys, met = self._places, self._keys, self._met
        for nth in self._shared:
            known = met[nth]
            if isinstance(known, int):
                places[keys[nth]] = known, place
            else:
                kept = known if len(known) <= POSTINGS else known[:1] + known[2:]
                places[keys[nth]] = (*kept, place)

    def take_back(self) -> None:
        """The last one goes."""
        self._stories.pop()
        self._events.pop()
        for nth in {*range(len(self._keys))}.difference(self._shared):
            self._places.pop(self._keys[nth], None)

    def like(self) -> list[str]:
        """The events of stories that are like the last one, most alike first, of equal ones the earlier."""
        if len(self._shared) < 2:
            return []
        stories, met, pairs = self._stories, self._met, self._pairs
        headline, lede = _texts(stories[-1])
        found = _twice([met[nth] for nth in self._shared if nth < pairs])
        if found:
            # of headlines that share pairs most stop here, in a wire of ready-made ones nearly all: it is the cheapest question
            told = roots(headline)
            found = {one for one in found if not exchanged(told, roots(_texts(stories[one])[0]))}
        found |= _twice([met[nth] for nth in self._shared if nth >= pairs])
        at, itself = claimed(stories[-1]), self._events[-1]
        near = [
            one for one in found if abs(at - claimed(stories[one])) <= SPAN and self._events[one] != itself
        ]
        if not near:
            return []
        made = sketch(headline, lede)
        rated = sorted([(-likeness(made, sketch(*_texts(stories[one]))), one) for one in near])
        return [self._events[one] for rate, one in rated if rate]


def _twice(met: Sequence[_Places]) -> set[int]:
    """The places that stand at two marks or more."""
    twice: set[int] = set()
    if len(met) < 2:
        return twice
    once: set[int] = set()
    for places in met:
        if isinstance(places, int):
            (twice if places in once else once).add(places)
        else:
            twice.update(once.intersection(places))
            once.update(places)
    return twice
