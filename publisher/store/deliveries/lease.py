"""Leases: a worker takes a chunk, works through its rows, closes it. Losing a lease loses no row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, case, exists, func, literal, or_, select, update

from publisher.store.db import insert
from publisher.store.schema import chunk, chunk_member, delivery, dispatch, note, outcome

__all__ = [
    "POISON",
    "Lease",
    "Row",
    "add_retry_chunk",
    "claim",
    "close_chunk",
    "next_due",
    "release",
    "waiting_rows",
]

POISON = 2
"""A chunk whose worker died this often is taken apart into chunks of one."""


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery to be tried: its next try's number, and how often it was charged or in doubt before."""

    delivery_id: int
    try_no: int
    subscriber_id: int | None
    addr_key: bytes
    rcpt: str
    message_id: str
    charged: int
    doubts: int


@dataclass(frozen=True, slots=True)
class Lease:
    """A chunk in a worker's hand; `fence` makes a worker that lost it harmless."""

    chunk_id: int
    dispatch_id: str
    worker_id: str
    fence: int
    variant: str
    revision: int
    rows: tuple[Row, ...]


def claim(
    connection: Connection, worker_id: str, *, now: datetime, dispatch_id: str | None = None
) -> Lease | None:
    """Lease the chunk that is due longest, of a dispatch that is sending; None when there is none.

    Deferred rows whose time has not come are left out of the lease; rows in doubt or done are never in one.
    """
    due = [~chunk.c.done, chunk.c.worker_id.is_(None), chunk.c.due_at <= now, dispatch.c.state == "sending"]
    if dispatch_id is not None:
        due.append(chunk.c.dispatch_id == dispatch_id)
    query = (
        select(chunk.c.id)
        .join(dispatch, dispatch.c.id == chunk.c.dispatch_id)
        .where(*due)
        .order_by(chunk.c.due_at, chunk.c.id)
        .limit(1)
    )
    if (
        connection.dialect.name == "postgresql"
    ):  # the lock and the limit must be taken before the update looks
        query = query.with_for_update(skip_locked=True, of=chunk)
    chosen = query.cte("chosen").prefix_with("MATERIALIZED", dialect="postgresql")
    taken = connection.execute(
        update(chunk)
        .where(chunk.c.id.in_(select(chosen.c.id)), chunk.c.worker_id.is_(None))
        .values(worker_id=worker_id, fence=chunk.c.fence + 1)
        .returning(chunk.c.id, chunk.c.dispatch_id, chunk.c.no, chunk.c.variant, chunk.c.fence, chunk.c.retry)
    ).one_or_none()
    if taken is None:
        return None
    revision = connection.execute(
        select(dispatch.c.revision).where(dispatch.c.id == taken.dispatch_id)
    ).scalar_one()
    rows = connection.execute(_open_rows(taken, now=now)).all()
    return Lease(
        chunk_id=taken.id,
        dispatch_id=taken.dispatch_id,
        worker_id=worker_id,
        fence=taken.fence,
        variant=taken.variant,
        revision=revision,
        rows=tuple(
            Row(
                delivery_id=row.id,
                try_no=(row.last or 0) + 1,
                subscriber_id=row.subscriber_id,
                addr_key=bytes(row.addr_key),
                rcpt=row.rcpt,
                message_id=row.message_id,
                charged=row.charged or 0,
                doubts=row.doubts or 0,
            )
            for row in rows
        ),
    )


def _members(taken: Any) -> Any:
    """The condition that a delivery belongs to this chunk."""
    if taken.retry:
        return delivery.c.id.in_(
            select(chunk_member.c.delivery_id).where(chunk_member.c.chunk_id == taken.id)
        )
    return and_(delivery.c.dispatch_id == taken.dispatch_id, delivery.c.chunk_no == taken.no)


