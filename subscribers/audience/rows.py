"""What the verbs share: rows held, statuses set, evidence kept; and where SQLite and PostgreSQL differ for this package.

Order of locks, so that no two transactions wait for each other (PostgreSQL; SQLite has one writer): the table of
suppressions, then a subscriber's row, then their subscriptions.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, text, update
from sqlalchemy import insert as plain_insert

from subscribers.columns import insert
from subscribers.consent import UNKNOWN, Origin, Status, Step
from subscribers.errors import UnknownSubscriber
from subscribers.rhythm import Rhythm
from subscribers.schema import consent, subscriber

__all__ = [
    "held",
    "hold_suppressions",
    "insert",
    "keep_evidence",
    "rhythm_values",
    "set_status",
    "share_suppressions",
]


def hold_suppressions(connection: Connection) -> None:
    """Be the only one who writes suppressions, or makes readers mailable, until this transaction ends.

    Else a suppression of an address that is just joining finds no reader's row to flag, the joiner finds no suppression, and
    both commit; and two senders that each suppress one reader and mark the other's would wait for each other.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE suppression IN SHARE ROW EXCLUSIVE MODE"))


def share_suppressions(connection: Connection, half: int) -> None:
    """The same, but for who takes in the other half of a list's addresses: those halves have none in common."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('import'), :half)"), {"half": half})
        connection.execute(text("LOCK TABLE suppression IN SHARE MODE"))


def held(connection: Connection, subscriber_id: int) -> Row[Any]:
    """The subscriber's row, which nobody else changes until this transaction ends.

    Raises:
        UnknownSubscriber: there is none.
    """
    query = select(subscriber).where(subscriber.c.id == subscriber_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise UnknownSubscriber("token")
    return row


def set_status(
    connection: Connection, subscriber_id: int, status: Status, *, now: datetime, **others: Any
) -> None:
    """The one place where a person's status changes: `mailable` goes with it."""
    values = {"status": status.value, "mailable": status is Status.CONFIRMED, "changed_at": now, **others}
    connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(**values))


def rhythm_values(rhythm: Rhythm) -> dict[str, Any]:
    """A rhythm as a subscription's columns."""
    return {"rhythm": rhythm.kind.value, "hour": rhythm.hour, "weekday": rhythm.weekday}


def keep_evidence(
    connection: Connection,
    subscriber_id: int,
    step: Step,
    *,
    actor: str,
    now: datetime,
    digest: str | None = None,
    basis: str | None = None,
    origin: Origin = UNKNOWN,
) -> None:
    """Append one step of a reader's consent."""
    connection.execute(
        plain_insert(consent).values(
            subscriber_id=subscriber_id,
            step=step.value,
            digest=digest,
            basis=basis,
            actor=actor,
            at=now,
            form=origin.form,
            network=origin.network,
            text_version=origin.text_version,
        )
    )
