"""Ending what waits: past the dispatch's end, given up, or not to be sent again. One rule for all of them.

A row that was in doubt and waited to be sent again did perhaps arrive: whatever ends its waiting, it goes back to being
in doubt, and is listed. Every other row takes the end that is asked for.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    select,
    update,
)

from publisher.ledger import DISPATCH_MOVES, MOVES, DispatchState, State, sources
from publisher.store.db import insert
from publisher.store.schema import chunk, delivery, delivery_state, dispatch, outcome
from subscribers.columns import UtcTime

__all__ = ["end_doubts", "end_waiting", "expire", "in_doubt", "prolong_untried"]


def in_doubt() -> ColumnElement[bool]:
    """Whether a try of the row was in doubt and nobody has said since what became of it."""
    doubt, answer = outcome.alias("doubt"), outcome.alias("answer")
    answered = select(literal(1)).where(
        answer.c.delivery_id == doubt.c.delivery_id,
        answer.c["try"] > doubt.c["try"],
        answer.c.state.in_([State.FAILED, State.ACCEPTED]),
    )
    return exists(
        select(literal(1)).where(
            doubt.c.delivery_id == delivery_state.c.delivery_id,
            doubt.c.state == State.UNCERTAIN,
            ~exists(answered),
        )
    )


def end_waiting(
    connection: Connection,
    dispatch_id: str,
    to: State,
    *,
    cause: str,
    now: datetime,
    actor: str | None = None,
    variants: Collection[str] | None = None,
) -> int:
    """End every row of the dispatch (or of these variants of it) that waits and is not at the dot; returns how many.

    Their chunks are closed, but for those in a worker's hand, which finds its rows settled. The caller has locked the dispatch (by updating it, or FOR UPDATE), so that no mark slips in between.
    """
    doubtful = in_doubt()
    which = [delivery_state.c.dispatch_id == dispatch_id, delivery_state.c.state.in_(sources(MOVES, to))]
    free = [chunk.c.dispatch_id == dispatch_id, chunk.c.worker_id.is_(None), ~chunk.c.done]
    if variants is not None:
        which.append(delivery_state.c.variant.in_(variants))
        free.append(chunk.c.variant.in_(variants))
    ended = _end(
        connection,
        and_(*which),
        state=case((doubtful, State.UNCERTAIN.value), else_=to.value),
        cause=case((doubtful, f"not sent again: {cause}"), else_=cause),
        now=now,
        actor=actor,
    )
    connection.execute(update(chunk).where(*free).values(done=True))
    return ended


def end_doubts(connection: Connection, dispatch_id: str, *, cause: str, now: datetime) -> int:
    """Keep in doubt what was to be sent again, and leave everybody else waiting; returns how many."""
    return _end(
        connection,
        and_(
            delivery_state.c.dispatch_id == dispatch_id,
            delivery_state.c.state == State.QUEUED,
            in_doubt(),
        ),
        state=literal(State.UNCERTAIN.value),
        cause=literal(cause),
        now=now,
        actor=None,
    )


def _end(
    connection: Connection,
    which: ColumnElement[bool],
    *,
    state: ColumnElement[str],
    cause: ColumnElement[str],
    now: datetime,
    actor: str | None,
) -> int:
    ended = select(
        delivery_state.c.delivery_id,
        func.coalesce(delivery_state.c.last_try, 0) + 1,
        state,
        false(),
        cause,
        literal(actor, Text),
        literal(now, UtcTime),
    ).where(which)
    columns = ["delivery_id", "try", "state", "charged", "cause", "actor", "at"]
    statement = insert(connection, outcome).from_select(columns, ended).on_conflict_do_nothing()
    return connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount


def expire(connection: Connection, *, now: datetime, dispatch_id: str | None = None) -> int:
    """End what still waits in dispatches whose time is over; returns how many rows."""
    open_chunk = exists(select(literal(1)).where(chunk.c.dispatch_id == dispatch.c.id, ~chunk.c.done))
    alive = sources(DISPATCH_MOVES, DispatchState.CANCELLED) - {DispatchState.FREEZING}
    over = [dispatch.c.expires_at <= now, dispatch.c.state.in_(alive), open_chunk]
    if dispatch_id is not None:
        over.append(dispatch.c.id == dispatch_id)
    query = select(dispatch.c.id).where(*over).order_by(dispatch.c.id).with_for_update()
    ended = 0
    for id_ in connection.execute(query).scalars().all():
        ended += end_waiting(connection, id_, State.EXPIRED, cause="past the dispatch's end", now=now)
    return ended


def prolong_untried(connection: Connection, dispatch_id: str, *, until: datetime, now: datetime) -> bool:
    """Give a dispatch another end if its time is over and nobody of it was ever tried; whether it has one."""
    tried = exists(
        select(literal(1))
        .select_from(delivery)
        .join(outcome, outcome.c.delivery_id == delivery.c.id)
        .where(delivery.c.dispatch_id == dispatch.c.id)
    )
    statement = update(dispatch).where(dispatch.c.id == dispatch_id, dispatch.c.expires_at <= now, ~tried)
    return bool(connection.execute(statement.values(expires_at=until)).rowcount)
