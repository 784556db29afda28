"""What every delivery service's module is made of, and what it gives back.

PURE, but for `Ask`, which is handed in. A module reads one POST in this order: who sent it (raises `NotProved`), what stands in it (raises
`Unreadable`), and what that says of single mails, as `subscribers.reports.Report`s. Whose mail an event is about is told by the token of our own return
path or by our own Message-ID, never by the address in it: the desk holds that against the delivery. What an event has of a server's
answer is judged by `subscribers.bounces`; a service's own class is believed only where it says less.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from subscribers.reports import Report, Said, What

__all__ = [
    "FIELD",
    "FRESH",
    "Ask",
    "Away",
    "NotProved",
    "Post",
    "Service",
    "Unreadable",
    "fresh",
    "inside",
    "parsed",
    "report",
    "text",
]

FIELD = "publisher"
"""Under this name a service keeps the token of our return path, where it does not hand the return path back itself."""
FRESH = timedelta(days=2)
"""Age of a signature that is still taken: services try again for a day, with the signature they made first."""
AHEAD = timedelta(minutes=10)
"""How far their clock may be ahead of ours."""


class NotProved(Exception):
    """Nothing shows that the service sent this. Its sentence is for the log."""


class Away(Exception):
    """What a module asked for cannot be had now: the service shall try again."""


class Unreadable(Exception):
    """The service sent it, and it is nothing that its documentation tells of."""


@dataclass(frozen=True, slots=True)
class Post:
    """A request as it came: header names in small letters, and the body's bytes, of which signatures are made."""

    headers: Mapping[str, str]
    body: bytes


Ask = Callable[[str], bytes]
"""Fetches an https address that the module itself has found harmless; raises `Away` when it cannot be had now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A delivery service.

    Attributes:
        name: in the address `/reports/NAME`, under `report_keys` and as a relay's `service`.
        wrong: what is wrong with a key from the configuration, or "".
        read: (request, key, now, ask) -> what it says of our mails.
        stamp: a token -> header lines, ending in CRLF, with which the service hands it back; the service takes them off again.
    """

    name: str
    wrong: Callable[[str], str]
    read: Callable[[Post, str, datetime, Ask], Sequence[Report]]
    stamp: Callable[[str], bytes] = field(default=lambda _token: b"")


def parsed(body: bytes | str) -> Any:
    """A JSON document.

    Raises:
        Unreadable: it is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("no JSON") from error


def claimed(body: bytes) -> Any:
    """The document of a request that has its proof in itself.

    Raises:
        NotProved: it cannot be read, and so proves nothing; a proxy may have mangled it.
    """
    try:
        return parsed(body)
    except Unreadable as error:
        raise NotProved("it cannot be read, and its proof stands in it") from error


def inside(data: Any, *path: str) -> Any:
    """What lies at this path of a document; None where something on the way is no table, or has no such key."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def text(data: Any, *path: str) -> str:
    """The same as text; "" where there is none."""
    found = inside(data, *path)
    return found if isinstance(found, str) else str(found) if isinstance(found, int) else ""


def fresh(seconds: str, now: datetime) -> bool:
    """Whether a signature of this time (seconds since 1970, in digits) is still taken."""
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 12):
        return False
    return timely(float(seconds), now)


def timely(seconds: float, now: datetime) -> bool:
    """The same of a time that was read already."""
    return -AHEAD.total_seconds() <= now.timestamp() - seconds <= FRESH.total_seconds()


def report(
    service: str,
    event: str,
    what: What,
    *,
    token: str = "",
    message_id: str = "",
    said: Said | None = None,
) -> Report:
    """An event of a service that proved itself. `event`: its own id, equal when it is told again and no other's.

    A service without ids: what makes the event one (kind, Message-ID, time). Announced as temporary, while the service goes on trying, it is
    `DELAYED`; given up, whatever the service calls that, it is `FAILED`, and `told` judges the words.

    Raises:
        Unreadable: without an id all such events would be one, and the second lost.
    """
    if not event.strip():
        raise Unreadable("an event without an id")
    bare = message_id.strip().strip("<>")
    return Report(
        what=what,
        fingerprint=sha256(f"{service} {event}".encode("utf-8", "replace")).digest(),
        tokens=tuple(_tokens(token)),
        returned_id=f"<{bare}>" if bare else None,
        said=(said,) if said else (),
        vouched=True,
    )


def _tokens(given: str) -> Iterator[str]:
    """The token itself, or the one in a return path."""
    if given:
        yield given.partition("@")[0].rpartition("+")[2]
