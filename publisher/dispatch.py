"""The only loop that sends: claim a chunk, fill a message, mark it, send the dot, record what became of it.

Order per delivery: RCPT and body first, then the mark (durable, in a group commit), then the dot, then the outcome. A death
before the mark costs nothing; after it the row is in doubt and is named. Marks and outcomes of all connections share commits
without a timer: what queues up while one commit runs goes into the next. Refusals about us or the configuration halt the
dispatch and charge nobody; a relay that cannot be used ends the run with its reason, and everybody waits.
Never: sends what the gate has not read; cancels a task that waits for the reply to a dot; retries a failed commit.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ulid import ULID

from publisher.crash import crashpoint
from publisher.errors import GateRefused, PublisherError
from publisher.ledger import Action, Counts, Outcome, Policy, State, retry_at
from publisher.render.message import Compiled, Personal
from publisher.store import deliveries
from publisher.store.db import Database
from publisher.store.deliveries import Lease, Recorded, Row
from publisher.store.deliveries.recover import doubt
from publisher.store.liveness import alive, dead_workers
from publisher.transport import Connection, Envelope, Relay
from subscribers import audience

__all__ = ["Ended", "Prepared", "Work", "run"]

RELAY_FAILURES = 5
"""Connections in a row that may fail before the run gives up on the relay."""
BLOCKS_IN_A_ROW = 3
BLOCK_SHARE, BLOCK_WINDOW = 0.02, 200
HARD_SHARE, HARD_ROWS = 0.05, 20
"""Hard refusals of one domain beyond which we believe that the domain, not the mailboxes, is at fault."""
FREE_LOSSES = 3
"""Every third loss in a row before the mark is charged to the row."""
SLOW_DOWN = timedelta(minutes=15)
READ_BACK = 1000
"""The first and every so manieth finished message of a variant is read whole by the gate."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A variant ready to be filled, and the return path of its messages."""

    compiled: Compiled
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a run is given: everything that depends on the newsroom, as values and functions.

    Attributes:
        prepare: variant key -> the compiled variant; called once per variant.
        personal: a row -> the reader's own values.
        read_back: reads a finished message of a variant; raises GateRefused.
        retry_key: draws the jitter of retries.
        clock: the present instant; asked here and nowhere below.
    """

    dispatch_id: str
    policy: Policy
    prepare: Callable[[str], Prepared]
    personal: Callable[[Row], Personal]
    read_back: Callable[[str, bytes], None]
    retry_key: bytes
    clock: Callable[[], datetime]
    progress: Callable[[Counts], None] | None = None
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended. `trouble`: relay and reason, when the relay could not be used."""

    counts: Counts
    trouble: tuple[str, str] | None = None


def run(database: Database, relay: Relay, work: Work) -> Ended:
    """Send what is due of a dispatch; returns when nothing more is due now, or nothing more can be sent.

    Raises:
        StoreUnavailable, StoreFull, StoreLocked: the ledger cannot be written; rows at the dot are settled by recovery.
        GateRefused: a finished message lacks provenance; the dispatch is halted.
    """
    worker_id = str(ULID())
    with alive(database, worker_id, now=work.clock()):
        _recover(database, work)
        return asyncio.run(_Run(database, relay, work, worker_id).to_its_end())


def _recover(database: Database, work: Work) -> None:
    """Settle what dead workers left, and end what has expired."""
    with database.write() as connection:
        dead = dead_workers(connection, database)
        if dead:
            deliveries.recover(connection, dead, now=work.clock())
        crashpoint("in-recovery")
        deliveries.expire(connection, now=work.clock(), dispatch_id=work.dispatch_id)


@dataclass(slots=True)
class _Chunk:
    """A lease at work: rows not yet taken, and how many are in somebody's hands."""

    lease: Lease
    rows: deque[Row]
    out: int = 0
    unfinished: bool = False


