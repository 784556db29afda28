"""Ids by their beginnings, on SQLite and PostgreSQL alike."""

from datetime import timedelta

import pytest

from publisher.desk import acts, editions, mailing, names, overview, readers, wire
from publisher.errors import AmbiguousName, UnknownName
from tests.newsrooms import NOW, jsonl, line, newsroom

WHO = {"actor": "test", "now": NOW}


@pytest.fixture
def room(database):
    return newsroom(database)


@pytest.fixture
def ids(room):
    """Seven stories of one moment, which share the ten characters that tell the time, and one of the next day."""
    for now, numbers in ((NOW, range(7)), (NOW + timedelta(days=1), [7])):
        lines = jsonl(*(line(number) for number in numbers))
        wire.read_document(room, room.source("meridian"), lines, actor="test", now=now)
    found = overview.stories(room, section=None, source=None, limit=9, now=NOW)
    return sorted(row["id"] for row in found)


@pytest.mark.parametrize("given", [lambda i: i, str.lower, lambda i: i[:10].lower(), lambda i: i[:6]])
def test_the_beginning_of_an_id_is_enough_in_any_case(room, ids, given):
    assert names.story(room, given(ids[7])).story_id == ids[7]


def test_one_more_character_than_the_neighbours_share_is_enough(room, ids):
    for story_id in ids:
        length = next(n for n in range(6, 27) if sum(i.startswith(story_id[:n]) for i in ids) == 1)
        assert names.story(room, story_id[:length]).story_id == story_id


def test_a_beginning_that_several_share_names_them(room, ids):
    with pytest.raises(AmbiguousName) as refused:
        acts.kill(room, ids[0][:10], why="wrong", **WHO)
    assert refused.value.candidates == tuple(ids[:5])
    assert f"{ids[4]}, and others; give more of the id" in str(refused.value)
    assert all(names.story(room, story_id).killed is None for story_id in ids)


@pytest.mark.parametrize(
    "given", ["", "0", lambda i: i[:5], lambda i: i + "0", "______", "%%%%%%", "ZZZZZZ", "\u0660" * 6]
)
def test_what_is_no_beginning_is_an_unknown_name(room, ids, given):
    with pytest.raises(UnknownName):
        names.story(room, given(ids[7]) if callable(given) else given)


def test_a_dispatch_is_found_in_the_same_way(room, ids):
    made = editions.make(room, "morning", **WHO)
    readers.add(room, "a@example.org", digest="morning", language=None, sections=(), basis="asked", **WHO)
    dispatch_id = mailing.begin(room, made, **WHO)
    assert mailing.report(room, dispatch_id[:10].lower()).dispatch_id == dispatch_id
