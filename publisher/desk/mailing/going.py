"""Going on with what is due, as a clock does: sending whose worker died, tries that were put off, a freeze that was cut short.

A dispatch that a kill halted goes on by itself, as its edition's next revision (decision 8); so does one that lost a story whose time
is over. A held story may be released and an embargo ends: there a person says whether to go on without it. Whatever a person paused, and
what halted for the relay, the gate or refusals, waits for `dispatch resume ID`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from publisher.desk.mailing.report import Report, head_of, recover, report
from publisher.desk.mailing.send import run
from publisher.desk.mailing.settle import resume
from publisher.edition import Why
from publisher.ledger import Counts, DispatchState
from publisher.newsroom import Newsroom
from publisher.store import deliveries

__all__ = ["due", "go_on", "next_due"]

FOR_GOOD = frozenset({"kill", Why.KILLED.value, Why.EXPIRED.value})
"""Reasons of a halt after which nobody has to decide anything."""


def due(newsroom: Newsroom, *, now: datetime) -> list[str]:
    """Ids of the dispatches to go on with now, oldest first; what dead workers left is settled before."""
    recover(newsroom, now=now)
    with newsroom.database.read() as connection:
        return deliveries.due(connection, now=now, halted=FOR_GOOD)


def next_due(newsroom: Newsroom) -> datetime | None:
    """When the next delivery of a dispatch that is sending is due; None when nobody waits in one."""
    with newsroom.database.read() as connection:
        return deliveries.next_of_all(connection)


def go_on(
    newsroom: Newsroom,
    dispatch_id: str,
    *,
    actor: str,
    clock: Callable[[], datetime],
    progress: Callable[[Counts], None] | None = None,
    stop: threading.Event | None = None,
    hurry: threading.Event | None = None,
) -> Report:
    """Send what is due of one of them; its time is not prolonged. Raises what `resume` and `run` raise."""
    stop = stop or threading.Event()
    while True:
        if head_of(newsroom, dispatch_id).state != DispatchState.SENDING:
            resume(newsroom, dispatch_id, actor=actor, now=clock(), prolong=False)
        if head_of(newsroom, dispatch_id).state != DispatchState.SENDING:
            return report(newsroom, dispatch_id)
        told = run(newsroom, dispatch_id, clock=clock, progress=progress, stop=stop, hurry=hurry)
        if stop.is_set() or told.state != DispatchState.HALTED:
            return told
        if head_of(newsroom, dispatch_id).halt_reason not in FOR_GOOD:
            return told
