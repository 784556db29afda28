"""Outcomes: what became of a try, appended once and never changed.

The fence: an outcome that names its lease is taken if the try was marked under that lease, or if nobody marked it and the
lease is still held. A worker that was taken for dead changes nothing, but the reply to its dot is the truth: it is appended
under the row's next number, as long as the row is in doubt or waits to be sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Integer,
    Text,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from publisher.ledger import Outcome, State
from publisher.store.db import insert
from publisher.store.deliveries.ending import end_waiting
from publisher.store.deliveries.hot import HotInsert, flag, group, stamp
from publisher.store.deliveries.lease import Lease, lock_leases
from publisher.store.schema import chunk, delivery, delivery_state, dispatch, note, outcome
from subscribers.columns import UtcTime

__all__ = ["Recorded", "record"]

REPLY, CAUSE = 512, 64
"""Characters kept of what a server said, and of what we say about it."""


class Recorded(NamedTuple):
    """An outcome of one try; `next_at` stands with state `queued` and with no other.

    `lease`: under which it was tried; None for what recovery or a person decides. `actor`: the person.
    """

    delivery_id: int
    try_no: int
    outcome: Outcome
    at: datetime
    next_at: datetime | None = None
    actor: str | None = None
    lease: Lease | None = None


_EACH: dict[str, TypeEngine[Any]] = {
    "delivery_id": BigInteger(),
    "try": Integer(),
    "next_at": UtcTime(),
    "reply": Text(),
}
_ALIKE: dict[str, TypeEngine[Any]] = {
    "state": Text(),
    "charged": Boolean(),
    "scope": Text(),
    "code": Integer(),
    "enhanced": Text(),
    "cause": Text(),
    "relay": Text(),
    "actor": Text(),
    "at": UtcTime(),
}
"""What many outcomes of a group have in common: it goes to the database once for all of them, for most of what a row costs is its values."""
_LEASE: dict[str, TypeEngine[Any]] = {"chunk_id": BigInteger(), "worker_id": Text(), "fence": Integer()}
_NO_LEASE = (None, None, None)


def _record(connection: Connection) -> sqlite.Insert | postgresql.Insert:
    entry = group(connection, _EACH)
    alike = {name: bindparam(name, type_=type_) for name, type_ in (_ALIKE | _LEASE).items()}
    this_try = and_(note.c.delivery_id == entry.c.delivery_id, note.c["try"] == entry.c["try"])
    ours = and_(note.c.worker_id == alike["worker_id"], note.c.fence == alike["fence"])
    held = and_(
        chunk.c.id == alike["chunk_id"],
        chunk.c.worker_id == alike["worker_id"],
        chunk.c.fence == alike["fence"],
    )
    values = [*(entry.c[name] for name in _EACH), *(alike[name] for name in _ALIKE)]
    taken = (
        select(*values)
        .select_from(entry)
        .where(
            or_(
                alike["worker_id"].is_(None),
                exists(select(literal(1)).where(this_try, ours)),
                and_(~exists(select(literal(1)).where(this_try)), exists(select(literal(1)).where(held))),
            )
        )
    )
    return insert(connection, outcome).from_select([*_EACH, *_ALIKE], taken).on_conflict_do_nothing()


_RECORD = HotInsert(_record, _EACH, into=outcome, returning=["delivery_id", "try"])


def record(connection: Connection, entries: Sequence[Recorded]) -> int:
    """Append outcomes; returns how many were taken. One (delivery, try) has one outcome: the first stands.

    A deferral in a dispatch that was cancelled meanwhile is ended with it.
    """
    if not entries:
        return 0
    lock_leases(connection, (entry.lease for entry in entries if entry.lease is not None))
    new: list[Sequence[Any]] = []
    parts = _parted(connection, entries)
    for alike, rows in parts.items():
        common = dict(zip((*_ALIKE, *_LEASE), alike, strict=True))
        new += _RECORD.insert(connection, rows, **common)
    if len(new) < len(entries):
        known = set(map(tuple, new))
        for entry in entries:
            if entry.lease is not None and (entry.delivery_id, entry.try_no) not in known:
                _late(connection, entry)
    if any(state == State.QUEUED for state, *_ in parts):
        deferred = [entry.delivery_id for entry in entries if entry.outcome.state is State.QUEUED]
        _end_if_cancelled(connection, deferred, now=entries[0].at)
    return len(new)


def _parted(
    connection: Connection, entries: Sequence[Recorded]
) -> dict[tuple[Any, ...], list[tuple[Any, ...]]]:
    """What some have in common -> what each of them has by itself. Neighbours are mostly alike to the very objects."""
    parts: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    last: Recorded | None = None
    rows: list[tuple[Any, ...]] = []
    reply: str | None = None
    for entry in entries:
        delivery_id, try_no, what, at, next_at, actor, lease = entry
        if last is None or not (
            what is last.outcome and lease is last.lease and at is last.at and actor == last.actor
        ):
            last, reply = entry, _plain(what.reply, REPLY)
            rows = parts.setdefault(_common(connection, entry), [])
        wait = stamp(connection, next_at) if next_at and what.state is State.QUEUED else None
        rows.append((delivery_id, try_no, wait, reply))
    return parts


def _common(connection: Connection, entry: Recorded) -> tuple[Any, ...]:
    what, lease = entry.outcome, entry.lease
    return (
        str(what.state),
        flag(connection, what.charged),
        what.scope,
        what.code,
        _plain(what.enhanced, 16),
        _plain(what.cause, CAUSE),
        what.relay,
        entry.actor,
        stamp(connection, entry.at),
        *((lease.chunk_id, lease.worker_id, lease.fence) if lease else _NO_LEASE),
    )


def _plain(text: str | None, limit: int) -> str | None:
    """Text that both databases can hold: a server's NUL or broken bytes must not cost us the outcome."""
    if text is None or text.isprintable():
        return text and text[:limit]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:limit])[
        :limit
    ]


