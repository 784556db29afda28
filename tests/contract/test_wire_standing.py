"""What a source says about the use of its story after it has sent it: embargoes that move, words that only hold back, names that join."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from publisher.desk import acts, feeds, wire
from publisher.newsroom import Newsroom
from publisher.store import public
from publisher.store import stories as stored
from publisher.story import Story
from tests.newsrooms import NOW, jsonl, line, newsroom

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
HOUR = timedelta(hours=1)
LATER = NOW + HOUR
FAR = "2027-01-01T00:00:00Z"


@pytest.fixture
def room(database) -> Newsroom:
    return newsroom(database)


def take(room: Newsroom, *told: dict[str, Any], now: datetime = NOW):
    report = wire.read_document(room, room.source("meridian"), jsonl(*told), actor="test", now=now)
    assert report.failed is None
    return report


def story(room: Newsroom, number: int = 1) -> Story:
    with room.database.read() as connection:
        found = stored.listing(connection)
    return next(entry for entry in found if entry.received.source_url.endswith(f"/{number}"))


def shown(room: Newsroom, words: str, now: datetime) -> bool:
    """Whether these words stand in the feed of all, made anew now."""
    feeds.build(room, actor="test", now=now)
    with room.database.read() as connection:
        file = public.get(connection, "feeds/all.atom")
    return file is not None and words.encode() in file.body


@pytest.mark.parametrize(
    "after", [{}, {"embargo": "2026-03-02T03:00:00Z"}], ids=["lifted", "brought-forward"]
)
@pytest.mark.parametrize("out", [False, True])
def test_an_embargo_that_its_source_ends_earlier_ends_then(room, out, after):
    if out:
        take(room, line(1, version="1"), now=NOW - HOUR)
        assert shown(room, "Headline number 1", NOW - HOUR)
    take(room, line(1, version="2", embargo=FAR))
    assert not shown(room, "Headline number 1", NOW)
    take(room, line(1, version="3", **after), now=LATER)
    assert story(room).eligible_at == LATER
    assert shown(room, "Headline number 1", LATER)


def test_a_release_is_of_the_embargo_that_was_stated_then(room):
    take(room, line(1, version="1", embargo=""))
    acts.release(room, story(room).story_id, why="word was given", actor="test", now=NOW)
    take(room, line(1, version="2", embargo="", body="The second text, under the same words."), now=LATER)
    assert shown(room, "second text", LATER)
    take(room, line(1, version="3", embargo="until the minister has spoken", body="The third."), now=LATER)
    assert not shown(room, "Headline number 1", LATER)
