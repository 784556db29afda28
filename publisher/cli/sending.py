"""`send`: the manual send. Shows what and to how many, asks, shows progress, reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from publisher.cli.asking import ask
from publisher.cli.context import Door, cell, counted, door, now
from publisher.cli.editions import dated
from publisher.cli.exits import INTERRUPTED, LATER, PARTLY
from publisher.cli.params import NO_CANARY, WORKERS
from publisher.cli.progress import Watch, sending
from publisher.cli.reports import plan_text, report_lines

if TYPE_CHECKING:
    from publisher.desk.mailing import Report, Sender
    from publisher.edition import Edition

__all__ = ["COMMANDS", "ended", "name_halted", "run_dispatch", "run_due", "sender_of"]


CANARY_SECONDS = 5.0
"""Between two looks at a dispatch that waits for its canary."""


@click.command()
@click.argument("name", metavar="DIGEST|EDITION")
@click.option(
    "--dry-run", is_flag=True, help="Show what would be sent and to how many; make and send nothing."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--now", "at_once", is_flag=True, help="Make an edition for this minute, whatever the timetable says."
)
@click.option(
    "--to",
    "addresses",
    multiple=True,
    metavar="ADDRESS",
    help="A test mail to this address and to nobody else; several are allowed. Makes no edition and counts as no delivery.",
)
@click.option(
    "--language",
    "languages",
    multiple=True,
    help="With --to: only in this language. Default: in each of the edition's.",
)
@NO_CANARY
@WORKERS
@door
def send(
    door_: Door,
    name: str,
    dry_run: bool,
    yes: bool,
    at_once: bool,
    addresses: tuple[str, ...],
    languages: tuple[str, ...],
    no_canary: bool,
    workers: int,
) -> int:
    """Send an edition to everybody who asked for it.

    An EDITION, or the present one of a DIGEST, which is made now if it was not. With --to it is a test: the mail says so, and only
    these addresses get it.

    \b
    Examples:
      publisher send morning --to me@news.example
      publisher send morning --dry-run
      publisher send morning
      publisher send morning-2026-03-02 --yes
      publisher send morning --yes --workers 4

    Feeds and pages are brought up to date before the first mail leaves, so that its links answer.

    A digest with a `canary` goes to these readers first; the command waits for their refusals and complaints, and then goes on, or halts.

    Ctrl-C drains: open replies are read, the rest waits; `publisher dispatch resume ID` goes on. Where `publisher run` or another worker sends, too, that goes on
    with the rest, and is named: `publisher dispatch pause ID` stops it everywhere.
    Sending the same edition twice is refused with exit code 4. Exit code 5: done, but some failed or are in doubt.
    75: the relay cannot be used at present; nobody is lost, resume later. 130: interrupted, and somebody waits; or you
    answered no, and nothing was sent.
    Who was deferred is sent to by `publisher run`, or by `publisher dispatch resume`.
    """
    from publisher.desk import editions, mailing, publishing
    from publisher.settings import leftovers

    if languages and not addresses:
        raise click.UsageError("--language goes with --to: a dispatch sends each reader their own language")
    with door_.newsroom() as newsroom:
        if addresses and not dry_run:
            return _test(door_, newsroom, name, addresses, languages, at_once=at_once)
        if dry_run:
            draft = editions.present_or_draft(newsroom, name, at_once=at_once, now=now())
            _say_date(draft, name)
            plan = mailing.plan(newsroom, draft, now=now(), canary=not no_canary)
            door_.show(plan.data(), plan_text(plan))
            return 0
        draft = editions.present_or_draft(newsroom, name, at_once=at_once, now=now())
        if left := len(leftovers(newsroom.settings)):
            said = f"{counted(left, 'setting')} still as the template has {'it' if left == 1 else 'them'}: `publisher config check` names them"
            click.echo(f"publisher: {said}", err=True)
        _say_date(draft, name)
        if not yes:
            _agree(door_, newsroom, draft, name, at_once=at_once, canary=not no_canary)
        made = editions.present_or_made(newsroom, name, at_once=at_once, actor=door_.who, now=now())
        for fault in publishing.before_mail(newsroom, actor=door_.who, now=now()):
            click.echo(f"publisher: {fault}", err=True)
        dispatch_id = mailing.begin(newsroom, made, actor=door_.who, now=now(), canary=not no_canary)
        return run_dispatch(door_, newsroom, dispatch_id, workers=workers)


def _agree(door_: Door, newsroom: Any, draft: Edition, name: str, *, at_once: bool, canary: bool) -> None:
    """Ask until the answer is about the edition as it stands then; nothing is frozen before it is yes."""
    from publisher.desk import editions, mailing

    while True:
        plan = mailing.plan(newsroom, draft, now=now(), canary=canary)
        if not plan.total:
            return
        door_.say(plan_text(plan))
        ask(door_, f"Send it to {counted(plan.total, 'reader')}?", otherwise="nothing was sent")
        present = editions.present_or_draft(newsroom, name, at_once=at_once, now=now())
        if present.shows_the_same(draft):
            return
        draft = present
        door_.say("The edition has changed since it was shown; this is how it stands now.")


def _say_date(made: Edition, name: str) -> None:
    for said in dated(made, name, now()):
        click.echo(f"publisher: {said}", err=True)


def _test(
    door_: Door,
    newsroom: Any,
    name: str,
    addresses: tuple[str, ...],
    languages: tuple[str, ...],
    *,
    at_once: bool,
) -> int:
    """Test mails, and what became of each."""
    from publisher.desk import editions, mailing

    made = editions.present_or_draft(newsroom, name, at_once=at_once, now=now())
    _say_date(made, name)
    tried = mailing.trial(newsroom, made, addresses, languages=languages, actor=door_.who, now=now())
    lines = [
        f"{'accepted' if mail.accepted else 'refused '}  {mail.address}  {mail.language}  {cell(mail.said)}"
        for mail in tried
    ]
    data = {"edition": made.edition_id, "test": True, "mails": [asdict(mail) for mail in tried]}
    lines += ["Its links to leave and to settings lead nowhere: no reader stands behind a test."]
    door_.show(data, "\n".join([f"Test of {made.edition_id}, as it stands now:", *lines]))
    return 0 if all(mail.accepted for mail in tried) else PARTLY


def run_dispatch(door_: Door, newsroom: Any, dispatch_id: str, *, workers: int = 1) -> int:
    """Send what is due of a dispatch with live progress; the exit code by what became of it.

    A signal that came when everybody had been sent to has interrupted nothing.
    """
    from publisher.desk import mailing
    from publisher.errors import StoreUnavailable

    mailing.try_relays(newsroom, now=now())
    try:
        with sending(door_, dispatch_id) as watch:
            report = _sent(door_, newsroom, dispatch_id, watch, workers=workers)
    except StoreUnavailable:  # the ledger cannot be asked either: what can be said without it
        click.echo(
            f"publisher: dispatch {dispatch_id} is made, and nobody in it is lost: once the database can be written, "
            f"`publisher dispatch resume {dispatch_id}` goes on; `publisher dispatch resolve {dispatch_id}` names before whoever is in doubt",
            err=True,
        )
        raise
    except KeyboardInterrupt:  # the second: there is no time for a report
        _left_off(dispatch_id)
        raise
    door_.show(report.data(), "\n".join(report_lines(report)))
    return ended(report, stopped=watch.stop.is_set())


def _left_off(dispatch_id: str) -> None:
    click.echo(
        f"publisher: dispatch {dispatch_id} was left where it stood: whose reply was not awaited is in doubt, "
        f"`publisher dispatch resolve {dispatch_id}` names them, and `publisher dispatch resume {dispatch_id}` goes on",
        err=True,
    )


def _sent(door_: Door, newsroom: Any, dispatch_id: str, watch: Watch, *, workers: int) -> Report:
    """Send what is due; while a canary is waited for, wait, and go on."""
    sender = sender_of(door_, workers)
    while True:
        report = sender(newsroom, dispatch_id, clock=now, progress=watch.show, stop=watch.stop)
        if report.canary_until is None or watch.stop.is_set():
            return report
        door_.say(f"{dispatch_id}: {report.canary_said}")
        report = _waited(newsroom, report, watch)
        if watch.stop.is_set() or report.state != "sending":
            return report


def _waited(newsroom: Any, report: Report, watch: Watch) -> Report:
    """The dispatch's report once it waits for its canary no longer, or somebody wants us to stop."""
    from publisher.desk import mailing

    while report.canary_until is not None and (left := (report.canary_until - now()).total_seconds()) > 0:
        if watch.stop.wait(min(left, CANARY_SECONDS)):
            break
        report = mailing.report(
            newsroom, report.dispatch_id
        )  # a person or a rule may have stopped it, or let it go
    return report