def _late(connection: Connection, entry: Recorded) -> None:
    """A reply to our own dot that comes after recovery has settled the try: keep it where it settles the doubt."""
    if entry.lease is None or entry.outcome.state not in {State.ACCEPTED, State.FAILED}:
        return
    present = connection.execute(
        select(delivery_state.c.state, delivery_state.c.last_try).where(
            delivery_state.c.delivery_id == entry.delivery_id
        )
    ).one()
    tries = select(func.max(note.c["try"])).where(note.c.delivery_id == entry.delivery_id)
    own = and_(
        note.c.delivery_id == entry.delivery_id,
        note.c["try"] == entry.try_no,
        note.c.worker_id == entry.lease.worker_id,
        note.c.fence == entry.lease.fence,
    )
    open_states = {State.UNCERTAIN, State.QUEUED}
    if entry.outcome.state is State.ACCEPTED:
        open_states.add(
            State.COMMITTING
        )  # it is being sent again; that try's own outcome changes nothing any more
    if present.state not in open_states or connection.execute(select(literal(1)).where(own)).first() is None:
        return
    number = max(present.last_try or 0, connection.execute(tries).scalar_one() or 0) + 1
    said = replace(entry.outcome, cause=f"late: {entry.outcome.cause}")
    record(connection, [entry._replace(try_no=number, outcome=said, lease=None)])


def _end_if_cancelled(connection: Connection, ids: Sequence[int], *, now: datetime) -> None:
    query = (
        select(dispatch.c.id)
        .where(
            dispatch.c.id.in_(select(delivery.c.dispatch_id).where(delivery.c.id.in_(ids))),
            dispatch.c.state == "cancelled",
        )
        .order_by(dispatch.c.id)
    )
    for dispatch_id in connection.execute(query).scalars().all():
        end_waiting(connection, dispatch_id, State.CANCELLED, cause="the dispatch was cancelled", now=now)
