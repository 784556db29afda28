"""What the connections are fed with: chunks are leased ahead of need, looked at once more, and closed when all is settled."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection

from publisher.crash import crashpoint
from publisher.dispatch.work import Prepared, Work
from publisher.dispatch.writer import Writer
from publisher.errors import GateRefused
from publisher.ledger import NOTHING_LEFT, DispatchState, Outcome, State
from publisher.store import deliveries
from publisher.store.deliveries import Lease, Recorded, Row
from publisher.store.deliveries.look import unwanted

__all__ = ["Chunk", "Feed", "Overtaken", "Variant", "ended", "ours"]

T = TypeVar("T")

VARIANTS = 64
"""Compiled variants kept in memory (decisions 9); chunks of one variant follow each other."""
ASIDE = 1000
"""Rows that wait for their domain's rate, at most: beyond that, whoever takes one waits with it."""
IN_HAND = 3
"""Rows for each connection with which no more are leased: they last while the next lease is made."""
LOOK_AGAIN = 1.0
"""Seconds after which an idle feed looks again: other workers, resumed dispatches and doubts bring rows without a sign."""


class Overtaken(Exception):
    """The gate refused what was withdrawn meanwhile: the dispatch is not ours to send any more, and that is all."""


@dataclass(slots=True, eq=False)
class Variant:
    """A compiled variant, whether the gate has read a message of it, and how many were filled."""

    key: str
    prepared: Prepared
    read: bool = False
    filled: int = 0


@dataclass(slots=True, eq=False)
class Chunk:
    """A lease at work: how many of its rows have no durable outcome yet, whom to tell that it is none, and whether it is ours no longer."""

    lease: Lease
    variant: Variant
    left: int
    finished: Callable[[], None]
    lost: bool = False

    def settled(self) -> None:
        """One of its rows has its durable outcome."""
        self.left -= 1
        if not self.left:
            self.finished()


def ended(row: Row, state: State, why: str) -> Outcome:
    """A row that is not sent, and why. One that was in doubt and waited to be sent again stays in doubt: it may be there."""
    if row.doubts:
        return Outcome(State.UNCERTAIN, f"not sent again: {why}", charged=False)
    return Outcome(state, why, charged=False)


def ours(connection: Connection, work: Work) -> bool:
    """Whether the dispatch is sending, at the revision that this run has."""
    row = deliveries.get_dispatch(connection, work.dispatch_id)
    return row is not None and row.state == DispatchState.SENDING and row.revision == work.revision


def _close(connection: Connection, leases: Sequence[Lease]) -> None:
    for lease in leases:
        deliveries.close_chunk(connection, lease)


