"""Telling: small forms or JSON documents, posted side by side, of whose answers nothing but the status is read; failures are values."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

import httpcore

from publisher.fetch.answers import Failed, Headers, Limits, retry_after
from publisher.fetch.dialling import CONNECT_SHARE, USER_AGENT, Dialler, network_failure, wire_url
from publisher.fetch.guard import Guard, Target, judge

__all__ = ["Taken", "post_all"]

K = TypeVar("K")
Body = Mapping[str, str] | bytes
"""A form, or a JSON document as it goes on the wire."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The server took it (2xx)."""

    status: int


async def post_all(
    requests: Mapping[K, tuple[str, Body]],
    *,
    now: datetime,
    limits: Limits,
    guard: Guard,
    headers: Mapping[K, Headers] | None = None,
) -> dict[K, Taken | Failed]:
    """Post these, `(url, form or document)` by key, within `limits.total_seconds`; who had no whole turn in them is not in the answer.

    The guard holds as for fetching, and each post may take `limits.seconds`. Redirects are not followed: who is told is named in the
    configuration. `headers`: more of them, by key.
    """
    secure = any(url.lower().startswith("https:") for url, _ in requests.values())
    # in a thread: it reads every certificate of the system
    tls = await asyncio.to_thread(httpcore.default_ssl_context) if secure else None
    turns = asyncio.Semaphore(limits.concurrency)
    answers: dict[K, Taken | Failed] = {}

    async def one(key: K, url: str, form: Body) -> None:
        async with turns:
            more = headers.get(key, ()) if headers else ()
            answers[key] = await _within(url, form, more, now=now, limits=limits, guard=guard, tls=tls)

    tasks = [asyncio.create_task(one(key, url, form)) for key, (url, form) in requests.items()]
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=limits.total_seconds)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for bug in ended:
        if isinstance(bug, Exception):
            raise bug
    return answers


async def _within(
    url: str,
    form: Body,
    more: Headers,
    *,
    now: datetime,
    limits: Limits,
    guard: Guard,
    tls: ssl.SSLContext | None,
) -> Taken | Failed:
    dialler = Dialler(limits.seconds / CONNECT_SHARE)
    try:
        async with (
            asyncio.timeout(limits.seconds),
            httpcore.AsyncConnectionPool(ssl_context=tls, network_backend=dialler) as pool,
        ):
            target = await judge(url, guard)
            if isinstance(target, Failed):
                return target
            dialler.allow(target)
            return await _post(pool, target, form, more, now=now, limits=limits)
    except TimeoutError:
        return Failed("timeout", f"no answer within {limits.seconds:g} s")
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
        return network_failure(error)


async def _post(
    pool: httpcore.AsyncConnectionPool,
    target: Target,
    form: Body,
    more: Headers,
    *,
    now: datetime,
    limits: Limits,
) -> Taken | Failed:
    is_json = isinstance(form, bytes)
    body = form if isinstance(form, bytes) else urlencode(form).encode("ascii")
    headers = [
        (b"Host", target.authority.encode()),
        USER_AGENT,
        (b"Content-Type", b"application/json" if is_json else b"application/x-www-form-urlencoded"),
        (b"Content-Length", b"%d" % len(body)),
        *more,
    ]
    async with pool.stream("POST", wire_url(target), headers=headers, content=body) as answer:
        if 200 <= answer.status < 300:
            return Taken(answer.status)
        not_before = retry_after(answer.headers, now=now, cap=limits.retry_after_cap)
        if 300 <= answer.status < 400:
            return Failed(
                "redirect", f"it redirects (status {answer.status}): name the place it leads to instead"
            )
        return Failed(f"http-{answer.status}", f"it answers with status {answer.status}", not_before)
