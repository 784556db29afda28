"""`feed`: build the feeds' files and say where they are."""

from __future__ import annotations

from pathlib import Path

import click

from publisher.cli.context import Door, door, now
from publisher.cli.exits import PARTLY

__all__ = ["COMMANDS"]


@click.group()
def feed() -> None:
    """Feeds of each section and of all: RSS, Atom, JSON Feed."""


@feed.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Default: feeds in the data folder.",
)
@door
def build(door_: Door, out: Path | None) -> int:
    """Make every feed anew and write the files that changed.

    Each by a rename. A feed that the gate refuses keeps its last good file; the exit code is then 5.

    \b
    Example:
      publisher feed build --out /srv/www/feeds
    """
    from publisher.desk import feeds

    with door_.newsroom() as newsroom:
        reports = feeds.build(newsroom, out or newsroom.data_path("feeds"), actor=door_.who, now=now())
    rows = [
        {
            "feed": report.series,
            "edition": report.edition_id,
            "items": report.items,
            "changed": report.changed,
            "refused": str(report.refused) if report.refused else None,
        }
        for report in reports
    ]
    columns = {
        "feed": "Feed",
        "edition": "Edition",
        "items": "Items",
        "changed": "Files changed",
        "refused": "Refused",
    }
    door_.table(rows, columns, empty="No feeds.")
    return PARTLY if any(report.refused for report in reports) else 0


@feed.command("list")
@door
def list_(door_: Door) -> None:
    """List the feeds with their addresses.

    \b
    Example:
      publisher feed list
    """
    from publisher.desk import feeds

    with door_.newsroom() as newsroom:
        rows = feeds.overview(newsroom)
    columns = {"feed": "Feed", "title": "Title", "rss": "RSS", "edition": "Edition", "changed_at": "Changed"}
    door_.table(rows, columns, empty="No feeds.")


COMMANDS = (feed,)
