"""Asking: one source, redirects followed by hand; or a round of them, side by side, each within its own time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urljoin

import httpcore

from publisher.fetch.answers import (
    Failed,
    Fetched,
    Limits,
    Memory,
    NotModified,
    Result,
    conditions,
    one_line,
    retry_after,
    validators,
    values,
)
from publisher.fetch.body import Body
from publisher.fetch.dialling import CONNECT_SHARE, USER_AGENT, Dialler, network_failure, wire_url
from publisher.fetch.guard import Guard, Target, judge

__all__ = ["fetch", "fetch_all"]

HEADERS = (
    USER_AGENT,
    (
        b"Accept",
        b"application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, application/json;q=0.9, */*;q=0.5",
    ),
    (b"Accept-Encoding", b"gzip"),
)
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
OK = frozenset({200})


async def fetch(
    url: str,
    *,
    memory: Memory,
    now: datetime,
    limits: Limits | None = None,
    guard: Guard | None = None,
    statuses: frozenset[int] = OK,
) -> Result:
    """Ask one source; whatever name servers, networks and servers do is a value.

    `now` is the present instant (aware), from which `not_before` is reckoned. `statuses`: those whose answer is wanted whole, as where a
    refusal is what was asked about.
    """
    limits, guard = limits or Limits(), guard or Guard()
    return await _within(
        url, memory, now=now, limits=limits, guard=guard, seconds=limits.seconds, statuses=statuses
    )


async def fetch_all(
    requests: Sequence[tuple[str, str, Memory]],
    *,
    now: datetime,
    limits: Limits | None = None,
    guard: Guard | None = None,
    on_result: Callable[[str, Result], None] | None = None,
) -> dict[str, Result]:
    """Ask several sources, `(key, url, memory)` each, and give back their results by key, in the order of the requests.

    A slow source holds up no other; what has not had its turn when the round's time is over has failed with "timeout". `on_result` is
    called with each result as it comes in, one at a time, in a worker thread (it may write to the store); what it raises ends the round
    and is raised here.
    """
    limits, guard = limits or Limits(), guard or Guard()
    secure = any(url.lower().startswith("https:") for _, url, _ in requests)
    tls = (
        httpcore.default_ssl_context() if secure else None
    )  # once a round: it reads every certificate of the system
    turns = asyncio.Semaphore(limits.concurrency)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limits.total_seconds

    async def ask(key: str, url: str, memory: Memory) -> tuple[str, Result]:
        try:
            async with asyncio.timeout_at(deadline):
                await turns.acquire()
        except TimeoutError:
            return key, Failed("timeout", f"the round's {limits.total_seconds:g} s were over before its turn")
        try:
            left = min(deadline - loop.time(), limits.seconds)
            return key, await _within(url, memory, now=now, limits=limits, guard=guard, seconds=left, tls=tls)
        finally:
            turns.release()

    tasks = [asyncio.create_task(ask(*request)) for request in requests]
    results: dict[str, Result] = {}
    try:
        for next_one in asyncio.as_completed(tasks):
            key, result = await next_one
            results[key] = result
            if on_result is not None:
                await asyncio.to_thread(on_result, key, result)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return {key: results[key] for key, _, _ in requests}


async def _within(
    url: str,
    memory: Memory,
    *,
    now: datetime,
    limits: Limits,
    guard: Guard,
    seconds: float,
    tls: ssl.SSLContext | None = None,
    statuses: frozenset[int] = OK,
) -> Result:
    """Ask, within a total time that no trickle of bytes extends; without `tls` httpcore makes its default when it needs one."""
    dialler = Dialler(seconds / CONNECT_SHARE)
    try:
        async with (
            asyncio.timeout(seconds),
            httpcore.AsyncConnectionPool(ssl_context=tls, network_backend=dialler) as pool,
        ):
            asker = _Asker(pool, dialler, now=now, limits=limits, guard=guard, statuses=statuses)
            began = asyncio.get_running_loop().time()
            answer = await asker.ask(url, memory)
            took = asyncio.get_running_loop().time() - began
            return replace(answer, seconds=took) if isinstance(answer, Fetched) else answer
    except TimeoutError:
        return Failed("timeout", f"no whole answer within {seconds:g} s")
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
        return network_failure(error)


class _Asker:
    """One source being asked: its own pool of connections, and what it may do."""

    def __init__(
        self,
        pool: httpcore.AsyncConnectionPool,
        dialler: Dialler,
        *,
        now: datetime,
        limits: Limits,
        guard: Guard,
        statuses: frozenset[int],
    ) -> None:
        self._statuses = statuses
        self._pool, self._dialler = pool, dialler
        self._now, self._limits, self._guard = now, limits, guard

    async def ask(self, url: str, memory: Memory) -> Result:
        """Follow redirects to an answer."""
        target = await judge(url, self._guard)
        if isinstance(target, Failed):
            return target
        moved_to, permanent = None, True
        for _ in range(self._limits.redirects + 1):
            self._dialler.allow(target)
            asked_with = conditions(memory)
            headers = [(b"Host", target.authority.encode()), *HEADERS, *asked_with]
            async with self._pool.stream("GET", wire_url(target), headers=headers) as answer:
                if (
                    sum(len(name) + len(value) + 4 for name, value in answer.headers)
                    > self._limits.header_bytes
                ):
                    return Failed("header-too-large", "the answer's head is larger than we read")
                if answer.status not in REDIRECTS:
                    return await self._taken(answer, target, moved_to, conditional=bool(asked_with))
                after = await self._redirected(answer, target)
            if isinstance(after, Failed):
                return after
            permanent = permanent and answer.status in PERMANENT
            moved_to = after.url if permanent else moved_to
            if after.host != target.host:  # what one server gave us to remember is none of another's business
                memory = Memory()
            target = after
        return Failed("redirect", f"more than {self._limits.redirects} redirects")

    async def _redirected(self, answer: httpcore.Response, target: Target) -> Target | Failed:
        """Where a redirect leads, judged like any other address; never from https down to http."""
        locations = set(values(answer.headers, b"location"))
        if len(locations) != 1:
            return Failed("redirect", f"status {answer.status} without one place to go to")
        try:
            url = urljoin(target.url, locations.pop())
        except ValueError as error:
            return Failed(
                "redirect", f"it redirects to an address that cannot be read: {one_line(str(error))}"
            )
        after = await judge(url, self._guard)
        if isinstance(after, Failed):
            return Failed("redirect", f"it redirects where we do not go: {after.detail}")
        if (target.scheme, after.scheme) == ("https", "http"):
            return Failed("redirect", "it redirects from https down to http")
        return after

    async def _taken(
        self, answer: httpcore.Response, target: Target, moved_to: str | None, *, conditional: bool
    ) -> Result:
        """The answer at the end of all redirects."""
        not_before = retry_after(answer.headers, now=self._now, cap=self._limits.retry_after_cap)
        if answer.status == 304 and conditional:
            return NotModified(not_before)
        if answer.status == 304:
            return Failed(
                "unasked-304", "it says that nothing changed, but we asked for everything", not_before
            )
        if answer.status in {429, 503}:
            return Failed("throttled", f"it asks for patience (status {answer.status})", not_before)
        if answer.status not in self._statuses:
            return Failed(f"http-{answer.status}", f"it answers with status {answer.status}", not_before)
        body = await self._body(answer)
        if isinstance(body, Failed):
            return body
        return Fetched(
            url=target.url,
            content_type=one_line(", ".join(values(answer.headers, b"content-type"))),
            body=body,
            memory=validators(answer.headers),
            not_before=not_before,
            moved_to=moved_to,
            status=answer.status,
            headers=answer.headers,
        )

    async def _body(self, answer: httpcore.Response) -> bytes | Failed:
        body = Body(answer.headers, self._limits.bytes)
        try:
            async for chunk in answer.aiter_stream():
                if not body.feed(chunk):
                    break
        except (httpcore.RemoteProtocolError, httpcore.ReadError) as error:
            return Failed("incomplete", f"the answer breaks off: {one_line(str(error))}")
        return body.whole()
