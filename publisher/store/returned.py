"""What came back, and what servers said of mailboxes at once: appended facts about deliveries, beside the ledger, which says what the relay did and is not rewritten.

One delivery and kind is one row, and so is one mail, whichever way it came in: who is told the same again is told that it is known. What nobody
vouches for is forgotten after a while, for anybody can send it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from publisher.ledger import State
from publisher.store.db import insert
from publisher.store.schema import delivery, delivery_state, dispatch, returned, told

__all__ = [
    "AT_ONCE",
    "counts",
    "delivery_of",
    "domain_rows",
    "first_told",
    "hard_of_domain",
    "keep",
    "known",
    "latest_of",
    "of_addresses",
    "times",
]

AT_ONCE = "rule:smtp"
"""Actor of what a server said when it was handed the mail: the ledger has that as well."""
UNTRUSTED_KEPT = timedelta(days=90)
TOLD_KEPT = timedelta(days=30)

_DELIVERY = (
    select(
        delivery.c.id,
        delivery.c.dispatch_id,
        delivery.c.subscriber_id,
        delivery.c.addr_key,
        delivery.c.rcpt,
        delivery_state.c.state,
        dispatch.c.digest,
    )
    .join(delivery_state, delivery_state.c.delivery_id == delivery.c.id)
    .join(dispatch, dispatch.c.id == delivery.c.dispatch_id)
)


def delivery_of(
    connection: Connection, *, delivery_id: int | None = None, message_id: str | None = None
) -> Any:
    """The delivery of this number or Message-ID, with its state."""
    which = delivery.c.id == delivery_id if delivery_id is not None else delivery.c.message_id == message_id
    return connection.execute(_DELIVERY.where(which)).one_or_none()


def latest_of(connection: Connection, addr_key: bytes, digest: str) -> Any:
    """The last mail of a digest to this address that was accepted."""
    query = _DELIVERY.where(
        dispatch.c.digest == digest,
        dispatch.c.kind == "digest",
        # these three are its index: one look for each dispatch, and none through the whole ledger
        delivery.c.kind == "digest",
        delivery.c.edition_id == dispatch.c.edition_id,
        delivery.c.addr_key == addr_key,
        delivery_state.c.state == State.ACCEPTED,
    )
    return connection.execute(query.order_by(dispatch.c.created_at.desc()).limit(1)).first()


def known(connection: Connection, fingerprint: bytes) -> bool:
    """Whether this very mail was taken in before."""
    query = select(returned.c.fingerprint).where(returned.c.fingerprint == fingerprint)
    return connection.execute(query).first() is not None


def first_told(connection: Connection, fingerprint: bytes, *, now: datetime) -> bool:
    """Note that a service told this; False when it was told before."""
    connection.execute(delete(told).where(told.c.at < now - TOLD_KEPT))
    noted = insert(connection, told).values(fingerprint=fingerprint, at=now)
    return connection.execute(noted.on_conflict_do_nothing().returning(told.c.at)).first() is not None


def keep(connection: Connection, *, now: datetime, **values: Any) -> bool:
    """Append one fact; False when it is known already."""
    connection.execute(
        delete(returned).where(returned.c.at < now - UNTRUSTED_KEPT, returned.c.effect == "untrusted")
    )
    kept = connection.execute(
        insert(connection, returned)
        .values(at=now, **values)
        .on_conflict_do_nothing()
        .returning(returned.c.fingerprint)
    )
    return kept.first() is not None


def times(connection: Connection, addr_key: bytes, kind: str, *, since: datetime) -> list[datetime]:
    """When this address was reported to be so before."""
    query = select(returned.c.at).where(
        returned.c.addr_key == addr_key,
        returned.c.kind == kind,
        returned.c.at >= since,
        returned.c.effect.in_(["counted", "suppressed"]),
    )
    return list(connection.execute(query).scalars())


def hard_of_domain(connection: Connection, dispatch_id: str, domain: str) -> int:
    """How many of a domain's mailboxes were reported dead within a dispatch."""
    query = select(func.count()).where(
        returned.c.dispatch_id == dispatch_id, returned.c.domain == domain, returned.c.kind == "hard"
    )
    return connection.execute(query).scalar_one()


def domain_rows(connection: Connection, dispatch_id: str, domain: str) -> int:
    """How many mails of a dispatch went to a domain."""
    query = select(func.count()).where(
        delivery.c.dispatch_id == dispatch_id, delivery.c.rcpt.like(f"%@{domain}")
    )
    return connection.execute(query).scalar_one()


def counts(connection: Connection, dispatch_id: str) -> dict[str, int]:
    """What came back of a dispatch: how many mails of each kind; what the ledger has as refused is not among them."""
    query = select(returned.c.kind, func.count().label("n")).where(
        returned.c.dispatch_id == dispatch_id, returned.c.actor != AT_ONCE
    )
    return {
        row.kind: row.n
        for row in connection.execute(query.group_by(returned.c.kind).order_by(returned.c.kind))
    }


def of_addresses(connection: Connection, keys: Collection[bytes]) -> list[Row[Any]]:
    """What came back from these addresses, oldest first."""
    query = select(returned).where(returned.c.addr_key.in_(keys))
    return list(connection.execute(query.order_by(returned.c.at, returned.c.kind)))
