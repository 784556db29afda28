"""Mailing: the recipients of a digest, and whether one of them may still be mailed when it matters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    true,
    tuple_,
)

from subscribers.audience.knowing import meant
from subscribers.consent import Status
from subscribers.rhythm import Place, RhythmKind
from subscribers.schema import APART, subscriber, subscription, suppression
from subscribers.segments import Rule

__all__ = [
    "No",
    "Reader",
    "Wanted",
    "anybody_apart",
    "lock_for_mark",
    "mailable",
    "not_meant",
    "section_choices",
    "segment",
    "still_wanted",
]

PAGE = 2000


@dataclass(frozen=True, slots=True)
class Reader:
    """A recipient of a digest; `sections` None means all."""

    subscriber_id: int
    addr_key: bytes
    address: str
    language: str
    sections: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """The reader may be mailed."""


@dataclass(frozen=True, slots=True)
class No:
    """The reader must not be mailed; `reason` is left, bounced, complained, manual, erased or unconfirmed."""

    reason: str


def segment(
    connection: Connection,
    digest: str,
    languages: Iterable[str],
    *,
    at: Place | None = None,
    only: Rule | None = None,
) -> Iterator[Reader]:
    """The recipients of a digest, ordered by language (as given), sections and id: equal variants stand together.

    `at`: only those whose rhythm an edition at this place of the timetable serves. `only`: only those whom this rule means.
    Whoever reads a language that is not among these gets the first.

    Read in pages by key: no cursor stays open, and a reader who joins or leaves meanwhile harms nobody.
    """
    spoken = list(languages)
    query = (
        select(
            subscriber.c.id,
            subscriber.c.addr_key,
            subscriber.c.address,
            subscription.c.sections,
        )
        .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        .where(subscription.c.digest == digest, subscription.c.active, subscriber.c.mailable, _served(at))
        .order_by(subscription.c.sections, subscription.c.subscriber_id)
        .limit(PAGE)
    )
    if only is not None:
        query = query.where(meant(only))
    for language in spoken:
        tongues = [language, *_others(connection, digest, spoken)] if language == spoken[0] else [language]
        pages = [_pages(connection, query.where(subscription.c.language == tongue)) for tongue in tongues]
        for row in merge(*pages, key=_place):
            sections = frozenset(row.sections.split()) or None
            yield Reader(row.id, bytes(row.addr_key), row.address, language, sections)


def _place(row: Row[Any]) -> tuple[str, int]:
    return row.sections, row.id


def _pages(connection: Connection, query: Select[Any]) -> Iterator[Row[Any]]:
    """The rows of a query that is ordered by sections and id, read by pages."""
    place = tuple_(subscription.c.sections, subscription.c.subscriber_id)
    last: tuple[str, int] = ("", 0)
    while rows := connection.execute(query.where(place > last)).all():
        yield from rows
        last = _place(rows[-1])


def _others(connection: Connection, digest: str, languages: Collection[str]) -> list[str]:
    """Which other languages subscriptions of a digest have; from one to the next by the index, for there are few."""
    found: list[str] = []
    last: str | None = ""
    while last is not None:
        later = (subscription.c.digest == digest, subscription.c.language > last)
        last = connection.execute(select(func.min(subscription.c.language)).where(*later)).scalar_one()
        found += [last] if last is not None and last not in languages else []
    return found


def section_choices(connection: Connection, digest: str) -> list[tuple[frozenset[str], int]]:
    """Which sections readers of a digest chose, where they did not want all, and how many of them."""
    query = (
        select(subscription.c.sections, func.count().label("n"))
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(subscription.c.digest == digest, subscription.c.active, subscriber.c.mailable)
        .where(subscription.c.sections != "")
        .group_by(subscription.c.sections)
        .order_by(subscription.c.sections)
    )
    return [(frozenset(row.sections.split()), row.n) for row in connection.execute(query)]


def not_meant(
    connection: Connection, digest: str, *, at: Place | None = None, only: Rule | None = None
) -> dict[str, int]:
    """Of those who asked for a digest and have not left it: how many `segment` passes over, by the reason.

    "unconfirmed", "suppressed", "segment" (the rule does not mean them) or "rhythm" (another edition is theirs), in this order; the first that holds counts.
    """
    why = case(
        (subscription.c.status == Status.PENDING.value, "unconfirmed"),
        (not_(subscriber.c.mailable), "suppressed"),
        *([(not_(meant(only)), "segment")] if only is not None else []),
        (_served(at), ""),
        else_="rhythm",
    ).label("why")
    query = (
        select(why, func.count().label("n"))
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .where(subscription.c.digest == digest, subscription.c.status != Status.LEFT.value)
        .group_by(why)
    )
    found = {row.why: row.n for row in connection.execute(query)}
    return {
        reason: found[reason]
        for reason in ("unconfirmed", "suppressed", "segment", "rhythm")
        if reason in found
    }


def _served(at: Place | None) -> ColumnElement[bool]:
    """Whether a subscription's rhythm wants the edition of this place; an hour or a day that is none any more means the first."""
    if at is None:
        return true()
    if at.only is not None:
        return subscription.c.rhythm == at.only.value
    hour: ColumnElement[bool] = subscription.c.hour.in_(at.now)
    day: ColumnElement[bool] = subscription.c.weekday == at.weekday
    if at.first_hour:
        hour = or_(hour, subscription.c.hour.not_in(at.hours))
    if at.first_day:
        day = or_(day, subscription.c.weekday.not_in(at.weekdays))
    rhythm = subscription.c.rhythm
    return or_(
        rhythm == RhythmKind.EACH.value,
        and_(rhythm == RhythmKind.DAILY.value, hour),
        *(() if at.weekly_apart else (and_(rhythm == RhythmKind.WEEKLY.value, hour, day),)),
    )


