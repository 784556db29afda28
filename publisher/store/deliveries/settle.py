"""What a person or a rule decides about a dispatch: pause, halt, resume, cancel, revise, resolve, retry.

Each moves the dispatch's own row first. On PostgreSQL a mark holds that row, so whatever is decided here has either seen the
mark, or is seen by it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, exists, literal, not_, or_, select, update

from publisher.ledger import DISPATCH_MOVES, DispatchState, Outcome, State, move, sources
from publisher.store.deliveries.chunks import add_retry_chunks, in_open_chunk
from publisher.store.deliveries.ending import end_doubts, end_waiting, in_doubt
from publisher.store.deliveries.record import Recorded, record
from publisher.store.schema import chunk, delivery, delivery_state, dispatch, note, outcome
from subscribers import audience
from subscribers.schema import suppression

__all__ = [
    "cancel",
    "end_variants",
    "forget",
    "halt",
    "list_strays",
    "lock",
    "pause",
    "resolve",
    "resume",
    "retry_failed",
    "revise",
]

SLICE = 500
"""Rows settled by one statement."""


def _move(connection: Connection, dispatch_id: str, to: DispatchState, **values: object) -> bool:
    """Whether the dispatch could be moved there (`publisher.ledger.DISPATCH_MOVES`)."""
    result = connection.execute(
        update(dispatch)
        .where(dispatch.c.id == dispatch_id, dispatch.c.state.in_(sources(DISPATCH_MOVES, to)))
        .values({"state": to.value} | values)
    )
    return bool(result.rowcount)


def pause(connection: Connection, dispatch_id: str) -> bool:
    """A person stops a dispatch; False when it is not sending. The next mark sees it."""
    return _move(connection, dispatch_id, DispatchState.PAUSED)


def halt(connection: Connection, dispatch_id: str, *, reason: str, detail: str) -> bool:
    """A rule stops a dispatch, with its reason for the operator; False when it is halted already, paused or cancelled."""
    return _move(
        connection, dispatch_id, DispatchState.HALTED, halt_reason=reason[:32], halt_detail=detail[:1000]
    )


def resume(connection: Connection, dispatch_id: str, *, expires_at: datetime | None = None) -> bool:
    """Let a paused or halted dispatch go on, if wanted until another end; False when it was cancelled or is freezing.

    A halt may have interrupted the freeze: such a dispatch goes back to `freezing`, because not everybody is in it yet.
    """
    values: dict[str, Any] = {"halt_reason": None, "halt_detail": None}
    if expires_at is not None:
        values["expires_at"] = expires_at
    frm = sources(DISPATCH_MOVES, DispatchState.SENDING) - {DispatchState.FREEZING} | {DispatchState.SENDING}
    back = case((dispatch.c.frozen_at.is_(None), "freezing"), else_="sending")
    result = connection.execute(
        update(dispatch)
        .where(dispatch.c.id == dispatch_id, dispatch.c.state.in_(frm))
        .values(state=back, **values)
    )
    return bool(result.rowcount)


def revise(connection: Connection, dispatch_id: str, revision: int, *, now: datetime) -> int:
    """The dispatch sends this revision of its edition from now on; marks of the former one are void (decision 8).

    Never back to an older one: of two who revise at the same time the slower changes nothing. Who may have got the former one is not sent the other: rows that waited for a resend stay in doubt. Returns how many.
    """
    changed = connection.execute(
        update(dispatch)
        .where(dispatch.c.id == dispatch_id, dispatch.c.revision < revision)
        .values(revision=revision)
    )
    if not changed.rowcount:
        return 0
    return end_doubts(connection, dispatch_id, cause=f"not sent again: revision {revision}", now=now)


def end_variants(
    connection: Connection, dispatch_id: str, variants: Collection[str], *, cause: str, now: datetime
) -> int:
    """Give up on those of these variants who wait: the present revision has nothing for them. Returns how many."""
    lock(connection, dispatch_id)
    return end_waiting(connection, dispatch_id, State.CANCELLED, cause=cause, now=now, variants=variants)


def lock(connection: Connection, dispatch_id: str) -> None:
    """Make marks, and whoever would decide about the dispatch, wait for this transaction, or be seen by it."""
    connection.execute(select(dispatch.c.id).where(dispatch.c.id == dispatch_id).with_for_update()).all()


def cancel(connection: Connection, dispatch_id: str, *, actor: str, why: str, now: datetime) -> int:
    """Give up on everybody who waits; returns how many. What is at the dot or in doubt keeps its own end."""
    if not _move(connection, dispatch_id, DispatchState.CANCELLED, halt_detail=why[:1000]):
        return 0
    return end_waiting(
        connection, dispatch_id, State.CANCELLED, cause="the dispatch was cancelled", actor=actor, now=now
    )


def resolve(
    connection: Connection,
    dispatch_id: str,
    verdict: State,
    *,
    deliveries: Collection[int],
    actor: str,
    now: datetime,
) -> int:
    """Settle rows in doubt (all, or those named) as accepted, failed, or queued again; returns how many.

    Those that wait to be sent again are in doubt as well, until they are at the dot. Not queued again: rows that were marked under a former revision (they are owed the notice, not a second, different
    mail under the same Message-ID), and any row of a cancelled dispatch. ValueError for another verdict.
    """
    move(State.UNCERTAIN, verdict)
    which = delivery_state.c.state == State.UNCERTAIN
    if verdict is not State.QUEUED:
        which = or_(which, and_(delivery_state.c.state == State.QUEUED, in_doubt()))
    rows = [
        row
        for row in _those(connection, dispatch_id, which)
        if not deliveries or row.delivery_id in deliveries
    ]
    if verdict is State.QUEUED:
        return _wait_again(connection, dispatch_id, rows, actor=actor, now=now)
    by_hand = Outcome(verdict, "by hand", charged=False)
    for start in range(0, len(rows), SLICE):
        record(
            connection,
            [
                Recorded(row.delivery_id, row.last_try + 1, by_hand, at=now, actor=actor)
                for row in rows[start : start + SLICE]
            ],
        )
    return len(rows)


def retry_failed(connection: Connection, dispatch_id: str, *, actor: str, now: datetime) -> int:
    """Let those who failed wait again, and nobody else; returns how many (none of a cancelled dispatch).

    A canary whose refusals halted the dispatch is waited for anew. Who must not be mailed stays failed: to queue them would end them as suppressed, and no undoing would bring them back.
    """
    move(State.FAILED, State.QUEUED)
    rows = _those(connection, dispatch_id, delivery_state.c.state == State.FAILED)
    canary = update(dispatch).where(dispatch.c.id == dispatch_id, dispatch.c.wave == 0)
    connection.execute(canary.values(canary_until=None))
    return _wait_again(connection, dispatch_id, rows, actor=actor, now=now)


def forget(connection: Connection, subscriber_ids: Collection[int], keys: Collection[bytes]) -> None:
    """Erasure: the one change of a delivery; its state and history stay, the address goes, whichever it was of these readers'."""
    theirs = or_(delivery.c.subscriber_id.in_(subscriber_ids), delivery.c.addr_key.in_(keys))
    connection.execute(update(delivery).where(theirs, delivery.c.rcpt != "").values(rcpt=""))


