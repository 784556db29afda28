"""One connection's work: take a row, send its message, settle what became of it; then the next."""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from publisher.dispatch.feed import Chunk, Feed, Overtaken, ended, ours
from publisher.dispatch.guards import HOLD, Domains, Refusals, RelayWatch
from publisher.dispatch.work import Work
from publisher.dispatch.writer import Writer
from publisher.ledger import Action, Outcome, State, retry_at
from publisher.store import deliveries
from publisher.store.deliveries import Recorded, Row
from publisher.transport import Connection, Envelope, Mail, Relay

__all__ = ["Sender", "Shared"]

READ_BACK = 1000
"""Every so manieth finished message of a variant is read whole by the gate, like its first (decisions 19)."""
FREE_LOSSES = 3
"""Every third loss of a row before its mark is charged to the row, so that none is tried for ever."""
RELAY_BACK = timedelta(minutes=1)
"""When a row is tried again that the relay, not its recipient, turned away after its mark."""


@dataclass(slots=True)
class Shared:
    """What the connections of a run have in common."""

    work: Work
    relay: Relay
    writer: Writer
    feed: Feed
    over: asyncio.Event
    domains: Domains = field(default_factory=Domains)
    watch: RelayWatch = field(default_factory=RelayWatch)
    refusals: Refusals = field(default_factory=Refusals)
    probing: asyncio.Lock = field(default_factory=asyncio.Lock)
    losses: Counter[int] = field(default_factory=Counter)
    opening: set[asyncio.Task[Connection | Outcome]] = field(default_factory=set)
    open: set[Connection] = field(default_factory=set)
    trouble: tuple[str, str] | None = None

    def end(self) -> None:
        """Begin nothing more: what is being opened is dropped, who is at the dot is waited for."""
        self.over.set()
        self.feed.wake()
        for task in self.opening:
            task.cancel()


@dataclass(frozen=True, slots=True)
class _Mail:
    """A row's message, ready to be sent; `shown`: the gate reads it before."""

    chunk: Chunk
    row: Row
    envelope: Envelope
    pieces: list[bytes]
    shown: bool


