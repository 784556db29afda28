"""`db`: migrations, integrity and backup."""

from __future__ import annotations

from pathlib import Path

import click

from publisher.cli.context import Door, door, now
from publisher.cli.exits import PARTLY

__all__ = ["COMMANDS"]


@click.group()
def db() -> None:
    """The database: upgrade it, check it, back it up."""


@db.command()
@door
def upgrade(door_: Door) -> None:
    """Bring the schema to this program's.

    A new SQLite file needs no upgrade; PostgreSQL and older schemas do.

    \b
    Example:
      publisher db upgrade
    """
    from publisher.desk import keeping

    before, after = keeping.upgrade(door_.settings())
    text = (
        f"The schema is {after} already." if before == after else f"Schema {before or 'none'} is {after} now."
    )
    door_.show({"before": before, "after": after}, text)


@db.command()
@door
def check(door_: Door) -> int:
    """Look for damage: integrity, foreign keys, schema.

    Exit code 5 when something is found.

    \b
    Example:
      publisher db check
    """
    from publisher.desk import keeping

    found = keeping.check(door_.settings())
    door_.show({"ok": not found, "found": found}, "\n".join(found) or "The database is sound.")
    return PARTLY if found else 0


@db.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False), required=False)
@door
def backup(door_: Door, path: Path | None) -> None:
    """Copy the SQLite database while everything goes on.

    The copy is consistent; it goes to PATH, by default into backups/ in the data folder. Secrets are not in it: keep config/secrets.toml in a safe place too, or every link in sent mails dies with it.

    \b
    Example:
      publisher db backup /srv/backup/publisher.sqlite3
    """
    from publisher.desk import keeping

    settings = door_.settings()
    default = settings.data_dir / "backups" / f"publisher-{now():%Y%m%d-%H%M%S}.sqlite3"
    written = keeping.backup(settings, path or default)
    door_.show(
        {"written": written, "secrets_included": False},
        f"wrote {written}\nSecrets are not in it: keep config/secrets.toml in a safe place too.",
    )


COMMANDS = (db,)
