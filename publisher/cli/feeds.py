"""`feed`: make feeds and pages public, and say where they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from publisher.cli.context import Door, counted, door, now
from publisher.cli.exits import PARTLY
from publisher.cli.params import paged

__all__ = ["COMMANDS"]


@click.group()
def feed() -> None:
    """Feeds of sections, sources, languages and all.

    Each in RSS, Atom and JSON Feed.
    """


@feed.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the feeds' files go. Default: feeds in the data folder.",
)
@click.option(
    "--site",
    "site_dir",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the pages' files go. Default: site in the data folder.",
)
@door
def build(door_: Door, out: Path | None, site_dir: Path | None) -> int:
    """Make every feed and page anew where something changed.

    Their files are written each by a rename, with a gzipped twin beside it for web servers. A folder once named here is kept
    up by every later build and by what is decided of a story. A story that cannot be shown is left out and named; what the gate refuses as a whole
    keeps its last good bytes, and so do all pages while a template is wrong, less what was killed or held since: the exit code is 5 in each case. Hubs are told last; one that cannot be told changes no exit
    code, for the feed is public and it is told again later.

    \b
    Example:
      publisher feed build --out /srv/www/feeds --site /srv/www/site
    """
    from publisher.desk import publishing

    with door_.newsroom() as newsroom:
        done = publishing.publish(
            newsroom,
            feeds_to=out or newsroom.data_path("feeds"),
            site_to=site_dir or newsroom.data_path("site"),
            actor=door_.who,
            now=now(),
        )
    rows: list[dict[str, Any]] = [
        {
            "feed": report.series,
            "edition": report.edition_id,
            "items": report.items,
            "changed": report.changed,
            "skipped": [str(fault) for fault in report.skipped],
            "refused": str(report.refused) if report.refused else None,
            "recalled": report.recalled,
            "down": report.down,
        }
        for report in done.feeds
    ]
    columns = {"feed": "Feed", "items": "Items", "changed": "Changed", "refused": "Refused"}
    door_.table(rows, columns, empty="No feeds.")
    changed, written = counted(len(done.pages.changed), "page"), counted(len(done.files), "file")
    door_.say(f"{changed} changed, {written} written.")
    for report in done.feeds:
        for fault in report.skipped:
            door_.say(f"The feed {report.series} goes out without a story: {fault}")
        for story_id in report.recalled:
            door_.say(f"The feed {report.series} keeps its last good bytes, without the story {story_id}.")
    for refusal in done.pages.refused:
        door_.say(f"A page keeps its last good bytes: {refusal}")
    for path in [*(path for report in done.feeds for path in report.down), *done.pages.down]:
        door_.say(f"Taken down until it can be made anew, for it shows what may not be shown: {path}")
    if done.hubs.told:
        door_.say(f"Hubs told: {done.hubs.told}.")
    for failure in done.hubs.failures:
        click.echo(f"publisher: {failure}", err=True)
    return PARTLY if done.refused else 0


@feed.command("list")
@paged
@door
def list_(door_: Door, limit: int, after: str | None) -> None:
    """List the feeds with their addresses.

    \b
    Example:
      publisher feed list
    """
    from publisher.desk import feeds
    from publisher.desk.pages import Page

    with door_.newsroom() as newsroom:
        rows = Page.cut(feeds.overview(newsroom), limit, by="feed", after=after)
    columns = {"feed": "Feed", "rss": "RSS", "edition": "Edition", "changed_at": "Changed"}
    door_.table(rows, columns, empty="No feeds.")


COMMANDS = (feed,)
