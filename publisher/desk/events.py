"""Who reports one event: what the words of the stories say, and what a person says of them, which holds.

Only stories that may be shown now are grouped, so that a story that was killed hides no other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from publisher.desk import publishing
from publisher.desk.names import whole_id
from publisher.desk.publishing import Published
from publisher.errors import BadInput, Conflict, Refused, UnknownName
from publisher.newsroom import Newsroom
from publisher.rights import Channel
from publisher.selection import SPAN, Candidate, Events, Tie, barred, by_hand, claimed, in_force
from publisher.store import house, stories, ties
from publisher.story import Story

__all__ = ["Event", "Tied", "event", "join", "split"]


@dataclass(frozen=True, slots=True)
class Event:
    """The stories that report what one story reports, in the order in which they would lead.

    `ties`: what the desk said of any of them, of each pair what it said last. A story that may not be shown has none but itself.
    """

    stories: tuple[Story, ...]
    ties: tuple[Tie, ...] = ()


@dataclass(frozen=True, slots=True)
class Tied:
    """What came of joining or splitting: the event of the story that was named first, and what was made anew with it."""

    event: Event
    published: Published


def event(newsroom: Newsroom, story_id: str, *, now: datetime) -> Event:
    """Who reports what this story reports; UnknownName for a story that is not here."""
    with newsroom.database.read() as connection:
        return _event(newsroom, connection, _story(connection, story_id), now=now)


def join(newsroom: Newsroom, story_id: str, other_id: str, *, why: str, actor: str, now: datetime) -> Tied:
    """Say that two stories report one event, whatever their words, times and sources; it holds until they are split.

    Raises:
        BadInput: a story and itself. Refused: they are in different languages, one was killed, or others that were split would come together.
        Conflict: they are together already.
    """
    with newsroom.database.write() as connection:
        one, other = _story(connection, story_id), _story(connection, other_id)
        if one.story_id == other.story_id:
            raise BadInput(f"story {one.story_id} cannot be joined with itself: name another")
        for story in (one, other):
            if story.killed is not None:
                raise Refused(f"story {story.story_id} was killed ({story.killed}): it is in no output")
        languages = [story.received.language.casefold().partition("-")[0] for story in (one, other)]
        if languages[0] != languages[1]:
            raise Refused(
                f"{one.story_id} is in {languages[0]} and {other.story_id} in {languages[1]}: readers of one would miss the other"
            )
        if other.story_id in {story.story_id for story in _event(newsroom, connection, one, now=now).stories}:
            raise Conflict(f"{one.story_id} and {other.story_id} are together already")
        hand = by_hand(
            tie for tie in ties.every(connection) if {tie.one, tie.other} != {one.story_id, other.story_id}
        )
        if parted := hand.split_among(hand.whole(one.story_id) | hand.whole(other.story_id)):
            raise Refused(
                f"that would bring {parted[0]} and {parted[1]} together, which were split by hand: join these first, if they are one event"
            )
        _tell(connection, one, [other], joined=True, why=why, actor=actor, now=now)
    return _tied(newsroom, one, [other], actor=actor, now=now)


def split(
    newsroom: Newsroom, story_id: str, other_id: str | None, *, why: str, actor: str, now: datetime
) -> Tied:
    """Say that a story does not report what another does (None: what any other does now); it holds until they are joined.

    Raises:
        Conflict: they are not together. Refused: others that are joined with both keep them together.
    """
    with newsroom.database.write() as connection:
        one = _story(connection, story_id)
        others = [
            story
            for story in _event(newsroom, connection, one, now=now).stories
            if story.story_id != one.story_id
        ]
        if other_id is not None:
            wanted = _story(connection, other_id).story_id
            others = [story for story in others if story.story_id == wanted]
        if not others:
            raise Conflict(f"story {one.story_id} is not together with {other_id or 'any other'}")
        said = ties.every(connection)
        new = [Tie(one.story_id, other.story_id, joined=False) for other in others]
        if overruled := set(by_hand([*said, *new]).overruled) - set(by_hand(said).overruled):
            pairs = ", ".join(" and ".join(pair) for pair in sorted(overruled))
            raise Refused(f"they are together by what was joined by hand: {pairs}; split these instead")
        _tell(connection, one, others, joined=False, why=why, actor=actor, now=now)
    return _tied(newsroom, one, others, actor=actor, now=now)


def _story(connection: Connection, story_id: str) -> Story:
    found = stories.get(connection, whole_id(connection, "story", story_id))
    if found is None:
        raise UnknownName("story", story_id)
    return found


def _event(newsroom: Newsroom, connection: Connection, story: Story, *, now: datetime) -> Event:
    said = in_force(ties.every(connection))
    by_desk = {name for tie in said for name in (tie.one, tie.other)}
    near = stories.candidates(connection, since=claimed(story) - SPAN, also=by_desk)
    fit = [
        Candidate(other)
        for other in near
        if barred(other, newsroom.sources, now, Channel.FEEDS) is None
        and (other.story_id in by_desk or abs(claimed(other) - claimed(story)) <= 2 * SPAN)
    ]
    events = Events(fit, ties=said, sources=newsroom.sources, channel=Channel.FEEDS)
    others = events.groups.others(story)
    members = sorted((story, *others), key=events.rank) if others else [story]
    ids = {member.story_id for member in members}
    valid = {
        frozenset((tie.one, tie.other)): tie for tie in said
    }  # later ones take the place of earlier ones
    return Event(tuple(members), tuple(tie for tie in valid.values() if {tie.one, tie.other} & ids))


def _tell(
    connection: Connection,
    one: Story,
    others: Collection[Story],
    *,
    joined: bool,
    why: str,
    actor: str,
    now: datetime,
) -> None:
    act = "story.join" if joined else "story.split"
    for other in others:
        ties.add(connection, Tie(one.story_id, other.story_id, joined), actor=actor, why=why, now=now)
        for story, from_ in ((one, other), (other, one)):
            data = {"other": from_.story_id}
            house.tell(connection, act, story.story_id, actor=actor, now=now, why=why, data=data)


def _tied(newsroom: Newsroom, one: Story, others: Collection[Story], *, actor: str, now: datetime) -> Tied:
    ids = [one.story_id, *(other.story_id for other in others)]
    published = publishing.at_once(newsroom, ids, actor=actor, now=now)
    return Tied(event(newsroom, one.story_id, now=now), published)