class Feed:
    """Rows for the connections of one run. `over`, once set, ends it: nothing more is leased or handed out."""

    def __init__(
        self, writer: Writer, work: Work, worker_id: str, *, connections: int, over: asyncio.Event
    ) -> None:
        self._writer, self._work, self._worker_id = writer, work, worker_id
        self._enough, self._over = connections * IN_HAND, over
        self._rows: deque[tuple[Chunk, Row]] = deque()
        self._some = asyncio.Event()
        self._bell = asyncio.Event()
        self._dry = False
        self._aside = 0
        self._chunks: set[Chunk] = set()
        self._lost: list[Lease] = []
        self._variants: OrderedDict[str, Variant] = OrderedDict()

    # -------------------------------------------------------------------------------------------- for the connections

    async def take(self) -> tuple[Chunk, Row] | None:
        """The next row to send; None when this run begins nothing more."""
        while (taken := self.take_now()) is None and not self._over.is_set():
            self._some.clear()
            await self._some.wait()
        return taken

    def take_now(self) -> tuple[Chunk, Row] | None:
        """The same without waiting; None when there is none at hand."""
        rows = self._rows
        while rows and not self._over.is_set():
            taken = rows.popleft()
            if not self._dry and len(rows) < self._enough:
                self._bell.set()
            if not taken[0].lost:
                return taken
        return None

    def coming(self, count: int) -> list[tuple[Chunk, Row]]:
        """Those who are most likely taken next, so many at most; they stay."""
        return list(islice(self._rows, count))

    def put_back(self, chunk: Chunk, row: Row) -> None:
        """The row was not tried, or lost before its mark: it waits for the next free connection."""
        self._rows.append((chunk, row))
        self._some.set()

    def put_back_later(self, chunk: Chunk, row: Row, seconds: float) -> None:
        """The row has to wait for its domain's rate; others do not."""
        self._aside += 1

        def again() -> None:
            self._aside -= 1
            self.put_back(chunk, row)

        asyncio.get_running_loop().call_later(seconds, again)

    @property
    def crowded(self) -> bool:
        """Whether so many rows wait for their domain's rate that no more are taken in for them."""
        return self._aside >= ASIDE

    def lose(self, chunk: Chunk) -> None:
        """The chunk is not ours to send any more: nothing more of it is handed out."""
        if not chunk.lost:
            chunk.lost = True
            self._chunks.discard(chunk)
            self._lost.append(chunk.lease)
            self._bell.set()

    def wake(self) -> None:
        """Look at `over` now."""
        self._bell.set()
        self._some.set()

    # ---------------------------------------------------------------------------------------------------- the feeding

    async def run(self) -> None:
        """Lease, hand out and close chunks until nothing is due, or `over` is set; then release every `take`."""
        try:
            while not self._over.is_set():
                if self._dry:
                    await self._close_finished()
                    await self._ring(LOOK_AGAIN)
                    self._dry = False
                elif len(self._rows) >= self._enough:
                    if not await self._ring(LOOK_AGAIN):
                        await self._close_finished()
                elif await self._lease():
                    continue
                elif self._chunks:
                    self._dry = True
                elif not await self._more_to_come():
                    return
        finally:
            self._over.set()
            self._some.set()

    async def give_back(self) -> None:
        """What was settled is closed, what was not begun is free again for whoever comes next."""
        await self._close_finished()
        held = [*self._lost, *(chunk.lease for chunk in self._chunks)]

        def release(connection: Connection) -> None:
            for lease in held:
                deliveries.release(connection, lease)

        await self._writer.do(release)

    def _chunk_finished(self) -> None:
        """As long as there are rows it is closed with the next lease, or soon: an act of its own for each costs more than the closing."""
        if self._dry:
            self._bell.set()

    async def _ring(self, seconds: float) -> bool:
        """Wait for a sign, but not for ever; whether there was one."""
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            pass
        rung = self._bell.is_set()
        self._bell.clear()
        return rung

    def _finished(self) -> list[Lease]:
        """What is to be closed now."""
        done = [chunk for chunk in self._chunks if not chunk.left]
        self._chunks.difference_update(done)
        return [chunk.lease for chunk in done]

    async def _close_finished(self) -> None:
        finished = self._finished()
        if finished:
            await self._writer.do(lambda connection: _close(connection, finished), short=True)
            crashpoint("after-close")

    async def _lease(self) -> bool:
        """Close what is finished; whether there was a chunk to be had."""
        finished = self._finished()

        def turn_over(connection: Connection) -> tuple[Lease, list[Row]] | None:
            _close(connection, finished)
            return self._claim(connection)

        found = await self._writer.do(turn_over, short=True)
        if finished:
            crashpoint("after-close")
        crashpoint("after-claim")
        if found is None:
            return False
        lease, rows = found
        if lease.revision != self._work.revision:  # its edition was revised: another run has its new words
            self._lost.append(lease)
            self._over.set()
            return True
        try:
            variant = await self._variant(lease.variant, rows)
        except Overtaken:
            self._lost.append(lease)
            self._over.set()
            return True
        if variant is None:
            await self._writer.do(lambda connection: self._give_up(connection, lease, rows))
            return True
        chunk = Chunk(lease, variant, len(rows), self._chunk_finished)
        self._chunks.add(chunk)
        self._rows.extend((chunk, row) for row in rows)
        self._some.set()
        return True

    def _claim(self, connection: Connection) -> tuple[Lease, list[Row]] | None:
        """A lease and the rows of it that are still wanted; who has left since is settled without a connection."""
        now = self._work.clock()
        lease = deliveries.claim(connection, self._worker_id, now=now, dispatch_id=self._work.dispatch_id)
        if lease is None or lease.revision != self._work.revision:
            return None if lease is None else (lease, [])
        gone = unwanted(connection, lease)
        wanted = []
        for row in lease.rows:
            why = ("", "")
            if row.delivery_id in gone:
                why = deliveries.why_refused(connection, lease, row.delivery_id, now=now)
            if why[0] != "suppressed":
                wanted.append(row)
                continue
            outcome = ended(row, State.SUPPRESSED, why[1])
            deliveries.record(
                connection, [Recorded(row.delivery_id, row.try_no, outcome, at=now, lease=lease)]
            )
        return lease, wanted

    def _give_up(self, connection: Connection, lease: Lease, rows: Sequence[Row]) -> None:
        """End readers for whom there is no story: they waited for a former revision, and were put back in line after it."""
        now = self._work.clock()
        nothing = [
            Recorded(
                row.delivery_id, row.try_no, ended(row, State.CANCELLED, NOTHING_LEFT), at=now, lease=lease
            )
            for row in rows
        ]
        deliveries.record(connection, nothing)
        deliveries.close_chunk(connection, lease)

    async def _variant(self, key: str, rows: Sequence[Row]) -> Variant | None:
        """The variant, compiled; before any message of it leaves, a finished one has been read by the gate."""
        if key not in self._variants:
            prepared = await self._halting(self._work.prepare, key)
            if prepared is None:
                return None
            self._variants[key] = Variant(key, prepared)
            if len(self._variants) > VARIANTS:
                self._variants.popitem(last=False)
        self._variants.move_to_end(key)
        variant = self._variants[key]
        for row in rows:
            if variant.read:
                break
            try:
                raw = variant.prepared.compiled.message(self._work.personal(row))
            except ValueError:
                continue  # it will be refused when its turn comes; another one shows the variant
            await self.read_back(variant, raw)
            variant.read = True
        return variant

    async def read_back(self, variant: Variant, raw: bytes) -> None:
        """Let the gate read a finished message; what it refuses halts the dispatch, and raises GateRefused (or Overtaken)."""
        await self._halting(self._work.read_back, variant.key, raw)

    async def _halting(self, act: Callable[..., T], *args: Any) -> T:
        """Do it in a thread; a gate that refuses halts the dispatch, unless somebody stopped or revised it before."""
        try:
            return await asyncio.to_thread(act, *args)
        except GateRefused as refusal:
            detail = str(refusal)

            def halt(connection: Connection) -> bool:
                return ours(connection, self._work) and deliveries.halt(
                    connection, self._work.dispatch_id, reason="gate", detail=detail
                )

            if await self._writer.do(halt):
                raise
            raise Overtaken from refusal

    async def _more_to_come(self) -> bool:
        """Nothing is due and nothing in hand: whether to stay, after having waited for a while."""
        if not self._work.wait:
            return False
        due = await self._writer.do(
            lambda connection: deliveries.next_due(connection, self._work.dispatch_id)
        )
        if due is None:
            return False
        seconds = (due - self._work.clock()).total_seconds()
        await self._ring(min(max(seconds, 0.1), LOOK_AGAIN))
        return True
