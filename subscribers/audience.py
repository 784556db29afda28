"""The audience: subscribe, leave, suppress, erase, and name the recipients of a digest. Functions over a Connection.

Promises: who left or was suppressed is no longer mailable once the transaction has committed, because the flags that the
sender's mark reads change in it; a suppression survives the erasure of the person; subscribing again never downgrades.
A token's or `leave(digest=…)`'s leaving ends that digest; leaving without a digest ends all. Every function takes `now`
and `actor`, and keeps evidence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, exists, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from subscribers.address import Address
from subscribers.consent import Status, Step, after
from subscribers.errors import AddressSuppressed, UnknownSubscriber
from subscribers.schema import batch, consent, subscriber, subscription, suppression

__all__ = [
    "Reader",
    "add",
    "batch_of",
    "erase",
    "evidence",
    "find",
    "get",
    "leave",
    "listing",
    "lock_for_mark",
    "mailable",
    "segment",
    "subscriptions",
    "suppress",
    "suppressed",
    "suppressions",
    "undo_suppression",
    "why_not",
]

PAGE = 2000


@dataclass(frozen=True, slots=True)
class Reader:
    """A recipient of a digest; `sections` None means all."""

    subscriber_id: int
    addr_key: bytes
    address: str
    language: str
    sections: frozenset[str] | None


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows `on_conflict_do_*` in this connection's dialect."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def stored_sections(sections: Collection[str] | None) -> str | None:
    """Sections as a column keeps them: sorted slugs parted by blanks; None for all."""
    return " ".join(sorted(set(sections))) if sections else None


def add(
    connection: Connection,
    address: Address,
    addr_key: bytes,
    *,
    digest: str,
    language: str,
    sections: Collection[str] | None,
    basis: str | None,
    actor: str,
    now: datetime,
) -> int:
    """Subscribe an address to a digest; returns the subscriber's id.

    With a `basis` (how they asked) the reader is confirmed, without it pending and not mailed.

    Raises:
        AddressSuppressed: the address must not be mailed.
    """
    if (found := suppressed(connection, addr_key)) is not None:
        raise AddressSuppressed(found.cause)
    step = Step.CONFIRMED if basis else Step.REQUESTED
    present = find(connection, addr_key)
    status = after(Status(present.status) if present else None, step)
    if present is None:
        connection.execute(
            insert(connection, subscriber)
            .values(
                addr_key=addr_key,
                address=address.address,
                status=status.value,
                mailable=status is Status.CONFIRMED,
                created_at=now,
                changed_at=now,
            )
            .on_conflict_do_nothing()
        )
        present = find(connection, addr_key)
        if present is None:
            raise UnknownSubscriber("address")
    else:
        _set_status(connection, present.id, status, now=now, address=address.address)
    values = {"language": language, "sections": stored_sections(sections), "active": True}
    connection.execute(
        insert(connection, subscription)
        .values(subscriber_id=present.id, digest=digest, since=now, **values)
        .on_conflict_do_update(index_elements=["subscriber_id", "digest"], set_=values)
    )
    _evidence(connection, present.id, step, digest=digest, basis=basis, actor=actor, now=now)
    return int(present.id)


def _set_status(
    connection: Connection, subscriber_id: int, status: Status, *, now: datetime, address: str | None = None
) -> None:
    values: dict[str, Any] = {
        "status": status.value,
        "mailable": status is Status.CONFIRMED,
        "changed_at": now,
    }
    if address is not None:
        values["address"] = address
    connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(**values))


def _evidence(
    connection: Connection,
    subscriber_id: int,
    step: Step,
    *,
    digest: str | None = None,
    basis: str | None = None,
    actor: str,
    now: datetime,
) -> None:
    connection.execute(
        insert(connection, consent).values(
            subscriber_id=subscriber_id, step=step.value, digest=digest, basis=basis, actor=actor, at=now
        )
    )


def find(connection: Connection, addr_key: bytes) -> Row[Any] | None:
    """The subscriber row of this address, or None."""
    return connection.execute(select(subscriber).where(subscriber.c.addr_key == addr_key)).one_or_none()


def get(connection: Connection, subscriber_id: int) -> Row[Any]:
    """The subscriber of this id; UnknownSubscriber otherwise."""
    row = connection.execute(select(subscriber).where(subscriber.c.id == subscriber_id)).one_or_none()
    if row is None:
        raise UnknownSubscriber("token")
    return row


def listing(
    connection: Connection, *, digest: str | None = None, after_id: int = 0, limit: int = 50
) -> list[tuple[Row[Any], list[Row[Any]]]]:
    """Subscribers by id with their subscriptions; `after_id` goes on after that one."""
    query = select(subscriber).where(subscriber.c.id > after_id).order_by(subscriber.c.id).limit(limit)
    if digest is not None:
        wanted = select(subscription.c.subscriber_id).where(
            subscription.c.digest == digest, subscription.c.active
        )
        query = query.where(subscriber.c.id.in_(wanted))
    rows = connection.execute(query).all()
    of: dict[int, list[Row[Any]]] = {row.id: [] for row in rows}
    for start in range(0, len(rows), 500):
        ids = [row.id for row in rows[start : start + 500]]
        for entry in connection.execute(select(subscription).where(subscription.c.subscriber_id.in_(ids))):
            of[entry.subscriber_id].append(entry)
    return [(row, of[row.id]) for row in rows]


def subscriptions(connection: Connection, subscriber_id: int) -> list[Row[Any]]:
    """What a reader asked for, left digests included."""
    query = (
        select(subscription)
        .where(subscription.c.subscriber_id == subscriber_id)
        .order_by(subscription.c.digest)
    )
    return list(connection.execute(query))


def evidence(connection: Connection, subscriber_id: int) -> list[Row[Any]]:
    """The steps of a reader's consent, oldest first."""
    return list(
        connection.execute(
            select(consent).where(consent.c.subscriber_id == subscriber_id).order_by(consent.c.id)
        )
    )


