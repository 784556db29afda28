from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher.fetch import Failed, Fetched, Guard, Limits, Memory, NotModified, Result, fetch, fetch_all
from tests.certificates import tls_context
from tests.httpbox import Answer, Site, answer, ok, serving

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
NOTHING = Memory()
RSS = b'<rss version="2.0"><channel/></rss>'


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


# ---------------------------------------------------------------------------------------------------------- the answer


def test_a_whole_answer_comes_with_what_to_remember() -> None:
    headers = (
        "Content-Type: application/rss+xml; charset=utf-8",
        'ETag: "v1"',
        "Last-Modified: Sun, 01 Mar 2026 09:00:00 GMT",
    )
    result, site = asked(
        {"/feed?x=1&y=ä": ok(), "/feed?x=1&y=%C3%A4": ok(RSS, *headers)}, "/feed?x=1&y=ä#top"
    )
    assert result == Fetched(
        url=f"{site.url}/feed?x=1&y=%C3%A4",
        content_type="application/rss+xml; charset=utf-8",
        body=RSS,
        memory=Memory('"v1"', "Sun, 01 Mar 2026 09:00:00 GMT"),
    )


def test_the_request_names_the_host_and_asks_for_gzip_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    result, site = asked({"/feed": ok(RSS)})
    assert isinstance(result, Fetched)
    assert site.sent("host") == [f"127.0.0.1:{site.port}"]
    assert site.sent("accept-encoding") == ["gzip"]
    assert site.sent("if-none-match") == [None]
    assert str(site.sent("user-agent")[0]).startswith("Publisher/")


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", "identity, gzip"])
def test_one_gzip_coding_is_undone(coding: str) -> None:
    result, _ = asked({"/feed": ok(gzip.compress(RSS) + b"\0" * 9, f"Content-Encoding: {coding}")})
    assert isinstance(result, Fetched)
    assert result.body == RSS


def test_the_members_of_one_gzip_answer_are_one_body_and_one_sum() -> None:
    body = gzip.compress(RSS) + b"\0\0" + gzip.compress(b"") + gzip.compress(RSS)
    told: dict[str, Answer] = {"/feed": ok(body, "Content-Encoding: gzip")}
    result, _ = asked(told)
    assert isinstance(result, Fetched)
    assert result.body == RSS + RSS
    assert reason(asked(told, bytes=2 * len(RSS) - 1)[0]) == "too-large"


@pytest.mark.parametrize(
    ("body", "coding", "why"),
    [
        (RSS, "br", "coding"),
        (RSS, "deflate", "coding"),
        (gzip.compress(gzip.compress(RSS)), "gzip, gzip", "coding"),
        (gzip.compress(gzip.compress(RSS)), "gzip\r\nContent-Encoding: gzip", "coding"),
        (RSS, "gzip", "coding"),
        (gzip.compress(RSS) + b"more", "gzip", "coding"),
        (gzip.compress(RSS)[:-5], "gzip", "incomplete"),
        (b"", "gzip", "incomplete"),
        (gzip.compress(b"a" * 1_000_001), "gzip", "too-large"),
        (b"a" * 1_000_001, "identity", "too-large"),
        (gzip.compress(b"") * 60_000, "gzip", "too-large"),
    ],
)
def test_what_is_compressed_otherwise_damaged_or_too_large_is_refused(
    body: bytes, coding: str, why: str
) -> None:
    result, _ = asked({"/feed": ok(body, f"Content-Encoding: {coding}")}, bytes=1_000_000)
    assert reason(result) == why


