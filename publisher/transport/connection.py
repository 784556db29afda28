"""An open session with a relay: one message after the other, each to its outcome."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from publisher.crash import crashpoint
from publisher.ledger import Action, Outcome, Phase, State, classify, lost
from publisher.transport.options import Envelope, RelayOptions
from publisher.transport.wire import Broken, Wire

__all__ = ["Connection"]

BLOCK = 65_536
"""Bytes of the body that are written under one limit."""
DOT = b".\r\n"


class Connection:
    """Used for one message after the other, by one task at a time."""

    def __init__(self, wire: Wire, options: RelayOptions, extensions: frozenset[str]) -> None:
        self._wire, self._options, self._limits = wire, options, options.limits
        self._extensions = extensions
        self._used, self._opened = 0, time.monotonic()
        self._untidy = False

    @property
    def usable(self) -> bool:
        """Whether another message may go over it."""
        young = time.monotonic() - self._opened < self._options.lifetime
        return self._wire.alive and young and self._used < self._options.messages

    async def send(
        self, envelope: Envelope, pieces: Sequence[bytes], *, before_dot: Callable[[], Awaitable[bool]]
    ) -> Outcome | None:
        """Send one message; `pieces` are its wire form (CRLF, dots stuffed, ending in CRLF) without the final dot.

        `before_dot` is awaited when the body is written: True lets the dot go, False closes the connection without it; if
        it raises, the connection is closed without the dot, too.
        Returns the outcome, or None when `before_dot` said no (nothing was delivered then).
        """
        outcome = self._unsendable(envelope) or await self._envelope(envelope)
        if outcome is None:
            outcome = await self._content(pieces, before_dot)
        return None if outcome is None else replace(outcome, relay=self._options.name)

    def abort(self) -> None:
        """Drop the connection at once: who waits for a reply gets an outcome, in doubt if the dot has left."""
        self._wire.end("we hung up")

    async def close(self) -> None:
        """Say QUIT and go; whatever happens then changes no outcome."""
        try:
            if self._wire.alive:
                await self._wire.ask(b"QUIT\r\n", self._limits.quit)
        except Broken:
            pass
        finally:
            self._wire.end("closed")

    def _unsendable(self, envelope: Envelope) -> Outcome | None:
        if envelope.malformed:
            return Outcome(State.FAILED, "malformed-address")
        if envelope.smtputf8 and "smtputf8" not in self._extensions:
            return Outcome(State.FAILED, "needs-smtputf8")
        return None

    async def _envelope(self, envelope: Envelope) -> Outcome | None:
        """MAIL, RCPT, DATA; None when the server waits for the message."""
        self._used += 1
        if self._untidy and (trouble := await self._tidy()) is not None:
            return trouble
        utf8 = " SMTPUTF8" if envelope.smtputf8 else ""
        steps = (
            (Phase.MAIL, f"MAIL FROM:<{envelope.sender}>{utf8}\r\n", self._limits.command, 2),
            (Phase.RCPT, f"RCPT TO:<{envelope.recipient}>\r\n", self._limits.command, 2),
            (Phase.DATA, "DATA\r\n", self._limits.data, 3),
        )
        for phase, command, seconds, wanted in steps:
            try:
                reply = await self._wire.ask(command.encode(), seconds)
            except Broken as broken:
                return self._lost(phase, broken)
            if reply.code // 100 != wanted:
                if reply.code == 421 and phase is Phase.MAIL and self._used > 1:
                    # the server ends a session that was good: an event of the connection, not an answer to this row
                    self._wire.end("421")
                    return lost(phase, why="the server ended the session")
                outcome = classify(reply, phase)
                if (
                    phase is Phase.MAIL and outcome.scope == "domain"
                ):  # nobody has been named yet: it is the relay
                    outcome = replace(outcome, scope="relay")
                return self._refused(outcome, reply.code)
            crashpoint(f"after-{phase}")
        return None

    async def _tidy(self) -> Outcome | None:
        """RSET after a refused transaction, when the next one begins: the refusal itself is recorded without waiting."""
        try:
            reply = await self._wire.ask(b"RSET\r\n", self._limits.reset)
        except Broken as broken:
            return self._lost(Phase.MAIL, broken)
        if reply.code // 100 != 2:
            self._wire.end("RSET refused")
            return lost(Phase.MAIL, why=f"RSET refused: {reply.code}")
        self._untidy = False
        return None

    async def _content(
        self, pieces: Sequence[bytes], before_dot: Callable[[], Awaitable[bool]]
    ) -> Outcome | None:
        try:
            await self._body(pieces)
        except Broken as broken:
            return self._early() or self._lost(Phase.BODY, broken)
        crashpoint("before-mark")
        marked = False
        try:
            marked = await before_dot()
        finally:
            if not marked:
                self._wire.end("not marked")
        if not marked:
            return None
        crashpoint("after-mark")
        try:
            self._wire.say(DOT)
        except Broken as broken:  # it died while the mark was made: no dot has left, nothing was delivered
            return self._early() or self._lost(Phase.BODY, broken)
        crashpoint("after-dot")
        return await self._verdict()

    async def _body(self, pieces: Sequence[bytes]) -> None:
        block: list[bytes] = []
        size = 0
        for piece in pieces:
            block.append(piece)
            size += len(piece)
            if size >= BLOCK:
                self._wire.put(block)
                crashpoint("mid-body")
                await self._wire.drain(self._limits.block)
                block, size = [], 0
        if block:
            self._wire.put(block)
            crashpoint("mid-body")
        await self._wire.drain(self._limits.block)

    async def _verdict(self) -> Outcome:
        """What the server says to the dot."""
        try:
            reply = await self._wire.answer(self._limits.dot)
        except Broken as broken:
            return self._lost(Phase.DOT, broken)
        crashpoint("after-reply")
        outcome = classify(reply, Phase.DOT)
        return outcome if outcome.state is State.ACCEPTED else self._refused(outcome, reply.code)

    def _refused(self, outcome: Outcome, code: int) -> Outcome:
        self._untidy = True
        if code == 421 or outcome.action is Action.RECONNECT:
            self._wire.end(f"closed after {code}")
        return outcome

    def _early(self) -> Outcome | None:
        """A refusal that came while we were still writing: the message is refused, and no dot was sent."""
        early = self._wire.unasked
        return classify(early, Phase.DOT) if early is not None and early.code >= 400 else None

    def _lost(self, phase: Phase, broken: Broken) -> Outcome:
        return lost(phase, why=f"{phase}: {broken}")
