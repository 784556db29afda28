"""A ledger that is full, locked or gone: the run stops, and the next one brings everybody home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from publisher import dispatch
from publisher.dispatch import run, writer
from publisher.errors import StoreFull, StoreLocked, StoreUnavailable
from publisher.store.db import Database, open_database
from tests.crash.faultbox import judge, plain, send
from tests.dispatchbox import SHORT, Clock, compiled, fresh, frozen, readers, relay, work
from tests.waiting import Aside, until

HELD = "logged nth=20- do=hold"
"""The server answers twenty times; then every connection waits for its reply until the server is taught anew."""


def test_full_disk_stops_the_run_and_space_brings_everybody_home(database: Database, tmp_path: Path) -> None:
    frozen(database, readers(300))
    limited = open_database(f"sqlite:///{database.path}")

    @event.listens_for(limited._writer, "connect")
    def _limit(connection: Any, _record: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")

    with plain(folder=tmp_path) as server:
        with pytest.raises(StoreFull):
            run(limited, relay(server), work())
        limited.close()
        taken = len(server.messages())
        assert 0 < taken < 300
        run(database, relay(server), work())
    verdict = judge(database, server, kills=1)
    assert verdict.states == {"accepted": 300}


def test_disk_that_would_be_full_soon_is_refused_before_the_first_message(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "SPARE_BYTES", 2**60)
    frozen(database, readers(3))
    with plain(folder=tmp_path) as server:
        with pytest.raises(StoreFull):
            run(database, relay(server), work())
        assert "connected" not in str(server.heard())


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> list[StoreLocked]:
    """Every time the run waited for the write lock in vain; its patience of ten seconds is shortened to a tenth of one below."""
    found: list[StoreLocked] = []
    commit = writer.Writer._commit

    def counted(self: writer.Writer, group: Any, *, wait: bool = True) -> Any:
        try:
            return commit(self, group, wait=wait)
        except StoreLocked as error:
            if wait:
                found.append(error)
            raise

    monkeypatch.setattr(writer.Writer, "_commit", counted)
    return found


def test_lock_of_another_program_is_waited_for(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: list[StoreLocked]
) -> None:
    monkeypatch.setattr(writer, "LOCKED_TRIES", 1000)
    frozen(database, readers(100))
    mine = open_database(f"sqlite:///{database.path}", lock_seconds=0.1)
    other = open_database(f"sqlite:///{database.path}")
    with plain(HELD, folder=tmp_path) as server:
        sending = Aside(run, mine, relay(server), work())
        until(lambda: bool(server.held), thread=sending)
        with other.locked():
            server.teach()
            until(lambda: len(refused) >= 3, thread=sending)
        ended = sending.result()
    mine.close()
    other.close()
    assert ended.counts.accepted == 100
    assert judge(database, server).doubles == 0


def test_lock_that_is_not_let_go_ends_the_run(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: list[StoreLocked]
) -> None:
    monkeypatch.setattr(writer, "LOCKED_TRIES", 2)
    frozen(database, readers(100))
    mine = open_database(f"sqlite:///{database.path}", lock_seconds=0.1)
    other = open_database(f"sqlite:///{database.path}")
    with plain(HELD, folder=tmp_path) as server:
        sending = Aside(run, mine, relay(server), work())
        until(lambda: bool(server.held), thread=sending)
        with other.locked():
            server.teach()
            with pytest.raises(StoreLocked):
                sending.result()
        assert len(refused) == 2
        mine.close()
        other.close()
        run(database, relay(server), work())
    assert judge(database, server, kills=1).states == {"accepted": 100}


def test_ledger_that_is_moved_away_is_noticed(tmp_path: Path) -> None:
    database = fresh(tmp_path)
    frozen(database, readers(500))
    assert database.path is not None
    with plain(HELD, folder=tmp_path) as server:
        sending = Aside(run, database, relay(server), work())
        until(lambda: bool(server.held), thread=sending)
        database.path.rename(database.path.with_name("elsewhere.sqlite3"))
        server.teach("dot wait=0.1")
        with pytest.raises(StoreUnavailable):
            sending.result()
        assert len(server.messages()) < 500
    database.close()


def test_big_message_arrives_whole(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    frozen(database, readers(5), now=clock.now)
    with plain(folder=tmp_path) as server:
        send(database, server, clock, compiled=compiled(size=400_000), limits=SHORT)
    assert judge(database, server).states == {"accepted": 5}
    assert all(message.size > 400_000 for message in server.messages())