def waiting_rows(taken: Any) -> Select[Any]:
    """Rows of the chunk that are neither final nor in doubt, with their last deferral's time."""
    members = select(delivery.c.id).where(_members(taken)).scalar_subquery()
    history = (
        select(
            outcome.c.delivery_id,
            func.max(outcome.c["try"]).label("last"),
            func.sum(case((outcome.c.charged, 1), else_=0)).label("charged"),
            func.sum(case((outcome.c.state == "uncertain", 1), else_=0)).label("doubts"),
        )
        .where(outcome.c.delivery_id.in_(members))
        .group_by(outcome.c.delivery_id)
        .subquery()
    )
    last = outcome.alias("last")
    noted = exists(
        select(literal(1)).where(
            note.c.delivery_id == delivery.c.id, note.c["try"] > func.coalesce(history.c.last, 0)
        )
    )
    return (
        select(
            delivery.c.id,
            delivery.c.subscriber_id,
            delivery.c.addr_key,
            delivery.c.rcpt,
            delivery.c.message_id,
            history.c.last,
            history.c.charged,
            history.c.doubts,
            last.c.next_at,
        )
        .outerjoin(history, history.c.delivery_id == delivery.c.id)
        .outerjoin(last, and_(last.c.delivery_id == delivery.c.id, last.c["try"] == history.c.last))
        .where(_members(taken), or_(last.c.state.is_(None), last.c.state == "queued"), ~noted)
        .order_by(delivery.c.id)
    )


def _open_rows(taken: Any, *, now: datetime) -> Select[Any]:
    waiting = waiting_rows(taken)
    next_at = waiting.selected_columns.next_at
    return waiting.where(or_(next_at.is_(None), next_at <= now))


def release(connection: Connection, lease: Lease) -> None:
    """Give a lease back unfinished: its unmarked rows are free for the next claim."""
    connection.execute(
        update(chunk)
        .where(
            chunk.c.id == lease.chunk_id, chunk.c.worker_id == lease.worker_id, chunk.c.fence == lease.fence
        )
        .values(worker_id=None)
    )


def close_chunk(connection: Connection, lease: Lease) -> bool:
    """Finish a chunk: its deferred rows go into retry chunks by the minute they are due. False when the lease was lost."""
    closed = connection.execute(
        update(chunk)
        .where(
            chunk.c.id == lease.chunk_id, chunk.c.worker_id == lease.worker_id, chunk.c.fence == lease.fence
        )
        .values(worker_id=None, done=True)
        .returning(chunk.c.id, chunk.c.dispatch_id, chunk.c.no, chunk.c.variant, chunk.c.retry)
    ).one_or_none()
    if closed is None:
        return False
    rows = connection.execute(waiting_rows(closed)).all()
    by_minute: dict[datetime | None, list[int]] = {}
    for row in rows:
        minute = row.next_at.replace(second=0, microsecond=0) if row.next_at else None
        by_minute.setdefault(minute, []).append(row.id)
    latest = {row.id: row.next_at for row in rows}
    for members in by_minute.values():
        times = [at for at in (latest[member] for member in members) if at is not None]
        add_retry_chunk(
            connection, closed.dispatch_id, closed.variant, members, due_at=max(times, default=None)
        )
    return True


def add_retry_chunk(
    connection: Connection, dispatch_id: str, variant: str, members: list[int], *, due_at: datetime | None
) -> None:
    """A chunk of rows that are tried again, due at once when no time is given."""
    last = (
        connection.execute(
            select(func.max(chunk.c.no)).where(chunk.c.dispatch_id == dispatch_id)
        ).scalar_one()
        or 0
    )
    first = connection.execute(
        select(func.min(chunk.c.due_at)).where(chunk.c.dispatch_id == dispatch_id)
    ).scalar_one()
    new = connection.execute(
        insert(connection, chunk)
        .values(dispatch_id=dispatch_id, no=last + 1, variant=variant, due_at=due_at or first, retry=True)
        .returning(chunk.c.id)
    ).scalar_one()
    connection.execute(
        insert(connection, chunk_member), [{"chunk_id": new, "delivery_id": member} for member in members]
    )


def next_due(connection: Connection, dispatch_id: str) -> datetime | None:
    """When the dispatch's next chunk is due; None when no open chunk is left."""
    due: datetime | None = connection.execute(
        select(func.min(chunk.c.due_at)).where(chunk.c.dispatch_id == dispatch_id, ~chunk.c.done)
    ).scalar_one()
    return due
