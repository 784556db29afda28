"""`feed`: make feeds and pages public, and say where they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from publisher.cli.context import Door, counted, door, now
from publisher.cli.exits import PARTLY
from publisher.cli.params import paged

if TYPE_CHECKING:
    from publisher.desk.publishing import Published

__all__ = ["COMMANDS", "say_behind"]


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
    up by every later build and by what is decided of a story, until `feed forget`. A story that cannot be shown is left out and named; what the gate refuses as a whole
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
    if door_.as_json or not door_.quiet:
        door_.table(rows, columns, empty="No feeds.")
    changed, written = counted(len(done.pages.changed), "page"), counted(len(done.files), "file")
    door_.say(f"{changed} changed, {written} written.")
    if done.hubs.told:
        door_.say(f"Hubs told: {done.hubs.told}.")
    wrong = replace(door_, quiet=False)
    for report in done.feeds:
        if report.refused and door_.quiet:
            wrong.say(f"The feed {report.series} keeps its last good bytes: {report.refused}")
        for fault in report.skipped:
            wrong.say(f"The feed {report.series} goes out without a story: {fault}")
        for story_id in report.recalled:
            wrong.say(f"The feed {report.series} keeps its last good bytes, without the story {story_id}.")
    for refusal in done.pages.refused:
        wrong.say(f"A page keeps its last good bytes: {refusal}")
    for path in [*(path for report in done.feeds for path in report.down), *done.pages.down]:
        wrong.say(f"Taken down until it can be made anew, for it shows what may not be shown: {path}")
    say_behind(done)
    for failure in done.hubs.failures:
        click.echo(f"publisher: {failure}", err=True)
    return PARTLY if done.partly else 0


def say_behind(done: Published) -> None:
    """Name the folders that are behind what is public."""
    for folder in done.behind:
        click.echo(
            f"publisher: {folder}; it is brought up once it can be written, and `publisher feed forget DIR` gives it up",
            err=True,
        )


@feed.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@door
def forget(door_: Door, folder: Path) -> None:
    """Keep a folder up no longer.

    One that `feed build` was given for files of feeds or pages, and that nothing serves any more. What stands in it stays as it is: a kill
    does not reach it from now on.

    \b
    Example:
      publisher feed forget /srv/old/feeds
    """
    from publisher.desk import copies

    with door_.newsroom() as newsroom:
        copies.forget(newsroom, folder)
    door_.show({"forgotten": str(folder)}, f"{folder} is kept up no longer; what stands in it stays.")


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
