"""`dispatch`: running and past dispatches, and what a person can do about them."""

from __future__ import annotations

import click

from publisher.cli.context import Door, counted, door, now
from publisher.cli.exits import PARTLY
from publisher.cli.params import NO_CANARY, NUMBER, REASON, WHY, WORKERS, paged
from publisher.cli.reports import report_lines, state_said
from publisher.cli.sending import run_dispatch, run_due

__all__ = ["COMMANDS"]


@click.group()
def dispatch() -> None:
    """Dispatches: editions on their way to their readers.

    Each has a ledger row for each reader. A DISPATCH is named by its id, or by as much of its beginning as no other shares: six
    characters at least.
    """


@dispatch.command("list")
@click.option("--notices", is_flag=True, help="Those of confirmations and other notices instead of editions.")
@paged
@door
def list_(door_: Door, notices: bool, limit: int, after: str | None) -> None:
    """List the newest dispatches with their counts.

    And who has them in hand at this moment: the host and process of each sender.

    \b
    Example:
      publisher dispatch list
    """
    from publisher.desk import mailing

    with door_.newsroom() as newsroom:
        mailing.recover(newsroom, now=now())
        rows = mailing.listing(newsroom, limit=limit, after=after, notices=notices)
    columns = {
        "id": "Dispatch",
        "sends": "Edition",
        "state": "State",
        "counts.planned": "Planned",
        "counts.accepted": "Accepted",
    }
    columns |= {
        "counts.waiting": "Waiting",
        "counts.failed": "Failed",
        "counts.suppressed": "Suppr.",
        "counts.uncertain": "Uncertain",
        "senders": "Sender",
    }
    if not door_.as_json:
        for row in rows:
            row["sends"] = row["edition"] or mailing.subject_of(row["follows"])
            row["state"] = state_said(row["state"], row["workers"])
            row["senders"] = [f"{worker['host']}:{worker['pid']}" for worker in row["workers"]]
    door_.table(rows, columns, empty="Nothing has been sent: run `publisher send DIGEST`.")


@dispatch.command()
@click.argument("dispatch_id", metavar="DISPATCH")
@door
def show(door_: Door, dispatch_id: str) -> int:
    """Show a dispatch's report: who got it, who did not, and why.

    And whether somebody is sending it. Exit code 5 when some failed, were too late or are in doubt, or when it was cut short or halted.

    \b
    Example:
      publisher dispatch show 01KJP4TQ0M2Z
    """
    from publisher.desk import mailing

    with door_.newsroom() as newsroom:
        mailing.recover(newsroom, now=now())
        report = mailing.report(newsroom, dispatch_id)
    door_.show(report.data(), "\n".join(report_lines(report)))
    return PARTLY if report.needs_a_look else 0


@dispatch.command()
@click.argument("dispatch_id", metavar="DISPATCH")
@WHY
@door
def pause(door_: Door, dispatch_id: str, why: str) -> None:
    """Stop a running dispatch within two seconds.

    Wherever it runs; nobody is lost.

    \b
    Example:
      publisher dispatch pause 01KJP4TQ0M2Z --why "a wrong headline"
    """
    from publisher.desk import mailing
    from publisher.desk.names import named

    with door_.newsroom() as newsroom:
        dispatch_id = named(newsroom, "dispatch", dispatch_id)
        mailing.pause(newsroom, dispatch_id, why=why, actor=door_.who, now=now())
    door_.show(
        {"id": dispatch_id, "state": "paused"},
        f"{dispatch_id} is paused; `publisher dispatch resume {dispatch_id}` goes on.",
    )


@dispatch.command()
@click.argument("dispatch_id", metavar="[DISPATCH]", required=False)
@NO_CANARY
@WORKERS
@door
def resume(door_: Door, dispatch_id: str | None, no_canary: bool, workers: int) -> int:
    """Go on with those who wait: of one dispatch, or of all.

    A DISPATCH that is named goes on after a crash, a pause, a halt or relay trouble, and without a story that was withdrawn. One that its canary
    halted goes on with everybody.

    Without one, every dispatch goes on that has something due, as in `publisher run`. Whose sender died, who was deferred until now, and who
    waits since a story was killed, is sent to; what a person paused or another rule halted is left alone, and nobody is sent to after
    the dispatch's time. Where a story is held, or may come back otherwise, a person decides, also after a kill: it is said.

    \b
    Examples:
      publisher dispatch resume
      publisher dispatch resume 01KJP4TQ0M2Z
      publisher dispatch resume 01KJP4TQ0M2Z --no-canary
    """
    from publisher.desk import mailing
    from publisher.desk.names import named

    with door_.newsroom() as newsroom:
        if dispatch_id is None:
            if no_canary:
                raise click.UsageError("--no-canary wants a DISPATCH")
            return run_due(door_, newsroom, workers=workers)
        dispatch_id = named(newsroom, "dispatch", dispatch_id)
        mailing.resume(newsroom, dispatch_id, actor=door_.who, now=now(), canary=not no_canary)
        return run_dispatch(door_, newsroom, dispatch_id, workers=workers)