def batch_of(connection: Connection, batch_id: int) -> Row[Any] | None:
    """The import that a subscription came by."""
    return connection.execute(select(batch).where(batch.c.id == batch_id)).one_or_none()


def leave(
    connection: Connection, subscriber_id: int, *, digest: str | None, actor: str, now: datetime
) -> tuple[str, ...]:
    """End one digest, or all (None); returns the digests that were active. Twice is the same as once."""
    scope = [subscription.c.subscriber_id == subscriber_id, subscription.c.active]
    if digest is not None:
        scope.append(subscription.c.digest == digest)
    left = (
        connection.execute(select(subscription.c.digest).where(*scope).order_by(subscription.c.digest))
        .scalars()
        .all()
    )
    connection.execute(update(subscription).where(*scope).values(active=False))
    if digest is None:
        row = get(connection, subscriber_id)
        _set_status(connection, subscriber_id, after(Status(row.status), Step.LEFT), now=now)
    else:  # touched, so that a mark waiting on this row's lock sees the subscription's new state
        connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(changed_at=now))
    for name in left:
        _evidence(connection, subscriber_id, Step.LEFT, digest=name, actor=actor, now=now)
    return tuple(left)


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
    """Never mail this address again; False when it was suppressed before (the first cause stands)."""
    row = find(connection, addr_key)
    result = connection.execute(
        insert(connection, suppression)
        .values(
            addr_key=addr_key,
            cause=cause,
            prior=row.status if row else None,
            dispatch_id=dispatch_id,
            detail=detail,
            actor=actor,
            at=now,
        )
        .on_conflict_do_nothing()
    )
    if not result.rowcount:
        return False
    if row is not None:
        _set_status(connection, row.id, Status.SUPPRESSED, now=now)
        _evidence(connection, row.id, Step.SUPPRESSED, basis=cause, actor=actor, now=now)
    return True


def suppressed(connection: Connection, addr_key: bytes) -> Row[Any] | None:
    """The suppression of this address, or None."""
    return connection.execute(select(suppression).where(suppression.c.addr_key == addr_key)).one_or_none()


