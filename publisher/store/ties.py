"""What the desk said of two stories: that they report one event, or that they do not. Appended; the latest of a pair counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from publisher.selection import Tie
from publisher.store.db import insert
from publisher.store.schema import desk_tie

__all__ = ["add", "every"]


def add(connection: Connection, tie: Tie, *, actor: str, why: str, now: datetime) -> None:
    """Remember it."""
    first, second = sorted((tie.one, tie.other))
    connection.execute(
        insert(connection, desk_tie).values(
            story_id=first, other_id=second, joined=tie.joined, actor=actor, why=why, at=now
        )
    )


def every(connection: Connection) -> tuple[Tie, ...]:
    """All of them, oldest first: a desk makes a few a day."""
    rows = connection.execute(select(desk_tie).order_by(desk_tie.c.id))
    return tuple(Tie(row.story_id, row.other_id, row.joined) for row in rows)
