"""Choosing: what a reader decides about their own subscription, with a link that was mailed to them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from subscribers.address import Address
from subscribers.audience.former import hand_over, remember, somebodys_own
from subscribers.audience.looking import find, stored_sections
from subscribers.audience.refusing import suppressed
from subscribers.audience.rows import (
    held,
    hold_suppressions,
    insert,
    keep_evidence,
    rhythm_values,
    set_status,
)
from subscribers.consent import UNKNOWN, Origin, Status, Step, after
from subscribers.errors import AddressSuppressed, UnknownSubscriber
from subscribers.rhythm import Rhythm
from subscribers.schema import attribute_value, consent, signup, subscriber, subscription, suppression, ticket

__all__ = ["choose", "confirm", "move", "set_timezone", "taken"]


def confirm(
    connection: Connection,
    subscriber_id: int,
    digest: str,
    *,
    basis: str,
    actor: str,
    now: datetime,
    origin: Origin = UNKNOWN,
) -> None:
    """The mailbox's owner says yes to what was asked for in their name; twice is the same as once.

    Raises:
        UnknownSubscriber: there is no such reader, or nothing was asked for.
        AddressSuppressed: the address must not be mailed, whatever is asked for it.
    """
    hold_suppressions(connection)
    person = held(connection, subscriber_id)
    if (refused := suppressed(connection, person.addr_key)) is not None:
        if refused.cause != "left":
            raise AddressSuppressed(refused.cause)
        connection.execute(delete(suppression).where(suppression.c.addr_key == person.addr_key))
    asked = connection.execute(
        select(subscription.c.status).where(
            subscription.c.subscriber_id == subscriber_id, subscription.c.digest == digest
        )
    ).scalar_one_or_none()
    if asked is None or person.address is None:
        raise UnknownSubscriber("token")
    somebodys_own(connection, person.addr_key)
    set_status(connection, subscriber_id, after(Status(person.status), Step.CONFIRMED), now=now)
    connection.execute(
        update(subscription)
        .where(subscription.c.subscriber_id == subscriber_id, subscription.c.digest == digest)
        .values(status=Status.CONFIRMED.value, active=True)
    )
    keep_evidence(
        connection,
        subscriber_id,
        Step.CONFIRMED,
        digest=digest,
        basis=basis,
        actor=actor,
        now=now,
        origin=origin,
    )


def choose(
    connection: Connection,
    subscriber_id: int,
    digest: str,
    *,
    language: str,
    sections: Collection[str] | None,
    rhythm: Rhythm,
) -> bool:
    """Let an active subscription be of this language, these sections (None: all) and this rhythm; False when it is not active."""
    changed = connection.execute(
        update(subscription)
        .where(
            subscription.c.subscriber_id == subscriber_id,
            subscription.c.digest == digest,
            subscription.c.active,
        )
        .values(language=language, sections=stored_sections(sections), **rhythm_values(rhythm))
    )
    return bool(changed.rowcount)


def set_timezone(connection: Connection, subscriber_id: int, zone: str | None) -> None:
    """In which zone hours are shown to a reader; None: in each digest's own."""
    connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(timezone=zone))


def move(
    connection: Connection,
    subscriber_id: int,
    address: Address,
    addr_key: bytes,
    *,
    actor: str,
    now: datetime,
    origin: Origin = UNKNOWN,
) -> bool:
    """Let a reader have this address from now on; False, and nothing done, when another reader gets mail there or it must not be mailed.

    The former one stays known by its hash. Links mailed to it end. Who stands there and gets nothing, because they never confirmed, were forgotten
    or have left, is the same mailbox, which has just proved itself: what they left stays left.
    """
    other = find(connection, addr_key)
    others = [] if other is None or taken(connection, other.id) else [other.id]
    open_links = (ticket.c.used_at.is_(None), ticket.c.subscriber_id.in_([subscriber_id, *others]))
    connection.execute(
        delete(ticket).where(*open_links)
    )  # before rows are locked, as whoever presses one does
    hold_suppressions(connection)
    refused = suppressed(connection, addr_key)
    if refused is not None and refused.cause != "left":
        return False
    other = find(connection, addr_key)
    if other is not None and other.id != subscriber_id:
        if taken(connection, other.id):
            return False
        _give_way(connection, other.id, subscriber_id)
    person = held(connection, subscriber_id)
    connection.execute(delete(suppression).where(suppression.c.addr_key == addr_key))
    status = _status_there(connection, person, addr_key)
    somebodys_own(connection, addr_key)
    if person.addr_key != addr_key:
        remember(connection, subscriber_id, person.addr_key, now=now)
    set_status(
        connection,
        subscriber_id,
        status,
        now=now,
        address=address.address,
        addr_key=addr_key,
    )
    keep_evidence(
        connection,
        subscriber_id,
        Step.CONFIRMED,
        basis="a new address, proved by the link mailed to it",
        actor=actor,
        now=now,
        origin=origin,
    )
    return True


def _status_there(connection: Connection, person: Row[Any], addr_key: bytes) -> Status:
    """What a reader is at the new address. That mails to the former one came back says nothing of it; every other refusal goes along."""
    refused = suppressed(connection, person.addr_key)
    if person.status != Status.SUPPRESSED or refused is None or person.addr_key == addr_key:
        return Status(person.status)
    if refused.cause == "bounced":
        return Status(refused.prior or Status.CONFIRMED)
    connection.execute(
        insert(connection, suppression)
        .values(
            addr_key=addr_key,
            cause=refused.cause,
            prior=refused.prior,
            dispatch_id=refused.dispatch_id,
            detail=refused.detail,
            actor=refused.actor,
            at=refused.at,
        )
        .on_conflict_do_nothing()
    )
    return Status.SUPPRESSED


def taken(connection: Connection, subscriber_id: int) -> bool:
    """Whether this reader gets anything: else their address is free for whoever proves that it is theirs."""
    gets = (
        select(subscription.c.digest)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(subscriber.c.id == subscriber_id, subscriber.c.mailable, subscription.c.active)
    )
    return connection.execute(gets.limit(1)).first() is not None


def _give_way(connection: Connection, frm: int, to: int) -> None:
    """One reader becomes another: evidence, former addresses and what they left go over, what they merely asked for ends."""
    has = select(subscription.c.digest).where(subscription.c.subscriber_id == to)
    connection.execute(
        update(subscription)
        .where(
            subscription.c.subscriber_id == frm,
            subscription.c.status == Status.LEFT.value,
            subscription.c.digest.not_in(has.scalar_subquery()),
        )
        .values(subscriber_id=to)
    )
    for table in (consent, signup):
        connection.execute(update(table).where(table.c.subscriber_id == frm).values(subscriber_id=to))
    hand_over(connection, frm, to)
    for table in (subscription, ticket, attribute_value):
        connection.execute(delete(table).where(table.c.subscriber_id == frm))
    connection.execute(delete(subscriber).where(subscriber.c.id == frm))
