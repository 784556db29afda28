"""Joining, leaving, being forgotten: what readers do, or have done for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from subscribers.address import Address, same_mailbox
from subscribers.audience.asking import end_asked, forget_asked
from subscribers.audience.fading import forget_networks_of
from subscribers.audience.former import keys_of, somebodys_own
from subscribers.audience.knowing import forget_attributes
from subscribers.audience.looking import find, get, stored_sections
from subscribers.audience.refusing import suppress, suppressed
from subscribers.audience.rows import (
    held,
    hold_suppressions,
    insert,
    keep_evidence,
    rhythm_values,
    set_status,
)
from subscribers.consent import UNKNOWN, Origin, Status, Step, after
from subscribers.errors import ALIKE, AddressRefused, AddressSuppressed
from subscribers.presets import GoneLine
from subscribers.rhythm import Rhythm
from subscribers.schema import consent, subscriber, subscription, suppression

__all__ = ["add", "erase", "gone_lines", "leave", "refuse_gone"]


def add(
    connection: Connection,
    address: Address,
    addr_key: bytes,
    *,
    digest: str,
    language: str,
    sections: Collection[str] | None,
    rhythm: Rhythm | None = None,
    basis: str | None,
    actor: str,
    now: datetime,
    origin: Origin = UNKNOWN,
) -> int:
    """Subscribe an address (and its key) to a digest, all of it or the named sections; returns the subscriber's id.

    Without a `rhythm` a new reader gets each edition, a known one keeps theirs.

    With a `basis` (how they asked) the subscription is confirmed, and a reader who had left is back. Without one it is
    pending and not mailed, or left as before; a confirmed subscription stays as it is then, language and sections included, and so does the address's spelling.

    Raises:
        AddressSuppressed: the address must not be mailed, whatever is asked for it.
        AddressRefused: another mailbox is known by its key.
    """
    hold_suppressions(connection)
    if (refused := suppressed(connection, addr_key)) is not None:
        if refused.cause != "left":
            raise AddressSuppressed(refused.cause)
        if basis:
            connection.execute(delete(suppression).where(suppression.c.addr_key == addr_key))
    if basis:
        somebodys_own(connection, addr_key)
    subscriber_id = _known_or_new(connection, address, addr_key, now=now)
    step = Step.CONFIRMED if basis else Step.REQUESTED
    person = held(connection, subscriber_id)
    if person.address is not None and not same_mailbox(person.address, address.address):
        raise AddressRefused(address.address, ALIKE)
    # whoever merely asks does not decide how a reader's address is written from now on
    typed = {"address": address.address} if basis or person.address is None else {}
    set_status(connection, subscriber_id, after(Status(person.status), step), now=now, **typed)
    present = connection.execute(
        select(subscription.c.status).where(
            subscription.c.subscriber_id == subscriber_id, subscription.c.digest == digest
        )
    ).scalar_one_or_none()
    status = after(Status(present) if present else None, step)
    if basis or status is not Status.CONFIRMED:
        wanted = {
            "language": language,
            "sections": stored_sections(sections),
            "status": status.value,
            "active": status is Status.CONFIRMED,
            **(rhythm_values(rhythm) if rhythm else {}),
        }
        connection.execute(
            insert(connection, subscription)
            .values(subscriber_id=subscriber_id, digest=digest, since=now, **wanted)
            .on_conflict_do_update(index_elements=["subscriber_id", "digest"], set_=wanted)
        )
    keep_evidence(
        connection, subscriber_id, step, digest=digest, basis=basis, actor=actor, now=now, origin=origin
    )
    return subscriber_id


def _known_or_new(connection: Connection, address: Address | None, addr_key: bytes, *, now: datetime) -> int:
    """The id of this address's row; a new one is pending until `add` has said more. None: the address is not kept.

    Whoever calls holds the suppressions: an import relies on it that nobody makes readers beside it (`slices.KNOWN`).
    """
    connection.execute(
        insert(connection, subscriber)
        .values(
            addr_key=addr_key,
            address=address and address.address,
            status=Status.PENDING.value,
            mailable=False,
            created_at=now,
            changed_at=now,
        )
        .on_conflict_do_nothing()
    )
    query = select(subscriber.c.id).where(subscriber.c.addr_key == addr_key)
    return int(connection.execute(query).scalar_one())


def leave(
    connection: Connection,
    subscriber_id: int,
    *,
    digest: str | None,
    actor: str,
    now: datetime,
    origin: Origin = UNKNOWN,
) -> tuple[str, ...]:
    """End one digest, or all (None: a suppression of cause "left" is kept too); twice is the same as once.

    Returns the digests that ended now. What was asked for before, and not confirmed, ends with them. A mail whose mark has not committed before this does is not sent.

    Raises:
        UnknownSubscriber: there is none of this id.
    """
    addr_key = get(connection, subscriber_id).addr_key
    end_asked(connection, subscriber_id, addr_key, digest, now=now)
    if digest is None:
        _refuse_all(connection, addr_key, actor=actor, now=now)
    person = held(connection, subscriber_id)
    status = Status(person.status) if digest else after(Status(person.status), Step.LEFT)
    # the subscriber's row is written in any case: on PostgreSQL it is the one that a mark locks
    set_status(connection, subscriber_id, status, now=now)
    ending = update(subscription).where(
        subscription.c.subscriber_id == subscriber_id, subscription.c.status != Status.LEFT.value
    )
    if digest is not None:
        ending = ending.where(subscription.c.digest == digest)
    ended = connection.execute(
        ending.values(status=Status.LEFT.value, active=False).returning(subscription.c.digest)
    ).scalars()
    left = tuple(sorted(ended))
    if left or status != person.status:
        keep_evidence(
            connection, subscriber_id, Step.LEFT, digest=digest, actor=actor, now=now, origin=origin
        )
    return left


def refuse_gone(
    connection: Connection, gone: Sequence[GoneLine], *, digest: str, actor: str, now: datetime
) -> int:
    """Refuse whom a list for this digest says to have left, or that they must not be mailed; returns how many.

    Of those whom nobody knew only the keyed hash is kept. A reader who is here leaves, or is suppressed; but who said yes on a page of ours
    stays: that is what they said last, to us.
    """
    hold_suppressions(connection)
    refused = 0
    for line, subscriber_id in gone_lines(connection, gone, digest=digest):
        refused += 1
        if line.here:
            _left_here(connection, line, digest, actor=actor, now=now)
        elif subscriber_id is not None and line.cause == "left":
            leave(connection, subscriber_id, digest=None, actor=actor, now=now)
        elif line.cause == "left":
            _refuse_all(connection, line.addr_key, actor=actor, now=now, detail=line.why)
        else:
            suppress(connection, line.addr_key, line.cause, actor=actor, now=now, detail=line.why)
    return refused


def gone_lines(
    connection: Connection, gone: Sequence[GoneLine], *, digest: str
) -> list[tuple[GoneLine, int | None]]:
    """Those of these lines that `refuse_gone` goes by, each with the number of its reader, if they are one here; changes nothing."""
    yes = select(consent.c.subscriber_id).where(
        consent.c.subscriber_id == subscriber.c.id,
        consent.c.step == Step.CONFIRMED.value,
        consent.c.form.is_not(None),
    )
    yes_here = yes.where(consent.c.digest == digest)
    query = select(
        subscriber.c.id,
        subscriber.c.addr_key,
        yes.exists().label("said_yes"),
        yes_here.exists().label("said_yes_here"),
    ).where(subscriber.c.addr_key.in_([line.addr_key for line in gone]))
    here = {bytes(row.addr_key): row for row in connection.execute(query)}
    found: list[tuple[GoneLine, int | None]] = []
    for line in gone:
        person = here.get(line.addr_key)
        if person is None:
            found.append((line, None))
        elif not (person.said_yes_here if line.here else person.said_yes):
            found.append((line, person.id))
    return found


def _left_here(connection: Connection, line: GoneLine, digest: str, *, actor: str, now: datetime) -> None:
    """Let this one have left the digest, whether we knew them or not: whatever else they want, no list brings them back to it."""
    subscriber_id = _known_or_new(connection, None, line.addr_key, now=now)
    kept = connection.execute(
        insert(connection, subscription)
        .values(
            subscriber_id=subscriber_id,
            digest=digest,
            language=line.language,
            sections="",
            status=Status.LEFT.value,
            active=False,
            since=now,
        )
        .on_conflict_do_nothing()
        .returning(subscription.c.digest)
    )
    if kept.first() is None:
        leave(connection, subscriber_id, digest=digest, actor=actor, now=now)
    else:
        keep_evidence(
            connection, subscriber_id, Step.LEFT, digest=digest, basis=line.why, actor=actor, now=now
        )


def _refuse_all(
    connection: Connection, addr_key: bytes, *, actor: str, now: datetime, detail: str | None = None
) -> None:
    """Keep the refusal where erasure does not reach it; undoing another suppression will not bring the reader back either."""
    hold_suppressions(connection)
    values = {"cause": "left", "prior": Status.LEFT.value, "detail": detail, "actor": actor, "at": now}
    connection.execute(
        insert(connection, suppression)
        .values(addr_key=addr_key, **values)
        .on_conflict_do_update(index_elements=["addr_key"], set_={"prior": Status.LEFT.value})
    )


def erase(connection: Connection, subscriber_id: int, *, actor: str, now: datetime) -> list[bytes]:
    """Forget the person: all their subscriptions end, the address goes, links and requests go, suppressions by the keyed hashes stay.

    Those are of the present address and of each that was theirs before; also of whoever asked in the name of such a one and was
    not confirmed. They are returned, for everything else that knows addresses.

    Raises:
        UnknownSubscriber: there is none of this id.
    """
    present, *before = keys = keys_of(connection, [get(connection, subscriber_id).id])
    forget_asked(connection, subscriber_id, keys, now=now)
    suppress(connection, present, "erased", actor=actor, now=now)
    leave(connection, subscriber_id, digest=None, actor=actor, now=now)
    set_status(connection, subscriber_id, Status.SUPPRESSED, now=now, address=None)
    forget_attributes(connection, subscriber_id)
    forget_networks_of(connection, subscriber_id)
    keep_evidence(connection, subscriber_id, Step.ERASED, actor=actor, now=now)
    for addr_key in before:
        other = find(connection, addr_key)
        if other is None or other.address is None:
            suppress(connection, addr_key, "erased", actor=actor, now=now)
        else:
            keys += erase(connection, other.id, actor=actor, now=now)
    return keys
