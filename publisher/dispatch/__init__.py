"""The only loop that sends: claim a chunk, fill a message, mark it, send the dot, record what became of it.

Order per delivery: RCPT and body first, then the mark (durable, in a group commit), then the dot, then the outcome. A death
before the mark costs nothing; after it the row is in doubt and is named. Marks and outcomes of all connections share commits
without a timer: what queues up while one commit runs goes into the next. Refusals about us or the configuration halt the
dispatch and charge nobody; a domain that asks for less, or answers nonsense, is left alone for a while; a relay that
cannot be used ends the run with its reason (or is waited for), and everybody waits.
Never: sends what the gate has not read; cancels a task that waits for the reply to a dot; retries a failed commit.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence

from ulid import ULID

from publisher.dispatch.loop import Run, sweep
from publisher.dispatch.signing import signing_threads
from publisher.dispatch.work import Ended, Prepared, Work
from publisher.errors import StoreFull
from publisher.ledger import Counts
from publisher.store import deliveries
from publisher.store.db import Database
from publisher.store.liveness import alive
from publisher.store.relays import breakers
from publisher.transport import Relay

__all__ = ["Ended", "Prepared", "Work", "run", "signing_threads"]

ROW_BYTES, SPARE_BYTES = 1024, 64 * 2**20
"""What the ledger grows by for one delivery, and what must be left then."""


def run(database: Database, relays: Relay | Sequence[Relay], work: Work) -> Ended:
    """Send what is due of a dispatch over one relay or several; returns when nothing more is due now (or at all: `work.wait`), or can be sent.

    A dispatch that is not sending, or not at this revision, is left alone.

    Raises:
        StoreUnavailable, StoreFull, StoreLocked: the ledger cannot be written, or others take this worker for dead; rows at the dot are
            settled by recovery.
        GateRefused: a finished message lacks provenance; the dispatch is halted.
    """
    worker_id = str(ULID())
    with alive(database, worker_id, now=work.clock()) as held:
        with database.write() as connection:
            sweep(connection, database, work)
            counts = deliveries.counts(connection, work.dispatch_id)
            known = breakers(connection)
        if counts.waiting:
            # a transaction of its own: what was recovered above holds other dispatches, and a kill takes them in another order
            with database.write() as connection:
                deliveries.list_strays(connection, work.dispatch_id, now=work.clock())
        _leave_room(database, counts)
        over = [relays] if isinstance(relays, Relay) else relays

        async def sending() -> Ended:
            return await Run(database, over, known, work, worker_id, held=held, counts=counts).to_its_end()

        ended = asyncio.run(sending())
        if ended.counts.waiting:  # what it still had may have been taken from it as from a dead one
            held()
        return ended


def _leave_room(database: Database, counts: Counts) -> None:
    """A disk that will be full in the middle is better refused before the first message."""
    if database.path is None:
        return
    free = shutil.disk_usage(database.path.parent).free
    needed = counts.waiting * ROW_BYTES + SPARE_BYTES
    if free < needed:
        raise StoreFull(
            database.where,
            f"{needed // 2**20 + 1} MB must be free to send this, {free // 2**20} are; nothing was sent by this run",
        )
