"""`send`: the manual send. Shows what and to how many, asks, shows progress, reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from publisher.cli.asking import ask
from publisher.cli.context import Door, cell, counted, door, now
from publisher.cli.exits import INTERRUPTED, PARTLY
from publisher.cli.progress import sending

if TYPE_CHECKING:
    from publisher.desk.mailing import Plan

__all__ = ["COMMANDS", "report_lines", "run_dispatch"]


@click.command()
@click.argument("name", metavar="DIGEST|EDITION")
@click.option(
    "--dry-run", is_flag=True, help="Show what would be sent and to how many; make and send nothing."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--now", "at_once", is_flag=True, help="Make an edition for this minute, whatever the timetable says."
)
@door
def send(door_: Door, name: str, dry_run: bool, yes: bool, at_once: bool) -> int:
    """Send an edition to everybody who asked for it.

    An EDITION, or the present one of a DIGEST, which is made now if it was not.

    \b
    Examples:
      publisher send morning --dry-run
      publisher send morning
      publisher send morning-2026-03-02 --yes

    Ctrl-C drains: open replies are read, the rest waits; `publisher dispatch resume ID` goes on.
    Sending the same edition twice is refused with exit code 4. Exit code 5: done, but some failed or are in doubt.
    75: the relay cannot be used at present; nobody is lost, resume later. 130: interrupted, and somebody waits.
    """
    from publisher.desk import editions, mailing

    with door_.newsroom() as newsroom:
        if dry_run:
            draft = editions.present_or_draft(newsroom, name, at_once=at_once, now=now())
            plan = mailing.plan(newsroom, draft, now=now())
            door_.show(plan.data(), _plan_text(plan))
            return 0
        made = editions.present_or_made(newsroom, name, at_once=at_once, actor=door_.who, now=now())
        plan = mailing.plan(newsroom, made, now=now())
        if not yes and plan.total:
            door_.say(_plan_text(plan))
            ask(door_, f"Send it to {counted(plan.total, 'reader')}?", otherwise="nothing was sent")
        dispatch_id = mailing.begin(newsroom, made, actor=door_.who, now=now())
        return run_dispatch(door_, newsroom, dispatch_id)


def run_dispatch(door_: Door, newsroom: Any, dispatch_id: str) -> int:
    """Send what is due of a dispatch with live progress; the exit code by what became of it.

    A signal that came when everybody had been sent to has interrupted nothing.
    """
    from publisher.desk import mailing

    with sending(door_, dispatch_id) as watch:
        report = mailing.run(newsroom, dispatch_id, clock=now, progress=watch.show, stop=watch.stop)
    door_.show(report.data(), "\n".join(report_lines(report)))
    if watch.stop.is_set() and report.goes_on:
        return INTERRUPTED
    if report.relay_trouble:
        from publisher.errors import RelayUnavailable

        raise RelayUnavailable(*report.relay_trouble)
    return PARTLY if report.needs_a_look else 0


def report_lines(report: Any) -> list[str]:
    """A dispatch's report for people: it adds up, and says what to do next."""
    counts = report.counts
    lines = [
        f"Dispatch {report.dispatch_id} of {report.edition_id}: {report.state}",
        f"  planned     {counts.planned:>8}",
        f"  accepted    {counts.accepted:>8}",
        f"  waiting     {counts.waiting:>8}",
        f"  failed      {counts.failed:>8}",
        f"  suppressed  {counts.suppressed:>8}",
        f"  expired     {counts.expired:>8}",
        f"  cancelled   {counts.cancelled:>8}",
        f"  uncertain   {counts.uncertain:>8}",
    ]
    if report.halt:
        lines.append(f"Halted: {report.halt}.")
    lines += [
        f"  {entry['state']:<10} {entry['address']}  {entry['code'] or ''} {cell(entry['reply'] or entry['cause'])}"
        for entry in report.notable
    ]
    if report.goes_on:
        lines.append(f"`publisher dispatch resume {report.dispatch_id}` goes on with those who wait.")
    if counts.uncertain:
        lines.append(f"`publisher dispatch resolve {report.dispatch_id}` settles those in doubt.")
    return lines


def _plan_text(plan: Plan) -> str:
    edition = f"{plan.edition_id} (number {plan.number})"
    stories = counted(plan.items, "story", "stories")
    lines = [f"Edition  {edition}, {stories}, slot {plan.slot:%Y-%m-%d %H:%M}Z"]
    lines += [f"Without  {story_id} ({why})" for story_id, why in plan.barred]
    lines += [f"Subject  {subject}  ({language})" for language, subject in plan.subjects]
    lines += [f"From     {sender}" for sender in plan.senders]
    lines += [f"Relay    {plan.relay}"]
    lines += [f"Readers  {plan.total}: " + (", ".join(f"{n} {key}" for key, n in plan.readers) or "none")]
    if not plan.total and not plan.without:
        lines += ["         nobody gets it yet: `publisher subscriber add` or `import`"]
    lines += [f"         {plan.without} more have no story in their sections"] if plan.without else []
    return "\n".join(lines)


COMMANDS = (send,)
