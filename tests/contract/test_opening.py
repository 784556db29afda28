"""Opening a database: one that cannot be written, one that is gone, one that a later program made, a configuration that changed."""

from __future__ import annotations

import errno
import os
import shutil

import pytest
from sqlalchemy import text

from publisher.cli import publisher
from publisher.cli.exits import told
from publisher.errors import ConfigurationInvalid, FolderUnwritable, StoreLocked, StoreNewer, StoreUnavailable
from publisher.store import db, house, migrate
from publisher.store.db import open_database
from tests.contract.conftest import run_outside_transaction
from tests.newsrooms import NOW, jsonl, line


@pytest.fixture
def room(tmp_path, capsys):
    """A newsroom's folder with one story in its database."""
    assert told(publisher, ["init", str(tmp_path)]) == 0
    (tmp_path / "stories.jsonl").write_bytes(jsonl(line(1)))
    assert run(tmp_path, "ingest", "--file", str(tmp_path / "stories.jsonl"), "--source", "harbour-news") == 0
    capsys.readouterr()
    return tmp_path


def run(room, *arguments):
    return told(publisher, ["--config", str(room / "config"), *arguments])


@pytest.fixture
def read_only(monkeypatch):
    """As a read-only file system answers: what would write cannot be opened."""
    opens = os.open

    def refusing(path, flags, *rest, **others):
        if flags & (os.O_RDWR | os.O_WRONLY) and "sqlite3" in str(path):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return opens(path, flags, *rest, **others)

    monkeypatch.setattr(os, "open", refusing)


def test_a_database_on_a_read_only_file_system_is_read_and_not_written(room, capsys, read_only):
    assert run(room, "story", "list") == 0
    assert "Headline number 1" in capsys.readouterr().out
    assert run(room, "config", "check") == 0
    assert run(room, "ingest", "--file", str(room / "stories.jsonl"), "--source", "harbour-news") == 78
    assert "the file system is read-only" in capsys.readouterr().err


def test_changes_that_were_never_merged_are_not_passed_over_on_a_read_only_file_system(
    room, capsys, read_only
):
    (room / "var" / "publisher.sqlite3-wal").write_bytes(b"newer than the file beside it")
    assert run(room, "story", "list") == 78
    assert "the newest changes stand in publisher.sqlite3-wal" in capsys.readouterr().err


def test_a_lock_file_that_cannot_be_opened_is_said(room, capsys):
    lock = room / "var" / "publisher.sqlite3.lock"
    lock.unlink()
    lock.mkdir()
    assert run(room, "story", "list") == 78
    assert "cannot write to" in capsys.readouterr().err


def test_a_database_that_is_gone_is_not_silently_begun_again(room, capsys):
    for file in (room / "var").glob("publisher.sqlite3*"):
        if file.suffix != ".lock":
            file.unlink()
    assert run(room, "db", "backup") == 75
    assert run(room, "db", "check") == 75
    assert "there is no such file" in capsys.readouterr().err
    assert run(room, "-q", "story", "list") == 0
    said = capsys.readouterr()
    assert "was here before and is gone: this one is new and empty" in said.err
    assert run(room, "story", "list") == 0
    assert "was here before" not in capsys.readouterr().err


def test_a_first_database_is_begun_without_a_word(tmp_path, capsys):
    assert told(publisher, ["init", str(tmp_path)]) == 0
    assert run(tmp_path, "story", "list") == 0
    assert capsys.readouterr().err == ""


def test_config_check_holds_what_must_not_change_against_the_database(room, capsys):
    path = room / "config" / "publisher.toml"
    path.write_text(path.read_text().replace('tag_authority = "news.example"', 'tag_authority = "x.example"'))
    assert run(room, "config", "check") == 78
    assert "differs from what this database began with" in capsys.readouterr().err
    shutil.rmtree(room / "var")
    assert run(room, "config", "check") == 0
    assert not (room / "var").exists()


def test_config_check_says_when_the_database_cannot_be_asked(room, capsys, monkeypatch):
    monkeypatch.setenv("PUBLISHER_STORE__URL", "postgresql://nobody@127.0.0.1:9/nothing")
    assert run(room, "config", "check") == 0
    assert "Not held against what was there before" in capsys.readouterr().out


