"""Lists in pages, on both databases: walked to their end, each gives every row once and in its order."""

from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.desk import editions, feeds, mailing, overview, readers, sources, wire
from publisher.errors import BadInput, UnknownName
from publisher.newsroom import Newsroom
from tests.newsrooms import NOW, jsonl, line, newsroom

WHO = {"actor": "test", "now": NOW}


@pytest.fixture
def room(database):
    return newsroom(database)


def ingest(room, *lines, at=NOW):
    wire.read_document(room, room.source("meridian"), jsonl(*lines), actor="test", now=at)


def fill(room, folder):
    """Three rows or more in every list, some of them of the same instant."""
    for number in range(3):
        given = {"digest": "morning", "language": None, "sections": (), "basis": "asked"}
        readers.add(room, f"r{number}@example.org", **given, **WHO)
        readers.suppress(room, f"s{number}@example.org", why="asked", **WHO)
    for number in range(3):
        at = NOW + timedelta(minutes=number // 2)
        slot = NOW + timedelta(minutes=number)
        ingest(room, line(number), line(number + 50, source_url=""), at=at)
        made = editions.make(room, "morning", slot=slot, actor="test", now=at)
        mailing.begin(room, made, actor="test", now=at)
        feeds.build(room, actor="test", now=slot)


def lists(room):
    """Name -> (the list asked for a page, the value by which its rows are told apart)."""

    def stories(**page):
        return overview.stories(room, section=None, source=None, now=NOW, **page)

    def section(**page):
        return overview.stories(room, section="world", source="meridian", now=NOW, **page)

    return {
        "stories": (stories, "id"),
        "section": (section, "id"),
        "quarantine": (lambda **page: overview.quarantined(room, everything=False, **page), "id"),
        "sources": (lambda **page: sources.listing(room, now=NOW, **page), "source"),
        "editions": (lambda **page: overview.editions(room, series=None, feeds=False, **page), "id"),
        "feed editions": (lambda **page: overview.editions(room, series="all", feeds=True, **page), "id"),
        "dispatches": (lambda **page: mailing.listing(room, **page), "id"),
        "subscribers": (lambda **page: readers.listing(room, digest="morning", **page), "id"),
        "suppressions": (lambda **page: readers.suppressions(room, **page), "address"),
    }


def walked(ask, known_by, size, most):
    """The rows of all pages of this size, one after the other, by name."""
    found, after = [], None
    for _ in range(most + 1):
        page = ask(limit=size, after=after)
        assert len(page) <= size
        found += [row[known_by] for row in page]
        after = page.next
        if after is None:
            return found
    pytest.fail("the pages have no end")


def test_pages_walked_to_the_end_give_each_row_once(room, tmp_path):
    fill(room, tmp_path)
    for name, (ask, known_by) in lists(room).items():
        whole = ask(limit=100, after=None)
        rows = [row[known_by] for row in whole]
        assert whole.next is None, name
        assert len(set(rows)) == len(rows) >= (2 if name == "sources" else 3), name
        for size in (1, 2, len(rows)):
            assert walked(ask, known_by, size, len(rows)) == rows, (name, size)


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
def test_a_key_that_no_page_gave_is_refused(room, key):
    for ask, _ in lists(room).values():
        with pytest.raises(BadInput, match="is not the `next`"):
            ask(limit=2, after=key)


def test_what_comes_in_between_two_pages_neither_repeats_nor_hides_a_row(room):
    ask, _ = lists(room)["stories"]
    ingest(room, *(line(number) for number in range(4)))
    before = [row["id"] for row in ask(limit=100, after=None)]
    first = ask(limit=3, after=None)
    ingest(room, line(99), at=NOW + timedelta(days=9))
    rest = ask(limit=100, after=first.next)
    assert [row["id"] for row in [*first, *rest]] == before


def test_a_name_that_nobody_configured_is_said_with_those_that_are(room):
    with pytest.raises(UnknownName, match="known: meridian, caspian"):
        overview.stories(room, section=None, source="nope", limit=2, now=NOW)
    with pytest.raises(UnknownName, match="no digest named 'nope'; known: morning"):
        overview.editions(room, series="nope", feeds=False, limit=2)
    with pytest.raises(UnknownName, match=r"no feed named 'morning'; known: world, economy, .*all"):
        overview.editions(room, series="morning", feeds=True, limit=2)
    assert overview.editions(room, series="economy", feeds=True, limit=2) == []
    assert overview.stories(room, section=None, source="caspian", limit=2, now=NOW) == []


def test_what_came_from_a_source_that_is_configured_no_longer_can_still_be_listed(room):
    ingest(room, line(1))
    left = tuple(source for source in room.settings.sources if source.slug != "meridian")
    later = Newsroom(settings=replace(room.settings, sources=left), database=room.database, mint=room.mint)
    assert len(overview.stories(later, section=None, source="meridian", limit=2, now=NOW)) == 1
