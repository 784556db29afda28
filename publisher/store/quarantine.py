"""What was refused at the door, with its bytes and the reason, until a person decides."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select, update

from publisher.store.db import insert_once
from publisher.store.schema import quarantine
from publisher.store.versions import received_from_data, received_to_data
from publisher.story import Received, Rejected

__all__ = ["decide", "drop", "get", "keep", "listing", "received_of", "waiting"]


def keep(connection: Connection, source: str, rejected: Rejected, *, now: datetime) -> str | None:
    """Set an item aside; None if that is new, else the state of the entry that has the same bytes of the same source."""
    digest = hashlib.sha256(rejected.raw + rejected.reason.encode()).digest()
    values = {
        "source": source,
        "digest": digest,
        "reason": rejected.reason.value,
        "detail": rejected.detail,
        "headline": rejected.headline,
        "source_guid": rejected.source_guid,
        "raw": rejected.raw,
        "received": received_to_data(rejected.received) if rejected.received else None,
        "received_at": now,
    }
    if insert_once(connection, quarantine, values):
        return None
    same = and_(quarantine.c.source == source, quarantine.c.digest == digest)
    return str(connection.execute(select(quarantine.c.state).where(same)).scalar_one())


def listing(
    connection: Connection, *, state: str | None = "waiting", limit: int = 50, before: int | None = None
) -> list[Row[Any]]:
    """The newest entries in this state (None: all); `before` goes on below that id."""
    query = select(quarantine).order_by(quarantine.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(quarantine.c.id < before)
    return list(connection.execute(query.where(quarantine.c.state == state) if state else query))


def get(connection: Connection, entry_id: int) -> Row[Any] | None:
    """One entry, or None."""
    return connection.execute(select(quarantine).where(quarantine.c.id == entry_id)).one_or_none()


def received_of(entry: Row[Any]) -> Received | None:
    """The item of an entry as far as it could be read."""
    return received_from_data(entry.received) if entry.received else None


def waiting(connection: Connection) -> int:
    """How many entries wait for a person."""
    return connection.execute(select(func.count()).where(quarantine.c.state == "waiting")).scalar_one()


def released_after(connection: Connection, entry: Row[Any], story_id: str) -> int | None:
    """A later entry that brought this story back already, or None."""
    found: int | None = connection.execute(
        select(func.max(quarantine.c.id)).where(
            quarantine.c.story_id == story_id, quarantine.c.id > entry.id, quarantine.c.state == "released"
        )
    ).scalar_one()
    return found


def drop(
    connection: Connection, source: str, guids: Collection[str], *, actor: str, why: str, now: datetime
) -> int:
    """Drop what waits of a story that its source killed, or sent whole since; how many entries there were."""
    result = connection.execute(
        update(quarantine)
        .where(
            quarantine.c.source == source,
            quarantine.c.state == "waiting",
            quarantine.c.source_guid.in_(guids),
        )
        .values(state="dropped", decided_by=actor, decided_at=now, why=why)
    )
    return int(result.rowcount)


def decide(
    connection: Connection,
    entry_id: int,
    state: str,
    *,
    actor: str,
    why: str,
    now: datetime,
    story_id: str | None = None,
) -> bool:
    """Release or drop a waiting entry; False when somebody has decided before."""
    result = connection.execute(
        update(quarantine)
        .where(quarantine.c.id == entry_id, quarantine.c.state == "waiting")
        .values(state=state, decided_by=actor, decided_at=now, why=why, story_id=story_id)
    )
    return bool(result.rowcount)