def anybody_apart(connection: Connection, digest: str, rhythm: RhythmKind) -> bool:
    """Whether a digest has a subscriber of this rhythm, which is not that of each edition; asked often, and answered by an index."""
    query = (
        select(subscription.c.subscriber_id)
        .where(
            subscription.c.digest == digest,
            subscription.c.rhythm == rhythm.value,
            APART,
            subscription.c.active,
        )
        .limit(1)
    )
    return connection.execute(query).first() is not None


def mailable(subscriber_id: ColumnElement[Any], digest: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether this subscriber may be mailed this digest: one EXISTS, for use inside the sender's mark.

    It reads only what is flagged on rows that leaving and suppression update: on PostgreSQL those are what `lock_for_mark`
    makes safe; a refusal that stood in another table only could commit unseen between the statement's look and its commit.
    """
    return exists(
        select(subscriber.c.id)
        .join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        .where(
            subscriber.c.id == subscriber_id,
            subscriber.c.mailable,
            subscription.c.digest == digest,
            subscription.c.active,
        )
        .correlate_except(subscriber, subscription)
    )


def lock_for_mark(connection: Connection, subscriber_ids: Collection[int]) -> None:
    """Make leavers wait for this transaction or be seen by it: PostgreSQL needs the rows locked, SQLite has one writer.

    Before the mark, in its transaction; the transaction's isolation must be READ COMMITTED (the default).
    """
    if connection.dialect.name == "postgresql" and subscriber_ids:
        connection.execute(
            select(subscriber.c.id)
            .where(subscriber.c.id.in_(subscriber_ids))
            .order_by(subscriber.c.id)
            .with_for_update(read=True)
        ).all()


def still_wanted(connection: Connection, subscriber_id: int, digest: str) -> Wanted | No:
    """Whether a reader may be mailed this digest now, and if not, why."""
    row = connection.execute(
        select(
            subscriber.c.status,
            subscriber.c.mailable,
            suppression.c.cause,
            subscription.c.status.label("asked"),
            subscription.c.active,
        )
        .outerjoin(suppression, suppression.c.addr_key == subscriber.c.addr_key)
        .outerjoin(
            subscription,
            (subscription.c.subscriber_id == subscriber.c.id) & (subscription.c.digest == digest),
        )
        .where(subscriber.c.id == subscriber_id)
    ).one_or_none()
    if row is None:
        return No("erased")
    if row.mailable and row.active:
        return Wanted()
    if row.cause is not None:
        return No(row.cause)
    if Status.PENDING in {row.status, row.asked}:
        return No("unconfirmed")
    return No("left")
