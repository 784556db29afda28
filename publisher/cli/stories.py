"""`story`: what came in, and the desk's acts on it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from publisher.cli.context import Door, cell, counted, door, now
from publisher.cli.exits import PARTLY
from publisher.cli.feeds import say_behind
from publisher.cli.params import INSTANT, PAST, WHY, paged
from publisher.cli.reaching import PublicReason, reach, reach_lines, same_lines

if TYPE_CHECKING:
    from publisher.desk.acts import Withdrawn
    from publisher.desk.publishing import Published

__all__ = ["COMMANDS", "say_public", "story"]

STATES = ("usable", "embargoed", "held", "killed", "withheld", "canceled")
"""As `desk.overview` has them; importing it would cost `publisher --help` its 80 ms."""


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
@paged
@door
def list_(
    door_: Door, section: str | None, source: str | None, state: str | None, limit: int, after: str | None
) -> None:
    """List the newest stories.

    \b
    Examples:
      publisher story list --section world
      publisher story list --state held
    """
    from publisher.desk.overview import stories

    with door_.newsroom() as newsroom:
        rows = stories(
            newsroom, section=section, source=source, state=state, limit=limit, after=after, now=now()
        )
    columns = {"id": "Story", "state": "State", "urgency": "Urg", "published": "Published"}
    columns |= {"received_at": "Received", "source": "Source", "sections": "Sections"}
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
    """Show a story: provenance, text, versions, acts, editions.

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
    keys += [
        "byline",
        "dateline",
        "located",
        "provider",
        "signals",
        "subjects",
        "copyright",
        "usage_terms",
        "published",
        "first_published",
        "corrected_at",
        "correction_note",
        "ednote",
        "editions",
        "flags",
    ]
    lines = [f"{key.replace('_', ' '):<22}{cell(record[key])}" for key in keys if record[key]]
    told = [part.strip() for part in record["text"].split("\n") if part.strip()] or [record["lede"]]
    lines += ["", *(cell(part) for part in told)] if any(told) else []
    lines += ["", "versions"]
    lines += [
        f"  {v['version']}  {cell(v['received_at'])}  {v['status']:<9} {v['headline']}"
        for v in record["versions"]
    ]
    lines += ["", "acts"] if record["acts"] else []
    lines += [f"  {cell(a['at'])}  {a['what']}  {a['actor']}: {cell(a['why'])}" for a in record["acts"]]
    if diff:
        kept = "equals" if record["body_unchanged"] else "DIFFERS FROM"
        proof = f"The stored body {kept} the received text (SHA-256 {record['body_digest'][:16]}…)."
        nothing = record["body_unchanged"] and not record["text"].strip()
        lines += ["", "It was received without a body." if nothing else proof]
        lines += (
            ["Set aside:", *(f"  {block}" for block in record["set_aside"])] if record["set_aside"] else []
        )
    door_.show(record, "\n".join(lines))


@story.command()
@click.argument("story_id", metavar="STORY")
@click.argument("text")
@WHY
@door
def headline(door_: Door, story_id: str, text: str, why: str) -> int:
    """Give a story our headline.

    The original is kept beside it. An empty TEXT takes ours back. Feeds and pages that have the story show it at once. Exit code 5
    when the gate kept one of those back.

    \b
    Example:
      publisher story headline 01KJP4TQ0M2Z "Seaway to reopen on Friday" --why "house style"
    """
    from publisher.desk import acts

    with door_.newsroom() as newsroom:
        done = acts.headline(newsroom, story_id, text, why=why, actor=door_.who, now=now())
    changed = done.story
    record = {
        "id": changed.story_id,
        "headline": changed.headline,
        "original_headline": changed.received.original_headline,
        "frozen": done.frozen,
    }
    lines = [f"{changed.story_id}: {changed.headline}"]
    if done.frozen:
        lines.append(f"Frozen before, and goes out with the old headline: {', '.join(done.frozen)}.")
    return say_public(door_, record, lines, done.published)


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
def hold(door_: Door, story_id: str, why: str) -> int:
    """Stop using a story until it is released.

    It goes out of the feeds and pages, and of every mail that has not left. Exit code 5 when the gate kept one of those back.

    \b
    Example:
      publisher story hold 01KJP4TQ0M2Z --why "checking a name"
    """
    from publisher.desk import acts

    with door_.newsroom() as newsroom:
        done = acts.hold(newsroom, story_id, why=why, actor=door_.who, now=now())
    return _withdrawn(door_, "hold", done)


