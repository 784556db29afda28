"""Which addresses may be asked: names are resolved once, every address is judged, and only what was judged is dialled.

A URL passes when it is http or https without a user part, on a configured port, and its host leads to the public internet *only*:
one private address among public ones refuses it (a name may answer differently the next time, so the caller connects to the addresses
given back, never to the name). Sources: security.md's list of classes, the IANA special-purpose registries (RFC 6890), RFC 6761.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import idna

from publisher.fetch.answers import Failed, one_line

__all__ = ["Guard", "Resolver", "Target", "judge", "public"]

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Host name and port to addresses as text; OSError when the name has none."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What may be asked.

    Attributes:
        ports: the only ones.
        allow_hosts: names and literal addresses that may be private: for development and tests on one machine.
        resolver: asked instead of the system's.
    """

    ports: frozenset[int] = frozenset({80, 443})
    allow_hosts: frozenset[str] = frozenset()
    resolver: Resolver | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be asked: its parts as they go on the wire, and the addresses to connect to."""

    url: str
    scheme: str
    host: str
    port: int
    path: bytes
    addresses: tuple[str, ...]

    @property
    def authority(self) -> str:
        """The Host header (RFC 9110 section 7.2)."""
        return _authority(self.scheme, self.host, self.port)


_DEFAULT_PORTS = {"http": 80, "https": 443}
# Blanks and controls are cut or dropped by some parsers, a backslash is a slash to others: two readers, two hosts.
_AMBIGUOUS = re.compile(r"[\x00-\x20\x7f\\]")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f]*:[0-9a-f:.]+")
_PATH_SAFE = "/%:@!$&'()*+,;=~"
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
"""A host whose last label is a number is an IPv4 address to some resolver, in whatever notation (WHATWG URL, "ends in a number")."""


async def judge(url: str, guard: Guard) -> Target | Failed:
    """The URL with the addresses that may be dialled for it, or why it is refused; asks the resolver, connects to nothing."""
    parsed = _parsed(url, guard)
    if isinstance(parsed, Failed):
        return parsed
    scheme, host, port, path, clean = parsed
    exempt = host in guard.allow_hosts
    if not exempt and (host == "localhost" or host.endswith(".localhost")):
        return Failed("address", "localhost is this machine, not a source")
    try:
        addresses = [str(ipaddress.ip_address(host))]
    except ValueError:
        if ":" in host or _NUMERIC.fullmatch(host):
            return Failed("address", f"{host} is an address in an unusual notation")
        try:
            addresses = await (guard.resolver or _system_resolver)(host, port)
        except OSError as error:
            return Failed("name", f"{host} cannot be resolved: {one_line(error.strerror or str(error))}")
    if not addresses:
        return Failed("name", f"{host} has no address")
    if not exempt and not all(public(address) for address in addresses):
        return Failed(
            "address",
            f"{host} leads to an address that is not of the public internet (fetch.allow_hosts exempts a host, for development)",
        )
    return Target(clean, scheme, host, port, path, tuple(dict.fromkeys(addresses)))


def _parsed(url: str, guard: Guard) -> tuple[str, str, int, bytes, str] | Failed:
    """Scheme, host, port, path with query, and the URL as it was understood, without its fragment."""
    if _AMBIGUOUS.search(url):
        return Failed("url", "the address holds blanks, control characters or a backslash")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
        host = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except (ValueError, idna.IDNAError) as error:
        return Failed("url", f"the address cannot be read: {one_line(str(error))}")
    scheme = parts.scheme
    if scheme not in _DEFAULT_PORTS:
        return Failed("scheme", f"only http and https are fetched, not {one_line(scheme) or 'nothing'}")
    if "@" in parts.netloc:
        return Failed("url", "the address has a user part")
    if not _HOST.fullmatch(host):
        return Failed("url", "the address has no host, or one that is not a name")
    port = _DEFAULT_PORTS[scheme] if port is None else port
    if port not in guard.ports:
        return Failed("port", f"port {port} is not among the configured ones (fetch.ports)")
    path = quote(parts.path or "/", safe=_PATH_SAFE)
    query = quote(parts.query, safe=_PATH_SAFE + "?")
    clean = urlunsplit((scheme, _authority(scheme, host, port), path, query, ""))
    return scheme, host, port, (f"{path}?{query}" if query else path).encode("ascii"), clean


def _authority(scheme: str, host: str, port: int) -> str:
    host = f"[{host}]" if ":" in host else host
    return host if port == _DEFAULT_PORTS[scheme] else f"{host}:{port}"


async def _system_resolver(host: str, port: int) -> list[str]:
    """The system's answer. A thread of its own for each name: a dead name server holds up nobody else, nor our end."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def give(found: list[str] | OSError) -> None:
        if answer.done():  # nobody waits any more
            return
        if isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: list[str] | OSError
        try:
            found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except OSError as error:
            found = error
        except UnicodeError:  # a label that is empty or too long
            found = OSError("it is not a host name")
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(give, found)

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    return await answer


def public(text: str) -> bool:
    """Whether an address is global unicast, so that the public internet and nobody nearer is asked.

    IPv4 written in IPv6 is judged as IPv4 where it is still used (mapped, RFC 4291; NAT64's well-known prefix, RFC 6052, which IPv6-only
    networks answer with); where it is not (compatible, 6to4, Teredo, local NAT64) the address is refused whatever it wraps.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        wrapped = address.ipv4_mapped
        if address in _NAT64:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped is None:
            return address in _UNICAST_V6 and not any(address in network for network in _SPECIAL_V6)
        address = wrapped
    return not any(address in network for network in _SPECIAL_V4)


_SPECIAL_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SPECIAL_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)
