"""Lists in pages, on both databases: walked to their end, each gives every row once and in its order."""

from datetime import timedelta

import pytest

from publisher.desk import editions, feeds, mailing, overview, readers, wire
from publisher.errors import BadInput, UnknownName
from tests.newsrooms import NOW, jsonl, line, newsroom

WHO = {"actor": "test", "now": NOW}


@pytest.fixture
def room(database):
    """Five rows or more in every list, some of them of the same instant."""
    opened = newsroom(database)
    for number in range(1, 6):
        at = NOW + timedelta(days=number // 2)
        raw = jsonl(line(number), line(number + 50, source_url=""))
        wire.read_document(opened, opened.source("meridian"), raw, actor="test", now=at)
    for number in range(5):
        given = {"digest": "morning", "language": None, "sections": (), "basis": "asked"}
        readers.add(opened, f"r{number}@example.org", **given, **WHO)
        readers.suppress(opened, f"s{number}@example.org", why="asked", **WHO)
    for number in range(5):
        at = NOW + timedelta(minutes=number)
        raw = jsonl(line(number + 10))
        wire.read_document(opened, opened.source("meridian"), raw, actor="test", now=at)
        made = editions.make(opened, "morning", slot=at, **{**WHO, "now": at})
        mailing.begin(opened, made, **{**WHO, "now": at})
        feeds.build(opened, **{**WHO, "now": at})
    return opened


def lists(room):
    """Name -> (the list asked for a page, the value by which its rows are told apart)."""
    return {
        "stories": (lambda **page: overview.stories(room, section=None, source=None, now=NOW, **page), "id"),
        "section": (
            lambda **page: overview.stories(room, section="world", source="meridian", now=NOW, **page),
            "id",
        ),
        "quarantine": (lambda **page: overview.quarantined(room, everything=False, **page), "id"),
        "sources": (lambda **page: overview.sources(room, **page), "source"),
        "editions": (lambda **page: overview.editions(room, series=None, feeds=False, **page), "id"),
        "feed editions": (lambda **page: overview.editions(room, series="all", feeds=True, **page), "id"),
        "dispatches": (lambda **page: mailing.listing(room, **page), "id"),
        "subscribers": (lambda **page: readers.listing(room, digest="morning", **page), "id"),
        "suppressions": (lambda **page: readers.suppressions(room, **page), "address"),
    }


NAMES = list(lists(None))


@pytest.mark.parametrize("name", NAMES)
def test_pages_walked_to_the_end_give_each_row_once(room, name):
    ask, known_by = lists(room)[name]
    whole = ask(limit=100, after=None)
    assert whole.next is None
    assert len(whole) >= (2 if name == "sources" else 5)
    for size in (1, 2, len(whole) - 1, len(whole)):
        walked, after = [], None
        for _ in range(len(whole) + 1):
            page = ask(limit=size, after=after)
            assert len(page) <= size
            walked += [row[known_by] for row in page]
            after = page.next
            if after is None:
                break
        assert walked == [row[known_by] for row in whole]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "key",
    [
        "x",
        "20260302T000000Z_",
        "_x",
        "20260302T000000.0_x",
        "20260302T000000.000000Z_\udcff",
        "1٣",
        "-1",
        "9" * 30,
    ],
)
def test_a_key_that_no_page_gave_is_refused(room, name, key):
    ask, _ = lists(room)[name]
    with pytest.raises(BadInput, match="is not the `next`"):
        ask(limit=2, after=key)


def test_what_comes_in_between_two_pages_neither_repeats_nor_hides_a_row(room):
    ask, _ = lists(room)["stories"]
    before = [row["id"] for row in ask(limit=100, after=None)]
    first = ask(limit=3, after=None)
    late = NOW + timedelta(days=9)
    wire.read_document(room, room.source("meridian"), jsonl(line(99)), actor="test", now=late)
    rest = ask(limit=100, after=first.next)
    assert [row["id"] for row in [*first, *rest]] == before


def test_a_name_that_nobody_configured_is_said_with_those_that_are(room):
    with pytest.raises(UnknownName, match="known: meridian, caspian"):
        overview.stories(room, section=None, source="nope", limit=2, now=NOW)
    with pytest.raises(UnknownName, match="no digest named 'nope'; known: morning"):
        overview.editions(room, series="nope", feeds=False, limit=2)
    with pytest.raises(UnknownName, match="no feed named 'morning'; known: world, economy, all"):
        overview.editions(room, series="morning", feeds=True, limit=2)
    assert overview.editions(room, series="economy", feeds=True, limit=2)
    assert overview.stories(room, section=None, source="caspian", limit=2, now=NOW) == []