def test_a_body_of_exactly_the_limit_is_taken() -> None:
    result, _ = asked({"/feed": ok(b"a" * 1_000_000)}, bytes=1_000_000)
    assert isinstance(result, Fetched)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (answer(200, "Content-Length: 50", body=b"<rss>"), "incomplete"),
        (answer(200, "Transfer-Encoding: chunked", body=b"5\r\n<rss>\r\n"), "incomplete"),
        (answer(200, "Transfer-Encoding: chunked", body=b"5\r\n<rss>\r\nxx\r\n"), "incomplete"),
        (answer(200, "Content-Length: 5", "Content-Length: 6", body=b"<rss>"), "protocol"),
        (b"", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "protocol"),
        (b"<rss></rss>\r\n\r\n", "protocol"),
        (b"SSH-2.0-box\r\n\r\n", "protocol"),
        (answer(200, "X: \x01\x00"), "protocol"),
    ],
)
def test_an_answer_that_is_not_whole_is_a_failure(sent: bytes, why: str) -> None:
    assert reason(asked({"/feed": sent})[0]) == why


@pytest.mark.parametrize("size", [70_000, 400_000])
def test_a_head_without_measure_is_refused(size: int) -> None:
    head = "".join(f"X-{n}: {'a' * 90}\r\n" for n in range(size // 100))
    result, _ = asked({"/feed": f"HTTP/1.1 200 OK\r\n{head}Content-Length: 0\r\n\r\n".encode()})
    assert reason(result) == "header-too-large"


@pytest.mark.parametrize("status", [204, 206, 300, 400, 401, 404, 410, 500, 502])
def test_any_other_status_is_a_failure_that_names_it(status: int) -> None:
    assert reason(asked({"/feed": answer(status)})[0]) == f"http-{status}"


# ------------------------------------------------------------------------------------------------------- conditional


@pytest.mark.parametrize(
    ("memory", "etag", "since"),
    [
        (Memory('"v1"', "Sun, 01 Mar 2026 09:00:00 GMT"), '"v1"', None),
        (Memory(None, "Sun, 01 Mar 2026 09:00:00 GMT"), None, "Sun, 01 Mar 2026 09:00:00 GMT"),
        (Memory('W/"v1"'), '"v1"', None),
        (Memory('"v1-gzip"'), '"v1"', None),
        (Memory('"v1"\r\nX-Evil: 1', "Sun\r\nX-Evil: 1"), None, None),
        (Memory("v1", None), None, None),
        (Memory('"a", "b"', None), None, None),
        (Memory(f'"{"x" * 600}"', None), None, None),
    ],
)
def test_what_is_remembered_is_asked_with_if_it_can_be_sent(
    memory: Memory, etag: str | None, since: str | None
) -> None:
    _, site = asked({"/feed": answer(304)}, memory=memory)
    assert site.sent("if-none-match") == [etag]
    assert site.sent("if-modified-since") == [since]
    assert site.sent("x-evil") == [None]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('W/"v1"', '"v1"'),
        ('"v1-gzip"', '"v1"'),
        ("v1", None),
        ('"v\x01"', None),
        ('"ü"', None),
        ('""', '""'),
        ('"', None),
        (f'"{"x" * 600}"', None),
        ('"a"\r\nETag: "b"', None),
    ],
)
def test_only_an_etag_that_is_one_is_remembered(sent: str, kept: str | None) -> None:
    result, _ = asked({"/feed": ok(RSS, f"ETag: {sent}", "Last-Modified: a\tb")})
    assert isinstance(result, Fetched)
    assert result.memory == Memory(kept, None)


def test_not_modified_is_believed_only_when_we_asked() -> None:
    assert asked({"/feed": answer(304)}, memory=Memory('"v1"'))[0] == NotModified()
    assert reason(asked({"/feed": answer(304)})[0]) == "unasked-304"
    assert reason(asked({"/feed": answer(304)}, memory=Memory("not an etag"))[0]) == "unasked-304"


