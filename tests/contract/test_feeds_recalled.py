"""A feed that cannot be made anew keeps its last good bytes, but never a story that may be in no output."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from publisher import gate
from publisher.desk import acts, feeds, wire
from publisher.edition import Kind
from publisher.render import feeds as render_feeds
from publisher.render import itemhtml, jsonfeed
from publisher.store import editions, house, public, stories
from tests.newsrooms import NOW, jsonl, line, newsroom

PATHS = ("world.rss", "world.atom", "world.json", "all.rss", "all.atom", "all.json")
FEEDS = {"world", "all", "lang/en", "source/meridian"}
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def room(database):
    made = newsroom(database)
    ingest(made, line(1), line(2), line(3))
    assert not [report.refused for report in feeds.build(made, actor="test", now=NOW) if report.refused]
    return made


def ingest(room, *lines, now=NOW):
    assert not wire.read_document(room, room.source("meridian"), jsonl(*lines), actor="test", now=now).failed


def file(room, path):
    with room.database.read() as connection:
        found = public.get(connection, f"feeds/{path}")
    assert found is not None
    return found


def bodies(room):
    return {path: file(room, path).body.decode() for path in PATHS}


def named(room, guid):
    with room.database.read() as connection:
        return next(s.story_id for s in stories.listing(connection) if s.received.source_guid == guid)


def forget(room):
    """A process started anew: nothing finished is at hand."""
    room.pieces._kept.clear()
    gate.feed._shown.cache_clear()


class Spoiled:
    """Rendering that breaks: on stories alone, or on notices too."""

    def __init__(self, monkeypatch, *, notices):
        self.notices, self.real, self.works = notices, itemhtml.content, False
        monkeypatch.setattr(render_feeds, "content", self)
        monkeypatch.setattr(jsonfeed, "content", self)

    def __call__(self, edition, item, channel):
        if not self.works and (self.notices or not item.withdrawn):
            raise TypeError("expected a story")
        return self.real(edition, item, channel)


def without(body, path, guid):
    """The items of a feed as they stand, less the one of this story."""
    if path.endswith(".json"):
        return [entry for entry in json.loads(body)["items"] if not entry["id"].endswith(guid)]
    start, end = ("<item>", "</item>") if path.endswith(".rss") else ("<entry", "</entry>")
    items = [f"{start}{part.partition(end)[0]}" for part in body.split(start)[1:]]
    return [entry for entry in items if f"story/{guid}<" not in entry]


def test_a_kill_replaces_its_story_by_the_notice_in_the_last_good_bytes(room, monkeypatch):
    before, victim = bodies(room), named(room, "m-2")
    forget(room)
    Spoiled(monkeypatch, notices=False)
    done = acts.kill(room, victim, why="wrong", actor="test", now=LATER)
    assert {report.series for report in done.published.feeds} == FEEDS
    for report in done.published.feeds:
        assert report.refused is not None
        assert report.recalled == (victim,)
        assert report.down == ()
    for path, body in bodies(room).items():
        assert "Headline number 2" not in body
        assert "first paragraph of story 2" not in body
        assert "Withdrawn: a story from Meridian" in body
        assert without(body, path, victim) == without(before[path], path, victim)
        assert file(room, path).changed_at > NOW
    with room.database.read() as connection:
        made = editions.get(connection, editions.latest(connection, Kind.FEED, "world").id)
        assert [event.what for event in house.events_of(connection, "world")] == ["feed.recall"]
    assert made.item(victim).withdrawn


def test_where_even_the_notice_cannot_be_made_the_killed_story_leaves(room, monkeypatch):
    before, victim = bodies(room), named(room, "m-2")
    forget(room)
    Spoiled(monkeypatch, notices=True)
    acts.kill(room, victim, why="wrong", actor="test", now=LATER)
    for path, body in bodies(room).items():
        assert victim not in body
        assert without(body, path, victim) == without(before[path], path, victim)


def test_a_hold_takes_its_story_out_of_the_last_good_bytes(room, monkeypatch):
    before, victim = bodies(room), named(room, "m-2")
    forget(room)
    Spoiled(monkeypatch, notices=False)
    acts.hold(room, victim, why="being checked", actor="test", now=LATER)
    for path, body in bodies(room).items():
        assert victim not in body
        assert without(body, path, victim) == without(before[path], path, victim)


def test_a_document_that_cannot_be_read_any_more_is_taken_down(room, monkeypatch):
    with room.database.write() as connection:
        broken = public.Finished(b"{ no feed of ours", "application/feed+json; charset=utf-8")
        public.put(connection, {"feeds/world.json": broken}, now=NOW)
    forget(room)
    Spoiled(monkeypatch, notices=True)
    done = acts.kill(room, named(room, "m-2"), why="wrong", actor="test", now=LATER)
    assert {report.series: report.down for report in done.published.feeds}["world"] == ("world.json",)
    assert file(room, "world.json").status == public.GONE
    assert file(room, "world.rss").status == public.OK
    assert "Headline number 2" not in file(room, "world.rss").body.decode()


def test_the_next_good_build_makes_the_feed_as_it_should_be(room, monkeypatch):
    victim = named(room, "m-2")
    forget(room)
    fault = Spoiled(monkeypatch, notices=True)
    acts.kill(room, victim, why="wrong", actor="test", now=LATER)
    again = feeds.build(room, actor="test", now=LATER + timedelta(minutes=1))
    assert not [report for report in again if report.recalled or report.changed]
    fault.works = True
    feeds.build(room, actor="test", now=LATER + timedelta(minutes=2))
    for body in bodies(room).values():
        assert "Withdrawn: a story from Meridian" in body
        assert "Headline number 3" in body
    assert "deleted-entry" in file(room, "world.atom").body.decode()


def test_nothing_is_touched_while_every_story_may_stand(room, monkeypatch):
    before = bodies(room)
    forget(room)
    Spoiled(monkeypatch, notices=True)
    ingest(room, line(4), now=LATER)
    reports = {report.series: report for report in feeds.build(room, actor="test", now=LATER)}
    assert all(reports[series].refused and not reports[series].recalled for series in FEEDS)
    assert bodies(room) == before


def test_a_month_of_the_archive_keeps_no_killed_story_either(database, monkeypatch):
    room = newsroom(database)
    january, march = datetime(2026, 1, 20, 9, tzinfo=UTC), datetime(2026, 3, 2, 9, tzinfo=UTC)
    ingest(
        room,
        line(1, published="2026-01-20T08:00:00Z"),
        line(2, published="2026-01-20T08:00:00Z"),
        now=january,
    )
    feeds.build(room, actor="test", now=january)
    feeds.build(room, actor="test", now=march)
    victim, path = named(room, "m-1"), "archive/world/2026-01.rss"
    forget(room)
    fault = Spoiled(monkeypatch, notices=True)
    acts.kill(room, victim, why="wrong", actor="test", now=march + timedelta(minutes=1))
    assert victim not in file(room, path).body.decode()
    assert "Headline number 2" in file(room, path).body.decode()
    fault.works = True
    feeds.build(room, actor="test", now=march + timedelta(minutes=2))
    assert "Withdrawn: a story from Meridian" in file(room, path).body.decode()
