"""One SMTP connection as questions and answers: each reply belongs to exactly one thing that was asked.

Bounded: a reply of at most 32 KB, a line of at most 4 KB (RFC 5321 section 4.5.3.1.5 asks for 512 bytes). A reply that
nobody waits for, a line that is none, silence beyond the limit: each breaks the wire for good. Replies that arrived whole
before it broke are still given out, because what the server has said is said.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
from collections import deque
from functools import lru_cache

from publisher.ledger import Reply

__all__ = ["Broken", "Wire", "in_words", "reply_of"]

LINE_MAX = 4096
REPLY_MAX = 32_768
LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")


class Broken(Exception):
    """The connection is of no more use. Its text says why."""


@lru_cache(maxsize=256)
def reply_of(code: int, text: str) -> Reply:
    """A reply with its enhanced code (RFC 2034) told apart; control characters and broken text become blanks."""
    clean = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    found = ENHANCED.match(clean)
    return Reply(code, found[1] if found else None, clean)


@lru_cache(maxsize=256)
def _whole(line: bytes) -> Reply | None:
    """The reply that a line is by itself; None where it is one of several lines, or none. Most lines of a session are old acquaintances."""
    found = LINE.fullmatch(line.removesuffix(b"\r")) if len(line) <= LINE_MAX else None
    if found is None or found[2] == b"-":
        return None
    return reply_of(int(found[1]), (found[3] or b"").decode("utf-8", "replace"))


def in_words(error: BaseException) -> str:
    """What the system says of a connection, as a person would say it: without its numbers."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ConnectionRefusedError):
            return "the connection was refused"
        if isinstance(seen, (ConnectionResetError, BrokenPipeError)):
            return "the connection was reset"
        if isinstance(seen, socket.gaierror):
            return f"the name was not found: {seen.strerror}"
        if isinstance(seen, OSError) and seen.errno and not isinstance(seen, ssl.SSLError):
            return os.strerror(seen.errno)
        seen = seen.__cause__ or seen.__context__
    return str(error)[:200] or type(error).__name__


class Wire(asyncio.BufferedProtocol):
    """Takes over a connected transport.

    Attributes:
        fault: why the wire is broken, or None.
        unasked: the reply that broke it by coming before it was asked for, or None.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._buffer = memoryview(bytearray(LINE_MAX))
        self._lines: list[bytes] = []
        self._size = 0
        self._asked = 0
        self._answers: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._until, self._limit = float("inf"), ("", 0.0)
        self.fault: str | None = None
        self.unasked: Reply | None = None
        transport.set_protocol(self)
        # Written shall mean taken by the kernel, not kept in our own buffer; under TLS a limit of 0 would pause for ever.
        transport.set_write_buffer_limits(high=1, low=0)
        if transport.is_closing():
            self.end("the server hung up")

    # ------------------------------------------------------------------------------------------------- for the caller

    @property
    def alive(self) -> bool:
        """Whether what is written now can arrive."""
        return self.fault is None and not self._transport.is_closing()

    async def ask(self, command: bytes, seconds: float) -> Reply:
        """Send a command (with its line end) and wait for the answer; Broken when none comes."""
        self.say(command)
        return await self.answer(seconds)

    def say(self, commands: bytes, *, answers: int = 1) -> None:
        """Send what will be answered, so many times; Broken when it cannot arrive."""
        self.put(commands)
        self._asked += answers

    def put(self, data: bytes) -> None:
        """Write what is not answered by itself; Broken when it cannot arrive."""
        if self.fault is not None or self._transport.is_closing():
            raise Broken(self.fault or "connection lost")
        self._transport.write(data)

    async def answer(self, seconds: float) -> Reply:
        """The next answer to what was asked; Broken when none came in time or none can come any more."""
        if not self._answers and self.fault is None:
            self._waiter = self._loop.create_future()
            self._allow(seconds, "no answer")
            try:
                await self._waiter
            finally:
                self._until = float("inf")
                self._waiter = None
        if self._answers:
            return self._answers.popleft()
        raise Broken(self.fault)

    def welcome(self) -> bool:
        """Take the answers to MAIL, RCPT and DATA, if all three are here already and say yes."""
        answers = self._answers
        if (
            len(answers) < 3
            or answers[0].code // 100 != 2
            or answers[1].code // 100 != 2
            or answers[2].code // 100 != 3
        ):
            return False
        for _ in range(3):
            answers.popleft()
        return True

    @property
    def drained(self) -> bool:
        """Whether the kernel has taken everything that was written."""
        return self._room is None and self.fault is None

    async def drain(self, seconds: float) -> None:
        """Wait until everything written was taken; Broken when it is not in time."""
        if self._room is not None:
            self._allow(seconds, "nothing was read")
            try:
                await self._room
            finally:
                self._until = float("inf")
        if self.fault is not None:
            raise Broken(self.fault)

    def end(self, why: str) -> None:
        """Break the wire: drop the connection at once and wake whoever waits."""
        if self.fault is None:
            self.fault = why
        self._transport.abort()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for waiting in (self._waiter, self._room):
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    def _allow(self, seconds: float, trouble: str) -> None:
        """What is waited for now may take so long."""
        self._until, self._limit = self._loop.time() + seconds, (trouble, seconds)
        if self._timer is None or self._timer.when() > self._until:
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._until, self._look_at_the_time)

    def _look_at_the_time(self) -> None:
        """One timer serves many answers: most come long before it, and what is waited for then has another limit."""
        self._timer = None
        if self._until <= self._loop.time():
            self.end("{} within {:g} s".format(*self._limit))
        elif self._until < float("inf"):
            self._set_timer()

    # ---------------------------------------------------------------------------------------------- for the transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio names it
        """Where the next bytes go: replies are short, and asyncio's own buffers are not."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Lines, however they are cut into packets."""
        *lines, self._rest = (self._rest + self._buffer[:nbytes]).split(b"\n")
        for line in lines:
            if self.fault is not None:
                return
            reply = None if self._lines else _whole(line)
            if reply is None:
                self._line(line.removesuffix(b"\r"))
            elif self._asked:
                self._asked -= 1
                self._answers.append(reply)
            else:
                self._to_nothing(reply)
        if len(self._rest) > LINE_MAX:
            self.end("a reply line without end")
        if self._answers and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _line(self, line: bytes) -> None:
        self._size += len(line)
        found = LINE.fullmatch(line)
        if found is None or len(line) > LINE_MAX or self._size > REPLY_MAX:
            self.end("what the server said is no reply")
            return
        self._lines.append(found[3] or b"")
        if found[2] == b"-":
            return
        text = b"\n".join(self._lines).decode("utf-8", "replace")
        self._lines, self._size = [], 0
        reply = reply_of(int(found[1]), text)
        if self._asked:
            self._asked -= 1
            self._answers.append(reply)
        else:
            self._to_nothing(reply)

    def _to_nothing(self, reply: Reply) -> None:
        self.unasked = reply
        self.end(f"a reply to nothing: {reply.code} {reply.text}"[:200])

    def eof_received(self) -> bool:
        """The server closes; so do we."""
        self.end("the server hung up")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone, whoever did it."""
        self.end(f"connection lost: {in_words(exc)}" if exc else "connection lost")

    def pause_writing(self) -> None:
        """The kernel takes no more for now."""
        self._room = self._loop.create_future()

    def resume_writing(self) -> None:
        """Everything was taken."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        self._room = None
