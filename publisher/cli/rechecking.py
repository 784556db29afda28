"""`recheck`: whether what is out was withdrawn or changed at its source without a word to us."""

from __future__ import annotations

import click

from publisher.cli.context import Door, counted, door, now
from publisher.cli.exits import PARTLY
from publisher.cli.params import WHY, paged

__all__ = ["COMMANDS"]


@click.group()
def recheck() -> None:
    """Stories that changed at their source.

    A feed never says that a story was withdrawn. So the source's page of each published story is asked again 15 minutes, 2 hours and a
    day later. Nothing is withdrawn by itself: what was found waits here until a person kills or holds the story, or settles it. One
    that is released, or brought back, is asked after anew; what had been found is over.
    """


@recheck.command("run")
@door
def run(door_: Door) -> int:
    """Do the looks that are due now, and end.

    `publisher run` does this by itself; this is for cron. Exit code 5 when something was found.

    \b
    Example:
      publisher recheck run -q          # cron, every five minutes
    """
    from publisher.desk import recheck as desk

    with door_.newsroom() as newsroom:
        found = desk.look(newsroom, actor=door_.who, now=now())
    lines = [f"{entry.story_id}  {entry.headline}: {entry.finding.detail}" for entry in found]
    lines.append(
        f"{counted(len(found), 'story', 'stories')} to look at: `publisher recheck list`."
        if found
        else "Nothing was found."
    )
    record = [
        {"id": entry.story_id, "finding": entry.finding.word, "detail": entry.finding.detail}
        for entry in found
    ]
    if found or not door_.quiet:
        door_.show({"found": record}, "\n".join(lines))
    return PARTLY if found else 0


@recheck.command("list")
@paged
@door
def list_(door_: Door, limit: int, after: str | None) -> None:
    """List what was found and nobody has settled.

    With --json each has the commands that withdraw the story.

    \b
    Examples:
      publisher recheck list
      publisher --json recheck list
    """
    from publisher.desk import recheck as desk

    with door_.newsroom() as newsroom:
        rows = desk.listing(newsroom, limit=limit, after=after)
    columns = {
        "id": "Story",
        "found_at": "Found",
        "finding": "Finding",
        "detail": "What",
        "headline": "Headline",
    }
    door_.table(rows, columns, empty="Nothing waits.")
    if rows:
        door_.say(
            "`publisher story kill STORY --why …` withdraws one, `publisher recheck settle STORY --why …` leaves it as it is."
        )


@recheck.command("settle")
@click.argument("story_id", metavar="STORY")
@WHY
@door
def settle(door_: Door, story_id: str, why: str) -> None:
    """Leave a story as it is: a person has looked.

    \b
    Example:
      publisher recheck settle 01KJP4TQ0M2Z --why "they only moved the page"
    """
    from publisher.desk import recheck as desk

    with door_.newsroom() as newsroom:
        settled = desk.settle(newsroom, story_id, why=why, actor=door_.who, now=now())
    door_.show({"id": settled, "settled": True}, f"{settled} stays as it is.")


COMMANDS = (recheck,)
