"""After a death: what a worker held is taken back, what it had marked without a reply is in doubt.

Asked only about workers that are provably dead (`store.liveness`). All of it stands in one transaction, so that a death in the
middle leaves the next recovery the same work; one recovery runs at a time. Leases are taken first, notes read after: a
worker that was wrongly taken for dead either has its mark seen here, or finds its lease gone.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, func, literal, select, update

from publisher.ledger import POISON, Outcome, Policy, State, resend_allowed
from publisher.store.db import serialise
from publisher.store.deliveries.chunks import add_retry_chunks, members, unanswered, waiting_rows
from publisher.store.deliveries.lease import Lease
from publisher.store.deliveries.record import Recorded, record
from publisher.store.schema import chunk, delivery, dispatch, note, outcome, worker

__all__ = ["doubt", "recover"]


def recover(connection: Connection, dead: Collection[str], *, now: datetime) -> int:
    """Settle what these dead workers left; returns how many deliveries came into doubt.

    A chunk that took its workers with it twice, without a single answer to a mark in between, is taken apart into chunks
    of one (suspects, each leased alone); a row that then takes its worker with it before its mark ends as failed(crash).
    """
    serialise(connection, "ledger.recover")
    left = select(chunk.c.dispatch_id).where(chunk.c.worker_id.in_(dead))
    affected = select(dispatch.c.id, dispatch.c.policy).where(dispatch.c.id.in_(left)).order_by(dispatch.c.id)
    policies = {row.id: Policy(row.policy) for row in connection.execute(affected.with_for_update(read=True))}
    held = connection.execute(
        update(chunk)
        .where(chunk.c.worker_id.in_(dead), ~chunk.c.done)
        .values(worker_id=None)
        .returning(
            chunk.c.id,
            chunk.c.dispatch_id,
            chunk.c.no,
            chunk.c.variant,
            chunk.c.fence,
            chunk.c.deaths,
            chunk.c.wave,
        )
    ).all()
    doubts = 0
    for taken in held:
        marked = connection.execute(
            select(note.c.delivery_id, note.c["try"])
            .join(delivery, delivery.c.id == note.c.delivery_id)
            .where(members(taken), note.c.worker_id.in_(dead), unanswered())
        ).all()
        for delivery_id, try_no in marked:
            lost = Outcome(State.UNCERTAIN, "the sender died after the mark")
            doubt(connection, delivery_id, try_no, lost, policy=policies[taken.dispatch_id], now=now)
        doubts += len(marked)
        if not _got_somewhere(connection, taken, dead):
            _count_death(connection, taken, {row.delivery_id for row in marked}, now=now)
    connection.execute(worker.delete().where(worker.c.id.in_(dead)))
    return doubts


def doubt(
    connection: Connection,
    delivery_id: int,
    try_no: int,
    lost: Outcome,
    *,
    policy: Policy,
    now: datetime,
    lease: Lease | None = None,
) -> None:
    """Record a doubt, and under the policy `resend` queue the row again (at most so often, then it is kept).

    A resend carries the same bytes and Message-ID: a row that was marked under another revision, or whose dispatch was
    cancelled, stays in doubt. Its chunk is open still (held, or just taken back), so it need not be listed anew. `lease`:
    the one under which a living worker lost the reply; recovery has none.
    """
    query = (
        select(dispatch.c.revision, dispatch.c.state)
        .join(delivery, delivery.c.dispatch_id == dispatch.c.id)
        .where(delivery.c.id == delivery_id)
        .with_for_update(read=True, of=dispatch)
    )
    present = connection.execute(query).one()
    if not record(connection, [Recorded(delivery_id, try_no, lost, at=now, lease=lease)]):
        return  # recovery was faster: the row's doubt is recorded, and perhaps it is being sent again
    sent = connection.execute(
        select(note.c.revision).where(note.c.delivery_id == delivery_id, note.c["try"] == try_no)
    ).scalar_one()
    times = connection.execute(
        select(func.count()).where(outcome.c.delivery_id == delivery_id, outcome.c.state == "uncertain")
    ).scalar_one()
    withdrawn = sent != present.revision or present.state == "cancelled"
    if resend_allowed(policy, times, withdrawn=withdrawn):
        again = Outcome(State.QUEUED, "resend", charged=False)
        record(connection, [Recorded(delivery_id, try_no + 1, again, at=now, next_at=now)])


def _got_somewhere(connection: Connection, taken: Row[Any], dead: Collection[str]) -> bool:
    """Whether a mark of the lost lease was answered: then the chunk's next row is another one, and time will tell."""
    answered = exists(
        select(literal(1)).where(
            outcome.c.delivery_id == note.c.delivery_id,
            outcome.c["try"] == note.c["try"],
            outcome.c.state != "uncertain",
        )
    )
    query = (
        select(literal(1))
        .select_from(note)
        .join(delivery, delivery.c.id == note.c.delivery_id)
        .where(members(taken), note.c.worker_id.in_(dead), note.c.fence == taken.fence, answered)
        .limit(1)
    )
    return connection.execute(query).first() is not None


def _count_death(connection: Connection, taken: Row[Any], marked: Collection[int], *, now: datetime) -> None:
    """One more death of a chunk: the second takes it apart, a suspect's own ends it unless it died after its mark."""
    deaths = taken.deaths + 1
    connection.execute(update(chunk).where(chunk.c.id == taken.id).values(deaths=deaths))
    if deaths < POISON:
        return
    rows = [row for row in waiting_rows(connection, taken) if deaths == POISON or row.id not in marked]
    if deaths == POISON:
        connection.execute(update(chunk).where(chunk.c.id == taken.id).values(done=True))
    for row in rows:
        if deaths == POISON:
            due_at = row.next_at or now
            add_retry_chunks(
                connection,
                taken.dispatch_id,
                taken.variant,
                [row.id],
                due_at=due_at,
                deaths=POISON,
                wave=taken.wave,
            )
        else:
            crash = Outcome(State.FAILED, "crash: it takes the sender with it")
            record(connection, [Recorded(row.id, row.try_no, crash, at=now)])
