"""The mark: durable before the final dot leaves, and only for those who may still be mailed.

One INSERT … SELECT … RETURNING for a group of deliveries. Its conditions are the promises: the lease is ours by its fence,
the dispatch is sending at this revision and has not expired, the row waits and nobody has marked this try, its address is
not suppressed and its reader is mailable now (a notice, kind tx, answers somebody who is not mailable yet, or has left). A delivery that is not returned is not sent: its connection is closed
without the dot. On PostgreSQL dispatch, chunk and readers are locked first: the statement alone would let an unsubscribe
slip in between its look and its commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    String,
    and_,
    bindparam,
    exists,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from publisher.store.db import insert
from publisher.store.deliveries.hot import HotInsert, group, stamp
from publisher.store.deliveries.lease import Lease, lock_leases
from publisher.store.schema import chunk, delivery, dispatch, note, outcome
from subscribers import audience
from subscribers.columns import UtcTime
from subscribers.schema import suppression

__all__ = ["mark", "why_refused"]


_COLUMNS: dict[str, TypeEngine[Any]] = {"delivery_id": BigInteger(), "try": Integer()}


def _mark(connection: Connection) -> sqlite.Insert | postgresql.Insert:
    entry = group(connection, _COLUMNS)
    before = and_(outcome.c.delivery_id == delivery.c.id, outcome.c["try"] == entry.c["try"] - 1)
    waits = or_(entry.c["try"] == 1, exists(select(literal(1)).where(before, outcome.c.state == "queued")))
    settled = and_(outcome.c.delivery_id == delivery.c.id, outcome.c["try"] >= entry.c["try"])
    marked = and_(note.c.delivery_id == delivery.c.id, note.c["try"] >= entry.c["try"])
    worker_id, fence = bindparam("worker_id", type_=String), bindparam("fence", type_=Integer)
    revision, now = bindparam("revision", type_=Integer), bindparam("now", type_=UtcTime)
    going = and_(
        chunk.c.id == bindparam("chunk_id", type_=BigInteger),
        chunk.c.worker_id == worker_id,
        chunk.c.fence == fence,
        dispatch.c.state == "sending",
        dispatch.c.revision == revision,
        dispatch.c.expires_at > now,
    )

    def of_dispatch(column: ColumnElement[str]) -> ColumnElement[str]:
        """Something of the dispatch, if it goes on and the lease is ours: looked up once for all rows, and NULL otherwise."""
        under_way = dispatch.join(chunk, chunk.c.dispatch_id == dispatch.c.id)
        return select(column).select_from(under_way).where(going).correlate(None).scalar_subquery()

    wanted = or_(
        of_dispatch(dispatch.c.kind) == "test",
        of_dispatch(dispatch.c.kind) == "tx",
        audience.mailable(delivery.c.subscriber_id, of_dispatch(dispatch.c.digest)),
    )
    refused = and_(  # who has left may ask to come back, and is asked whether it was they
        suppression.c.addr_key == delivery.c.addr_key,
        or_(delivery.c.kind != "tx", suppression.c.cause != "left"),
    )
    allowed = (
        select(delivery.c.id, entry.c["try"], fence, worker_id, revision, now)
        .select_from(entry)
        .join(delivery, delivery.c.id == entry.c.delivery_id)
        .where(
            waits,
            ~exists(select(literal(1)).where(settled)),
            ~exists(select(literal(1)).where(marked)),
            ~exists(select(literal(1)).where(refused)),
            delivery.c.dispatch_id == of_dispatch(dispatch.c.id),
            wanted,
        )
    )
    columns = ["delivery_id", "try", "fence", "worker_id", "revision", "at"]
    return insert(connection, note).from_select(columns, allowed).on_conflict_do_nothing()


_MARK = HotInsert(_mark, _COLUMNS, into=note, returning=["delivery_id"])


def mark(
    connection: Connection, lease: Lease, entries: Sequence[tuple[int, int]], *, now: datetime
) -> frozenset[int]:
    """Note as committing those of `entries` ((delivery id, try) pairs of one lease) that may go; returns their ids."""
    if not entries:
        return frozenset()
    lock_leases(connection, [lease])
    if connection.dialect.name == "postgresql":
        asked = select(delivery.c.subscriber_id).where(
            delivery.c.id.in_([delivery_id for delivery_id, _ in entries]),
            delivery.c.subscriber_id.is_not(None),
        )
        audience.lock_for_mark(connection, connection.execute(asked).scalars().all())
    marked = _MARK.insert(
        connection,
        entries,
        chunk_id=lease.chunk_id,
        worker_id=lease.worker_id,
        fence=lease.fence,
        revision=lease.revision,
        now=stamp(connection, now),
    )
    return frozenset(row[0] for row in marked)


def why_refused(connection: Connection, lease: Lease, delivery_id: int, *, now: datetime) -> tuple[str, str]:
    """Why the mark passed a delivery over: (what, detail), what is "suppressed", "expired" or "not-ours".

    "not-ours": the lease is lost, or the dispatch is no longer sending at this revision: nothing is to be recorded.
    """
    row = connection.execute(
        select(
            delivery.c.subscriber_id,
            delivery.c.addr_key,
            dispatch.c.kind,
            dispatch.c.state,
            dispatch.c.revision,
            dispatch.c.expires_at,
            dispatch.c.digest,
        )
        .join(dispatch, dispatch.c.id == delivery.c.dispatch_id)
        .where(delivery.c.id == delivery_id)
    ).one()
    if row.state != "sending" or row.revision != lease.revision:
        return "not-ours", f"the dispatch is {row.state}"
    if row.expires_at <= now:
        return "expired", "past the dispatch's end"
    refusal = audience.suppressed(connection, row.addr_key)
    if refusal is not None and (row.kind != "tx" or refusal.cause != "left"):
        return "suppressed", refusal.cause
    if row.kind not in {"test", "tx"}:
        wanted = audience.still_wanted(connection, row.subscriber_id, row.digest)
        if isinstance(wanted, audience.No):
            return "suppressed", wanted.reason
    return "not-ours", "the lease was lost"
