"""A chunk is closed while a person lets some of its rows wait again: whoever waits is in an open chunk, whichever of both came first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.dispatch import run
from publisher.ledger import Outcome, State
from publisher.store import deliveries
from publisher.store.db import Database
from publisher.store.deliveries import Lease, Recorded
from publisher.store.deliveries import lease as leasing
from publisher.store.liveness import alive
from publisher.store.schema import chunk, dispatch
from tests.contract.test_mailing_races import until_it_waits
from tests.dispatchbox import DISPATCH, frozen, present, readers, relay, states, work
from tests.smtpd import Server
from tests.waiting import Aside

WORKER = "01KJPD5W00WORKER0000000001"


@pytest.fixture
def lease(database: Database) -> Iterator[Lease]:
    """Of a chunk whose rows have all come to an end, one of them a bad one."""
    frozen(database, readers(3))
    with alive(database, WORKER, now=present()):
        with database.write() as connection:
            held = deliveries.claim(connection, WORKER, now=present(), dispatch_id=DISPATCH)
            assert held is not None
            deliveries.mark(connection, held, [(row.delivery_id, 1) for row in held.rows], now=present())
            ends = [
                Outcome(State.ACCEPTED, "ok"),
                Outcome(State.ACCEPTED, "ok"),
                Outcome(State.FAILED, "550"),
            ]
            told = [
                Recorded(row.delivery_id, 1, end, at=present(), lease=held)
                for row, end in zip(held.rows, ends, strict=True)
            ]
            deliveries.record(connection, told)
        yield held


def again(database: Database) -> None:
    with database.write() as connection:
        assert deliveries.retry_failed(connection, DISPATCH, actor="op", now=present()) == 1


def close(database: Database, lease: Lease) -> None:
    with database.write() as connection:
        assert deliveries.close_chunk(connection, lease)


def can_be_sent(database: Database, tmp_path: Path) -> None:
    with Server(folder=tmp_path, starttls=False) as server:
        assert run(database, relay(server), work()).counts.waiting == 0
        assert len(server.messages()) == 1
    assert set(states(database).values()) == {"accepted"}


def test_closing_waits_for_a_person_who_came_first(database: Database, lease: Lease, tmp_path: Path) -> None:
    with database.write() as connection:
        deliveries.retry_failed(connection, DISPATCH, actor="op", now=present())
        closing = Aside(close, database, lease)
        until_it_waits(database, closing)
    closing.result()
    can_be_sent(database, tmp_path)


def test_a_person_waits_for_a_closing_that_came_first(
    database: Database, lease: Lease, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, beside = leasing.anyone_left, []

    def looked(*given: object) -> bool:
        monkeypatch.undo()  # once
        found = look(*given)  # type: ignore[arg-type]  # as it was called
        beside.append(Aside(again, database))
        until_it_waits(database, beside[0])
        return found

    monkeypatch.setattr(leasing, "anyone_left", looked)
    close(database, lease)
    beside[0].result()
    can_be_sent(database, tmp_path)


def test_who_was_left_in_a_closed_chunk_is_found_by_the_next_run(
    database: Database, lease: Lease, tmp_path: Path
) -> None:
    """As a program could leave them that did not wait."""
    again(database)
    with database.write() as connection:
        connection.execute(chunk.update().values(done=True, worker_id=None))
    can_be_sent(database, tmp_path)
    with database.read() as connection:
        assert all(row.done for row in connection.execute(chunk.select()))


def test_nobody_is_listed_while_their_dispatch_is_still_being_filled(
    database: Database, lease: Lease
) -> None:
    """Its chunks come with the end of the freeze: whoever resumes it meanwhile would have them twice."""
    again(database)
    with database.write() as connection:
        connection.execute(chunk.update().values(done=True, worker_id=None))
        connection.execute(dispatch.update().values(state="freezing", frozen_at=None))
        assert deliveries.list_strays(connection, DISPATCH, now=present()) == 0
        connection.execute(dispatch.update().values(state="sending", frozen_at=present()))
        assert deliveries.list_strays(connection, DISPATCH, now=present()) == 1
