"""Follow-ups: whoever has a story in a mail is told that it was killed or corrected. Who that is, the ledger says, set by set.

A reader has a story when a try of theirs, marked for a revision and a variant that showed it, was accepted or is in doubt. The row
(`followup`) is written in the transaction of the kill; deliveries follow in slices, each a transaction of its own that locks that row, and a
unique index holds one mail a person however often it is done over. Who is at the dot at that moment is found once their reply is in: the
row stays open until then. The original delivery is told by the Message-ID: a follow-up's is that of the mail it follows, in its own dispatch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    String,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)

from publisher.edition import Kind
from publisher.ledger import DispatchState, State
from publisher.store.db import insert, insert_once
from publisher.store.deliveries.chunks import CHUNK
from publisher.store.schema import chunk, delivery, dispatch, edition, edition_item, followup, note, outcome
from subscribers import audience
from subscribers.schema import subscriber

__all__ = [
    "KIND",
    "NewFollowup",
    "Told",
    "add",
    "anybody",
    "append",
    "at_the_dot",
    "dispatches",
    "end",
    "feeds_since",
    "get",
    "id_range",
    "keep_times",
    "lock",
    "of_story",
    "open_ones",
    "people",
    "public_reason",
    "reached",
    "settle",
    "still_sent",
    "variants",
    "versions_in",
    "waiting",
]

KIND = "followup"
"""The kind of their dispatches and deliveries."""
DRAWN_AT = 28
"""Where a Message-ID goes on behind the bracket and its dispatch's 26 characters."""

