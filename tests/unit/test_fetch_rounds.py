"""Names, and time: what a source or a name server does slowly or never, and many sources at once."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import Any

import pytest

from publisher.fetch import Fetched, Guard, Limits, Result, fetch, fetch_all
from tests.httpbox import NOTHING, NOW, Answer, Site, asked, ok, reason, serving

RSS = b'<rss version="2.0"><channel/></rss>'


def test_a_name_is_resolved_once_and_the_judged_address_is_dialled() -> None:
    async def run() -> tuple[Result, Site, list[str]]:
        looked_up: list[str] = []

        async def resolver(host: str, _port: int) -> list[str]:
            looked_up.append(host)
            return ["127.0.0.9", "127.0.0.1"]  # nobody listens at the first

        async with serving({"/feed": ok(RSS)}) as site:
            guard = Guard(frozenset({site.port}), frozenset({"wire.example"}), resolver)
            url = f"http://Wire.Example.:{site.port}/feed"
            return await fetch(url, memory=NOTHING, now=NOW, guard=guard), site, looked_up

    result, site, looked_up = asyncio.run(run())
    assert isinstance(result, Fetched)
    assert looked_up == ["wire.example"]
    assert site.sent("host") == [f"wire.example:{site.port}"]


def test_a_port_where_nobody_listens_is_no_connection() -> None:
    async def run() -> Result:
        async with serving({}) as site:
            pass
        return await fetch(site.url, memory=NOTHING, now=NOW, guard=site.guard)

    assert reason(asyncio.run(run())) == "connect"


async def drip(writer: asyncio.StreamWriter) -> None:
    """A byte now and then: each read is in time, the whole never is."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(0.02)


async def silence(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("stalling", [drip, silence])
def test_no_trickle_extends_a_sources_time(stalling: Answer) -> None:
    begun = time.monotonic()
    result, _ = asked({"/feed": stalling}, seconds=0.2)
    assert reason(result) == "timeout"
    assert time.monotonic() - begun < 20  # the drip would take half an hour


def test_slow_and_dead_sources_hold_up_nobody_and_end_together() -> None:
    """Eight of forty never end. Each waits in a slot of its own: the others are done before the first of them is given up."""
    told: dict[str, Answer] = {f"/{n}": ok(f"{n}".encode()) for n in range(40)}
    told |= {f"/{n}": (drip, silence)[n % 2] for n in range(0, 40, 5)}
    seen: list[str] = []

    async def run() -> dict[str, Result]:
        async with serving(told) as site:
            return await fetch_all(
                [(f"s{n}", f"{site.url}/{n}", NOTHING) for n in range(40)],
                now=NOW,
                limits=Limits(seconds=3, total_seconds=60, concurrency=10),
                guard=site.guard,
                on_result=lambda key, _: seen.append(key),
            )

    begun = time.monotonic()
    results = asyncio.run(run())
    assert time.monotonic() - begun < 8 * 3  # as it would be one after the other
    assert list(results) == [f"s{n}" for n in range(40)]
    assert sorted(seen) == sorted(results)
    assert {int(name[1:]) % 5 == 0 for name in seen[:32]} == {False}
    for n in range(40):
        result = results[f"s{n}"]
        if n % 5:
            assert isinstance(result, Fetched)
            assert result.body == f"{n}".encode()
        else:
            assert reason(result) == "timeout"


def test_who_has_had_no_turn_when_the_rounds_time_is_over_has_failed() -> None:
    async def run() -> dict[str, Result]:
        async with serving({"/slow": silence}) as site:
            return await fetch_all(
                [(f"s{n}", f"{site.url}/slow", NOTHING) for n in range(4)],
                now=NOW,
                limits=Limits(seconds=100, total_seconds=0.3, concurrency=1),
                guard=site.guard,
            )

    begun = time.monotonic()
    results = asyncio.run(run())
    assert time.monotonic() - begun < 50
    assert {reason(result) for result in results.values()} == {"timeout"}
    assert "turn" in str(results["s3"])


def test_a_failure_of_the_listener_ends_the_round_by_its_own_name() -> None:
    class StoreFull(Exception):
        """The disk is full."""

    def listener(_key: str, _result: Result) -> None:
        raise StoreFull

    async def run() -> None:
        async with serving({"/feed": ok(RSS), "/slow": silence}) as site:
            requests = [(path, f"{site.url}/{path}", NOTHING) for path in ("feed", "slow")]
            limits = Limits(seconds=100, total_seconds=100)
            await fetch_all(requests, now=NOW, limits=limits, guard=site.guard, on_result=listener)

    begun = time.monotonic()
    with pytest.raises(StoreFull):
        asyncio.run(run())
    assert time.monotonic() - begun < 50


def test_a_name_server_that_never_answers_delays_neither_others_nor_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()
    seen: list[str] = []

    def never(*_: Any, **__: Any) -> Any:
        released.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", never)

    async def run() -> dict[str, Result]:
        async with serving({"/feed": ok(RSS)}) as site:
            dead = [(f"dead{n}", f"http://dead{n}.example:{site.port}/", NOTHING) for n in range(40)]
            guard = Guard(frozenset({site.port}), frozenset({"127.0.0.1"}))
            return await fetch_all(
                [*dead, ("live", f"{site.url}/feed", NOTHING)],
                now=NOW,
                limits=Limits(seconds=3, concurrency=50),
                guard=guard,
                on_result=lambda key, _: seen.append(key),
            )

    begun = time.monotonic()
    try:
        results = asyncio.run(run())
        assert time.monotonic() - begun < 30  # and not the minute that the name server takes
    finally:
        released.set()
    assert seen[0] == "live"
    assert isinstance(results["live"], Fetched)
    assert {reason(results[f"dead{n}"]) for n in range(40)} == {"timeout"}


def test_a_name_that_does_not_exist_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    result = asyncio.run(fetch("https://wire.example/feed", memory=NOTHING, now=NOW))
    assert reason(result) == "name"
    assert "not known" in str(result)
