"""An open session with a relay: one message after the other, each to its outcome.

Where PIPELINING (RFC 2920) is announced, MAIL, RCPT and DATA leave together, and with the dot of the message before if the next
one is known by then: one journey for each message instead of four. Elsewhere each command waits for its answer. Every answer is
read, and belongs to the command that it answers by its place. A message that was announced with a dot and is not sent after
all costs nothing but the connection: nobody can take DATA back.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache

from publisher.crash import crashpoint
from publisher.ledger import SESSION_ENDED, Action, Outcome, Phase, Reply, State, classify, lost
from publisher.transport.options import Envelope, RelayOptions
from publisher.transport.wire import Broken, Wire

__all__ = ["Connection", "Mail"]

BLOCK = 65_536
"""Bytes of the body that are written under one limit."""
DOT = b".\r\n"
BAD_SEQUENCE = 503
PLAIN = re.compile(r"[!-*,-<>-~]*")
"""What stands in a parameter as it is."""

Mail = tuple[Envelope, bytes]
"""A message: its envelope, and its wire form (CRLF, dots stuffed, ending in CRLF) without the final dot."""


class Connection:
    """Used for one message after the other, by one task at a time."""

    def __init__(self, wire: Wire, options: RelayOptions, extensions: Mapping[str, str]) -> None:
        self._wire, self._options, self._limits = wire, options, options.limits
        self._extensions = extensions
        self._pipelines = "pipelining" in extensions
        limit = extensions.get("size", "")
        self._largest = int(limit) if limit.isdecimal() else 0
        self._used, self._opened = 0, time.monotonic()
        self._untidy = False
        self._announced: Envelope | None = None

    @property
    def usable(self) -> bool:
        """Whether another message may go over it."""
        return self._wire.alive and (self._announced is not None or self._has_room)

    @property
    def looks_ahead(self) -> bool:
        """Whether the message after this one could be announced with its dot."""
        return self._pipelines and self._has_room

    @property
    def _has_room(self) -> bool:
        young = time.monotonic() - self._opened < self._options.lifetime
        return young and self._used < self._options.messages

    async def send(
        self,
        envelope: Envelope,
        message: bytes,
        *,
        before_dot: Callable[[], Awaitable[bool]],
        following: Callable[[], Mail | None] = lambda: None,
    ) -> Outcome | None:
        """Send one message.

        `before_dot` is awaited when the body is written: True lets the dot go, False closes the connection without it; if
        it raises, the connection is closed without the dot, too. `following` is asked for the message to be sent next just
        before the dot leaves; whoever names one sends that very envelope next over this connection, or closes it.
        Returns the outcome, or None when `before_dot` said no (nothing was delivered then).
        """
        outcome = None if self._welcomed(envelope) else await self._introduced(envelope, message)
        if outcome is None:
            outcome = await self._content(message, before_dot, following)
        return outcome if outcome is None or outcome.relay else outcome.by(self._options.name)

    def abort(self) -> None:
        """Drop the connection at once: who waits for a reply gets an outcome, in doubt if the dot has left."""
        self._wire.end("we hung up")

    async def close(self) -> None:
        """Say QUIT, unless the server waits for a message, and go; whatever happens then changes no outcome."""
        try:
            if self._wire.alive and self._announced is None:
                await self._wire.ask(b"QUIT\r\n", self._limits.quit)
        except Broken:
            pass
        finally:
            self._wire.end("closed")

    # --------------------------------------------------------------------------------------------------- the envelope

    def _unsendable(self, envelope: Envelope, message: bytes) -> Outcome | None:
        """Why there is no need to ask this server."""
        if envelope.malformed:
            return Outcome(State.FAILED, "malformed-address")
        if envelope.smtputf8 and "smtputf8" not in self._extensions:
            return Outcome(State.FAILED, "needs-smtputf8")
        if "8bitmime" not in self._extensions and not (envelope.ascii or message.isascii()):
            return Outcome(State.FAILED, "needs-8bitmime")
        if self._largest and (size := len(message)) > self._largest:
            why = f"a message of {size} bytes is over relay {self._options.name}'s limit of {self._largest}"
            return Outcome(State.QUEUED, why, action=Action.HALT, charged=False, scope="message")
        return None

    def _commands(self, envelope: Envelope, message: bytes) -> tuple[bytes, bytes, bytes]:
        """MAIL, RCPT and DATA with what the server has announced: SIZE, 8BITMIME, SMTPUTF8, DSN (RFC 1870, 6152, 6531, 3461)."""
        offered = self._extensions
        of_mail, of_rcpt = "", ""
        if "size" in offered:
            of_mail += f" SIZE={len(message)}"
        if not (envelope.ascii or message.isascii()):
            of_mail += " BODY=8BITMIME"
        if envelope.smtputf8:
            of_mail += " SMTPUTF8"
        if "dsn" in offered:
            of_mail += " RET=HDRS" + (f" ENVID={xtext(envelope.envid)}" if envelope.envid else "")
            of_rcpt += " NOTIFY=FAILURE"
            of_rcpt += f" ORCPT=rfc822;{xtext(envelope.recipient)}" if envelope.recipient.isascii() else ""
        return (
            f"MAIL FROM:<{envelope.sender}>{of_mail}\r\n".encode(),
            f"RCPT TO:<{envelope.recipient}>{of_rcpt}\r\n".encode(),
            b"DATA\r\n",
        )

    def _welcomed(self, envelope: Envelope) -> bool:
        """Whether it was announced with the last dot and all of it was welcome, so that nothing is to be waited for."""
        if envelope is not self._announced or not self._wire.welcome():
            return False
        self._announced = None
        crashpoint("after-mail")
        crashpoint("after-rcpt")
        crashpoint("after-data")
        return True

    async def _introduced(self, envelope: Envelope, message: bytes) -> Outcome | None:
        """Name sender and recipient; None when the server waits for the message."""
        if envelope is not self._announced and (refusal := self._unsendable(envelope, message)) is not None:
            return refusal
        if self._pipelines:
            return await self._together(envelope, message)
        return await self._step_by_step(envelope, message)

    def _steps(self) -> tuple[tuple[Phase, float, int], ...]:
        """The phases of an envelope, their limits, and the first digit of a good answer."""
        limits = self._limits
        return (Phase.MAIL, limits.command, 2), (Phase.RCPT, limits.command, 2), (Phase.DATA, limits.data, 3)

    async def _step_by_step(self, envelope: Envelope, message: bytes) -> Outcome | None:
        """MAIL, RCPT, DATA, each after the answer to the one before; None when the server waits for the message."""
        self._used += 1
        if self._untidy:
            try:
                self._wire.say(b"RSET\r\n")
            except Broken as broken:
                return self._lost(Phase.MAIL, broken)
            if (trouble := await self._tidied()) is not None:
                return trouble
        for command, (phase, seconds, wanted) in zip(
            self._commands(envelope, message), self._steps(), strict=True
        ):
            try:
                reply = await self._wire.ask(command, seconds)
            except Broken as broken:
                return self._lost(phase, broken)
            if reply.code // 100 != wanted:
                return self._turned_away(phase, reply)
            crashpoint(f"after-{phase}")
        return None

    async def _together(self, envelope: Envelope, message: bytes) -> Outcome | None:
        """The same in one journey, which may be under way since the last dot."""
        announced, self._announced = self._announced, None
        if announced is None:
            untidy = self._untidy
            try:
                self._announce(envelope, message, after=b"RSET\r\n" if untidy else b"")
            except Broken as broken:
                return self._lost(Phase.MAIL, broken)
            self._announced = None
            if untidy and (trouble := await self._tidied()) is not None:
                return trouble
        elif announced is not envelope:
            self._wire.end("another message was announced")
            return lost(Phase.MAIL, why="another message was announced")
        return await self._three_answers()

    def _announce(self, envelope: Envelope, message: bytes, *, after: bytes) -> None:
        """Write the envelope behind something else that is answered; Broken when it cannot arrive."""
        self._used += 1
        self._wire.say(after + b"".join(self._commands(envelope, message)), answers=3 + bool(after))
        self._announced = envelope

    async def _three_answers(self) -> Outcome | None:
        """Every status is read; the first refusal counts."""
        said: dict[Phase, Reply] = {}
        refused: Phase | None = None
        for phase, seconds, wanted in self._steps():
            try:
                said[phase] = await self._wire.answer(seconds)
            except Broken as broken:
                return self._turned_away(refused, said[refused]) if refused else self._lost(phase, broken)
            if said[phase].code // 100 != wanted:
                refused = refused or phase
            elif refused is None:
                crashpoint(f"after-{phase}")
            if said[phase].code == 421:
                self._wire.end("closed after 421")
                break
        if (trouble := self._out_of_step(said, refused)) is not None or refused is None:
            return trouble
        outcome = self._turned_away(refused, said[refused])
        if Phase.DATA in said and said[Phase.DATA].code < 400:
            await self._nothing(named=said[Phase.RCPT].code < 400)
        return outcome

    def _out_of_step(self, said: Mapping[Phase, Reply], refused: Phase | None) -> Outcome | None:
        """Where it is not known which answer belongs to which command, nothing is believed; nothing was delivered either."""
        strange = self._wire.unasked if refused else None  # else it is what came early to the message
        if refused and said[refused].code == BAD_SEQUENCE:
            strange = said[refused]
        if Phase.DATA in said and said[Phase.DATA].code < 300:
            strange = said[Phase.DATA]
        if strange is None:
            return None
        self._wire.end("out of step")
        return lost(Phase.DATA, why=f"out of step: {strange.code} {strange.text}"[:200])

    async def _nothing(self, *, named: bool) -> None:
        """A message is wanted though it was refused: end it at once (RFC 2920 section 3.1); that is answered, and delivers nothing.

        `named`: a recipient stands, because MAIL alone was refused. There an end might be a message: the line is cut instead.
        """
        if named:
            self._wire.end("DATA taken without MAIL")
        elif self._wire.alive:
            try:
                await self._wire.ask(DOT, self._limits.dot)
            except Broken as broken:
                self._wire.end(str(broken))

    async def _tidied(self) -> Outcome | None:
        """The answer to RSET, which goes out when the next transaction begins: a refusal itself is recorded without waiting."""
        try:
            reply = await self._wire.answer(self._limits.reset)
        except Broken as broken:
            return self._lost(Phase.MAIL, broken)
        if reply.code // 100 != 2:
            self._wire.end("RSET refused")
            return lost(Phase.MAIL, why=f"RSET refused: {reply.code}")
        self._untidy = False
        return None

    def _turned_away(self, phase: Phase, reply: Reply) -> Outcome:
        if reply.code == 421 and phase is Phase.MAIL and self._used > 1:
            # the server ends a session that was good: an event of the connection, not an answer to this row
            self._wire.end("421")
            return lost(phase, why=SESSION_ENDED)
        return self._refused(classify(reply, phase), reply.code)

    # ---------------------------------------------------------------------------------------------------- the message

    async def _content(
        self,
        message: bytes,
        before_dot: Callable[[], Awaitable[bool]],
        following: Callable[[], Mail | None],
    ) -> Outcome | None:
        try:
            for start in range(0, len(message), BLOCK):
                self._wire.put(message if len(message) <= BLOCK else message[start : start + BLOCK])
                crashpoint("mid-body")
                if not self._wire.drained:
                    await self._wire.drain(self._limits.block)
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
            self._dot(following)
        except Broken as broken:  # it died while the mark was made: no dot has left, nothing was delivered
            return self._early() or self._lost(Phase.BODY, broken)
        crashpoint("after-dot")
        try:
            reply = await self._wire.answer(self._limits.dot)
        except Broken as broken:
            return self._lost(Phase.DOT, broken)
        crashpoint("after-reply")
        outcome = _verdict(reply, self._options.name)
        return outcome if outcome.state is State.ACCEPTED else self._refused(outcome, reply.code)

    def _dot(self, following: Callable[[], Mail | None]) -> None:
        """Let the dot go, and the next envelope with it; Broken when it cannot arrive."""
        ahead = following() if self.looks_ahead else None
        if ahead is None or self._unsendable(*ahead) is not None:
            self._wire.say(DOT)
        else:
            self._announce(*ahead, after=DOT)

    def _refused(self, outcome: Outcome, code: int) -> Outcome:
        self._untidy = self._announced is None  # else the next transaction has begun, and RSET would end that
        if code == 421 or outcome.action is Action.RECONNECT:
            self._wire.end(f"closed after {code}")
        return outcome

    def _early(self) -> Outcome | None:
        """A refusal that came while we were still writing: the message is refused, and no dot was sent."""
        early = self._wire.unasked
        return classify(early, Phase.DOT) if early is not None and early.code >= 400 else None

    def _lost(self, phase: Phase, broken: Broken) -> Outcome:
        return lost(phase, why=f"{phase}: {broken}")


@lru_cache(maxsize=256)
def _verdict(reply: Reply, relay: str) -> Outcome:
    """What a server says to the dot; most say the same to each."""
    return classify(reply, Phase.DOT).by(relay)


def xtext(text: str) -> str:
    """Text as the value of a parameter (RFC 3461 section 4)."""
    if PLAIN.fullmatch(text):
        return text
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in text)
