"""Leases: a worker takes a chunk, works through its rows, closes it. Losing a lease loses no row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Executable,
    Integer,
    String,
    and_,
    bindparam,
    exists,
    literal,
    or_,
    select,
    update,
)

from publisher.ledger import POISON
from publisher.store.deliveries.chunks import (
    Held,
    add_retry_chunks,
    anyone_left,
    due_rows,
    unanswered,
    waiting_rows,
)
from publisher.store.deliveries.hot import Hot, group, stamp
from publisher.store.schema import chunk, dispatch, note, worker
from subscribers.columns import UtcTime

__all__ = ["Lease", "Row", "claim", "close_chunk", "lock_leases", "release"]


class Row(NamedTuple):
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
    no: int | None
    worker_id: str
    fence: int
    variant: str
    revision: int
    rows: tuple[Row, ...]

    @property
    def held(self) -> Held:
        """The chunk alone."""
        return Held(self.chunk_id, self.dispatch_id, self.no, self.variant, self.fence)


def _claim(connection: Connection, *, of_dispatch: bool) -> Executable:
    worker_id, now = bindparam("worker", type_=String), bindparam("now", type_=UtcTime)
    mine = chunk.alias("mine")
    held = select(literal(1)).select_from(mine).where(mine.c.worker_id == worker_id)
    due = [
        ~chunk.c.done,
        chunk.c.worker_id.is_(None),
        chunk.c.due_at <= now,
        dispatch.c.state == "sending",
        chunk.c.wave <= dispatch.c.wave,
        exists(select(literal(1)).where(worker.c.id == worker_id)),
        ~exists(held.where(mine.c.deaths >= POISON)),
        or_(chunk.c.deaths < POISON, ~exists(held)),
    ]
    if of_dispatch:
        due.append(chunk.c.dispatch_id == bindparam("dispatch", type_=String))
    query = (
        select(chunk.c.id)
        .join(dispatch, dispatch.c.id == chunk.c.dispatch_id)
        .where(*due)
        .order_by(chunk.c.due_at, chunk.c.id)
        .limit(1)
    )
    if (
        connection.dialect.name == "postgresql"
    ):  # the limit must be taken, and the row locked, before the update looks
        query = query.with_for_update(skip_locked=True, of=chunk)
    chosen = query.cte("chosen").prefix_with("MATERIALIZED", dialect="postgresql")
    return (
        update(chunk)
        .where(chunk.c.id.in_(select(chosen.c.id)), chunk.c.worker_id.is_(None))
        .values(worker_id=worker_id, fence=chunk.c.fence + 1)
        .returning(chunk.c.id, chunk.c.dispatch_id, chunk.c.no, chunk.c.variant, chunk.c.fence)
    )


_CLAIM = Hot(partial(_claim, of_dispatch=False))
_CLAIM_OF = Hot(partial(_claim, of_dispatch=True))
_REVISION = Hot(lambda _: select(dispatch.c.revision).where(dispatch.c.id == bindparam("id", type_=String)))


def claim(
    connection: Connection, worker_id: str, *, now: datetime, dispatch_id: str | None = None
) -> Lease | None:
    """Lease the chunk that is due longest, of a dispatch that is sending.

    None when there is none for this worker now: nothing is due, it was taken for dead (its next life is another worker), or
    it has a suspect in hand. A suspect is a chunk taken apart because it killed its workers: it is leased to a worker
    that holds nothing else, so that another death has one explanation. Deferred rows whose time has not come, rows at
    the dot, in doubt or done are not in the lease.
    """
    values = {"worker": worker_id, "now": stamp(connection, now)}
    claiming = _CLAIM_OF if dispatch_id is not None else _CLAIM
    if dispatch_id is not None:
        values["dispatch"] = dispatch_id
    found = claiming.run(connection, **values)
    if not found:
        return None
    taken = Held(*found[0])
    revision = _REVISION.run(connection, id=taken.dispatch_id)[0][0]
    return Lease(
        chunk_id=taken.id,
        dispatch_id=taken.dispatch_id,
        no=taken.no,
        worker_id=worker_id,
        fence=taken.fence,
        variant=taken.variant,
        revision=revision,
        rows=tuple(Row._make(row[: len(Row._fields)]) for row in due_rows(connection, taken, now=now)),
    )


def lock_leases(connection: Connection, leases: Iterable[Lease]) -> None:
    """Make whoever would pause, revise, cancel or recover these wait for this transaction, or be seen by it.

    PostgreSQL needs the rows locked, always dispatches before chunks; SQLite has one writer.
    """
    if connection.dialect.name != "postgresql":
        return
    held = [(lease.dispatch_id, lease.chunk_id) for lease in leases]
    for table, ids in (
        (dispatch, {dispatch_id for dispatch_id, _ in held}),
        (chunk, {chunk_id for _, chunk_id in held}),
    ):
        if not ids:
            return
        query = select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update(read=True)
        connection.execute(query).all()


def _ours(lease: Lease) -> ColumnElement[bool]:
    return and_(
        chunk.c.id == lease.chunk_id, chunk.c.worker_id == lease.worker_id, chunk.c.fence == lease.fence
    )


_COLUMNS = {"delivery_id": BigInteger()}


def _waited_for(connection: Connection) -> Executable:
    entry = group(connection, _COLUMNS)
    of_worker = note.c.worker_id == bindparam("worker_id", type_=String)
    return (
        select(literal(1))
        .where(note.c.delivery_id.in_(select(entry.c.delivery_id)), of_worker, unanswered())
        .limit(1)
    )


_WAITED_FOR = Hot(_waited_for, _COLUMNS)


def _at_the_dot(connection: Connection, lease: Lease) -> bool:
    """Whether a row of the lease is marked and has no outcome yet: only this worker, or its recovery, may settle it."""
    rows = [(row.delivery_id,) for row in lease.rows]
    return bool(rows) and bool(_WAITED_FOR.run(connection, rows, worker_id=lease.worker_id))


def release(connection: Connection, lease: Lease) -> bool:
    """Give a lease back unfinished: its unmarked rows are free for the next claim.

    False, and nothing done, when the lease was lost, or while a row of it waits for the reply to its dot.
    """
    if _at_the_dot(connection, lease):
        return False
    result = connection.execute(update(chunk).where(_ours(lease)).values(worker_id=None))
    return bool(result.rowcount)


def _close(_connection: Connection) -> Executable:
    return (
        update(chunk)
        .where(
            chunk.c.id == bindparam("chunk", type_=BigInteger),
            chunk.c.worker_id == bindparam("worker", type_=String),
            chunk.c.fence == bindparam("of_fence", type_=Integer),
        )
        .values(worker_id=None, done=True)
        .returning(chunk.c.id)
    )


_CLOSE = Hot(_close)


def close_chunk(connection: Connection, lease: Lease) -> bool:
    """Finish a chunk: its deferred rows go into retry chunks by the minute they are due.

    False, and nothing done, when the lease was lost, or while a row of it waits for the reply to its dot. Whoever lets rows wait again
    by hand has come to an end before, and is seen, or begins after it, and sees the chunk closed.
    """
    lock_leases(connection, [lease])
    some_left = anyone_left(connection, lease.held)
    if some_left and _at_the_dot(connection, lease):
        return False
    if not _CLOSE.run(connection, chunk=lease.chunk_id, worker=lease.worker_id, of_fence=lease.fence):
        return False
    if some_left:
        _list_anew(connection, lease.held)
    return True


def _list_anew(connection: Connection, closed: Held) -> None:
    due_at, wave = connection.execute(
        select(chunk.c.due_at, chunk.c.wave).where(chunk.c.id == closed.id)
    ).one()
    by_minute: dict[datetime, list[tuple[datetime, int]]] = {}
    for row in waiting_rows(connection, closed):
        again = row.next_at or due_at
        by_minute.setdefault(again.replace(second=0, microsecond=0), []).append((again, row.id))
    for rows in by_minute.values():
        latest = max(again for again, _ in rows)
        ids = [id_ for _, id_ in rows]
        add_retry_chunks(connection, closed.dispatch_id, closed.variant, ids, due_at=latest, wave=wave)
