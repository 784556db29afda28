"""WebSub hubs that have to hear of changed feeds: noted in the transaction of the change, told afterwards, never forgotten.

A row is one (hub, topic) with something to tell. Whoever tells it takes a lease by moving `due_at`; when the hub has answered, the row
goes away, unless the feed changed once more meanwhile (`changes` has grown).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, delete, select, update

from publisher.store.db import insert
from publisher.store.schema import hub_ping

__all__ = ["Ping", "any_due", "drop", "failed", "note", "take", "told", "waiting"]


@dataclass(frozen=True, slots=True)
class Ping:
    """A hub that has to hear of a topic; `changes` tells whether there was another one while it was told."""

    hub: str
    topic: str
    changes: int
    failures: int


def note(connection: Connection, hub: str, topics: Iterable[str], *, due_at: datetime) -> None:
    """These topics changed: the hub is told at `due_at`, or earlier if it was to be told earlier anyway."""
    for topic in topics:
        added = insert(connection, hub_ping).values(hub=hub, topic=topic, due_at=due_at)
        earlier = case((hub_ping.c.due_at < due_at, hub_ping.c.due_at), else_=due_at)
        connection.execute(
            added.on_conflict_do_update(
                index_elements=["hub", "topic"],
                set_={"due_at": earlier, "changes": hub_ping.c.changes + 1},
            )
        )


def any_due(connection: Connection, *, now: datetime) -> bool:
    """Whether there is something to take."""
    return (
        connection.execute(select(hub_ping.c.hub).where(hub_ping.c.due_at <= now).limit(1)).first()
        is not None
    )


def waiting(connection: Connection) -> list[dict[str, str | None]]:
    """What has to be told yet: hub, topic, and why the last try failed."""
    query = select(hub_ping.c.hub, hub_ping.c.topic, hub_ping.c.error).order_by(
        hub_ping.c.hub, hub_ping.c.topic
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def take(connection: Connection, *, now: datetime, until: datetime, limit: int = 50) -> list[Ping]:
    """What is due, taken until then: nobody else takes it meanwhile, and it comes back if we die."""
    due = (
        select(hub_ping.c.hub, hub_ping.c.topic)
        .where(hub_ping.c.due_at <= now)
        .order_by(hub_ping.c.due_at, hub_ping.c.hub, hub_ping.c.topic)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken: list[Ping] = []
    for hub, topic in connection.execute(due).all():
        row = connection.execute(
            update(hub_ping)
            .where(hub_ping.c.hub == hub, hub_ping.c.topic == topic)
            .values(due_at=until)
            .returning(hub_ping.c.changes, hub_ping.c.failures)
        ).one()
        taken.append(Ping(hub, topic, row.changes, row.failures))
    return taken


def told(connection: Connection, ping: Ping, *, now: datetime) -> None:
    """The hub has heard of it; a change that came meanwhile is due at once."""
    here = (hub_ping.c.hub == ping.hub, hub_ping.c.topic == ping.topic)
    connection.execute(delete(hub_ping).where(*here, hub_ping.c.changes == ping.changes))
    connection.execute(update(hub_ping).where(*here).values(due_at=now, failures=0, error=None))


def failed(connection: Connection, ping: Ping, *, why: str, due_at: datetime) -> None:
    """The hub did not take it: again at `due_at`."""
    connection.execute(
        update(hub_ping)
        .where(hub_ping.c.hub == ping.hub, hub_ping.c.topic == ping.topic)
        .values(due_at=due_at, failures=ping.failures + 1, error=why[:512])
    )


def drop(connection: Connection, ping: Ping) -> None:
    """Give up on it: the feed itself is public, and reader programs come by anyway."""
    connection.execute(delete(hub_ping).where(hub_ping.c.hub == ping.hub, hub_ping.c.topic == ping.topic))
