"""SMTP by phases: one recipient per transaction, a mark before the dot, and an outcome that is always a value.

aiosmtplib connects (TCP, EHLO, TLS, AUTH); MAIL, RCPT, DATA and the body are ours, because only who knows the phase knows what
a lost connection means (RFC 5321 4.5.3.2, RFC 1047). Order around the dot: MAIL, RCPT, DATA, 354, the body without its end,
`before_dot` (the caller makes its mark durable), the dot, the reply. Promises: nothing but this module catches aiosmtplib;
no AUTH and no message before TLS where TLS is required; a connection is never used again after a time-out, a protocol
error or a 421. A task that waits for the reply to the dot must not be cancelled: that makes a doubt of a delivery.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import cast

import aiosmtplib

from publisher.crash import crashpoint
from publisher.ledger import Action, Outcome, Phase, Reply, State, classify, lost

__all__ = ["Connection", "Envelope", "Limits", "Relay", "RelayOptions"]

ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
QUIT_SECONDS = 5.0
RSET_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds per step; the defaults are RFC 5321 4.5.3.2's. A short limit on the dot manufactures duplicates."""

    connect: float = 30.0
    banner: float = 300.0
    command: float = 300.0
    data: float = 120.0
    block: float = 180.0
    dot: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayOptions:
    """An SMTP server that takes our mail, and how we speak to it.

    `tls`: "required" (STARTTLS), "implicit", "opportunistic" or "none" (refused for hosts that are not loopback).
    `messages`, `lifetime` (seconds): how long one connection is used.
    """

    name: str
    host: str
    port: int
    tls: str = "required"
    ca_file: Path | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    helo: str = ""
    connections: int = 8
    messages: int = 100
    lifetime: float = 300.0
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who the message is from (return path) and for."""

    sender: str
    recipient: str

    @property
    def smtputf8(self) -> bool:
        """Whether the server must offer SMTPUTF8 (RFC 6531)."""
        return not self.recipient.isascii()


class Relay:
    """Opens connections to one relay."""

    def __init__(self, options: RelayOptions) -> None:
        self.options = options
        self._tls: ssl.SSLContext | None = None
        if options.tls == "none" and not _loopback(options.host):
            raise ValueError(f"relay {options.name}: mail leaves this machine only under TLS")

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            context = ssl.create_default_context(cafile=self.options.ca_file)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._tls = context
        return self._tls

    async def connect(self) -> Connection | Outcome:
        """A connection ready for MAIL, or what went wrong: never charged to any row."""
        options = self.options
        client = aiosmtplib.SMTP(
            hostname=options.host,
            port=options.port,
            local_hostname=options.helo or None,
            timeout=options.limits.connect,
            use_tls=options.tls == "implicit",
            start_tls={"required": True, "opportunistic": None}.get(options.tls, False),
            tls_context=None if options.tls == "none" else self._context(),
            username=options.username or None,
            password=options.password or None,
        )
        try:
            await client.connect()
            crashpoint("after-connect")
            if not client.last_ehlo_response:
                await client.ehlo()
        except aiosmtplib.SMTPConnectResponseError as error:
            return self._told(classify(_reply(error.code, error.message), Phase.BANNER))
        except aiosmtplib.SMTPAuthenticationError as error:
            return self._told(classify(_reply(error.code, error.message), Phase.AUTH))
        except aiosmtplib.SMTPResponseException as error:
            return self._told(classify(_reply(error.code, error.message), Phase.EHLO))
        except (OSError, aiosmtplib.SMTPException) as error:
            return self._told(_connect_failure(error))
        return Connection(client, options)

    def _told(self, outcome: Outcome) -> Outcome:
        return _of_relay(outcome, self.options.name)


class Connection:
    """An open session; used for one message after the other, by one task at a time."""

    def __init__(self, client: aiosmtplib.SMTP, options: RelayOptions) -> None:
        self._client, self._options = client, options
        self._sent, self._opened = 0, time.monotonic()
        self._spoilt = False

    @property
    def usable(self) -> bool:
        """Whether another message may go over it."""
        young = time.monotonic() - self._opened < self._options.lifetime
        return (
            self._client.is_connected and not self._spoilt and young and self._sent < self._options.messages
        )

    async def send(
        self, envelope: Envelope, pieces: Sequence[bytes], *, before_dot: Callable[[], Awaitable[bool]]
    ) -> Outcome | None:
        """Send one message; `pieces` are its wire form (CRLF, dots stuffed, ending in CRLF) without the final dot.

        `before_dot` is awaited when the body is written: True lets the dot go, False closes the connection without it.
        Returns the outcome, or None when `before_dot` said no (nothing was delivered then).
        """
        self._sent += 1
        refused = await self._envelope(envelope)
        if refused is not None:
            return _of_relay(refused, self._options.name)
        outcome = await self._content(pieces, before_dot)
        return None if outcome is None else _of_relay(outcome, self._options.name)

    async def _envelope(self, envelope: Envelope) -> Outcome | None:
        """MAIL, RCPT, DATA; None when the server waits for the message."""
        limits = self._options.limits
        options: list[bytes] = []
        if envelope.smtputf8:
            if not self._client.supports_extension("smtputf8"):
                return Outcome(State.FAILED, "the relay does not offer SMTPUTF8")
            options.append(b"SMTPUTF8")
        steps = (
            (Phase.MAIL, (b"MAIL", f"FROM:<{envelope.sender}>".encode(), *options), limits.command),
            (Phase.RCPT, (b"RCPT", f"TO:<{envelope.recipient}>".encode()), limits.command),
            (Phase.DATA, (b"DATA",), limits.data),
        )
        for phase, words, seconds in steps:
            try:
                answer = await self._client.execute_command(*words, timeout=seconds)
            except aiosmtplib.SMTPResponseException as error:
                return await self._refused(_reply(error.code, error.message), phase)
            except (OSError, aiosmtplib.SMTPException, ValueError) as error:
                return self._lost(phase, error)
            wanted = {354} if phase is Phase.DATA else {250, 251}
            if answer.code not in wanted:
                return await self._refused(_reply(answer.code, answer.message), phase)
            crashpoint(f"after-{phase}")
        return None

    async def _content(
        self, pieces: Sequence[bytes], before_dot: Callable[[], Awaitable[bool]]
    ) -> Outcome | None:
        protocol, transport = self._client.protocol, self._client.transport
        if protocol is None or transport is None:
            return self._lost(Phase.DATA, None)
        wire = cast("asyncio.Transport", transport)
        writer = asyncio.StreamWriter(wire, protocol, None, asyncio.get_running_loop())
        try:
            wire.writelines(pieces)
            crashpoint("mid-body")
            await asyncio.wait_for(writer.drain(), self._options.limits.block)
        except (OSError, TimeoutError) as error:
            return self._lost(Phase.BODY, error)
        if wire.is_closing():
            return self._lost(Phase.BODY, None)
        crashpoint("before-mark")
        if not await before_dot():
            self.abort()
            return None
        crashpoint("after-mark")
        try:
            if (
                not self._client.is_connected
            ):  # the dot was not written: whatever died, nothing was delivered by it
                return self._lost(Phase.BODY, None)
            wire.write(b".\r\n")
            crashpoint("after-dot")
            answer = await protocol.read_response(timeout=self._options.limits.dot)
        except aiosmtplib.SMTPResponseException as error:
            self.abort()
            return lost(Phase.DOT, why=f"not a reply to the dot: {error.code}")
        except (OSError, aiosmtplib.SMTPException) as error:
            return self._lost(Phase.DOT, error)
        crashpoint("after-reply")
        if not 200 <= answer.code <= 599:
            self.abort()
            return lost(Phase.DOT, why=f"not a reply to the dot: {answer.code}")
        if answer.code == 421:
            self.abort()
        return classify(_reply(answer.code, answer.message), Phase.DOT)

    async def _refused(self, reply: Reply, phase: Phase) -> Outcome:
        """A refused envelope: RSET makes the session good again, unless the server is closing it."""
        outcome = classify(reply, phase)
        if reply.code == 421 or outcome.action is Action.RECONNECT:
            self.abort()
            return outcome
        try:
            answer = await self._client.execute_command(b"RSET", timeout=RSET_SECONDS)
            if answer.code != 250:
                self.abort()
        except (OSError, aiosmtplib.SMTPException):
            self.abort()
        return outcome

    def _lost(self, phase: Phase, error: Exception | None) -> Outcome:
        self.abort()
        silent = isinstance(error, (TimeoutError, aiosmtplib.SMTPTimeoutError))
        return lost(phase, why=f"{'no answer' if silent else 'connection lost'} at {phase}")

    def abort(self) -> None:
        """Drop the connection at once; what is not acknowledged was not delivered."""
        self._spoilt = True
        transport = self._client.transport
        if transport is not None:
            cast("asyncio.Transport", transport).abort()
        self._client.close()

    async def close(self) -> None:
        """Say QUIT and go; whatever happens then changes no outcome."""
        try:
            if self._client.is_connected and not self._spoilt:
                await self._client.execute_command(b"QUIT", timeout=QUIT_SECONDS)
        except (OSError, aiosmtplib.SMTPException):
            pass
        finally:
            self._client.close()


def _connect_failure(error: Exception) -> Outcome:
    """Why no session came about: TLS that cannot be had is configuration, everything else is the relay's trouble."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            why = getattr(seen, "verify_message", "") or seen.reason or str(seen)
            return _halted(f"TLS failed: {why}")
        seen = seen.__cause__ or seen.__context__
    if type(error) is aiosmtplib.SMTPException:  # aiosmtplib's word for "not offered": STARTTLS or AUTH
        return _halted(str(error))
    return lost(Phase.CONNECT, why=str(error)[:200] or type(error).__name__)


def _halted(why: str) -> Outcome:
    return Outcome(State.QUEUED, why[:200], action=Action.HALT, charged=False, scope="relay")


def _reply(code: int, text: str) -> Reply:
    found = ENHANCED.match(text)
    return Reply(code, found[1] if found else None, text)


def _of_relay(outcome: Outcome, name: str) -> Outcome:
    return replace(outcome, relay=name)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
