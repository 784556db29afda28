"""Readers in whose sections, or in whose language, no story is left: they are told so by the ledger, the others are mailed."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.desk import acts, mailing
from publisher.errors import NothingToPublish
from publisher.ledger import Counts, Policy
from publisher.newsroom import Newsroom
from publisher.store import deliveries, schema
from publisher.store.db import Database
from publisher.store.deliveries import Lease, Row
from tests.ledgerbox import DEFERRED, LOST, entry, hire, marked
from tests.mailroom import (
    ECONOMY,
    WHO,
    begun,
    causes,
    ingest,
    keeping,
    mails,
    make,
    send,
    story_id,
    subscribe,
)
from tests.newsrooms import NOW, line, newsroom

LATER = NOW + timedelta(minutes=30)

ONE, ALL = "world@list.example", "all@list.example"
NOTHING_LEFT = "no story left in their sections"


def opened(room: Newsroom) -> tuple[str, str]:
    """One reader of the section World, one of all, and a story in each section: the dispatch, and World's only story."""
    ingest(room, line(1), line(2, categories=ECONOMY))
    subscribe(room, ONE, "world")
    subscribe(room, ALL)
    made = make(room)
    return mailing.begin(room, made, **WHO), story_id(made, 1)


def test_kill_that_empties_a_readers_sections_ends_them_and_mails_the_others(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        dispatch_id, world = opened(room)
        acts.kill(room, world, why="wrong", **WHO)
        mailing.resume(room, dispatch_id, **WHO)
        assert causes(room, dispatch_id)[ONE] == ("cancelled", NOTHING_LEFT)
        report = send(room, dispatch_id)
    assert (report.state, report.counts) == ("done", Counts(accepted=1, cancelled=1))
    assert list(mails(server)) == [ALL]
    assert "Headline number 1" not in mails(server)[ALL][0]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_mail_leads_to_its_edition_in_its_own_language(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port, languages=["en", "fa"])
        ingest(room, line(1), line(2, language="fa"))
        for tongue in ("en", "fa"):
            subscribe(room, f"{tongue}@list.example", language=tongue)
        send(room, mailing.begin(room, make(room), **WHO))
        sent = {one.rcpt: (server.folder / f"{one.n:06d}.eml").read_text() for one in server.messages()}
    for tongue, place in (("en", ""), ("fa", "fa/")):
        address = f"{tongue}@list.example"
        assert f"List-Archive: <https://front.example/e/morning-2026-03-02/{place}>" in sent[address]
        (mail,) = mails(server)[address]
        assert re.search(
            rf"(?m)^https://front\.example/e/morning-2026-03-02/{place}$", mail.replace("\r", "")
        )


def test_kill_that_empties_a_language_ends_its_readers(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port, languages=["en", "fa"])
        ingest(room, line(1), line(2, language="fa"))
        subscribe(room, "en@list.example", language="en")
        subscribe(room, "fa@list.example", language="fa")
        made = make(room)
        dispatch_id = mailing.begin(room, made, **WHO)
        acts.kill(room, story_id(made, 2), why="wrong", **WHO)
        mailing.resume(room, dispatch_id, **WHO)
        assert send(room, dispatch_id).counts == Counts(accepted=1, cancelled=1)
    assert list(mails(server)) == ["en@list.example"]


def test_who_was_sent_to_before_the_kill_keeps_that_end(database: Database, tmp_path: Path) -> None:
    rules = ["rcpt to=world2@* reply='451 4.3.0 Later'", "rcpt to=all@* reply='451 4.3.0 Later'"]
    with keeping(tmp_path, *rules) as server:
        room = newsroom(database, relay_port=server.port)
        subscribe(room, "world2@list.example", "world")
        dispatch_id, world = opened(room)
        assert send(room, dispatch_id).counts == Counts(accepted=1, waiting=2)
        acts.kill(room, world, why="wrong", **WHO)
        mailing.resume(room, dispatch_id, **WHO)
        assert {address: state for address, (state, _) in causes(room, dispatch_id).items()} == {
            ONE: "accepted",
            "world2@list.example": "cancelled",
            ALL: "queued",
        }


def at_the_dot(room: Newsroom, dispatch_id: str) -> tuple[Lease, Row]:
    """Another sender has the reader of World's news at the final dot."""
    with room.database.write() as connection:
        hire(connection, "W1")
        while lease := deliveries.claim(connection, "W1", now=NOW, dispatch_id=dispatch_id):
            if lease.rows[0].rcpt == ONE:
                assert marked(connection, lease, now=NOW)
                return lease, lease.rows[0]
            deliveries.release(connection, lease)
            connection.execute(
                schema.chunk.update().where(schema.chunk.c.id == lease.chunk_id).values(due_at=LATER)
            )
    raise AssertionError("nobody is due")


def test_deferral_that_is_heard_after_the_revision_is_not_tried_again(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        dispatch_id, world = opened(room)
        lease, row = at_the_dot(room, dispatch_id)
        acts.kill(room, world, why="wrong", **WHO)
        mailing.resume(room, dispatch_id, **WHO)
        assert causes(room, dispatch_id)[ONE][0] == "committing"
        with database.write() as connection:
            deliveries.record(connection, [entry(lease, row, DEFERRED, at=NOW)])
            assert deliveries.close_chunk(connection, lease)
        assert send(room, dispatch_id, clock=lambda: LATER).counts == Counts(accepted=1, cancelled=1)
    assert causes(room, dispatch_id)[ONE] == ("cancelled", NOTHING_LEFT)
    assert list(mails(server)) == [ALL]


def test_who_was_in_doubt_and_has_no_story_left_stays_in_doubt(database: Database, tmp_path: Path) -> None:
    room = newsroom(database)
    dispatch_id, world = opened(room)
    lease, row = at_the_dot(room, dispatch_id)
    with database.write() as connection:
        deliveries.doubt(connection, row.delivery_id, 1, LOST, policy=Policy.RESEND, now=NOW, lease=lease)
    assert causes(room, dispatch_id)[ONE][0] == "queued"
    acts.kill(room, world, why="wrong", **WHO)
    mailing.resume(room, dispatch_id, **WHO)
    assert causes(room, dispatch_id)[ONE][0] == "uncertain"


def test_retry_of_who_failed_and_has_no_story_left_ends_them(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path, "rcpt reply='550 5.0.0 No'") as server:
        room = newsroom(database, relay_port=server.port)
        dispatch_id, world = opened(room)
        assert send(room, dispatch_id).counts == Counts(failed=2)
        server.teach()
        acts.kill(room, world, why="wrong", **WHO)
        mailing.retry(room, dispatch_id, why="their relay is well again", **WHO)
        assert send(room, dispatch_id).counts == Counts(accepted=1, cancelled=1)
    assert "Headline number 1" not in mails(server)[ALL][0]


def test_retry_is_refused_when_no_story_is_left_at_all(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path, "rcpt reply='550 5.0.0 No'") as server:
        room, made, dispatch_id = begun(database, server, ALL)
        send(room, dispatch_id)
        acts.kill(room, story_id(made, 1), why="wrong", **WHO)
        with pytest.raises(NothingToPublish, match="no story"):
            mailing.retry(room, dispatch_id, why="again", **WHO)
        assert mailing.report(room, dispatch_id).counts == Counts(failed=1)
