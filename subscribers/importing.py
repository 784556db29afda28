"""A list of readers into the audience: staged whole, then merged in slices in the order of the address keys.

In that order index pages are touched once, and one address standing twice stands side by side. Each slice is a transaction of
some ten milliseconds, so that a running dispatch goes on. A list that was cut short is simply imported again: who came in is
known then. Nobody comes back by a list: the suppressed, and those who left, are refused by line; and whom a list itself says that of
is refused from then on, before anybody comes in.
All lines are staged on the disk (`staging`): memory does not grow with the list, however many of them are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    delete,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.schema import CreateTable, DropTable

from subscribers.address import same_mailbox
from subscribers.attributes import Value
from subscribers.audience import keep_attributes, refuse_gone
from subscribers.audience.rows import hold_suppressions
from subscribers.audience.rows import insert as upsert
from subscribers.columns import UtcTime
from subscribers.consent import Status, Step, after
from subscribers.csvfile import Line, RefusedLine
from subscribers.errors import ALIKE
from subscribers.presets import GoneLine
from subscribers.schema import batch, consent, former_key, subscriber, subscription, suppression
from subscribers.staging import Staging

__all__ = ["Imported", "merge"]

SLICE = 2000
GONE = 200
"""Those who have left are kept so many at a time: some of them are readers here, whose subscriptions end."""

staged = Table(
    "import_line",
    MetaData(),
    Column("addr_key", LargeBinary(16), primary_key=True),
    Column("line", Integer, nullable=False),
    Column("address", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("sections", Text, nullable=False),
    Column("rhythm", Text, nullable=False),
    Column("hour", Text),
    Column("weekday", Integer),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)
"""One slice, beside the tables it is merged into; it lives and ends within the slice's transaction."""
STAGED = len(staged.c)
"""How many fields of a line stand there; its attributes follow them."""


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
    lines: Iterable[Line | RefusedLine | GoneLine],
    *,
    refusals: Staging[RefusedLine],
    write: Callable[[], AbstractContextManager[Connection]],
    digest: str,
    basis: str | None,
    actor: str,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Take the good lines in; what was refused goes to `refusals`, which gives it back in the list's order.

    With a `basis` (how these readers asked) they are confirmed, and known pending ones become so; without it they are pending
    and not mailed. Other known readers are not changed. `write` opens a transaction, one for each slice; `progress` is told
    after each how many of how many good lines are through.
    """
    gone: list[GoneLine] = []
    remembered = 0
    with Staging(Line._make) as staging:
        for line in lines:
            if isinstance(line, Line):
                staging.add(line)
            elif isinstance(line, RefusedLine):
                refusals.add(line)
            else:
                gone.append(line)
                refusals.add(RefusedLine(line.line, line.text, line.why))
            if len(gone) == GONE:
                remembered += _remember(write, gone, digest=digest, actor=actor, now=now)
        remembered += _remember(write, gone, digest=digest, actor=actor, now=now)
        with write() as connection:
            values = {"digest": digest, "basis": basis, "actor": actor, "at": now}
            batch_id = connection.execute(insert(batch).values(**values).returning(batch.c.id)).scalar_one()
        done = Imported(batch_id, remembered=remembered)
        firsts = _firsts(staging.ordered(), refusals)
        while part := list(islice(firsts, SLICE)):
            with write() as connection:
                refused = _merge_slice(
                    connection, part, done, digest=digest, basis=basis, actor=actor, now=now
                )
            for line in refused:
                refusals.add(line)
            if progress is not None:
                progress(staging.given, staging.taken)
    return done


def _remember(
    write: Callable[[], AbstractContextManager[Connection]],
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


def _firsts(ordered: Iterable[Line], refusals: Staging[RefusedLine]) -> Iterator[Line]:
    """The first line of each address; the others are refused, each with the number of that one."""
    first: Line | None = None
    for line in ordered:
        if first is not None and first.addr_key == line.addr_key:
            why = f"the address stands in line {first.line} already"
            refusals.add(RefusedLine(line.line, line.address, why))
        else:
            first = line
            yield line


def _merge_slice(
    connection: Connection,
    part: Sequence[Line],
    done: Imported,
    *,
    digest: str,
    basis: str | None,
    actor: str,
    now: datetime,
) -> list[RefusedLine]:
    """Take one slice in; returns whom no list may bring in."""
    hold_suppressions(connection)
    connection.execute(CreateTable(staged))
    _stage(connection, part)
    refused, pending = _look(connection, digest)
    at = literal(now, UtcTime())
    if pending:
        _write_again(connection)
    if basis and pending:
        done.confirmed += _confirm(connection, digest, basis=basis, actor=actor, now=now)
    status = after(None, Step.CONFIRMED if basis else Step.REQUESTED)
    confirmed = literal(status is Status.CONFIRMED)
    connection.execute(
        upsert(connection, subscriber)
        .from_select(
            ["addr_key", "address", "status", "mailable", "created_at", "changed_at"],
            select(staged.c.addr_key, staged.c.address, literal(status.value), confirmed, at, at)
            .where(true())  # SQLite's grammar wants one before ON CONFLICT
            .order_by(staged.c.addr_key),
        )
        .on_conflict_do_nothing()
    )
    added = connection.execute(
        upsert(connection, subscription)
        .from_select(
            [
                *("subscriber_id", "digest", "language", "sections", "status", "active", "since", "batch_id"),
                *("rhythm", "hour", "weekday"),
            ],
            select(
                subscriber.c.id,
                literal(digest),
                staged.c.language,
                staged.c.sections,
                literal(status.value),
                confirmed,
                at,
                literal(done.batch_id),
                staged.c.rhythm,
                staged.c.hour,
                staged.c.weekday,
            )
            .join(subscriber, subscriber.c.addr_key == staged.c.addr_key)
            .where(true()),
        )
        .on_conflict_do_nothing(),
        execution_options={"preserve_rowcount": True},  # else an INSERT's count is not kept
    ).rowcount
    done.added += added
    done.known += len(part) - len(refused) - added
    if any(line.attributes for line in part):
        _keep_attributes(connection, part)
    connection.execute(DropTable(staged))
    return refused


def _keep_attributes(connection: Connection, part: Sequence[Line]) -> None:
    """What the list knows of its readers, also of those who were known before."""
    here = select(subscriber.c.addr_key, subscriber.c.id).join(
        staged, staged.c.addr_key == subscriber.c.addr_key
    )
    ids = {bytes(row.addr_key): row.id for row in connection.execute(here)}
    keep_attributes(
        connection,
        (
            (ids[line.addr_key], name, Value(text, number))
            for line in part
            if line.addr_key in ids
            for name, text, number in line.attributes
        ),
    )


def _stage(connection: Connection, part: Sequence[Line]) -> None:
    """Lines are tuples in the order of the columns: handed to the driver as they are, four times as quick as by names."""
    rows = [line[:STAGED] for line in part]
    if connection.dialect.name == "postgresql":
        into = "INSERT INTO import_line SELECT * FROM unnest(%s::bytea[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[])"
        connection.exec_driver_sql(into, tuple(map(list, zip(*rows, strict=True))))
    else:
        connection.exec_driver_sql("INSERT INTO import_line VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _look(connection: Connection, digest: str) -> tuple[list[RefusedLine], bool]:
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
            or_(
                suppression.c.cause.is_not(None),
                former_key.c.subscriber_id.is_not(None),
                subscriber.c.status.in_([left, pending]),
                subscription.c.status.in_([left, pending]),
                subscriber.c.address != staged.c.address,
            )
        )
    ).all()
    gone = [(row, why) for row in found if (why := _why_not(row)) is not None]
    if gone:
        connection.execute(delete(staged).where(staged.c.addr_key.in_([row.addr_key for row, _ in gone])))
    refused = [RefusedLine(row.line, row.address, why) for row, why in gone]
    return refused, len(gone) < len(found)


def _write_again(connection: Connection) -> None:
    """Whose address was forgotten while they waited have it again by the list."""
    here = staged.c.addr_key == subscriber.c.addr_key
    typed = select(staged.c.address).where(here).scalar_subquery()
    connection.execute(
        update(subscriber)
        .where(subscriber.c.address.is_(None), subscriber.c.addr_key.in_(select(staged.c.addr_key)))
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


def _confirm(connection: Connection, digest: str, *, basis: str, actor: str, now: datetime) -> int:
    """Readers of the slice who were pending are so no longer: the list's basis is their evidence. Returns how many asked before."""
    here = select(staged.c.addr_key)
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
