"""Keeping the house in order: the database upgraded, checked, backed up; configuration and templates held against what is there.

These open the database themselves, because it may not be fit for a newsroom yet.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from publisher.desk import canary
from publisher.errors import BadInput, Conflict, FolderUnwritable, Problem, StoreUnavailable, unwritable
from publisher.feed import english_name
from publisher.newsroom import keys_gone, remembered, templates_of
from publisher.settings import Settings
from publisher.store import migrate
from publisher.store.db import Database, begun, open_database, sqlite_file

__all__ = ["backup", "check", "check_templates", "compare", "upgrade"]


@contextmanager
def _opened(settings: Settings, *, create: bool = False) -> Iterator[Database]:
    seconds = settings.store.lock_wait.total_seconds()
    database = open_database(settings.store_url, create=create, lock_seconds=seconds)
    try:
        yield database
    finally:
        database.close()


def upgrade(settings: Settings) -> tuple[str | None, str]:
    """The schema before and after."""
    with _opened(settings, create=True) as database:
        return migrate.upgrade(database)


def compare(settings: Settings) -> tuple[str, list[Problem]]:
    """Hold the configuration against what its database remembers, where there is one.

    Returns why that could not be done, if it could not, and what stands in the way of sending alone.

    Raises:
        ConfigurationInvalid: what must never change was changed.
    """
    path = sqlite_file(settings.store_url)
    if path is not None and not path.exists():
        return "", []
    try:
        with _opened(settings) as database:
            remembered(database, settings)
            with database.read() as connection:
                current = migrate.present(connection) == migrate.HEAD
            return "", keys_gone(database, settings) if current else []
    except (StoreUnavailable, FolderUnwritable) as error:
        return str(error), []


def check_templates(settings: Settings) -> list[Problem]:
    """Read every catalogue, and compile and try every template of the operator's own, before a mail needs them.

    Returns the languages that are published in and whose outputs speak some English (decision 24): no faults.

    Raises:
        TemplateInvalid: with file and line, of the first that is wrong.
    """
    templates = templates_of(settings)
    try:
        if settings.templates_dir is not None:
            canary.try_out(settings.templates_dir, templates, theme=settings.theme)
        counted = {entry.language: templates.unsaid(entry.language) for entry in settings.disclaimers}
    finally:
        templates.close()

    named = settings.templates_dir is not None
    own = settings.templates_dir or settings.folder.parent / "templates"  # where docs/templates.md puts them
    alike: dict[tuple[int, int], list[str]] = {}
    for language, count in counted.items():
        alike.setdefault(count, []).append(language)
    return [
        Problem(
            f"{own}/locale/{languages[0]}/messages.po",
            "",
            f"{missing} of {every} strings in {', '.join(map(english_name, languages))} are said in English until "
            + ("each language has a file like this" if len(languages) > 1 else "this file has them")
            + ("" if named else ', and publisher.toml says `templates_dir = "../templates"` in [store]'),
        )
        for (missing, every), languages in alike.items()
        if missing
    ]


def check(settings: Settings) -> list[str]:
    """What is wrong, in sentences; empty when all is well. A new SQLite file is given its schema, as by any first command."""
    with _opened(settings, create=not begun(settings.store_url)) as database:
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
    if not begun(settings.store_url):
        raise BadInput("the house holds nothing yet: there is nothing to back up")
    with _opened(settings) as database:
        if database.path is None:
            raise BadInput("`db backup` copies SQLite; back PostgreSQL up with pg_dump")
        if migrate.is_new(database):
            raise BadInput(f"the database {database.where} holds nothing yet: there is nothing to back up")
        part = path.with_name(f".{path.name}.part")
        try:
            if path.exists():
                raise Conflict(f"{path} is there already; nothing was written")
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
            with suppress(OSError):
                part.unlink()
            raise unwritable(path, error) from error
    return path
