"""A kill that comes while a dispatch is let go on: it is seen, or it sees the dispatch going on and halts it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from publisher.desk import acts, editions, mailing
from publisher.desk.acts import Withdrawn
from publisher.desk.mailing import revising
from publisher.edition import Edition, Why
from publisher.ledger import Counts
from publisher.newsroom import Newsroom
from publisher.store import deliveries
from publisher.store.db import Database
from tests.mailroom import WHO, begun, ingest, keeping, mails, make, send, story_id, subscribe
from tests.newsrooms import line, newsroom
from tests.waiting import Aside, until

READER = "reader@list.example"


def until_it_waits(database: Database, other: Aside[Any]) -> None:
    """Come back when the other transaction waits for ours; on SQLite it cannot even begin."""
    if database.dialect == "sqlite":
        return
    with database.session() as connection:
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        until(lambda: bool(connection.execute(waiting).scalar_one()), thread=other)


def test_second_kill_while_the_edition_is_revised_for_the_first_is_seen(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1), line(2), line(3))
        subscribe(room, READER)
        made = make(room)
        dispatch_id = mailing.begin(room, made, **WHO)
        acts.kill(room, story_id(made, 1), why="wrong", **WHO)
        revise = revising.revise

        def slowly(room: Newsroom, made: Edition, gone: Mapping[str, Why], *, now: datetime) -> Edition:
            monkeypatch.undo()
            revised = revise(room, made, gone, now=now)
            acts.kill(room, story_id(made, 2), why="wrong, too", **WHO)
            return revised

        monkeypatch.setattr(revising, "revise", slowly)
        mailing.resume(room, dispatch_id, **WHO)
        assert send(room, dispatch_id).counts == Counts(accepted=1)
    (body,) = mails(server)[READER]
    assert [f"Headline number {number}" in body for number in (1, 2, 3)] == [False, False, True]
    assert editions.edition(room, made.edition_id).revision == 3


def test_two_who_resume_at_once_make_one_revision(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keeping(tmp_path) as server:
        room, made, dispatch_id = begun(database, server, READER, stories=2)
        acts.kill(room, story_id(made, 1), why="wrong", **WHO)
        revise = revising.revise

        def overtaken(room: Newsroom, made: Edition, gone: Mapping[str, Why], *, now: datetime) -> Edition:
            monkeypatch.undo()
            mailing.resume(room, dispatch_id, **WHO)
            return revise(room, made, gone, now=now)

        monkeypatch.setattr(revising, "revise", overtaken)
        mailing.resume(room, dispatch_id, **WHO)
        assert send(room, dispatch_id).counts == Counts(accepted=1)
    assert editions.edition(room, made.edition_id).revision == 2


def test_kill_waits_for_who_lets_the_dispatch_go_on_and_halts_it(database: Database) -> None:
    room, made, dispatch_id = begun(database, None, READER, stories=2)
    with database.write() as connection:
        deliveries.halt(connection, dispatch_id, reason="relay", detail="refused us")
    with database.write() as connection:
        deliveries.lock(connection, dispatch_id)
        killing: Aside[Withdrawn] = Aside(acts.kill, room, story_id(made, 1), why="wrong", **WHO)
        until_it_waits(database, killing)
        deliveries.resume(connection, dispatch_id)
    assert killing.result().withdrawal.halted == (dispatch_id,)
    assert mailing.report(room, dispatch_id).state == "halted"
