"""`quarantine`: what was refused at the door, until a person decides."""

from __future__ import annotations

import click

from publisher.cli.context import Door, cell, door, now
from publisher.cli.params import NUMBER, WHY, paged

__all__ = ["COMMANDS"]


@click.group()
def quarantine() -> None:
    """What was refused at the door, until a person decides.

    Each entry is kept with its bytes and the reason.
    """


@quarantine.command("list")
@click.option("--all", "everything", is_flag=True, help="Also what was decided.")
@paged
@door
def quarantined(door_: Door, everything: bool, limit: int, after: str | None) -> None:
    """List what waits, newest first, with the reason of each.

    \b
    Example:
      publisher quarantine list --all
    """
    from publisher.desk.overview import quarantined as entries

    with door_.newsroom() as newsroom:
        rows = entries(newsroom, everything=everything, limit=limit, after=after)
    columns = {
        "id": "Entry",
        "state": "State",
        "source": "Source",
        "reason": "Reason",
        "headline": "Headline",
    }
    door_.table(rows, columns, empty="Nothing waits in quarantine.")


@quarantine.command("show")
@click.argument("entry", type=NUMBER)
@door
def show_entry(door_: Door, entry: int) -> None:
    """Show one entry with what could be read of it.

    \b
    Example:
      publisher quarantine show 4
    """
    from publisher.desk.overview import quarantine_entry

    with door_.newsroom() as newsroom:
        record = quarantine_entry(newsroom, entry)
    door_.show(
        record, "\n".join(f"{key.replace('_', ' '):<14}{cell(value)}" for key, value in record.items())
    )


AGAIN = " It had been killed, and stands again: in feeds when they are built next, and in the next edition, which says so."


@quarantine.command("release")
@click.argument("entry", type=NUMBER)
@click.option("--source-name", metavar="NAME", help="The source, when the item names none.")
@click.option("--source-url", metavar="URL", help="The link to the original, when the item has none.")
@click.option("--headline", metavar="TEXT", help="Our headline, when the item has none.")
@WHY
@door
def release_entry(
    door_: Door, entry: int, source_name: str | None, source_url: str | None, headline: str | None, why: str
) -> None:
    """Bring an entry in, supplied with what it lacked.

    \b
    Examples:
      publisher quarantine release 4 --source-url https://agency.example/story/88 --why "found by hand"
      publisher quarantine release 5 --headline "Seaway to reopen on Friday" --why "theirs was empty"
    """
    from publisher.desk import acts
    from publisher.desk.overview import quarantine_entry
    from publisher.story import Reason

    with door_.newsroom() as newsroom:
        killed = quarantine_entry(newsroom, entry)["reason"] == Reason.AFTER_KILL
        story_id = acts.release_quarantined(
            newsroom,
            entry,
            source_name=source_name,
            source_url=source_url,
            headline=headline,
            why=why,
            actor=door_.who,
            now=now(),
        )
    door_.show(
        {"id": entry, "state": "released", "story": story_id},
        f"Entry {entry} is story {story_id} now." + (AGAIN if killed else ""),
    )


@quarantine.command("drop")
@click.argument("entry", type=NUMBER)
@WHY
@door
def drop_entry(door_: Door, entry: int, why: str) -> None:
    """Decide that an entry stays out.

    \b
    Example:
      publisher quarantine drop 4 --why "an advertisement"
    """
    from publisher.desk import acts

    with door_.newsroom() as newsroom:
        acts.drop_quarantined(newsroom, entry, why=why, actor=door_.who, now=now())
    door_.show({"id": entry, "state": "dropped", "story": None}, f"Entry {entry} dropped.")


COMMANDS = (quarantine,)
