"""The items of a digest's edition: pins at their places, the rest ranked, under quota and maximum. PURE."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher.edition import Item, LeftOut, Shelf, Why
from publisher.rights import Channel
from publisher.section import Section
from publisher.selection.byhand import Tie
from publisher.selection.candidates import Act, Candidate, Mark, Selection, claimed, eligible, item, sift
from publisher.selection.events import Events
from publisher.series import Digest
from publisher.story import Source, Story

__all__ = ["select_digest"]

Order = Callable[[Story], tuple[float, float, float, str]]


def select_digest(
    digest: Digest,
    sections: Sequence[Section],
    candidates: Iterable[Candidate],
    *,
    earlier: Iterable[Candidate] = (),
    ties: Iterable[Tie] = (),
    marks: Sequence[Mark] = (),
    sources: Mapping[str, Source],
    slot: datetime,
    now: datetime,
    page: str = "",
) -> Selection:
    """The items of one edition of a digest.

    `earlier` are older stories that no edition takes any more: an event that they told is no news. `ties`: what the desk joined and split.

    `sections` are the digest's, in its order; `slot` is the instant that windows are measured back from, `now` the freeze:
    what became eligible after the slot but before the freeze is fresh news and is taken. `page`: what a story's id is appended to
    for the address of its page here; "" where the house has no such pages.
    """
    pool = list(candidates)
    left_out, fit = sift(pool, sources=sources, now=now, channel=Channel.MAIL)
    left_out += [
        LeftOut(
            entry.story.story_id, "", Why.CARRIED, f"by the edition of {entry.carried_at:%Y-%m-%d %H:%M} UTC"
        )
        for entry in fit
        if entry.spent
    ]
    stories = [entry.story for entry in fit if not entry.spent]
    events = Events(sources=sources, channel=Channel.MAIL)
    if any(section.merge for section in sections):
        past = sift(list(earlier), sources=sources, now=now, channel=Channel.MAIL)[1]
        taken = {section.slug for section in sections}
        away = {mark.story_id for mark in marks if mark.act is Act.DROP and mark.section in taken}
        events = Events([*fit, *past], ties=ties, sources=sources, channel=Channel.MAIL, away=away)
    shelves: list[Shelf] = []
    for section in sections:
        for language in digest.languages:
            shelf, reasons = _shelf(section, digest, language, stories, events=events, marks=marks, slot=slot)
            shelves.append(shelf)
            left_out += reasons
    merging = frozenset(section.slug for section in sections if section.merge)
    pinned = frozenset(mark.story_id for mark in marks if mark.act is Act.PIN)
    return _selection(
        shelves,
        stories,
        events=events,
        merging=merging,
        pinned=pinned,
        sources=sources,
        left_out=left_out,
        now=now,
        page=page,
    )


@dataclass(frozen=True, slots=True)
class _Desk:
    """The desk's marks in one section: dropped ids, and pinned ids with their places."""

    dropped: frozenset[str]
    pins: Mapping[str, int]

    @classmethod
    def of(cls, marks: Sequence[Mark], section: str) -> _Desk:
        here = [mark for mark in marks if mark.section == section]
        dropped = frozenset(mark.story_id for mark in here if mark.act is Act.DROP)
        pins = {mark.story_id: mark.place or 1 for mark in here if mark.act is Act.PIN}
        return cls(dropped, {story_id: place for story_id, place in pins.items() if story_id not in dropped})


def _shelf(
    section: Section,
    digest: Digest,
    language: str,
    stories: Sequence[Story],
    *,
    events: Events,
    marks: Sequence[Mark],
    slot: datetime,
) -> tuple[Shelf, list[LeftOut]]:
    """One section in one language: pins at their places, the rest ranked under quota and maximum, of each event one."""
    desk = _Desk.of(marks, section.slug)
    pinned, ranked, out = _sort_in(section, digest, language, stories, desk=desk, slot=slot)
    order = _order(section.order)
    ranked.sort(key=order)
    told: dict[str, str] = {}
    if section.merge:
        ranked = _led(ranked, events, order)
        told = {events.groups.event(story.story_id): story.story_id for story in pinned}
    chosen: list[Story] = []
    room = max(0, section.max - len(pinned))
    of_source = Counter(story.source for story in pinned)
    more = 0
    for story in ranked:
        event = events.groups.event(story.story_id)
        if section.merge and (section.slug in events.told(story) or event in told):
            detail = (
                f"the same event as {told[event]}" if event in told else "an earlier edition told the event"
            )
            out.append(LeftOut(story.story_id, section.slug, Why.DUPLICATE, detail, language))
            continue
        if section.per_source is not None and of_source[story.source] >= section.per_source:
            detail = f"{section.per_source} of {story.source}"
            out.append(LeftOut(story.story_id, section.slug, Why.QUOTA, detail, language))
            more += 1
        elif len(chosen) >= room:
            out.append(LeftOut(story.story_id, section.slug, Why.MAXIMUM, f"{section.max} at most", language))
            told[event] = story.story_id
            more += 1
        else:
            chosen.append(story)
            told[event] = story.story_id
            of_source[story.source] += 1
    for story in sorted(pinned, key=lambda story: (desk.pins[story.story_id], story.story_id)):
        chosen.insert(min(desk.pins[story.story_id] - 1, len(chosen)), story)
    stories_on = tuple(story.story_id for story in chosen)
    return Shelf(
        section=section.slug, title=section.title(language), language=language, stories=stories_on, more=more
    ), out


