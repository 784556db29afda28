"""`feed`: build the feeds' files and say where they are."""

from __future__ import annotations

from pathlib import Path

import click

from publisher.cli.context import Door, door, now
from publisher.cli.exits import PARTLY
from publisher.cli.params import paged

__all__ = ["COMMANDS"]


@click.group()
def feed() -> None:
    """The feeds: RSS, Atom and JSON Feed for each section and for all."""


@feed.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Default: feeds in the data folder.",
)
@door
def build(door_: Door, out: Path | None) -> int:
    """Make every feed anew and write the files whose bytes changed, each by a rename.

    A feed that the gate refuses keeps its last good file; the exit code is then 5.
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
@paged
@door
def list_(door_: Door, limit: int, after: str | None) -> None:
    """List the feeds with their addresses."""
    from publisher.desk import feeds
    from publisher.desk.pages import Page

    with door_.newsroom() as newsroom:
        rows = Page.cut(feeds.overview(newsroom), limit, by="feed", after=after)
    columns = {"feed": "Feed", "title": "Title", "rss": "RSS", "edition": "Edition", "changed_at": "Changed"}
    door_.table(rows, columns, empty="No feeds.")


COMMANDS = (feed,)
