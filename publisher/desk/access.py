"""Who may use the HTTP API: tokens with scopes, kept as hashes, and requests that are carried out once."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from publisher.desk.pages import Page
from publisher.errors import BadInput, Conflict, UnknownName
from publisher.newsroom import Newsroom
from publisher.store import access, house

__all__ = ["SCOPES", "Access", "Once", "add", "listing", "once", "revoke", "who"]

SCOPES = (
    "dispatches:read",
    "editions:read",
    "stories:read",
    "stories:write",
    "subscribers:read",
    "subscribers:write",
)
PREFIX = "pub_"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
STUCK = timedelta(minutes=5)
"""A request that was begun so long ago and has not ended died; it may be carried out again, for every act of the API bears that."""


@dataclass(frozen=True, slots=True)
class Access:
    """A token that is good: `actor` stands in every record of what it does."""

    token_id: int
    name: str
    scopes: frozenset[str]

    @property
    def actor(self) -> str:
        """As records name it."""
        return f"api:{self.name}"


def add(
    newsroom: Newsroom,
    name: str,
    *,
    scopes: Sequence[str],
    expires_at: datetime | None,
    actor: str,
    now: datetime,
) -> str:
    """A new token, which nobody can be shown again.

    Raises:
        BadInput: no such scope, the name is none, or it would have ended already. Conflict: there is, or was, a token of this name.
    """
    if not NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no name for a token: small letters, digits and hyphens are wanted")
    if wrong := sorted(set(scopes) - set(SCOPES)):
        raise BadInput(f"no scope is called {', '.join(wrong)}; known: {', '.join(SCOPES)}")
    if not scopes:
        raise BadInput(f"a token without a scope may do nothing; known: {', '.join(SCOPES)}")
    if expires_at is not None and expires_at <= now:
        raise BadInput("the token would have ended before anybody could use it: give a later --expires")
    token = PREFIX + secrets.token_urlsafe(32)
    with newsroom.database.write() as connection:
        made = access.add(
            connection,
            name=name,
            hash=sha256(token.encode()).digest(),
            scopes=set(scopes),
            actor=actor,
            created_at=now,
            expires_at=expires_at,
        )
        if not made:
            raise Conflict(f"there is, or was, a token named {name}; each has a name of its own")
        house.tell(connection, "token.add", name, actor=actor, now=now, data={"scopes": sorted(set(scopes))})
    return token


def listing(newsroom: Newsroom, *, limit: int, after: str | None = None, now: datetime) -> Page:
    """All tokens, by name; `state` is "good", "expired" or "revoked"."""
    with newsroom.database.read() as connection:
        rows = access.listing(connection)

    def state(row: Any) -> str:
        if row.revoked_at is not None:
            return "revoked"
        return "expired" if row.expires_at is not None and row.expires_at <= now else "good"

    told = [
        {
            "name": row.name,
            "state": state(row),
            "scopes": row.scopes.split(),
            "created_at": row.created_at,
            "created_by": row.actor,
            "expires_at": row.expires_at,
            "revoked_at": row.revoked_at,
        }
        for row in rows
    ]
    return Page.cut(told, limit, by="name", after=after)


def revoke(newsroom: Newsroom, name: str, *, actor: str, now: datetime) -> None:
    """Take a token back, from the next request on.

    Raises:
        UnknownName: there is none. Conflict: it was taken back before.
    """
    with newsroom.database.write() as connection:
        done = access.revoke(connection, name, now=now)
        if done is None:
            raise UnknownName("token", name)
        if not done:
            raise Conflict(f"token {name} was revoked before")
        house.tell(connection, "token.revoke", name, actor=actor, now=now)


def who(newsroom: Newsroom, shown: str, *, now: datetime) -> Access | None:
    """Who shows this token; None for one that is not good."""
    if not shown.startswith(PREFIX) or len(shown) > 100:
        return None
    with newsroom.database.read() as connection:
        row = access.by_hash(connection, sha256(shown.encode("utf-8", "replace")).digest(), now=now)
    return None if row is None else Access(row.id, row.name, frozenset(row.scopes.split()))


@dataclass(frozen=True, slots=True)
class Once:
    """A request with an Idempotency-Key. `before`: (status, subject) of the same one, carried out before."""

    newsroom: Newsroom
    token_id: int
    key: str
    before: tuple[int, str] | None

    def ended(self, status: int, subject: str) -> None:
        """It was carried out."""
        with self.newsroom.database.write() as connection:
            access.ended(connection, self.token_id, self.key, status=status, subject=subject)

    def forget(self) -> None:
        """It was refused or failed, and changed nothing."""
        with self.newsroom.database.write() as connection:
            access.forget(connection, self.token_id, self.key)


def once(newsroom: Newsroom, by: Access, key: str, request: bytes, *, now: datetime) -> Once:
    """Begin a request of this key, or find what it came to.

    Raises:
        Conflict: the same request is being carried out.
        BadInput: another request had this key.
    """
    fingerprint = hmac.digest(newsroom.address_key, b"api request " + request, "sha256")
    with newsroom.database.write() as connection:
        found = access.begin(connection, by.token_id, key, fingerprint, now=now)
        if found is not None and found.status is None and found.at < now - STUCK:
            access.forget(connection, by.token_id, key)
            found = access.begin(connection, by.token_id, key, fingerprint, now=now)
    if found is None:
        return Once(newsroom, by.token_id, key, None)
    if not hmac.compare_digest(bytes(found.fingerprint), fingerprint):
        raise BadInput("another request had this Idempotency-Key; a new one wants a key of its own")
    if found.status is None:
        raise Conflict("a request with this Idempotency-Key is being carried out")
    return Once(newsroom, by.token_id, key, (found.status, found.subject or ""))
