"""The ASGI function: finds what stands at a path, holds the request's conditions against it, sends what is prepared.

It stands alone, without a framework: routing and response objects cost twice as much as everything below.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from publisher.web.asking import named, seconds_of, takes_gzip
from publisher.web.shelf import Answer, Entry, Gone, Redirect, Shelf, answer, text_answer, unpacked

__all__ = ["Application", "Ask", "Fetch", "application"]

Message = MutableMapping[str, Any]
Application = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]

Fetch = Callable[[Entry], Awaitable[Entry | Gone | None]]
"""Gives a file that the shelf had no room for as it is now; None when it cannot be read."""

Ask = Callable[[bytes, list[tuple[bytes, bytes]]], Awaitable[Answer | None]]
"""Answers at paths that belong to no file, such as `/readyz`; None where there is nothing."""

_LATER = text_answer(
    503,
    "This cannot be read at the moment. Please try again.",
    (b"retry-after", b"30"),
    (b"cache-control", b"no-store"),
)
_NOT_ALLOWED = text_answer(405, "Only GET and HEAD are answered here.", (b"allow", b"GET, HEAD"))
_ALIVE = answer(
    200,
    ((b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")),
    length=3,
    body=b"ok\n",
)
_HEALTH = b"/healthz"


def application(
    shelf: Shelf,
    *,
    clock: Callable[[], float],
    fetch: Fetch,
    doors: Mapping[bytes, Application] | None = None,
    log: Callable[[str], None] | None = None,
    ask: Ask | None = None,
) -> Application:
    """An ASGI application that serves what stands on this shelf.

    Args:
        shelf: what is public; it may change between two requests.
        clock: the present instant in seconds since 1970; only dates in requests are held against it.
        fetch: reads what the shelf has no room for.
        doors: first part of an address -> who answers there, where nothing public stands: readers' pages, machines.
        log: is told a line per request. Addresses that are none of ours are cut after their first part: they may hold a reader's token.
        ask: is asked where no file is.
    """

    async def app(
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        raw_path: bytes = scope["raw_path"]
        method: str = scope["method"]
        found = shelf.find(raw_path)
        head = method == "HEAD"
        door = doors.get(_first_part(raw_path)) if found is None and doors else None
        if door is not None:
            await door(scope, receive, _overheard(send, f"{method} {_cut(raw_path)}", log))
            return
        if method != "GET" and not head and (found is not None or raw_path == _HEALTH):
            told = _NOT_ALLOWED
        elif isinstance(found, Entry):
            told = _conditional(found, scope["headers"], clock)
            if told.body is None and found.packed is None and not head:
                found = await fetch(found)
                told = (
                    _conditional(found, scope["headers"], clock)
                    if isinstance(found, Entry)
                    else _missing(found, shelf, raw_path)
                )
        else:
            asks = found is None and (method == "GET" or head)
            asked = await ask(raw_path, scope["headers"]) if ask and asks else None
            told = asked or _short(found, shelf, raw_path)
        await send(told.start)
        if told.body is not None:
            await send(told.body)
        elif head or not isinstance(found, Entry) or found.packed is None:
            await send({"type": "http.response.body", "body": b""})
        else:
            await send(await asyncio.to_thread(unpacked, found.packed))
        if log is not None:
            shown = found.path if found is not None else _cut(raw_path)
            log(f"{method} {shown} {told.start['status']}")

    return app


def _short(found: Redirect | Gone | None, shelf: Shelf, raw_path: bytes) -> Answer:
    """What is said where no file stands."""
    if isinstance(found, Redirect):
        return found.answer
    if found is not None:
        return shelf.gone(found, raw_path)
    return _ALIVE if raw_path == _HEALTH else shelf.error(404, raw_path)


def _first_part(raw_path: bytes) -> bytes:
    """The first part of an address."""
    return raw_path[1:].partition(b"/")[0]


def _overheard(
    send: Callable[[Message], Awaitable[None]], asked: str, log: Callable[[str], None] | None
) -> Callable[[Message], Awaitable[None]]:
    """The same, and a line of the log when the answer begins."""

    async def overheard(message: Message) -> None:
        if log is not None and message["type"] == "http.response.start":
            log(f"{asked} {message['status']}")
        await send(message)

    return overheard


def _missing(found: Gone | None, shelf: Shelf, raw_path: bytes) -> Answer:
    """What is said of a file that could not be read again."""
    return _LATER if found is None else shelf.gone(found, raw_path)


def _conditional(entry: Entry, headers: list[tuple[bytes, bytes]], clock: Callable[[], float]) -> Answer:
    """The whole answer, or 304: If-None-Match alone where there is one, else If-Modified-Since (RFC 9110 section 13.2.2)."""
    tags = since = encodings = None
    several = False
    for name, value in headers:
        if name == b"if-none-match":
            tags = value if tags is None else tags + b"," + value
        elif name == b"if-modified-since":
            several = since is not None
            since = value
        elif name == b"accept-encoding":
            encodings = value if encodings is None else encodings + b"," + value
    gzipped = encodings is not None and takes_gzip(encodings)
    if tags is not None:
        known = tags in (entry.tag, entry.weak_tag) or named(tags, entry.tag)
    elif since is not None and not several:
        known = since == entry.modified or _not_since(entry, since, clock())
    else:
        known = False
    if known:
        return entry.gzipped_known if gzipped else entry.plain_known
    return entry.gzipped if gzipped else entry.plain


def _not_since(entry: Entry, since: bytes, now: float) -> bool:
    asked = seconds_of(since, now=now)
    return asked is not None and entry.modified_at <= asked


def _cut(raw_path: bytes) -> str:
    """The first part of an address that is none of ours, fit for a line of a log."""
    first, slash, rest = raw_path[1:].partition(b"/")
    kept = "".join(c if c.isprintable() else "?" for c in first[:32].decode("latin-1"))
    return f"/{kept}{'/…' if slash and rest else ''}"
