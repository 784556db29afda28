"""The database's schema: made, compared and upgraded by one Alembic history for both packages.

A SQLite file without tables is given its schema by the first command; everything else (PostgreSQL, an older schema) waits
for `publisher db upgrade` and is refused until then, because an upgrade is the operator's moment, not a reader's. A schema newer
than this program is left alone: there is no way back from it.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from publisher.errors import StoreNewer, StoreOutdated, StoreUnavailable
from publisher.store.db import Database

__all__ = ["HEAD", "check", "is_new", "present", "ready", "upgrade"]

VERSIONS = Path(__file__).parent / "migrations" / "versions"
HEAD = max(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))
"""The schema this program reads and writes: the newest of its migrations. Names of schemas are numbers that grow."""


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
        StoreOutdated: it has an older one, or it is an empty PostgreSQL; `publisher db upgrade` mends both.
        StoreNewer: it has a newer one.
    """
    with database.read() as connection:
        have = present(connection)
    if have == HEAD:
        return
    if have is None and database.path is not None:
        upgrade(database)
        return
    _refuse_newer(database, have)
    raise StoreOutdated(database.where, have, HEAD)


def _refuse_newer(database: Database, have: str | None) -> None:
    if have is not None and have > HEAD:
        raise StoreNewer(database.where, have, HEAD)


def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring the schema to this program's in one transaction; returns the schema before and after.

    Raises:
        StoreNewer: it has a newer one.
        StoreUnavailable: it has one that this program never made.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent).replace("%", "%%"))
    with database.write() as connection:
        before = present(connection)
        _refuse_newer(database, before)
        if before is not None and not any(VERSIONS.glob(f"{before}_*.py")):
            raise StoreUnavailable(
                database.where, f"its schema {before!r} is none that this program ever made"
            )
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
