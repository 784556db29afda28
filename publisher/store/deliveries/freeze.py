"""Opening a dispatch and writing its deliveries: resumable at any instant, doubled by none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, func, select, update

from publisher.store.db import insert
from publisher.store.schema import chunk, delivery, dispatch

__all__ = ["CHUNK", "NewDelivery", "NewDispatch", "add_deliveries", "finish_freeze", "open_dispatch"]

CHUNK = 200
"""Deliveries of one lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDispatch:
    """A dispatch to be opened in state `freezing`."""

    id: str
    edition_id: str
    kind: str
    digest: str
    revision: int
    policy: str
    token_key: int
    date: datetime
    expires_at: datetime
    actor: str
    created_at: datetime
    send_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """One edition to one address."""

    variant: str
    subscriber_id: int | None
    addr_key: bytes
    rcpt: str
    message_id: str


def open_dispatch(connection: Connection, new: NewDispatch) -> bool:
    """Write the dispatch; False when this edition has one, or its send token was used: one edition, one dispatch."""
    result = connection.execute(
        insert(connection, dispatch).values(**asdict(new), state="freezing").on_conflict_do_nothing()
    )
    return bool(result.rowcount)


def add_deliveries(
    connection: Connection, dispatch_id: str, rows: Sequence[NewDelivery], *, due_at: datetime
) -> int:
    """Append deliveries in chunks of one variant each; those already written are passed over. Returns how many are new.

    Chunks are numbered on from what is there, so that a freeze that was cut short goes on where it stopped.
    """
    head = connection.execute(
        select(dispatch.c.edition_id, dispatch.c.kind).where(
            dispatch.c.id == dispatch_id, dispatch.c.state == "freezing"
        )
    ).one()
    known = {
        bytes(row.addr_key)
        for start in range(0, len(rows), 500)
        for row in connection.execute(
            select(delivery.c.addr_key).where(
                delivery.c.dispatch_id == dispatch_id,
                delivery.c.addr_key.in_([row.addr_key for row in rows[start : start + 500]]),
            )
        )
    }
    fresh = [row for row in rows if row.addr_key not in known]
    last = connection.execute(
        select(func.coalesce(func.max(chunk.c.no), 0)).where(chunk.c.dispatch_id == dispatch_id)
    ).scalar_one()
    added = 0
    for variant, group in groupby(fresh, key=lambda row: row.variant):
        members = list(group)
        for start in range(0, len(members), CHUNK):
            last += 1
            part = members[start : start + CHUNK]
            connection.execute(
                insert(connection, chunk).values(
                    dispatch_id=dispatch_id, no=last, variant=variant, due_at=due_at
                )
            )
            result = connection.execute(
                insert(connection, delivery).on_conflict_do_nothing(),
                [
                    {
                        "dispatch_id": dispatch_id,
                        "edition_id": head.edition_id,
                        "kind": head.kind,
                        "chunk_no": last,
                        **asdict(row),
                    }
                    for row in part
                ],
            )
            added += len(part) if result.rowcount < 0 else result.rowcount
    return added


def finish_freeze(connection: Connection, dispatch_id: str, *, now: datetime) -> None:
    """All deliveries are written: the dispatch may send."""
    connection.execute(
        update(dispatch)
        .where(dispatch.c.id == dispatch_id, dispatch.c.state == "freezing")
        .values(state="sending", frozen_at=now)
    )
