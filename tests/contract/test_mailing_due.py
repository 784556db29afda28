"""Going on with all that is due, as cron does: after a death, after a kill; never what a person or another rule stopped."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from publisher.desk import acts, mailing, names
from publisher.desk.withdrawals import withdraw
from publisher.edition import Why
from publisher.ledger import Counts
from publisher.store import deliveries
from publisher.store.db import Database
from publisher.store.liveness import alive
from tests.mailroom import (
    WHO,
    Death,
    begun,
    causes,
    die_at,
    ingest,
    keeping,
    killed_after_a_reply,
    mails,
    make,
    story_id,
    subscribe,
)
from tests.newsrooms import NOW, line, newsroom

READERS = [f"reader{number}@list.example" for number in range(1, 5)]


def test_dispatch_whose_sender_died_is_due_and_is_sent_to_its_end(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, *READERS)
        killed_after_a_reply(room, dispatch_id)
        assert mailing.due(room, now=NOW) == [dispatch_id]
        report = mailing.go_on(room, dispatch_id, actor="test", clock=lambda: NOW)
        assert report.counts == Counts(accepted=len(READERS))
        assert mailing.due(room, now=NOW) == []


def test_what_another_worker_has_in_hand_is_not_due(database: Database) -> None:
    room = newsroom(database)
    ingest(room, line(1))
    subscribe(room, READERS[0])
    mailing.begin(room, make(room), **WHO)
    with alive(database, "01KJPD5W00WORKER0000000001", now=NOW):
        with database.write() as connection:
            assert deliveries.claim(connection, "01KJPD5W00WORKER0000000001", now=NOW) is not None
        assert mailing.due(room, now=NOW) == []


def test_freeze_that_was_cut_short_is_due(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1))
        subscribe(room, READERS[0])
        made = make(room)
        with pytest.MonkeyPatch.context() as patch:
            die_at(patch, mailing.freeze)
            with pytest.raises(Death):
                mailing.begin(room, made, **WHO)
        (dispatch_id,) = mailing.due(room, now=NOW)
        report = mailing.go_on(room, dispatch_id, actor="test", clock=lambda: NOW)
    assert (report.state, report.counts) == ("done", Counts(accepted=1))


def test_dispatch_that_a_kill_halted_goes_on_by_itself_without_the_story(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path) as server:
        room, made, dispatch_id = begun(database, server, READERS[0], stories=2)
        acts.kill(room, story_id(made, 1), why="wrong", **WHO)
        assert mailing.due(room, now=NOW) == [dispatch_id]
        report = mailing.go_on(room, dispatch_id, actor="clock", clock=lambda: NOW)
    assert (report.state, report.counts) == ("done", Counts(accepted=1))
    assert "Headline number 1" not in mails(server)[READERS[0]][0]


def test_a_kill_lets_nothing_go_that_a_person_paused(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room, made, dispatch_id = begun(database, server, READERS[0], stories=2)
        mailing.pause(room, dispatch_id, why="legal looks", **WHO)
        acts.kill(room, story_id(made, 1), why="wrong", **WHO)
        assert mailing.due(room, now=NOW, kinds=mailing.OF_EDITIONS) == []
        assert mailing.report(room, dispatch_id).state == "paused"
        mailing.resume(room, dispatch_id, **WHO)
        mailing.run(room, dispatch_id, clock=lambda: NOW)
    assert "Headline number 1" not in mails(server)[READERS[0]][0]


def test_hold_after_the_kill_that_halted_it_waits_for_a_person(database: Database) -> None:
    room, made, dispatch_id = begun(database, None, READERS[0], stories=3)
    acts.kill(room, story_id(made, 1), why="wrong", **WHO)
    held = story_id(made, 2)
    acts.hold(room, held, why="checking", **WHO)
    assert mailing.due(room, now=NOW) == []
    assert mailing.undecided(room, now=NOW) == [(dispatch_id, {held: Why.HELD})]
    report = mailing.go_on(room, dispatch_id, actor="clock", clock=lambda: NOW)
    assert (report.state, report.counts) == ("halted", Counts(waiting=1))
    acts.release(room, held, why="confirmed", **WHO)
    assert mailing.undecided(room, now=NOW) == []
    assert mailing.due(room, now=NOW) == [dispatch_id]


def test_kill_that_leaves_no_story_cancels_the_rest_by_itself(database: Database) -> None:
    room, made, dispatch_id = begun(database, None, READERS[0])
    acts.kill(room, story_id(made, 1), why="wrong", **WHO)
    report = mailing.go_on(room, dispatch_id, actor="clock", clock=lambda: NOW)
    assert (report.state, report.counts) == ("cancelled", Counts(cancelled=1))
    assert mailing.due(room, now=NOW) == []


def test_kill_while_it_goes_on_does_not_end_it(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1), line(2))
        subscribe(room, READERS[0])
        subscribe(room, READERS[1], "economy", "world")
        made = make(room)
        dispatch_id = mailing.begin(room, made, **WHO)
        story = names.story(room, story_id(made, 1))
        halted: list[str] = []

        def kill(_: Counts) -> None:
            if not halted:
                with database.write() as connection:
                    halted.extend(withdraw(connection, story, act="kill", why="wrong", **WHO).halted)

        later = NOW + timedelta(hours=1)
        report = mailing.go_on(room, dispatch_id, actor="clock", clock=lambda: later, progress=kill)
    assert halted == [dispatch_id]
    assert (report.state, report.counts) == ("done", Counts(accepted=2))


def test_what_a_person_or_another_rule_stopped_is_not_due(database: Database) -> None:
    room, made, dispatch_id = begun(database, None, READERS[0], stories=2)
    mailing.pause(room, dispatch_id, why="wait", **WHO)
    assert mailing.due(room, now=NOW) == []
    mailing.resume(room, dispatch_id, **WHO)
    acts.hold(room, story_id(made, 1), why="checking", **WHO)
    assert mailing.due(room, now=NOW) == [], (
        "a held story may be released; a person says whether to wait for it"
    )
    mailing.resume(room, dispatch_id, **WHO)
    with database.write() as connection:
        deliveries.halt(connection, dispatch_id, reason="sender", detail="blocklisted")
    assert mailing.due(room, now=NOW) == []


def test_dispatch_past_its_end_is_not_prolonged_by_the_clock(database: Database) -> None:
    room, made, dispatch_id = begun(database, None, READERS[0], stories=2)
    acts.kill(room, story_id(made, 1), why="wrong", **WHO)
    late = NOW + timedelta(days=3)
    assert mailing.due(room, now=late) == [dispatch_id]
    report = mailing.go_on(room, dispatch_id, actor="clock", clock=lambda: late)
    assert report.counts == Counts(expired=1)
    assert causes(room, dispatch_id)[READERS[0]] == ("expired", "past the dispatch's end")
