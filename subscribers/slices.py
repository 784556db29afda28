"""Slices of a staged list merged into the audience: whom no list may bring in, who waited for confirmation, and who is new; each set by one statement.

Or only looked at: what a merge would make of them, by the same questions.

The statements are built once for an import: to build them costs as much as some hundred readers. Where the house knows nobody between a
slice's first key and its last, nobody is looked for: readers get their numbers before they are written, and their subscriptions need not ask for them.
"""

from __future__ import annotations

from collections import abc
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Insert,
    Integer,
    LargeBinary,
    Select,
    Sequence,
    Table,
    Update,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)

from subscribers.address import same_mailbox
from subscribers.audience.refusing import CAUSES
from subscribers.audience.rows import hold_suppressions, share_suppressions
from subscribers.audience.rows import insert as upsert
from subscribers.columns import UtcTime
from subscribers.consent import Status, Step, after
from subscribers.csvfile import RefusedLine
from subscribers.errors import ALIKE
from subscribers.schema import attribute_value, consent, former_key, subscriber, subscription, suppression
from subscribers.staged import barred, orphan, staged, told, wished

__all__ = ["Mark", "Slices", "Taken"]

AFTER, UNTIL = bindparam("after", type_=Integer), bindparam("until", type_=Integer)
HERE = (staged.c.place > AFTER) & (staged.c.place <= UNTIL)
"""The lines of a slice."""
OVER, UPTO = bindparam("over", type_=LargeBinary), bindparam("upto", type_=LargeBinary)
"""The keys of a slice: over this one, up to that one."""


def _between(table: Table) -> ColumnElement[bool]:
    """Whose key is between those of a slice: tells PostgreSQL which part of the index to read."""
    return (table.c.addr_key > OVER) & (table.c.addr_key <= UPTO)


def _of_line(table: Table) -> ColumnElement[bool]:
    """Whose key a line has."""
    return (table.c.addr_key == staged.c.addr_key) & _between(table)


KEYS = select(staged.c.addr_key).where(HERE)
KNOWN = select(
    or_(
        *(
            select(table.c.addr_key).where(_between(table)).exists()
            for table in (subscriber, suppression, former_key)
        )
    )
)
"""Whether the house knows anything of anybody between a slice's first key and its last: in a new one nobody has to be looked for. So it stays, for
whoever makes readers holds the suppressions."""
IN_ORDER = text("SELECT set_config('random_page_cost', '1', true)")
"""PostgreSQL would read all readers for each slice: it does not know that the keys come in the order of the index."""
READER = subscriber, _of_line(subscriber)
"""Each line's reader. Joined as if one could be missing, so that a database begins with the lines: it would else begin with all readers between two keys."""
COUNT = select(func.count()).select_from(staged).where(HERE)
_heaviest = (
    select(barred.c.addr_key, func.max(barred.c.weight).label("weight"))
    .where(_between(barred))
    .group_by(barred.c.addr_key)
    .subquery()
)
BARRED = (
    select(staged.c.place, staged.c.line, staged.c.address, _heaviest.c.weight, suppression.c.cause)
    .join(_heaviest, _heaviest.c.addr_key == staged.c.addr_key)
    .outerjoin(suppression, _of_line(suppression))
    .where(HERE)
)
"""Lines of a slice whom the list itself says to have left or that they must not be mailed: an import keeps that before anybody comes in."""
END = 2**31 - 1
"""A place after every other."""
BEYOND = bindparam("beyond", type_=Integer)
"""SQLite: what a line's place is added to for its reader's number."""
ORPHANS = insert(orphan).from_select(
    ["subscriber_id"],
    select(subscription.c.subscriber_id)
    .outerjoin(subscriber, subscriber.c.id == subscription.c.subscriber_id)
    .where(
        subscription.c.subscriber_id > BEYOND + AFTER,
        subscription.c.subscriber_id <= BEYOND + UNTIL,
        subscriber.c.id.is_(None),
    ),
)
"""Fails if there is a subscription without a reader among those that a slice has numbered: what the foreign key holds elsewhere, asked once instead of at each row."""
LAST = select(func.coalesce(func.max(subscriber.c.id), 0))


class Mark(NamedTuple):
    """How far a list is merged: the place and the address key of the last line."""

    place: int
    addr_key: bytes


class Taken(NamedTuple):
    """What became of a slice: its end, how many were added, how many pending ones confirmed, and whom no list may bring in."""

    last: Mark
    added: int
    confirmed: int
    refused: abc.Sequence[RefusedLine]


