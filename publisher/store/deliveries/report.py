"""What the ledger says, for whoever asks; from the view and from nowhere else."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, literal, or_, select

from publisher.ledger import Counts, State
from publisher.store.db import beyond
from publisher.store.deliveries.ending import in_doubt
from publisher.store.schema import chunk, delivery, delivery_state, dispatch, worker

__all__ = [
    "counts",
    "deferred",
    "dispatch_of",
    "doubtful",
    "get_dispatch",
    "letters",
    "list_dispatches",
    "notable",
    "of_reader",
    "open_dispatches",
    "resends",
    "token_keys",
    "variants",
    "workers",
]

WAITING = frozenset({State.QUEUED, State.CLAIMED, State.COMMITTING})
OPEN = ("freezing", "sending", "paused")
NOTABLE = (State.FAILED, State.UNCERTAIN, State.EXPIRED, State.SUPPRESSED)


def counts(connection: Connection, dispatch_id: str) -> Counts:
    """The report of a dispatch."""
    rows = connection.execute(
        select(delivery_state.c.state, func.count().label("n"))
        .where(delivery_state.c.dispatch_id == dispatch_id)
        .group_by(delivery_state.c.state)
    )
    found = {State(row.state): int(row.n) for row in rows}
    return Counts(
        waiting=sum(found.get(state, 0) for state in WAITING),
        **{state.value: found.get(state, 0) for state in State if state not in WAITING},
    )


def get_dispatch(connection: Connection, dispatch_id: str) -> Row[Any] | None:
    """The dispatch's row, or None."""
    return connection.execute(select(dispatch).where(dispatch.c.id == dispatch_id)).one_or_none()


def dispatch_of(connection: Connection, edition_id: str) -> Row[Any] | None:
    """The dispatch of an edition, or None."""
    query = select(dispatch).where(dispatch.c.edition_id == edition_id, dispatch.c.kind == "digest")
    return connection.execute(query).one_or_none()


def open_dispatches(connection: Connection, *, edition_id: str) -> list[Row[Any]]:
    """The dispatches of an edition that may still send: somebody waits, or not everybody is in them yet.

    They are locked first, in a statement of their own: who lets one of them go on at this moment is either seen by the
    query, or sees what the caller has done before.
    """
    these = dispatch.c.edition_id == edition_id
    connection.execute(select(dispatch.c.id).where(these).order_by(dispatch.c.id).with_for_update()).all()
    waiting = exists(select(literal(1)).where(chunk.c.dispatch_id == dispatch.c.id, ~chunk.c.done))
    query = select(dispatch).where(
        these, dispatch.c.state.in_(OPEN), or_(dispatch.c.frozen_at.is_(None), waiting)
    )
    return list(connection.execute(query))


def list_dispatches(
    connection: Connection,
    *,
    limit: int = 50,
    after: tuple[datetime, str] | None = None,
    notices: bool = False,
) -> list[Row[Any]]:
    """The newest dispatches, of editions or of `notices`; `after` goes on after (time of making, id)."""
    kind = dispatch.c.kind == "tx" if notices else dispatch.c.kind != "tx"
    query = beyond(select(dispatch).where(kind), after, at=dispatch.c.created_at, key=dispatch.c.id)
    return list(connection.execute(query.limit(limit)))


def notable(connection: Connection, dispatch_id: str, *, limit: int = 100) -> list[Row[Any]]:
    """Deliveries that somebody should look at: failed, in doubt (also those to be sent again), expired, suppressed."""
    which = or_(delivery_state.c.state.in_(NOTABLE), _to_be_sent_again())
    return list(connection.execute(_with_address(dispatch_id, which).limit(limit)))


def doubtful(connection: Connection, dispatch_id: str) -> list[Row[Any]]:
    """Everybody in doubt, for the operator to settle: they are few (at most one a connection and crash)."""
    which = or_(delivery_state.c.state == State.UNCERTAIN, _to_be_sent_again())
    return list(connection.execute(_with_address(dispatch_id, which)))


def resends(connection: Connection, dispatch_id: str) -> int:
    """How many of those who wait may have got it already, and are to be sent the same bytes again."""
    query = select(func.count()).where(delivery_state.c.dispatch_id == dispatch_id, _to_be_sent_again())
    return connection.execute(query).scalar_one()


