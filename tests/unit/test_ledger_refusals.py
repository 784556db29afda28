"""Why the mark passes a delivery over, told row by row: what is recorded, and what is nobody's to record."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from publisher.ledger import Counts
from publisher.store import deliveries, schema
from publisher.store.db import open_database
from publisher.store.deliveries import Lease
from subscribers import audience
from tests.ledgerbox import (
    ACCEPTED,
    DIGEST,
    DISPATCH,
    ENDS,
    NOW,
    addr_key,
    entry,
    freeze,
    hire,
    make_edition,
    marked,
    new_delivery,
    new_dispatch,
    set_rows,
    state_of,
    subscribe,
)
from tests.ledgermodel import template


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Connection]:
    """An empty ledger with one worker."""
    shutil.copy(template(), tmp_path / "ledger.sqlite3")
    database = open_database(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    with database.write() as connection:
        hire(connection, "W1")
        yield connection
    database.close()


def begun(connection: Connection, kind: str = "digest") -> Lease:
    """One reader's delivery in the worker's hand."""
    if kind == "digest":
        freeze(connection, ["en"])
    else:
        make_edition(connection)
        deliveries.open_dispatch(connection, new_dispatch(kind=kind, edition_id=None))
        row = new_delivery(1, subscriber_id=subscribe(connection, 1))
        deliveries.add_deliveries(connection, DISPATCH, [row], due_at=NOW)
        deliveries.finish_freeze(connection, DISPATCH, now=NOW)
    lease = deliveries.claim(connection, "W1", now=NOW)
    assert lease is not None
    return lease


def why(connection: Connection, lease: Lease, **more: Any) -> tuple[str, str]:
    now = more.get("now", NOW)
    assert marked(connection, lease, now=now) == frozenset()
    return deliveries.why_refused(connection, lease, lease.rows[0].delivery_id, now=now)


def test_a_reader_who_left_is_told_from_one_who_is_suppressed(ledger: Connection):
    lease = begun(ledger)
    audience.leave(ledger, lease.rows[0].subscriber_id, digest=DIGEST, actor="test", now=NOW)
    assert why(ledger, lease)[0] == "suppressed"
    audience.suppress(ledger, addr_key(1), "complained", actor="test", now=NOW)
    assert why(ledger, lease) == ("suppressed", "complained")


def test_a_notice_goes_to_whoever_left_and_to_nobody_who_complained(ledger: Connection):
    lease = begun(ledger, "tx")
    audience.suppress(ledger, addr_key(1), "left", actor="test", now=NOW)
    set_rows(ledger, schema.dispatch, revision=2)
    assert why(ledger, lease) == ("not-ours", "the dispatch is sending")
    here = replace(lease, revision=2)
    stranger = replace(here, fence=here.fence + 1)
    assert why(ledger, stranger) == ("not-ours", "the lease was lost")
    set_rows(ledger, schema.dispatch, revision=1)
    assert marked(ledger, lease) == {lease.rows[0].delivery_id}


def test_a_notice_to_whoever_complained_is_refused(ledger: Connection):
    lease = begun(ledger, "tx")
    audience.suppress(ledger, addr_key(1), "complained", actor="test", now=NOW)
    assert why(ledger, lease) == ("suppressed", "complained")


def test_the_end_of_a_dispatch_is_its_first_instant_without_it(ledger: Connection):
    lease = begun(ledger)
    assert why(ledger, lease, now=ENDS) == ("expired", "past the dispatch's end")
    assert marked(ledger, lease, now=ENDS - timedelta(seconds=1))


def test_a_dispatch_that_was_stopped_is_nobodys_to_record(ledger: Connection):
    lease = begun(ledger)
    deliveries.pause(ledger, DISPATCH)
    assert why(ledger, lease) == ("not-ours", "the dispatch is paused")


def test_a_chunk_that_took_two_workers_with_it_is_tried_row_by_row_each_alone(ledger: Connection):
    freeze(ledger, ["en", "en"])
    hire(ledger, "W2", "W3")
    for worker in ("W1", "W2"):
        taken = deliveries.claim(ledger, worker, now=NOW)
        assert taken is not None
        assert len(taken.rows) == 2
        assert deliveries.recover(ledger, [worker], now=NOW) == 0
        assert deliveries.claim(ledger, worker, now=NOW) is None, "who was taken for dead gets nothing more"
    suspect = deliveries.claim(ledger, "W3", now=NOW)
    assert suspect is not None
    assert len(suspect.rows) == 1
    assert deliveries.claim(ledger, "W3", now=NOW) is None, "a suspect is held alone"
    assert deliveries.recover(ledger, ["W3"], now=NOW) == 0
    assert state_of(ledger, suspect.rows[0].delivery_id) == "failed"
    assert deliveries.counts(ledger, DISPATCH) == Counts(waiting=1, failed=1)


def test_a_lease_that_was_lost_gives_nothing_back_and_closes_nothing(ledger: Connection):
    lease = begun(ledger)
    for changed in ({"fence": lease.fence + 1}, {"worker_id": "W2"}, {"chunk_id": lease.chunk_id + 1}):
        assert not deliveries.release(ledger, replace(lease, **changed))
        assert not deliveries.close_chunk(ledger, replace(lease, **changed))
    assert marked(ledger, lease)
    assert not deliveries.release(ledger, lease), "its row is at the dot"
    assert not deliveries.close_chunk(ledger, lease)
    assert deliveries.record(ledger, [entry(lease, lease.rows[0], ACCEPTED)]) == 1
    assert deliveries.close_chunk(ledger, lease)
    assert deliveries.counts(ledger, DISPATCH) == Counts(accepted=1)
