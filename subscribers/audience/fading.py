"""Fading: what a house need not know any longer. Addresses of those who are mailed no more go; that they left, and when, stays by their hash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from subscribers.consent import Status
from subscribers.schema import attribute_value, consent, subscriber

__all__ = ["count_networks", "fade", "faded", "forget_networks"]


def faded(
    connection: Connection, status: Status, *, before: datetime, after_id: int = 0, limit: int
) -> list[Row[Any]]:
    """Readers who have been of this status since before then and whose address is still known: id and address key, by id."""
    query = select(subscriber.c.id, subscriber.c.addr_key).where(
        subscriber.c.status == status.value,
        subscriber.c.address.is_not(None),
        subscriber.c.changed_at < before,
        subscriber.c.id > after_id,
    )
    return list(connection.execute(query.order_by(subscriber.c.id).limit(limit)))


def fade(connection: Connection, subscriber_ids: Sequence[int]) -> None:
    """Forget the addresses of these and all that was known of them; whoever asks anew is welcome."""
    connection.execute(delete(attribute_value).where(attribute_value.c.subscriber_id.in_(subscriber_ids)))
    connection.execute(update(subscriber).where(subscriber.c.id.in_(subscriber_ids)).values(address=None))


def count_networks(connection: Connection, *, before: datetime) -> int:
    """How many steps of consent, older than that, still say from which network they came."""
    query = select(func.count()).where(consent.c.at < before, consent.c.network.is_not(None))
    return connection.execute(query).scalar_one()


def forget_networks(connection: Connection, *, before: datetime) -> None:
    """Let them say it no more; form and wording stay."""
    stale = (consent.c.at < before, consent.c.network.is_not(None))
    connection.execute(update(consent).where(*stale).values(network=None))
