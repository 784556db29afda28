"""The database's schema: made, compared and upgraded by one Alembic history for both packages.

A SQLite file without tables is given its schema by the first command; everything else (PostgreSQL, an older schema) waits
for `publisher db upgrade` and is refused until then, because an upgrade is the operator's moment, not a reader's.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from publisher.errors import StoreOutdated
from publisher.store.db import Database

__all__ = ["HEAD", "check", "is_new", "ready", "upgrade"]

HEAD = "0003"
"""The schema this program reads and writes: the newest file in migrations/versions."""


def present(connection: Connection) -> str | None:
    """The schema that the database has; None when it has none of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def is_new(database: Database) -> bool:
    """Whether the database has no tables at all; one whose schema cannot be told has some."""
    with database.read() as connection:
        return not inspect(connection).get_table_names()


def ready(database: Database) -> None:
    """Make sure that the database has this program's schema.

    Raises:
        StoreOutdated: it has another, or it is an empty PostgreSQL; `publisher db upgrade` mends both.
    """
    with database.read() as connection:
        have = present(connection)
    if have == HEAD:
        return
    if have is None and database.path is not None:
        upgrade(database)
        return
    raise StoreOutdated(database.where, have, HEAD)


def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring the schema to this program's in one transaction; returns the schema before and after."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    with database.write() as connection:
        before = present(connection)
        if before != HEAD:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return before, HEAD


def check(database: Database) -> list[str]:
    """What is wrong with the stored data, in sentences; empty when all is well."""
    found: list[str] = []
    with database.read() as connection:
        have = present(connection)
        if have != HEAD:
            found.append(f"the schema is {have or 'missing'}, this program needs {HEAD}")
        if database.path is not None:
            result = connection.execute(text("PRAGMA integrity_check")).scalars().all()
            found += [f"integrity: {line}" for line in result if line != "ok"]
            broken = connection.execute(text("PRAGMA foreign_key_check")).all()
            found += [f"row {row[1]} of {row[0]} points to a missing row of {row[2]}" for row in broken]
    return found
