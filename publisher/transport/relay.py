"""Opening connections to a relay: TCP, banner, EHLO, TLS, AUTH; each failure an outcome that charges no delivery."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import replace
from ipaddress import ip_address
from typing import cast

import aiosmtplib

from publisher.crash import crashpoint
from publisher.ledger import Action, Outcome, Phase, State, classify, lost
from publisher.transport.connection import Connection
from publisher.transport.options import RelayOptions
from publisher.transport.wire import Wire, in_words, reply_of

__all__ = ["Relay"]


NOT_IMPLEMENTED = frozenset({500, 501, 502, 503, 504})


CUT_SHORT = (
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
    ssl.SSLSyscallError,
    ssl.SSLWantReadError,
    ssl.SSLWantWriteError,
)
"""TLS errors that say only that the line ended, also in the middle of a handshake: the relay's trouble, and no setting is wrong."""


class _Unusable(Exception):
    """The relay cannot be used as it is configured, here or there."""


class Relay:
    """Opens connections to one relay.

    Raises:
        ValueError: TLS is off for a host that is not this machine, or the setting is unknown.
    """

    def __init__(self, options: RelayOptions) -> None:
        self.options = options
        self._tls: ssl.SSLContext | None = None
        self._helo = options.helo
        if options.tls not in {"required", "implicit", "opportunistic", "none"}:
            raise ValueError(f"relay {options.name}: no such tls setting: {options.tls}")
        if options.tls == "none" and not _loopback(options.host):
            raise ValueError(f"relay {options.name}: mail leaves this machine only under TLS")

    async def connect(self) -> Connection | Outcome:
        """A connection ready for MAIL, or what went wrong: QUEUED, charged to nobody.

        Its action is HALT where no retry can help (TLS, login), COUNT_BLOCK where they refuse us, else the relay's trouble.
        Cancelling it is safe at any moment: no delivery hangs on it.
        """
        session = _Opening(self.options, self._context(), self._helo)
        try:
            connection = await session.run()
        except aiosmtplib.SMTPResponseException as error:
            outcome = classify(reply_of(error.code, error.message), session.phase)
            if outcome.action is Action.HALT:
                outcome = replace(outcome, scope="relay")
        except _Unusable as error:
            outcome = _halted(str(error))
        except (OSError, aiosmtplib.SMTPException, ValueError) as error:
            outcome = _failure(error, session.phase)
            if outcome.action is Action.RECONNECT:
                outcome = replace(outcome, cause=f"{outcome.cause} ({self.options.host}:{self.options.port})")
        else:
            self._helo = session.helo
            return connection
        finally:
            session.let_go()
        return replace(outcome, state=State.QUEUED, charged=False, relay=self.options.name)

    def _context(self) -> ssl.SSLContext | None:
        if self._tls is None and self.options.tls != "none":
            self._tls = ssl.create_default_context(cafile=self.options.ca_file)
            self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        return self._tls


class _Opening:
    """One attempt; `phase` tells where it stands."""

    def __init__(self, options: RelayOptions, context: ssl.SSLContext | None, helo: str) -> None:
        self._options, self._context, self.helo = options, context, helo
        self._client: aiosmtplib.SMTP | None = None
        self.phase = Phase.CONNECT

    async def run(self) -> Connection:
        options, limits = self._options, self._options.limits
        if not self.helo:  # asked once: a resolver may take its time
            self.helo = await asyncio.to_thread(socket.getfqdn)
        sock = await _dial(options.host, options.port, limits.connect)
        self._client = client = aiosmtplib.SMTP(
            hostname=options.host,
            sock=sock,
            local_hostname=self.helo,
            timeout=limits.command,
            use_tls=options.tls == "implicit",
            start_tls=False,
            tls_context=self._context,
        )
        self.phase = Phase.BANNER
        await client.connect(timeout=limits.banner)
        crashpoint("after-connect")
        self.phase = Phase.EHLO
        await client.ehlo()
        if options.tls == "required" or (
            options.tls == "opportunistic" and client.supports_extension("starttls")
        ):
            await self._start_tls(client)
        if options.username:
            await self._log_in(client)
        transport = client.transport
        if transport is None:
            raise aiosmtplib.SMTPServerDisconnected("connection lost")
        extensions = dict(client.esmtp_extensions)
        self._client = None
        return Connection(Wire(cast("asyncio.Transport", transport)), options, extensions)

    async def _start_tls(self, client: aiosmtplib.SMTP) -> None:
        self.phase = Phase.TLS
        if not client.supports_extension("starttls"):
            raise _Unusable("the relay does not offer STARTTLS")
        await client.starttls()
        self.phase = Phase.EHLO
        await client.ehlo()  # what was said before TLS counts for nothing (RFC 3207 section 4.2)

    async def _log_in(self, client: aiosmtplib.SMTP) -> None:
        self.phase = Phase.AUTH
        if client.get_transport_info("sslcontext") is None:
            raise _Unusable("a password never goes out in clear: the connection has no TLS")
        ways = {"plain": client.auth_plain, "login": client.auth_login, "cram-md5": client.auth_crammd5}
        offered = [way for way in ways if way in client.server_auth_methods]
        if not offered:
            raise _Unusable("the relay offers no way to log in that we know")
        for way in offered:
            try:
                await ways[way](self._options.username, self._options.password)
            except aiosmtplib.SMTPAuthenticationError as error:
                # Some offer what they do not have; but a wrong password is not tried again in another way.
                if error.code not in NOT_IMPLEMENTED or way == offered[-1]:
                    raise
            else:
                return

    def let_go(self) -> None:
        """Close what was not handed over, at once: a TLS farewell would outlive the event loop."""
        if self._client is not None:
            if self._client.transport is not None:
                cast("asyncio.Transport", self._client.transport).abort()
            self._client.close()


async def _dial(host: str, port: int, seconds: float) -> socket.socket:
    """A TCP connection to the first of the host's addresses that answers; OSError (TimeoutError too) when none does."""
    loop = asyncio.get_running_loop()
    trouble: OSError = OSError(f"{host} has no address")
    async with asyncio.timeout(seconds):
        try:  # an address is no question for a resolver, and needs no thread
            found = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
            )
        except socket.gaierror:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in found:
            sock = socket.socket(family, kind, protocol)
            connected = False
            try:
                sock.setblocking(False)
                await loop.sock_connect(sock, address)
                connected = True
            except OSError as error:
                trouble = error
            finally:
                if not connected:
                    sock.close()
            if connected:
                return sock
    raise trouble


def _failure(error: Exception, phase: Phase) -> Outcome:
    """TLS that cannot be had, or a setting that the library refuses, is configuration; all else is the relay's trouble."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError) and not isinstance(seen, CUT_SHORT):
            why = getattr(seen, "verify_message", "") or getattr(seen, "reason", "") or str(seen)
            return _halted(f"TLS failed: {why}")
        seen = seen.__cause__ or seen.__context__
    if isinstance(error, ValueError):
        return _halted(str(error))
    if isinstance(error, (TimeoutError, aiosmtplib.SMTPTimeoutError)):
        return lost(phase, why=f"no answer at {phase}")
    return lost(phase, why=in_words(error))


def _halted(why: str) -> Outcome:
    return Outcome(State.QUEUED, why[:200], action=Action.HALT, charged=False, scope="relay")


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
