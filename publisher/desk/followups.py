"""Follow-ups: who has a killed or corrected story in a mail, and mails to exactly those, in the ledger before anything else happens.

Order: the transaction that records a kill or a correction writes one row that says what has to be told (`withdrawals.withdraw`,
`note_correction`). `queue` finds the readers and opens a dispatch to those of each dispatch that they had it from, the newest first, so that
nobody is told twice. It runs right after the act, and again before every look at what is due: whoever dies between loses nobody. Who is at
the dot is found a look later. Refused: whoever has left that digest for good, or is suppressed (the mark asks once more). Sections that
were changed since do not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from publisher.canonical import plain
from publisher.crash import crashpoint
from publisher.desk import letters
from publisher.desk.withdrawals import end_corrections
from publisher.edition import Edition, Variant
from publisher.ledger import DispatchState
from publisher.newsroom import Newsroom
from publisher.rights import Channel
from publisher.selection import barred, item_of
from publisher.store import deliveries, editions, followups
from publisher.store.deliveries import NewDispatch
from publisher.store.followups import NewFollowup, Told
from publisher.story import Story

__all__ = ["ACTOR", "EXPIRES", "KILL", "Carrier", "carriers", "mailed", "note_correction", "queue"]

ACTOR = "rule:followup"
KILL, CORRECTION = "kill", "correction"
EXPIRES = timedelta(days=3)
"""How long a reader's server may keep a follow-up waiting, counted anew where nobody tried in that time: what it says stays true."""
PAUSE = timedelta(seconds=5)
"""Between two looks for those who were at the dot, or get a former version even now."""
SLICE = 50_000
"""Deliveries that are looked through in one transaction: about half a second, and of two slices each costs half as much again."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A dispatch that mailed the story.

    Attributes:
        head: its row. made: the first revision that held the story. version: of the story.
        parts: its readers by language, with the variants that showed it. places: by language, the sections under which they found it, each
            with its number there.
    """

    head: Any
    made: Edition
    version: int
    parts: tuple[Told, ...]
    places: Mapping[str, frozenset[tuple[str, int]]]


def note_correction(
    newsroom: Newsroom, connection: Connection, story: Story, *, actor: str, now: datetime
) -> None:
    """Write that the correction has to be told at once, if it is as urgent as a digest wants that carried the story; what it overtakes ends."""
    digests = newsroom.digests.values()
    at_once = {one.slug for one in digests if story.received.urgency <= one.corrections_at_once}
    had = {row.series for row in editions.carriers(connection, story.story_id)} & at_once
    if not had or barred(story, newsroom.sources, now, Channel.MAIL) is not None:
        return
    shown = item_of(story, newsroom.source(story.source), now, "", Channel.MAIL)
    told = {"digests": sorted(had), "item": plain(shown)}
    new = NewFollowup(story_id=story.story_id, act=CORRECTION, version=story.version, told=told)
    followups.add(connection, new, actor=actor, now=now)
    end_corrections(connection, story.story_id, but=new.id, now=now)


def queue(newsroom: Newsroom, *, now: datetime) -> int:
    """Find whoever has to be told, and queue their mails; returns how many."""
    crashpoint("before-followups")
    with newsroom.database.read() as connection:
        waiting = followups.open_ones(connection, now=now, pause=PAUSE)
    return sum(_queue(newsroom, row, now=now) for row in waiting)


def _queue(newsroom: Newsroom, row: Any, *, now: datetime) -> int:
    with newsroom.database.read() as connection:
        found = list(carriers(connection, row))
        kills = [one for one in followups.of_story(connection, row.story_id) if one.act == KILL]
        # before they are looked for: whoever is answered meanwhile may have been looked at before
        late = row.at + EXPIRES > now and any(_may_come(connection, row, carrier) for carrier in found)
    queued = 0
    for carrier in found:
        # who was told of an earlier kill and has had no later version since is not told again
        earlier = {one.id for one in kills if row.act == KILL and one.version >= carrier.version} - {row.id}
        queued += _tell_readers(newsroom, row, carrier, earlier, now=now)
    with newsroom.database.write() as connection:
        if followups.lock(connection, row.id):
            # also those that another process began: everybody is in one of them by now
            for name in _unfinished(connection, row.id):
                deliveries.finish_freeze(connection, name, now=now)
            followups.settle(connection, row.id, ended=not late, now=now)
    return queued


def _may_come(connection: Connection, row: Any, carrier: Carrier) -> bool:
    """Whether somebody may yet get what the follow-up is about: a kill stops all but who is at the dot, a correction stops nothing."""
    if any(followups.at_the_dot(connection, part) for part in carrier.parts):
        return True
    return bool(row.act == CORRECTION and followups.still_sent(connection, carrier.head.id))


