"""What a server says of a mailbox at once counts like what comes back later: the same thresholds, once for each delivery and kind.

A mailbox that is full is told of at every try of one mail, and perhaps in a bounce of it as well; that is one fact. A refusal that proves the mailbox
dead suppresses whatever was kept before: a person may have taken the suppression back and sent again.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection

from publisher.crash import crashpoint
from publisher.ledger import Action, Outcome
from publisher.store import returned
from publisher.store.deliveries import Row
from subscribers import audience
from subscribers.bounces import Kind
from subscribers.thresholds import COUNTED, REMEMBERED, enough

__all__ = ["count", "counts"]


def counts(outcome: Outcome) -> bool:
    """Whether the outcome says something of the mailbox; a dead one that is not believed says nothing."""
    if outcome.kind is Kind.HARD:
        return outcome.action is Action.SUPPRESS
    return outcome.charged and outcome.kind in COUNTED


def count(connection: Connection, dispatch_id: str, row: Row, outcome: Outcome, *, now: datetime) -> None:
    """Keep the fact, and suppress where it is enough."""
    kind = outcome.kind
    if kind is None:
        return
    dead = outcome.action is Action.SUPPRESS
    before = returned.times(connection, row.addr_key, kind.value, since=now - REMEMBERED)
    suppresses = enough(kind, proved=dead, before=before, now=now)
    code = f"{outcome.code} {outcome.enhanced or ''}".strip()
    fresh = returned.keep(
        connection,
        now=now,
        fingerprint=sha256(f"smtp {row.delivery_id} {kind}".encode()).digest(),
        kind=kind.value,
        effect="suppressed" if suppresses else "counted",
        actor=returned.AT_ONCE,
        delivery_id=row.delivery_id,
        dispatch_id=dispatch_id,
        addr_key=row.addr_key,
        domain=row.rcpt.rpartition("@")[2] or None,
        code=outcome.code,
        enhanced=outcome.enhanced,
        detail=code,
    )
    if suppresses and (fresh or dead):
        crashpoint("during-suppression")
        audience.suppress(
            connection,
            row.addr_key,
            "bounced",
            actor="rule:bounce",
            now=now,
            dispatch_id=dispatch_id,
            detail=code,
        )
