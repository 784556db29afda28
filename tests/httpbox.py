"""A web server for tests that sends exactly the bytes it is given: good answers, broken ones, and none at all."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from publisher.fetch import Failed, Guard, Limits, Memory, Resolver, Result, fetch

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
NOTHING = Memory()
Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Site:
    """A running server: `requests` and `bodies` are what it was sent, in order; `names` what clients asked for in SNI."""

    port: int = 0
    requests: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def guard(self) -> Guard:
        """One that lets tests ask this server by its address."""
        return Guard(ports=frozenset({self.port}), allow_hosts=frozenset({"127.0.0.1"}))

    def guard_for(self, *names: str, addresses: tuple[str, ...] = ("127.0.0.1",)) -> Guard:
        """One that lets tests ask this server by these names."""

        async def resolver(host: str, _port: int) -> list[str]:
            return list(addresses) if host in names else []

        found: Resolver = resolver
        return Guard(ports=frozenset({self.port}), allow_hosts=frozenset(names), resolver=found)

    def sent(self, name: str) -> list[str | None]:
        """The value of this header in each request; None where it was not sent."""
        found: list[str | None] = []
        for head in self.requests:
            lines = (line.partition(":") for line in head.split("\r\n")[1:])
            found.append(
                next((value.strip() for key, _, value in lines if key.lower() == name.lower()), None)
            )
        return found


def ok(body: bytes = b"<rss/>", *headers: str) -> bytes:
    """An answer of status 200."""
    return answer(200, *headers, body=body)


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    """An answer with these header lines, and the length of its body unless they tell one."""
    lines = list(headers)
    if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in lines):
        lines.append(f"Content-Length: {len(body)}")
    return (
        f"HTTP/1.1 {status} Said\r\n".encode()
        + "".join(f"{line}\r\n" for line in lines).encode()
        + b"\r\n"
        + body
    )


@asynccontextmanager
async def serving(answers: Mapping[str, Answer], tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    """A site that answers each path as told, and closes after each answer; an unknown path is 404."""
    site = Site()
    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: site.names.append(name)

    open_ones: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones[writer] = asyncio.current_task()
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            site.requests.append(head)
            length = re.search(r"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
            site.bodies.append(await reader.readexactly(int(length[1])) if length else b"")
            told = answers.get(head.split(" ")[1], answer(404))
            if isinstance(told, bytes):
                writer.write(told)
                await writer.drain()
            else:
                await told(writer)
        writer.close()
        del open_ones[writer]

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        for writer, task in list(open_ones.items()):
            if task is not None:
                task.cancel()
            writer.transport.abort()
        await asyncio.gather(*filter(None, open_ones.values()), return_exceptions=True)


def asked(
    answers: Mapping[str, Answer], path: str = "/feed", *, memory: Memory = NOTHING, **limits: Any
) -> tuple[Result, Site]:
    """What comes of asking a server that answers so, and the server with the requests it saw."""

    async def run() -> tuple[Result, Site]:
        async with serving(answers) as site:
            given = Limits(**({"seconds": 5.0} | limits))
            return await fetch(site.url + path, memory=memory, now=NOW, limits=given, guard=site.guard), site

    return asyncio.run(run())


def reason(result: Result) -> str:
    assert isinstance(result, Failed), result
    assert result.detail
    assert result.detail.isprintable()
    return result.reason
