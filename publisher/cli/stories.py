"""`story`: what came in, and the desk's acts on it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from publisher.cli.context import Door, counted, door, now
from publisher.cli.exits import PARTLY
from publisher.cli.feeds import say_behind
from publisher.cli.params import INSTANT, PAST, WHY, paged
from publisher.cli.reaching import PublicReason, reach, reach_lines, same_lines
from publisher.cli.showing import show

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
    asked = section or source or state or after
    empty = "There is no such story." if asked else "No stories: run `publisher ingest`."
    door_.table(rows, {**columns, "headline": "Headline"}, empty=empty)


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
    """Withdraw a story.

    Nothing but a person's word brings it back: `publisher story restore`. It goes out of the feeds and pages, and of every mail that has not left. A dispatch that was sending it is halted;
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
@click.argument("story_id", metavar="STORY")
@click.option("--yes", is_flag=True, help="Also one that its source killed.")
@WHY
@door
def restore(door_: Door, story_id: str, yes: bool, why: str) -> int:
    """Let a killed story stand again.

    For after a mistake: it comes into its feeds and pages at once and into the next edition, with the words that it had, and says that it had been withdrawn.
    What was frozen with it goes out without it all the same, and mails that tell of the kill go on. One that its
    source killed is refused without --yes, and killed again when the source says so again. What held it before the kill holds it still. Exit code 5
    when the gate kept a feed or page back.

    \b
    Example:
      publisher story restore 01KJP4TQ0M2Z --why "another story was meant"
    """
    from publisher.desk import restoring
    from publisher.desk.overview import state_of

    at = now()
    with door_.newsroom() as newsroom:
        done = restoring.restore(newsroom, story_id, why=why, against_source=yes, actor=door_.who, now=at)
    name, state = done.story.story_id, state_of(done.story, at)
    record = {"id": name, "act": "restore", "version": done.story.version, "state": state}
    lines = [f"{name} stands again, as version {done.story.version}, and says that it had been withdrawn."]
    if state != "usable":
        lines = [f"{name} is killed no more; what held it before holds it: it is {state}."]
    lines.append(f"How far its kill had come: `publisher story reach {name}`.")
    return say_public(door_, record, lines, done.published)


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


story.add_command(show)
story.add_command(reach)
COMMANDS = (story,)
