"""`db`: migrations, integrity and backup."""

from __future__ import annotations

from pathlib import Path

import click

from publisher.cli.context import Door, door, now
from publisher.cli.exits import PARTLY

__all__ = ["COMMANDS"]


@click.group()
def db() -> None:
    """The database: upgrade it, check it, back it up, tidy it."""


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


@db.command()
@click.option("--dry-run", is_flag=True, help="Only count what would be forgotten.")
@door
def tidy(door_: Door, dry_run: bool) -> None:
    """Forget what the rules of [retention] do not keep.

    Addresses of those who never confirmed or have left, networks of forms, addresses of old deliveries. History and evidence stay.

    \b
    Examples:
      publisher db tidy --dry-run
      publisher db tidy
    """
    from publisher.desk import retention

    with door_.newsroom() as newsroom:
        done = retention.tidy(newsroom, dry_run=dry_run, actor=door_.who, now=now())
    kinds = {
        "pending": "who never confirmed",
        "left": "who have left",
        "networks": "networks of forms",
        "deliveries": "addresses of deliveries",
    }
    told = "".join(f"\n  {done[key]:>10,}  {said}" for key, said in kinds.items())
    door_.show({"dry_run": dry_run, **done}, ("Would be forgotten:" if dry_run else "Forgotten:") + told)


COMMANDS = (db,)