def sender_of(door_: Door, workers: int) -> Sender:
    """Who sends: this process, or so many of their own."""
    from publisher.daemon import Crew
    from publisher.desk import mailing

    return Crew(workers, door_.say) if workers > 1 else mailing.run


def run_due(door_: Door, newsroom: Any, *, workers: int = 1) -> int:
    """Go on with every dispatch that has something due, one after the other; the exit code by what became of the worst.

    What keeps one of them from going on does not keep the others: it is said, and its exit code is the command's.
    """
    from publisher.cli.exits import code_of
    from publisher.desk import mailing
    from publisher.errors import Conflict, Refused, UnknownName

    mailing.try_relays(newsroom, now=now())
    reports: list[Any] = []
    codes: list[int] = []
    for dispatch_id in mailing.due(newsroom, now=now()):
        try:
            with sending(door_, dispatch_id) as watch:
                report = mailing.go_on(
                    newsroom,
                    dispatch_id,
                    actor=door_.who,
                    clock=now,
                    progress=watch.show,
                    stop=watch.stop,
                    sender=sender_of(door_, workers),
                )
        except (Conflict, Refused, UnknownName) as error:
            click.echo(f"publisher: dispatch {dispatch_id}: {error}", err=True)
            codes.append(code_of(error))
            continue
        except KeyboardInterrupt:
            _left_off(dispatch_id)
            raise
        reports.append(report)
        codes.append(ended(report, stopped=watch.stop.is_set()))
        if codes[-1] in {INTERRUPTED, LATER}:
            break
    if not codes:
        upcoming = mailing.next_due(newsroom)
        door_.say(f"Nothing is due{f'; next {cell(upcoming)}' if upcoming else ''}.")
    for dispatch_id, subject, why in mailing.paused(newsroom):
        door_.say(
            f"Dispatch {dispatch_id} of {subject} is paused ({cell(why)}): `publisher dispatch resume {dispatch_id}` goes on."
        )
    for dispatch_id, waits in mailing.undecided(newsroom, now=now()):
        stories = ", ".join(f"{story_id} ({why})" for story_id, why in waits.items())
        door_.say(
            f"Dispatch {dispatch_id} waits for a person, because a story of it may come back: {stories}. "
            f"`publisher story release STORY` lets it out; `publisher dispatch resume {dispatch_id}` goes on without it."
        )
    codes += name_halted(newsroom, but=[report.dispatch_id for report in reports])
    lines = [line for report in reports for line in report_lines(report)]
    if lines or door_.as_json:
        door_.show({"items": [report.data() for report in reports], "next": None}, "\n".join(lines))
    return next((code for code in (INTERRUPTED, LATER) if code in codes), max(codes, default=0))


