"""Which deliveries belong to a chunk, and which of them still wait. A waiting row is in an open chunk, always."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
)

from publisher.store.db import insert
from publisher.store.deliveries.hot import Hot, stamp
from publisher.store.schema import chunk, chunk_member, delivery, note, outcome
from subscribers.columns import UtcTime

__all__ = [
    "CHUNK",
    "Held",
    "add_retry_chunks",
    "anyone_left",
    "due_rows",
    "in_open_chunk",
    "members",
    "unanswered",
    "waiting_rows",
]

CHUNK = 200
"""Deliveries of one lease, at most."""


class Held(NamedTuple):
    """A chunk just leased, or just closed."""

    id: int
    dispatch_id: str
    no: int | None
    variant: str
    fence: int


def members(held: Row[Any]) -> ColumnElement[bool]:
    """The condition that a delivery belongs to this chunk (a row with id, dispatch_id and no)."""
    if held.no is None:
        return _listed_in(literal(held.id))
    return _numbered(literal(held.dispatch_id), literal(held.no))


def _numbered(dispatch_id: ColumnElement[str], no: ColumnElement[int]) -> ColumnElement[bool]:
    return and_(delivery.c.dispatch_id == dispatch_id, delivery.c.chunk_no == no)


def _listed_in(chunk_id: ColumnElement[int]) -> ColumnElement[bool]:
    return delivery.c.id.in_(select(chunk_member.c.delivery_id).where(chunk_member.c.chunk_id == chunk_id))


def _of_key(*, first: bool) -> ColumnElement[bool]:
    """`members` of a chunk whose key is given when the statement runs."""
    if first:
        return _numbered(bindparam("dispatch_id", type_=String), bindparam("no", type_=Integer))
    return _listed_in(bindparam("chunk_id", type_=BigInteger))


def _key(held: Row[Any] | Held) -> dict[str, Any]:
    if held.no is None:
        return {"chunk_id": held.id}
    return {"dispatch_id": held.dispatch_id, "no": held.no}


_LAST = outcome.alias("last")


def _over_tries(what: ColumnElement[Any]) -> ColumnElement[Any]:
    return select(what).where(outcome.c.delivery_id == delivery.c.id).scalar_subquery()


def _times(which: ColumnElement[bool]) -> ColumnElement[int]:
    """Most rows have no try behind them, and need no sum over their tries."""
    return case((_LAST.c["try"].is_(None), 0), else_=_over_tries(func.sum(case((which, 1), else_=0))))


_NEWEST = and_(
    _LAST.c.delivery_id == delivery.c.id, _LAST.c["try"] == _over_tries(func.max(outcome.c["try"]))
)
_PENDING = or_(_LAST.c.state.is_(None), _LAST.c.state == "queued")
_LATER = and_(note.c.delivery_id == delivery.c.id, note.c["try"] > func.coalesce(_LAST.c["try"], 0))
_MARKED = exists(select(literal(1)).where(_LATER))


def _waiting(*, first: bool) -> Select[Any]:
    return (
        select(
            delivery.c.id,
            (func.coalesce(_LAST.c["try"], 0) + 1).label("try_no"),
            delivery.c.subscriber_id,
            delivery.c.addr_key,
            delivery.c.rcpt,
            delivery.c.message_id,
            _times(outcome.c.charged).label("charged"),
            _times(outcome.c.state == "uncertain").label("doubts"),
            _LAST.c.next_at,
        )
        .select_from(delivery)
        .outerjoin(_LAST, _NEWEST)
        .where(_of_key(first=first), _PENDING, ~_MARKED)
        .order_by(delivery.c.id)
    )


_WAITING = {first: _waiting(first=first) for first in (True, False)}


def _due(_connection: Connection, *, first: bool) -> Select[Any]:
    next_at = _WAITING[first].selected_columns.next_at
    return _WAITING[first].where(or_(next_at.is_(None), next_at <= bindparam("now", type_=UtcTime)))


_DUE = {first: Hot(partial(_due, first=first)) for first in (True, False)}


def _left(_connection: Connection, *, first: bool) -> Select[Any]:
    every = select(literal(1)).select_from(delivery).outerjoin(_LAST, _NEWEST)
    return every.where(_of_key(first=first), or_(_PENDING, _MARKED)).limit(1)


_LEFT = {first: Hot(partial(_left, first=first)) for first in (True, False)}


def anyone_left(connection: Connection, held: Held) -> bool:
    """Whether a row of the chunk waits, or is at the dot."""
    return bool(_LEFT[held.no is not None].run(connection, **_key(held)))


def waiting_rows(connection: Connection, held: Row[Any] | Held) -> Sequence[Row[Any]]:
    """Rows of the chunk that are neither final nor in doubt nor at the dot; `try_no` is their next try's number."""
    return connection.execute(_WAITING[held.no is not None], _key(held)).all()


def due_rows(connection: Connection, held: Held, *, now: datetime) -> Sequence[Sequence[Any]]:
    """Those of them whose time has come: values in the order of `lease.Row`'s fields, then one more."""
    return _DUE[held.no is not None].run(connection, now=stamp(connection, now), **_key(held))


def unanswered() -> ColumnElement[bool]:
    """The condition that a note has no outcome: its row is at the dot, or in doubt if its worker is dead."""
    answered = select(literal(1)).where(
        outcome.c.delivery_id == note.c.delivery_id, outcome.c["try"] >= note.c["try"]
    )
    return ~exists(answered)


def add_retry_chunks(
    connection: Connection,
    dispatch_id: str,
    variant: str,
    ids: Sequence[int],
    *,
    due_at: datetime,
    deaths: int = 0,
    wave: int = 1,
) -> None:
    """List rows of one variant to be tried (again) from `due_at` on, in as many chunks as they need."""
    for start in range(0, len(ids), CHUNK):
        new = connection.execute(
            insert(connection, chunk)
            .values(dispatch_id=dispatch_id, variant=variant, due_at=due_at, deaths=deaths, wave=wave)
            .returning(chunk.c.id)
        ).scalar_one()
        listed = [{"chunk_id": new, "delivery_id": id_} for id_ in ids[start : start + CHUNK]]
        connection.execute(insert(connection, chunk_member), listed)


def in_open_chunk(connection: Connection, ids: Collection[int]) -> set[int]:
    """Which of these (at most some hundred) deliveries an open chunk names, leased or not."""
    own = and_(chunk.c.dispatch_id == delivery.c.dispatch_id, chunk.c.no == delivery.c.chunk_no)
    listed = and_(chunk.c.dispatch_id == delivery.c.dispatch_id, chunk.c.no.is_(None))
    member = and_(chunk_member.c.chunk_id == chunk.c.id, chunk_member.c.delivery_id == delivery.c.id)
    query = select(delivery.c.id).where(
        delivery.c.id.in_(ids),
        or_(
            exists(select(literal(1)).select_from(chunk).where(own, ~chunk.c.done)),
            exists(
                select(literal(1)).select_from(chunk).join(chunk_member, member).where(listed, ~chunk.c.done)
            ),
        ),
    )
    return set(connection.execute(query).scalars())