def _led(ranked: Sequence[Story], events: Events, order: Order) -> list[Story]:
    """The stories with each event's together, at the place of the one that leads, which is first; the others would lead without it."""
    members: dict[str, list[Story]] = {}
    for story in ranked:
        members.setdefault(events.groups.event(story.story_id), []).append(story)
    groups = [sorted(group, key=events.rank) if len(group) > 1 else group for group in members.values()]
    return [story for group in sorted(groups, key=lambda group: order(group[0])) for story in group]


def _sort_in(
    section: Section, digest: Digest, language: str, stories: Sequence[Story], *, desk: _Desk, slot: datetime
) -> tuple[list[Story], list[Story], list[LeftOut]]:
    """The section's pinned stories, its other candidates, and the reasons of the rest."""
    pinned: list[Story] = []
    ranked: list[Story] = []
    out: list[LeftOut] = []
    for story in stories:
        if section.slug not in story.sections and story.story_id not in desk.pins:
            continue
        if story.story_id in desk.dropped:
            out.append(LeftOut(story.story_id, section.slug, Why.DROPPED))
        elif not _speaks(story, section, language):
            if not any(_speaks(story, section, other) for other in digest.languages):
                out.append(
                    LeftOut(story.story_id, section.slug, Why.LANGUAGE, f"it is in {story.received.language}")
                )
        elif story.story_id in desk.pins:
            pinned.append(story)
        elif eligible(story) < slot - section.reach:
            out.append(LeftOut(story.story_id, section.slug, Why.WINDOW))
        else:
            ranked.append(story)
    return pinned, ranked, out


def _speaks(story: Story, section: Section, language: str) -> bool:
    """Whether the section's language rule lets readers of `language` see this story."""
    own = story.received.language.casefold().split("-")[0]
    match section.languages:
        case "all":
            return True
        case "edition":
            return own == language.casefold().split("-")[0]
        case listed:
            return own in {entry.casefold().split("-")[0] for entry in listed}


def _order(order: str) -> Order:
    """Newest first is by when a story became eligible; what came together (a first poll) goes by the time it claims."""

    def newest(story: Story) -> tuple[float, float, float, str]:
        return (0, -eligible(story).timestamp(), -claimed(story).timestamp(), story.story_id)

    def urgency(story: Story) -> tuple[float, float, float, str]:
        return (story.received.urgency, *newest(story)[1:])

    return newest if order == "newest" else urgency


def _selection(
    shelves: Sequence[Shelf],
    stories: Sequence[Story],
    *,
    events: Events,
    merging: frozenset[str],
    pinned: frozenset[str],
    sources: Mapping[str, Source],
    left_out: Sequence[LeftOut],
    now: datetime,
    page: str,
) -> Selection:
    by_id = {story.story_id: story for story in stories}
    order = dict.fromkeys(story_id for shelf in shelves for story_id in shelf.stories)
    merged = {story_id for shelf in shelves if shelf.section in merging for story_id in shelf.stories}
    alone = {
        story_id
        for shelf in shelves
        for place, story_id in enumerate(shelf.stories)
        if events.groups.event(story_id) in {events.groups.event(other) for other in shelf.stories[:place]}
    }

    def shown(story: Story) -> Item:
        """A second report on one shelf was pinned there, or nothing is merged there: it stands for itself."""
        one = story.story_id in merged and story.story_id not in alone
        return item(
            story,
            sources[story.source],
            now,
            page,
            Channel.MAIL,
            also=events.also(story) if one else (),
            event=events.groups.of.get(story.story_id, "") if one else "",
            told=tuple(sorted(events.told(story) & merging)) if one and story.story_id not in pinned else (),
        )

    items = tuple(shown(by_id[story_id]) for story_id in order)
    return Selection(tuple(shelves), items, tuple(dict.fromkeys(left_out)))
