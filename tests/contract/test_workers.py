"""Sender processes beside each other on one dispatch: no double, no loss, no mail to who has left; killed, stopped and let go on."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from publisher.dispatch import loop, run
from publisher.errors import StoreUnavailable
from publisher.ledger import State
from publisher.store import deliveries
from publisher.store.db import Database
from publisher.store.deliveries import freeze
from subscribers import audience
from tests.crash.checker import Verdict, check
from tests.crash.nursery import Lives, Nursery, opened
from tests.crash.sender import MESSAGE
from tests.dispatchbox import DISPATCH, addr_key, frozen, present, readers, relay, work
from tests.smtpd import Server
from tests.waiting import until

PEOPLE = 121
"""Four chunks, one of them with a single row."""


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """There must be enough of them to share."""
    monkeypatch.setattr(freeze, "CHUNK", 40)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with opened() as made:
        yield made


def begun(nursery: Nursery, database: Database, server: Server, number: int) -> list[Lives]:
    """So many lives, each with two connections, all on their way."""
    lives = [Lives(nursery, database, server, 2) for _ in range(number)]
    for life in lives:
        life.begin()
    return lives


def taken(server: Server) -> int:
    """How many messages it has, without reading its log."""
    return server._lines


def to_the_end(database: Database, server: Server) -> None:
    """Go on in this process until nobody waits; who was given up for having been there at several deaths is tried again, as by an operator."""
    for _ in range(8):
        if not run(database, relay(server), work(compiled=MESSAGE)).counts.waiting:
            with database.write() as connection:
                again = deliveries.retry_failed(connection, DISPATCH, actor="test", now=present())
                again += deliveries.resolve(
                    connection, DISPATCH, State.QUEUED, deliveries=(), actor="test", now=present()
                )
            if not again:
                return
    raise AssertionError("it comes to no end")


def judged(database: Database, server: Server, **facts: int) -> Verdict:
    return check(database, server.messages(), dispatch_id=DISPATCH, **({"connections": 4} | facts))


def hands(database: Database) -> int:
    """How many workers ever marked something."""
    with database.read() as connection:
        query = text("SELECT count(DISTINCT worker_id) FROM note")
        return int(connection.execute(query).scalar_one())


def test_four_share_a_dispatch_and_double_nobody(
    nursery: Nursery, database: Database, tmp_path: Path
) -> None:
    frozen(database, readers(PEOPLE))
    with Server("dot wait=0.002", folder=tmp_path, starttls=False) as server:
        lives = begun(nursery, database, server, 4)
        assert {life.end() for life in lives} <= {"ended 0", "ended 1"}
        to_the_end(database, server)
    verdict = judged(database, server)
    assert (verdict.states, verdict.doubles) == ({"accepted": PEOPLE}, 0)
    assert hands(database) >= 2


def leaving_meanwhile(
    nursery: Nursery, database: Database, folder: Path, *, people: int, leavers: int
) -> None:
    """Exact, and without a clock: what is marked of a reader right after their leaving is committed stays all there is."""
    frozen(database, readers(people))
    draw = random.Random(4)  # noqa: S311 - repeatable, not secret
    leaving = draw.sample(readers(people), leavers)
    query = text("SELECT count(*) FROM note n JOIN delivery d ON d.id = n.delivery_id WHERE d.rcpt = :rcpt")

    def marks(address: str) -> int:
        with database.read() as connection:
            return int(connection.execute(query, {"rcpt": address}).scalar_one())

    seen: dict[str, int] = {}
    with Server("dot wait=0.002", folder=folder, starttls=False) as server:
        lives = begun(nursery, database, server, 2)
        for number, address in enumerate(leaving):
            until(lambda number=number: taken(server) >= number * people // leavers * 4 // 5)
            with database.write() as connection:
                person = audience.find(connection, addr_key(address))
                assert person is not None
                audience.leave(connection, person.id, digest="morning", actor="reader", now=present())
            seen[address] = marks(address)
        for life in lives:
            life.end()
        to_the_end(database, server)
        copies = {message.rcpt for message in server.messages()}
    assert {address: marks(address) for address in leaving} == seen
    assert {address for address in leaving if seen[address]} == copies & set(leaving)
    assert 0 < sum(seen.values()) < len(leaving), "all left before, or after: this run proves nothing"
    verdict = judged(database, server)
    assert verdict.doubles == 0
    assert verdict.states["accepted"] + verdict.states["suppressed"] == people


def test_who_leaves_between_two_marks_of_two_workers_is_marked_no_more(
    nursery: Nursery, database: Database, tmp_path: Path
) -> None:
    leaving_meanwhile(nursery, database, tmp_path, people=PEOPLE, leavers=24)


def kills_beside_each_other(
    nursery: Nursery, database: Database, folder: Path, *, kills: int, seed: int
) -> None:
    """Two workers, of which one or the other is killed and begun again, `kills` times; then one goes on to the end."""
    frozen(database, readers(PEOPLE))
    draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
    with Server("dot wait=0.01", folder=folder, starttls=False) as server:
        lives = begun(nursery, database, server, 2)
        for number in range(1, kills + 1):
            until(lambda number=number: taken(server) >= number * 80 // (kills + 1))
            life = draw.choice(lives)
            life.kill()
            assert life.end() == "died 9", "it was over before it could be killed"
            life.begin()
        server.teach()
        for life in lives:
            life.end()
        to_the_end(database, server)
    verdict = judged(database, server, kills=kills)
    assert verdict.states == {"accepted": PEOPLE}


def test_kills_among_two_workers_lose_nobody(nursery: Nursery, database: Database, tmp_path: Path) -> None:
    kills_beside_each_other(nursery, database, tmp_path, kills=3, seed=1)


def test_worker_that_was_stopped_past_its_lease_and_goes_on_changes_nothing(
    nursery: Nursery, database: Database, tmp_path: Path
) -> None:
    """Its lock is lost while it stands still: on PostgreSQL with its session, on SQLite, where the kernel keeps it, by a recovery."""
    frozen(database, readers(PEOPLE))
    with Server("logged nth=20- do=hold", folder=tmp_path, starttls=False) as server:
        (stopped,) = begun(nursery, database, server, 1)
        until(lambda: len(server.held) == 2)
        stopped.kill(signal.SIGSTOP)
        lose_locks(database)
        server.teach("dot wait=0.002")
        to_the_end(database, server)
        before = len(server.messages())
        stopped.kill(signal.SIGCONT)
        said = stopped.end()
        assert len(server.messages()) == before, "it sent to somebody whom it did not hold any more"
    assert said in {"ended 0", "ended 70"}
    verdict = judged(database, server, kills=1)
    assert verdict.states == {"accepted": PEOPLE}
    assert verdict.doubles <= 4


def test_a_worker_that_the_others_take_for_dead_ends_and_says_so(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would go on without a lease, and say in the end that nobody is due."""
    monkeypatch.setattr(loop, "LOOK_SECONDS", 0.0)
    frozen(database, readers(PEOPLE))
    with Server("dot wait=0.02", folder=tmp_path, starttls=False) as server:
        taken_for_dead = work(compiled=MESSAGE, look=lambda: lose_locks(database))
        with pytest.raises(StoreUnavailable):
            run(database, relay(server), taken_for_dead)
        assert 0 < len(server.messages()) < PEOPLE
        server.teach("dot wait=0.002")
        to_the_end(database, server)
    assert judged(database, server, kills=1).states == {"accepted": PEOPLE}


def lose_locks(database: Database) -> None:
    """Take every worker's lock away, as if its host had gone."""
    if database.dialect == "postgresql":
        with database.write() as connection:
            query = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            connection.execute(text(query))
        return
    with database.write() as connection:
        names = list(connection.execute(text("SELECT id FROM worker")).scalars())
        deliveries.recover(connection, names, now=present())
    assert database.path is not None
    for lock in database.path.parent.glob(f"{database.path.name}.worker-*"):
        lock.unlink()
