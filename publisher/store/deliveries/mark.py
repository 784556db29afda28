"""The mark: durable before the final dot leaves, and only for those who may still be mailed.

One INSERT … SELECT … RETURNING for a group of deliveries. Its conditions are the promises: the lease is ours by its fence,
the dispatch is sending at this revision and has not expired, the row is neither done nor marked, and its reader is
mailable now. A delivery that is not returned is not sent: its connection is closed without the dot.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Integer, and_, bindparam, exists, func, literal, or_, select
from sqlalchemy import String as Text

from publisher.store.db import insert
from publisher.store.deliveries.lease import Lease
from publisher.store.schema import chunk, delivery, dispatch, note, outcome
from subscribers import audience
from subscribers.columns import UtcTime

__all__ = ["mark", "why_refused"]


def mark(
    connection: Connection, lease: Lease, entries: Sequence[tuple[int, int]], *, now: datetime
) -> frozenset[int]:
    """Note as committing those of `entries` ((delivery id, try) pairs of one lease) that may go; returns their ids."""
    ids = [delivery_id for delivery_id, _ in entries]
    tries = dict(entries)
    if connection.dialect.name == "postgresql":
        people = (
            connection.execute(select(delivery.c.subscriber_id).where(delivery.c.id.in_(ids))).scalars().all()
        )
        audience.lock_for_mark(connection, [person for person in people if person is not None])
        connection.execute(
            select(dispatch.c.id).where(dispatch.c.id == lease.dispatch_id).with_for_update(read=True)
        ).all()
    last = func.coalesce(
        select(func.max(outcome.c["try"])).where(outcome.c.delivery_id == delivery.c.id).scalar_subquery(), 0
    )
    ended = exists(
        select(literal(1)).where(
            outcome.c.delivery_id == delivery.c.id, outcome.c["try"] == last, outcome.c.state != "queued"
        )
    )
    noted = exists(select(literal(1)).where(note.c.delivery_id == delivery.c.id, note.c["try"] > last))
    allowed = (
        select(
            delivery.c.id,
            (last + 1).label("try"),
            literal(lease.fence, Integer),
            literal(lease.worker_id, Text),
            literal(lease.revision, Integer),
            bindparam("now", now, UtcTime()),
        )
        .join(dispatch, dispatch.c.id == delivery.c.dispatch_id)
        .join(chunk, chunk.c.id == lease.chunk_id)
        .where(
            delivery.c.id.in_(ids),
            chunk.c.worker_id == lease.worker_id,
            chunk.c.fence == lease.fence,
            dispatch.c.state == "sending",
            dispatch.c.revision == lease.revision,
            dispatch.c.expires_at > now,
            ~ended,
            ~noted,
            or_(
                dispatch.c.kind == "test",
                and_(
                    delivery.c.subscriber_id.is_not(None),
                    audience.mailable(delivery.c.subscriber_id, dispatch.c.digest),
                ),
            ),
        )
    )
    columns = ["delivery_id", "try", "fence", "worker_id", "revision", "at"]
    marked = connection.execute(
        insert(connection, note).from_select(columns, allowed).returning(note.c.delivery_id, note.c["try"])
    ).all()
    return frozenset(row.delivery_id for row in marked if tries[row.delivery_id] == row[1])


def why_refused(connection: Connection, lease: Lease, delivery_id: int, *, now: datetime) -> tuple[str, str]:
    """Why the mark passed a delivery over: (what, detail), what is "suppressed", "expired" or "not-ours".

    "not-ours": the lease is lost, or the dispatch is no longer sending at this revision: nothing is to be recorded.
    """
    row = connection.execute(
        select(
            delivery.c.subscriber_id,
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
    why = (
        audience.why_not(connection, row.subscriber_id, row.digest) if row.subscriber_id is not None else None
    )
    if why is not None:
        return "suppressed", why
    return "not-ours", "the lease was lost"