class Slices:
    """One import's statements."""

    def __init__(
        self,
        connection: Connection,
        *,
        digest: str,
        basis: str | None,
        actor: str,
        now: datetime,
        batch_id: int,
        half: int | None,
    ) -> None:
        status = after(None, Step.CONFIRMED if basis else Step.REQUESTED)
        confirmed, at = literal(status is Status.CONFIRMED), literal(now, UtcTime())
        self._half = half
        self._end = (
            select(staged.c.place, staged.c.addr_key).where(staged.c.place > AFTER).order_by(staged.c.place)
        )
        self._tells = connection.execute(select(told.c.line).limit(1)).first() is not None
        self._bars = connection.execute(select(barred.c.weight).limit(1)).first() is not None
        self._look = _look(digest)
        self._confirm = _confirm(digest, basis=basis, actor=actor, now=now) if basis else ()
        person = {
            "addr_key": staged.c.addr_key,
            "address": staged.c.address,
            "status": literal(status.value),
            "mailable": confirmed,
            "created_at": at,
            "changed_at": at,
        }
        asked = {
            "digest": literal(digest),
            "status": literal(status.value),
            "active": confirmed,
            "since": at,
            "batch_id": literal(batch_id),
            **{column.name: column for column in wished.c if column is not wished.c.id},
        }
        self._new = _numbered(connection, person, asked)
        readers = upsert(connection, subscriber).from_select(
            list(person), select(*person.values()).where(HERE).order_by(staged.c.place)
        )
        subscriptions = upsert(connection, subscription).from_select(
            ["subscriber_id", *asked],
            select(subscriber.c.id, *asked.values())
            .select_from(staged)
            .outerjoin(*READER)
            .outerjoin(wished, wished.c.id == staged.c.wish)
            .where(HERE),
        )
        self._missing = readers.on_conflict_do_nothing(), subscriptions.on_conflict_do_nothing()
        values = upsert(connection, attribute_value).from_select(
            ["subscriber_id", "name", "value", "number"],
            select(subscriber.c.id, told.c.name, told.c.value, told.c.number)
            .select_from(staged)
            .join(told, told.c.line == staged.c.line)
            .outerjoin(*READER)
            .where(HERE),
        )
        newer = {"value": values.excluded.value, "number": values.excluded.number}
        self._attributes = values.on_conflict_do_update(index_elements=["subscriber_id", "name"], set_=newer)

    def take(self, connection: Connection, last: Mark, most: int, upto: bytes) -> Taken:
        """Merge the slice of so many lines after this mark; `upto`: no key is greater."""
        if self._half is None:
            hold_suppressions(connection)
        else:
            share_suppressions(connection, self._half)
        until, here = self._bounds(connection, last, most, upto)
        known, found = self._known(connection, here)
        gone = [(row, why) for row in found if (why := _why_not(row)) is not None]
        if gone:
            connection.execute(delete(staged).where(staged.c.place.in_([row.place for row, _ in gone])))
        confirmed = added = 0
        if any(row.status is not None and (row.known is None or _waits(row)) for row in found):
            connection.execute(WRITTEN_AGAIN, here)
            for statement in self._confirm:
                confirmed = connection.execute(statement, here).rowcount
        if not known:
            here |= _beyond(connection, last)
            added = self._bring(connection, self._new, here)
            if connection.dialect.name != "postgresql":
                connection.execute(ORPHANS, here)
        elif any(row.asked is None for row in found):
            added = self._bring(connection, self._missing, here)
        if self._tells:  # also of readers who were known before
            connection.execute(self._attributes, here)
        return Taken(until, added, confirmed, [RefusedLine(row.line, row.address, why) for row, why in gone])

    def look(self, connection: Connection, last: Mark, most: int, upto: bytes) -> Taken:
        """What `take` would make of the slice; changes nothing, and keeps nobody from anything."""
        until, here = self._bounds(connection, last, most, upto)
        known, found = self._known(connection, here)
        refused = {
            row.place: RefusedLine(row.line, row.address, why) for row in found if (why := _why_not(row))
        }
        if self._bars:
            for row in connection.execute(BARRED, here):
                cause = max(CAUSES[row.weight], row.cause or "left", key=CAUSES.index)
                refused[row.place] = RefusedLine(row.line, row.address, _why_cause(cause))
        asked = [row.asked for row in found if row.place not in refused]
        added = asked.count(None)
        if not known:
            added = connection.execute(COUNT, here).scalar_one() - len(refused)
        confirmed = asked.count(Status.PENDING.value) if self._confirm else 0
        return Taken(until, added, confirmed, list(refused.values()))

    def _bounds(
        self, connection: Connection, last: Mark, most: int, upto: bytes
    ) -> tuple[Mark, dict[str, Any]]:
        """Where the slice after this mark ends, and what its statements are told."""
        if connection.dialect.name == "postgresql":
            connection.execute(IN_ORDER)
        end = connection.execute(self._end.offset(most - 1).limit(1), {"after": last.place}).one_or_none()
        until = Mark(*end) if end else Mark(END, upto)
        return until, {
            "after": last.place,
            "until": until.place,
            "over": last.addr_key,
            "upto": until.addr_key,
        }

    def _known(self, connection: Connection, here: dict[str, Any]) -> tuple[bool, abc.Sequence[Any]]:
        """Whether the house knows anybody of the slice, and those lines that a look is worth."""
        known = connection.execute(KNOWN, here).scalar_one()
        return known, connection.execute(self._look, here).all() if known else []

    @staticmethod
    def _bring(connection: Connection, statements: abc.Sequence[Executable], here: dict[str, Any]) -> int:
        """Write readers and what they ask for; returns how many of the latter."""
        counted = {"preserve_rowcount": True}  # else an INSERT's count is not kept
        added = 0
        for statement in statements:
            added = connection.execute(statement, here, execution_options=counted).rowcount
        return added


