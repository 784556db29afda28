"""The archive of a feed by months (RFC 5005): complete, linked, and still until a story of it is taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from publisher.desk import acts, feeds, overview, wire
from publisher.store import public
from tests.newsrooms import jsonl, line, newsroom

JANUARY = datetime(2026, 1, 20, 9, tzinfo=UTC)
FEBRUARY = datetime(2026, 2, 20, 9, tzinfo=UTC)
MARCH = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAMES = {"a": "http://www.w3.org/2005/Atom", "fh": "http://purl.org/syndication/history/1.0"}
ROOT = "https://front.example/feeds"


@pytest.fixture
def room(database):
    """A newsroom that published a story in January and one in February, and stands in March."""
    opened = newsroom(database)
    for number, now in ((1, JANUARY), (2, FEBRUARY)):
        document = jsonl(line(number, published=f"{now:%Y-%m-%dT%H:%M:%SZ}"))
        wire.read_document(opened, opened.source("meridian"), document, actor="test", now=now)
        feeds.build(opened, actor="test", now=now)
    feeds.build(opened, actor="test", now=MARCH)
    return opened


def document(room, path):
    with room.database.read() as connection:
        file = public.get(connection, f"feeds/{path}")
    return None if file is None else etree.fromstring(file.body)


def links(tree):
    return {link.get("rel"): link.get("href") for link in tree.iterfind("a:link", NAMES)}


def titles(tree):
    return [title.text for title in tree.iterfind("a:entry/a:title", NAMES)]


def heads(room, below="feeds/archive/"):
    with room.database.read() as connection:
        return {head.path: head.seq for head in public.heads(connection, below=below)}


def test_each_closed_month_has_a_document_that_leads_to_the_one_before_and_back(room):
    feed, february, january = (
        document(room, path)
        for path in ("world.atom", "archive/world/2026-02.atom", "archive/world/2026-01.atom")
    )
    assert links(feed)["prev-archive"] == f"{ROOT}/archive/world/2026-02.atom"
    assert feed.find("fh:archive", NAMES) is None
    assert titles(february) == ["Headline number 2"]
    assert links(february)["prev-archive"] == f"{ROOT}/archive/world/2026-01.atom"
    assert links(february)["current"] == f"{ROOT}/world.atom"
    assert february.find("fh:archive", NAMES) is not None
    assert titles(january) == ["Headline number 1"]
    assert "prev-archive" not in links(january)
    assert document(room, "archive/world/2026-03.atom") is None
    assert document(room, "archive/economy/2026-02.atom") is None, "a month without a story has no document"


def test_a_month_that_is_over_stays_as_it_is(room):
    before = heads(room)
    feeds.build(room, actor="test", now=MARCH + timedelta(days=1))
    assert heads(room) == before


def test_a_kill_reaches_the_month_in_which_the_story_was_published(room):
    before = heads(room)
    story = next(
        entry
        for entry in overview.stories(room, section=None, source=None, limit=9, now=MARCH)
        if entry["headline"] == "Headline number 1"
    )
    done = acts.kill(room, story["id"], why="wrong", actor="test", now=MARCH + timedelta(hours=1))
    assert "world@2026-01" in done.withdrawal.feeds
    assert titles(document(room, "archive/world/2026-01.atom")) == ["Withdrawn: a story from Meridian"]
    assert titles(document(room, "archive/world/2026-02.atom")) == ["Headline number 2"]
    changed = {path for path, seq in heads(room).items() if before.get(path) != seq}
    assert changed == {
        f"feeds/archive/{series}/2026-01.{fmt}"
        for series in ("world", "all", "lang/en", "source/meridian")
        for fmt in ("rss", "atom", "json")
    }


def test_a_month_that_a_hold_emptied_shows_the_notice_or_the_story_again_at_once(room):
    january = next(
        entry["id"]
        for entry in overview.stories(room, section=None, source=None, limit=9, now=MARCH)
        if entry["headline"] == "Headline number 1"
    )

    def after(act, minutes):
        act(room, january, why="as it is", actor="test", now=MARCH + timedelta(minutes=minutes))
        return titles(document(room, "archive/world/2026-01.atom"))

    assert after(acts.hold, 1) == []
    assert after(acts.release, 2) == ["Headline number 1"]
    assert after(acts.hold, 3) == []
    assert after(acts.kill, 4) == ["Withdrawn: a story from Meridian"]
    assert titles(document(room, "archive/world/2026-02.atom")) == ["Headline number 2"]


def test_what_expired_or_may_not_be_shown_any_more_leaves_its_month(room):
    later, ends = MARCH + timedelta(hours=1), MARCH + timedelta(days=2)
    told = line(2, published=f"{FEBRUARY:%Y-%m-%dT%H:%M:%SZ}", expires=ends.isoformat(), version="2")
    wire.read_document(room, room.source("meridian"), jsonl(told), actor="test", now=later)
    month = "archive/world/2026-02.atom"
    for now, shown in (
        (later, ["Headline number 2"]),
        (ends - timedelta(seconds=1), ["Headline number 2"]),
        (ends, []),
    ):
        feeds.build(room, actor="test", now=now)
        assert titles(document(room, month)) == shown, now
    assert titles(document(room, "archive/world/2026-01.atom")) == ["Headline number 1"]
    before = heads(room)
    barred = newsroom(room.database, source={"rights_feeds": "none"})
    feeds.build(barred, actor="test", now=ends)
    assert titles(document(room, "archive/world/2026-01.atom")) == []
    feeds.build(room, actor="test", now=ends + timedelta(minutes=1))
    assert titles(document(room, "archive/world/2026-01.atom")) == ["Headline number 1"]
    after = heads(room)
    feeds.build(room, actor="test", now=ends + timedelta(minutes=2))
    assert heads(room) == after != before
