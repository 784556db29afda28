"""What a transport is given: how to reach a relay, how long each step may take, and an envelope."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Envelope", "Limits", "Rate", "RelayOptions"]

UNSENDABLE = re.compile(r"[\x00-\x20\x7f-\x9f<>\u2028\u2029\ud800-\udfff]")
"""What would end or escape the angle brackets of MAIL and RCPT."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds per step; the defaults are RFC 5321 section 4.5.3.2's minima. A short `dot` manufactures duplicates.

    `connect` is for the TCP connection (name included), `command` for each command and the TLS handshake, `block` for each
    64 KB of the body.
    """

    connect: float = 30.0
    banner: float = 300.0
    command: float = 300.0
    data: float = 120.0
    block: float = 180.0
    dot: float = 600.0
    reset: float = 20.0
    quit: float = 5.0


@dataclass(frozen=True, slots=True)
class Rate:
    """So many messages in any such length of time."""

    count: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayOptions:
    """An SMTP server that takes our mail, and how we speak to it.

    `tls`: "required" (STARTTLS), "implicit", "opportunistic" or "none" (refused for hosts that are not loopback).
    `ca_file`: certificates to trust instead of the system's. `helo`: the name we greet with; empty: this machine's.
    `messages`, `lifetime` (seconds): how long one connection is used. `start`: connections that a run begins with; 0: all.
    `weight`: its share of the work among relays of the same `order`; the next order is used when no relay of this one can be.
    `stamp`: return path -> header lines that the relay needs for itself and takes off again.
    `rate`: of all senders together, `domain_rates` for recipients of a domain; None: no limit.
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
    start: int = 0
    weight: int = 1
    order: int = 1
    stamp: Callable[[str], bytes] | None = None
    rate: Rate | None = None
    domain_rates: Mapping[str, Rate] = field(default_factory=dict)
    messages: int = 100
    lifetime: float = 300.0
    limits: Limits = Limits()


@dataclass(slots=True)
class Envelope:
    """Who the message is from (the return path; may be empty) and for. Domains are A-labels. Nobody changes one.

    `envid`: what a report of its delivery shall name (RFC 3461), where the relay does such reports. `ascii`: its message is known to
    hold nothing else, and need not be looked through.
    """

    sender: str
    recipient: str
    envid: str = ""
    ascii: bool = False

    @property
    def smtputf8(self) -> bool:
        """Whether the server must offer SMTPUTF8 (RFC 6531 section 3.4)."""
        return not (self.sender.isascii() and self.recipient.isascii())

    @property
    def malformed(self) -> bool:
        """Whether a path holds what cannot stand in a command (RFC 5321 section 4.1.1.2)."""
        both = self.sender + self.recipient
        plain = both.isascii() and both.isprintable() and not (" " in both or "<" in both or ">" in both)
        return not self.recipient or not (plain or not UNSENDABLE.search(both))
