"""`send`: the manual send. Shows what and to how many, asks, shows progress, reports."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from publisher.cli.asking import ask
from publisher.cli.context import Door, cell, counted, door, now
from publisher.cli.exits import INTERRUPTED, LATER, PARTLY
from publisher.cli.params import NO_CANARY, WORKERS
from publisher.cli.progress import Watch, sending

if TYPE_CHECKING:
    from publisher.desk.mailing import Plan, Report, Sender

__all__ = ["COMMANDS", "WAITING", "ended", "report_lines", "run_dispatch", "run_due", "sender_of"]


CANARY_SECONDS = 5.0
"""Between two looks at a dispatch that waits for its canary."""
WAITING = "waiting"
"""A dispatch that is `sending` in the ledger while nobody sends it, because all who are left were put off; said to people only."""


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

    Ctrl-C drains: open replies are read, the rest waits; `publisher dispatch resume ID` goes on.
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
            plan = mailing.plan(newsroom, draft, now=now())
            door_.show(plan.data(), _plan_text(plan))
            return 0
        made = editions.present_or_made(newsroom, name, at_once=at_once, actor=door_.who, now=now())
        plan = mailing.plan(newsroom, made, now=now())
        if left := len(leftovers(newsroom.settings)):
            said = f"{counted(left, 'setting')} still as the template has it: `publisher config check` names them"
            click.echo(f"publisher: {said}", err=True)
        if not yes and plan.total:
            door_.say(_plan_text(plan))
            ask(door_, f"Send it to {counted(plan.total, 'reader')}?", otherwise="nothing was sent")
        for fault in publishing.before_mail(newsroom, actor=door_.who, now=now()):
            click.echo(f"publisher: {fault}", err=True)
        dispatch_id = mailing.begin(newsroom, made, actor=door_.who, now=now(), canary=not no_canary)
        return run_dispatch(door_, newsroom, dispatch_id, workers=workers)


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
    tried = mailing.trial(newsroom, made, addresses, languages=languages, actor=door_.who, now=now())
    lines = [
        f"{'accepted' if mail.accepted else 'refused '}  {mail.address}  {mail.language}  {cell(mail.said)}"
        for mail in tried
    ]
    data = {"edition": made.edition_id, "test": True, "mails": [asdict(mail) for mail in tried]}
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
    door_.show(report.data(), "\n".join(report_lines(report)))
    return ended(report, stopped=watch.stop.is_set())


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
        reports.append(report)
        codes.append(ended(report, stopped=watch.stop.is_set()))
        if codes[-1] in {INTERRUPTED, LATER}:
            break
    if not codes:
        upcoming = mailing.next_due(newsroom)
        door_.say(f"Nothing is due{f'; next {cell(upcoming)}' if upcoming else ''}.")
    for dispatch_id, waits in mailing.undecided(newsroom, now=now()):
        stories = ", ".join(f"{story_id} ({why})" for story_id, why in waits.items())
        door_.say(
            f"Dispatch {dispatch_id} waits for a person, because a story of it may come back: {stories}. "
            f"`publisher story release STORY` lets it out; `publisher dispatch resume {dispatch_id}` goes on without it."
        )
    lines = [line for report in reports for line in report_lines(report)]
    if lines or door_.as_json:
        door_.show({"items": [report.data() for report in reports], "next": None}, "\n".join(lines))
    return next((code for code in (INTERRUPTED, LATER) if code in codes), max(codes, default=0))


def ended(report: Any, *, stopped: bool) -> int:
    """The exit code of a run by its report; what is wrong with the relay is said."""
    if stopped and report.goes_on:
        return INTERRUPTED
    if report.relay_trouble and report.goes_on:
        from publisher.errors import RelayUnavailable

        click.echo(f"publisher: {RelayUnavailable(*report.relay_trouble)}", err=True)
        return LATER
    paused = (
        report.goes_on and report.state == "paused"
    )  # elsewhere, meanwhile: this run did not do what it was asked to
    return PARTLY if report.needs_a_look or paused else 0


def report_lines(report: Any) -> list[str]:
    """A dispatch's report for people: it adds up, and says what to do next."""
    counts = report.counts
    lines = [
        f"Dispatch {report.dispatch_id} of {report.subject}: {WAITING if report.only_deferred else report.state}",
        f"  planned     {counts.planned:>8}",
        f"  accepted    {counts.accepted:>8}",
        f"  waiting     {counts.waiting:>8}",
        f"  failed      {counts.failed:>8}",
        f"  suppressed  {counts.suppressed:>8}",
        f"  expired     {counts.expired:>8}",
        f"  cancelled   {counts.cancelled:>8}",
        f"  uncertain   {counts.uncertain:>8}",
    ]
    if report.came_back:
        kinds = ", ".join(f"{number} {kind}" for kind, number in report.came_back.items())
        lines.append(f"  came back   {sum(report.came_back.values()):>8}  ({kinds})")
    if report.resend:
        lines.append(f"Of those who wait {report.resend} may have got it: in doubt, and to be sent again.")
    lines += [
        f"Deferred: {counted(entry['deliveries'], 'delivery', 'deliveries')}, next {cell(entry['next_at'])}: "
        f"{_said(entry)}"
        for entry in report.deferred
    ]
    lines += [_left_alone(entry) for entry in report.left_alone]
    if report.halt:
        lines.append(f"Halted: {report.halt}.")
    lines += [f"  {entry['state']:<10} {entry['address']}  {_said(entry)}" for entry in report.notable]
    lines += [
        f"Sending: process {worker['pid']} on {worker['host']}, since {cell(worker['since'])}."
        for worker in report.workers
    ]
    if report.canary:
        lines.append(f"Canary: {_canary(report.canary, report.counts.expired)}.")
    if report.canary_until is not None:
        lines.append(
            f"It goes on by `publisher run` or a `publisher worker`; `publisher dispatch resume {report.dispatch_id}` waits and goes on, "
            "with --no-canary at once."
        )
    elif report.goes_on and not report.workers:
        lines.append(
            f"Nobody is sending; `publisher dispatch resume {report.dispatch_id}` goes on with those who wait."
        )
    if counts.uncertain or report.resend:
        lines.append(
            f"`publisher dispatch resolve {report.dispatch_id}` names those in doubt, and settles them."
        )
    return lines