def name_halted(newsroom: Any, *, but: Sequence[str] = ()) -> list[int]:
    """Say which dispatches stand halted by a rule with somebody waiting; the exit codes that follow. `but`: these were told of."""
    from publisher.desk import mailing

    found = [row for row in mailing.halted(newsroom) if row[0] not in but]
    for dispatch_id, subject, why in found:
        click.echo(
            f"publisher: dispatch {dispatch_id} of {subject} stands halted ({cell(why)}): once that is mended, "
            f"`publisher dispatch resume {dispatch_id}` goes on, `publisher dispatch cancel {dispatch_id}` ends it",
            err=True,
        )
    return [PARTLY for _ in found]


def ended(report: Any, *, stopped: bool) -> int:
    """The exit code of a run by its report; what is wrong with the relay is said."""
    if stopped and report.goes_on:
        for worker in report.workers if report.state == "sending" else ():
            click.echo(
                f"publisher: process {worker['pid']} on {cell(worker['host'])} goes on with it: "
                f"`publisher dispatch pause {report.dispatch_id} --why TEXT` stops it everywhere",
                err=True,
            )
        return INTERRUPTED
    if report.relay_trouble and report.goes_on:
        from publisher.errors import RelayUnavailable

        click.echo(f"publisher: {RelayUnavailable(*report.relay_trouble)}", err=True)
        return LATER
    paused = (
        report.goes_on and report.state == "paused"
    )  # elsewhere, meanwhile: this run did not do what it was asked to
    return PARTLY if report.needs_a_look or paused else 0


COMMANDS = (send,)
