"""What senders know of relays and domains together: breakers that outlive a restart, and rates that no two of them exceed.

A breaker is a row as long as something is left alone; none means that all is well. A bucket holds one instant, the end of what has
been granted, on the database's own clock: whoever asks moves it on by as many slots as they are given, in one statement, so that
each slot is given once, whatever machines ask. Sites whose pages are looked at again (`desk/recheck.py`) have breakers, too, which senders pass over.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Float, case, cast, delete, func, literal, select, update

from publisher.store.db import insert
from publisher.store.schema import breaker, bucket

__all__ = ["Breaker", "breakers", "close", "grant", "leave_alone", "probe", "try_now"]

FORGOTTEN = timedelta(days=5)
"""A breaker that nobody came back to for so long says nothing any more."""
AHEAD = 120.0
"""A bucket that is granted this many seconds ahead, beyond one slot, stands there because the clock was put back."""
JULIAN_UNIX = 2440587.5


@dataclass(frozen=True, slots=True)
class Breaker:
    """What is left alone: until when, for the how manieth time in a row, and why. `probing`: somebody tries whether it is well."""

    until: datetime
    times: int
    reason: str
    probing: bool = False


def breakers(connection: Connection) -> dict[str, Breaker]:
    """All of them by key: `relay:NAME`, `domain:NAME`, `burst:DISPATCH:DOMAIN`, `site:NAME`."""
    rows = connection.execute(select(breaker).order_by(breaker.c.key))
    return {row.key: Breaker(row.until, row.failures, row.reason, row.state == "half-open") for row in rows}


def leave_alone(connection: Connection, key: str, known: Breaker, *, now: datetime) -> None:
    """Remember that something is left alone."""
    values = {"state": "open", "until": known.until, "failures": known.times, "reason": known.reason}
    connection.execute(delete(breaker).where(breaker.c.until < now - FORGOTTEN))
    connection.execute(
        insert(connection, breaker)
        .values(key=key, **values)
        .on_conflict_do_update(index_elements=["key"], set_=values)
    )


def close(connection: Connection, keys: Collection[str]) -> None:
    """All is well with these again."""
    connection.execute(delete(breaker).where(breaker.c.key.in_(keys)))


def probe(connection: Connection, key: str, *, now: datetime, until: datetime) -> bool:
    """Whether the caller may try what was left alone: one at a time, who has until then. What nobody remembers may be tried."""
    taken = connection.execute(
        update(breaker)
        .where(breaker.c.key == key, breaker.c.until <= now)
        .values(state="half-open", until=until)
        .returning(breaker.c.key)
    ).first()
    if taken is not None:
        return True
    return connection.execute(select(literal(1)).where(breaker.c.key == key)).first() is None


def try_now(connection: Connection, *, now: datetime) -> None:
    """A person wants it: relays that are left alone may be tried at once."""
    connection.execute(
        update(breaker).where(breaker.c.key.like("relay:%"), breaker.c.until > now).values(until=now)
    )


def _clock(connection: Connection) -> ColumnElement[float]:
    """Seconds since 1970 on the database's clock."""
    if connection.dialect.name == "postgresql":
        return cast(func.extract("epoch", func.clock_timestamp()), Float)
    return (func.julianday("now") - JULIAN_UNIX) * 86400.0


def grant(connection: Connection, key: str, slots: int, *, apart: float) -> tuple[float, float]:
    """Slots of a bucket, `apart` seconds from one to the next: (the first one's instant, the present), on the database's clock."""
    clock = _clock(connection)
    later = func.greatest if connection.dialect.name == "postgresql" else func.max
    start = case((bucket.c.at > clock + AHEAD + apart, clock), else_=later(clock, bucket.c.at))
    connection.execute(insert(connection, bucket).values(key=key, at=0.0).on_conflict_do_nothing())
    end, present = connection.execute(
        update(bucket)
        .where(bucket.c.key == key)
        .values(at=start + slots * apart)
        .returning(bucket.c.at, clock)
    ).one()
    return float(end) - slots * apart, float(present)
