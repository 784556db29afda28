"""`run`: the daily digest by itself. `worker`: a sender alone, beside others."""

from __future__ import annotations

from signal import SIGINT
from typing import TYPE_CHECKING, Any

import click

from publisher.cli.context import Door, counted, door, now, uptime
from publisher.cli.exits import CONFIGURATION, INTERRUPTED, LATER, PARTLY, REFUSED, code_of
from publisher.cli.params import ACCESS_LOG, HOST, LOG_JSON, PORT, WORKERS
from publisher.cli.progress import sending
from publisher.cli.reports import report_lines
from publisher.cli.sending import ended, name_halted, sender_of

if TYPE_CHECKING:
    from publisher.daemon import Done, Steps
    from publisher.newsroom import Newsroom

__all__ = ["COMMANDS"]

WORST = (INTERRUPTED, CONFIGURATION, LATER, REFUSED, PARTLY)
"""Of several codes the first of these is the command's."""


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, and end: for cron.")
@click.option("--no-web", is_flag=True, help="Serve nothing over HTTP.")
@HOST
@PORT
@ACCESS_LOG
@LOG_JSON
@WORKERS
@door
def run(
    door_: Door,
    once: bool,
    no_web: bool,
    host: str | None,
    port: int | None,
    access_log: bool,
    log_json: bool,
    workers: int,
) -> int:
    """Poll, publish and mail by the timetable until Ctrl-C.

    Sources are polled (`every`), editions made at their slots and sent, feeds and pages kept up and served: web, clock and sender in one process.
    Two of them on one database are safe. docs/operating.md has a systemd unit.

    \b
    Examples:
      publisher run
      publisher run --no-web
      publisher run --workers 4
      publisher -q run --once         # cron, every five minutes

    Ctrl-C and SIGTERM drain: the present step is finished, open replies are read, whoever was not sent to waits (exit code 130 and 0).
    A second one drops connections at once, and leaves whoever is at the dot in doubt.

    With --once the exit code tells the worst of what was due: 3 when an edition was not approved in time, has no reader, or was refused by the gate; 5 when a
    source could not be read, a slot was missed, or a dispatch needs a look; 75 when the relay or the database cannot be used at present.
    """
    if once and (host or port is not None or access_log):
        raise click.UsageError("--host, --port and --access-log go with the web, and --once serves none")
    from publisher.desk import webhooks

    if not once:
        _log_steps(door_, as_json=log_json)
    with door_.newsroom() as newsroom:
        webhooks.forget_others(newsroom, now=now())
        steps = _steps(door_, newsroom, workers)
        if once:
            return _once(door_, steps, errands=True)
        return _run(door_, steps, host, port, access_log, web=not no_web)


def _steps(door_: Door, newsroom: Newsroom, workers: int) -> Steps:
    from publisher import daemon

    return daemon.Steps(newsroom=newsroom, clock=now, sender=sender_of(door_, workers), steady=uptime)


def _run(
    door_: Door, steps: Steps, host: str | None, port: int | None, access_log: bool, *, web: bool
) -> int:
    import logging

    from publisher import daemon
    from publisher import web as http

    if access_log:
        logging.getLogger("publisher.web").setLevel(logging.INFO)
    wanted = steps.newsroom.settings.web
    sockets = http.bind(host or wanted.host, wanted.port if port is None else port) if web else []
    ended_by = daemon.run(
        steps, sockets, say=door_.say, log_requests=access_log, watch=True, errands=daemon.errands_of(steps)
    )
    door_.say("Stopped.")
    return INTERRUPTED if ended_by == SIGINT else 0


def _log_steps(door_: Door, *, as_json: bool) -> None:
    import logging

    from publisher.cli.logs import set_up

    set_up(logging.WARNING, as_json=as_json)
    level = logging.WARNING if door_.quiet else logging.DEBUG if door_.verbose else logging.INFO
    logging.getLogger("publisher.daemon").setLevel(level)


@click.command()
@click.option("--once", is_flag=True, help="Send what is due now, and end.")
@click.option(
    "--dispatch",
    "dispatch_id",
    metavar="DISPATCH",
    help="Only what is due now of this dispatch, as it stands: one that is paused or halted is left alone.",
)
@click.option("--attached", is_flag=True, hidden=True, help="Drain when standard input ends.")
@click.option("--senders", default=1, hidden=True, help="How many share this machine's cores.")
@LOG_JSON
@door
def worker(
    door_: Door, once: bool, dispatch_id: str | None, attached: bool, senders: int, log_json: bool
) -> int:
    """Send whatever is due, beside other senders, until Ctrl-C.

    A sender alone: it makes no edition and opens no dispatch, but takes its part of every dispatch that is sending, also of those that other
    machines opened in the same PostgreSQL database, and takes over from senders that died. Every machine needs the same configuration and
    secrets. SQLite is shared by the processes of one machine only.

    \b
    Examples:
      publisher worker
      publisher worker --once
      publisher worker --once --dispatch 01KJP4TQ0M2Z

    Ctrl-C and SIGTERM drain: open replies are read, whoever was not sent to waits (exit code 130 and 0). A second one drops connections at
    once, and leaves whoever is at the dot in doubt. With --once or --dispatch the exit codes are those of `publisher dispatch resume`.
    """
    from publisher import daemon

    with door_.newsroom() as newsroom:
        if dispatch_id is not None:
            return _one(door_, newsroom, dispatch_id, attached=attached, senders=senders)
        steps = _steps(door_, newsroom, 1)
        if once:
            return _once(door_, steps, kinds=daemon.WORKER)
        _log_steps(door_, as_json=log_json)
        door_.say("Sending whatever is due (Ctrl-C ends it).")
        ended_by = daemon.run(steps, [], say=door_.say, log_requests=False, threads_of=daemon.WORKERS_THREADS)
    door_.say("Stopped.")
    return INTERRUPTED if ended_by == SIGINT else 0


