"""What a person or a rule decides about a dispatch: pause, halt, resume, cancel, revise, resolve, retry."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select, update

from publisher.ledger import Outcome, State
from publisher.store.deliveries.record import Recorded, record
from publisher.store.deliveries.recover import requeue
from publisher.store.schema import chunk, delivery, delivery_state, dispatch

__all__ = ["cancel", "forget", "halt", "pause", "resolve", "resume", "retry_failed", "revise"]


def _set(
    connection: Connection, dispatch_id: str, state: str, frm: tuple[str, ...], **values: object
) -> bool:
    result = connection.execute(
        update(dispatch)
        .where(dispatch.c.id == dispatch_id, dispatch.c.state.in_(frm))
        .values(state=state, **values)
    )
    return bool(result.rowcount)


def pause(connection: Connection, dispatch_id: str) -> bool:
    """A person stops a dispatch; False when it is not sending. The next mark sees it."""
    return _set(connection, dispatch_id, "paused", ("sending",))


def halt(connection: Connection, dispatch_id: str, *, reason: str, detail: str) -> bool:
    """A rule stops a dispatch, with its reason for the operator."""
    values = {"halt_reason": reason, "halt_detail": detail[:1000]}
    return _set(connection, dispatch_id, "halted", ("freezing", "sending", "paused"), **values)


def resume(connection: Connection, dispatch_id: str, *, expires_at: datetime | None = None) -> bool:
    """Let a paused or halted dispatch send again, or finish an interrupted freeze's `freezing` no more than it is."""
    values: dict[str, object] = {"halt_reason": None, "halt_detail": None}
    if expires_at is not None:
        values["expires_at"] = expires_at
    return _set(connection, dispatch_id, "sending", ("paused", "halted", "sending"), **values)


def revise(connection: Connection, dispatch_id: str, revision: int) -> None:
    """The dispatch sends this revision of its edition from now on; marks of the former one are void (decision 8)."""
    connection.execute(update(dispatch).where(dispatch.c.id == dispatch_id).values(revision=revision))


def cancel(connection: Connection, dispatch_id: str, *, actor: str, why: str, now: datetime) -> int:
    """Give up on everybody who waits; returns how many. What is committing or in doubt keeps its own end."""
    _set(
        connection,
        dispatch_id,
        "cancelled",
        ("freezing", "sending", "paused", "halted"),
        halt_detail=why[:1000],
    )
    rows = connection.execute(
        select(delivery_state.c.delivery_id, delivery_state.c.last_try).where(
            delivery_state.c.dispatch_id == dispatch_id, delivery_state.c.state.in_(["queued", "claimed"])
        )
    ).all()
    given_up = Outcome(State.CANCELLED, "by hand", charged=False)
    record(
        connection,
        [Recorded(row.delivery_id, (row.last_try or 0) + 1, given_up, at=now, actor=actor) for row in rows],
    )
    connection.execute(
        update(chunk).where(chunk.c.dispatch_id == dispatch_id, chunk.c.worker_id.is_(None)).values(done=True)
    )
    return len(rows)


def resolve(
    connection: Connection,
    dispatch_id: str,
    verdict: State,
    *,
    deliveries: Collection[int],
    actor: str,
    now: datetime,
) -> int:
    """Settle rows in doubt (all, or those named) as accepted, failed, or queued again; returns how many."""
    query = select(delivery_state.c.delivery_id, delivery_state.c.last_try).where(
        delivery_state.c.dispatch_id == dispatch_id, delivery_state.c.state == State.UNCERTAIN
    )
    if deliveries:
        query = query.where(delivery_state.c.delivery_id.in_(deliveries))
    rows = connection.execute(query).all()
    for row in rows:
        if verdict is State.QUEUED:
            requeue(connection, row.delivery_id, row.last_try + 1, cause="by hand", now=now, actor=actor)
        else:
            by_hand = Outcome(verdict, "by hand", charged=False)
            record(connection, [Recorded(row.delivery_id, row.last_try + 1, by_hand, at=now, actor=actor)])
    return len(rows)


def retry_failed(connection: Connection, dispatch_id: str, *, actor: str, now: datetime) -> int:
    """Let those who failed wait again, and nobody else; returns how many."""
    rows = connection.execute(
        select(delivery_state.c.delivery_id, delivery_state.c.last_try).where(
            delivery_state.c.dispatch_id == dispatch_id, delivery_state.c.state == State.FAILED
        )
    ).all()
    for row in rows:
        requeue(connection, row.delivery_id, row.last_try + 1, cause="by hand", now=now, actor=actor)
    return len(rows)


def forget(connection: Connection, addr_key: bytes) -> None:
    """Erasure: the one change of a delivery; its state and history stay, the address goes."""
    connection.execute(update(delivery).where(delivery.c.addr_key == addr_key).values(rcpt=""))
