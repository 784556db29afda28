"""Fetching from sources: conditional, polite, bounded, and never from an address that is not public.

Order: resolve once, check every address, connect to the one that was checked with the name in Host and SNI; the same again at each
redirect. Promises: whatever the network does is a value (`Fetched`, `NotModified`, `Failed`), never an exception; one total deadline per
source; at most so many decoded bytes, counted while they stream; the environment's proxies are ignored. Refused: other schemes than
http(s), user parts in URLs, ports that are not configured, redirects from https down to http, more than one compression.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore

from publisher.intake.links import absolute

__all__ = ["Failed", "Fetched", "Guard", "Limits", "Memory", "NotModified", "fetch", "fetch_all", "public"]

USER_AGENT = "Publisher/0.1 (+wire desk; polite poller)"
ACCEPT = "application/feed+json, application/atom+xml, application/rss+xml, application/json, application/xml;q=0.9, */*;q=0.5"
VALIDATOR_MAX = 1000
BLOCKED_V4 = tuple(
    ipaddress.ip_network(net)
    for net in (
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
    )
)
BLOCKED_V6 = tuple(
    ipaddress.ip_network(net) for net in ("fec0::/10", "2001:db8::/32", "100::/64", "2001::/23", "3fff::/20")
)
NAT64 = tuple(ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of a source to ask it conditionally."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds`: of one source, names and redirects included. `bytes`: decoded. `header_bytes`: of an answer's head."""

    seconds: float = 20.0
    bytes: int = 10_000_000
    redirects: int = 5
    header_bytes: int = 64_000
    retry_after_cap: float = 86_400.0
    total_seconds: float = 60.0
    concurrency: int = 8


Resolver = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Guard:
    """Which addresses may be asked. `allow_hosts`: host names exempt from the check, for development only."""

    ports: frozenset[int] = frozenset({80, 443})
    allow_hosts: frozenset[str] = frozenset()
    resolver: Resolver | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer with a body. `url`: where it came from in the end; `moved_to`: a permanent redirect, to be looked at."""

    url: str
    content_type: str
    body: bytes
    memory: Memory
    not_before: datetime | None = None
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class NotModified:
    """The source says that nothing changed since `Memory`."""

    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer that can be used: `reason` is a stable word, `detail` one line, `not_before` when to ask again."""

    reason: str
    detail: str
    not_before: datetime | None = None


class _Stop(Exception):
    """Carries a Failed out of the layers of the HTTP client."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.failed = Failed(reason, detail)


def public(text: str) -> bool:
    """Whether this address is one of the public internet, also behind the ways of writing IPv4 in IPv6."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(_global(unwrapped) for unwrapped in _unwrap(address))


def _unwrap(address: Address) -> Iterable[Address]:
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if address.ipv4_mapped:
            yield address.ipv4_mapped
        if address.sixtofour:
            yield address.sixtofour
        if address.teredo:
            yield from address.teredo
        if any(address in net for net in NAT64) or int(address) >> 32 == 0:
            yield low


def _global(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return True  # judged by what it wraps
    nets: Sequence[Any] = BLOCKED_V4 if address.version == 4 else BLOCKED_V6
    special = address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local
    if any(address in net for net in NAT64):
        return True  # judged by what it wraps
    return address.is_global and not special and not any(address in net for net in nets)


async def _resolved(host: str, port: int) -> list[str]:
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(info[4][0] for info in infos if isinstance(info[4][0], str)))