def _to_be_sent_again() -> ColumnElement[bool]:
    return and_(delivery_state.c.state == State.QUEUED, in_doubt())


def _with_address(dispatch_id: str, which: ColumnElement[bool]) -> Select[Any]:
    return (
        select(
            delivery_state.c.delivery_id,
            delivery_state.c.state,
            delivery_state.c.last_try,
            delivery_state.c.next_at,
            delivery_state.c.code,
            delivery_state.c.enhanced,
            delivery_state.c.reply,
            delivery_state.c.cause,
            delivery_state.c.at,
            delivery.c.rcpt,
            delivery.c.message_id,
        )
        .join(delivery, delivery.c.id == delivery_state.c.delivery_id)
        .where(delivery_state.c.dispatch_id == dispatch_id, which)
        .order_by(delivery_state.c.state.desc(), delivery_state.c.delivery_id)
    )


def of_reader(connection: Connection, subscriber_id: int, keys: Collection[bytes]) -> list[dict[str, Any]]:
    """Every mail of one person, whichever address they had, oldest first: which edition (none: a notice), what became of it, when.

    What names nobody goes by the address; what another reader got at an address that is theirs now is that reader's.
    """
    query = (
        select(
            delivery.c.edition_id.label("edition"),
            delivery.c.message_id,
            delivery_state.c.state,
            delivery_state.c.at,
        )
        .join(delivery_state, delivery_state.c.delivery_id == delivery.c.id)
        .where(
            or_(
                delivery.c.subscriber_id == subscriber_id,
                and_(delivery.c.subscriber_id.is_(None), delivery.c.addr_key.in_(keys)),
            )
        )
        .order_by(delivery.c.id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def deferred(connection: Connection, dispatch_id: str) -> list[Row[Any]]:
    """Who waits after a try that was put off, by its reason: how many, the earliest time, one of the replies."""
    query = (
        select(
            delivery_state.c.cause,
            delivery_state.c.code,
            func.count().label("n"),
            func.min(delivery_state.c.next_at).label("next_at"),
            func.min(delivery_state.c.reply).label("reply"),
        )
        .where(
            delivery_state.c.dispatch_id == dispatch_id,
            delivery_state.c.state == State.QUEUED,
            delivery_state.c.next_at.is_not(None),
            ~in_doubt(),
        )
        .group_by(delivery_state.c.cause, delivery_state.c.code)
        .order_by(func.min(delivery_state.c.next_at), delivery_state.c.cause, delivery_state.c.code)
    )
    return list(connection.execute(query))


def workers(connection: Connection, dispatch_id: str) -> list[Row[Any]]:
    """The workers that have a part of the dispatch in hand; of the dead none, once their rows were recovered."""
    held = select(chunk.c.worker_id).where(chunk.c.dispatch_id == dispatch_id, chunk.c.worker_id.is_not(None))
    return list(connection.execute(select(worker).where(worker.c.id.in_(held)).order_by(worker.c.id)))


def variants(connection: Connection, dispatch_id: str) -> frozenset[str]:
    """The variants of whoever waits."""
    query = select(chunk.c.variant).where(chunk.c.dispatch_id == dispatch_id, ~chunk.c.done).distinct()
    return frozenset(connection.execute(query).scalars())


def token_keys(connection: Connection) -> dict[int, str]:
    """The token keys that dispatches name in which somebody waits or is still to come, each with one of them."""
    query = (
        select(dispatch.c.token_key, func.max(dispatch.c.id).label("id"))
        .where(_goes_on())
        .group_by(dispatch.c.token_key)
    )
    return {row.token_key: row.id for row in connection.execute(query)}


def letters(connection: Connection) -> dict[str, dict[str, Any] | None]:
    """The letters of these dispatches, by their ids, oldest first."""
    query = select(dispatch.c.id, dispatch.c.letter).where(_goes_on()).order_by(dispatch.c.id)
    return {row.id: row.letter for row in connection.execute(query)}


def _goes_on() -> ColumnElement[bool]:
    waits = dispatch.c.id.in_(select(chunk.c.dispatch_id).where(~chunk.c.done))
    return or_(waits, and_(dispatch.c.frozen_at.is_(None), dispatch.c.state != "cancelled"))
