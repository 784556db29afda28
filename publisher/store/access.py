"""Tokens of the HTTP API, and requests that are to be carried out once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from publisher.store.db import insert
from publisher.store.schema import api_request, api_token

__all__ = ["add", "begin", "by_hash", "ended", "forget", "listing", "revoke"]

KEPT = timedelta(hours=24)
"""How long a repeat of a request is known."""


def add(connection: Connection, *, name: str, scopes: Iterable[str], **values: Any) -> bool:
    """Keep a token; False when its name is taken, also by one that was revoked."""
    added = insert(connection, api_token).values(name=name, scopes=" ".join(sorted(scopes)), **values)
    done = connection.execute(added.on_conflict_do_nothing().returning(api_token.c.id))
    return done.first() is not None


def by_hash(connection: Connection, hashed: bytes, *, now: datetime) -> Row[Any] | None:
    """The token of this hash, unless it was revoked or is over."""
    row = connection.execute(
        select(api_token).where(api_token.c.hash == hashed, api_token.c.revoked_at.is_(None))
    ).one_or_none()
    return row if row is not None and (row.expires_at is None or now < row.expires_at) else None


def listing(connection: Connection) -> list[Row[Any]]:
    """All tokens that ever were, by name."""
    return list(connection.execute(select(api_token).order_by(api_token.c.name)))


def revoke(connection: Connection, name: str, *, now: datetime) -> bool | None:
    """Take a token back; False when it was before, None when there is none."""
    done = connection.execute(
        update(api_token)
        .where(api_token.c.name == name, api_token.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    if done.rowcount:
        return True
    known = connection.execute(select(api_token.c.id).where(api_token.c.name == name)).first()
    return None if known is None else False


def begin(
    connection: Connection, token_id: int, key: str, fingerprint: bytes, *, now: datetime
) -> Row[Any] | None:
    """None when the request is ours to carry out; else what is known of the one that had this key before."""
    connection.execute(delete(api_request).where(api_request.c.at < now - KEPT))
    values = {"token_id": token_id, "key": key, "fingerprint": fingerprint, "at": now}
    begun = insert(connection, api_request).values(**values)
    done = connection.execute(begun.on_conflict_do_nothing().returning(api_request.c.key))
    if done.first() is not None:
        return None
    return connection.execute(select(api_request).where(*_it(token_id, key))).one()


def ended(connection: Connection, token_id: int, key: str, *, status: int, subject: str) -> None:
    """What it came to."""
    connection.execute(update(api_request).where(*_it(token_id, key)).values(status=status, subject=subject))


def forget(connection: Connection, token_id: int, key: str) -> None:
    """It came to nothing: the same key may be used again."""
    connection.execute(delete(api_request).where(*_it(token_id, key)))


def _it(token_id: int, key: str) -> tuple[Any, ...]:
    return (api_request.c.token_id == token_id, api_request.c.key == key)
