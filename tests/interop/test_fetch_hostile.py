"""Fetching against the shared hostile set: each answer served byte for byte, each address with the verdict beside it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from publisher.fetch import Failed, Fetched, Guard, Limits, Memory, Result, fetch, fetch_all
from publisher.fetch.guard import Target, judge
from tests.certificates import tls_context
from tests.httpbox import Answer, Site, ok, serving

pytestmark = pytest.mark.samples

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
NOTHING = Memory()
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def hostile(samples: Path) -> Path:
    return samples / "hostile-samples"


def asked(sent: bytes, *, memory: Memory = NOTHING, seconds: float = 5.0) -> tuple[Result, Site]:
    async def run() -> tuple[Result, Site]:
        told: Mapping[str, Answer] = {"/feed": sent, "/again": sent}
        async with serving(told) as site:
            limits = Limits(seconds=seconds)
            return await fetch(
                f"{site.url}/feed", memory=memory, now=NOW, limits=limits, guard=site.guard
            ), site

    return asyncio.run(run())


def compressed(body: bytes, coding: str = "gzip") -> bytes:
    return ok(body, "Content-Type: application/rss+xml", f"Content-Encoding: {coding}")


@pytest.mark.parametrize(
    ("name", "why", "requests"),
    [
        ("http-redirect-loopback.txt", "redirect", 1),
        ("http-redirect-metadata.txt", "redirect", 1),
        ("http-redirect-file.txt", "redirect", 1),
        ("http-redirect-loop.txt", "redirect", 6),
        ("http-length-lie.txt", "incomplete", 1),
        ("http-header-flood.txt", "header-too-large", 1),
        ("http-304-unasked.txt", "unasked-304", 1),
        ("http-retry-after-huge.txt", "throttled", 1),
    ],
)
def test_a_hostile_answer_is_a_failure_with_a_name(hostile: Path, name: str, why: str, requests: int) -> None:
    result, site = asked((hostile / name).read_bytes())
    assert isinstance(result, Failed)
    assert (result.reason, len(site.requests)) == (why, requests)
    assert result.detail.isprintable()


def test_a_redirect_from_https_down_is_refused(
    hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    async def run() -> Result:
        told = {"/feed": (hostile / "http-redirect-downgrade.txt").read_bytes()}
        async with serving(told, tls_context(tmp_path)) as site:

            async def resolver(host: str, _port: int) -> list[str]:
                return ["127.0.0.1"] if host == "localhost" else ["9.9.9.9"]

            guard = Guard(frozenset({site.port, 80}), frozenset({"localhost"}), resolver)
            return await fetch(f"https://localhost:{site.port}/feed", memory=NOTHING, now=NOW, guard=guard)

    result = asyncio.run(run())
    assert isinstance(result, Failed)
    assert (result.reason, "down to http" in result.detail) == ("redirect", True)


def test_a_pause_without_measure_is_cut_to_a_day(hostile: Path) -> None:
    result, _ = asked((hostile / "http-retry-after-huge.txt").read_bytes())
    assert result.not_before == NOW + timedelta(days=1)


def test_validators_with_control_characters_are_neither_stored_nor_sent(hostile: Path) -> None:
    sent = (hostile / "http-etag-injection.txt").read_bytes()
    result, _ = asked(sent)
    assert isinstance(result, Failed)  # a NUL in a head is not HTTP
    head = sent.replace(b"\0", b"")
    result, _ = asked(head)
    assert not isinstance(result, Fetched) or result.memory.etag is None
    _, site = asked(ok(), memory=Memory('"a"\0\x0bX-Evil: 1', "Mon, 23 Nov 2026 10:00:00 GMT\x0bX: y"))
    assert "X-Evil" not in site.requests[0]
    assert site.sent("if-modified-since") == [None]


@pytest.mark.parametrize(
    ("name", "coding", "why"),
    [
        ("gzip-bomb-150MB.rss.gz", "gzip", "too-large"),
        ("gzip-double-1GB.gz", "gzip, gzip", "coding"),
        ("gzip-double-1GB.gz", "gzip\r\nContent-Encoding: gzip", "coding"),
        ("gzip-truncated.rss.gz", "gzip", "incomplete"),
    ],
)
def test_a_hostile_compression_is_refused(hostile: Path, name: str, coding: str, why: str) -> None:
    result, _ = asked(compressed((hostile / name).read_bytes(), coding))
    assert isinstance(result, Failed)
    assert result.reason == why


def test_two_members_of_gzip_are_one_document(hostile: Path) -> None:
    result, _ = asked(compressed((hostile / "gzip-two-members.rss.gz").read_bytes()))
    assert isinstance(result, Fetched)
    assert result.body.count(b"<item>") == 1
    assert result.body.rstrip().endswith(b"</rss>")


@pytest.mark.parametrize("name", ["empty-body.rss", "html-error-page-200.html"])
def test_what_is_whole_but_no_feed_is_left_to_the_intake_to_refuse(hostile: Path, name: str) -> None:
    raw = (hostile / name).read_bytes()
    result, _ = asked(ok(raw, "Content-Type: text/html"))
    assert isinstance(result, Fetched)
    assert (result.body, result.content_type) == (raw, "text/html")


BOMB = """
    import asyncio, resource, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from publisher.fetch import Limits, Memory, fetch
    from tests.httpbox import ok, serving

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    async def run():
        told = {"/bomb": ok(Path(sys.argv[1]).read_bytes(), "Content-Encoding: gzip"), "/feed": ok()}
        async with serving(told) as site:
            async def ask(path):
                now = datetime(2026, 3, 2, tzinfo=UTC)
                return await fetch(site.url + path, memory=Memory(), now=now, guard=site.guard)
            await ask("/feed")
            before = peak()
            print((await ask("/bomb")).reason, peak() - before)

    asyncio.run(run())
