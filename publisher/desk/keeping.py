"""Keeping the database: upgrade, check, backup. These open it themselves, because it may not be fit for a newsroom yet."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from publisher.errors import BadInput, Conflict, FolderUnwritable
from publisher.settings import Settings
from publisher.store import migrate
from publisher.store.db import Database, open_database

__all__ = ["backup", "check", "upgrade"]


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    database = open_database(settings.store_url, lock_seconds=settings.store.lock_wait.total_seconds())
    try:
        yield database
    finally:
        database.close()


def upgrade(settings: Settings) -> tuple[str | None, str]:
    """The schema before and after."""
    with _opened(settings) as database:
        return migrate.upgrade(database)


def check(settings: Settings) -> list[str]:
    """What is wrong, in sentences; empty when all is well. A new SQLite file is given its schema, as by any first command."""
    with _opened(settings) as database:
        if database.path is not None and migrate.is_new(database):
            migrate.ready(database)
        return migrate.check(database)


def backup(settings: Settings, path: Path) -> Path:
    """A consistent copy through SQLite's backup API, written whole or not at all, mode 0600.

    Raises:
        BadInput: the database is PostgreSQL, which has better tools of its own, or holds nothing yet.
        Conflict: a file of this name is there.
        FolderUnwritable: it cannot be written.
    """
    with _opened(settings) as database:
        if database.path is None:
            raise BadInput("`db backup` copies SQLite; back PostgreSQL up with pg_dump")
        if migrate.is_new(database):
            raise BadInput(f"the database {database.where} holds nothing yet: there is nothing to back up")
        if path.exists():
            raise Conflict(f"{path} is there already; nothing was written")
        part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            with database.read() as connection:
                source = connection.connection.driver_connection
                target = sqlite3.connect(part)
                try:
                    source.backup(target)  # type: ignore[union-attr]  # the driver's connection is sqlite3's here
                finally:
                    target.close()
            part.rename(path)
        except (OSError, sqlite3.Error) as error:
            part.unlink(missing_ok=True)
            raise FolderUnwritable(str(path), getattr(error, "strerror", None) or str(error)) from error
    return path
