"""`run`: the daily digest by itself."""

from __future__ import annotations

from signal import SIGINT
from typing import TYPE_CHECKING, Any

import click

from publisher.cli.context import Door, counted, door, now
from publisher.cli.exits import CONFIGURATION, INTERRUPTED, LATER, PARTLY, REFUSED, code_of

if TYPE_CHECKING:
    from publisher.daemon import Done
    from publisher.newsroom import Newsroom

__all__ = ["COMMANDS"]

WORST = (INTERRUPTED, CONFIGURATION, LATER, REFUSED, PARTLY)
"""Of several codes the first of these is the command's."""


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, and end: for cron.")
@click.option("--no-web", is_flag=True, help="Serve nothing over HTTP.")
@click.option(
    "--host", metavar="ADDRESS", help="Where to listen. Default: web.host, 127.0.0.1 unless configured."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Default: web.port, 8080 unless configured; 0 takes a free one.",
)
@click.option(
    "--access-log",
    is_flag=True,
    help="A line per request on stderr, without addresses of readers and without tokens.",
)
@door
def run(door_: Door, once: bool, no_web: bool, host: str | None, port: int | None, access_log: bool) -> int:
    """Poll, publish and mail by the timetable until Ctrl-C.

    Sources are polled (`every`), editions made at their slots and sent, feeds and pages kept up and served: web, clock and sender in one process.
    Two of them on one database are safe. docs/operating.md has a systemd unit.

    \b
    Examples:
      publisher run
      publisher run --no-web
      publisher -q run --once         # cron, every five minutes

    Ctrl-C and SIGTERM drain: the present step is finished, open replies are read, whoever was not sent to waits (exit code 130 and 0).
    A second one drops connections at once, and leaves whoever is at the dot in doubt.

    With --once the exit code tells the worst of what was due: 3 when an edition was not approved in time, has no reader, or was refused by the gate; 5 when a
    source could not be read, a slot was missed, or a dispatch needs a look; 75 when the relay or the database cannot be used at present.
    """
    if once and (host or port is not None or access_log):
        raise click.UsageError("--host, --port and --access-log go with the web, and --once serves none")
    with door_.newsroom() as newsroom:
        return (
            _once(door_, newsroom) if once else _run(door_, newsroom, host, port, access_log, web=not no_web)
        )


def _run(
    door_: Door, newsroom: Newsroom, host: str | None, port: int | None, access_log: bool, *, web: bool
) -> int:
    import logging

    from publisher import daemon
    from publisher import web as http

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    level = logging.WARNING if door_.quiet else logging.DEBUG if door_.verbose else logging.INFO
    logging.getLogger("publisher.daemon").setLevel(level)
    if access_log:
        logging.getLogger("publisher.web").setLevel(logging.INFO)
    wanted = newsroom.settings.web
    sockets = http.bind(host or wanted.host, wanted.port if port is None else port) if web else []
    steps = daemon.Steps(newsroom=newsroom, clock=now)
    ended_by = daemon.run(steps, sockets, say=door_.say, log_requests=access_log)
    door_.say("Stopped.")
    return INTERRUPTED if ended_by == SIGINT else 0


def _once(door_: Door, newsroom: Newsroom) -> int:
    from publisher import daemon

    done: list[Done] = []

    def tell(account: Done) -> None:
        done.append(account)
        if account.bad:
            click.echo(f"publisher: {daemon.line(account)}", err=True)
        elif account.result != "unchanged":
            door_.say(daemon.line(account))

    ended_by = daemon.once(daemon.Steps(newsroom=newsroom, clock=now), tell=tell, say=door_.say)
    if door_.as_json:
        door_.table([_row(account) for account in done], {}, empty="")
    elif not any(account.result != "unchanged" for account in done):
        door_.say(f"Nothing else was due; {counted(len(done), 'step')} found nothing new.")
    codes = {_code(account) for account in done} | ({INTERRUPTED} if ended_by == SIGINT else set())
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


COMMANDS = (run,)
