"""A dispatch in which nobody waits is done, whoever asks: it is not halted, paused, cancelled, resumed or sent a second time."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.cli.reports import report_lines
from publisher.desk import acts, editions, mailing
from publisher.errors import AlreadySent, Conflict
from publisher.ledger import Counts, State
from publisher.store import deliveries
from publisher.store.db import Database
from tests.mailroom import WHO, begun, keeping, mails, send, story_id
from tests.newsrooms import NOW

READER = "reader@list.example"


def stored_state(database: Database, dispatch_id: str) -> str:
    with database.read() as connection:
        return str(deliveries.get_dispatch(connection, dispatch_id).state)


def test_kill_of_a_story_that_has_left_halts_nothing(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room, made, dispatch_id = begun(database, server, READER, stories=2)
        assert send(room, dispatch_id).state == "done"
        done = acts.kill(room, story_id(made, 1), why="wrong", **WHO)
        assert (done.withdrawal.halted, done.withdrawal.editions) == ((), (made.edition_id,))
        mailing.resume(room, dispatch_id, **WHO)
        report = send(room, dispatch_id)
    assert stored_state(database, dispatch_id) == "sending"
    assert (report.state, report.halt, report.needs_a_look) == ("done", None, False)
    assert not any("resume" in said for said in report_lines(report))
    states = {row["edition"]: row["state"] for row in mailing.listing(room, limit=9)}
    assert states == {made.edition_id: "done", None: "sending"}  # the other tells the reader of the kill


def test_dispatch_that_was_halted_at_its_last_dot_is_done(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room, made, dispatch_id = begun(database, server, READER, stories=2)

        def kill(_: object) -> None:
            """The outcome is durable, the chunk is not closed yet."""
            if mailing.report(room, dispatch_id).counts.accepted:
                with database.write() as connection:
                    deliveries.halt(connection, dispatch_id, reason="kill", detail="in the last moment")

        mailing.run(room, dispatch_id, clock=lambda: NOW, progress=kill)
        assert stored_state(database, dispatch_id) == "halted"
        report = mailing.report(room, dispatch_id)
        assert (report.state, report.halt, report.counts) == ("done", None, Counts(accepted=1))
        assert mailing.due(room, now=NOW) == []
        acts.kill(room, story_id(made, 1), why="wrong", **WHO)
        mailing.resume(room, dispatch_id, **WHO)
    assert editions.edition(room, made.edition_id).revision == 1, "nobody is there to revise it for"
    assert mailing.report(room, dispatch_id).state == "done"


def test_second_send_says_what_became_of_the_first(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path, "rcpt reply='451 4.3.0 Later'") as server:
        room, made, dispatch_id = begun(database, server, READER)
        send(room, dispatch_id)
        with pytest.raises(AlreadySent, match=rf"{dispatch_id} is sending.*dispatch resume"):
            mailing.begin(room, made, **WHO)
        server.teach()
        send(room, dispatch_id, clock=lambda: NOW.replace(hour=8))
        for again in (lambda: mailing.begin(room, made, **WHO), lambda: mailing.plan(room, made, now=NOW)):
            with pytest.raises(AlreadySent, match=rf"{dispatch_id} is done") as refused:
                again()
            assert "resume" not in str(refused.value)
            assert refused.value.state == "done"
    assert len(mails(server)[READER]) == 1


def test_what_is_done_is_neither_paused_nor_cancelled(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, READER)
        send(room, dispatch_id)
    for act in (mailing.pause, mailing.cancel):
        with pytest.raises(Conflict, match="is done"):
            act(room, dispatch_id, why="too late", **WHO)
    assert mailing.report(room, dispatch_id).state == "done"


def test_who_is_in_doubt_is_not_sent_a_story_that_was_killed_after_all_was_done(
    database: Database, tmp_path: Path
) -> None:
    """Nothing was halted, because nobody waited; a resend by hand afterwards must not bring the story back."""
    with keeping(tmp_path, "logged do=drop") as server:
        room, made, dispatch_id = begun(database, server, READER, stories=2, uncertain="keep")
        assert send(room, dispatch_id).counts == Counts(uncertain=1)
        server.teach()
        acts.kill(room, story_id(made, 1), why="wrong", **WHO)
        with database.write() as connection:
            deliveries.resolve(connection, dispatch_id, State.QUEUED, deliveries=(), actor="test", now=NOW)
        assert send(room, dispatch_id).state == "halted"
        mailing.resume(room, dispatch_id, **WHO)
        assert send(room, dispatch_id).counts == Counts(uncertain=1)
    assert len(mails(server)[READER]) == 1
