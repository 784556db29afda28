"""SIGKILL at any moment: nobody is lost, and a repeat is a row that was marked beforehand, the same to the last byte."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from publisher.ledger import State
from publisher.store import deliveries
from publisher.store.db import Database
from tests.crash.checker import check
from tests.crash.nursery import Lives, Nursery
from tests.dispatchbox import DISPATCH, fresh, frozen, present, readers, states
from tests.smtpd import OFFER, PLAIN, Server
from tests.waiting import until

SLOWLY = "dot wait=0.01"


def reached(server: Server) -> int:
    """How many people the server has taken mail for."""
    return len({message.rcpt for message in server.messages()})


def to_the_end(database: Database, life: Lives, *, tries: int = 8) -> None:
    """Start it until nobody waits, and do what an operator would then: retry who was given up for killing the sender,
    send again to who has been in doubt as often as the policy resends by itself.
    """
    for _ in range(tries):
        life.begin()
        said = life.end()
        assert said in {"ended 0", "ended 1"}, said
        if said == "ended 0":
            with database.write() as connection:
                again = deliveries.retry_failed(connection, DISPATCH, actor="test", now=present())
                again += deliveries.resolve(
                    connection, DISPATCH, State.QUEUED, deliveries=(), actor="test", now=present()
                )
            if not again:
                return
    raise AssertionError("it comes to no end")


@pytest.mark.parametrize("seed", [1])
def test_sixty_kills_at_random_moments_lose_nobody_and_repeat_only_what_was_marked(
    nursery: Nursery, tmp_path: Path, seed: int
) -> None:
    """The server holds its peace some messages later than a life is to be killed at: none is over before, however late the
    kill comes on a busy machine."""
    draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
    kills, connections, people, later = 60, 4, 200, 24
    with fresh_dispatch(tmp_path, people) as database, slow_server(tmp_path) as server:
        life = Lives(nursery, database, server, connections)
        for wanted in sorted(draw.sample(range(people - 40), kills)):
            server.teach(f"dot nth={max(0, wanted - reached(server)) + later}- do=hold", SLOWLY)
            life.begin()
            until(lambda wanted=wanted: reached(server) >= wanted or bool(server.held))
            time.sleep(draw.uniform(0.0, 0.04))
            life.kill()
            assert life.end() == "died 9", "it was over before it could be killed"
        server.teach(SLOWLY)
        to_the_end(database, life)
        verdict = check(
            database, server.messages(), dispatch_id=DISPATCH, connections=connections, kills=kills
        )
    assert verdict.states == {"accepted": people}
    assert len({message.rcpt for message in server.messages()}) == people
    assert verdict.doubles > 0, "no kill hit a row after its dot: this run proves nothing"


BEFORE_ANY_MARK = [
    "after-claim",
    "after-connect",
    "after-mail",
    "after-rcpt",
    "after-data",
    "mid-body",
    "before-mark",
]
AMONG_MARKS = ["after-mark", "after-dot", "after-reply", "after-record"]
AFTER_ALL = ["after-close", "in-recovery", "in-expiry"]
POINTS = [(name, 1) for name in BEFORE_ANY_MARK + AFTER_ALL] + [(name, 5) for name in AMONG_MARKS]


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize(("point", "passage"), POINTS, ids=[name for name, _ in POINTS])
def test_death_at_each_named_point_loses_nobody(
    nursery: Nursery, tmp_path: Path, point: str, passage: int, connections: int
) -> None:
    people = 20
    offer = PLAIN if connections == 1 else OFFER
    with (
        fresh_dispatch(tmp_path, people) as database,
        slow_server(tmp_path, offer=offer) as server,
    ):
        life = Lives(nursery, database, server, connections)
        if point == "in-recovery":  # there must be something to recover: this is a second death
            life.begin("after-dot:5")
            assert life.end() == "died 9"
        life.begin(f"{point}:{passage}")
        assert life.end() == "died 9", f"{point} was not reached"
        to_the_end(database, life)
        kills = 2 if point == "in-recovery" else 1
        verdict = check(
            database, server.messages(), dispatch_id=DISPATCH, connections=connections, kills=kills
        )
    assert verdict.states == {"accepted": people}
    if point in BEFORE_ANY_MARK and connections == 1:
        assert verdict.doubles == 0


def test_stop_in_the_middle_leaves_nobody_in_doubt(nursery: Nursery, tmp_path: Path) -> None:
    people = 60
    with fresh_dispatch(tmp_path, people) as database, slow_server(tmp_path) as server:
        life = Lives(nursery, database, server, 4)
        server.teach("logged nth=10- do=hold", SLOWLY)
        life.begin()
        until(lambda: len(server.held) == 4)
        life.kill(signal.SIGTERM)
        server.teach("dot wait=0.5")  # slow enough for the signal to be noticed long before the end
        assert life.end() == "ended 1"
        server.teach()
        assert set(states(database).values()) == {"accepted", "queued"}
        to_the_end(database, life)
        verdict = check(database, server.messages(), dispatch_id=DISPATCH, connections=4)
    assert (verdict.states, verdict.doubles) == ({"accepted": people}, 0)


def test_death_while_a_dead_mailbox_is_suppressed_suppresses_it_once(
    nursery: Nursery, tmp_path: Path
) -> None:
    people = 20
    rule = "rcpt to=reader0007@* reply='550 5.1.1 No such user'"
    with fresh_dispatch(tmp_path, people) as database, slow_server(tmp_path, rule) as server:
        life = Lives(nursery, database, server, 2)
        life.begin("during-suppression")
        assert life.end() == "died 9"
        to_the_end_of(life)
        verdict = check(database, server.messages(), dispatch_id=DISPATCH, connections=2, kills=1)
    assert verdict.states == {"accepted": people - 1, "failed": 1}


def to_the_end_of(life: Lives) -> None:
    life.begin()
    assert life.end() == "ended 0"


@contextmanager
def fresh_dispatch(folder: Path, people: int) -> Iterator[Database]:
    database = fresh(folder)
    frozen(database, readers(people))
    yield database
    database.close()


def slow_server(folder: Path, *rules: str, offer: str = OFFER) -> Server:
    """A server that takes its time with each message: the sender is caught in every step."""
    return Server(*rules, SLOWLY, folder=folder, starttls=False, offer=offer)
