from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from publisher.schedule import edition_id, local_instant, next_slot, out_of_reach, present_slot, slot_by_hand
from tests.stories import MORNING

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("day", "at", "utc"),
    [
        (date(2026, 1, 5), time(7), datetime(2026, 1, 5, 6, tzinfo=UTC)),
        (date(2026, 7, 5), time(7), datetime(2026, 7, 5, 5, tzinfo=UTC)),
        # clocks go from 02:00 to 03:00 on 29 March 2026: 02:30 does not exist, 03:00 is the first minute after
        (date(2026, 3, 29), time(2, 30), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (date(2026, 3, 29), time(3), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        # clocks go back from 03:00 to 02:00 on 25 October 2026: 02:30 comes twice, the first counts
        (date(2026, 10, 25), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_local_time_is_one_instant_also_when_clocks_change(day, at, utc):
    assert local_instant(day, at, BERLIN) == utc


def test_the_present_slot_is_the_latest_one_that_has_passed():
    digest = replace(MORNING, slots=(time(7), time(18)))
    before = datetime(2026, 3, 2, 3, 29, tzinfo=UTC)  # 06:59 in Tehran
    at = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
    assert present_slot(digest, before) == datetime(2026, 3, 1, 14, 30, tzinfo=UTC)
    assert present_slot(digest, at) == at


def test_the_next_slot_is_the_first_one_that_has_not_passed():
    digest = replace(MORNING, slots=(time(7), time(18)))
    at = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
    assert next_slot(digest, at - timedelta(minutes=1)) == at
    assert next_slot(digest, at) == datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
    assert next_slot(replace(MORNING, weekdays=(1,)), at) == at + timedelta(days=7)
    assert next_slot(replace(MORNING, slots=()), at) is None


def test_days_off_are_skipped():
    digest = replace(MORNING, weekdays=(1,))
    sunday = datetime(2026, 3, 8, 12, tzinfo=UTC)
    assert present_slot(digest, sunday) == datetime(2026, 3, 2, 3, 30, tzinfo=UTC)


def test_an_editions_id_is_its_local_date_and_its_time_only_where_that_is_needed():
    slot = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)  # 01:00 on the second in Tehran
    assert edition_id(replace(MORNING, slots=(time(1),)), slot) == "morning-2026-03-02"
    assert edition_id(replace(MORNING, slots=(time(1), time(18))), slot) == "morning-2026-03-02-0100"
    assert edition_id(MORNING, slot) == "morning-2026-03-02-0100"
    lisbon = replace(MORNING, timezone="Europe/Lisbon")
    twice = [edition_id(lisbon, datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) for hour in (0, 1)]
    assert twice == ["morning-2026-10-25-0130", "morning-2026-10-25-0130b"]


def test_what_a_person_makes_is_for_the_slot_of_this_day_or_for_this_moment():
    """Nobody mails yesterday's date before today's first slot; up to its deadline yesterday's last slot is caught up."""
    digest = replace(MORNING, slots=(time(7), time(23)), timezone="UTC", deadline=timedelta(hours=2))
    at = {hour: datetime(2026, 3, 2, hour, 30, tzinfo=UTC) for hour in (0, 3, 7, 22)}
    late = datetime(2026, 3, 1, 23, tzinfo=UTC)
    seven = datetime(2026, 3, 2, 7, tzinfo=UTC)
    found = {hour: slot_by_hand(digest, now) for hour, now in at.items()}
    assert found == {0: late, 3: at[3], 7: seven, 22: seven}
    assert slot_by_hand(replace(digest, slots=()), at[3]) == at[3]


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(hours=-36), ""),
        (timedelta(hours=-37), "more than 36 hours back"),
        (timedelta(days=-20_000), "1971-05-30 03:30Z lies more than 36 hours back"),
        (timedelta(days=1), ""),
        (timedelta(days=1, minutes=1), "more than 24 hours ahead"),
    ],
)
def test_an_edition_is_made_near_its_slot_and_not_years_off(away, words):
    now = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
    said = out_of_reach(now + away, window=timedelta(hours=36), now=now)
    assert words in said
    assert bool(words) is bool(said)
