"""What follows from an outcome: for its row, for the row's domain, for the dispatch."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from publisher.dispatch.feed import Chunk, ended, ours
from publisher.dispatch.guards import HOLD
from publisher.dispatch.shared import Shared, domain_of, said, spread
from publisher.ledger import SESSION_ENDED, Action, Outcome, State, retry_at
from publisher.store import deliveries
from publisher.store.deliveries import Row

__all__ = ["Settling"]

FREE_LOSSES = 3
"""Every third loss of a row before its mark is charged to the row, so that none is tried for ever."""
RELAY_BACK = timedelta(minutes=1)
"""When a row is tried again that the relay, not its recipient, turned away after its mark."""
DISBELIEVED = "too many hard refusals to be believed"


class Settling:
    """Decides, and hands what was decided to the writer."""

    def __init__(self, shared: Shared) -> None:
        self._of, self._work, self._feed = shared, shared.work, shared.feed

    def accepted(self, chunk: Chunk, row: Row, domain: str, outcome: Outcome) -> None:
        """The relay took it; nothing else follows."""
        self._of.domains.incredible(domain, outcome)
        if self._of.domains.well(domain):
            self._of.forget(f"domain:{domain}")
        self._of.writer.record(
            row, outcome, lease=chunk.lease, next_at=None, resend=False, settled=chunk.settled
        )

    async def settle(self, chunk: Chunk, row: Row, outcome: Outcome, *, marked: bool) -> None:
        """Decide what follows of what was not simply accepted, and append it."""
        now, domain = self._work.clock(), domain_of(row)
        if self._of.domains.incredible(domain, outcome):
            outcome = replace(outcome, state=State.QUEUED, action=Action.NONE, charged=False)
            held = self._of.hold(domain, DISBELIEVED, long=True)
            self._of.remember(f"burst:{self._work.dispatch_id}:{domain}", held.until, held.times, DISBELIEVED)
            self.record(chunk, row, outcome, next_at=spread(row, now, held.until))
            return
        next_at: datetime | None = None
        if outcome.action is Action.HALT:
            await self.halt(outcome)
            next_at = now
        elif outcome.state is not State.QUEUED:
            pass
        elif outcome.action is Action.SLOW and outcome.scope != "relay":
            held = self._of.hold(domain, said(outcome))
            next_at = spread(row, now, held.until)
        elif outcome.charged:
            next_at = retry_at(row.charged + 1, now, key=self._work.retry_key, delivery=row.delivery_id)
        elif marked:
            next_at = now + (timedelta(0) if outcome.action is Action.RECONNECT else RELAY_BACK)
        elif outcome.action is Action.COUNT_BLOCK:
            next_at = now + HOLD
        else:
            self._lost_for_nothing(chunk, row, outcome, now)
            return
        self.record(chunk, row, outcome, next_at=next_at)

    def _lost_for_nothing(self, chunk: Chunk, row: Row, outcome: Outcome, now: datetime) -> None:
        """Lost before the mark: free, and the row waits for the next connection; every third time it is charged.

        A session that ended after it had brought others on is no reason to charge: the next one brings on some more.
        """
        if outcome.cause == SESSION_ENDED:
            self._feed.put_back(chunk, row)
            return
        self._of.losses[row.delivery_id] += 1
        if self._of.losses[row.delivery_id] % FREE_LOSSES:
            self._feed.put_back(chunk, row)
            return
        next_at = retry_at(row.charged + 1, now, key=self._work.retry_key, delivery=row.delivery_id)
        self.record(chunk, row, replace(outcome, charged=True), next_at=next_at)

    def record(self, chunk: Chunk, row: Row, outcome: Outcome, *, next_at: datetime | None = None) -> None:
        """Append the outcome. A connection lost at the dot may be followed by a resend."""
        lost = outcome.state is State.UNCERTAIN and outcome.action is Action.RECONNECT
        waits = next_at if outcome.state is State.QUEUED else None
        self._of.writer.record(
            row, outcome, lease=chunk.lease, next_at=waits, resend=lost, settled=chunk.settled
        )

    async def passed_over(self, chunk: Chunk, row: Row) -> None:
        """The mark said no: the reader has left, the time is over, or the chunk is not ours to send."""
        what, why = await self._of.writer.do(
            lambda connection: deliveries.why_refused(
                connection, chunk.lease, row.delivery_id, now=self._work.clock()
            )
        )
        if what == "not-ours":
            self._feed.lose(chunk)
            if not await self._of.writer.do(lambda connection: ours(connection, self._work)):
                self._of.end()
        else:
            state = State.SUPPRESSED if what == "suppressed" else State.EXPIRED
            self.record(chunk, row, ended(row, state, why))

    async def halt(self, outcome: Outcome) -> None:
        """Stop the dispatch for everybody, with code and text told; rows in hand are settled by their own tasks."""
        self._of.end()
        if outcome.scope == "relay" and outcome.relay:
            self._of.trouble = (outcome.relay, said(outcome))
        await self._of.writer.do(
            lambda connection: deliveries.halt(
                connection, self._work.dispatch_id, reason=outcome.scope or "rule", detail=said(outcome)
            )
        )
