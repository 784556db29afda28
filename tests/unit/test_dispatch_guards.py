"""What no single reply can say, decided without a network: refusals in number, domains, the relay."""

from __future__ import annotations

from datetime import timedelta

import pytest

from publisher.dispatch import guards
from publisher.dispatch.guards import HOLD, HOLD_MAX, Domains, Refusals, RelayWatch
from publisher.ledger import Action, Outcome, State
from tests.dispatchbox import NOW

TAKEN = Outcome(State.ACCEPTED, "accepted", code=250)
BLOCKED = Outcome(State.QUEUED, "policy about us", action=Action.COUNT_BLOCK, charged=False, code=554)
DEAD = Outcome(State.FAILED, "no such mailbox", action=Action.SUPPRESS, code=550)
LOST = Outcome(State.QUEUED, "connection lost", action=Action.RECONNECT, charged=False)


class Monotonic:
    """A clock of durations that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def monotonic(monkeypatch: pytest.MonkeyPatch) -> Monotonic:
    clock = Monotonic()
    monkeypatch.setattr(guards.time, "monotonic", clock)
    return clock


def test_three_refusals_in_a_row_are_enough_and_two_with_a_message_between_are_not() -> None:
    refusals = Refusals()
    assert [refusals.enough(said) for said in (BLOCKED, BLOCKED, TAKEN, BLOCKED, BLOCKED, BLOCKED)] == [
        False,
        False,
        False,
        False,
        False,
        True,
    ]


def test_lost_connection_between_refusals_says_nothing() -> None:
    refusals = Refusals()
    assert [refusals.enough(said) for said in (BLOCKED, LOST, BLOCKED, LOST, BLOCKED)][-1] is True


def test_share_of_refusals_counts_once_the_window_is_full() -> None:
    refusals = Refusals()
    answers = [BLOCKED if number % 40 == 0 else TAKEN for number in range(200)]
    assert [refusals.enough(said) for said in answers].index(True) == 199


def test_four_refusals_in_two_hundred_are_bearable() -> None:
    refusals = Refusals()
    answers = [BLOCKED if number % 50 == 0 else TAKEN for number in range(1000)]
    assert not any(refusals.enough(said) for said in answers)


def test_domain_is_held_for_longer_each_time_it_goes_wrong_again_and_a_message_ends_that() -> None:
    domains, now, waits = Domains(), NOW, []
    for _ in range(7):
        until = domains.hold("busy.example", now, why="421").until
        waits.append(until - now)
        now = until
    assert waits == [HOLD, HOLD * 2, HOLD * 4, HOLD * 8, HOLD_MAX, HOLD_MAX, HOLD_MAX]
    domains.well("busy.example")
    assert domains.hold("busy.example", now, why="421").until - now == HOLD


def test_same_news_from_many_connections_holds_a_domain_once() -> None:
    domains = Domains()
    first = domains.hold("busy.example", NOW, why="421")
    assert domains.hold("busy.example", NOW + timedelta(seconds=1), why="421") == first
    assert domains.held("busy.example", NOW + timedelta(minutes=14)) == first
    assert domains.held("busy.example", NOW + timedelta(minutes=15)) is None
    assert domains.held("other.example", NOW) is None
    assert domains.all_held(NOW) == (("busy.example", "421"),)


def test_dead_mailboxes_are_believed_while_they_are_few_or_a_small_share() -> None:
    few, share = Domains(), Domains()
    assert not any(few.incredible("odd.example", DEAD) for _ in range(20))
    assert few.incredible("odd.example", DEAD)
    said = [DEAD if number % 25 == 0 else TAKEN for number in range(1000)]
    assert not any(share.incredible("large.example", answer) for answer in said)


def test_relay_is_given_up_after_five_failures_and_then_for_longer_and_longer(monotonic: Monotonic) -> None:
    watch = RelayWatch()
    assert [watch.failed(watch.era) for _ in range(5)] == [False, False, False, False, True]
    pauses = []
    for _ in range(6):
        pauses.append(watch.pause())
        monotonic.now += watch.pause()
        assert watch.failed(watch.era), "when the time is over, one try decides"
    assert pauses == [60, 120, 240, 480, 960, 1800]
    watch.well()
    assert not watch.in_trouble
    assert not watch.failed(watch.era)


def test_connections_that_fail_together_fail_once(monotonic: Monotonic) -> None:
    watch = RelayWatch()
    began = watch.era
    assert not any(watch.failed(began) for _ in range(20))
    assert watch.pause() == guards.PAUSE


def test_pauses_between_tries_grow(monotonic: Monotonic) -> None:
    watch = RelayWatch()
    pauses = []
    for _ in range(4):
        watch.failed(watch.era)
        pauses.append(watch.pause())
    assert pauses == [0.5, 1.0, 2.0, 4.0]
