"""Looking: one reader, a page of them, what they asked for, and the evidence that they did. Changes nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, select

from subscribers.audience.knowing import meant
from subscribers.consent import Step
from subscribers.errors import UnknownSubscriber
from subscribers.schema import batch, consent, consent_text, subscriber, subscription
from subscribers.segments import Rule

__all__ = [
    "Evidence",
    "evidence",
    "find",
    "get",
    "listing",
    "newest_network",
    "stored_sections",
    "subscriptions",
]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One step of a reader's consent: what happened, for which digest (None: all), on what basis, by whom, when.

    Of what came by a page: which form, the client's network, and the wording that it showed.
    """

    step: str
    digest: str | None
    basis: str | None
    actor: str
    at: datetime
    form: str | None = None
    network: str | None = None
    wording: str | None = None


def stored_sections(sections: Collection[str] | None) -> str:
    """Sections as a column keeps them: sorted slugs parted by blanks; empty for all."""
    return " ".join(sorted(set(sections))) if sections else ""


def find(connection: Connection, addr_key: bytes) -> Row[Any] | None:
    """The subscriber's row of this address, or None."""
    return connection.execute(select(subscriber).where(subscriber.c.addr_key == addr_key)).one_or_none()


def get(connection: Connection, subscriber_id: int) -> Row[Any]:
    """The subscriber's row of this id (a token names it).

    Raises:
        UnknownSubscriber: there is none.
    """
    row = connection.execute(select(subscriber).where(subscriber.c.id == subscriber_id)).one_or_none()
    if row is None:
        raise UnknownSubscriber("token")
    return row


def listing(
    connection: Connection,
    *,
    digest: str | None = None,
    only: Rule | None = None,
    after_id: int = 0,
    limit: int = 50,
) -> list[tuple[Row[Any], list[Row[Any]]]]:
    """Subscribers by id with their subscriptions; `after_id` goes on after that one, `digest` asks for its active readers, `only` for those whom a rule means."""
    query = select(subscriber).where(subscriber.c.id > after_id).order_by(subscriber.c.id).limit(limit)
    if digest is not None or only is not None:
        wanted = select(subscription.c.subscriber_id).where(subscription.c.active)
        if digest is not None:
            wanted = wanted.where(subscription.c.digest == digest)
        if only is not None:
            wanted = wanted.where(meant(only))
        query = query.where(subscriber.c.id.in_(wanted))
    rows = connection.execute(query).all()
    of: dict[int, list[Row[Any]]] = {row.id: [] for row in rows}
    if rows:
        page = (
            select(subscription)
            .where(subscription.c.subscriber_id.in_(query.with_only_columns(subscriber.c.id)))
            .order_by(subscription.c.subscriber_id, subscription.c.digest)
        )
        for entry in connection.execute(page):
            of[entry.subscriber_id].append(entry)
    return [(row, of[row.id]) for row in rows]


def subscriptions(connection: Connection, subscriber_id: int) -> list[Row[Any]]:
    """What a reader asked for, by digest; those they have left are among them."""
    query = (
        select(subscription)
        .where(subscription.c.subscriber_id == subscriber_id)
        .order_by(subscription.c.digest)
    )
    return list(connection.execute(query))


def evidence(connection: Connection, subscriber_id: int) -> list[Evidence]:
    """The steps of a reader's consent, oldest first; the lists they came by are among them."""
    steps = [
        Evidence(row.step, row.digest, row.basis, row.actor, row.at, row.form, row.network, row.wording)
        for row in connection.execute(
            select(consent, consent_text.c.text.label("wording"))
            .outerjoin(consent_text, consent_text.c.version == consent.c.text_version)
            .where(consent.c.subscriber_id == subscriber_id)
            .order_by(consent.c.id)
        )
    ]
    lists = [
        Evidence(
            (Step.CONFIRMED if row.basis else Step.REQUESTED).value, row.digest, row.basis, row.actor, row.at
        )
        for row in connection.execute(
            select(batch)
            .join(subscription, subscription.c.batch_id == batch.c.id)
            .where(subscription.c.subscriber_id == subscriber_id)
            .order_by(batch.c.id)
        )
    ]
    return sorted([*lists, *steps], key=attrgetter("at"))


def newest_network(connection: Connection) -> str:
    """From which network the newest step came that a page of ours took; "" when none of the last has one."""
    newest = select(consent.c.id, consent.c.network).order_by(consent.c.id.desc()).limit(500).subquery()
    query = (
        select(newest.c.network).where(newest.c.network.is_not(None)).order_by(newest.c.id.desc()).limit(1)
    )
    return str(connection.execute(query).scalar_one_or_none() or "")