class _Run:
    """One run: connections, the rows in their hands, and the writer that commits for all of them."""

    def __init__(self, database: Database, relay: Relay, work: Work, worker_id: str) -> None:
        self.database, self.relay, self.work, self.worker_id = database, relay, work, worker_id
        self.ledger = _Ledger(database, work)
        self.chunks: list[_Chunk] = []
        self.claiming = asyncio.Lock()
        self.ending = False
        self.trouble: tuple[str, str] | None = None
        self.fatal: PublisherError | None = None
        self.relay_failures = 0
        self.losses: Counter[int] = Counter()
        self.guard = _Guard()
        self.prepared: dict[str, Prepared] = {}
        self.filled: Counter[str] = Counter()

    async def to_its_end(self) -> Ended:
        writer = asyncio.create_task(self.ledger.commit_groups())
        with self.database.read() as connection:
            self.ledger.tally = deliveries.counts(connection, self.work.dispatch_id)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.relay.options.connections):
                    group.create_task(self._sender())
        finally:
            await self.ledger.finish()
            await writer
        if self.fatal is None:
            await asyncio.to_thread(self._give_back)
        if self.fatal is not None:
            raise self.fatal
        with self.database.read() as connection:
            return Ended(deliveries.counts(connection, self.work.dispatch_id), self.trouble)

    def _give_back(self) -> None:
        """Leases that were not worked to their end are free again."""
        if self.chunks:
            with self.database.write() as connection:
                for chunk in self.chunks:
                    deliveries.release(connection, chunk.lease)

    # ------------------------------------------------------------------------------------------------- one connection

    async def _sender(self) -> None:
        connection: Connection | None = None
        try:
            while not self.ending and (taken := await self._next()) is not None:
                chunk, row = taken
                try:
                    connection = await self._connected(connection)
                    if connection is None:
                        self._put_back(chunk, row)
                        continue
                    await self._deliver(connection, chunk, row)
                except PublisherError as error:  # the ledger or the gate: no further dot leaves this process
                    self.fatal, self.ending = self.fatal or error, True
                    chunk.out -= 1
                    if connection is not None:
                        connection.abort()
        finally:
            if connection is not None:
                await connection.close()

    async def _connected(self, connection: Connection | None) -> Connection | None:
        """The connection if it is still good, else a new one; None when the relay gives none now."""
        if connection is not None and connection.usable:
            return connection
        if connection is not None:
            await connection.close()
        opened = await self.relay.connect()
        if isinstance(opened, Connection):
            self.relay_failures = 0
            return opened
        self.relay_failures += 1
        if opened.action is Action.HALT or (
            opened.action is Action.COUNT_BLOCK and self.relay_failures >= BLOCKS_IN_A_ROW
        ):
            await self._halt(opened)
        elif self.relay_failures >= RELAY_FAILURES:
            self.trouble, self.ending = (self.relay.options.name, _said(opened)), True
        else:
            await asyncio.sleep(min(0.1 * 2**self.relay_failures, 2.0))
        return None

    async def _next(self) -> tuple[_Chunk, Row] | None:
        """The next row to send; None when nothing is due now and nobody else's row can come back."""
        while not self.ending:
            if self.work.stop.is_set():
                self.ending = True
                return None
            for chunk in self.chunks:
                if chunk.rows:
                    chunk.out += 1
                    return chunk, chunk.rows.popleft()
            async with self.claiming:
                if any(chunk.rows for chunk in self.chunks):
                    continue
                lease = await asyncio.to_thread(self._claim)
                if lease is not None:
                    self.chunks.append(_Chunk(lease, deque(lease.rows)))
                    if not lease.rows:
                        await self._settle(self.chunks[-1])
                    continue
            if not any(chunk.out for chunk in self.chunks):
                return None
            await asyncio.sleep(
                0.02
            )  # a row in another connection's hands may come back, or its chunk leave retries
        return None

    def _claim(self) -> Lease | None:
        with self.database.write() as connection:
            lease = deliveries.claim(
                connection, self.worker_id, now=self.work.clock(), dispatch_id=self.work.dispatch_id
            )
        crashpoint("after-claim")
        return lease

    def _put_back(self, chunk: _Chunk, row: Row) -> None:
        chunk.out -= 1
        chunk.rows.appendleft(row)

    # --------------------------------------------------------------------------------------------------- one delivery

    async def _deliver(self, connection: Connection, chunk: _Chunk, row: Row) -> None:
        prepared = self._prepared(chunk.lease.variant)
        personal = self.work.personal(row)
        self._read_back(chunk.lease.variant, prepared, personal)
        marked = False

        async def before_dot() -> bool:
            nonlocal marked
            marked = await self.ledger.mark(chunk.lease, row)
            return marked

        envelope = Envelope(prepared.sender, row.rcpt)
        outcome = await connection.send(envelope, prepared.compiled.fill(personal), before_dot=before_dot)
        if outcome is None:
            await self._passed_over(chunk, row)
        elif outcome.action is Action.RECONNECT and outcome.state is State.QUEUED and not marked:
            await self._lost_before_mark(chunk, row, outcome)
        else:
            await self._record(chunk, row, outcome)

    def _prepared(self, variant: str) -> Prepared:
        if variant not in self.prepared:
            self.prepared[variant] = self.work.prepare(variant)
        return self.prepared[variant]

    def _read_back(self, variant: str, prepared: Prepared, personal: Personal) -> None:
        if self.filled[variant] % READ_BACK == 0:
            try:
                self.work.read_back(variant, prepared.compiled.message(personal))
            except GateRefused as refusal:
                with self.database.write() as connection:
                    deliveries.halt(connection, self.work.dispatch_id, reason="gate", detail=str(refusal))
                raise
        self.filled[variant] += 1

    async def _passed_over(self, chunk: _Chunk, row: Row) -> None:
        """The mark said no: the reader has left, the time is over, or the dispatch is no longer ours to send."""

        def ask() -> tuple[str, str]:
            with self.database.read() as connection:
                return deliveries.why_refused(connection, chunk.lease, row.delivery_id, now=self.work.clock())

        what, why = await asyncio.to_thread(ask)
        if what == "not-ours":
            chunk.unfinished = self.ending = True
            self._put_back(chunk, row)
            return
        state = State.SUPPRESSED if what == "suppressed" else State.EXPIRED
        await self._record(chunk, row, Outcome(state, why, charged=False))

    async def _lost_before_mark(self, chunk: _Chunk, row: Row, outcome: Outcome) -> None:
        """Free: the row waits again at once. Every third loss in a row is charged, so that none is tried for ever."""
        self.losses[row.delivery_id] += 1
        if self.losses[row.delivery_id] % FREE_LOSSES:
            self._put_back(chunk, row)
        else:
            await self._record(chunk, row, replace(outcome, charged=True))

    async def _record(self, chunk: _Chunk, row: Row, outcome: Outcome) -> None:
        now = self.work.clock()
        domain = row.rcpt.rpartition("@")[2]
        if self.guard.burst(domain, outcome):
            outcome = replace(outcome, action=Action.HALT)
            await self._halt(
                replace(outcome, cause=f"too many hard refusals at {domain}: it may not mean the mailboxes")
            )
        elif outcome.action is Action.HALT or self.guard.blocked(outcome):
            await self._halt(outcome)
        next_at = None
        if outcome.state is State.QUEUED:
            if outcome.charged:
                next_at = retry_at(row.charged + 1, now, key=self.work.retry_key, delivery=row.delivery_id)
            else:
                next_at = now if outcome.action in {Action.HALT, Action.RECONNECT} else now + SLOW_DOWN
        entry = Recorded(row.delivery_id, row.try_no, outcome, at=now, next_at=next_at)
        await self.ledger.record(entry, row)
        crashpoint("after-record")
        chunk.out -= 1
        if not chunk.rows and not chunk.out and not chunk.unfinished:
            await self._settle(chunk)

    async def _settle(self, chunk: _Chunk) -> None:
        """Every row of a chunk has its outcome: close it."""

        def close() -> None:
            with self.database.write() as connection:
                deliveries.close_chunk(connection, chunk.lease)

        self.chunks.remove(chunk)
        await asyncio.to_thread(close)

    async def _halt(self, outcome: Outcome) -> None:
        """Stop the dispatch for everybody, with code and text told; rows in hand are recorded by their own tasks."""
        self.ending = True

        def halt() -> None:
            with self.database.write() as connection:
                deliveries.halt(
                    connection,
                    self.work.dispatch_id,
                    reason=str(outcome.scope or "rule"),
                    detail=_said(outcome),
                )

        await asyncio.to_thread(halt)