def _numbered(
    connection: Connection, person: dict[str, Any], asked: dict[str, Any]
) -> abc.Sequence[Executable]:
    """Readers nobody knows and what they ask for, numbered first: in PostgreSQL by its sequence, for others may count, too; in SQLite on from the last, for we have the lock."""
    if connection.dialect.name == "postgresql":
        drawn = Sequence("subscriber_id_seq").next_value().label("id")
        lines = select(drawn, *(value.label(name) for name, value in person.items()), staged.c.wish)
        line = lines.where(HERE).order_by(staged.c.place).cte("line")
        readers = insert(subscriber).from_select(
            ["id", *person], select(line.c.id, *(line.c[name] for name in person))
        )
        subscriptions = insert(subscription).from_select(
            ["subscriber_id", *asked],
            select(line.c.id, *asked.values())
            .select_from(line)
            .outerjoin(wished, wished.c.id == line.c.wish),
        )
        return (subscriptions.add_cte(readers.cte("reader")),)
    number = BEYOND + staged.c.place
    return (
        insert(subscriber).from_select(
            ["id", *person], select(number, *person.values()).where(HERE).order_by(staged.c.place)
        ),
        insert(subscription).from_select(
            ["subscriber_id", *asked],
            select(number, *asked.values())
            .select_from(staged)
            .outerjoin(wished, wished.c.id == staged.c.wish)
            .where(HERE),
        ),
    )


def _beyond(connection: Connection, last: Mark) -> dict[str, int]:
    if connection.dialect.name == "postgresql":
        return {}
    return {"beyond": connection.execute(LAST).scalar_one() - last.place}


def _look(digest: str) -> Select[Any]:
    """Whom of a slice a look is worth: no list may bring them in, or they wait for confirmation, or their address is written otherwise, or they have not asked yet."""
    left, pending = Status.LEFT.value, Status.PENDING.value
    asked = (  # no join: PostgreSQL might read all of the digest's for it
        select(subscription.c.status)
        .where(subscription.c.subscriber_id == subscriber.c.id, subscription.c.digest == digest)
        .scalar_subquery()
    )
    return (
        select(
            staged.c.place,
            staged.c.line,
            staged.c.address,
            suppression.c.cause,
            subscriber.c.status,
            subscriber.c.address.label("known"),
            asked.label("asked"),
            former_key.c.subscriber_id.label("moved"),
        )
        .outerjoin(former_key, _of_line(former_key))
        .outerjoin(suppression, _of_line(suppression))
        .outerjoin(*READER)
        .where(
            HERE,
            or_(
                suppression.c.cause.is_not(None),
                former_key.c.subscriber_id.is_not(None),
                subscriber.c.status.in_([left, pending]),
                func.coalesce(asked, left) != Status.CONFIRMED.value,
                subscriber.c.address != staged.c.address,
            ),
        )
    )


def _waits(row: Any) -> bool:
    return Status.PENDING in {row.status, row.asked}


def _why_not(row: Any) -> str | None:
    """Why no list may bring this one in."""
    if row.cause is not None or Status.LEFT in {row.status, row.asked}:
        return _why_cause(row.cause or "left")
    if row.known is not None and not same_mailbox(row.known, row.address):
        return ALIKE
    return None if row.moved is None else "the reader has another address now"


def _why_cause(cause: str) -> str:
    return "the reader has left" if cause == "left" else f"the address is suppressed ({cause})"


WRITTEN_AGAIN = (
    update(subscriber)
    .where(HERE, subscriber.c.addr_key == staged.c.addr_key, subscriber.c.address.is_(None))
    .values(address=staged.c.address)
)
"""Whose address was forgotten while they waited have it again by the list."""


def _confirm(digest: str, *, basis: str, actor: str, now: datetime) -> tuple[Update | Insert, ...]:
    """Readers of a slice who were pending are so no longer: the list's basis is their evidence. The last statement counts those who asked before."""
    ours = subscriber.c.addr_key.in_(KEYS) & _between(subscriber)
    of_slice = select(subscriber.c.id).where(ours).scalar_subquery()
    pending = (
        subscription.c.digest == digest,
        subscription.c.status == Status.PENDING.value,
        subscription.c.subscriber_id.in_(of_slice),
    )
    evidence = {
        "subscriber_id": subscription.c.subscriber_id,
        "step": literal(Step.CONFIRMED.value),
        "digest": literal(digest),
        "basis": literal(basis),
        "actor": literal(actor),
        "at": literal(now, UtcTime()),
    }
    return (
        update(subscriber)
        .where(subscriber.c.status == Status.PENDING.value, ours)
        .values(status=Status.CONFIRMED.value, mailable=True, changed_at=now),
        insert(consent).from_select(list(evidence), select(*evidence.values()).where(*pending)),
        update(subscription).where(*pending).values(status=Status.CONFIRMED.value, active=True),
    )