class Sender:
    """One task, at most one connection."""

    def __init__(self, shared: Shared) -> None:
        self._of, self._work, self._feed = shared, shared.work, shared.feed
        self._connection: Connection | None = None
        self._era = 0
        self._proven = False
        self._ahead: _Mail | None = None

    async def run(self) -> None:
        """Send until there is nothing more to begin."""
        try:
            while (mail := self._take_ahead() or await self._next()) is not None:
                await self._try(mail)
        finally:
            await self._hang_up()

    def _take_ahead(self) -> _Mail | None:
        """The message that was made ready while the last one was sent; it goes back when the run is over."""
        mail, self._ahead = self._ahead, None
        if mail is not None and self._of.over.is_set():
            self._feed.put_back(mail.chunk, mail.row)
            return None
        return mail

    async def _next(self) -> _Mail | None:
        """A message of the feed that may be sent now."""
        while (taken := await self._feed.take()) is not None:
            if not self._held_back(*taken) and (mail := self._filled(*taken)) is not None:
                return mail
        return None

    def _held_back(self, chunk: Chunk, row: Row) -> bool:
        """Whether the row has to wait, because its domain is left alone; then that is recorded."""
        now = self._work.clock()
        held = self._of.domains.held(_domain(row), now)
        if held is not None:
            waits = Outcome(State.QUEUED, f"held: {held.reason}", charged=False, scope="domain")
            self._record(chunk, row, waits, next_at=_spread(row, now, held.until))
        return held is not None

    def _filled(self, chunk: Chunk, row: Row) -> _Mail | None:
        """The row's message; None when it cannot be made, which is recorded."""
        prepared = chunk.variant.prepared
        try:
            pieces = prepared.compiled.fill(self._work.personal(row))
        except ValueError as error:
            self._record(chunk, row, ended(row, State.FAILED, f"render: {error}"))
            return None
        chunk.variant.filled += 1
        envelope = Envelope(prepared.sender(row), row.rcpt, self._work.dispatch_id)
        return _Mail(chunk, row, envelope, pieces, shown=chunk.variant.filled % READ_BACK == 0)

    def _look_ahead(self) -> None:
        """Make the next message ready while a mark is made: its envelope then travels with the dot."""
        if self._connection is None or not self._connection.looks_ahead or self._of.watch.in_trouble:
            return
        taken = self._feed.take_now()
        if taken is not None and not self._held_back(*taken):
            self._ahead = self._filled(*taken)

    async def _try(self, mail: _Mail) -> None:
        if not self._of.watch.in_trouble:
            await self._send(mail)
            return
        async with self._of.probing:  # one at a time, and slower each time, until the relay answers
            await self._pause(self._of.watch.pause())
            if self._of.over.is_set():
                self._feed.put_back(mail.chunk, mail.row)
            else:
                await self._send(mail)

    async def _pause(self, seconds: float) -> None:
        if seconds:
            try:
                async with asyncio.timeout(seconds):
                    await self._of.over.wait()
            except TimeoutError:
                pass

    # ------------------------------------------------------------------------------------------------- the connection

    async def _hang_up(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()
            self._of.open.discard(connection)

    async def _connected(self) -> Connection | None:
        """The connection if it is still good, else a new one; None when there is none to be had now."""
        if self._connection is not None and self._connection.usable:
            return self._connection
        await self._hang_up()
        if self._of.over.is_set():
            return None
        self._era, self._proven = self._of.watch.era, False
        task = asyncio.create_task(self._of.relay.connect())
        self._of.opening.add(task)
        await asyncio.wait({task})
        self._of.opening.discard(task)
        if task.cancelled():
            return None
        opened = task.result()
        if isinstance(opened, Connection):
            self._connection = opened
            self._of.open.add(opened)
            return opened
        if opened.action is Action.HALT or self._of.refusals.enough(opened):
            await self._halt(opened)
        else:
            self._relay_failed(opened)
        return None

    def _relay_failed(self, outcome: Outcome) -> None:
        too_often = self._of.watch.failed(self._era)
        self._era = self._of.watch.era
        if too_often and not self._work.wait:
            self._of.trouble = (self._of.relay.options.name, _said(outcome))
            self._of.end()

    # ------------------------------------------------------------------------------------------------------- one row

    async def _send(self, mail: _Mail) -> None:
        chunk, row = mail.chunk, mail.row
        connection = await self._connected()
        if connection is None:
            self._feed.put_back(chunk, row)
            return
        if mail.shown:
            try:
                await self._feed.read_back(chunk.variant, b"".join(mail.pieces))
            except Overtaken:
                self._feed.put_back(chunk, row)
                self._of.end()
                return
        marked = False

        async def mark() -> bool:
            nonlocal marked
            asked = self._of.writer.mark(chunk.lease, row)
            self._look_ahead()
            marked = await asked
            return marked

        outcome = await connection.send(
            mail.envelope, mail.pieces, before_dot=mark, following=self._following
        )
        if outcome is None:
            await self._passed_over(chunk, row)
        else:
            self._judge_relay(outcome)
            await self._settle(chunk, row, outcome, marked=marked)

    def _following(self) -> Mail | None:
        """What is sent next; nothing more is begun once the run is over."""
        if self._ahead is None or self._of.over.is_set():
            return None
        return self._ahead.envelope, self._ahead.pieces

    async def _passed_over(self, chunk: Chunk, row: Row) -> None:
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
            self._record(chunk, row, ended(row, state, why))

    def _judge_relay(self, outcome: Outcome) -> None:
        """What the outcome says about the relay. A session that did its work may end; one that never did is a failure."""
        broke = outcome.action is Action.RECONNECT or outcome.code == 421
        turned_away = outcome.action is Action.SLOW and outcome.scope == "relay"
        if turned_away or (broke and not self._proven):
            self._relay_failed(outcome)
        elif not broke and outcome.code is not None:
            self._proven = True
            self._of.watch.well()

    async def _settle(self, chunk: Chunk, row: Row, outcome: Outcome, *, marked: bool) -> None:
        """Decide what follows, and append it."""
        now, domain = self._work.clock(), _domain(row)
        if self._of.domains.incredible(domain, outcome):
            outcome = replace(outcome, state=State.QUEUED, action=Action.NONE, charged=False)
            held = self._of.domains.hold(domain, now, why="too many hard refusals to be believed", long=True)
            self._record(chunk, row, outcome, next_at=_spread(row, now, held.until))
            return
        next_at: datetime | None = None
        if outcome.action is Action.HALT or self._of.refusals.enough(outcome):
            await self._halt(outcome)
            next_at = now
        elif outcome.state is not State.QUEUED:
            if outcome.state is State.ACCEPTED:
                self._of.domains.well(domain)
        elif outcome.action is Action.SLOW and outcome.scope != "relay":
            held = self._of.domains.hold(domain, now, why=_said(outcome))
            next_at = _spread(row, now, held.until)
        elif outcome.charged:
            next_at = retry_at(row.charged + 1, now, key=self._work.retry_key, delivery=row.delivery_id)
        elif marked:
            next_at = now + (timedelta(0) if outcome.action is Action.RECONNECT else RELAY_BACK)
        elif outcome.action is Action.COUNT_BLOCK:
            next_at = now + HOLD
        else:
            self._lost_for_nothing(chunk, row, outcome, now)
            return
        self._record(chunk, row, outcome, next_at=next_at)

    def _lost_for_nothing(self, chunk: Chunk, row: Row, outcome: Outcome, now: datetime) -> None:
        """Lost before the mark: free, and the row waits for the next connection; every third time it is charged."""
        self._of.losses[row.delivery_id] += 1
        if self._of.losses[row.delivery_id] % FREE_LOSSES:
            self._feed.put_back(chunk, row)
            return
        next_at = retry_at(row.charged + 1, now, key=self._work.retry_key, delivery=row.delivery_id)
        self._record(chunk, row, replace(outcome, charged=True), next_at=next_at)

    def _record(self, chunk: Chunk, row: Row, outcome: Outcome, *, next_at: datetime | None = None) -> None:
        """Append the outcome. A connection lost at the dot may be followed by a resend."""
        lost = outcome.state is State.UNCERTAIN and outcome.action is Action.RECONNECT
        entry = Recorded(
            row.delivery_id,
            row.try_no,
            outcome,
            at=self._work.clock(),
            next_at=next_at if outcome.state is State.QUEUED else None,
            lease=chunk.lease,
        )
        self._of.writer.record(row, entry, resend=lost, settled=lambda: self._feed.settled(chunk))

    async def _halt(self, outcome: Outcome) -> None:
        """Stop the dispatch for everybody, with code and text told; rows in hand are settled by their own tasks."""
        self._of.end()
        await self._of.writer.do(
            lambda connection: deliveries.halt(
                connection, self._work.dispatch_id, reason=outcome.scope or "rule", detail=_said(outcome)
            )
        )


def _domain(row: Row) -> str:
    return row.rcpt.rpartition("@")[2]


def _spread(row: Row, now: datetime, until: datetime) -> datetime:
    """After `until`, not all at once: up to a fifth of the time later, the same for a row at each try."""
    share = zlib.crc32(row.message_id.encode()) / 0xFFFFFFFF
    return until + (until - now) * 0.2 * share


def _said(outcome: Outcome) -> str:
    reply = f"{outcome.code} {outcome.reply}" if outcome.code else ""
    return f"{outcome.cause}: {reply}" if reply else outcome.cause