def _said(outcome: Outcome) -> str:
    reply = f"{outcome.code} {outcome.reply}" if outcome.code else ""
    return f"{outcome.cause}: {reply}" if reply else outcome.cause


class _Guard:
    """Watches for what no single reply can say: that they refuse us, or that a domain answers nonsense."""

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=BLOCK_WINDOW)
        self._in_a_row = 0
        self._tried: Counter[str] = Counter()
        self._hard: Counter[str] = Counter()

    def blocked(self, outcome: Outcome) -> bool:
        """Whether policy refusals are enough to halt: three in a row, or two per cent of the last 200."""
        block = outcome.action is Action.COUNT_BLOCK
        self._recent.append(block)
        self._in_a_row = self._in_a_row + 1 if block else 0
        full = len(self._recent) == BLOCK_WINDOW
        return self._in_a_row >= BLOCKS_IN_A_ROW or (full and sum(self._recent) > BLOCK_SHARE * BLOCK_WINDOW)

    def burst(self, domain: str, outcome: Outcome) -> bool:
        """Whether a domain's hard refusals are too many to be believed; then nobody there is suppressed."""
        self._tried[domain] += 1
        if outcome.action is not Action.SUPPRESS:
            return False
        self._hard[domain] += 1
        return self._hard[domain] > HARD_ROWS and self._hard[domain] > HARD_SHARE * self._tried[domain]


