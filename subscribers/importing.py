"""A list of readers into the audience: staged whole (`staged`), then merged in slices in the order of the address keys.

Each slice is a transaction of some ten milliseconds, so that a running dispatch goes on; staging locks nothing. A list that was cut
short is simply imported again: who came in is known then. Nobody comes back by a list: the suppressed, and those who left, are refused by
line; and whom a list itself says that of is refused from then on, before anybody comes in.
Lines and refusals stand on the disk: memory does not grow with the list, however many of them are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, literal, or_, select, update

from subscribers import staged as staging
from subscribers.address import same_mailbox
from subscribers.audience import refuse_gone
from subscribers.audience.rows import hold_suppressions
from subscribers.audience.rows import insert as upsert
from subscribers.columns import UtcTime
from subscribers.consent import Status, Step, after
from subscribers.csvfile import Block, RefusedLine
from subscribers.errors import ALIKE
from subscribers.presets import GoneLine
from subscribers.schema import (
    attribute_value,
    batch,
    consent,
    former_key,
    subscriber,
    subscription,
    suppression,
)
from subscribers.staged import staged, told, wished
from subscribers.staging import Staging

__all__ = ["Imported", "merge"]

SLICE = 4000
GONE = 200
"""Those who have left are kept so many at a time: some of them are readers here, whose subscriptions end."""

Transactions = Callable[[], AbstractContextManager[Connection]]


@dataclass(slots=True)
class Imported:
    """What became of a list: lines `added` and `known` before (`confirmed`: of these, pending ones whose consent it proved).

    `remembered`: of those refused, whom the list says to have left or that they must not be mailed, and who are refused from now on.
    """

    batch_id: int
    added: int = 0
    known: int = 0
    confirmed: int = 0
    remembered: int = 0


def merge(
    blocks: Iterable[Block],
    *,
    refusals: Staging,
    write: Transactions,
    aside: Transactions,
    digest: str,
    basis: str | None,
    actor: str,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Take the good lines in; what was refused goes to `refusals`, which gives it back in the list's order.

    With a `basis` (how these readers asked) they are confirmed, and known pending ones become so; without it they are pending
    and not mailed. Other known readers are not changed. `write` opens a transaction, one for each slice, and `aside` one that touches
    temporary tables alone, both on one connection; `progress` is told after each slice how many of how many addresses are through.
    """
    gone: list[GoneLine] = []
    remembered = understood = 0
    asked = 0
    telling = False
    with aside() as connection:
        staging.prepare(connection)
    for block in blocks:
        if block.keys:
            with aside() as connection:
                staging.stage(connection, block, asked)
            asked = len(block.asked)
            telling = telling or bool(block.known)
            understood += len(block.keys)
        for line in block.others:
            refusals.add(RefusedLine(line.line, line.text, line.why))
            if isinstance(line, GoneLine):
                gone.append(line)
            if len(gone) == GONE:
                remembered += _remember(write, gone, digest=digest, actor=actor, now=now)
    remembered += _remember(write, gone, digest=digest, actor=actor, now=now)
    with aside() as connection:
        good = staging.order(connection)
        for line in staging.twice(connection) if good < understood else ():
            refusals.add(line)
    with write() as connection:
        values = {"digest": digest, "basis": basis, "actor": actor, "at": now}
        batch_id = connection.execute(insert(batch).values(**values).returning(batch.c.id)).scalar_one()
    done = Imported(batch_id, known=good, remembered=remembered)
    through, last = 0, b""
    while through < good:
        with write() as connection:
            last, refused = _merge_slice(
                connection, last, done, telling=telling, digest=digest, basis=basis, actor=actor, now=now
            )
        for line in refused:
            refusals.add(line)
        through = min(through + SLICE, good)
        if progress is not None:
            progress(through, good)
    return done


def _remember(
    write: Transactions,
    gone: list[GoneLine],
    *,
    digest: str,
    actor: str,
    now: datetime,
) -> int:
    """Keep what the list says of these, and forget the lines; returns how many are refused from now on."""
    if not gone:
        return 0
    with write() as connection:
        kept = refuse_gone(connection, gone, digest=digest, actor=actor, now=now)
    gone.clear()
    return kept


