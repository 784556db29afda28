"""Where an answer leads, and whom a connection is believed to be with."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from publisher.fetch import Fetched, Memory, Result, fetch
from tests.certificates import tls_context
from tests.httpbox import NOTHING, NOW, Answer, Site, answer, asked, ok, reason, serving

RSS = b'<rss version="2.0"><channel/></rss>'


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
