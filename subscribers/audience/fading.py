"""Fading: what a house need not know any longer. Addresses of those who are mailed no more go; that they left, and when, stays by their hash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, delete, exists, func, select, update

from subscribers.audience.asking import forget_asked
from subscribers.audience.former import keys_of
from subscribers.consent import Status
from subscribers.schema import attribute_value, consent, subscriber, subscription

__all__ = ["count_networks", "fade", "faded", "forget_networks", "forget_networks_of"]


def faded(
    connection: Connection, status: Status, *, before: datetime, after_id: int = 0, limit: int
) -> list[Row[Any]]:
    """Readers whose address is still known and who have got nothing since before then: their ids, in order.

    `status`: PENDING for those of whom something waits for its confirmation, LEFT for those who have left all that they had, by whichever way.
    Their subscriptions tell: leaving the last one leaves the person's own row as it was.
    """
    waits, gets = (
        exists().where(subscription.c.subscriber_id == subscriber.c.id, subscription.c.status == of.value)
        for of in (Status.PENDING, Status.CONFIRMED)
    )
    query = select(subscriber.c.id).where(
        subscriber.c.status != Status.SUPPRESSED.value,
        ~gets,
        waits if status is Status.PENDING else ~waits,
        subscriber.c.address.is_not(None),
        subscriber.c.changed_at < before,
        subscriber.c.id > after_id,
    )
    return list(connection.execute(query.order_by(subscriber.c.id).limit(limit)))


def fade(
    connection: Connection, subscriber_ids: Sequence[int], status: Status, *, now: datetime
) -> list[bytes]:
    """Forget the addresses of these and all that was known of them; whoever asks anew is welcome. Returns the hashes of their addresses, former ones too."""
    keys = keys_of(connection, subscriber_ids)
    for subscriber_id in subscriber_ids:
        forget_asked(connection, subscriber_id, (), now=now)
    connection.execute(delete(attribute_value).where(attribute_value.c.subscriber_id.in_(subscriber_ids)))
    was_confirmed = subscriber.c.status == Status.CONFIRMED.value
    connection.execute(
        update(subscriber)
        .where(subscriber.c.id.in_(subscriber_ids))
        .values(
            address=None,
            mailable=False,
            status=case((was_confirmed, status.value), else_=subscriber.c.status),
        )
    )
    return keys


def count_networks(connection: Connection, *, before: datetime) -> int:
    """How many steps of consent, older than that, still say from which network they came."""
    query = select(func.count()).where(consent.c.at < before, consent.c.network.is_not(None))
    return connection.execute(query).scalar_one()


def forget_networks(connection: Connection, *, before: datetime) -> None:
    """Let them say it no more; form and wording stay."""
    stale = (consent.c.at < before, consent.c.network.is_not(None))
    connection.execute(update(consent).where(*stale).values(network=None))


def forget_networks_of(connection: Connection, subscriber_id: int) -> None:
    """Let this reader's steps say it no more."""
    connection.execute(update(consent).where(consent.c.subscriber_id == subscriber_id).values(network=None))
