"""Runs against a server that misbehaves, one after the other, and the judge over all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import text

from publisher.dispatch import Ended, run
from publisher.store import deliveries
from publisher.store.db import Database
from publisher.transport import Limits
from tests.crash.checker import Verdict, check
from tests.dispatchbox import DISPATCH, Clock, relay, work
from tests.smtpd import Server

IMPATIENT = Limits(connect=0.3, banner=0.3, command=0.3, data=0.3, block=0.3, dot=0.3, reset=0.3, quit=0.3)


def plain(*rules: str, folder: Path, **options: Any) -> Server:
    return Server(*rules, folder=folder, starttls=False, **options)


def send(database: Database, server: Server, clock: Clock, **changes: Any) -> Ended:
    """One run; `connections` and `limits` are the relay's, the rest is the work's."""
    way = {name: changes.pop(name) for name in ("connections", "limits", "tls", "ca_file") if name in changes}
    return run(database, relay(server, **way), work(clock=clock, **changes))


def send_all(database: Database, server: Server, clock: Clock, *, runs: int = 40, **changes: Any) -> Ended:
    """Run after run, ten minutes apart, until nobody waits."""
    for _ in range(runs):
        ended = send(database, server, clock, **changes)
        if not ended.counts.waiting:
            return ended
        clock.move(minutes=10)
    raise AssertionError(f"it comes to no end: {ended}")


def judge(database: Database, server: Server, **facts: Any) -> Verdict:
    return check(database, server.messages(), dispatch_id=DISPATCH, **({"connections": 4} | facts))


def suppressed(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM suppression")).scalar_one())


def dispatch_row(database: Database) -> Any:
    with database.read() as connection:
        return deliveries.get_dispatch(connection, DISPATCH)
