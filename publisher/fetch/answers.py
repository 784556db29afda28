"""What fetching is told, what it gives back, and how the headers that matter are read (RFC 9110).

No I/O. Everything a server sends is text of a stranger: what is kept or shown is one line of printable characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

__all__ = [
    "Failed",
    "Fetched",
    "Headers",
    "Limits",
    "Memory",
    "NotModified",
    "Result",
    "conditions",
    "one_line",
    "retry_after",
    "validators",
    "values",
]

Headers = Sequence[tuple[bytes, bytes]]
VALIDATOR_MAX = 500


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of a source's last answer, to ask only for what is new; empty: ask unconditionally."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a source may take.

    Attributes:
        seconds: for one source, from its name to the last byte, redirects included.
        bytes: of a body, after decompression and (separately) before it.
        redirects: followed at most. header_bytes: of one answer's head; 100,000 is refused in any case.
        retry_after_cap: seconds; longer pauses that a source asks for are cut to it.
        total_seconds: for a whole round. concurrency: sources asked at once.
    """

    seconds: float = 20.0
    bytes: int = 10_000_000
    redirects: int = 5
    header_bytes: int = 64_000
    retry_after_cap: float = 86_400.0
    total_seconds: float = 60.0
    concurrency: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A whole answer.

    Attributes:
        url: where it came from in the end: the base of its links.
        content_type: as the server names it, else empty.
        memory: to be remembered, once the body could be read.
        not_before: the server wants no further request until then.
        moved_to: where permanent redirects lead; for a person to look at, never adopted by itself.
        status: 200, or another one that was asked for. headers: as sent. seconds: how long it took.
    """

    url: str
    content_type: str
    body: bytes
    memory: Memory
    not_before: datetime | None = None
    moved_to: str | None = None
    status: int = 200
    headers: Headers = field(default=(), compare=False)
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class NotModified:
    """The source says that nothing changed since `Memory`. No proof of life: a withdrawn story may hide behind it."""

    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer that can be used: nothing is known of the source's stories, so nothing is withdrawn.

    `reason` is a stable word: url, scheme, port, name, address (refused before connecting); connect, tls, timeout, protocol, incomplete
    (the network); header-too-large, too-large, coding, redirect, unasked-304, throttled, http-<status> (the answer). `detail` is one line.
    """

    reason: str
    detail: str
    not_before: datetime | None = None


Result = Fetched | NotModified | Failed


def one_line(text: str, limit: int = 200) -> str:
    """The text on one line, without control characters, for logs and screens."""
    return "".join(c if c.isprintable() else " " for c in text[:limit]).strip()


def values(headers: Headers, name: bytes) -> list[str]:
    """Every value of a header, in order, as text; what is not UTF-8 becomes U+FFFD."""
    return [value.decode("utf-8", "replace").strip() for key, value in headers if key.lower() == name]


def _single(headers: Headers, name: bytes) -> str | None:
    """The value, if there is exactly one: of two, each reader would take another."""
    found = set(values(headers, name))
    return found.pop() if len(found) == 1 else None


def _sendable(value: str | None) -> str | None:
    """The value, if it can be stored and sent without harm."""
    fit = value and len(value) <= VALIDATOR_MAX and value.isascii() and value.isprintable()
    return value if fit else None


def _etag(value: str | None) -> str | None:
    """An entity tag in its strong form, or None.

    Servers that compress mark it (`W/"x"`, `"x-gzip"`) and then do not know it again; without the mark they do (RFC 9110 section 13.1.2
    compares weakly anyway).
    """
    if (value := _sendable(value)) is None:
        return None
    inner = value.removeprefix("W/")
    if len(inner) < 2 or inner[0] != '"' or inner[-1] != '"' or '"' in inner[1:-1]:
        return None
    return f'"{inner[1:-1].removesuffix("-gzip")}"'


def validators(headers: Headers) -> Memory:
    """ETag and Last-Modified, each only if it is fit to be stored and sent back."""
    return Memory(_etag(_single(headers, b"etag")), _sendable(_single(headers, b"last-modified")))


def conditions(memory: Memory) -> list[tuple[bytes, bytes]]:
    """The header that makes a request conditional: If-None-Match *alone* when there is an ETag, for a date may go back (wordpress.md)."""
    if etag := _etag(memory.etag):
        return [(b"If-None-Match", etag.encode("ascii"))]
    if last_modified := _sendable(memory.last_modified):
        return [(b"If-Modified-Since", last_modified.encode("ascii"))]
    return []


def retry_after(headers: Headers, *, now: datetime, cap: float) -> datetime | None:
    """When the server wants to be asked again (seconds or a date, RFC 9110 section 10.2.3), within `now` and `cap` seconds from it."""
    value = _single(headers, b"retry-after") or ""
    latest = now + timedelta(seconds=cap)
    if value.isascii() and value.isdigit():
        return latest if len(value) > 8 else min(now + timedelta(seconds=int(value)), latest)
    try:
        wanted = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    wanted = wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)
    return min(max(wanted, now), latest)