"""


def test_a_bomb_costs_less_than_thirty_megabytes(hostile: Path) -> None:
    """Peak memory of a process that does nothing else, as the system counts it."""
    command = [sys.executable, "-c", textwrap.dedent(BOMB), str(hostile / "gzip-bomb-150MB.rss.gz")]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    reason, growth = done.stdout.split()
    assert reason == "too-large"
    assert int(growth) < 30_000_000


def test_every_address_has_the_verdict_beside_it(hostile: Path) -> None:
    cases = json.loads((hostile / "url-guard.json").read_text(encoding="utf-8"))
    assert len(cases) > 25

    async def public_only(_host: str, _port: int) -> list[str]:
        return ["9.9.9.9", "2620:fe::fe"]

    async def mixed(_host: str, _port: int) -> list[str]:
        return ["9.9.9.9", "10.0.0.1"]

    plain, inside = Guard(resolver=public_only), Guard(resolver=mixed)
    configured = Guard(ports=frozenset({443, 8443}), resolver=public_only)

    async def verdicts(url: str) -> tuple[bool, ...]:
        return tuple([isinstance(await judge(url, guard), Target) for guard in (plain, inside, configured)])

    expected = {
        "refuse": (False, False, False),
        "allow when it resolves to public addresses only": (True, False, True),
        "allow only if the port is configured": (False, False, True),
    }
    wrong = {
        case["url"]: found
        for case in cases
        if (found := asyncio.run(verdicts(case["url"]))) != expected[case["expect"]]
    }
    assert wrong == {}


def test_a_hostile_source_costs_its_neighbours_nothing(hostile: Path) -> None:
    """The whole set in one round, with a good source between each two."""
    names = sorted(path.name for path in hostile.glob("http-*.txt"))
    told: dict[str, Answer] = {f"/{name}": (hostile / name).read_bytes() for name in names}
    told |= {
        f"/{name}": compressed((hostile / name).read_bytes())
        for name in ("gzip-bomb-150MB.rss.gz", "gzip-double-1GB.gz")
    }
    told |= {f"/good{number}": ok(b"<rss/>") for number in range(len(told))}

    async def run() -> dict[str, Result]:
        async with serving(told) as site:
            requests = [(path, site.url + path, NOTHING) for path in sorted(told)]
            return await fetch_all(requests, now=NOW, limits=Limits(seconds=50), guard=site.guard)

    begun = time.monotonic()
    results = asyncio.run(run())
    assert time.monotonic() - begun < 40
    assert all(isinstance(result, Fetched) for path, result in results.items() if path.startswith("/good"))
