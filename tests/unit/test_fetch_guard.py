from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.fetch import Failed, Guard, public
from publisher.fetch.guard import Target, judge

PUBLIC_V4, PUBLIC_V6 = "9.9.9.9", "2620:fe::fe"
PRIVATE = {
    "this network": "0.0.0.1",
    "private": "10.1.2.3",
    "carriers": "100.64.0.1",
    "loopback": "127.8.9.1",
    "metadata": "169.254.169.254",
    "private, too": "172.31.255.255",
    "protocol assignments": "192.0.0.8",
    "documentation": "192.0.2.1",
    "6to4 relays": "192.88.99.1",
    "home": "192.168.0.1",
    "benchmarks": "198.19.255.255",
    "documentation 2": "198.51.100.1",
    "documentation 3": "203.0.113.9",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "unspecified 6": "::",
    "loopback 6": "::1",
    "compatible": "::9.9.9.9",
    "translated": "::ffff:0:9.9.9.9",
    "local NAT64": "64:ff9b:1::9.9.9.9",
    "discard": "100::1",
    "benchmarks 6": "2001:2::1",
    "orchid": "2001:20::1",
    "documentation 6": "2001:db8::1",
    "documentation 6, new": "3fff::1",
    "segment routing": "5f00::1",
    "unique local": "fd00::1",
    "link-local": "fe80::1",
    "link-local, scoped": "fe80::1%eth0",
    "scoped": "2620:fe::fe%1",
    "site-local": "fec0::1",
    "multicast 6": "ff0e::1",
    "no address": "wire.example",
    "nothing": "",
}


def judged(url: str, guard: Guard | None = None) -> Target | Failed:
    return asyncio.run(judge(url, guard or answering(PUBLIC_V4)))


def answering(*addresses: str, ports: frozenset[int] = frozenset({80, 443})) -> Guard:
    """A guard whose resolver gives these addresses for every name."""

    async def resolver(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return Guard(ports=ports, resolver=resolver)


@pytest.mark.parametrize("address", [PUBLIC_V4, PUBLIC_V6, "1.1.1.1", "100.128.0.1", "172.32.0.1", "2a00::1"])
def test_addresses_of_the_public_internet_may_be_asked(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize("what", PRIVATE)
def test_no_other_address_may_be_asked(what: str) -> None:
    assert not public(PRIVATE[what])


@pytest.mark.parametrize(
    "what", [what for what, address in PRIVATE.items() if address.count(".") == 3 and ":" not in address]
)
@pytest.mark.parametrize("form", ["mapped", "NAT64", "6to4", "Teredo server", "Teredo client", "compatible"])
def test_private_ipv4_is_refused_in_whatever_ipv6_it_is_wrapped(what: str, form: str) -> None:
    inner = int(ipaddress.IPv4Address(PRIVATE[what]))
    outer = {
        "mapped": 0xFFFF << 32 | inner,
        "NAT64": 0x64FF9B << 96 | inner,
        "6to4": 0x2002 << 112 | inner << 80,
        "Teredo server": 0x20010000 << 96 | inner << 64 | 0xF6F6F6F6,
        "Teredo client": 0x20010000 << 96 | 0x09090909 << 64 | inner ^ 0xFFFFFFFF,
        "compatible": inner,
    }[form]
    assert not public(str(ipaddress.IPv6Address(outer)))


@pytest.mark.parametrize("address", ["::ffff:9.9.9.9", "64:ff9b::9.9.9.9"])
def test_public_ipv4_is_recognised_where_ipv6_still_carries_it(address: str) -> None:
    assert public(address)


@given(st.ip_addresses(v=4) | st.ip_addresses(v=4, network="192.0.0.0/8"))
def test_our_table_is_at_least_as_strict_as_pythons(address: ipaddress.IPv4Address) -> None:
    assert address.is_global or not public(str(address))


@given(st.ip_addresses(v=6) | st.ip_addresses(v=6, network="2000::/4"))
def test_and_so_it_is_for_ipv6(address: ipaddress.IPv6Address) -> None:
    assert (address.is_global and not address.is_multicast) or not public(str(address))


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    assert isinstance(judged("https://wire.example/", answering(PUBLIC_V4, PUBLIC_V6)), Target)
    refused = judged("https://wire.example/", answering(PUBLIC_V4, "10.0.0.1"))
    assert isinstance(refused, Failed)
    assert refused.reason == "address"
    assert "10.0.0.1" not in refused.detail


def test_a_name_without_addresses_is_no_name() -> None:
    refused = judged("https://wire.example/", answering())
    assert isinstance(refused, Failed)
    assert refused.reason == "name"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/passwd", "scheme"),
        ("wire.example/feed", "scheme"),
        ("//wire.example/feed", "scheme"),
        ("data:text/xml,<rss/>", "scheme"),
        ("HTTPS://desk@wire.example/", "url"),
        ("https://desk:word@wire.example/", "url"),
        ("https:///feed", "url"),
        ("https://wire.example/a b", "url"),
        (" https://wire.example/", "url"),
        ("https://wire.example/\r\nX-Evil: 1", "url"),
        ("https:\\\\wire.example\\", "url"),
        ("https://wire%2eexample/", "url"),
        ("https://[fe80::1%25eth0]/", "url"),
        ("https://wire.example:0/", "port"),
        ("https://wire.example:22/", "port"),
        ("https://wire.example:99999/", "url"),
        ("https://wire.example:x/", "url"),
        ("https://[::1/", "url"),
        ("https://[wire.example]/", "url"),
        ("https://ex\u2100ample.example/", "url"),
        ("https://" + "ü" * 70 + ".example/", "url"),
        ("https://①②⑦.⓪.⓪.①/", "address"),
        ("https://0300.0250.1/", "address"),
        ("https://9.9.9/", "address"),
        ("https://wire.example.0x7f/", "address"),
        ("https://news.localhost/", "address"),
        ("https://localhost/", "address"),
    ],
)
def test_a_url_that_is_not_plainly_a_public_one_is_refused(url: str, why: str) -> None:
    refused = judged(url)
    assert isinstance(refused, Failed), refused
    assert refused.reason == why
    assert refused.detail.isprintable()


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("HTTPS://Wire.Example./Feed?a=b#c", "wire.example", b"/Feed?a=b"),
        ("http://wire.example:80", "wire.example", b"/"),
        ("http://wire.example:443/", "wire.example:443", b"/"),
        ("https://bücher.example/ö", "xn--bcher-kva.example", b"/%C3%B6"),
        ("https://wire.example?q=ä b".replace(" ", "%20"), "wire.example", b"/?q=%C3%A4%20b"),
        ("https://9.9.9.9/", "9.9.9.9", b"/"),
        ("https://[2620:FE::FE]/", "[2620:fe::fe]", b"/"),
    ],
)
def test_a_plain_url_is_taken_apart_as_it_goes_on_the_wire(url: str, authority: str, path: bytes) -> None:
    target = judged(url)
    assert isinstance(target, Target), target
    assert (target.authority, target.path) == (authority, path)
    assert all(public(address) for address in target.addresses)


