"""`audit`: what a newsroom has out already, and what its stories owe their readers."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from publisher.cli.context import Door, cell, counted, door, now
from publisher.cli.exits import PARTLY

if TYPE_CHECKING:
    from publisher.intake.auditing import Audited

__all__ = ["COMMANDS"]


@click.command()
@click.argument("place", metavar="URL|FILE")
@click.option(
    "--disclaimer",
    "disclaimers",
    multiple=True,
    metavar="WORDS",
    help="Words that have to stand with each story, once for each language. Default: any disclaimer.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 500),
    default=100,
    show_default=True,
    help="Stories at most, the newest first.",
)
@click.option("--private", is_flag=True, help="The site is in a private network, and that is meant.")
@door
def audit(door_: Door, place: str, disclaimers: tuple[str, ...], limit: int, private: bool) -> int:
    """Find stories that are out without their source.

    Reads a feed, a page, a WordPress site (its front page) or a file (`-` is what comes by a pipe), and lists every story that lacks the name of its source, a link to the original, or a
    disclaimer, with the source that it probably has. Every story there is held to be another agency's: give the feed of your wire section. No
    newsroom has to be set up, and nothing is stored. Exit code 5 when a story lacks something.

    \b
    Examples:
      publisher audit https://www.example.org/category/wire/feed/
      publisher audit page.html
      publisher --json audit https://www.example.org/ --limit 200
    """
    from publisher.desk.audit import audit as audited
    from publisher.intake.document import MAX_BYTES

    given = sys.stdin.buffer.read(MAX_BYTES + 1) if place == "-" else None
    report = audited(place, given=given, disclaimers=disclaimers, private=private, limit=limit, now=now())
    lines: list[str] = []
    for story in report.lacking:
        lines += _lines(story)
    if not report.stories:
        lines.append("No story was found.")
    else:
        lacking = len(report.lacking)
        told = f"{lacking} of {counted(len(report.stories), 'story', 'stories')}"
        lines.append(
            f"{told} {'lacks' if lacking == 1 else 'lack'} something."
            if lacking
            else "The story has source, link and disclaimer."
            if len(report.stories) == 1
            else f"All {len(report.stories):,} stories have source, link and disclaimer."
        )
    record = {
        "place": report.place,
        "stories": len(report.stories),
        "lacking": [asdict(story) for story in report.lacking],
        "passed_over": report.passed_over,
    }
    door_.show(record, "\n".join(lines))
    return PARTLY if report.lacking else 0


def _lines(story: Audited) -> list[str]:
    """One story: what it is, what it lacks, what may help."""
    lines = [cell(story.headline)]
    lines += [f"  {story.url}"] if story.url else []
    lines.append(f"  lacks: {', '.join(story.lacks)}")
    if story.promised:
        lines.append("  its own text promises source and link")
    if story.probable:
        where = f" {story.probable_url}" if story.probable_url else ""
        lines.append(f"  probably from: {cell(story.probable)}{where} ({story.why})")
    return [*lines, ""]


COMMANDS = (audit,)
