"""How a SQLite database is opened, and what becomes of somebody who meets another at it."""

import fcntl
import os
import sqlite3
import time
from contextlib import contextmanager
from threading import Event

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from publisher.errors import StoreLocked, StoreUnavailable
from publisher.store.db import open_database
from publisher.store.writelock import WriteLock
from tests.waiting import Aside, until

SOON = 0.05
"""Seconds that somebody waits here who cannot get the lock: nobody else will let it go meanwhile."""


@pytest.fixture
def path(tmp_path):
    """A database with one table."""
    place = tmp_path / "publisher.sqlite3"
    database = open_database(f"sqlite:///{place}")
    with database.write() as connection:
        connection.execute(text("CREATE TABLE note (word TEXT)"))
    database.close()
    return place


@contextmanager
def held_elsewhere(path):
    """The lock as another process holds it: another open file."""
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)


def rows(database):
    with database.read() as connection:
        return connection.execute(text("SELECT word FROM note")).scalars().all()


def test_opening_waits_for_whoever_writes_because_the_first_connection_may_change_the_file(path):
    with held_elsewhere(path), pytest.raises(StoreLocked, match="another process"):
        open_database(f"sqlite:///{path}", lock_seconds=SOON)
    opened = open_database(f"sqlite:///{path}", lock_seconds=SOON)
    assert rows(opened) == []
    opened.close()


def test_an_open_database_is_read_while_another_process_writes(path):
    opened = open_database(f"sqlite:///{path}", lock_seconds=SOON)
    with held_elsewhere(path):
        with opened.read() as connection, opened.read() as second:  # the second needs a connection of its own
            assert connection.execute(text("SELECT count(*) FROM note")).scalar_one() == 0
            assert second.execute(text("SELECT count(*) FROM note")).scalar_one() == 0
        with pytest.raises(StoreLocked), opened.write():
            pass
    opened.close()


def test_whoever_writes_may_read_meanwhile_and_sees_what_was_there_before(path):
    opened = open_database(f"sqlite:///{path}", lock_seconds=SOON)
    with opened.write() as connection:
        connection.execute(text("INSERT INTO note VALUES ('a')"))
        assert rows(opened) == []
    assert rows(opened) == ["a"]
    opened.close()


def test_a_program_that_knows_nothing_of_our_lock_is_waited_for_as_long(path):
    opened = open_database(f"sqlite:///{path}", lock_seconds=SOON)
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(StoreLocked, match="another program"), opened.write():
        pass
    assert time.monotonic() - began < 5
    shell.execute("ROLLBACK")
    shell.close()
    with opened.write() as connection:
        connection.execute(text("INSERT INTO note VALUES ('a')"))
    opened.close()


def test_failing_statement_does_not_show_its_values(path):
    database = open_database(f"sqlite:///{path}")
    with pytest.raises(IntegrityError) as failed, database.write() as connection:
        connection.execute(
            text("INSERT INTO note (rowid, word) VALUES (1, :word), (1, :word)"), {"word": "ada@list.example"}
        )
    database.close()
    assert "INSERT" in str(failed.value)
    assert "ada@" not in str(failed.value)


def test_a_pinned_connection_keeps_what_is_temporary_locks_for_writing_alone_and_leaves_those_who_wait_a_moment(
    path, monkeypatch
):
    database = open_database(f"sqlite:///{path}", lock_seconds=SOON)
    other = open_database(f"sqlite:///{path}", lock_seconds=SOON)
    between = []

    def another_writes(seconds):
        with other.write() as connection:
            connection.execute(text("INSERT INTO note VALUES ('theirs')"))
        between.append(seconds)

    with database.pinned() as (write, aside):
        with held_elsewhere(path), aside() as connection:
            connection.execute(text("CREATE TEMPORARY TABLE beside AS SELECT 'ours' AS word"))
        monkeypatch.setattr("publisher.store.db.time.sleep", another_writes)
        for somebody_waits in (True, False):
            with write() as connection:
                connection.execute(text("INSERT INTO note SELECT word FROM beside"))
                if somebody_waits:
                    os.utime(f"{path}.lock")
        monkeypatch.undo()
    assert (rows(database), len(between)) == (["ours", "theirs", "ours"], 1)
    with pytest.raises(StoreUnavailable, match="no such table"), database.write() as connection:
        connection.execute(text("SELECT word FROM beside"))
    other.close()
    database.close()


def test_whoever_lets_the_lock_go_sees_that_somebody_waits(tmp_path):
    """A list that is merged slice by slice pauses for those, and for nobody else."""
    file = tmp_path / "x.lock"
    ours, of_a_process = (WriteLock(file, 60) for _ in range(2))
    seen = Event()

    def taken(lock):
        with lock.held("x"):
            return seen.wait(60)

    def dated():
        return file.stat().st_mtime_ns

    for other, waits in ((of_a_process, lambda before: dated() != before), (ours, lambda _: ours._asked)):
        seen.set()
        assert taken(ours)
        assert not ours.wanted
        seen.clear()
        with ours.held("x"):
            before = dated()
            waiting = Aside(taken, other)
            until(lambda waits=waits, before=before: waits(before), thread=waiting)
        assert ours.wanted  # who has it now does not let it go before this was seen
        seen.set()
        assert waiting.result()
    for lock in (ours, of_a_process):
        lock.close()


def test_whoever_does_not_wait_waits_for_no_program_without_our_lock_either(path):
    """A sender's loop answers nobody meanwhile. Whoever waits goes on once the other one is done."""
    database = open_database(f"sqlite:///{path}", lock_seconds=600)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def at_once():
        with pytest.raises(StoreLocked, match="another program"), database.write(wait=False):
            pass

    def note(word, **how):
        with database.write(**how) as connection:
            connection.execute(text("INSERT INTO note VALUES (:word)"), {"word": word})

    Aside(at_once).result()
    waiting = Aside(note, "patient")
    other.execute("INSERT INTO note VALUES ('other')")
    other.execute("COMMIT")
    waiting.result()
    note("quick", wait=False)
    other.close()
    with database.read() as connection:
        words = connection.execute(text("SELECT word FROM note")).scalars().all()
    assert sorted(words) == ["other", "patient", "quick"]
    database.close()