def test_what_is_allowed_by_name_may_be_private_and_nothing_else() -> None:
    guard = Guard(ports=frozenset({8080}), allow_hosts=frozenset({"localhost", "127.0.0.1"}))
    assert isinstance(judged("http://127.0.0.1:8080/", guard), Target)
    assert isinstance(judged("http://localhost:8080/", guard), Target)
    assert isinstance(judged("http://127.0.0.2:8080/", guard), Failed)
    assert isinstance(judged("http://127.0.0.1:8081/", guard), Failed)


def test_a_guard_lets_the_ports_of_the_web_pass_and_no_other_unless_it_is_told() -> None:
    guard = Guard(resolver=answering(PUBLIC_V4).resolver)
    for port in (80, 443):
        assert isinstance(judged(f"http://wire.example:{port}/", guard), Target)
    for port in (79, 81, 442, 444, 8080):
        refused = judged(f"http://wire.example:{port}/", guard)
        assert isinstance(refused, Failed)
        assert refused.reason == "port"


def test_a_url_is_kept_as_it_was_understood_and_each_address_once() -> None:
    target = judged("HTTP://Wire.Example.:443/Feed?a=b/?#c", answering(PUBLIC_V6, PUBLIC_V4, PUBLIC_V6))
    assert isinstance(target, Target)
    assert (target.scheme, target.host, target.port) == ("http", "wire.example", 443)
    assert target.url == "http://wire.example:443/Feed?a=b/?"
    assert target.addresses == (PUBLIC_V6, PUBLIC_V4)


def test_the_system_is_asked_for_the_name_and_its_answers_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def known(*name: Any, **how: Any) -> list[Any]:
        asked.append((name, how))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC_V4, 443))]

    monkeypatch.setattr(socket, "getaddrinfo", known)
    target = judged("https://wire.example/", Guard())
    assert isinstance(target, Target)
    assert target.addresses == (PUBLIC_V4,)
    assert asked == [(("wire.example", 443), {"type": socket.SOCK_STREAM})]


def test_a_name_that_no_system_can_ask_for_has_no_address() -> None:
    refused = judged("https://" + "a" * 64 + ".example/", Guard())
    assert isinstance(refused, Failed)
    assert refused.reason == "name"
    assert refused.detail.endswith("it is not a host name")


def test_a_resolver_that_fails_is_told_in_its_own_words() -> None:
    async def resolver(_host: str, _port: int) -> list[str]:
        raise OSError(5, "the line is down")

    refused = judged("https://wire.example/", Guard(resolver=resolver))
    assert isinstance(refused, Failed)
    assert (refused.reason, "the line is down" in refused.detail) == ("name", True)