_then, _answer = outcome.alias("then"), outcome.alias("answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFollowup:
    """A kill or a correction to be told; `told` is what the mails say of it, JSON-ready."""

    story_id: str
    act: str
    version: int
    told: dict[str, Any]

    @property
    def id(self) -> str:
        """The same for the same act on the same version: it is told once."""
        return f"{self.story_id}-{self.act}-{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Readers of one dispatch in one language, and those of its variants that showed the story, by revision."""

    dispatch_id: str
    digest: str
    language: str
    shown: Mapping[int, Collection[str]]


def add(connection: Connection, new: NewFollowup, *, actor: str, now: datetime) -> bool:
    """Write that it has to be told; False when it is known already."""
    values = {
        "id": new.id,
        "story_id": new.story_id,
        "act": new.act,
        "version": new.version,
        "told": new.told,
        "actor": actor,
        "at": now,
    }
    return insert_once(connection, followup, values)


def open_ones(connection: Connection, *, now: datetime, pause: timedelta) -> list[Row[Any]]:
    """Those of which somebody may still have to be found, oldest first; after a look not before this pause, whichever way a clock went."""
    rested = or_(
        followup.c.looked_at.is_(None), followup.c.looked_at <= now - pause, followup.c.looked_at > now
    )
    query = select(followup).where(followup.c.ended_at.is_(None), rested)
    return list(connection.execute(query.order_by(followup.c.at, followup.c.id)))


def of_story(connection: Connection, story_id: str) -> list[Row[Any]]:
    """What has to be told, or was told, of a story, oldest first."""
    query = select(followup).where(followup.c.story_id == story_id)
    return list(connection.execute(query.order_by(followup.c.at, followup.c.id)))


def killed_versions(connection: Connection, story_ids: Collection[str]) -> dict[str, int]:
    """Of those of these stories that were ever killed the last version that was: it stays so, also when a person brings a later one in."""
    found: dict[str, int] = {}
    wanted = sorted(set(story_ids))
    for start in range(0, len(wanted), 500):
        query = (
            select(followup.c.story_id, func.max(followup.c.version))
            .where(followup.c.story_id.in_(wanted[start : start + 500]), followup.c.act == "kill")
            .group_by(followup.c.story_id)
        )
        found |= dict(connection.execute(query).all())
    return found


def public_reason(connection: Connection, story_id: str) -> dict[str, str]:
    """What readers are told as the reason of the story's kill, by language."""
    told = [row.told["public"] for row in of_story(connection, story_id) if row.act == "kill"]
    return dict(told[-1]) if told else {}


def get(connection: Connection, followup_id: str) -> Row[Any]:
    """The row of a dispatch's follow-up, which is there: the dispatch points to it."""
    return connection.execute(select(followup).where(followup.c.id == followup_id)).one()


def lock(connection: Connection, followup_id: str) -> bool:
    """Let two who look for its readers take turns; False when there is nobody left to look for."""
    query = select(followup.c.ended_at).where(followup.c.id == followup_id).with_for_update()
    return connection.execute(query).scalar_one() is None


def settle(connection: Connection, followup_id: str, *, ended: bool, now: datetime) -> None:
    """Its mails are in the ledger; `ended`: and nobody more can come."""
    values: dict[str, Any] = {
        "looked_at": now,
        "queued_at": func.coalesce(followup.c.queued_at, literal(now, followup.c.at.type)),
    }
    if ended:
        values["ended_at"] = now
    connection.execute(update(followup).where(followup.c.id == followup_id).values(**values))


def keep_times(connection: Connection, story_ids: Collection[str], took: dict[str, float]) -> None:
    """How many seconds the newest kills of these stories took to each channel."""
    fresh = and_(followup.c.story_id.in_(story_ids), followup.c.act == "kill", followup.c.took.is_(None))
    connection.execute(update(followup).where(fresh).values(took=took))


def end(connection: Connection, story_id: str, act: str, *, but: str = "", now: datetime) -> None:
    """Nobody more has to be told this of the story, `but` by this one."""
    these = and_(followup.c.story_id == story_id, followup.c.act == act, followup.c.id != but)
    connection.execute(update(followup).where(these, followup.c.ended_at.is_(None)).values(ended_at=now))


def waiting(connection: Connection, story_id: str, act: str, *, but: str = "") -> list[str]:
    """The dispatches that were to tell this of the story and have not told everybody, `but` those of this one."""
    query = select(dispatch.c.id).join(followup, followup.c.id == dispatch.c.followup_id)
    waits = exists(select(literal(1)).where(chunk.c.dispatch_id == dispatch.c.id, ~chunk.c.done))
    alive = and_(dispatch.c.state != DispatchState.CANCELLED, or_(dispatch.c.frozen_at.is_(None), waits))
    these = and_(followup.c.story_id == story_id, followup.c.act == act, followup.c.id != but)
    return list(connection.execute(query.where(these, alive).order_by(dispatch.c.id)).scalars())


def dispatches(connection: Connection, followup_id: str, *, answers: str | None = None) -> list[Row[Any]]:
    """Its dispatches, or those of them to the readers of one dispatch, oldest first."""
    query = select(dispatch).where(dispatch.c.followup_id == followup_id)
    if answers is not None:
        query = query.where(dispatch.c.answers == answers)
    return list(connection.execute(query.order_by(dispatch.c.created_at, dispatch.c.id)))


def versions_in(connection: Connection, edition_id: str, story_id: str) -> dict[int, int]:
    """Which version of the story each revision of an edition holds that holds it."""
    query = select(edition_item.c.revision, edition_item.c.version).where(
        edition_item.c.edition_id == edition_id, edition_item.c.story_id == story_id
    )
    return {row.revision: row.version for row in connection.execute(query)}


def variants(connection: Connection, dispatch_id: str) -> list[str]:
    """The variants that a dispatch was frozen with."""
    query = select(chunk.c.variant).where(chunk.c.dispatch_id == dispatch_id, chunk.c.no.is_not(None))
    return sorted(connection.execute(query.distinct()).scalars())


def id_range(connection: Connection, dispatch_id: str) -> range:
    """The ids of a dispatch's deliveries, and perhaps of others' between them."""
    query = select(func.min(delivery.c.id), func.max(delivery.c.id)).where(
        delivery.c.dispatch_id == dispatch_id
    )
    first, last = connection.execute(query).one()
    return range(first, last + 1) if first is not None else range(0)


def _marked(part: Told) -> ColumnElement[bool]:
    """Whether a note is of a revision that showed the story to the delivery's variant."""
    return and_(
        note.c.delivery_id == delivery.c.id,
        or_(
            *(
                and_(note.c.revision == revision, delivery.c.variant.in_(sorted(variants)))
                for revision, variants in part.shown.items()
            )
        ),
    )


def _has_it(part: Told) -> ColumnElement[bool]:
    """Whether the delivery's mailbox has the story, or may have it."""
    settled = select(literal(1)).where(
        _answer.c.delivery_id == note.c.delivery_id,
        _answer.c["try"] > note.c["try"],
        _answer.c.state == State.FAILED,
    )
    taken = or_(_then.c.state == State.ACCEPTED, and_(_then.c.state == State.UNCERTAIN, ~exists(settled)))
    arrived = (
        select(literal(1))
        .select_from(note)
        .join(_then, and_(_then.c.delivery_id == note.c.delivery_id, _then.c["try"] == note.c["try"]))
        .where(_marked(part), taken)
    )
    return and_(delivery.c.dispatch_id == part.dispatch_id, exists(arrived.correlate(delivery)))


def _to_be_told(
    part: Told, followup_id: str, earlier: Collection[str], ids: range
) -> list[ColumnElement[bool]]:
    before = delivery.alias("before")
    never_came = select(literal(1)).where(
        outcome.c.delivery_id == before.c.id,
        outcome.c.state.in_([State.CANCELLED, State.EXPIRED, State.SUPPRESSED, State.FAILED]),
    )
    known = select(literal(1)).where(
        before.c.kind == literal(KIND, String, literal_execute=True),  # as the partial index has it
        before.c.edition_id.in_(sorted({followup_id, *earlier})),
        before.c.addr_key == subscriber.c.addr_key,
        or_(before.c.edition_id == followup_id, ~exists(never_came.correlate(before))),
    )
    return [
        delivery.c.id >= ids.start,
        delivery.c.id < ids.stop,
        _has_it(part),
        audience.mailable(delivery.c.subscriber_id, literal(part.digest)),
        ~exists(known),
    ]


def anybody(
    connection: Connection, part: Told, followup_id: str, earlier: Collection[str], ids: range
) -> bool:
    """Whether one of these deliveries has a reader who has the story, may be mailed, is not in this follow-up and got none of the `earlier` ones."""
    query = (
        select(literal(1)).select_from(delivery).join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
    )
    return (
        connection.execute(query.where(*_to_be_told(part, followup_id, earlier, ids)).limit(1)).first()
        is not None
    )


def append(
    connection: Connection,
    dispatch_id: str,
    part: Told,
    *,
    followup_id: str,
    earlier: Collection[str],
    ids: range,
    due_at: datetime,
) -> int:
    """Append a delivery for each of them, to the address that they have now, in chunks; returns how many.

    One statement, whoever they are, in the order of the index that costs most: a third of the time of any other.
    """
    last = select(func.coalesce(func.max(chunk.c.no), 0)).where(chunk.c.dispatch_id == dispatch_id)
    first = connection.execute(last).scalar_one() + 1
    place = func.row_number().over(order_by=delivery.c.message_id)
    rows = (
        select(
            literal(dispatch_id),
            literal(followup_id),
            literal(KIND),
            literal(first) + (place - 1) // CHUNK,
            literal(part.language),
            delivery.c.subscriber_id,
            subscriber.c.addr_key,
            subscriber.c.address,
            literal(f"<{dispatch_id.lower()}") + func.substr(delivery.c.message_id, DRAWN_AT),
        )
        .select_from(delivery)
        .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .where(*_to_be_told(part, followup_id, earlier, ids))
    )
    columns = ["dispatch_id", "edition_id", "kind", "chunk_no", "variant"]
    columns += ["subscriber_id", "addr_key", "rcpt", "message_id"]
    statement = insert(connection, delivery).from_select(columns, rows).on_conflict_do_nothing()
    added = connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount
    fresh = select(
        delivery.c.dispatch_id, delivery.c.chunk_no, delivery.c.variant, literal(due_at, chunk.c.due_at.type)
    )
    fresh = fresh.where(delivery.c.dispatch_id == dispatch_id, delivery.c.chunk_no >= first).distinct()
    connection.execute(
        insert(connection, chunk).from_select(["dispatch_id", "no", "variant", "due_at"], fresh)
    )
    return added


def at_the_dot(connection: Connection, part: Told) -> bool:
    """Whether a mail with the story waits for the reply to its dot: its reader may have to be told yet."""
    held = select(literal(1)).where(chunk.c.dispatch_id == part.dispatch_id, chunk.c.worker_id.is_not(None))
    if connection.execute(held.limit(1)).first() is None:
        return False
    answered = select(literal(1)).where(
        outcome.c.delivery_id == note.c.delivery_id, outcome.c["try"] >= note.c["try"]
    )
    query = (
        select(literal(1))
        .select_from(delivery)
        .join(note, _marked(part))
        .where(delivery.c.dispatch_id == part.dispatch_id, ~exists(answered))
    )
    return connection.execute(query.limit(1)).first() is not None


def still_sent(connection: Connection, dispatch_id: str) -> bool:
    """Whether a dispatch may mail more of what it has."""
    waits = exists(select(literal(1)).where(chunk.c.dispatch_id == dispatch.c.id, ~chunk.c.done))
    alive = and_(dispatch.c.state != DispatchState.CANCELLED, or_(dispatch.c.frozen_at.is_(None), waits))
    return (
        connection.execute(select(literal(1)).where(dispatch.c.id == dispatch_id, alive)).first() is not None
    )


def people(connection: Connection, parts: Sequence[Told]) -> int:
    """How many mailboxes have the story, or may have it."""
    if not parts:
        return 0
    query = select(func.count(delivery.c.addr_key.distinct())).where(or_(*map(_has_it, parts)))
    return connection.execute(query).scalar_one()


def feeds_since(
    connection: Connection, story_id: str, since: datetime, *, until: datetime | None = None
) -> dict[str, datetime]:
    """The feeds that say something of the story in an edition of that time or later (and before `until`), each with its first one."""
    query = (
        select(edition.c.series, func.min(edition.c.frozen_at))
        .join(edition_item, edition_item.c.edition_id == edition.c.id)
        .where(edition_item.c.story_id == story_id, edition.c.kind == Kind.FEED, edition.c.frozen_at >= since)
        .group_by(edition.c.series)
        .order_by(edition.c.series)
    )
    if until is not None:
        query = query.where(edition.c.frozen_at < until)
    return {row[0]: row[1] for row in connection.execute(query)}


def reached(connection: Connection, dispatch_ids: Collection[str]) -> tuple[datetime | None, datetime | None]:
    """When the first and the last mail of these dispatches was accepted."""
    query = (
        select(func.min(outcome.c.at), func.max(outcome.c.at))
        .join(delivery, delivery.c.id == outcome.c.delivery_id)
        .where(delivery.c.dispatch_id.in_(dispatch_ids), outcome.c.state == State.ACCEPTED)
    )
    first, last = connection.execute(query).one()
    return first, last
