"""`story group`, `join` and `split`: which stories report one event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from publisher.cli.context import Door, door, now
from publisher.cli.params import WHY
from publisher.cli.stories import say_public, story

if TYPE_CHECKING:
    from publisher.desk.events import Event

__all__ = ["COMMANDS"]


@story.command("group")
@click.argument("story_id", metavar="STORY")
@door
def group(door_: Door, story_id: str) -> None:
    """Show which stories report the same event.

    The first of them leads where all may be printed, by its source's priority, completeness and freshness; it names the others.

    \b
    Example:
      publisher story group 01KJP4TQ0M2Z
    """
    from publisher.desk.events import event

    with door_.newsroom() as newsroom:
        found = event(newsroom, story_id, now=now())
    door_.show(_record(found), "\n".join(_lines(found)))


@story.command("join")
@click.argument("story_id", metavar="STORY")
@click.argument("other_id", metavar="OTHER")
@WHY
@door
def join(door_: Door, story_id: str, other_id: str, why: str) -> int:
    """Say that two stories report one event.

    One of them leads from now on and names the other, whatever their words are. It holds until they are split.

    \b
    Example:
      publisher story join 01KJP4TQ0M2Z 01KJP4TR8W3K --why "the same fire"
    """
    from publisher.desk import events

    with door_.newsroom() as newsroom:
        done = events.join(newsroom, story_id, other_id, why=why, actor=door_.who, now=now())
    return say_public(door_, _record(done.event), _lines(done.event), done.published)


@story.command("split")
@click.argument("story_id", metavar="STORY")
@click.option(
    "--from", "other_id", metavar="OTHER", help="Only from this one. Default: from all it is together with."
)
@WHY
@door
def split(door_: Door, story_id: str, other_id: str | None, why: str) -> int:
    """Say that a story reports an event of its own.

    Each is printed for itself from now on, whatever their words are. It holds until they are joined.

    \b
    Example:
      publisher story split 01KJP4TQ0M2Z --why "another quake"
    """
    from publisher.desk import events

    with door_.newsroom() as newsroom:
        done = events.split(newsroom, story_id, other_id, why=why, actor=door_.who, now=now())
    return say_public(door_, _record(done.event), _lines(done.event), done.published)


def _record(found: Event) -> dict[str, Any]:
    return {
        "lead": found.stories[0].story_id,
        "stories": [
            {
                "id": member.story_id,
                "source": member.source,
                "source_name": member.received.source_name,
                "source_url": member.received.source_url,
                "headline": member.headline,
            }
            for member in found.stories
        ],
        "ties": [
            {"stories": [tie.one, tie.other], "act": "join" if tie.joined else "split"} for tie in found.ties
        ],
    }


def _lines(found: Event) -> list[str]:
    """The lead first, the others below it, and what was said by hand."""
    first, *others = found.stories
    lines = [f"{first.story_id}  {first.received.source_name}: {first.headline}"]
    lines += [f"  also  {other.story_id}  {other.received.source_name}: {other.headline}" for other in others]
    if not others:
        lines.append("No other story reports the same event.")
    lines += [f"  {'joined' if tie.joined else 'split'} by hand: {tie.one} {tie.other}" for tie in found.ties]
    return lines


COMMANDS = (story,)
"""With these among its own."""
