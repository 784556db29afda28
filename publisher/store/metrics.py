"""Figures for whoever watches the house: few, cheap, and with labels that the configuration bounds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, func, literal, or_, select

from publisher.ledger import DispatchState
from publisher.store.schema import chunk, dispatch, public_file, worker
from subscribers.schema import suppression

__all__ = ["due_chunks", "newest_dispatch", "open_by_state", "public_files", "suppressed", "workers"]


def open_by_state(connection: Connection) -> dict[str, int]:
    """Dispatches in which somebody waits, or not everybody is yet, by state."""
    waits = exists(select(literal(1)).where(chunk.c.dispatch_id == dispatch.c.id, ~chunk.c.done))
    alive = dispatch.c.state != DispatchState.CANCELLED
    query = select(dispatch.c.state, func.count()).where(alive, or_(dispatch.c.frozen_at.is_(None), waits))
    return {row[0]: row[1] for row in connection.execute(query.group_by(dispatch.c.state))}


def newest_dispatch(connection: Connection, digest: str) -> Row[Any] | None:
    """The newest dispatch of a digest to its readers."""
    query = select(dispatch).where(dispatch.c.digest == digest, dispatch.c.kind == "digest")
    return connection.execute(query.order_by(dispatch.c.created_at.desc()).limit(1)).one_or_none()


def due_chunks(connection: Connection, *, now: datetime) -> tuple[int, datetime | None]:
    """Chunks that are due and in nobody's hand, of dispatches that are sending: how many, and since when the first."""
    query = (
        select(func.count(), func.min(chunk.c.due_at))
        .join(dispatch, dispatch.c.id == chunk.c.dispatch_id)
        .where(
            dispatch.c.state == DispatchState.SENDING,
            chunk.c.wave <= dispatch.c.wave,
            ~chunk.c.done,
            chunk.c.worker_id.is_(None),
            chunk.c.due_at <= now,
        )
    )
    row = connection.execute(query).one()
    return row[0], row[1]


def workers(connection: Connection) -> int:
    """Senders that are registered; a dead one until it is recovered."""
    return connection.execute(select(func.count()).select_from(worker)).scalar_one()


def suppressed(connection: Connection) -> dict[str, int]:
    """Suppressed addresses by cause."""
    query = select(suppression.c.cause, func.count()).group_by(suppression.c.cause)
    return {row[0]: row[1] for row in connection.execute(query)}


def public_files(connection: Connection) -> int:
    """Public files that are there."""
    return connection.execute(
        select(func.count()).select_from(public_file).where(public_file.c.status == 200)
    ).scalar_one()
