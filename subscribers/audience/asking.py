"""Asking: what forms were asked for, and the links of one use that answer it.

A form's request is one row, whoever the address is; it waits until somebody answers it by a mail, or by nothing (`answer`), and then
forgets address and network. A ticket is known by its fingerprint, and used once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, or_, select, update

from subscribers.audience.rows import insert
from subscribers.limits import REMEMBERED
from subscribers.schema import consent_text, signup, ticket
from subscribers.tokens import Purpose, fingerprint

__all__ = [
    "Asked",
    "answer",
    "anybody_waits",
    "ask",
    "asked_by",
    "end_asked",
    "forget_asked",
    "forget_old",
    "issue",
    "keep_text",
    "mailed_since",
    "spend",
    "ticket_of",
    "waiting",
    "written_to",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of a form. `what`: "join" a digest, a link to one's own "account", or to prove a new "address"."""

    what: str
    addr_key: bytes
    address: str
    digest: str
    language: str
    sections: str
    rhythm: str
    network_key: bytes
    network: str
    form: str
    at: datetime
    subscriber_id: int | None = None
    text_version: str | None = None


def ask(connection: Connection, asked: Asked) -> None:
    """Write a request down; it is answered later, so that asking takes the same time for every address."""
    connection.execute(insert(connection, signup).values(**asdict(asked)))


def asked_by(connection: Connection, network_key: bytes, *, since: datetime) -> int:
    """How often this network asked."""
    query = select(func.count()).where(signup.c.network_key == network_key, signup.c.at > since)
    return connection.execute(query).scalar_one()


def anybody_waits(connection: Connection) -> bool:
    """Whether a request waits for its answer."""
    query = select(signup.c.id).where(signup.c.state == "waiting").limit(1)
    return connection.execute(query).first() is not None


def waiting(connection: Connection, *, limit: int) -> list[Row[Any]]:
    """Requests that nobody has answered, oldest first; nobody else answers them until this transaction ends."""
    query = select(signup).where(signup.c.state == "waiting").order_by(signup.c.id).limit(limit)
    return list(connection.execute(query.with_for_update(skip_locked=True)))


def written_to(connection: Connection, addr_key: bytes, *, since: datetime) -> list[tuple[datetime, str]]:
    """When this address was written to because a form asked for it, and which form."""
    query = select(signup.c.answered_at, signup.c.form).where(
        signup.c.addr_key == addr_key, signup.c.state == "mailed", signup.c.at > since
    )
    return [(row.answered_at, row.form) for row in connection.execute(query)]


def mailed_since(connection: Connection, since: datetime) -> int:
    """How many requests were answered by a mail."""
    query = select(func.count()).where(
        signup.c.at > since - REMEMBERED, signup.c.state == "mailed", signup.c.answered_at > since
    )
    return connection.execute(query).scalar_one()


def answer(connection: Connection, signup_id: int, *, mailed: bool, now: datetime) -> None:
    """The request is answered, by a mail or by nothing; what it knew of the person goes."""
    values = {"state": "mailed" if mailed else "silent", "answered_at": now, "address": None, "network": None}
    connection.execute(update(signup).where(signup.c.id == signup_id).values(**values))


def end_asked(
    connection: Connection, subscriber_id: int, addr_key: bytes, digest: str | None, *, now: datetime
) -> None:
    """Leaving: confirmations that are still good for this digest (None: for any) end, and requests for it that wait are answered by nothing.

    Before the reader's row is locked: whoever presses such a link holds the ticket first and that row after it.
    """
    links = [ticket.c.subscriber_id == subscriber_id, ticket.c.purpose == Purpose.CONFIRM.value]
    asked = [signup.c.addr_key == addr_key, signup.c.what == "join"]
    if digest is not None:
        links.append(ticket.c.digest == digest)
        asked.append(signup.c.digest == digest)
    _silence(connection, *asked, now=now)  # first: whoever is just answering one has made its link by then
    connection.execute(delete(ticket).where(ticket.c.used_at.is_(None), *links))


def forget_asked(
    connection: Connection, subscriber_id: int, keys: Collection[bytes], *, now: datetime
) -> None:
    """Forgetting: links of one use go, and what still waits of these addresses is answered by nothing. Before rows are locked, as `end_asked`."""
    _silence(connection, or_(signup.c.addr_key.in_(keys), signup.c.subscriber_id == subscriber_id), now=now)
    connection.execute(delete(ticket).where(ticket.c.subscriber_id == subscriber_id))


def _silence(connection: Connection, *which: ColumnElement[bool], now: datetime) -> None:
    values = {"state": "silent", "answered_at": now, "address": None, "network": None}
    connection.execute(update(signup).where(signup.c.state == "waiting", *which).values(**values))


def forget_old(connection: Connection, *, now: datetime) -> None:
    """Take away requests that no limit counts any more, and tickets that ended as long ago."""
    connection.execute(delete(signup).where(signup.c.at < now - 2 * REMEMBERED, signup.c.state != "waiting"))
    connection.execute(delete(ticket).where(ticket.c.expires_at < now - 2 * REMEMBERED))


def keep_text(connection: Connection, version: str, language: str, text: str, *, now: datetime) -> None:
    """Keep the wording that evidence will name."""
    values = {"version": version, "language": language, "text": text, "at": now}
    connection.execute(insert(connection, consent_text).values(**values).on_conflict_do_nothing())


def issue(
    connection: Connection,
    purpose: Purpose,
    token: str,
    *,
    subscriber_id: int,
    digest: str,
    expires_at: datetime,
    address: str | None = None,
) -> None:
    """Let this token be good for one use until then."""
    connection.execute(
        insert(connection, ticket).values(
            fingerprint=fingerprint(purpose, token),
            purpose=purpose.value,
            subscriber_id=subscriber_id,
            digest=digest,
            address=address,
            expires_at=expires_at,
        )
    )


def ticket_of(connection: Connection, purpose: Purpose, token: str, *, now: datetime) -> Row[Any] | None:
    """The ticket of this token, used or not, as long as its time is not over."""
    query = select(ticket).where(
        ticket.c.fingerprint == fingerprint(purpose, token),
        ticket.c.purpose == purpose.value,
        ticket.c.expires_at > now,
    )
    return connection.execute(query).one_or_none()


def spend(connection: Connection, purpose: Purpose, token: str, *, now: datetime) -> bool:
    """Use the token up; False when it is none, its time is over, or somebody was first."""
    used = connection.execute(
        update(ticket)
        .where(
            ticket.c.fingerprint == fingerprint(purpose, token),
            ticket.c.purpose == purpose.value,
            ticket.c.expires_at > now,
            ticket.c.used_at.is_(None),
        )
        .values(used_at=now)
    )
    return bool(used.rowcount)
