"""`story` and `quarantine`: the desk's acts on stories, and what was refused at the door."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from publisher.cli.context import Door, cell, door, now
from publisher.cli.params import INSTANT

if TYPE_CHECKING:
    from publisher.desk.withdrawals import Withdrawal

__all__ = ["COMMANDS"]

WHY = click.option("--why", required=True, metavar="TEXT", help="The reason, for the record.")
STATES = ("usable", "embargoed", "held", "killed", "withheld", "canceled")
"""As `desk.overview` has them; importing it would cost `publisher --help` its 80 ms."""
LIMIT = click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="At most so many."
)


@click.group()
def story() -> None:
    """Stories: list them, show them, and act on them.

    Every act is recorded with who and why. A STORY is named by its id, or by as much of its beginning as no other story
    shares: six characters at least.
    """


@story.command("list")
@click.option("--section", metavar="SLUG", help="Only stories of this section.")
@click.option("--source", metavar="SLUG", help="Only stories of this source.")
@click.option("--state", type=click.Choice(STATES), help="Only stories in this state.")
@LIMIT
@door
def list_(door_: Door, section: str | None, source: str | None, state: str | None, limit: int) -> None:
    """List the newest stories.

    \b
    Examples:
      publisher story list --section world
      publisher story list --state held
    """
    from publisher.desk.overview import stories

    with door_.newsroom() as newsroom:
        rows = stories(newsroom, section=section, source=source, state=state, limit=limit, now=now())
    columns = {"id": "Story", "state": "State", "urgency": "Urg", "received_at": "Received"}
    columns |= {"source": "Source", "sections": "Sections"}
    door_.table(rows, {**columns, "headline": "Headline"}, empty="No stories: run `publisher ingest`.")


@story.command()
@click.argument("story_id", metavar="STORY")
@click.option(
    "--diff",
    is_flag=True,
    help="Show what was set aside of the source's text, and that the rest is unchanged.",
)
@door
def show(door_: Door, story_id: str, diff: bool) -> None:
    """Show a story: provenance, versions, acts, editions.

    \b
    Examples:
      publisher story show 01KJP4TQ0M2Z
      publisher story show 01KJP4TQ0M2Z --diff
    """
    from publisher.desk.overview import story_record

    with door_.newsroom() as newsroom:
        record = story_record(newsroom, story_id, now=now())
    keys = [
        "id",
        "state",
        "headline",
        "original_headline",
        "headline_changed_by",
        "headline_changed_why",
        "source",
    ]
    keys += ["source_name", "source_url", "link", "language", "urgency", "sections", "eligible_at", "embargo"]
    keys += ["first_published", "corrected_at", "editions"]
    lines = [f"{key.replace('_', ' '):<22}{cell(record[key])}" for key in keys if record[key]]
    lines += ["", "versions"]
    lines += [
        f"  {v['version']}  {cell(v['received_at'])}  {v['status']:<9} {v['headline']}"
        for v in record["versions"]
    ]
    lines += ["", "acts"] if record["acts"] else []
    lines += [f"  {cell(a['at'])}  {a['what']}  {a['actor']}: {cell(a['why'])}" for a in record["acts"]]
    if diff:
        kept = "equals" if record["body_unchanged"] else "DIFFERS FROM"
        lines += ["", f"The stored body {kept} the received text (SHA-256 {record['body_digest'][:16]}…)."]
        lines += (
            ["Set aside:", *(f"  {block}" for block in record["set_aside"])] if record["set_aside"] else []
        )
    door_.show(record, "\n".join(lines))


@story.command()
@click.argument("story_id", metavar="STORY")
@click.argument("text")
@WHY
@door
def headline(door_: Door, story_id: str, text: str, why: str) -> None:
    """Give a story our headline.

    The original is kept beside it. An empty TEXT takes ours back.

    \b
    Example:
      publisher story headline 01KJP4TQ0M2Z "Seaway to reopen on Friday" --why "house style"
    """
    from publisher.desk import acts

    with door_.newsroom() as newsroom:
        changed = acts.headline(newsroom, story_id, text, why=why, actor=door_.who, now=now())
    door_.show(
        {
            "id": changed.story_id,
            "headline": changed.headline,
            "original_headline": changed.received.original_headline,
        },
        f"{changed.story_id}: {changed.headline}",
    )


@story.command()
@click.argument("story_id", metavar="STORY")
@click.option("--section", required=True, metavar="SLUG", help="The section it is pinned in.")
@click.option("--place", type=click.IntRange(1, 100), help="Its place from the top. Default: first.")
@click.option("--until", type=INSTANT, help="Default: the next edition of the section.")
@WHY
@door
def pin(
    door_: Door, story_id: str, section: str, place: int | None, until: datetime | None, why: str
) -> None:
    """Pin a story in a section.

    A pin beats order, quota and window, never embargo, hold, kill or rights. It holds for the next edition of the section, or
    --until a time. Feeds know no pins.

    \b
    Example:
      publisher story pin 01KJP4TQ0M2Z --section world --why "our lead"
    """
    _mark(door_, "pin", story_id, section=section, place=place, until=until, why=why)


@story.command()
@click.argument("story_id", metavar="STORY")
@click.option("--section", required=True, metavar="SLUG", help="The section it is dropped from.")
@click.option("--until", type=INSTANT, help="Default: the next edition of the section.")
@WHY
@door
def drop(door_: Door, story_id: str, section: str, until: datetime | None, why: str) -> None:
    """Keep a story out of a section.

    Out of the section's next edition, or --until a time, and as long out of its feed.

    \b
    Example:
      publisher story drop 01KJP4TQ0M2Z --section world --why "old news"
    """
    _mark(door_, "drop", story_id, section=section, place=None, until=until, why=why)


def _mark(
    door_: Door, act: str, story_id: str, *, section: str, place: int | None, until: datetime | None, why: str
) -> None:
    from publisher.desk import acts
    from publisher.selection import Act

    with door_.newsroom() as newsroom:
        made = acts.mark(
            newsroom,
            story_id,
            Act(act),
            section=section,
            place=place,
            until=until,
            why=why,
            actor=door_.who,
            now=now(),
        )
    what = "pinned in" if act == "pin" else "dropped from"
    end = f"until {until:%Y-%m-%d %H:%M}Z" if until else "for its next edition"
    door_.show(
        {
            "id": made.mark.story_id,
            "act": act,
            "section": section,
            "place": place,
            "until": until,
            "remarks": made.remarks,
        },
        "\n".join(
            [
                f"{made.mark.story_id} {what} {section} {end}.",
                *(f"But {remark}." for remark in made.remarks),
            ]
        ),
    )


@story.command()
@click.argument("story_id", metavar="STORY")
@WHY
@door
def hold(door_: Door, story_id: str, why: str) -> None:
    """Stop using a story until it is released.

    It goes out of the feeds, and of every mail that has not left.

    \b
    Example:
      publisher story hold 01KJP4TQ0M2Z --why "checking a name"
    """
    from publisher.desk import acts, feeds

    with door_.newsroom() as newsroom:
        done = acts.hold(newsroom, story_id, why=why, actor=door_.who, now=now())
        feeds.rebuild(newsroom, done.feeds, actor=door_.who, now=now())
    _withdrawn(door_, "hold", done)


@story.command()
@click.argument("story_id", metavar="STORY")
@WHY
@door
def kill(door_: Door, story_id: str, why: str) -> None:
    """Withdraw a story for good.

    It goes out of the feeds, and of every mail that has not left. A dispatch that was sending it is halted;
    `publisher dispatch resume` goes on without the story.

    \b
    Example:
      publisher story kill 01KJP4TQ0M2Z --why "withdrawn by the agency"
    """
    from publisher.desk import acts, feeds

    with door_.newsroom() as newsroom:
        done = acts.kill(newsroom, story_id, why=why, actor=door_.who, now=now())
        feeds.rebuild(newsroom, done.feeds, actor=door_.who, now=now())
    _withdrawn(door_, "kill", done)


def _withdrawn(door_: Door, act: str, done: Withdrawal) -> None:
    lines = [f"{done.story_id} {'killed' if act == 'kill' else 'held'}."]
    lines += [f"Feeds made anew without it: {', '.join(done.feeds)}."] if done.feeds else []
    lines += [f"Editions that hold it: {', '.join(done.editions)}."] if done.editions else []
    lines += (
        [f"Dispatches halted: {', '.join(done.halted)}; `publisher dispatch resume ID` goes on without it."]
        if done.halted
        else []
    )
    door_.show(
        {
            "id": done.story_id,
            "act": act,
            "feeds": done.feeds,
            "editions": done.editions,
            "halted": done.halted,
        },
        "\n".join(lines),
    )


@story.command()
@click.argument("story_id", metavar="STORY")
@WHY
@door
def release(door_: Door, story_id: str, why: str) -> None:
    """Let a held story go out.

    Also one under an embargo without an end, or with one that cannot be read.

    \b
    Example:
      publisher story release 01KJP4TQ0M2Z --why "name confirmed"
    """
    from publisher.desk import acts

    with door_.newsroom() as newsroom:
        done = acts.release(newsroom, story_id, why=why, actor=door_.who, now=now())
    door_.show(
        {"id": done.story_id, "act": "release", "eligible_at": done.eligible_at},
        f"{done.story_id} released.",
    )


@click.group()
def quarantine() -> None:
    """What was refused at the door, until a person decides.

    Each entry is kept with its bytes and the reason.
    """


@quarantine.command("list")
@click.option("--all", "everything", is_flag=True, help="Also what was decided.")
@LIMIT
@door
def quarantined(door_: Door, everything: bool, limit: int) -> None:
    """List what waits, newest first, with the reason of each.

    \b
    Example:
      publisher quarantine list --all
    """
    from publisher.desk.overview import quarantined as entries

    with door_.newsroom() as newsroom:
        rows = entries(newsroom, everything=everything, limit=limit)
    columns = {
        "id": "Entry",
        "state": "State",
        "source": "Source",
        "reason": "Reason",
        "headline": "Headline",
    }
    door_.table(rows, columns, empty="Nothing waits in quarantine.")


@quarantine.command("show")
@click.argument("entry", type=int)
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


@quarantine.command("release")
@click.argument("entry", type=int)
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

    with door_.newsroom() as newsroom:
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
        {"id": entry, "state": "released", "story": story_id}, f"Entry {entry} is story {story_id} now."
    )


@quarantine.command("drop")
@click.argument("entry", type=int)
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


COMMANDS = (story, quarantine)