class _Ledger:
    """The one writer of a run: marks and outcomes of all connections, committed in groups as they come."""

    def __init__(self, database: Database, work: Work) -> None:
        self.database, self.work = database, work
        self.tally = Counts()
        self._queue: list[tuple[Any, asyncio.Future[Any]]] = []
        self._something = asyncio.Event()
        self._finished = False

    async def mark(self, lease: Lease, row: Row) -> bool:
        """Whether the row is marked as committing, durably."""
        return bool(await self._ask((lease, row)))

    async def record(self, entry: Recorded, row: Row) -> None:
        """Append an outcome, durably."""
        await self._ask((entry, row))
        self._count(entry.outcome)

    async def finish(self) -> None:
        """No more is coming: commit what is queued, and end."""
        self._finished = True
        self._something.set()

    async def _ask(self, request: Any) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.append((request, future))
        self._something.set()
        return await future

    async def commit_groups(self) -> None:
        """Commit whatever is queued, again and again; a failure goes to everybody who waits for that commit."""
        while True:
            await self._something.wait()
            self._something.clear()
            group, self._queue = self._queue, []
            if not group:
                if self._finished:
                    return
                continue
            try:
                answers = await asyncio.to_thread(self._commit, [request for request, _ in group])
            except PublisherError as error:
                for _, future in group:
                    future.set_exception(error)
            else:
                for (_, future), answer in zip(group, answers, strict=True):
                    future.set_result(answer)
            if self._queue or self._finished:
                self._something.set()

    def _commit(self, requests: list[Any]) -> list[Any]:
        now = self.work.clock()
        answers: list[Any] = [None] * len(requests)
        marks: dict[int, tuple[Lease, list[tuple[int, Row]]]] = {}
        with self.database.write() as connection:
            for place, (what, row) in enumerate(requests):
                if isinstance(what, Lease):
                    marks.setdefault(what.chunk_id, (what, []))[1].append((place, row))
                elif what.outcome.state is State.UNCERTAIN:
                    doubt(
                        connection,
                        row.delivery_id,
                        row.try_no,
                        what.outcome,
                        policy=self.work.policy,
                        now=now,
                    )
                else:
                    deliveries.record(connection, [what])
                    if what.outcome.action is Action.SUPPRESS:
                        crashpoint("during-suppression")
                        audience.suppress(
                            connection,
                            row.addr_key,
                            "bounced",
                            actor="rule:bounce",
                            now=now,
                            dispatch_id=self.work.dispatch_id,
                            detail=f"{what.outcome.code} {what.outcome.enhanced or ''}".strip(),
                        )
            for lease, rows in marks.values():
                entries = [(row.delivery_id, row.try_no) for _, row in rows]
                allowed = deliveries.mark(connection, lease, entries, now=now)
                for place, row in rows:
                    answers[place] = row.delivery_id in allowed
        return answers

    def _count(self, outcome: Outcome) -> None:
        """Keep the running tally; the report at the end is read from the ledger."""
        if outcome.state is not State.QUEUED:
            changed = {
                "waiting": self.tally.waiting - 1,
                outcome.state.value: getattr(self.tally, outcome.state.value) + 1,
            }
            self.tally = replace(self.tally, **changed)
        if self.work.progress is not None:
            self.work.progress(self.tally)
