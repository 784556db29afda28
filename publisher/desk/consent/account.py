"""A person's own data: shown, erased, or moved to another address, each by a link of one use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher.desk import readers
from publisher.desk.consent.joining import Joined, write_down
from publisher.desk.consent.links import ACTOR
from publisher.newsroom import Newsroom
from publisher.store import deliveries
from subscribers import audience
from subscribers.address import Address, key, parse
from subscribers.consent import Origin
from subscribers.limits import network_of
from subscribers.tokens import Purpose

__all__ = ["Account", "account", "erase", "export", "new_address", "prove", "proved"]


@dataclass(frozen=True, slots=True)
class Account:
    """Whose link it is: the person, the digest by which they came, its language, and the address that the page shows."""

    subscriber_id: int
    digest: str
    language: str
    address: str


def _of(connection: Connection, purpose: Purpose, token: str, *, now: datetime) -> Account | None:
    ticket = audience.ticket_of(connection, purpose, token, now=now)
    if ticket is None or ticket.used_at is not None:
        return None
    row = audience.get(connection, ticket.subscriber_id)
    if row.address is None:
        return None
    tongues = {entry.digest: entry.language for entry in audience.subscriptions(connection, row.id)}
    return Account(row.id, ticket.digest, tongues.get(ticket.digest, ""), ticket.address or row.address)


def account(newsroom: Newsroom, token: str, *, now: datetime) -> Account | None:
    """Whose data a link shows; None when it is none, or used."""
    with newsroom.database.read() as connection:
        return _of(connection, Purpose.ACCOUNT, token, now=now)


def export(newsroom: Newsroom, token: str, *, now: datetime) -> dict[str, Any] | None:
    """Everything that is known about whoever has this link, which is used up by it; None when it is none."""
    with newsroom.database.write() as connection:
        found = _of(connection, Purpose.ACCOUNT, token, now=now)
        if found is None or not audience.spend(connection, Purpose.ACCOUNT, token, now=now):
            return None
        row = audience.get(connection, found.subscriber_id)
        return readers.everything(connection, row) | {
            "mails": deliveries.of_reader(connection, row.id, audience.keys_of(connection, [row.id]))
        }


def erase(newsroom: Newsroom, token: str, *, now: datetime) -> Account | None:
    """Forget whoever has this link; None when it is none. Returns who it was, for the last page in their language."""
    with newsroom.database.write() as connection:
        found = _of(connection, Purpose.ACCOUNT, token, now=now)
        if found is None or not audience.spend(connection, Purpose.ACCOUNT, token, now=now):
            return None
        readers.forget(connection, audience.get(connection, found.subscriber_id), actor=ACTOR, now=now)
    return found


def new_address(newsroom: Newsroom, token: str, address: str, *, client: str, now: datetime) -> Joined | None:
    """Note that a reader wants another address, which is asked first; None when the link is none. The link stays good where it cannot be noted now.

    Raises:
        AddressRefused: it is no address; the link stays good.
    """
    parsed = parse(address)
    try:
        return _noted(newsroom, token, parsed, client=client, now=now)
    except _Busy:
        return Joined.BUSY


class _Busy(Exception):
    """Too many have asked from this network: nothing is kept, and the link is not used up."""


def _noted(newsroom: Newsroom, token: str, parsed: Address, *, client: str, now: datetime) -> Joined | None:
    with newsroom.database.write() as connection:
        found = _of(connection, Purpose.ACCOUNT, token, now=now)
        if found is None or not audience.spend(connection, Purpose.ACCOUNT, token, now=now):
            return None
        noted = write_down(
            newsroom,
            connection,
            what="address",
            address=parsed.address,
            digest=found.digest,
            language=found.language,
            form="account",
            subscriber_id=found.subscriber_id,
            client=client,
            now=now,
        )
        if noted is Joined.BUSY:
            raise _Busy
        return noted


def proved(newsroom: Newsroom, token: str, *, now: datetime) -> Account | None:
    """Which new address a link proves; None when it is none, or used."""
    with newsroom.database.read() as connection:
        return _of(connection, Purpose.ADDRESS, token, now=now)


def prove(newsroom: Newsroom, token: str, *, client: str, now: datetime) -> tuple[Account, bool] | None:
    """Let a reader have the address that this link was mailed to; whether it was free. None when the link is none."""
    with newsroom.database.write() as connection:
        found = _of(connection, Purpose.ADDRESS, token, now=now)
        if found is None or not audience.spend(connection, Purpose.ADDRESS, token, now=now):
            return None
        parsed = parse(found.address)
        moved = audience.move(
            connection,
            found.subscriber_id,
            parsed,
            key(parsed, newsroom.address_key),
            actor=ACTOR,
            now=now,
            origin=Origin("address", network_of(client)),
        )
    return found, moved