def _merge_slice(
    connection: Connection,
    last: bytes,
    done: Imported,
    *,
    telling: bool,
    digest: str,
    basis: str | None,
    actor: str,
    now: datetime,
) -> tuple[bytes, list[RefusedLine]]:
    """Take in the slice after this address key (`telling`: lines tell attributes); returns its last one, and whom no list may bring in."""
    hold_suppressions(connection)
    here = staged.c.addr_key > last
    end = connection.execute(
        select(staged.c.addr_key).where(here).order_by(staged.c.addr_key).offset(SLICE - 1).limit(1)
    ).scalar_one_or_none()
    if end is not None:
        here &= staged.c.addr_key <= end
    refused, pending = _look(connection, here, digest)
    if pending:
        _write_again(connection, here)
    if basis and pending:
        done.confirmed += _confirm(connection, here, digest, basis=basis, actor=actor, now=now)
    status = after(None, Step.CONFIRMED if basis else Step.REQUESTED)
    confirmed, at = literal(status is Status.CONFIRMED), literal(now, UtcTime())
    connection.execute(
        upsert(connection, subscriber)
        .from_select(
            ["addr_key", "address", "status", "mailable", "created_at", "changed_at"],
            select(staged.c.addr_key, staged.c.address, literal(status.value), confirmed, at, at)
            .where(here)
            .order_by(staged.c.addr_key),
        )
        .on_conflict_do_nothing()
    )
    asked = {
        "subscriber_id": subscriber.c.id,
        "digest": literal(digest),
        "status": literal(status.value),
        "active": confirmed,
        "since": at,
        "batch_id": literal(done.batch_id),
        **{column.name: column for column in wished.c if column is not wished.c.id},
    }
    added = connection.execute(
        upsert(connection, subscription)
        .from_select(
            list(asked),
            select(*asked.values())
            .select_from(staged)
            .join(subscriber, subscriber.c.addr_key == staged.c.addr_key)
            .join(wished, wished.c.id == staged.c.wish)
            .where(here),
        )
        .on_conflict_do_nothing(),
        execution_options={"preserve_rowcount": True},  # else an INSERT's count is not kept
    ).rowcount
    done.added += added
    done.known -= len(refused) + added
    if telling:
        _keep_attributes(connection, here)
    return end or b"", refused


def _keep_attributes(connection: Connection, here: ColumnElement[bool]) -> None:
    """What the list knows of its readers, also of those who were known before."""
    statement = upsert(connection, attribute_value).from_select(
        ["subscriber_id", "name", "value", "number"],
        select(subscriber.c.id, told.c.name, told.c.value, told.c.number)
        .select_from(staged)
        .join(told, told.c.line == staged.c.line)
        .join(subscriber, subscriber.c.addr_key == staged.c.addr_key)
        .where(here),
    )
    newer = {"value": statement.excluded.value, "number": statement.excluded.number}
    connection.execute(statement.on_conflict_do_update(index_elements=["subscriber_id", "name"], set_=newer))


def _look(connection: Connection, here: ColumnElement[bool], digest: str) -> tuple[list[RefusedLine], bool]:
    """Take out of the slice whom no list may bring in; whether anybody in it waits for confirmation."""
    left, pending = Status.LEFT.value, Status.PENDING.value
    found = connection.execute(
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
            here,
            or_(
                suppression.c.cause.is_not(None),
                former_key.c.subscriber_id.is_not(None),
                subscriber.c.status.in_([left, pending]),
                subscription.c.status.in_([left, pending]),
                subscriber.c.address != staged.c.address,
            ),
        )
    ).all()
    gone = [(row, why) for row in found if (why := _why_not(row)) is not None]
    if gone:
        connection.execute(delete(staged).where(staged.c.addr_key.in_([row.addr_key for row, _ in gone])))
    refused = [RefusedLine(row.line, row.address, why) for row, why in gone]
    return refused, len(gone) < len(found)


def _write_again(connection: Connection, slice_: ColumnElement[bool]) -> None:
    """Whose address was forgotten while they waited have it again by the list."""
    here = staged.c.addr_key == subscriber.c.addr_key
    typed = select(staged.c.address).where(here).scalar_subquery()
    connection.execute(
        update(subscriber)
        .where(
            subscriber.c.address.is_(None), subscriber.c.addr_key.in_(select(staged.c.addr_key).where(slice_))
        )
        .values(address=typed)
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


def _confirm(
    connection: Connection,
    slice_: ColumnElement[bool],
    digest: str,
    *,
    basis: str,
    actor: str,
    now: datetime,
) -> int:
    """Readers of the slice who were pending are so no longer: the list's basis is their evidence. Returns how many asked before."""
    here = select(staged.c.addr_key).where(slice_)
    of_slice = select(subscriber.c.id).where(subscriber.c.addr_key.in_(here)).scalar_subquery()
    pending: tuple[ColumnElement[bool], ...] = (
        subscription.c.digest == digest,
        subscription.c.status == Status.PENDING.value,
        subscription.c.subscriber_id.in_(of_slice),
    )
    connection.execute(
        update(subscriber)
        .where(subscriber.c.status == Status.PENDING.value, subscriber.c.addr_key.in_(here))
        .values(status=Status.CONFIRMED.value, mailable=True, changed_at=now)
    )
    connection.execute(
        insert(consent).from_select(
            ["subscriber_id", "step", "digest", "basis", "actor", "at"],
            select(
                subscription.c.subscriber_id,
                literal(Step.CONFIRMED.value),
                literal(digest),
                literal(basis),
                literal(actor),
                literal(now, UtcTime()),
            ).where(*pending),
        )
    )
    return connection.execute(
        update(subscription).where(*pending).values(status=Status.CONFIRMED.value, active=True)
    ).rowcount
