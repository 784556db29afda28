"""A wall clock that was moved, and one that was not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from publisher.schedule import Build, Facts, Reading, Resume, behind, decide, jump

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("wall", "steady", "moved"),
    [
        (15 * MINUTE, 900, ""),
        (15 * HOUR, 54_000, ""),  # it slept
        (-1 * MINUTE, 0, ""),
        (-2 * MINUTE, 0, "back by 2 min"),
        (1 * HOUR, 0, ""),
        (26 * HOUR, 3600, "forward by 25 h"),
        (timedelta(days=3650), 15, "forward by 3649 days"),
        (-12 * HOUR, 3600, "back by 13 h"),
    ],
)
def test_what_the_steady_clock_says_of_the_wall_clock(wall: timedelta, steady: float, moved: str) -> None:
    said = jump(Reading(NOON, 1000.0), Reading(NOON + wall, 1000.0 + steady))
    assert bool(said) == bool(moved)
    assert moved in said


@pytest.mark.parametrize(
    ("confirmed", "news"),
    [
        (3 * HOUR + 59 * MINUTE, False),  # since the jump, as the clock goes now
        (3 * HOUR + MINUTE, False),
        (2 * HOUR + 59 * MINUTE, True),  # before the first of both readings
        (-MINUTE, True),
        (5 * HOUR, True),  # by a clock that was set back since
    ],
)
def test_a_jump_that_a_person_has_confirmed_is_no_news(confirmed: timedelta, news: bool) -> None:
    before, now = Reading(NOON, 1000.0), Reading(NOON + 4 * HOUR, 1000.0 + 3600)
    assert bool(jump(before, now, confirmed=NOON + confirmed)) is news


def test_nothing_on_record_lies_ahead() -> None:
    assert not behind(None, NOON)
    assert not behind(NOON + MINUTE, NOON)
    assert "2026-03-02 12:00Z" in behind(NOON + 2 * MINUTE, NOON)


def test_a_clock_in_doubt_builds_feeds_and_sends_nothing() -> None:
    facts = Facts(due=["one"])
    assert decide(facts, NOON) == (Build(), Resume("one"))
    assert decide(Facts(due=["one"], doubt="it was set back"), NOON) == (Build(),)