def of_before(connection: Connection, before: datetime, *, limit: int | None) -> list[int]:
    """Deliveries of dispatches that nobody is sent any more since before then, whose address is still known."""
    over = select(dispatch.c.id).where(dispatch.c.expires_at < before)
    query = select(delivery.c.id).where(delivery.c.dispatch_id.in_(over), delivery.c.rcpt != "")
    return list(connection.execute(query.order_by(delivery.c.id).limit(limit)).scalars())


def forget_these(connection: Connection, delivery_ids: Sequence[int]) -> None:
    """The addresses of these go; what became of them stays."""
    connection.execute(update(delivery).where(delivery.c.id.in_(delivery_ids)).values(rcpt=""))


def _those(connection: Connection, dispatch_id: str, which: ColumnElement[bool]) -> list[Row[Any]]:
    """Rows of this kind, by variant; the dispatch is locked, so that two who decide at once take turns."""
    lock(connection, dispatch_id)
    query = (
        select(delivery_state.c.delivery_id, delivery_state.c.last_try, delivery_state.c.variant)
        .where(delivery_state.c.dispatch_id == dispatch_id, which)
        .order_by(delivery_state.c.variant, delivery_state.c.delivery_id)
    )
    return list(connection.execute(query))


def _wait_again(
    connection: Connection, dispatch_id: str, rows: Sequence[Row[Any]], *, actor: str, now: datetime
) -> int:
    """Queue rows by hand, and list those that no open chunk names; returns how many."""
    allowed: list[Row[Any]] = []
    for start in range(0, len(rows), SLICE):
        part = rows[start : start + SLICE]
        barred = _barred(connection, dispatch_id, [row.delivery_id for row in part])
        allowed += [row for row in part if row.delivery_id not in barred]
    wave = connection.execute(select(dispatch.c.wave).where(dispatch.c.id == dispatch_id)).scalar_one()
    again = Outcome(State.QUEUED, "by hand", charged=False)
    for variant, same in groupby(allowed, key=lambda row: str(row.variant)):
        group = list(same)
        named: set[int] = set()
        for start in range(0, len(group), SLICE):
            part = group[start : start + SLICE]
            named |= in_open_chunk(connection, [row.delivery_id for row in part])
            record(
                connection,
                [
                    Recorded(row.delivery_id, row.last_try + 1, again, at=now, next_at=now, actor=actor)
                    for row in part
                ],
            )
        unnamed = [row.delivery_id for row in group if row.delivery_id not in named]
        add_retry_chunks(connection, dispatch_id, variant, unnamed, due_at=now, wave=wave)
    return len(allowed)