@dispatch.command()
@click.argument("dispatch_id", metavar="DISPATCH")
@WHY
@door
def cancel(door_: Door, dispatch_id: str, why: str) -> None:
    """Give up for good on everybody who has not been sent to.

    \b
    Example:
      publisher dispatch cancel 01KJP4TQ0M2Z --why "overtaken by events"
    """
    from publisher.desk import mailing

    with door_.newsroom() as newsroom:
        mailing.cancel(newsroom, dispatch_id, why=why, actor=door_.who, now=now())
        report = mailing.report(newsroom, dispatch_id)
    door_.show(report.data(), "\n".join(report_lines(report)))


@dispatch.command()
@click.argument("dispatch_id", metavar="DISPATCH")
@WHY
@door
def retry(door_: Door, dispatch_id: str, why: str) -> int:
    """Try those again that failed, and nobody else.

    Who was suppressed stays out: `publisher suppression undo` comes first, if that was a mistake.

    \b
    Example:
      publisher dispatch retry 01KJP4TQ0M2Z --why "the relay was misconfigured"
    """
    from publisher.desk import mailing
    from publisher.desk.names import named

    with door_.newsroom() as newsroom:
        dispatch_id = named(newsroom, "dispatch", dispatch_id)
        again, left = mailing.retry(newsroom, dispatch_id, why=why, actor=door_.who, now=now())
        door_.say(f"To be tried again: {counted(again, 'delivery', 'deliveries')}.")
        if left:
            door_.say(
                f"Not tried, because they are suppressed or have left: {left}. If that is a mistake, "
                f"`publisher suppression undo --dispatch {dispatch_id}` comes first."
            )
        return run_dispatch(door_, newsroom, dispatch_id)


@dispatch.command()
@click.argument("dispatch_id", metavar="DISPATCH")
@click.option("--sent", is_flag=True, help="They were delivered (the relay's log says so).")
@click.option("--failed", is_flag=True, help="They were not, and shall not be.")
@click.option("--resend", is_flag=True, help="Send the same bytes again; some may get two copies.")
@click.option(
    "--delivery", "deliveries", type=NUMBER, multiple=True, help="Only this one; may be given several times."
)
@click.option("--addresses", is_flag=True, help="Show addresses in full; they are masked otherwise.")
@click.option("--why", type=REASON, metavar="TEXT", help="The reason, for the record.")
@door
def resolve(
    door_: Door,
    dispatch_id: str,
    sent: bool,
    failed: bool,
    resend: bool,
    deliveries: tuple[int, ...],
    addresses: bool,
    why: str | None,
) -> None:
    """Settle deliveries in doubt; without a verdict they are listed.

    A delivery is in doubt when the connection or the sender died between the end of the message and the relay's reply. Those in the state
    "resend" are sent the same bytes again when the dispatch goes on, unless they are settled before.

    \b
    Examples:
      publisher dispatch resolve 01KJP4TQ0M2Z --addresses
      publisher dispatch resolve 01KJP4TQ0M2Z --sent --why "in the relay's log"
    """
    from publisher.desk import mailing
    from publisher.desk.names import named

    given = {"sent": sent, "failed": failed, "resend": resend}
    verdicts = [word for word, chosen in given.items() if chosen]
    if len(verdicts) > 1:
        raise click.UsageError("give one verdict: --sent, --failed or --resend; it cannot be taken back")
    with door_.newsroom() as newsroom:
        dispatch_id = named(newsroom, "dispatch", dispatch_id)
        if not verdicts:
            mailing.recover(newsroom, now=now())
            rows = mailing.doubtful(newsroom, dispatch_id, masked=not addresses)
            columns = {
                "delivery": "Delivery",
                "state": "State",
                "address": "Address",
                "message_id": "Message-ID",
                "at": "Since",
            }
            door_.table(rows, columns, empty="Nobody is in doubt.")
            return
        if why is None:
            raise click.UsageError("give --why TEXT with a verdict")
        settled = mailing.resolve(
            newsroom, dispatch_id, verdicts[0], only=deliveries, why=why, actor=door_.who, now=now()
        )
    door_.show(
        {"id": dispatch_id, "verdict": verdicts[0], "settled": settled},
        f"{counted(settled, 'delivery', 'deliveries')} settled: {verdicts[0]}.",
    )


COMMANDS = (dispatch,)
