"""The house's own records: facts that must never change, acts that were done, and what fetching remembers of a source."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, update

from publisher.revise import MEANWHILE
from publisher.store import schema
from publisher.store.db import insert
from publisher.store.schema import event, fact, source_state
from subscribers import schema as people

__all__ = [
    "SourceState",
    "change_fact",
    "count_events",
    "events_of",
    "get_fact",
    "last_recorded",
    "last_why",
    "remember_source",
    "settle_fact",
    "source_states",
    "tell",
    "unused",
]


RECORDED = frozenset(
    {"at", "changed_at", "cleared_at", "created_at", "decided_at", "frozen_at", "modified_at", "received_at"}
)
"""Columns that say when something was written; others tell of times to come, or of the source's own."""


def settle_fact(connection: Connection, key: str, value: str) -> str:
    """The value that holds for this database: the one stored at first use, whatever is handed in later."""
    connection.execute(insert(connection, fact).values(key=key, value=value).on_conflict_do_nothing())
    return str(connection.execute(select(fact.c.value).where(fact.c.key == key)).scalar_one())


def unused(connection: Connection) -> bool:
    """Whether nothing that carries an id to the outside was ever kept here: no story, edition (feeds are, too) or reader."""
    kept = (schema.story, schema.edition, people.subscriber)
    return all(connection.execute(select(1).select_from(table).limit(1)).first() is None for table in kept)


def change_fact(connection: Connection, key: str, value: str) -> None:
    """Put another value in the place of one that nothing hangs on yet."""
    connection.execute(update(fact).where(fact.c.key == key).values(value=value))


def get_fact(connection: Connection, key: str) -> str | None:
    """The stored value, or None before its first use."""
    return connection.execute(select(fact.c.value).where(fact.c.key == key)).scalar_one_or_none()


def tell(
    connection: Connection,
    what: str,
    subject: str,
    *,
    actor: str,
    now: datetime,
    why: str | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Record an act: what was done to which subject, by whom, when and why."""
    connection.execute(
        insert(connection, event).values(at=now, actor=actor, what=what, subject=subject, why=why, data=data)
    )


def events_of(connection: Connection, subject: str) -> list[Row[Any]]:
    """The acts done to a subject, oldest first."""
    return list(connection.execute(select(event).where(event.c.subject == subject).order_by(event.c.id)))


def last_why(connection: Connection, what: Collection[str], subject: str) -> str | None:
    """The reason that the last act of these kinds on a subject was given; None when there was none."""
    query = select(event.c.why).where(event.c.subject == subject, event.c.what.in_(what))
    return connection.execute(query.order_by(event.c.id.desc()).limit(1)).scalar_one_or_none()


def last_recorded(connection: Connection) -> datetime | None:
    """The latest instant at which anything was recorded here, by whatever table; None in an empty house."""
    tables = [*schema.metadata.tables.values(), *people.metadata.tables.values()]
    columns = [column for table in tables for column in table.columns if column.name in RECORDED]
    found = (connection.execute(select(func.max(column))).scalar_one() for column in columns)
    return max((at for at in found if at is not None), default=None)


def count_events(connection: Connection, what: str) -> int:
    """How often this was done."""
    return connection.execute(select(func.count()).where(event.c.what == what)).scalar_one()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What fetching remembers of a source between two polls."""

    source: str
    etag: str | None = None
    last_modified: str | None = None
    polled_at: datetime | None = None
    succeeded_at: datetime | None = None
    not_before: datetime | None = None
    failures: int = 0
    error: str | None = None
    moved_to: str | None = None
    seconds: float | None = None


def source_states(connection: Connection) -> dict[str, SourceState]:
    """All remembered sources by slug."""
    return {row.source: SourceState(**row._asdict()) for row in connection.execute(select(source_state))}


def remember_source(connection: Connection, state: SourceState) -> None:
    """Replace what is remembered of this source, unless another poll that was begun since (by `MEANWHILE` at most) has told of it."""
    values = {column.name: getattr(state, column.name) for column in source_state.columns}
    meanwhile = None
    if state.polled_at is not None:
        told = func.coalesce(source_state.c.polled_at, state.polled_at)
        meanwhile = or_(told <= state.polled_at, told > state.polled_at + MEANWHILE)
    connection.execute(
        insert(connection, source_state)
        .values(**values)
        .on_conflict_do_update(index_elements=["source"], set_=values, where=meanwhile)
    )
