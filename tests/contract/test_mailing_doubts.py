"""After a death: who is in doubt is named before anything is sent again, and can be settled; who is sending can be told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.desk import mailing
from publisher.errors import Conflict
from publisher.ledger import Counts
from publisher.store import deliveries
from publisher.store.db import Database
from publisher.store.liveness import alive
from tests.mailroom import (
    WHO,
    begun,
    keeping,
    killed_after_a_reply,
    mails,
    send,
    somebody_died,
)
from tests.newsrooms import NOW
from tests.smtpd import Server
from tests.waiting import until

READERS = [f"reader{number}@list.example" for number in range(1, 6)]
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with keeping(tmp_path) as running:
        yield running


def test_who_waits_for_a_resend_is_named_and_told_apart(database: Database, server: Server) -> None:
    room, _, dispatch_id = begun(database, server, *READERS)
    killed_after_a_reply(room, dispatch_id)
    got = sorted(mails(server))
    assert mailing.report(room, dispatch_id).resend == 0, "nobody has looked yet"
    mailing.recover(room, now=NOW)
    report = mailing.report(room, dispatch_id)
    assert report.counts == Counts(waiting=len(READERS))
    assert report.counts.planned == len(READERS)
    assert report.resend == len(got)
    assert report.in_trouble
    assert {row["state"] for row in report.notable} == {"resend"}
    rows = mailing.doubtful(room, dispatch_id)
    assert [row["state"] for row in rows] == ["resend"] * len(got)
    assert not any(row["address"] in READERS for row in rows)
    assert sorted(row["address"] for row in mailing.doubtful(room, dispatch_id, masked=False)) == got
    assert len(server.messages()) == len(got), "to look sends nothing"


def test_kept_doubts_are_named_too(database: Database, server: Server) -> None:
    room, _, dispatch_id = begun(database, server, *READERS, uncertain="keep")
    killed_after_a_reply(room, dispatch_id)
    mailing.recover(room, now=NOW)
    report = mailing.report(room, dispatch_id)
    assert (report.resend, report.counts.uncertain) == (0, len(mails(server)))
    assert {row["state"] for row in mailing.doubtful(room, dispatch_id)} == {"uncertain"}


@pytest.mark.parametrize(("verdict", "expected"), [("sent", "accepted"), ("failed", "failed")])
def test_who_waits_for_a_resend_can_be_settled_first(
    database: Database, server: Server, verdict: str, expected: str
) -> None:
    room, _, dispatch_id = begun(database, server, *READERS)
    killed_after_a_reply(room, dispatch_id)
    first = sorted(mails(server))
    assert mailing.resolve(room, dispatch_id, verdict, why="in the relay's log", **WHO) == len(first)
    report = send(room, dispatch_id)
    assert report.state == "done"
    assert getattr(report.counts, expected) >= len(first)
    assert report.counts.waiting == 0
    assert {reader: len(sent) for reader, sent in mails(server).items()} == dict.fromkeys(READERS, 1)


def test_who_is_to_be_sent_again_already_is_not_queued_twice(database: Database, server: Server) -> None:
    room, _, dispatch_id = begun(database, server, *READERS)
    killed_after_a_reply(room, dispatch_id)
    with pytest.raises(Conflict, match="to be sent again already"):
        mailing.resolve(room, dispatch_id, "resend", why="to be sure", **WHO)
    assert send(room, dispatch_id).counts == Counts(accepted=len(READERS))


def test_cancelled_dispatch_names_who_is_in_doubt(database: Database, server: Server) -> None:
    room, _, dispatch_id = begun(database, server, *READERS)
    killed_after_a_reply(room, dispatch_id)
    got = len(mails(server))
    mailing.cancel(room, dispatch_id, why="overtaken", **WHO)
    report = mailing.report(room, dispatch_id)
    assert report.counts == Counts(cancelled=len(READERS) - got, uncertain=got)


def test_living_worker_is_named_and_left_alone(database: Database, server: Server) -> None:
    room, _, dispatch_id = begun(database, server, *READERS)
    assert mailing.report(room, dispatch_id).workers == ()
    with alive(database, "01KJPD5W00WORKER0000000001", now=NOW):
        with database.write() as connection:
            lease = deliveries.claim(connection, "01KJPD5W00WORKER0000000001", now=NOW)
            assert lease is not None
            deliveries.mark(connection, lease, [(lease.rows[0].delivery_id, 1)], now=NOW)
        mailing.recover(room, now=NOW)
        report = mailing.report(room, dispatch_id)
        (worker,) = report.workers
        assert (worker["pid"], worker["since"]) == (os.getpid(), NOW)
        assert mailing.doubtful(room, dispatch_id) == []
        (row,) = mailing.listing(room, limit=9)
        assert row["workers"] == [worker]
    until(lambda: somebody_died(room))
    mailing.recover(room, now=NOW)
    report = mailing.report(room, dispatch_id)
    assert (report.workers, report.resend) == ((), 1)


def test_who_was_deferred_is_told_with_reason_and_time(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path, "rcpt to=reader1@* reply='451 4.7.1 Greylisted'") as server:
        room, _, dispatch_id = begun(database, server, *READERS)
        report = send(room, dispatch_id)
        assert report.counts == Counts(accepted=4, waiting=1)
        assert not report.needs_a_look
        (entry,) = report.deferred
        assert (entry["deliveries"], entry["code"]) == (1, 451)
        assert "Greylisted" in entry["reply"]
        assert NOW < entry["next_at"] <= LATER
        assert mailing.due(room, now=NOW) == []
        assert mailing.next_due(room) is not None
        assert mailing.due(room, now=LATER) == [dispatch_id]
        server.teach()
        report = mailing.go_on(room, dispatch_id, actor="test", clock=lambda: LATER)
    assert (report.state, report.counts) == ("done", Counts(accepted=5))
    assert mailing.due(room, now=LATER) == []
    assert mailing.next_due(room) is None
