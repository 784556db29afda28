"""Opening a dispatch and writing its deliveries: resumable at any instant, doubled by none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, literal, literal_column, select, update

from publisher.store.db import insert, insert_once
from publisher.store.deliveries.chunks import CHUNK
from publisher.store.schema import chunk, delivery, dispatch

__all__ = [
    "NewDelivery",
    "NewDispatch",
    "add_deliveries",
    "finish_freeze",
    "open_dispatch",
    "settle_letter",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDispatch:
    """A dispatch to be opened in state `freezing`; `edition_id` None: one of notices, kind "tx", or of a follow-up. `letter`: what its mails say of the house (`series.Letter`), as JSON.

    `followup_id`: what those who have a story of the dispatch `answers` are told; both, or none.
    `wave`: 0 when only those of the canary are to be sent to first, under the rule `canary`.
    """

    id: str
    edition_id: str | None
    kind: str
    digest: str
    revision: int
    policy: str
    token_key: int
    date: datetime
    expires_at: datetime
    actor: str
    created_at: datetime
    letter: dict[str, Any] | None = None
    wave: int = 1
    canary: dict[str, Any] | None = None
    followup_id: str | None = None
    answers: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """One edition to one address; `wave` 0: before all others."""

    variant: str
    subscriber_id: int | None
    addr_key: bytes
    rcpt: str
    message_id: str
    wave: int = 1


def open_dispatch(connection: Connection, new: NewDispatch) -> bool:
    """Write the dispatch; False when this edition has one: one edition, one dispatch."""
    return insert_once(connection, dispatch, {**asdict(new), "state": "freezing"})


def settle_letter(connection: Connection, dispatch_id: str, letter: dict[str, Any]) -> dict[str, Any]:
    """Give a dispatch that was opened without one its letter, unless somebody was faster; returns the one it has."""
    mine = update(dispatch).where(dispatch.c.id == dispatch_id, dispatch.c.letter.is_(None))
    connection.execute(mine.values(letter=letter))
    query = select(dispatch.c.letter).where(dispatch.c.id == dispatch_id)
    settled: dict[str, Any] = connection.execute(query).scalar_one()
    return settled


def add_deliveries(
    connection: Connection, dispatch_id: str, rows: Sequence[NewDelivery], *, due_at: datetime
) -> int:
    """Append deliveries in chunks of one variant each; those already written are passed over. Returns how many are new.

    Chunks are numbered on from what is there, so that a freeze that was cut short goes on where it stopped; two that run
    at the same time take turns. A freeze goes on while its dispatch is halted; to one that is frozen or was cancelled
    nothing is added.
    """
    head = connection.execute(
        select(dispatch.c.edition_id, dispatch.c.kind)
        .where(dispatch.c.id == dispatch_id, dispatch.c.frozen_at.is_(None), dispatch.c.state != "cancelled")
        .with_for_update()
    ).one_or_none()
    if head is None:
        return 0
    # An edition has one dispatch of kind "digest": asked in so many words, the partial unique index answers.
    here = (
        and_(delivery.c.edition_id == head.edition_id, delivery.c.kind == literal_column("'digest'"))
        if head.kind == "digest"
        else delivery.c.dispatch_id == dispatch_id
    )
    known: set[bytes] = set()
    for start in range(0, len(rows), 500):
        keys = [row.addr_key for row in rows[start : start + 500]]
        written = select(delivery.c.addr_key).where(here, delivery.c.addr_key.in_(keys))
        known.update(bytes(key) for key in connection.execute(written).scalars())
    fresh = [row for row in rows if row.addr_key not in known]
    last = connection.execute(
        select(func.coalesce(func.max(chunk.c.no), 0)).where(chunk.c.dispatch_id == dispatch_id)
    ).scalar_one()
    ordered = sorted(fresh, key=lambda row: row.wave)
    for (wave, variant), same in groupby(ordered, key=lambda row: (row.wave, row.variant)):
        group = list(same)
        for start in range(0, len(group), CHUNK):
            last += 1
            connection.execute(
                insert(connection, chunk).values(
                    dispatch_id=dispatch_id, no=last, variant=variant, due_at=due_at, wave=wave
                )
            )
            new = {
                "dispatch_id": dispatch_id,
                "edition_id": head.edition_id or "",
                "kind": head.kind,
                "chunk_no": last,
            }
            connection.execute(  # RETURNING, unread, makes SQLAlchemy send them as one statement
                insert(connection, delivery).returning(delivery.c.id),
                [new | _columns(row) for row in group[start : start + CHUNK]],
            )
    return len(fresh)


def _columns(row: NewDelivery) -> dict[str, Any]:
    """What stands in the row itself; the wave is its chunk's."""
    columns = asdict(row)
    del columns["wave"]
    return columns


def finish_freeze(connection: Connection, dispatch_id: str, *, now: datetime) -> None:
    """All deliveries are written: the dispatch may send, or stays halted if it was halted meanwhile. A canary of nobody is none."""
    first = select(literal(1)).where(chunk.c.dispatch_id == dispatch_id, chunk.c.wave == 0)
    connection.execute(
        update(dispatch)
        .where(dispatch.c.id == dispatch_id, dispatch.c.frozen_at.is_(None))
        .values(
            frozen_at=now,
            state=case((dispatch.c.state == "freezing", "sending"), else_=dispatch.c.state),
            wave=case((exists(first), dispatch.c.wave), else_=1),
        )
    )
