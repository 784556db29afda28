"""The links in mails: whom they are about, and what happens when their button is pressed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher.newsroom import Newsroom
from publisher.series import Digest
from subscribers import audience
from subscribers.consent import Origin, Status
from subscribers.errors import AddressSuppressed, UnknownSubscriber
from subscribers.limits import network_of
from subscribers.rhythm import EACH, Rhythm, RhythmKind
from subscribers.tokens import Purpose, mint, read

__all__ = [
    "ACTOR",
    "Standing",
    "confirm",
    "confirming",
    "former",
    "leave",
    "leave_former",
    "leaving",
    "preferring",
]

ACTOR = "web:reader"
BASIS = "the link mailed to the address was opened and its button pressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A reader and one digest.

    Attributes:
        address: "" when it was erased. sections: as they are stored.
        preferences: the token of the link to change it.
        done: what the link is for has been done: left, or confirmed.
        barred: the address must not be mailed, whatever is asked for it.
    """

    subscriber_id: int
    address: str
    digest: Digest
    language: str
    sections: str
    rhythm: Rhythm
    timezone: str | None
    active: bool
    preferences: str
    done: bool = False
    barred: bool = False


def _standing(newsroom: Newsroom, connection: Connection, row: Any, digest: Digest) -> Standing:
    entries = {entry.digest: entry for entry in audience.subscriptions(connection, row.id)}
    entry = entries.get(digest.slug)
    return Standing(
        subscriber_id=row.id,
        address=row.address or "",
        digest=digest,
        language=entry.language if entry else digest.languages[0],
        sections=entry.sections if entry else "",
        rhythm=Rhythm(RhythmKind(entry.rhythm), entry.hour, entry.weekday) if entry else EACH,
        timezone=row.timezone,
        active=bool(entry and entry.active and row.mailable),
        preferences=mint(newsroom.token_keys, Purpose.PREFERENCES, subscriber=row.id, digest=digest.number),
    )


def _named(newsroom: Newsroom, connection: Connection, purpose: Purpose, token: str) -> Standing | None:
    claim = read(newsroom.token_keys, purpose, token)
    if claim is None:
        return None
    digest = next((one for one in newsroom.settings.digests if one.number == claim.digest), None)
    try:
        row = audience.get(connection, claim.subscriber)
    except UnknownSubscriber:
        return None
    return None if digest is None else _standing(newsroom, connection, row, digest)


def leaving(newsroom: Newsroom, token: str) -> Standing | None:
    """Whom a link to leave is about; None when it is none."""
    with newsroom.database.read() as connection:
        found = _named(newsroom, connection, Purpose.LEAVE, token)
        if found is None or found.active:
            return found
        entries = audience.subscriptions(connection, found.subscriber_id)
        left = any(entry.digest == found.digest.slug and entry.status == Status.LEFT for entry in entries)
        return replace(found, done=left)


def former(newsroom: Newsroom, token: str) -> str | None:
    """Of a link to leave a digest that is configured no more: the reader's address ("" when erased); None when it is no such link."""
    with newsroom.database.read() as connection:
        row = _of_former(newsroom, connection, token)
    return None if row is None else row.address or ""


def leave_former(newsroom: Newsroom, token: str, *, client: str, now: datetime) -> None:
    """End for this reader whatever is configured no more: a digest that comes back one day does not come to them."""
    with newsroom.database.write() as connection:
        row = _of_former(newsroom, connection, token)
        for entry in audience.subscriptions(connection, row.id) if row is not None else ():
            if entry.digest not in newsroom.digests:
                origin = Origin("unsubscribe", network_of(client))
                audience.leave(
                    connection, entry.subscriber_id, digest=entry.digest, actor=ACTOR, now=now, origin=origin
                )


def _of_former(newsroom: Newsroom, connection: Connection, token: str) -> Any:
    claim = read(newsroom.token_keys, Purpose.LEAVE, token)
    if claim is None or any(digest.number == claim.digest for digest in newsroom.settings.digests):
        return None
    try:
        return audience.get(connection, claim.subscriber)
    except UnknownSubscriber:
        return None


def preferring(newsroom: Newsroom, token: str) -> Standing | None:
    """Whom a link to choose is about; None when it is none, or the reader was erased."""
    with newsroom.database.read() as connection:
        found = _named(newsroom, connection, Purpose.PREFERENCES, token)
    return found if found is not None and found.address else None


def leave(newsroom: Newsroom, standing: Standing, *, form: str, client: str, now: datetime) -> None:
    """End this digest for this reader; twice is the same as once."""
    with newsroom.database.write() as connection:
        audience.leave(
            connection,
            standing.subscriber_id,
            digest=standing.digest.slug,
            actor=ACTOR,
            now=now,
            origin=Origin(form, network_of(client)),
        )


def _asked(newsroom: Newsroom, connection: Connection, token: str, *, now: datetime) -> Standing | None:
    """Whom a confirmation is about, also one that was confirmed by it or is barred; None when it is none or its digest is gone."""
    ticket = audience.ticket_of(connection, Purpose.CONFIRM, token, now=now)
    digest = newsroom.digests.get(ticket.digest) if ticket is not None else None
    if ticket is None or digest is None:
        return None
    row = audience.get(connection, ticket.subscriber_id)
    against = audience.suppressed(connection, row.addr_key)
    found = _standing(newsroom, connection, row, digest)
    barred = against is not None and against.cause != "left"  # who left may come back by this link
    found = replace(found, done=ticket.used_at is not None, barred=barred)
    return found if found.address and (not found.done or found.active) else None


def confirming(newsroom: Newsroom, token: str, *, now: datetime) -> Standing | None:
    """Whom a confirmation is about."""
    with newsroom.database.read() as connection:
        return _asked(newsroom, connection, token, now=now)


def confirm(newsroom: Newsroom, token: str, *, client: str, now: datetime) -> Standing | None:
    """Confirm; pressed twice it is confirmed once, and says so twice. None when the link is none; who is barred stays so, and the link unused."""
    try:
        with newsroom.database.write() as connection:
            found = _asked(newsroom, connection, token, now=now)
            if found is None or found.barred:
                return found
            if audience.spend(connection, Purpose.CONFIRM, token, now=now):
                audience.confirm(
                    connection,
                    found.subscriber_id,
                    found.digest.slug,
                    basis=BASIS,
                    actor=ACTOR,
                    now=now,
                    origin=Origin("confirm", network_of(client)),
                )
    except AddressSuppressed:  # since we looked
        return confirming(newsroom, token, now=now)
    except UnknownSubscriber:
        return None
    return found
