"""A ledger with an edition, readers and a dispatch to them, for tests that play the sender themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from publisher.ledger import Outcome, State
from publisher.store import deliveries, schema
from publisher.store.deliveries import Lease, NewDelivery, NewDispatch, Recorded, Row
from subscribers import audience
from subscribers.address import key, parse

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
ENDS = NOW + timedelta(hours=24)
DISPATCH, EDITION, DIGEST = "01KJPD5W00DISPATCH00000001", "morning-2026-03-02", "morning"
ADDRESS_KEY = b"a" * 32
ACCEPTED = Outcome(State.ACCEPTED, "accepted", scope="recipient", code=250, enhanced="2.0.0", reply="Ok")
REFUSED = Outcome(State.FAILED, "5xx", scope="recipient", code=550, enhanced="5.0.0", reply="No")
DEFERRED = Outcome(State.QUEUED, "4xx", scope="recipient", code=451, enhanced="4.3.0", reply="Later")
LOST = Outcome(State.UNCERTAIN, "connection lost at dot", scope="recipient")


def address(number: int) -> str:
    return f"reader{number:03}@list.example"


def addr_key(number: int) -> bytes:
    return key(parse(address(number)), ADDRESS_KEY)


def new_dispatch(**changes: Any) -> NewDispatch:
    opened = NewDispatch(
        id=DISPATCH,
        edition_id=EDITION,
        kind="digest",
        digest=DIGEST,
        revision=1,
        policy="resend",
        token_key=1,
        date=NOW,
        expires_at=ENDS,
        actor="test",
        created_at=NOW,
    )
    return replace(opened, **changes)


def new_delivery(number: int, *, variant: str = "en", subscriber_id: int | None = None) -> NewDelivery:
    return NewDelivery(
        variant=variant,
        subscriber_id=subscriber_id,
        addr_key=addr_key(number),
        rcpt=address(number),
        message_id=f"<{DISPATCH.lower()}.{number}@front.example>",
    )


def make_edition(connection: Connection, edition_id: str = EDITION, *, number: int = 1) -> None:
    connection.execute(
        schema.edition.insert().values(
            id=edition_id,
            kind="digest",
            series=DIGEST,
            slot=NOW + timedelta(days=number),
            local_date=date(2026, 3, 2),
            number=number,
            revision=1,
            content_hash="5eed",
            frozen_at=NOW,
            actor="test",
        )
    )


def subscribe(connection: Connection, number: int) -> int:
    return audience.add(
        connection,
        parse(address(number)),
        addr_key(number),
        digest=DIGEST,
        language="en",
        sections=None,
        basis="asked for it",
        actor="test",
        now=NOW - timedelta(days=1),
    )


def freeze(connection: Connection, variants: Sequence[str], **changes: Any) -> None:
    """An edition and its dispatch, ready to be sent, with one reader for each variant named (equal ones in a row)."""
    make_edition(connection)
    deliveries.open_dispatch(connection, new_dispatch(**changes))
    rows = [
        new_delivery(number, variant=variant, subscriber_id=subscribe(connection, number))
        for number, variant in enumerate(variants, 1)
    ]
    deliveries.add_deliveries(connection, DISPATCH, rows, due_at=NOW)
    deliveries.finish_freeze(connection, DISPATCH, now=NOW)


def hire(connection: Connection, *worker_ids: str) -> None:
    """Register workers, without a lock: whether they live is the test's to say."""
    for worker_id in worker_ids:
        connection.execute(
            schema.worker.insert().values(
                id=worker_id, host="here.example", pid=1, lock_name=worker_id, started_at=NOW
            )
        )


def entry(lease: Lease, row: Row, outcome: Outcome, *, at: datetime = NOW, **more: Any) -> Recorded:
    if outcome.state is State.QUEUED:
        more.setdefault("next_at", at + timedelta(minutes=5))
    return Recorded(row.delivery_id, row.try_no, outcome, at=at, lease=lease, **more)


def marked(connection: Connection, lease: Lease, *rows: Row, now: datetime = NOW) -> frozenset[int]:
    asked = rows or lease.rows
    return deliveries.mark(connection, lease, [(row.delivery_id, row.try_no) for row in asked], now=now)


def state_of(connection: Connection, delivery_id: int) -> str:
    query = select(schema.delivery_state.c.state).where(schema.delivery_state.c.delivery_id == delivery_id)
    return str(connection.execute(query).scalar_one())


def history(connection: Connection, delivery_id: int) -> list[tuple[int, str, str]]:
    """(try, state, cause) of each outcome, in order."""
    outcome = schema.outcome
    query = select(outcome.c["try"], outcome.c.state, outcome.c.cause)
    rows = connection.execute(query.where(outcome.c.delivery_id == delivery_id).order_by(outcome.c["try"]))
    return [(row[0], row[1], row[2]) for row in rows]


def set_rows(connection: Connection, table: Any, **values: Any) -> None:
    connection.execute(table.update().values(**values))