@story.command()
@click.argument("story_id", metavar="STORY")
@click.option(
    "--public",
    type=PublicReason(),
    multiple=True,
    help="What readers are told as the reason, in mails and where the story stood: in the story's language, or the one that is named.",
)
@WHY
@door
def kill(door_: Door, story_id: str, public: tuple[tuple[str, str], ...], why: str) -> int:
    """Withdraw a story for good.

    It goes out of the feeds and pages, and of every mail that has not left. A dispatch that was sending it is halted;
    `publisher dispatch resume` goes on without the story. Whoever has it in a mail already is told, without a word of what it said; `publisher
    run` sends these mails, or `publisher dispatch resume`. Exit code 5 when the gate kept a feed or page back.

    \b
    Examples:
      publisher story kill 01KJP4TQ0M2Z --why "withdrawn by the agency"
      publisher story kill 01KJP4TQ0M2Z --why "libel" --public "Our only source was wrong." --public fa="تنها منبع ما نادرست بود."
    """
    from publisher.desk import acts, reach
    from publisher.errors import BadInput

    said = dict(public)
    if len(said) < len(public):
        raise BadInput("--public is given twice for one language; each is told one text")
    with door_.newsroom() as newsroom:
        done = acts.kill(newsroom, story_id, why=why, public=said, actor=door_.who, now=now())
        told = reach.report(newsroom, done.withdrawal.story_id)
    told["acts"] = told["acts"][-1:]
    return _withdrawn(door_, "kill", done, reach=told)


def _withdrawn(door_: Door, act: str, acted: Withdrawn, *, reach: dict[str, Any] | None = None) -> int:
    """Say where the story stood, what is made anew, and who is told; PARTLY when the gate kept one of those back, or a folder could not be written."""
    done = acted.withdrawal
    record: dict[str, Any] = {
        "id": done.story_id,
        "act": act,
        "editions": done.editions,
        "halted": done.halted,
    }
    record |= {"reach": reach} if reach else {}
    record |= {"noted": done.noted} if done.noted else {}
    record |= {"same": done.same} if done.same else {}
    lines = [f"{done.story_id} {'killed' if act == 'kill' else 'held'}."]
    lines += same_lines(done.same)
    lines += [f"Editions that hold it: {', '.join(done.editions)}."] if done.editions else []
    if done.noted:
        lines.append(
            f"An editor's note stands on {', '.join(done.noted)}: it falls if it says the headline again; "
            "see whether it speaks of the story in other words."
        )
    lines += [
        f"Dispatch {name} is halted; `publisher dispatch resume {name}` goes on without it."
        for name in done.halted
    ]
    lines += reach_lines(reach)[1:] if reach and reach["acts"][0]["mailboxes"] else []
    return say_public(door_, record, lines, acted.published)


def say_public(door_: Door, record: dict[str, Any], lines: list[str], published: Published) -> int:
    """Say what came of an act, and what was made anew for it; PARTLY when the gate kept one of those back, or a folder could not be written."""
    anew = [report.series for report in published.feeds if not report.refused]
    kept_back = [str(report.refused) for report in published.feeds if report.refused]
    kept_back += [str(refusal) for refusal in published.pages.refused]
    down = [f"feeds/{path}" for report in published.feeds for path in report.down]
    down += published.pages.down
    lines += [f"Feeds made anew: {', '.join(anew)}."] if anew else []
    lines += [
        f"Not made anew, the last good bytes stand without what may not be shown: {refusal}."
        for refusal in kept_back
    ]
    lines += [f"Taken down until it can be made anew: {path}." for path in down]
    for failure in published.hubs.failures:
        click.echo(f"publisher: {failure}", err=True)
    behind = [str(folder) for folder in published.behind]
    door_.show(
        {**record, "feeds": anew, "refused": kept_back, "down": down, "behind": behind}, "\n".join(lines)
    )
    say_behind(published)
    return PARTLY if kept_back or behind else 0


@story.command()
@click.argument("story_id", metavar="STORY")
@WHY
@door
def release(door_: Door, story_id: str, why: str) -> int:
    """Let a held story go out.

    Also one under an embargo without an end, or with one that cannot be read. It comes into its feeds and pages at once. Exit code 5
    when the gate kept one of those back.

    \b
    Example:
      publisher story release 01KJP4TQ0M2Z --why "name confirmed"
    """
    from publisher.desk import acts

    with door_.newsroom() as newsroom:
        done = acts.release(newsroom, story_id, why=why, actor=door_.who, now=now())
    released = done.story
    record = {"id": released.story_id, "act": "release", "eligible_at": released.eligible_at}
    return say_public(door_, record, [f"{released.story_id} released."], done.published)


@story.command()
@click.option(
    "--since",
    type=PAST,
    help="Only stories that became eligible since; 14d is a fortnight ago. Default: as far back as any section looks.",
)
@door
def resection(door_: Door, since: datetime | None) -> None:
    """Sort stories into sections anew.

    For after a change in config/sections.toml. Editions keep what they saw.

    \b
    Example:
      publisher story resection --since 14d && publisher feed build
    """
    from publisher.desk import resection as sorting

    with door_.newsroom() as newsroom:
        changed = sorting.resection(newsroom, since=since, actor=door_.who, now=now())
    door_.show(
        {"changed": changed},
        f"{counted(changed, 'story changed its', 'stories changed their')} sections."
        + (" `publisher feed build` brings it to the feeds." if changed else ""),
    )


story.add_command(reach)
COMMANDS = (story,)
