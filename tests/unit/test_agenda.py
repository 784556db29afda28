"""What the clock decides, as a function of facts and an instant."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from publisher.schedule import (
    LATE,
    QUIET,
    SKIPPED,
    UNSENT,
    Alarm,
    Build,
    Facts,
    Held,
    Made,
    Make,
    Poll,
    Polled,
    Resume,
    Send,
    Series,
    Skip,
    decide,
    next_look,
    poll_due,
)
from tests.stories import MORNING

SLOT = datetime(2026, 3, 2, 7, tzinfo=UTC)
DIGEST = replace(MORNING, timezone="UTC", slots=(time(7),), deadline=timedelta(hours=2))
APPROVED_FIRST = replace(DIGEST, approval="required")
ID = "morning-2026-03-02"
EVER = SLOT - timedelta(days=30)
DONE = {SLOT - timedelta(days=days): Made(f"m{days}", approved=True, dispatched=True) for days in range(1, 9)}
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def facts(digest=DIGEST, *, made: Made | None = None, since=EVER, **more) -> Facts:
    editions = DONE | ({SLOT: made} if made else {})
    return Facts(
        digests=[Series(digest, since, editions)], **{"news": False, "feeds_at": SLOT + 9 * HOUR, **more}
    )


def test_an_edition_is_made_at_its_slot_and_then_sent():
    assert decide(facts(), SLOT - MINUTE) == ()
    assert decide(facts(), SLOT) == (Make("morning", SLOT, ID),)
    made = Made(ID, approved=False, dispatched=False)
    assert decide(facts(made=made), SLOT) == (Send(ID),)
    assert decide(facts(made=replace(made, dispatched=True)), SLOT) == ()


def test_one_that_a_person_made_before_its_slot_waits_for_it():
    made = Made(ID, approved=False, dispatched=False)
    assert decide(facts(made=made), SLOT - HOUR) == ()


def test_downtime_is_caught_up_within_the_deadline_and_later_said_once():
    late, make = decide(facts(), SLOT + 2 * HOUR)
    assert make == Make("morning", SLOT, ID)
    assert isinstance(late, Alarm)
    assert (late.what, late.subject) == (LATE, ID)
    (skip,) = decide(facts(), SLOT + 2 * HOUR + MINUTE)
    assert isinstance(skip, Skip)
    assert (skip.edition, "within 2 h of its slot 2026-03-02 07:00Z" in skip.reason) == (ID, True)
    assert decide(facts(said={(SKIPPED, ID): SLOT + 3 * HOUR}), SLOT + 4 * HOUR) == ()


def test_what_was_due_before_the_clock_knew_the_timetable_was_not_missed_by_it():
    assert decide(facts(since=SLOT + MINUTE), SLOT + 3 * HOUR) == ()


def test_an_edition_that_needs_approval_is_made_ahead_and_waits():
    assert decide(facts(APPROVED_FIRST), SLOT - 31 * MINUTE) == ()
    assert decide(facts(APPROVED_FIRST), SLOT - 30 * MINUTE) == (Make("morning", SLOT, ID),)
    made = Made(ID, approved=False, dispatched=False)
    assert decide(facts(APPROVED_FIRST, made=made), SLOT + 4 * MINUTE) == ()
    (late,) = decide(facts(APPROVED_FIRST, made=made), SLOT + 5 * MINUTE)
    assert late == Alarm(LATE, ID, "not sent 5 min after its slot: it waits for approval")
    said = {(LATE, ID): SLOT}
    assert decide(facts(APPROVED_FIRST, made=replace(made, approved=True), said=said), SLOT + HOUR) == (
        Send(ID),
    )


def test_without_approval_it_expires_with_an_alarm_once():
    made = Made(ID, approved=False, dispatched=False)
    (alarm,) = decide(facts(APPROVED_FIRST, made=made), SLOT + 2 * HOUR + MINUTE)
    assert isinstance(alarm, Alarm)
    assert (alarm.what, alarm.subject, "nobody approved it" in alarm.reason) == (UNSENT, ID, True)
    said = {(UNSENT, ID): SLOT}
    approved = replace(made, approved=True)
    assert decide(facts(APPROVED_FIRST, made=approved, said=said), SLOT + 3 * HOUR) == ()


def test_what_failed_waits_for_its_time_and_is_the_reason_of_being_late():
    make = Make("morning", SLOT, ID)
    held = {make: Held(SLOT + 10 * MINUTE, "the gate refused it")}
    (late,) = decide(facts(held=held), SLOT + 6 * MINUTE)
    assert late == Alarm(LATE, ID, "not sent 6 min after its slot: the gate refused it")
    assert decide(facts(held=held, said={(LATE, ID): SLOT}), SLOT + 10 * MINUTE) == (make,)


def test_sources_come_first_then_editions_feeds_and_mail():
    found = decide(facts(sources=[Polled(slug="a", every=HOUR)], due=["D"], news=True), SLOT)
    assert found == (Poll((("a", None),)), Make("morning", SLOT, ID), Build(), Resume("D"))


def test_feeds_follow_news_at_once_and_time_every_five_minutes():
    assert Build() not in decide(Facts(news=False, feeds_at=SLOT), SLOT + 4 * MINUTE)
    assert Build() in decide(Facts(news=False, feeds_at=SLOT), SLOT + 5 * MINUTE)
    assert Build() in decide(Facts(news=True, feeds_at=SLOT), SLOT)


@pytest.mark.parametrize(("failures", "minutes"), [(0, 5), (1, 10), (3, 40), (4, 60), (40, 60)])
def test_a_source_is_asked_up_to_a_tenth_early_and_less_while_it_fails(failures, minutes):
    dues = [
        poll_due(Polled(slug=f"s{n}", every=5 * MINUTE, polled_at=SLOT, failures=failures), b"key") - SLOT
        for n in range(50)
    ]
    assert minutes * MINUTE * 0.9 <= min(dues) < max(dues) <= minutes * MINUTE
    assert len(set(dues)) > 40


def test_a_pause_that_a_source_asks_for_is_kept():
    source = Polled(slug="a", every=MINUTE, polled_at=SLOT, not_before=SLOT + HOUR)
    assert poll_due(source, b"") == SLOT + HOUR
    assert poll_due(Polled(slug="a", every=MINUTE, not_before=SLOT), b"") == SLOT


def arrivals(newest: datetime, gap: timedelta) -> tuple[datetime, ...]:
    return tuple(newest - n * gap for n in range(8))


def test_a_source_with_nothing_new_for_ten_times_its_usual_gap_is_said_to_be_quiet_once():
    source = Polled(slug="a", every=5 * MINUTE, polled_at=SLOT, arrivals=arrivals(SLOT - 31 * HOUR, 3 * HOUR))
    (alarm,) = decide(Facts(sources=[source], news=False, feeds_at=SLOT), SLOT)
    assert alarm == Alarm(
        QUIET, "a", "nothing new for 31 h; usually something comes every 3 h: does it still publish there?"
    )
    said = {(QUIET, "a"): SLOT - HOUR}
    assert decide(Facts(sources=[source], news=False, feeds_at=SLOT, said=said), SLOT) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"arrivals": arrivals(SLOT - 29 * HOUR, 3 * HOUR)},
        {"arrivals": arrivals(SLOT - 9 * HOUR, MINUTE)},
        {"arrivals": arrivals(SLOT - 31 * HOUR, 3 * HOUR)[:4]},
        {"failures": 1},
        {"polled_at": SLOT - HOUR},
    ],
    ids=["within its habit", "a night", "hardly known", "it fails", "nobody asked it"],
)
def test_no_other_source_is_called_quiet(change):
    known = {"polled_at": SLOT, "arrivals": arrivals(SLOT - 31 * HOUR, 3 * HOUR)}
    source = Polled(slug="a", every=5 * MINUTE, **(known | change))
    found = decide(Facts(sources=[source], news=False, feeds_at=SLOT), SLOT)
    assert [intent for intent in found if isinstance(intent, Alarm)] == []


def test_the_next_look_is_when_something_is_due():
    soon = 24 * HOUR
    assert next_look(facts(), SLOT - HOUR, at_most=soon) == SLOT - 30 * MINUTE
    assert next_look(facts(), SLOT - MINUTE, at_most=soon) == SLOT
    assert next_look(facts(), SLOT - HOUR, at_most=MINUTE) == SLOT - HOUR + MINUTE
    held = {Build(): Held(SLOT + timedelta(seconds=5), "")}
    assert next_look(facts(held=held), SLOT, at_most=MINUTE) == SLOT + timedelta(seconds=5)


def test_an_edition_that_came_about_after_all_is_sent_whatever_was_said_before():
    made = Made(ID, approved=False, dispatched=False)
    assert decide(facts(made=made, said={(SKIPPED, ID): SLOT}), SLOT + MINUTE) == (Send(ID),)