@click.command()
@click.option("--once", is_flag=True, help="Look once, and end: for cron, best on another machine.")
@LOG_JSON
@door
def watch(door_: Door, once: bool, log_json: bool) -> int:
    """Raise the alarm when a digest does not arrive.

    A digest that is not accepted for its readers `alarm_after` its slot is told by mail and webhook, once; as long as all is well the address of
    `alarms.ping` is called, so that an outside service notices a machine that is dead. It sends nothing else. `publisher run` does the same in a thread.

    \b
    Examples:
      publisher watch
      publisher -q watch --once       # cron, every five minutes

    With --once the exit code is 5 while a digest is overdue, 75 when somebody could not be told, or the database cannot be read.
    """
    import threading

    from publisher import daemon

    done: list[Done] = []

    def tell(account: Done) -> None:
        done.append(account)
        if account.bad:
            click.echo(f"publisher: {daemon.line(account)}", err=True)
        elif account.result != "unchanged":
            door_.say(daemon.line(account))

    with door_.newsroom() as newsroom:
        if not once:
            _log_steps(door_, as_json=log_json)
            steps = _steps(door_, newsroom, 1)
            ended_by = daemon.run(steps, [], say=door_.say, log_requests=False, threads_of=(), watch=True)
            return INTERRUPTED if ended_by == SIGINT else 0
        well = daemon.Watch(newsroom=newsroom, clock=now, stop=threading.Event(), tell=tell).once()
    if door_.as_json:
        door_.table([_row(account) for account in done], {}, empty="")
    elif well:
        door_.say("All is well.")
    if any(account.result == "failed" for account in done):
        return LATER
    return 0 if well else PARTLY


def _one(door_: Door, newsroom: Newsroom, dispatch_id: str, *, attached: bool, senders: int) -> int:
    """What is due of one dispatch. `attached`: the end of standard input drains, and after a signal it drops connections."""
    import os
    import sys
    import threading

    from publisher.desk import mailing
    from publisher.desk.names import named

    hurry = threading.Event()
    dispatch_id = named(newsroom, "dispatch", dispatch_id)
    with sending(door_, dispatch_id) as watch:

        def obey_the_end() -> None:
            while os.read(sys.stdin.fileno(), 1024):
                pass
            (hurry if watch.stop.is_set() else watch.stop).set()

        if attached:
            threading.Thread(target=obey_the_end, daemon=True).start()
        report = mailing.run(
            newsroom,
            dispatch_id,
            clock=now,
            progress=watch.show,
            stop=watch.stop,
            hurry=hurry,
            senders=senders,
        )
    door_.show(report.data(), "\n".join(report_lines(report)))
    return ended(report, stopped=watch.stop.is_set())


def _once(door_: Door, steps: Steps, *, kinds: tuple[type, ...] | None = None, errands: bool = False) -> int:
    from publisher import daemon

    done: list[Done] = []

    def tell(account: Done) -> None:
        done.append(account)
        if account.bad:
            click.echo(f"publisher: {daemon.line(account)}", err=True)
        elif account.result != "unchanged":
            door_.say(daemon.line(account))

    beside = daemon.errands_of(steps) if errands else []
    ended_by = daemon.once(steps, tell=tell, say=door_.say, kinds=kinds or daemon.ALL, errands=beside)
    if door_.as_json:
        door_.table([_row(account) for account in done], {}, empty="")
    elif not any(account.result != "unchanged" for account in done):
        door_.say(f"Nothing was due that had anything new ({counted(len(done), 'step')}).")
    codes = {_code(account) for account in done} | ({INTERRUPTED} if ended_by == SIGINT else set())
    codes |= set(name_halted(steps.newsroom, but=[account.subject for account in done]))
    return next((code for code in WORST if code in codes), 0)


def _row(done: Done) -> dict[str, Any]:
    from publisher.daemon import masked

    row = {"step": done.step, "subject": done.subject, "result": done.result, "code": done.code or None}
    return {**row, "said": masked(done.said), **done.data, "bad": done.bad}


def _code(done: Done) -> int:
    """What one step means for the whole."""
    from publisher.schedule import UNSENT

    if not done.bad or done.step in {"late", "quiet"}:  # what a person should know, no fault of this run
        return 0
    if done.error is not None:
        code = code_of(done.error)
        return code if code in WORST else PARTLY
    return REFUSED if done.code == UNSENT else PARTLY


COMMANDS = (run, worker, watch)
