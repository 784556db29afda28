"""Slices of a staged list merged into the audience: whom no list may bring in, who waited for confirmation, and who is new; each set by one statement.

The statements are built once for an import: to build them costs as much as some hundred readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Insert,
    LargeBinary,
    Select,
    Update,
    bindparam,
    delete,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)

from subscribers.address import same_mailbox
from subscribers.audience.rows import hold_suppressions
from subscribers.audience.rows import insert as upsert
from subscribers.columns import UtcTime
from subscribers.consent import Status, Step, after
from subscribers.csvfile import RefusedLine
from subscribers.errors import ALIKE
from subscribers.schema import attribute_value, consent, former_key, subscriber, subscription, suppression
from subscribers.staged import staged, told, wished

__all__ = ["Slices", "Taken"]

AFTER, UNTIL = bindparam("after", type_=LargeBinary), bindparam("until", type_=LargeBinary)
HERE = (staged.c.addr_key > AFTER) & (staged.c.addr_key <= UNTIL)
"""The lines of a slice."""
KEYS = select(staged.c.addr_key).where(HERE)
KNOWN = select(
    or_(
        *(
            select(table.c.addr_key).where(table.c.addr_key > AFTER, table.c.addr_key <= UNTIL).exists()
            for table in (subscriber, suppression, former_key)
        )
    )
)
"""Whether the house knows anything of anybody between a slice's first key and its last: in a new one nobody has to be looked for. So it stays, for
whoever makes readers holds the suppressions."""
IN_ORDER = text("SELECT set_config('random_page_cost', '1', true)")
"""PostgreSQL would read all readers for each slice: it does not know that the keys come in the order of the index."""
READER = subscriber, subscriber.c.addr_key == staged.c.addr_key
"""Each line's reader. Joined as if one could be missing, so that a database begins with the lines: it would else begin with all readers between two keys."""
BEYOND = b"\xff" * 17
"""After every address key."""


class Taken(NamedTuple):
    """What became of a slice: its last address key, how many were added, how many pending ones confirmed, and whom no list may bring in."""

    last: bytes
    added: int
    confirmed: int
    refused: Sequence[RefusedLine]


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
    ) -> None:
        status = after(None, Step.CONFIRMED if basis else Step.REQUESTED)
        confirmed, at = literal(status is Status.CONFIRMED), literal(now, UtcTime())
        self._end = select(staged.c.addr_key).where(staged.c.addr_key > AFTER).order_by(staged.c.addr_key)
        self._tells = connection.execute(select(told.c.line).limit(1)).first() is not None
        self._look = _look(digest)
        self._confirm = _confirm(digest, basis=basis, actor=actor, now=now) if basis else ()
        readers = upsert(connection, subscriber).from_select(
            ["addr_key", "address", "status", "mailable", "created_at", "changed_at"],
            select(staged.c.addr_key, staged.c.address, literal(status.value), confirmed, at, at)
            .where(HERE)
            .order_by(staged.c.addr_key),
        )
        asked = {
            "subscriber_id": subscriber.c.id,
            "digest": literal(digest),
            "status": literal(status.value),
            "active": confirmed,
            "since": at,
            "batch_id": literal(batch_id),
            **{column.name: column for column in wished.c if column is not wished.c.id},
        }
        subscriptions = upsert(connection, subscription).from_select(
            list(asked),
            select(*asked.values())
            .select_from(staged)
            .outerjoin(*READER)
            .outerjoin(wished, wished.c.id == staged.c.wish)
            .where(HERE),
        )
        self._new = readers, subscriptions
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

    def take(self, connection: Connection, last: bytes, most: int) -> Taken:
        """Merge the slice of so many lines after this address key."""
        hold_suppressions(connection)
        if connection.dialect.name == "postgresql":
            connection.execute(IN_ORDER)
        end = self._end.offset(most - 1).limit(1)
        until = connection.execute(end, {"after": last}).scalar_one_or_none() or BEYOND
        here = {"after": last, "until": until}
        known = connection.execute(KNOWN, here).scalar_one()
        found = connection.execute(self._look, here).all() if known else []
        gone = [(row, why) for row in found if (why := _why_not(row)) is not None]
        if gone:
            connection.execute(delete(staged).where(staged.c.addr_key.in_([row.addr_key for row, _ in gone])))
        confirmed = 0
        if len(gone) < len(found):
            connection.execute(WRITTEN_AGAIN, here)
            for statement in self._confirm:
                confirmed = connection.execute(statement, here).rowcount
        readers, subscriptions = self._missing if known else self._new
        connection.execute(readers, here)
        counted = {"preserve_rowcount": True}  # else an INSERT's count is not kept
        added = connection.execute(subscriptions, here, execution_options=counted).rowcount
        if self._tells:  # also of readers who were known before
            connection.execute(self._attributes, here)
        return Taken(until, added, confirmed, [RefusedLine(row.line, row.address, why) for row, why in gone])


def _look(digest: str) -> Select[Any]:
    """Whom of a slice a look is worth: no list may bring them in, or they wait for confirmation, or their address is written otherwise."""
    left, pending = Status.LEFT.value, Status.PENDING.value
    return (
        select(
            staged.c.addr_key,
            staged.c.line,
            staged.c.address,
            suppression.c.cause,
            subscriber.c.status,
            subscriber.c.address.label("known"),
            subscription.c.status.label("asked"),
            former_key.c.subscriber_id.label("moved"),
        )
        .outerjoin(former_key, former_key.c.addr_key == staged.c.addr_key)
        .outerjoin(suppression, suppression.c.addr_key == staged.c.addr_key)
        .outerjoin(subscriber, subscriber.c.addr_key == staged.c.addr_key)
        .outerjoin(
            subscription,
            (subscription.c.subscriber_id == subscriber.c.id) & (subscription.c.digest == digest),
        )
        .where(
            HERE,
            or_(
                suppression.c.cause.is_not(None),
                former_key.c.subscriber_id.is_not(None),
                subscriber.c.status.in_([left, pending]),
                subscription.c.status.in_([left, pending]),
                subscriber.c.address != staged.c.address,
            ),
        )
    )


def _why_not(row: Any) -> str | None:
    """Why no list may bring this one in."""
    if row.cause not in {None, "left"}:
        return f"the address is suppressed ({row.cause})"
    if row.cause == "left" or Status.LEFT in {row.status, row.asked}:
        return "the reader has left"
    if row.known is not None and not same_mailbox(row.known, row.address):
        return ALIKE
    return None if row.moved is None else "the reader has another address now"


WRITTEN_AGAIN = (
    update(subscriber)
    .where(subscriber.c.address.is_(None), subscriber.c.addr_key.in_(KEYS))
    .values(
        address=select(staged.c.address).where(staged.c.addr_key == subscriber.c.addr_key).scalar_subquery()
    )
)
"""Whose address was forgotten while they waited have it again by the list."""


def _confirm(digest: str, *, basis: str, actor: str, now: datetime) -> tuple[Update | Insert, ...]:
    """Readers of a slice who were pending are so no longer: the list's basis is their evidence. The last statement counts those who asked before."""
    of_slice = select(subscriber.c.id).where(subscriber.c.addr_key.in_(KEYS)).scalar_subquery()
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
        .where(subscriber.c.status == Status.PENDING.value, subscriber.c.addr_key.in_(KEYS))
        .values(status=Status.CONFIRMED.value, mailable=True, changed_at=now),
        insert(consent).from_select(list(evidence), select(*evidence.values()).where(*pending)),
        update(subscription).where(*pending).values(status=Status.CONFIRMED.value, active=True),
    )