def test_a_schema_newer_than_the_program_asks_for_a_newer_program(database):
    with database.write() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('9999_future')"))
    try:
        for attempt in (migrate.ready, migrate.upgrade):
            with pytest.raises(StoreNewer, match="upgrade the program"):
                attempt(database)
        with database.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        with pytest.raises(StoreUnavailable, match="none that this program ever made"):
            migrate.upgrade(database)
    finally:
        with database.write() as connection:
            connection.execute(text("DROP TABLE alembic_version"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@127.0.0.1:abc/x",
        "postgresql://u:a@hunter2@127.0.0.1/x",
        "telex://u:hunter2@x",
        "hunter2",
        "mysql://u:hunter2@x/y",
    ],
)
def test_an_address_that_is_no_database_s_is_refused_and_never_repeated(url):
    with pytest.raises(ConfigurationInvalid) as caught:
        open_database(url)
    assert "hunter2" not in str(caught.value)


def test_an_option_that_the_driver_does_not_know_is_said():
    database = open_database("postgresql://u@127.0.0.1:9/x?wrong_option=1")
    try:
        with pytest.raises(StoreUnavailable, match="wrong_option"), database.read():
            pass
    finally:
        database.close()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("SET TRANSACTION READ ONLY", "read-only"),
        ("CREATE ROLE publisher_reader; SET LOCAL ROLE publisher_reader", "permission denied"),
    ],
)
def test_a_server_that_is_a_standby_or_gives_no_right_is_at_fault(database, first, said):
    """Whoever goes on by itself waits for it, and a pipe is told to try later."""

    def told():
        with database.write() as connection:
            for statement in first.split("; "):
                connection.execute(text(statement))
            house.tell(connection, "test", "x", actor="test", now=NOW)

    with pytest.raises(StoreUnavailable, match=said):
        told()


def test_a_server_s_database_of_another_encoding_is_refused_and_one_of_other_dates_read(postgresql):
    def made(options, *then):
        run_outside_transaction(
            postgresql,
            "DROP DATABASE IF EXISTS odd",
            f"CREATE DATABASE odd TEMPLATE template0 {options}",
            *then,
        )
        return open_database(postgresql.set(database="odd").render_as_string(hide_password=False))

    database = made("ENCODING 'SQL_ASCII' LOCALE 'C'")
    with pytest.raises(ConfigurationInvalid, match="the database is in SQL_ASCII"), database.read():
        pass
    database.close()
    database = made("ENCODING 'UTF8'", "ALTER DATABASE odd SET datestyle = 'German'")
    with database.read() as connection:
        assert connection.execute(text("SELECT now()")).scalar_one().tzinfo is not None
    database.close()


def test_a_database_says_whether_it_can_be_written(database, monkeypatch):
    assert database.writable()
    if database.dialect == "postgresql":
        monkeypatch.setattr(db, "SESSION", "SET default_transaction_read_only TO on")
        standby = open_database(database.url.render_as_string(hide_password=False))
        assert not standby.writable()
        standby.close()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_process_that_is_stopped_in_a_transaction_holds_up_nobody_for_ever(database, monkeypatch):
    def opened(session):
        monkeypatch.setattr(db, "SESSION", session)
        one = open_database(database.url.render_as_string(hide_password=False))
        with one.read():
            return one  # connected, and the connection stays in its pool

    stopped = opened("SET idle_in_transaction_session_timeout TO '1s'")
    waiting = opened("SET lock_timeout TO '100ms'")
    other = opened("SET lock_timeout TO '20s'")
    change = text("UPDATE fact SET value = 'two'")
    with database.write() as connection:
        house.settle_fact(connection, "test", "one")

    def while_it_stands():
        with stopped.write() as held:
            held.execute(change)
            with pytest.raises(StoreLocked, match="another program"), waiting.write() as connection:
                connection.execute(change)
            with other.write() as connection:
                assert connection.execute(change).rowcount >= 1
            held.execute(change)

    with pytest.raises(StoreUnavailable, match="idle-in-transaction"):
        while_it_stands()
    for one in (stopped, waiting, other):
        one.close()


def test_a_path_that_is_no_file_s_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / ("a" * 5000), tmp_path / "file" / "below"):
        (tmp_path / "file").touch()
        with pytest.raises((FolderUnwritable, StoreUnavailable)):
            open_database(f"sqlite:///{path}")