@pytest.mark.parametrize(
    ("value", "later"),
    [
        ("120", timedelta(seconds=120)),
        ("0", timedelta()),
        ("Mon, 02 Mar 2026 02:40:00 GMT", timedelta(minutes=10)),
        ("Mon, 02 Mar 2026 06:10:00 +0330", timedelta(minutes=10)),
        ("Mon, 02 Mar 2026 02:40:00 -0000", timedelta(minutes=10)),
        ("Sun, 01 Mar 2026 00:00:00 GMT", timedelta()),
        ("86401", timedelta(days=1)),
        ("9" * 400, timedelta(days=1)),
        ("Fri, 02 Mar 2096 02:40:00 GMT", timedelta(days=1)),
        ("-5", None),
        ("soon", None),
        ("١٢٠", None),
        ("Mon, 99 Mar 99999 99:99:99 GMT", None),
        ("5\r\nRetry-After: 6", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_for_patience_is_given_it_up_to_a_day(
    status: int, value: str, later: timedelta | None
) -> None:
    result, _ = asked({"/feed": answer(status, f"Retry-After: {value}")})
    assert reason(result) == "throttled"
    assert isinstance(result, Failed)
    assert result.not_before == (None if later is None else NOW + later)


def test_patience_may_be_asked_for_with_any_answer() -> None:
    told: dict[str, Answer] = {
        "/ok": ok(RSS, "Retry-After: 60"),
        "/same": answer(304, "Retry-After: 60"),
        "/gone": answer(404, "Retry-After: 60"),
    }
    for path in told:
        result, _ = asked(told, path, memory=Memory('"v1"'))
        assert result.not_before == NOW + timedelta(minutes=1)


# --------------------------------------------------------------------------------------------------------- redirects


def test_permanent_redirects_are_followed_and_told_up_to_the_first_that_is_not() -> None:
    told: dict[str, Answer] = {
        "/feed": answer(301, "Location: /one"),
        "/one": answer(308, "Location: two?x=1#part"),
        "/two?x=1": answer(302, "Location: /three"),
        "/three": answer(301, "Location: /four"),
        "/four": ok(RSS),
    }
    result, site = asked(told, memory=Memory('"v1"'))
    assert isinstance(result, Fetched)
    assert (result.url, result.moved_to) == (f"{site.url}/four", f"{site.url}/two?x=1")
    assert site.sent("if-none-match") == ['"v1"'] * 5


def test_a_redirect_that_is_not_permanent_moves_nothing() -> None:
    told: dict[str, Answer] = {"/feed": answer(307, "Location: /now"), "/now": ok(RSS)}
    result, _ = asked(told)
    assert isinstance(result, Fetched)
    assert result.moved_to is None


def test_the_sixth_redirect_is_not_followed() -> None:
    result, site = asked({"/feed": answer(302, "Location: /feed")})
    assert reason(result) == "redirect"
    assert len(site.requests) == 6


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://wire.example/feed",
        "//user:word@127.0.0.1/",
        "http://127.0.0.1:9/",
        "http://169.254.169.254/latest/",
        "http://[::1/",
        "http://a b/",
    ],
)
def test_a_redirect_leads_nowhere_that_a_source_could_not(location: str) -> None:
    result, site = asked({"/feed": answer(302, f"Location: {location}")})
    assert reason(result) == "redirect"
    assert len(site.requests) == 1


@pytest.mark.parametrize("headers", [(), ("Location: /a", "Location: /b")])
def test_a_redirect_names_one_place(headers: tuple[str, ...]) -> None:
    assert reason(asked({"/feed": answer(302, *headers)})[0]) == "redirect"


def test_what_one_host_gave_us_to_remember_is_not_told_to_another() -> None:
    async def run() -> tuple[Result, Site]:
        told: dict[str, Answer] = {"/new": answer(304)}
        async with serving(told) as site:
            told["/feed"] = answer(301, f"Location: http://new.example:{site.port}/new")
            guard = site.guard_for("old.example", "new.example")
            url = f"http://old.example:{site.port}/feed"
            return await fetch(url, memory=Memory('"v1"'), now=NOW, guard=guard), site

    result, site = asyncio.run(run())
    assert site.sent("if-none-match") == ['"v1"', None]
    assert reason(result) == "unasked-304"


# --------------------------------------------------------------------------------------------------------------- TLS


def over_tls(
    folder: Path, certificate: str, *, told: Mapping[str, Answer], path: str = "/feed"
) -> tuple[Result, Site]:
    async def run() -> tuple[Result, Site]:
        async with serving(told, tls_context(folder, certificate)) as site:
            url = f"https://localhost:{site.port}{path}"
            return await fetch(url, memory=NOTHING, now=NOW, guard=site.guard_for("localhost")), site

    return asyncio.run(run())


def test_the_name_stands_in_sni_and_the_certificate_is_held_against_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    result, site = over_tls(tmp_path, "good", told={"/feed": ok(RSS)})
    assert isinstance(result, Fetched), result
    assert site.names == ["localhost"]
    assert site.sent("host") == [f"localhost:{site.port}"]


@pytest.mark.parametrize("certificate", ["expired", "other-name", "untrusted"])
def test_a_certificate_that_proves_nothing_ends_the_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, certificate: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    result, site = over_tls(tmp_path, certificate, told={"/feed": ok(RSS)})
    assert reason(result) == "tls"
    assert site.requests == []


def test_https_is_not_redirected_down_to_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    async def run() -> Result:
        told: dict[str, Answer] = {}
        async with serving(told, tls_context(tmp_path)) as site:
            told["/feed"] = answer(302, f"Location: http://localhost:{site.port}/feed")
            url = f"https://localhost:{site.port}/feed"
            return await fetch(url, memory=NOTHING, now=NOW, guard=site.guard_for("localhost"))

    result = asyncio.run(run())
    assert reason(result) == "redirect"
    assert "https down to http" in str(result)


# ------------------------------------------------------------------------------------------------------- names, time


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
    assert time.monotonic() - begun < 2


def test_slow_and_dead_sources_hold_up_nobody_and_the_round_ends_in_time() -> None:
    told: dict[str, Answer] = {f"/{n}": ok(f"{n}".encode()) for n in range(40)}
    told |= {f"/{n}": (drip, silence)[n % 2] for n in range(0, 40, 4)}
    seen: list[str] = []

    async def run() -> dict[str, Result]:
        async with serving(told) as site:
            return await fetch_all(
                [(f"s{n}", f"{site.url}/{n}", NOTHING) for n in range(40)],
                now=NOW,
                limits=Limits(seconds=0.4, total_seconds=5, concurrency=6),
                guard=site.guard,
                on_result=lambda key, _: seen.append(key),
            )

    begun = time.monotonic()
    results = asyncio.run(run())
    assert time.monotonic() - begun < 4
    assert list(results) == [f"s{n}" for n in range(40)]
    assert sorted(seen) == sorted(results)
    for n in range(40):
        result = results[f"s{n}"]
        if n % 4:
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
                limits=Limits(seconds=10, total_seconds=0.3, concurrency=1),
                guard=site.guard,
            )

    begun = time.monotonic()
    results = asyncio.run(run())
    assert time.monotonic() - begun < 2
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
            await fetch_all(requests, now=NOW, guard=site.guard, on_result=listener)

    begun = time.monotonic()
    with pytest.raises(StoreFull):
        asyncio.run(run())
    assert time.monotonic() - begun < 5


def test_a_name_server_that_never_answers_delays_neither_others_nor_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()

    def never(*_: Any, **__: Any) -> Any:
        released.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", never)

    async def run() -> dict[str, Result]:
        async with serving({"/feed": ok(RSS)}) as site:
            dead = [(f"dead{n}", f"http://dead{n}.example:{site.port}/", NOTHING) for n in range(40)]
            guard = Guard(frozenset({site.port}), frozenset({"127.0.0.1"}))
            limits = Limits(seconds=0.3, concurrency=50)
            return await fetch_all(
                [*dead, ("live", f"{site.url}/feed", NOTHING)], now=NOW, limits=limits, guard=guard
            )

    begun = time.monotonic()
    try:
        results = asyncio.run(run())
        assert time.monotonic() - begun < 3
    finally:
        released.set()
    assert isinstance(results["live"], Fetched)
    assert {reason(results[f"dead{n}"]) for n in range(40)} == {"timeout"}


def test_a_name_that_does_not_exist_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    result = asyncio.run(fetch("https://wire.example/feed", memory=NOTHING, now=NOW))
    assert reason(result) == "name"
    assert "not known" in str(result)