def carriers(connection: Connection, row: Any) -> Iterator[Carrier]:
    """The dispatches that mailed the story in the version that this follow-up is about, or an earlier one; the newest first."""
    for carrier in mailed(connection, row.story_id):
        if row.act != CORRECTION:
            if carrier.version <= row.version:  # a later one was brought in since
                yield carrier
        elif carrier.version < row.version and carrier.made.series in row.told["digests"]:
            yield carrier


def mailed(connection: Connection, story_id: str, *, named: bool = False) -> Iterator[Carrier]:
    """The dispatches that mailed a story, or (`named`) a mail that only names it beside another report; the newest first."""
    for entry in reversed(editions.carriers(connection, story_id, named=named)):
        head = deliveries.dispatch_of(connection, entry.id)
        if head is None:
            continue
        versions = followups.versions_in(connection, entry.id, story_id)
        shown: dict[str, dict[int, set[str]]] = {}
        places: dict[str, set[tuple[str, int]]] = {}
        first = None
        for revision in sorted(versions):
            made = editions.get(connection, entry.id, revision=revision)
            if made is None:
                continue
            first = first or made
            for key, variant in _variants(connection, head).items():
                if place := _place(made, variant, story_id, named=named):
                    places.setdefault(variant.language, set()).add(place)
                    shown.setdefault(variant.language, {}).setdefault(revision, set()).add(key)
        if first is not None:
            parts = (
                Told(dispatch_id=head.id, digest=head.digest, language=language, shown=keys)
                for language, keys in sorted(shown.items())
            )
            where = {language: frozenset(found) for language, found in places.items()}
            yield Carrier(head, first, max(versions.values()), tuple(parts), where)


def _variants(connection: Connection, head: Any) -> Mapping[str, Variant]:
    """The variants that a dispatch has, by key."""
    named = editions.variants_of(connection, head.edition_id)
    return {key: named.get(key) or Variant(key) for key in followups.variants(connection, head.id)}


def _place(made: Edition, variant: Variant, story_id: str, *, named: bool) -> tuple[str, int] | None:
    """Where the variant shows a story (`named`: the one beside which it names it): the section's title, and as which of its stories."""
    for shelf, entries in made.variant(variant.language, variant.sections):
        for number, entry in enumerate(entries, 1):
            if story_id in ({other.story_id for other in entry.also} if named else {entry.story_id}):
                return shelf.title, number
    return None


def _tell_readers(newsroom: Newsroom, row: Any, carrier: Carrier, earlier: set[str], *, now: datetime) -> int:
    """Queue mails to those who had it from this dispatch and are not told yet, in one dispatch of their own."""
    answers = carrier.head.id
    with newsroom.database.read() as connection:
        ids = followups.id_range(connection, answers)
    queued = 0
    for start in range(ids.start, ids.stop, SLICE):
        part_of = range(start, min(start + SLICE, ids.stop))
        with newsroom.database.write() as connection:
            if not followups.lock(connection, row.id):
                return queued
            for part in carrier.parts:
                if not followups.anybody(connection, part, row.id, earlier, part_of):
                    continue
                begun = _unfinished(connection, row.id, answers)
                opened = begun[0] if begun else _open(newsroom, connection, row, carrier, now=now)
                queued += followups.append(
                    connection, opened, part, followup_id=row.id, earlier=earlier, ids=part_of, due_at=now
                )
        crashpoint("after-followup-slice")
    return queued


def _unfinished(connection: Connection, followup_id: str, answers: str | None = None) -> list[str]:
    """Its dispatches (or those to the readers of one dispatch) that somebody began to fill."""
    found = followups.dispatches(connection, followup_id, answers=answers)
    return [one.id for one in found if one.frozen_at is None and one.state != DispatchState.CANCELLED]


def _open(newsroom: Newsroom, connection: Connection, row: Any, carrier: Carrier, *, now: datetime) -> str:
    head = carrier.head
    before = len(followups.dispatches(connection, row.id, answers=head.id))
    dispatch_id = newsroom.mint(now, f"followup {row.id} {head.id} {before}".encode())
    digest = newsroom.digests.get(head.digest)
    letter = letters.of_digest(newsroom, digest).data() if digest is not None else head.letter
    deliveries.open_dispatch(
        connection,
        NewDispatch(
            id=dispatch_id,
            edition_id=None,
            kind=followups.KIND,
            digest=head.digest,
            revision=1,
            policy=head.policy,
            token_key=newsroom.token_keys.signing,
            date=now,
            expires_at=now + EXPIRES,
            actor=ACTOR,
            created_at=now,
            letter=letter,
            followup_id=row.id,
            answers=head.id,
        ),
    )
    return dispatch_id
