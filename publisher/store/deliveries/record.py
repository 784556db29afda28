"""Outcomes: what became of a try, appended once and never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from publisher.ledger import Outcome, State
from publisher.store.db import insert
from publisher.store.schema import outcome

__all__ = ["Recorded", "record"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """An outcome of one try; `next_at` stands with state `queued` and with no other."""

    delivery_id: int
    try_no: int
    outcome: Outcome
    at: datetime
    next_at: datetime | None = None
    actor: str | None = None


def record(connection: Connection, entries: Sequence[Recorded]) -> int:
    """Append outcomes; returns how many were new.

    The primary key (delivery, try) is the fence: a worker that was taken for dead finds its try settled by the recovery,
    and changes nothing.
    """
    if not entries:
        return 0
    result = connection.execute(
        insert(connection, outcome).on_conflict_do_nothing(),
        [
            {
                "delivery_id": entry.delivery_id,
                "try": entry.try_no,
                "state": entry.outcome.state.value,
                "next_at": entry.next_at if entry.outcome.state is State.QUEUED else None,
                "charged": entry.outcome.charged,
                "scope": entry.outcome.scope,
                "code": entry.outcome.code,
                "enhanced": entry.outcome.enhanced,
                "reply": entry.outcome.reply,
                "cause": entry.outcome.cause[:64],
                "relay": entry.outcome.relay,
                "actor": entry.actor,
                "at": entry.at,
            }
            for entry in entries
        ],
    )
    return result.rowcount
