"""The sending loop on either database: the same mail, the same doubts, the same suppressions."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from publisher.dispatch import feed, run, writer
from publisher.ledger import Counts
from publisher.store import deliveries, relays
from publisher.store.db import Database
from subscribers import audience
from tests.crash.checker import check
from tests.dispatchbox import DISPATCH, Clock, addr_key, frozen, present, readers, relay, work
from tests.smtpd import Server
from tests.waiting import Aside


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "LOOK_AGAIN", 0.05)


def test_refusals_doubts_and_deferrals_end_as_they_should(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    frozen(database, readers(40), now=clock.now)
    rules = [
        "rcpt to=reader0007@* reply='550 5.1.1 No such user'",
        "rcpt to=reader0010@* nth=1 reply='451 4.7.1 Greylisted'",
        "logged nth=/10 do=drop",
    ]
    with Server(*rules, folder=tmp_path, starttls=False) as server:
        run(database, relay(server), work(clock=clock))
        clock.move(minutes=10)
        ended = run(database, relay(server), work(clock=clock))
        verdict = check(database, server.messages(), dispatch_id=DISPATCH, connections=4, cuts=4)
    assert verdict.states == {"accepted": 39, "failed": 1}
    assert ended.counts.waiting == 0
    with database.read() as connection:
        assert audience.suppressed(connection, addr_key("reader0007@list.example")) is not None


def test_two_workers_and_readers_who_leave_meanwhile(database: Database, tmp_path: Path) -> None:
    frozen(database, readers(450))
    leaving = readers(450)[::9]

    def leave() -> None:
        for address in leaving:
            with database.write() as connection:
                person = audience.find(connection, addr_key(address))
                assert person is not None
                audience.leave(connection, person.id, digest="morning", actor="reader", now=present())

    with Server("dot wait=0.002", folder=tmp_path, starttls=False) as server:
        beside = [Aside(leave), *(Aside(run, database, relay(server), work()) for _ in range(2))]
        for each in beside:
            each.result()
        ended = run(database, relay(server), work())
        verdict = check(database, server.messages(), dispatch_id=DISPATCH, connections=8)
    assert ended.counts.waiting == 0
    assert verdict.states["accepted"] + verdict.states["suppressed"] == 450
    assert verdict.doubles == 0


def test_what_a_dead_worker_left_is_settled_by_the_next(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Death is played by a ledger that breaks: marks stand without an outcome, and the lease is never given back."""
    monkeypatch.setattr(writer, "SHOW_SECONDS", 0.0)
    frozen(database, readers(30))

    class Death(Exception):
        pass

    def die(counts: Counts) -> None:
        if counts.accepted >= 10:
            raise Death

    with Server(folder=tmp_path, starttls=False) as server:
        with pytest.raises(Death):
            run(database, relay(server), work(progress=die))
        with database.read() as connection:
            assert 0 < deliveries.counts(connection, DISPATCH).waiting <= 20
        ended = run(database, relay(server), work())
        verdict = check(database, server.messages(), dispatch_id=DISPATCH, connections=4, kills=1)
    assert ended.counts.waiting == 0
    assert verdict.states == {"accepted": 30}


def test_slots_of_a_rate_are_given_once_and_begin_at_the_present(database: Database) -> None:
    with database.write() as connection:
        first, began = relays.grant(connection, "main", 10, apart=0.25)
    with database.write() as connection:
        second, present_ = relays.grant(connection, "main", 10, apart=0.25)
        relays.grant(connection, "main", 4000, apart=0.25)
    with database.write() as connection:
        after, then = relays.grant(connection, "main", 1, apart=0.25)
    assert abs(first - began) < 0.05
    assert second == pytest.approx(first + 2.5)
    assert began <= present_
    assert abs(after - then) < 0.05, "so far ahead only a clock that was put back can have brought it"


def test_a_breaker_lets_one_try_at_a_time(database: Database) -> None:
    clock = Clock()
    held = relays.Breaker(clock() + timedelta(minutes=1), 3, "refused")

    def probe() -> bool:
        with database.write() as connection:
            return relays.probe(connection, "relay:main", now=clock(), until=clock() + timedelta(minutes=1))

    assert probe(), "of which nothing is known may be tried"
    with database.write() as connection:
        relays.leave_alone(connection, "relay:main", held, now=clock())
    assert not probe()
    clock.move(minutes=1)
    assert [probe(), probe()] == [True, False]
    with database.read() as connection:
        assert relays.breakers(connection)["relay:main"].probing
    with database.write() as connection:
        relays.try_now(connection, now=clock())
    assert probe()
    with database.write() as connection:
        relays.close(connection, ["relay:main"])
        assert not relays.breakers(connection)
