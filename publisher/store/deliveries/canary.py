"""The canary wave: some are sent to first, and the rest waits in the database until their answers have been looked at.

A chunk belongs to wave 0 (the canary) or 1 (all others), a dispatch says which wave is open, and the claim holds the one against the other
in its own statement. So no worker begins with the rest too early, on whatever machine and after whatever restart. `step` moves a dispatch
on: once everybody of the canary was tried it begins to wait, then it opens the rest, or halts. It locks the dispatch, and doing it twice is harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, func, select, update

from publisher.ledger import DispatchState, State
from publisher.series import Canary
from publisher.store.deliveries.settle import halt, lock
from publisher.store.schema import chunk, delivery, delivery_state, dispatch, outcome
from subscribers.bounces import Scope
from subscribers.schema import suppression

__all__ = ["HALTED_BY_CANARY", "Wave", "canary_wave", "open_all", "step"]

HALTED_BY_CANARY = "canary"
ALL = 1
PERMANENT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """How the canary of a dispatch stands.

    `refused` also counts those whose mail bounced after it was accepted, and those who wait again because what was refused is ours: the
    sender, or what the mail says.
    """

    planned: int
    untried: int
    accepted: int
    refused: int
    complaints: int


def canary_wave(connection: Connection, dispatch_id: str) -> Wave:
    """Count the canary of a dispatch; of one without, nobody."""
    state = delivery_state.c.state
    since = dispatch.c.created_at
    bounced = and_(suppression.c.cause == "bounced", suppression.c.at >= since)
    complained = and_(suppression.c.cause == "complained", suppression.c.at >= since)
    waits = state.in_([State.QUEUED, State.CLAIMED, State.COMMITTING])
    about_us = and_(outcome.c.code >= PERMANENT, outcome.c.scope == Scope.SENDER.value)
    refused = (state == State.FAILED) | and_(state == State.ACCEPTED, bounced) | and_(waits, about_us)
    accepted = and_(state == State.ACCEPTED, suppression.c.addr_key.is_(None) | ~bounced)
    kinds = (and_(waits, delivery_state.c.last_try.is_(None)), accepted, refused, complained)
    query = (
        select(func.count(), *(func.coalesce(func.sum(case((kind, 1), else_=0)), 0) for kind in kinds))
        .select_from(chunk)
        .join(dispatch, dispatch.c.id == chunk.c.dispatch_id)
        .join(
            delivery, and_(delivery.c.dispatch_id == chunk.c.dispatch_id, delivery.c.chunk_no == chunk.c.no)
        )
        .join(delivery_state, delivery_state.c.delivery_id == delivery.c.id)
        .outerjoin(
            outcome,
            and_(outcome.c.delivery_id == delivery.c.id, outcome.c["try"] == delivery_state.c.last_try),
        )
        .outerjoin(suppression, suppression.c.addr_key == delivery.c.addr_key)
        .where(chunk.c.dispatch_id == dispatch_id, chunk.c.wave < ALL)
    )
    planned, untried, taken, no, against = connection.execute(query).one()
    return Wave(planned=planned, untried=untried, accepted=taken, refused=no, complaints=against)


def step(connection: Connection, dispatch_id: str, *, now: datetime) -> None:
    """Move a dispatch whose canary is out on, if it is time: wait, open the rest, or halt."""
    lock(connection, dispatch_id)
    row = connection.execute(select(dispatch).where(dispatch.c.id == dispatch_id)).one()
    if row.wave == ALL or row.state != DispatchState.SENDING:
        return
    rule, wave = Canary.from_data(row.canary), canary_wave(connection, dispatch_id)
    objection = rule.objection(planned=wave.planned, refused=wave.refused, complaints=wave.complaints)
    mine = update(dispatch).where(dispatch.c.id == dispatch_id)
    if objection:
        halt(connection, dispatch_id, reason=HALTED_BY_CANARY, detail=objection)
    elif not wave.untried and row.canary_until is None:
        connection.execute(mine.values(canary_until=now + rule.wait))
    elif not wave.untried and row.canary_until <= now:
        open_all(connection, dispatch_id)


def open_all(connection: Connection, dispatch_id: str) -> None:
    """Let the rest go, whatever became of the canary."""
    connection.execute(update(dispatch).where(dispatch.c.id == dispatch_id).values(wave=ALL))
