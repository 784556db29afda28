"""What a reader program makes of a story's life: however often it is edited, it is one item, and a kill reaches it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from publisher.desk import acts, feeds, overview, wire
from publisher.newsroom import Newsroom, mint_derived
from publisher.store import public, stories
from tests.newsrooms import NOW, jsonl, line, settings
from tests.readerbox import Reader

PATHS = ("all.rss", "world.rss", "source/meridian.rss")
EDITS = 50


class Desk:
    """A newsroom at work: its clock goes on by a minute with everything that it does."""

    def __init__(self, database):
        self.database = database
        self.now = NOW
        self.reader = Reader()
        self.site("https://front.example")

    def site(self, url, **tables):
        """The house moves to another host."""
        own = settings(site={"url": url, "pages": True}, tables=tables)
        self.room = Newsroom(settings=own, database=self.database, mint=mint_derived)

    def tick(self):
        self.now += timedelta(minutes=1)
        return {"actor": "test", "now": self.now}

    def ingest(self, *lines):
        return wire.read_document(
            self.room, self.room.source("meridian"), jsonl(*lines), **self.tick()
        ).counts

    def build(self):
        for report in feeds.build(self.room, **self.tick()):
            assert report.refused is None
            assert report.skipped == ()
        self.read()

    def read(self):
        with self.database.read() as connection:
            for path in PATHS:
                file = public.get(connection, f"feeds/{path}")
                assert file is not None
                self.reader.look(path, file.body)

    def entry(self, story_id, path="all.rss"):
        return self.reader.items[path, guid(story_id)]

    def shows(self, story_id):
        return {path for path in PATHS if guid(story_id) in self.reader.listed[path]}

    def story(self, number=1):
        with self.database.read() as connection:
            found = stories.listing(connection)
        return next(
            s
            for s in found
            if f"/{number}" in s.received.source_url or f"m-{number}" in s.received.source_guid
        )


def guid(story_id):
    return f"tag:front.example,2026-01-01:story/{story_id}"


@pytest.fixture
def desk(database):
    made = Desk(database)
    made.ingest(line(1), line(2), line(3))
    made.build()
    made.reader.forget()
    return made


def edit(desk, number, sent):
    """The number-th edit of story 1; `sent` is what its agency says of it, and stays so for the next ones."""
    sent["version"] = str(number + 2)
    match number % 7:
        case 0:
            sent["headline"] = f"The agency's headline, version {number}"
        case 1:
            acts.headline(
                desk.room, desk.story().story_id, f"The house's own {number}", why="style", **desk.tick()
            )
            return
        case 2:
            sent["slugline"] = f"bridge-{number}"
            sent["source_url"] = f"https://meridian.example/2026/1/other-slug-{number}"
        case 3:
            sent["categories"] = ["World", "Economy"] if number % 2 else ["Economy", "World", "Front"]
        case 4:
            desk.site(f"https://host{number}.example")
            return
        case 5:
            sent["id"] = f"renamed-{number}"
        case 6:
            sent["body"] = f"Other words {number}.\n\nAnd more."
            sent["correction_note"] = f"Corrected for the {number}th time."
    assert sum(desk.ingest(sent).values()) == 1


def test_fifty_edits_are_no_new_item_and_change_neither_id_nor_date(desk):
    story_id = desk.story().story_id
    before = {path: desk.entry(story_id, path) for path in PATHS}
    sent = line(1)
    for number in range(EDITS):
        edit(desk, number, sent)
        desk.build()
        assert desk.reader.new == []
        assert desk.story().story_id == story_id
    assert desk.shows(story_id) == set(PATHS)
    after = {path: desk.entry(story_id, path) for path in PATHS}
    for path in PATHS:
        assert after[path]["date"] == before[path]["date"]
        assert after[path]["link"] == before[path]["link"]
        assert after[path]["title"] != before[path]["title"]
        assert "Other words 48." in after[path]["content"]
    changed = {one for path, one in desk.reader.changed if path == "all.rss"}
    assert changed == {guid(story_id)}  # nothing happened to its neighbours
    assert len(desk.reader.items) == 3 * len(PATHS)
    record = overview.story_record(desk.room, story_id, now=desk.now)
    assert record["body_unchanged"]


def test_a_story_that_moves_to_another_section_is_new_there_once_and_old_where_it_was(desk):
    sent = line(1, version="2", categories=["Economy"])
    desk.ingest(sent)
    desk.build()
    assert desk.shows(desk.story().story_id) == {"all.rss", "source/meridian.rss"}
    desk.ingest(sent | {"version": "3", "categories": ["World"], "headline": "Back"})
    desk.build()
    assert desk.shows(desk.story().story_id) == set(PATHS)
    assert desk.reader.new == []


def test_a_kill_overwrites_the_item_with_the_notice_at_once(desk):
    story_id = desk.story().story_id
    before = desk.entry(story_id)
    acts.kill(desk.room, story_id, why="wrong", **desk.tick())
    desk.read()
    assert desk.reader.new == []
    for path in PATHS:
        entry = desk.entry(story_id, path)
        assert entry["deleted"]
        assert entry["title"] == "Withdrawn: a story from Meridian"
        assert "Headline" not in str(entry)
        assert "first paragraph" not in str(entry)
        assert (entry["date"], entry["link"]) == (before["date"], before["link"])
        assert entry["updated"] > before["updated"]


def test_a_hold_takes_the_item_out_and_a_release_brings_the_same_one_back(desk):
    story_id = desk.story().story_id
    before = desk.entry(story_id)
    acts.hold(desk.room, story_id, why="being checked", **desk.tick())
    desk.read()
    assert desk.shows(story_id) == set()
    acts.release(desk.room, story_id, why="it is right", **desk.tick())
    desk.read()
    assert desk.shows(story_id) == set(PATHS)
    after = desk.entry(story_id)
    assert desk.reader.new == []
    assert {key: after[key] for key in ("title", "link", "date", "content")} == {
        key: before[key] for key in ("title", "link", "date", "content")
    }
    assert after["updated"] > before["updated"]


def test_a_headline_stands_in_every_feed_at_once(desk):
    story_id = desk.story().story_id
    before = desk.entry(story_id)
    acts.headline(desk.room, story_id, "The house's own", why="style", **desk.tick())
    desk.read()
    assert {desk.entry(story_id, path)["title"] for path in PATHS} == {"The house's own"}
    assert desk.entry(story_id)["date"] == before["date"]
    assert desk.reader.new == []


def test_a_headline_brings_out_no_story_before_its_time_and_a_release_does(desk):
    desk.ingest(line(7), line(8))
    new, held = desk.story(7).story_id, desk.story(8).story_id
    acts.headline(desk.room, new, "Ready for the next build", why="style", **desk.tick())
    acts.hold(desk.room, held, why="one source only", **desk.tick())
    desk.read()
    assert desk.shows(new) == desk.shows(held) == set()
    acts.release(desk.room, held, why="confirmed by telephone", **desk.tick())
    desk.read()
    assert desk.shows(held) == set(PATHS)


def test_a_hold_by_the_source_and_its_release_are_the_same_item_too(desk):
    story_id = desk.story().story_id
    desk.ingest(line(1, version="2", status="withheld"))
    desk.read()
    assert desk.shows(story_id) == set()
    desk.ingest(line(1, version="3", headline="Now it is right"))
    desk.build()
    assert desk.shows(story_id) == set(PATHS)
    assert desk.entry(story_id)["title"] == "Now it is right"
    assert desk.reader.new == []


def test_a_release_after_a_kill_is_the_same_item_with_its_text_again(desk):
    """A person took the killed story's next version out of quarantine."""
    story_id = desk.story().story_id
    before = desk.entry(story_id)
    acts.kill(desk.room, story_id, why="wrong", **desk.tick())
    desk.read()
    assert desk.ingest(line(1, version="2", headline="It was right after all")) == {"after-kill": 1}
    desk.build()
    assert desk.entry(story_id)["deleted"]
    (waiting,) = overview.quarantined(desk.room, everything=False, limit=5)
    acts.release_quarantined(
        desk.room, waiting["id"], source_name=None, source_url=None, why="checked", **desk.tick()
    )
    desk.build()
    entry = desk.entry(story_id)
    assert not entry["deleted"]
    assert entry["title"] == "It was right after all"
    assert (entry["date"], entry["link"]) == (before["date"], before["link"])
    assert desk.shows(story_id) == set(PATHS)
    assert desk.reader.new == []


def test_a_kill_of_a_story_that_nobody_had_leaves_no_notice(desk):
    desk.ingest(line(4))
    story_id = desk.story(4).story_id
    acts.kill(desk.room, story_id, why="wrong", **desk.tick())
    desk.build()
    assert desk.shows(story_id) == set()
    assert desk.reader.new == []


def test_the_notice_goes_when_the_feeds_window_has_passed_over_the_kill(desk):
    story_id = desk.story().story_id
    acts.kill(desk.room, story_id, why="wrong", **desk.tick())
    desk.now += timedelta(days=13)
    desk.build()
    assert desk.shows(story_id) == set(PATHS)
    desk.now += timedelta(days=2)
    desk.build()
    assert desk.shows(story_id) == set()
