"""Limits of what a form may make us do, and the words of a rhythm."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from publisher.schedule import local_instant, place_of
from publisher.series import Digest
from subscribers.errors import RhythmUnknown
from subscribers.limits import client_of, may_ask, may_write, network_of, unlisted_of
from subscribers.rhythm import parse

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


def ago(*hours: float) -> list[datetime]:
    return [NOW - timedelta(hours=number) for number in hours]


@pytest.mark.parametrize(
    ("written", "may"),
    [
        ([], True),
        (ago(0.9), False),
        (ago(1), True),
        (ago(5, 2), True),
        (ago(7, 5, 2), False),
        (ago(24 * 7 + 2, 24 * 7 + 1, 24 * 7), True),
        (ago(24 * 7 + 2, 24 * 7 + 1, 24 * 7 - 1), False),
        (ago(60, 30, 5), True),
    ],
)
def test_one_an_hour_three_a_day_and_then_a_week_of_silence(written: list[datetime], may: bool) -> None:
    asked = [(at, "subscribe") for at in written]
    assert may_write(asked, NOW, form="subscribe") is may
    assert may_write(asked[::-1], NOW, form="account") is may


def test_a_page_that_only_a_readers_own_link_opens_has_an_hour_of_its_own() -> None:
    (just,) = ago(0.1)
    for own, others in (("back", ["subscribe", "preferences"]), ("preferences", ["account", "back"])):
        written = [(just, form) for form in others]
        assert may_write(written, NOW, form=own)
        assert not may_write([(just, own)], NOW, form=own)
        assert not may_write([*written, (just, "subscribe")], NOW, form=own)  # three a day, whoever asked
    assert not may_write([(just, "account")], NOW, form="subscribe")


def test_a_network_is_what_one_household_or_one_attacker_has() -> None:
    assert [
        network_of(client) for client in ("203.0.113.77", "::ffff:203.0.113.9", "2001:db8:1:2::9", "", "x")
    ] == [
        "203.0.113.0/24",
        "203.0.113.0/24",
        "2001:db8:1:2::/64",
        "unknown",
        "unknown",
    ]


@pytest.mark.parametrize("text", ["each", "alerts", "daily 07:00", "weekly 5 18:00"])
def test_a_rhythm_is_read_as_it_is_written(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "daily", "daily 7:00", "daily 24:00", "weekly 0 18:00", "weekly 18:00", "each\n", "daily ٠٧:٠٠"],
)
def test_what_is_no_rhythm_is_refused(text: str) -> None:
    with pytest.raises(RhythmUnknown):
        parse(text)


def test_an_edition_finds_its_place_through_a_clock_change() -> None:
    """In Lisbon the clocks skip 01:00 to 02:00 on 29 March 2026: both slots in the gap run at its end, as one edition."""
    digest = Digest(
        slug="night",
        number=1,
        titles=(("en", "Night"),),
        languages=("en",),
        sections=("world",),
        slots=(time(1, 15), time(1, 45), time(18, 0)),
        timezone="Europe/Lisbon",
        senders=(),
        list_domain="lists.news.example",
        reply_to="desk@news.example",
    )
    slot = local_instant(date(2026, 3, 29), time(1, 15), ZoneInfo("Europe/Lisbon"))
    place = place_of(digest, slot)
    assert (place.weekday, place.now, place.first_hour) == (7, ("01:15", "01:45"), True)
    assert place_of(digest, slot + timedelta(hours=3)).now == ()


@pytest.mark.parametrize(
    ("peer", "named", "client"),
    [
        ("203.0.113.7", ["8.8.8.8"], "203.0.113.7"),
        ("127.0.0.1", ["8.8.8.8", "203.0.113.7"], "203.0.113.7"),
        ("::ffff:10.1.2.3", ["203.0.113.7", " 10.9.9.9 "], "203.0.113.7"),
        ("127.0.0.1", ["203.0.113.7:5000"], "203.0.113.7"),
        ("2001:db8::1", ["[2001:db8:7::9]:443"], "2001:db8:7::9"),
        ("127.0.0.1", ["unknown"], ""),
        ("127.0.0.1", [""], ""),
        ("127.0.0.1", ["127.0.0.1"], ""),
        ("", ["8.8.8.8"], ""),
    ],
)
def test_who_asks_is_whom_the_last_of_our_own_servers_names(peer: str, named: list[str], client: str) -> None:
    assert client_of(peer, named, ("127.0.0.0/8", "10.0.0.0/8", "2001:db8::1")) == client


@pytest.mark.parametrize(
    ("peer", "named", "server"),
    [
        ("172.17.0.1", ["8.8.8.8"], "172.17.0.1"),
        ("127.0.0.1", ["8.8.8.8", "192.168.1.4"], "192.168.1.4"),
        ("::ffff:172.17.0.1", ["8.8.8.8"], "172.17.0.1"),
        ("fd00::1", ["8.8.8.8"], "fd00::1"),
        ("172.17.0.1", [""], ""),
        ("127.0.0.1", ["8.8.8.8"], ""),
        ("127.0.0.1", ["192.168.1.4"], ""),
        ("127.0.0.1", ["8.8.8.8", "9.9.9.9"], ""),
        ("8.8.4.4", ["8.8.8.8"], ""),
        ("", ["8.8.8.8"], ""),
    ],
)
def test_a_web_server_that_nobody_named_is_known_by_whom_it_names(
    peer: str, named: list[str], server: str
) -> None:
    assert unlisted_of(peer, named, ("127.0.0.1",)) == server


def test_nobody_asks_without_any_limit() -> None:
    assert [may_ask(network_of("203.0.113.7"), asked) for asked in (9, 10)] == [True, False]
    assert [may_ask(network_of(""), asked) for asked in (99, 100)] == [True, False]
