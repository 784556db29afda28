"""Messages to other programs: what has to be told, made of records that were written in the transaction of what they record.

The records are append-only and numbered, so they are the outbox: whoever makes messages goes on after the last number and keeps its place in the same transaction.
On PostgreSQL a number may become visible after a higher one; so the last `LAG` numbers are looked at again as long as they are young, and
a message that is there already is not made twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, exists, func, or_, select, update

from publisher.store import house
from publisher.store.db import insert
from publisher.store.schema import chunk, dispatch, edition, event, fact, webhook_out
from subscribers import schema as people

__all__ = [
    "acts",
    "any_due",
    "drop_others",
    "failed",
    "forget_old",
    "get_place",
    "given_up",
    "keep_place",
    "make",
    "newest",
    "others",
    "perhaps_finished",
    "standing",
    "steps",
    "take",
    "told",
]

LAG, YOUNG = 500, timedelta(hours=1)
KEPT = timedelta(days=14)
PLACE = "webhook "


def get_place(connection: Connection, name: str) -> str | None:
    """How far messages of a webhook were made, as `keep_place` was told; None for one that is new."""
    return house.get_fact(connection, f"{PLACE}{name}")


def keep_place(connection: Connection, name: str, value: str) -> None:
    """Remember it."""
    kept = insert(connection, fact).values(key=f"{PLACE}{name}", value=value)
    connection.execute(kept.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


def others(connection: Connection, names: Collection[str]) -> list[str]:
    """Webhooks of which a place or a waiting message is kept, but for these."""
    kept = connection.execute(select(fact.c.key).where(fact.c.key.startswith(PLACE))).scalars()
    waits = connection.execute(
        select(webhook_out.c.webhook).where(webhook_out.c.due_at.is_not(None)).distinct()
    )
    return sorted({*(key.removeprefix(PLACE) for key in kept), *waits.scalars()} - set(names))


def drop_others(connection: Connection, names: Collection[str], *, why: str, now: datetime) -> None:
    """Forget their places, and give up what waits for them."""
    for name in others(connection, names):
        connection.execute(delete(fact).where(fact.c.key == f"{PLACE}{name}"))
        waits = (webhook_out.c.webhook == name, webhook_out.c.due_at.is_not(None))
        connection.execute(update(webhook_out).where(*waits).values(due_at=None, error=why, done_at=now))


def newest(connection: Connection) -> tuple[int, int]:
    """The highest numbers of acts and of steps of consent."""
    act, step = (
        connection.execute(select(func.coalesce(func.max(column), 0))).scalar_one()
        for column in (event.c.id, people.consent.c.id)
    )
    return act, step


def acts(
    connection: Connection, what: Collection[str], *, begin: int, last: int, now: datetime, limit: int
) -> list[Row[Any]]:
    """The next acts of these kinds after number `last`, and late ones; none of `begin` or before."""
    query = select(event).where(event.c.what.in_(what))
    return _next(connection, query, event.c, begin=begin, last=last, now=now, limit=limit)


def steps(connection: Connection, *, begin: int, last: int, now: datetime, limit: int) -> list[Row[Any]]:
    """Steps of readers' consent, likewise, with the address as long as it is known, and the step of this digest `before`."""
    consent, subscriber = people.consent, people.subscriber
    other = consent.alias()
    before = (
        select(other.c.step)
        .where(
            other.c.subscriber_id == consent.c.subscriber_id,
            other.c.id < consent.c.id,
            other.c.step != "requested",
            or_(other.c.digest == consent.c.digest, other.c.digest.is_(None)),
        )
        .order_by(other.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(consent, subscriber.c.address, before.label("before"))
    query = query.join(subscriber, subscriber.c.id == consent.c.subscriber_id)
    return _next(connection, query, consent.c, begin=begin, last=last, now=now, limit=limit)


def _next(
    connection: Connection, query: Select[Any], of: Any, *, begin: int, last: int, now: datetime, limit: int
) -> list[Row[Any]]:
    late: list[Row[Any]] = []
    if connection.dialect.name == "postgresql":  # SQLite has one writer: its numbers become visible in order
        seen = (of.id > max(begin, last - LAG), of.id <= last, of.at > now - YOUNG)
        late = list(connection.execute(query.where(*seen).order_by(of.id)))
    return late + list(connection.execute(query.where(of.id > last).order_by(of.id).limit(limit)))


def perhaps_finished(connection: Connection, name: str, *, since: datetime) -> list[Row[Any]]:
    """Dispatches of editions begun since then of which no chunk waits, and which this webhook was not told of."""
    open_chunk = exists().where(chunk.c.dispatch_id == dispatch.c.id, chunk.c.done.is_(False))
    known = exists().where(webhook_out.c.webhook == name, webhook_out.c.key == "dispatch " + dispatch.c.id)
    query = (
        select(dispatch.c.id, dispatch.c.digest, dispatch.c.edition_id, dispatch.c.state, edition.c.number)
        .join(edition, edition.c.id == dispatch.c.edition_id)
        .where(
            dispatch.c.kind == "digest",
            dispatch.c.created_at >= since,
            dispatch.c.frozen_at.is_not(None),
            dispatch.c.state.in_(["sending", "cancelled"]),
            ~open_chunk,
            ~known,
        )
    )
    return list(connection.execute(query))


def make(connection: Connection, messages: Iterable[Mapping[str, Any]]) -> None:
    """Add messages that are not there yet."""
    for message in messages:
        connection.execute(insert(connection, webhook_out).values(**message).on_conflict_do_nothing())


def any_due(connection: Connection, name: str, *, now: datetime) -> bool:
    """Whether there is something to tell this webhook."""
    due = (webhook_out.c.webhook == name, webhook_out.c.due_at <= now)
    query = select(webhook_out.c.key).where(*due).limit(1)
    return connection.execute(query).first() is not None


def take(connection: Connection, name: str, *, now: datetime, until: datetime, limit: int) -> list[Row[Any]]:
    """What is due of this webhook, kills first, then the oldest, taken until then: nobody else takes it meanwhile, and it comes back if we die."""
    due = (
        select(webhook_out)
        .where(webhook_out.c.webhook == name, webhook_out.c.due_at <= now)
        .order_by(
            webhook_out.c.type != "story.killed", webhook_out.c.due_at, webhook_out.c.at, webhook_out.c.key
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = list(connection.execute(due))
    for row in taken:
        connection.execute(update(webhook_out).where(*_it(row)).values(due_at=until))
    return taken


def told(connection: Connection, row: Any, *, now: datetime) -> None:
    """It was taken."""
    connection.execute(update(webhook_out).where(*_it(row)).values(due_at=None, done_at=now, error=None))


def failed(connection: Connection, row: Any, *, why: str, due_at: datetime) -> None:
    """It was not taken: again at `due_at`."""
    changed = {"due_at": due_at, "failures": row.failures + 1, "error": why[:512]}
    connection.execute(update(webhook_out).where(*_it(row)).values(**changed))


def given_up(connection: Connection, row: Any, *, why: str, now: datetime) -> None:
    """It was not taken, and is not tried again."""
    changed = {"due_at": None, "failures": row.failures + 1, "error": why[:512], "done_at": now}
    connection.execute(update(webhook_out).where(*_it(row)).values(**changed))


def forget_old(connection: Connection, *, now: datetime) -> None:
    """Messages that were taken or given up a fortnight ago."""
    connection.execute(delete(webhook_out).where(webhook_out.c.done_at < now - KEPT))


def standing(connection: Connection, name: str) -> dict[str, Any]:
    """How a webhook stands: how many messages wait, how many were taken and given up, the last time it took one, and the last error."""
    of = webhook_out.c.webhook == name
    waits = webhook_out.c.due_at.is_not(None)
    row = connection.execute(
        select(
            func.count().filter(waits).label("waiting"),
            func.count().filter(~waits, webhook_out.c.error.is_(None)).label("taken"),
            func.count().filter(~waits, webhook_out.c.error.is_not(None)).label("given_up"),
            func.max(webhook_out.c.done_at).filter(webhook_out.c.error.is_(None)).label("last_at"),
        ).where(of)
    ).one()
    newest_error = select(webhook_out.c.error).where(of, webhook_out.c.error.is_not(None))
    error = connection.execute(newest_error.order_by(webhook_out.c.at.desc()).limit(1)).scalar_one_or_none()
    return {**row._asdict(), "error": error}


def _it(row: Any) -> tuple[Any, ...]:
    return (webhook_out.c.webhook == row.webhook, webhook_out.c.key == row.key)
