"""What is due: dispatches that a clock may go on with by itself. What a person or another rule stopped waits for a person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, exists, func, literal, or_, select

from publisher.ledger import DispatchState
from publisher.store.schema import chunk, dispatch

__all__ = ["due", "halted", "next_due", "next_of_all", "paused", "ready"]


def due(
    connection: Connection, *, now: datetime, halted: Collection[str], kinds: Collection[str] | None = None
) -> list[str]:
    """Dispatches that can go on at `now`, follow-ups first, then the oldest; `kinds`: only of these.

    They are sending and have rows that are due and in nobody's hand, or their canary has waited long enough, or not everybody is in them yet, or they were halted for one of
    these reasons. Those of follow-ups are filled by whoever finds their readers. The dead have been recovered before, so that what they held is in nobody's hand.
    """
    waiting = and_(chunk.c.dispatch_id == dispatch.c.id, ~chunk.c.done)
    allowed = chunk.c.wave <= dispatch.c.wave
    over = or_(
        dispatch.c.canary_until <= now,
        and_(dispatch.c.canary_until.is_(None), ~exists(select(literal(1)).where(waiting, allowed))),
    )
    timely = or_(chunk.c.due_at <= now, dispatch.c.expires_at <= now)
    waits = exists(select(literal(1)).where(waiting))
    has_due = exists(select(literal(1)).where(waiting, allowed, chunk.c.worker_id.is_(None), timely))
    stopped = and_(dispatch.c.state == DispatchState.HALTED, dispatch.c.halt_reason.in_(halted))
    query = (
        select(dispatch.c.id)
        .where(
            or_(
                and_(dispatch.c.state == DispatchState.SENDING, has_due),
                and_(dispatch.c.state == DispatchState.SENDING, dispatch.c.wave == 0, over, waits),
                and_(dispatch.c.state == DispatchState.FREEZING, dispatch.c.followup_id.is_(None)),
                and_(stopped, or_(dispatch.c.frozen_at.is_(None), waits)),
            )
        )
        .order_by(dispatch.c.followup_id.is_(None), dispatch.c.created_at, dispatch.c.id)
    )
    if kinds is not None:
        query = query.where(dispatch.c.kind.in_(kinds))
    return list(connection.execute(query).scalars())


def halted(connection: Connection, *, but: Collection[str]) -> Sequence[Row[Any]]:
    """Dispatches that a rule stopped, for a reason not in `but`, while somebody waits."""
    which = and_(dispatch.c.state == DispatchState.HALTED, dispatch.c.halt_reason.not_in(but))
    return _waiting(connection, which)


def paused(connection: Connection) -> Sequence[Row[Any]]:
    """Dispatches that a person stopped, while somebody waits."""
    return _waiting(connection, dispatch.c.state == DispatchState.PAUSED)


def _waiting(connection: Connection, which: ColumnElement[bool]) -> Sequence[Row[Any]]:
    waits = exists(select(literal(1)).where(_of_it()).correlate(dispatch))
    query = select(dispatch).where(which, waits).order_by(dispatch.c.created_at, dispatch.c.id)
    return connection.execute(query).all()


def ready(connection: Connection, dispatch_id: str, *, most: int, now: datetime) -> int:
    """How many of the dispatch's chunks (`most` at most) are due and in nobody's hand: what senders could share."""
    mine = and_(chunk.c.dispatch_id == dispatch.c.id, chunk.c.wave <= dispatch.c.wave, ~chunk.c.done)
    free = (
        select(chunk.c.id)
        .join(dispatch, mine)
        .where(dispatch.c.id == dispatch_id, chunk.c.worker_id.is_(None), chunk.c.due_at <= now)
    )
    return connection.execute(select(func.count()).select_from(free.limit(most).subquery())).scalar_one()


def _of_it() -> ColumnElement[bool]:
    return and_(chunk.c.dispatch_id == dispatch.c.id, ~chunk.c.done)


def _due_at() -> ColumnElement[datetime]:
    """A chunk's time; of one that waits for the canary, when that is over, as soon as it is known."""
    return case((chunk.c.wave > dispatch.c.wave, dispatch.c.canary_until), else_=chunk.c.due_at)


def next_due(connection: Connection, dispatch_id: str) -> datetime | None:
    """When the dispatch's next chunk is due; None when no open chunk is left."""
    query = select(func.min(_due_at())).join(dispatch, _of_it()).where(dispatch.c.id == dispatch_id)
    found: datetime | None = connection.execute(query).scalar_one()
    return found


def next_of_all(connection: Connection) -> datetime | None:
    """When the next chunk of any dispatch that is sending is due; None when there is none."""
    query = (
        select(func.min(_due_at())).join(dispatch, _of_it()).where(dispatch.c.state == DispatchState.SENDING)
    )
    found: datetime | None = connection.execute(query).scalar_one()
    return found
