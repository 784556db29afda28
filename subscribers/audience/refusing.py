"""Refusing: addresses that must not be mailed, why, and taking a mistake back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from subscribers.audience.looking import find
from subscribers.audience.rows import hold_suppressions, insert, keep_evidence, set_status
from subscribers.consent import Status, Step
from subscribers.schema import subscriber, suppression

__all__ = ["CAUSES", "suppress", "suppressed", "suppressions", "undo_suppression"]

CAUSES = ("left", "bounced", "complained", "manual", "erased")
"""By weight: a heavier cause replaces a lighter one, so that undoing a dispatch's bounces undoes nobody's complaint."""


def suppress(
    connection: Connection,
    addr_key: bytes,
    cause: str,
    *,
    actor: str,
    now: datetime,
    dispatch_id: str | None = None,
    detail: str | None = None,
) -> bool:
    """Never mail this address again; False when it was suppressed before for a cause of the same weight or more.

    `cause` is "bounced", "complained", "manual" or "erased" ("left" is `leave`'s own); `detail` the evidence in words;
    `dispatch_id` the dispatch whose refusals were that evidence, so that a provider's mistake can be taken back at once.
    """
    hold_suppressions(connection)
    cause_values = {"cause": cause, "dispatch_id": dispatch_id, "detail": detail, "actor": actor, "at": now}
    before = func.nullif(
        subscriber.c.status, Status.SUPPRESSED.value
    )  # suppressed already: the row's own prior stands
    prior = select(before).where(subscriber.c.addr_key == addr_key).scalar_subquery()
    kept = connection.execute(
        insert(connection, suppression)
        .values(addr_key=addr_key, prior=prior, **cause_values)
        .on_conflict_do_update(
            index_elements=["addr_key"],
            set_=cause_values,
            where=suppression.c.cause.in_(CAUSES[: CAUSES.index(cause)]),
        )
        .returning(suppression.c.addr_key)
    ).one_or_none()
    if kept is None:
        return False
    person = find(connection, addr_key)
    if person is not None:
        set_status(connection, person.id, Status.SUPPRESSED, now=now)
        keep_evidence(connection, person.id, Step.SUPPRESSED, basis=cause, actor=actor, now=now)
    return True


def suppressed(connection: Connection, addr_key: bytes) -> Row[Any] | None:
    """The suppression of this address, or None."""
    return connection.execute(select(suppression).where(suppression.c.addr_key == addr_key)).one_or_none()


def suppressions(
    connection: Connection, *, limit: int = 50, after: tuple[datetime, bytes] | None = None
) -> list[Row[Any]]:
    """The newest suppressions, with the address where the person is still known; `after` goes on after (time, address key)."""
    query = (
        select(suppression, subscriber.c.address)
        .outerjoin(subscriber, subscriber.c.addr_key == suppression.c.addr_key)
        .order_by(suppression.c.at.desc(), suppression.c.addr_key)
        .limit(limit)
    )
    if after is not None:
        at, last = after
        later = (suppression.c.at == at) & (suppression.c.addr_key > last)
        query = query.where((suppression.c.at < at) | later)
    return list(connection.execute(query))


def undo_suppression(
    connection: Connection,
    *,
    addr_key: bytes | None = None,
    dispatch_id: str | None = None,
    why: str,
    actor: str,
    now: datetime,
) -> int:
    """Take suppressions back, of one address or all of one dispatch; returns how many.

    Readers stand where they stood before. Who had left, or was erased, is only no longer refused: they are mailed again when
    they ask again, and an erased address stays forgotten.
    """
    hold_suppressions(connection)
    named = (
        suppression.c.addr_key == addr_key
        if addr_key is not None
        else suppression.c.dispatch_id == dispatch_id
    )
    rows = connection.execute(select(suppression).where(named)).all()
    for row in rows:
        connection.execute(delete(suppression).where(suppression.c.addr_key == row.addr_key))
        person = find(connection, row.addr_key)
        if person is not None:
            set_status(connection, person.id, Status(row.prior), now=now)
            keep_evidence(connection, person.id, Step.RESTORED, basis=why, actor=actor, now=now)
    return len(rows)