def list_strays(connection: Connection, dispatch_id: str, *, now: datetime) -> int:
    """List anew who waits in a dispatch that is sending and has no open chunk at all; returns how many.

    There should be none: a former program let a row wait again by hand at the very moment at which its chunk was closed. One that is still
    being filled gets its chunks in the end.
    """
    lock(connection, dispatch_id)
    still_open = exists(select(literal(1)).where(chunk.c.dispatch_id == dispatch_id, ~chunk.c.done))
    sending = select(dispatch.c.wave).where(
        dispatch.c.id == dispatch_id, dispatch.c.state == DispatchState.SENDING, ~still_open
    )
    wave = connection.execute(sending).scalar_one_or_none()
    if wave is None:
        return 0
    rows = _those(connection, dispatch_id, delivery_state.c.state == State.QUEUED)
    for variant, same in groupby(rows, key=lambda row: str(row.variant)):
        ids = [row.delivery_id for row in same]
        add_retry_chunks(connection, dispatch_id, variant, ids, due_at=now, wave=wave)
    return len(rows)


def _barred(connection: Connection, dispatch_id: str, ids: Collection[int]) -> set[int]:
    """Who of these must not be sent to again: perhaps they have a former revision, they must not be mailed, or the dispatch is over."""
    same_try = and_(outcome.c.delivery_id == note.c.delivery_id, outcome.c["try"] == note.c["try"])
    former = exists(
        select(literal(1))
        .select_from(note)
        .join(outcome, same_try)
        .where(
            note.c.delivery_id == delivery_state.c.delivery_id,
            note.c.revision != dispatch.c.revision,
            outcome.c.state == State.UNCERTAIN.value,
        )
    )
    refused = or_(
        exists(select(literal(1)).where(suppression.c.addr_key == delivery.c.addr_key)),
        and_(
            dispatch.c.kind.not_in(["test", "tx"]),
            not_(audience.mailable(delivery.c.subscriber_id, dispatch.c.digest)),
        ),
    )
    query = (
        select(delivery_state.c.delivery_id)
        .join(dispatch, dispatch.c.id == delivery_state.c.dispatch_id)
        .join(delivery, delivery.c.id == delivery_state.c.delivery_id)
        .where(
            dispatch.c.id == dispatch_id,
            delivery_state.c.delivery_id.in_(ids),
            or_(
                dispatch.c.state == "cancelled",
                and_(delivery_state.c.state == State.UNCERTAIN.value, former),
                and_(delivery_state.c.state == State.FAILED.value, refused),
            ),
        )
    )
    return set(connection.execute(query).scalars())
