"""`serve`: what is public, over HTTP."""

from __future__ import annotations

from signal import SIGINT

import click

from publisher.cli.context import Door, door
from publisher.cli.exits import INTERRUPTED
from publisher.cli.params import ACCESS_LOG, HOST, LOG_JSON, PORT

__all__ = ["COMMANDS"]


@click.command()
@HOST
@PORT
@ACCESS_LOG
@LOG_JSON
@door
def serve(door_: Door, host: str | None, port: int | None, access_log: bool, log_json: bool) -> int:
    """Serve feeds and pages over HTTP until Ctrl-C.

    Hubs are told of what changes. What `feed build` makes public, and what a kill takes back, shows within a second, without a restart. Put a web server
    with TLS in front (docs/serving.md). The exit code is 0 after SIGTERM, 130 after Ctrl-C, 2 when the port is taken.

    \b
    Example:
      publisher serve --host 127.0.0.1 --port 8080
    """
    import logging

    from publisher import web
    from publisher.cli.logs import set_up

    level = logging.INFO if access_log or door_.verbose else logging.WARNING
    set_up(level, as_json=log_json)
    if not door_.verbose:
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
    with door_.newsroom() as newsroom:
        wanted = newsroom.settings.web
        sockets = web.bind(host or wanted.host, wanted.port if port is None else port)
        ended_by = web.serve(newsroom, sockets, say=door_.say, log_requests=access_log, at_home=False)
    door_.say("Stopped.")
    return INTERRUPTED if ended_by == SIGINT else 0


COMMANDS = (serve,)