def _canary(wave: Any, expired: int) -> str:
    told = f"{wave['accepted']} of {wave['planned']} accepted, {wave['refused']} refused, {wave['complaints']} complained"
    ends = {
        "sending": "the rest waits for them",
        "waiting": f"the rest goes out at {cell(wave['until'])}",
        "halted": "the rest is held back",
        "passed": f"the time was over before all of the rest had followed: {expired} expired"
        if expired
        else "the rest followed",
    }
    return f"{told}; {ends[wave['state']]}"


def _left_alone(entry: Any) -> str:
    """A relay or domain that gets nothing for a while, in plain words."""
    if entry["disbelieved"]:
        why = "it refuses so many mailboxes as dead that it is not believed, and nobody there is suppressed any more"
    else:
        why = cell(entry["reason"])
    what = "Relay" if entry["what"] == "relay" else "Domain"
    until = "is being tried again" if entry["probing"] else f"is left alone until {cell(entry['until'])}"
    return f"{what} {cell(entry['name'])} {until}: {why}."


def _said(entry: Any) -> str:
    """What the relay said of a delivery, else what we say of it."""
    if entry.get("state") == "suppressed":
        return SUPPRESSED.get(
            entry["cause"], f"is suppressed ({cell(entry['cause'])}): `publisher suppression list`"
        )
    if entry.get("state") == entry["cause"] == "resend":
        return "in doubt, and to be sent the same again"
    return f"{entry['code'] or ''} {cell(entry['reply'] or entry['cause'])}".strip()


SUPPRESSED = {"left": "has left", "unconfirmed": "has not confirmed", "erased": "was erased"}
"""What the ledger's causes mean of those who are not mailed though no refusal of theirs, or of their server, is listed."""


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
    if plan.without:
        others = counted(plan.without, "more reader has", "more readers have")
        lines += [f"         {others} no story here in their language and sections"]
    return "\n".join(lines)


COMMANDS = (send,)