def suppressions(connection: Connection, *, limit: int = 50) -> list[Row[Any]]:
    """The newest suppressions, with the address where the person is still known."""
    query = (
        select(suppression, subscriber.c.address)
        .outerjoin(subscriber, subscriber.c.addr_key == suppression.c.addr_key)
        .order_by(suppression.c.at.desc(), suppression.c.addr_key)
        .limit(limit)
    )
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
    """Take suppressions back, of one address or of one dispatch; returns how many. An erased person stays erased."""
    scope = (
        suppression.c.addr_key == addr_key
        if addr_key is not None
        else suppression.c.dispatch_id == dispatch_id
    )
    rows = connection.execute(select(suppression).where(scope, suppression.c.cause != "erased")).all()
    for row in rows:
        connection.execute(delete(suppression).where(suppression.c.addr_key == row.addr_key))
        person = find(connection, row.addr_key)
        if person is not None and row.prior is not None:
            _set_status(connection, person.id, Status(row.prior), now=now)
            _evidence(connection, person.id, Step.RESTORED, basis=why, actor=actor, now=now)
    return len(rows)


def erase(connection: Connection, subscriber_id: int, *, actor: str, now: datetime) -> None:
    """Forget the person: the address goes, a suppression by keyed hash stays."""
    row = get(connection, subscriber_id)
    leave(connection, subscriber_id, digest=None, actor=actor, now=now)
    suppress(connection, row.addr_key, "erased", actor=actor, now=now)
    connection.execute(
        update(suppression).where(suppression.c.addr_key == row.addr_key).values(cause="erased")
    )
    connection.execute(
        update(subscriber)
        .where(subscriber.c.id == subscriber_id)
        .values(address=None, status=Status.SUPPRESSED.value, mailable=False, changed_at=now)
    )
    _evidence(connection, subscriber_id, Step.ERASED, actor=actor, now=now)


def segment(connection: Connection, digest: str, languages: Iterable[str]) -> Iterator[Reader]:
    """The recipients of a digest, ordered by language, sections and id, so that equal variants stand together.

    Read in pages by key: no cursor stays open, and a reader who joins or leaves meanwhile harms nobody.
    """
    sections_or_empty = _sections_or_empty()
    for language in languages:
        last: tuple[str, int] = ("", 0)
        while True:
            rows: Sequence[Row[Any]] = connection.execute(
                select(
                    subscriber.c.id,
                    subscriber.c.addr_key,
                    subscriber.c.address,
                    sections_or_empty.label("chosen"),
                )
                .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
                .where(
                    subscription.c.digest == digest,
                    subscription.c.language == language,
                    subscription.c.active,
                    subscriber.c.mailable,
                    tuple_(sections_or_empty, subscriber.c.id) > last,
                )
                .order_by(sections_or_empty, subscriber.c.id)
                .limit(PAGE)
            ).all()
            for row in rows:
                chosen = frozenset(row.chosen.split()) or None
                yield Reader(row.id, bytes(row.addr_key), row.address, language, chosen)
            if len(rows) < PAGE:
                break
            last = (rows[-1].chosen, rows[-1].id)


def _sections_or_empty() -> ColumnElement[str]:
    return func.coalesce(subscription.c.sections, "")


def mailable(subscriber_id: ColumnElement[Any], digest: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether this subscriber may be mailed this digest: one EXISTS, for use inside the sender's mark (decision 13)."""
    return exists(
        select(subscriber.c.id)
        .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        .where(
            subscriber.c.id == subscriber_id,
            subscriber.c.mailable,
            subscription.c.digest == digest,
            subscription.c.active,
        )
    )


def lock_for_mark(connection: Connection, subscriber_ids: Collection[int]) -> None:
    """Make leavers wait for this transaction or be seen by it: PostgreSQL needs the rows locked, SQLite is one writer."""
    if connection.dialect.name == "postgresql" and subscriber_ids:
        connection.execute(
            select(subscriber.c.id)
            .where(subscriber.c.id.in_(subscriber_ids))
            .order_by(subscriber.c.id)
            .with_for_update(read=True)
        ).all()


def why_not(connection: Connection, subscriber_id: int, digest: str) -> str | None:
    """Why a reader must not be mailed this digest: a cause of suppression, "left" or "unconfirmed"; None when they may."""
    row = connection.execute(select(subscriber).where(subscriber.c.id == subscriber_id)).one_or_none()
    if row is None:
        return "erased"
    if (found := suppressed(connection, row.addr_key)) is not None:
        return str(found.cause)
    active = connection.execute(
        select(subscription.c.active).where(
            subscription.c.subscriber_id == subscriber_id, subscription.c.digest == digest
        )
    ).scalar_one_or_none()
    if row.status == Status.LEFT or not active:
        return "left"
    return None if row.mailable else "unconfirmed"