class _CheckedBackend(httpcore.AsyncNetworkBackend):
    """Dials only addresses that it has resolved and checked itself: what was checked is what is connected to."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._allowed(host.lower().rstrip("."), port)
        error: Exception | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout=timeout, local_address=local_address, socket_options=socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error or httpcore.ConnectError(f"{host} has no address")

    async def _allowed(self, host: str, port: int) -> list[str]:
        if host in self._guard.allow_hosts:
            return [host]
        if port not in self._guard.ports:
            raise _Stop("port", f"port {port} is not among the configured ones")
        try:
            ipaddress.ip_address(host.strip("[]"))
            addresses = [host.strip("[]")]
        except ValueError:
            try:
                addresses = await (self._guard.resolver or _resolved)(host, port)
            except OSError as error:
                raise _Stop("name", f"the name {host} cannot be resolved") from error
        if not addresses:
            raise _Stop("name", f"the name {host} has no address")
        if not all(public(address) for address in addresses):
            raise _Stop("address", f"{host} is not an address of the public internet")
        return addresses


def _pool(guard: Guard) -> httpcore.AsyncConnectionPool:
    return httpcore.AsyncConnectionPool(
        ssl_context=ssl.create_default_context(), network_backend=_CheckedBackend(guard), retries=0
    )


async def fetch(
    url: str, *, memory: Memory, now: datetime, limits: Limits | None = None, guard: Guard | None = None
) -> Fetched | NotModified | Failed:
    """Ask one source; never raises for what network or server do."""
    limits, guard = limits or Limits(), guard or Guard()
    async with _pool(guard) as pool:
        return await _within(pool, url, memory=memory, now=now, limits=limits, guard=guard)


async def fetch_all(
    requests: Sequence[tuple[str, str, Memory]],
    *,
    now: datetime,
    limits: Limits | None = None,
    guard: Guard | None = None,
    on_result: Callable[[str, Fetched | NotModified | Failed], None] | None = None,
) -> dict[str, Fetched | NotModified | Failed]:
    """Ask several sources, (key, url, memory) each, side by side; a slow one harms no other.

    `on_result` is called in a thread as each answer comes in; what is not asked before the total time is over has failed.
    """
    limits, guard = limits or Limits(), guard or Guard()
    turns = asyncio.Semaphore(limits.concurrency)
    deadline = asyncio.get_running_loop().time() + limits.total_seconds
    results: dict[str, Fetched | NotModified | Failed] = {}

    async def one(key: str, url: str, memory: Memory) -> None:
        async with turns:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                found: Fetched | NotModified | Failed = Failed(
                    "timeout", "the round's time was over before its turn"
                )
            else:
                async with _pool(guard) as pool:
                    found = await _within(
                        pool,
                        url,
                        memory=memory,
                        now=now,
                        limits=limits,
                        guard=guard,
                        seconds=min(left, limits.seconds),
                    )
        results[key] = found
        if on_result is not None:
            await asyncio.to_thread(on_result, key, found)

    async with asyncio.TaskGroup() as group:
        for request in requests:
            group.create_task(one(*request))
    return results


async def _within(
    pool: httpcore.AsyncConnectionPool,
    url: str,
    *,
    memory: Memory,
    now: datetime,
    limits: Limits,
    guard: Guard,
    seconds: float | None = None,
) -> Fetched | NotModified | Failed:
    allowed = seconds or limits.seconds
    try:
        async with asyncio.timeout(allowed):
            return await _asked(pool, url, memory=memory, now=now, limits=limits, guard=guard)
    except TimeoutError:
        return Failed("timeout", f"no whole answer within {allowed:g} s")
    except _Stop as stop:
        return stop.failed
    except httpcore.TimeoutException:
        return Failed("timeout", "the server is too slow")
    except (
        httpcore.NetworkError,
        httpcore.ProtocolError,
        ssl.SSLError,
        OSError,
        ValueError,
        zlib.error,
    ) as error:
        return Failed("network", _line(str(error) or type(error).__name__))


async def _asked(
    pool: httpcore.AsyncConnectionPool,
    url: str,
    *,
    memory: Memory,
    now: datetime,
    limits: Limits,
    guard: Guard,
) -> Fetched | NotModified | Failed:
    headers: dict[bytes | str, bytes | str] = {
        "User-Agent": USER_AGENT,
        "Accept": ACCEPT,
        "Accept-Encoding": "gzip",
    }
    # The date is asked about only when there is no ETag: an ETag alone is not fooled by a date that moves back.
    if memory.etag:
        headers["If-None-Match"] = memory.etag
    elif memory.last_modified:
        headers["If-Modified-Since"] = memory.last_modified
    moved_to: str | None = None
    permanent = True
    for _hop in range(limits.redirects + 1):
        url = _checked(url, guard)
        async with pool.stream("GET", url, headers=headers) as raw:
            answer = _Answer.of(raw)
            if answer.size > limits.header_bytes:
                raise _Stop("header", "the answer's header is too large")
            if answer.status in {301, 302, 303, 307, 308}:
                target = urljoin(url, answer.get("location"))
                if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
                    raise _Stop("redirect", "it redirects from https to something less")
                permanent = permanent and answer.status in {301, 308}
                moved_to = target if permanent else moved_to
                url = target
                continue
            return await _taken(answer, raw, url, moved_to, memory=memory, now=now, limits=limits)
    raise _Stop("redirect", f"more than {limits.redirects} redirects")


@dataclass(frozen=True, slots=True)
class _Answer:
    """The head of an answer; names in lower case, the first value of each."""

    status: int
    headers: dict[str, str]
    size: int

    @classmethod
    def of(cls, raw: httpcore.Response) -> _Answer:
        headers: dict[str, str] = {}
        for name, value in raw.headers:
            headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1").strip())
        return cls(raw.status, headers, sum(len(name) + len(value) for name, value in raw.headers))

    def get(self, name: str) -> str:
        return self.headers.get(name, "")


def _checked(url: str, guard: Guard) -> str:
    """The URL in ASCII; refused when it is none that may be asked."""
    scheme = url.partition(":")[0].lower()
    if scheme not in {"http", "https"}:
        raise _Stop("scheme", f"only http and https are fetched, not {_line(scheme) or 'nothing'}")
    checked = absolute(url)
    if checked is None:
        raise _Stop("url", "the address has no host, a user part, or characters that do not belong there")
    parts = urlsplit(checked)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if port not in guard.ports and parts.hostname not in guard.allow_hosts:
        raise _Stop("port", f"port {port} is not among the configured ones")
    return checked.partition("#")[0]


async def _taken(
    answer: _Answer,
    raw: httpcore.Response,
    url: str,
    moved_to: str | None,
    *,
    memory: Memory,
    now: datetime,
    limits: Limits,
) -> Fetched | NotModified | Failed:
    not_before = _retry_after(answer, now, limits)
    if answer.status == 304:
        if memory == Memory():
            return Failed("unasked-304", "the server says nothing changed, but we had nothing", not_before)
        return NotModified(not_before)
    if answer.status in {429, 503}:
        return Failed("throttled", f"the server asks for patience ({answer.status})", not_before)
    if answer.status != 200:
        return Failed(f"http-{answer.status}", f"the server answers {answer.status}", not_before)
    body = await _body(answer, raw, limits)
    return Fetched(
        url=url,
        content_type=_line(answer.get("content-type")),
        body=body,
        memory=Memory(_validator(answer, "etag"), _validator(answer, "last-modified")),
        not_before=not_before,
        moved_to=moved_to,
    )


async def _body(answer: _Answer, raw: httpcore.Response, limits: Limits) -> bytes:
    """The decoded body, counted as it grows; one gzip coding at most."""
    coding = answer.get("content-encoding").lower()
    if coding not in {"", "identity", "gzip", "x-gzip"}:
        raise _Stop("coding", f"the compression {_line(coding)!r} was not asked for")
    out = bytearray()
    inflate = zlib.decompressobj(31) if coding.endswith("gzip") else None
    async for chunk in raw.aiter_stream():
        data = chunk
        while data:
            if inflate is None:
                piece, data = data, b""
            else:
                if inflate.eof:  # members may follow one another (RFC 1952 2.2)
                    inflate = zlib.decompressobj(31)
                piece = inflate.decompress(data, limits.bytes - len(out) + 1)
                data = inflate.unused_data.lstrip(b"\0") if inflate.eof else inflate.unconsumed_tail
            out += piece
            if len(out) > limits.bytes:
                raise _Stop("too-large", f"the document has more than {limits.bytes // 1_000_000} MB")
    if inflate is not None and not inflate.eof:
        raise _Stop("incomplete", "the compressed answer was cut off")
    return bytes(out)


def _validator(answer: _Answer, name: str) -> str | None:
    """A validator fit to be stored and sent back; `W/` and what servers append under gzip are taken off an ETag."""
    value = answer.get(name)
    if not value or len(value) > VALIDATOR_MAX or not value.isascii() or not value.isprintable():
        return None
    if name == "etag":
        value = value.removeprefix("W/")
        if value.endswith('-gzip"'):
            value = value.removesuffix('-gzip"') + '"'
        return value if value.startswith('"') and value.endswith('"') else None
    return value


def _retry_after(answer: _Answer, now: datetime, limits: Limits) -> datetime | None:
    value = answer.get("retry-after")
    if not value:
        return None
    cap = now + timedelta(seconds=limits.retry_after_cap)
    if value.isdecimal():
        return cap if len(value) > 8 else min(now + timedelta(seconds=int(value)), cap)
    try:
        wanted = parsedate_to_datetime(value)
    except ValueError:
        return None
    wanted = wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)
    return min(max(wanted, now), cap)


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:200]
