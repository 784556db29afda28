"""Going on with what is due, as a clock does: sending whose worker died, tries that were put off, a freeze that was cut short.

A dispatch that a kill halted goes on by itself, as its edition's next revision (decision 8); so does one that lost a story whose time
is over. A held story may be released and an embargo ends: there a person says whether to go on without it, also when a kill had halted
it before, because its next revision leaves out whatever is barred then. Whatever a person paused, and what halted for the relay, the gate
or refusals, waits for `dispatch resume ID`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import datetime

from publisher.desk import followups
from publisher.desk.mailing import notices
from publisher.desk.mailing.report import PAUSE, Report, follows_of, head_of, recover, report, subject_of
from publisher.desk.mailing.send import Sender, run
from publisher.desk.mailing.settle import resume
from publisher.desk.withdrawals import barred_or_unknown
from publisher.edition import Why
from publisher.ledger import Counts, DispatchState
from publisher.newsroom import Newsroom
from publisher.store import deliveries, editions, house
from publisher.store.followups import KIND

__all__ = [
    "OF_EDITIONS",
    "OF_FOLLOWUPS",
    "OF_NOTICES",
    "due",
    "go_on",
    "halted",
    "next_due",
    "paused",
    "ready",
    "undecided",
]

OF_EDITIONS, OF_NOTICES, OF_FOLLOWUPS = ("digest", "test"), (notices.KIND,), (KIND,)
"""Kinds of dispatches that go on apart from each other: none waits for the end of another."""
FOR_GOOD = frozenset({"kill", Why.KILLED.value, Why.EXPIRED.value})
"""Reasons of a halt after which nobody has to decide anything."""


def due(newsroom: Newsroom, *, now: datetime, kinds: Collection[str] | None = None) -> list[str]:
    """Ids of the dispatches (of these `kinds`) to go on with now, oldest first.

    Before, what dead workers left is settled, what readers asked is answered, and whoever has to be told of a kill is found.
    """
    recover(newsroom, now=now)
    if kinds is None or notices.KIND in kinds:
        notices.answer(newsroom, now=now)
    if kinds is None or KIND in kinds:
        followups.queue(newsroom, now=now)
    found = _candidates(newsroom, now=now, kinds=kinds)
    return [dispatch_id for dispatch_id, open_ in found if not open_]


def undecided(newsroom: Newsroom, *, now: datetime) -> list[tuple[str, dict[str, Why]]]:
    """Dispatches that would go on but for stories that may come back, each with those and what bars them: a person decides."""
    return [(dispatch_id, open_) for dispatch_id, open_ in _candidates(newsroom, now=now) if open_]


def halted(newsroom: Newsroom) -> list[tuple[str, str, str]]:
    """(dispatch, what it sends, why) of those that a rule stopped while somebody waits, and that go on only when a person says so."""
    with newsroom.database.read() as connection:
        found = [
            (row, subject_of(follows_of(connection, row)))
            for row in deliveries.halted(connection, but=FOR_GOOD)
        ]
    return [
        (row.id, row.edition_id or sends, f"{row.halt_reason}: {row.halt_detail}") for row, sends in found
    ]


def paused(newsroom: Newsroom) -> list[tuple[str, str, str]]:
    """(dispatch, what it sends, why) of those that a person stopped while somebody waits."""
    with newsroom.database.read() as connection:
        return [
            (
                row.id,
                row.edition_id or subject_of(follows_of(connection, row)),
                house.last_why(connection, [PAUSE], row.id) or "",
            )
            for row in deliveries.paused(connection)
        ]


def _candidates(
    newsroom: Newsroom, *, now: datetime, kinds: Collection[str] | None = None
) -> list[tuple[str, dict[str, Why]]]:
    with newsroom.database.read() as connection:
        found = deliveries.due(connection, now=now, halted=FOR_GOOD, kinds=kinds)
    return [(dispatch_id, _may_come_back(newsroom, dispatch_id, now=now)) for dispatch_id in found]


def _may_come_back(newsroom: Newsroom, dispatch_id: str, *, now: datetime) -> dict[str, Why]:
    """What a dispatch that has to be resumed would lose with its next revision though it is not gone for good."""
    head = head_of(newsroom, dispatch_id)
    if head.state == DispatchState.SENDING:
        return {}
    with newsroom.database.read() as connection:
        made = editions.get(connection, head.edition_id) if head.edition_id else None
        gone = barred_or_unknown(newsroom, connection, made, now) if made else {}
    return {story_id: why for story_id, why in gone.items() if why not in FOR_GOOD}


def next_due(newsroom: Newsroom) -> datetime | None:
    """When the next delivery of a dispatch that is sending is due; None when nobody waits in one."""
    with newsroom.database.read() as connection:
        return deliveries.next_of_all(connection)


def ready(newsroom: Newsroom, dispatch_id: str, *, most: int, now: datetime) -> int:
    """How many senders (`most` at most) could share what is due of a dispatch now."""
    with newsroom.database.read() as connection:
        return deliveries.ready(connection, dispatch_id, most=most, now=now)


def go_on(
    newsroom: Newsroom,
    dispatch_id: str,
    *,
    actor: str,
    clock: Callable[[], datetime],
    progress: Callable[[Counts], None] | None = None,
    stop: threading.Event | None = None,
    hurry: threading.Event | None = None,
    sender: Sender = run,
) -> Report:
    """Send what is due of one of them; its time is not prolonged. Raises what `resume` and `sender` raise.

    It is left as it stands when a person has to decide on one of its stories (`undecided`).
    """
    stop = stop or threading.Event()
    while True:
        if _may_come_back(newsroom, dispatch_id, now=clock()):
            return report(newsroom, dispatch_id)
        if head_of(newsroom, dispatch_id).state != DispatchState.SENDING:
            resume(newsroom, dispatch_id, actor=actor, now=clock(), prolong=False)
        if head_of(newsroom, dispatch_id).state != DispatchState.SENDING:
            return report(newsroom, dispatch_id)
        told = sender(newsroom, dispatch_id, clock=clock, progress=progress, stop=stop, hurry=hurry)
        if stop.is_set() or told.state != DispatchState.HALTED:
            return told
        if head_of(newsroom, dispatch_id).halt_reason not in FOR_GOOD:
            return told
