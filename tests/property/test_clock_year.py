"""A year of three digests in three time zones, under two clocks that share a database and are down now and then.

The oracle knows nothing of the timetable's code: it walks through the year in quarters of an hour and reads each zone's wall.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from random import Random
from zlib import crc32
from zoneinfo import ZoneInfo

import pytest

from publisher.schedule import (
    SKIPPED,
    UNSENT,
    Alarm,
    Facts,
    Intent,
    Made,
    Make,
    Send,
    Series,
    Skip,
    decide,
    next_look,
)
from publisher.series import Digest
from tests.stories import MORNING

YEAR = 2026
START, END = datetime(YEAR, 1, 2, tzinfo=UTC), datetime(YEAR, 12, 30, tzinfo=UTC)
EMPTY, HOUR, QUARTER = "nothing to publish", timedelta(hours=1), timedelta(minutes=15)
DIGESTS = (
    # half past two is skipped in March and comes twice in October
    replace(MORNING, slug="berlin", timezone="Europe/Berlin", slots=(time(2, 30), time(7), time(18))),
    # an island whose clocks move by half an hour, early on a Sunday
    replace(MORNING, slug="howe", timezone="Australia/Lord_Howe", slots=(time(1, 45), time(2, 15))),
    # midnight itself is skipped in September; working days only, and somebody has to approve
    replace(
        MORNING,
        slug="santiago",
        timezone="America/Santiago",
        slots=(time(0), time(23, 30)),
        weekdays=(1, 3, 5, 7),
        approval="required",
    ),
)


@cache
def wall(zone: str) -> tuple[tuple[datetime, datetime], ...]:
    """Each quarter of the year as (instant, what the clock on the wall shows)."""
    here, moment, found = ZoneInfo(zone), START - 48 * HOUR, []
    while moment < END + 48 * HOUR:
        found.append((moment, moment.astimezone(here).replace(tzinfo=None)))
        moment += QUARTER
    return tuple(found)


def expected(digest: Digest) -> dict[datetime, tuple[date, time]]:
    """The instants at which an edition is due, first of those at which the wall shows the time or has just passed it."""
    first: dict[datetime, datetime] = {}
    highest = datetime(YEAR - 1, 1, 1)  # noqa: DTZ001 - what a wall shows has no zone
    for instant, shown in wall(digest.timezone):
        if shown > highest:  # what a gap swallows is due when it is over
            step = max(highest + QUARTER, shown - 24 * HOUR)
            while step <= shown:
                first.setdefault(step, instant)
                step += QUARTER
            highest = shown
    return {
        instant: (shown.date(), shown.time())
        for shown, instant in first.items()
        if shown.time() in digest.slots and shown.isoweekday() in digest.weekdays and START <= instant < END
    }


@dataclass
class World:
    """What the database would say, and the promises it keeps: one edition a slot, one dispatch an edition."""

    chance: Random
    made: dict[str, dict[datetime, Made]] = field(default_factory=lambda: {d.slug: {} for d in DIGESTS})
    said: dict[tuple[str, str], datetime] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)
    approvals: list[tuple[datetime, str, datetime]] = field(default_factory=list)
    names: dict[tuple[str, datetime], str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def facts(self, now: datetime) -> Facts:
        newest = {slug: dict(list(made.items())[-90:]) for slug, made in self.made.items()}
        recent = [Series(digest, START, newest[digest.slug]) for digest in DIGESTS]
        return Facts(digests=recent, said=self.said, news=False, feeds_at=now)

    def settle(self, what: str, name: str, why: str, now: datetime) -> None:
        if (what, name) not in self.said:
            self.said[what, name] = now
            self.ends[name] += 1
            self.reasons[name] = why

    def perform(self, intent: Intent, now: datetime) -> None:
        match intent:
            case Make(slug, slot, name):
                digest = next(digest for digest in DIGESTS if digest.slug == slug)
                lead = digest.lead if digest.approval == "required" else timedelta()
                assert slot - lead <= now <= slot + digest.deadline
                self.names[slug, slot] = name
                if slot in self.made[slug]:
                    return  # the other clock was faster
                if now >= slot and crc32(name.encode()) % 20 == 0:
                    self.settle(SKIPPED, name, EMPTY, now)
                    return
                self.made[slug][slot] = Made(name, approved=False, dispatched=False)
                if self.chance.random() < 0.9:
                    self.approvals.append((now + self.chance.random() * 4 * HOUR, slug, slot))
            case Send(name):
                slug, slot = next(key for key, called in reversed(self.names.items()) if called == name)
                if self.made[slug][slot].dispatched:
                    return  # the other clock was faster
                assert slot <= now
                self.made[slug][slot] = replace(self.made[slug][slot], dispatched=True)
                self.ends[name] += 1
                self.reasons[name] = "sent"
            case Skip(name, why):
                self.settle(SKIPPED, name, why, now)
            case Alarm(what, name, why) if what == UNSENT:
                self.settle(UNSENT, name, why, now)
            case Alarm(what, name, _):
                self.said.setdefault((what, name), now)

    def approve(self, now: datetime) -> None:
        for at, slug, slot in self.approvals:
            if at <= now:
                self.made[slug][slot] = replace(self.made[slug][slot], approved=True)
        self.approvals = [entry for entry in self.approvals if entry[0] > now]


def downtimes(chance: Random) -> list[tuple[datetime, datetime]]:
    """Times of up to six hours, once in some days, in which a clock does not run."""
    found, moment = [], START
    while moment < END:
        moment += chance.random() * 40 * HOUR
        length = chance.random() * 6 * HOUR
        found.append((moment, moment + length))
        moment += length
    return found


@pytest.mark.parametrize("seed", [7])
def test_every_slot_of_a_year_ends_in_exactly_one_way(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - drawn the same each time
    world = World(chance)
    down = [downtimes(chance), downtimes(chance)]
    away = [0, 0]
    ups: list[datetime] = []
    now = START
    while now < END + 7 * HOUR:
        running = []
        for clock in (0, 1):
            while away[clock] < len(down[clock]) and down[clock][away[clock]][1] <= now:
                away[clock] += 1
            if away[clock] == len(down[clock]) or now < down[clock][away[clock]][0]:
                running.append(clock)
        world.approve(now)
        # both decide on what they saw at the same moment, and act on it one after the other, until nothing is due
        while running:
            decided = decide(world.facts(now), now)
            for intent in [intent for _ in running for intent in decided]:
                world.perform(intent, now)
            if not any(isinstance(intent, Make) for intent in decided):
                break
        if running:
            ups.append(now)
        edges = [
            edge for spans in down for span in spans[max(0, away[0] - 3) :][:9] for edge in span if edge > now
        ]
        now = min(next_look(world.facts(now), now, at_most=6 * HOUR), *edges, END + 7 * HOUR)
    _every_slot_ended_once(world, ups)


def _every_slot_ended_once(world: World, ups: list[datetime]) -> None:
    sent = 0
    for digest in DIGESTS:
        due = expected(digest)
        assert {slot for slot in world.made[digest.slug] if slot < END} <= set(due)
        seen = {
            slot: name for (slug, slot), name in world.names.items() if slug == digest.slug and slot < END
        }
        assert len(set(seen.values())) == len(seen)
        for slot in due:
            name = seen.get(slot)
            if name is None:  # nobody was up: it was given up under its name, and said
                assert not any(slot <= up <= slot + digest.deadline for up in ups)
                continue
            assert world.ends[name] == 1, (name, slot)
            reason = world.reasons[name]
            sent += reason == "sent"
            if digest.approval == "none" and reason not in {"sent", EMPTY}:
                raise AssertionError((name, reason))
        later = {name for (slug, slot), name in world.names.items() if slug == digest.slug and slot >= END}
        assert len(
            [name for name in world.ends if name.startswith(digest.slug) and name not in later]
        ) == len(due)
    assert sent > 1500
