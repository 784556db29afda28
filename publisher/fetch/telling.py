"""Telling: a small form, posted to one server, of whose answer nothing but the status is read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

import httpcore

from publisher.fetch.answers import Failed, Limits, retry_after
from publisher.fetch.dialling import CONNECT_SHARE, USER_AGENT, Dialler, network_failure, wire_url
from publisher.fetch.guard import Guard, Target, judge

__all__ = ["Taken", "post"]


@dataclass(frozen=True, slots=True)
class Taken:
    """The server took it (2xx)."""

    status: int


async def post(
    url: str, form: Mapping[str, str], *, now: datetime, limits: Limits, guard: Guard
) -> Taken | Failed:
    """Post this form within `limits.seconds`; whatever network and server do is a value.

    The guard holds as for fetching. Redirects are not followed: who is told is named in the configuration.
    """
    dialler = Dialler(limits.seconds / CONNECT_SHARE)
    try:
        async with (
            asyncio.timeout(limits.seconds),
            httpcore.AsyncConnectionPool(network_backend=dialler) as pool,
        ):
            target = await judge(url, guard)
            if isinstance(target, Failed):
                return target
            dialler.allow(target)
            return await _post(pool, target, form, now=now, limits=limits)
    except TimeoutError:
        return Failed("timeout", f"no answer within {limits.seconds:g} s")
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
        return network_failure(error)


async def _post(
    pool: httpcore.AsyncConnectionPool,
    target: Target,
    form: Mapping[str, str],
    *,
    now: datetime,
    limits: Limits,
) -> Taken | Failed:
    body = urlencode(form).encode("ascii")
    headers = [
        (b"Host", target.authority.encode()),
        USER_AGENT,
        (b"Content-Type", b"application/x-www-form-urlencoded"),
        (b"Content-Length", b"%d" % len(body)),
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
