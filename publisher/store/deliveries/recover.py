"""After a death: what a worker held is taken back, what it had marked without a reply is in doubt.

Asked only about workers that are provably dead (`store.liveness`). All of it stands in one transaction, so that a death in the
middle leaves the next recovery the same work.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, func, literal, select, update

from publisher.ledger import Outcome, Policy, State, resend_allowed
from publisher.store.deliveries.lease import POISON, add_retry_chunk, waiting_rows
from publisher.store.deliveries.record import Recorded, record
from publisher.store.schema import (
    chunk,
    chunk_member,
    delivery,
    delivery_state,
    dispatch,
    note,
    outcome,
    worker,
)

__all__ = ["doubt", "expire", "recover"]


def recover(connection: Connection, dead: Collection[str], *, now: datetime) -> int:
    """Settle what these dead workers left; returns how many deliveries came into doubt.

    A chunk whose lease died for the second time is taken apart into chunks of one; a row that takes its worker with it
    even alone ends as failed(crash).
    """
    later = note.alias("later")
    rows = connection.execute(
        select(note.c.delivery_id, note.c["try"], delivery.c.dispatch_id, dispatch.c.policy)
        .join(delivery, delivery.c.id == note.c.delivery_id)
        .join(dispatch, dispatch.c.id == delivery.c.dispatch_id)
        .where(
            note.c.worker_id.in_(dead),
            ~exists(
                select(literal(1)).where(
                    outcome.c.delivery_id == note.c.delivery_id, outcome.c["try"] >= note.c["try"]
                )
            ),
            ~exists(
                select(literal(1)).where(
                    later.c.delivery_id == note.c.delivery_id, later.c["try"] > note.c["try"]
                )
            ),
        )
    ).all()
    for row in rows:
        lost = Outcome(State.UNCERTAIN, "the sender died after the mark")
        doubt(connection, row.delivery_id, row[1], lost, policy=Policy(row.policy), now=now)
    held = connection.execute(
        update(chunk)
        .where(chunk.c.worker_id.in_(dead), ~chunk.c.done)
        .values(worker_id=None, deaths=chunk.c.deaths + 1)
        .returning(
            chunk.c.id, chunk.c.dispatch_id, chunk.c.no, chunk.c.variant, chunk.c.retry, chunk.c.deaths
        )
    ).all()
    for taken in held:
        if taken.deaths >= POISON:
            _take_apart(connection, taken, now=now)
    connection.execute(worker.delete().where(worker.c.id.in_(dead)))
    return len(rows)


def doubt(
    connection: Connection, delivery_id: int, try_no: int, outcome_: Outcome, *, policy: Policy, now: datetime
) -> None:
    """Record a doubt, and under the policy `resend` queue the row again (at most so often, then it is kept).

    A resend carries the same bytes and Message-ID. The mark asks for the dispatch's present revision, so a row whose
    edition has lost a story since is sent without it only if it was never in doubt: such rows stay in doubt (below).
    """
    record(connection, [Recorded(delivery_id, try_no, outcome_, at=now)])
    doubts = connection.execute(
        select(func.count()).where(outcome.c.delivery_id == delivery_id, outcome.c.state == State.UNCERTAIN)
    ).scalar_one()
    revised = connection.execute(
        select(literal(1))
        .select_from(note)
        .join(delivery, delivery.c.id == note.c.delivery_id)
        .join(dispatch, dispatch.c.id == delivery.c.dispatch_id)
        .where(
            note.c.delivery_id == delivery_id, note.c["try"] == try_no, note.c.revision != dispatch.c.revision
        )
    ).first()
    if revised is None and resend_allowed(policy, doubts):
        requeue(connection, delivery_id, try_no + 1, cause="resend", now=now)


def requeue(
    connection: Connection,
    delivery_id: int,
    try_no: int,
    *,
    cause: str,
    now: datetime,
    actor: str | None = None,
) -> None:
    """Let a row wait again from now on, in a chunk of its own."""
    again = Outcome(State.QUEUED, cause, charged=False)
    record(connection, [Recorded(delivery_id, try_no, again, at=now, next_at=now, actor=actor)])
    row = connection.execute(
        select(delivery.c.dispatch_id, delivery.c.variant, delivery.c.chunk_no).where(
            delivery.c.id == delivery_id
        )
    ).one()
    first = connection.execute(
        select(chunk.c.done).where(chunk.c.dispatch_id == row.dispatch_id, chunk.c.no == row.chunk_no)
    ).scalar_one()
    if first and not _listed(connection, delivery_id):
        add_retry_chunk(connection, row.dispatch_id, row.variant, [delivery_id], due_at=now)


def _listed(connection: Connection, delivery_id: int) -> bool:
    """Whether an open retry chunk lists this row already."""
    return (
        connection.execute(
            select(literal(1))
            .select_from(chunk_member)
            .join(chunk, chunk.c.id == chunk_member.c.chunk_id)
            .where(chunk_member.c.delivery_id == delivery_id, ~chunk.c.done)
        ).first()
        is not None
    )


def _take_apart(connection: Connection, taken: Row[Any], *, now: datetime) -> None:
    rows = connection.execute(waiting_rows(taken)).all()
    connection.execute(update(chunk).where(chunk.c.id == taken.id).values(done=True))
    if len(rows) == 1:
        last = (rows[0].last or 0) + 1
        crash = Outcome(State.FAILED, "crash: it takes the sender with it")
        record(connection, [Recorded(rows[0].id, last, crash, at=now)])
        return
    for row in rows:
        add_retry_chunk(connection, taken.dispatch_id, taken.variant, [row.id], due_at=now)


def expire(connection: Connection, *, now: datetime, dispatch_id: str | None = None) -> int:
    """End what still waits in dispatches whose time is over; returns how many rows."""
    over = [dispatch.c.expires_at <= now, dispatch.c.state.in_(["sending", "paused", "halted"])]
    if dispatch_id is not None:
        over.append(dispatch.c.id == dispatch_id)
    rows = connection.execute(
        select(delivery_state.c.delivery_id, delivery_state.c.last_try)
        .join(dispatch, dispatch.c.id == delivery_state.c.dispatch_id)
        .where(*over, delivery_state.c.state == State.QUEUED)
    ).all()
    ended = Outcome(State.EXPIRED, "past the dispatch's end", charged=False)
    record(connection, [Recorded(row.delivery_id, (row.last_try or 0) + 1, ended, at=now) for row in rows])
    if rows:
        done = select(dispatch.c.id).where(and_(*over))
        connection.execute(
            update(chunk).where(chunk.c.dispatch_id.in_(done), chunk.c.worker_id.is_(None)).values(done=True)
        )
    return len(rows)
