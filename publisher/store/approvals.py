"""A person's approval of an edition: bound to the hash of its content, so that any change voids it (invariant 13)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from publisher.store.db import insert
from publisher.store.schema import approval

__all__ = ["approve", "approved", "approver"]


def approve(connection: Connection, edition_id: str, content_hash: str, *, actor: str, now: datetime) -> None:
    """A person's approval of exactly this content."""
    connection.execute(
        insert(connection, approval)
        .values(edition_id=edition_id, content_hash=content_hash, actor=actor, at=now)
        .on_conflict_do_nothing()
    )


def approved(connection: Connection, edition_id: str, content_hash: str) -> bool:
    """Whether exactly this content has been approved (invariant 13)."""
    return approver(connection, edition_id, content_hash) is not None


def approver(connection: Connection, edition_id: str, content_hash: str) -> str | None:
    """Who approved exactly this content, or None."""
    query = select(approval.c.actor).where(
        approval.c.edition_id == edition_id, approval.c.content_hash == content_hash
    )
    return connection.execute(query).scalar_one_or_none()
