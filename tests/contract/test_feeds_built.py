"""Feeds as the desk makes them: when they are made anew, when they are not, and what a kill does to them."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest

from publisher.desk import acts, feeds, names, wire
from publisher.edition import Kind, Why
from publisher.errors import Conflict
from publisher.render import feeds as render_feeds
from publisher.render import itemhtml, jsonfeed
from publisher.store import editions, house, public, stories
from tests.newsrooms import NOW, jsonl, line, newsroom

module = import_module("publisher.desk.feeds.build")  # the package has a function of this name
finishing = import_module("publisher.desk.feeds.finish")
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def room(database):
    return newsroom(database)


def ingest(room, *lines, now=NOW, source="meridian"):
    report = wire.read_document(room, room.source(source), jsonl(*lines), actor="test", now=now)
    assert report.failed is None
    return report


def build(room, now=NOW, **options):
    reports = feeds.build(room, actor="test", now=now, **options)
    assert not [report.refused for report in reports if report.refused]
    return reports


def changed(reports):
    return sorted(report.series for report in reports if report.changed)


def body(room, path):
    with room.database.read() as connection:
        file = public.get(connection, f"feeds/{path}")
    assert file is not None
    return file.body.decode()


def ids(room):
    with room.database.read() as connection:
        return {story.received.source_guid: story.story_id for story in stories.listing(connection)}


def latest(room, series):
    with room.database.read() as connection:
        row = editions.latest(connection, Kind.FEED, series)
        return editions.get(connection, row.id)


def test_a_feed_may_be_made_at_any_fraction_of_a_second(room):
    ingest(room, line(1))
    assert changed(build(room, now=NOW + timedelta(microseconds=123_456)))


def test_a_source_in_a_language_that_the_house_has_no_words_for_has_its_feed_too(database):
    room = newsroom(database, source={"language": "de"})
    ingest(room, line(1))
    build(room)
    made = body(room, "source/meridian.rss")
    assert "<language>de</language>" in made
    assert "Reports were retrieved from other agencies." in made


def test_a_kill_that_says_nothing_but_the_id_stands_where_the_story_stood(room):
    """It names no section, and its language is the source's default: that makes it no other story."""
    ingest(room, line(1, language="fa"), line(2))
    build(room)
    story_id = ids(room)["m-1"]
    kill = {"id": "m-1", "status": "canceled", "headline": "KILL KILL KILL"}
    assert ingest(room, kill, now=LATER).counts == {"kill": 1}
    for path in ("world.rss", "all.atom", "source/meridian.json"):
        assert f"story/{story_id}" in body(room, path)
        assert "Headline number 1" not in body(room, path)
        assert "KILL" not in body(room, path)
    item = latest(room, "world").item(story_id)
    assert item.headline == "Headline number 1"


def test_a_story_that_leaves_the_window_unseen_changes_nothing(room):
    """It was beyond the maximum: no reader ever saw it, and the feed must not be dated anew for it."""
    for number in range(60):
        ingest(room, line(number), now=NOW + timedelta(minutes=number))
    build(room, now=NOW + timedelta(minutes=60))
    before = body(room, "world.rss")
    assert before.count("<item>") == 50
    day = timedelta(days=14, minutes=5)
    assert changed(build(room, now=NOW + day)) == []
    assert body(room, "world.rss") == before


def test_an_item_that_says_what_it_said_is_the_same_object_as_last_time(room):
    """So that finished bytes are found by identity: comparing every field of 500 items takes as long as all the rest."""
    ingest(room, line(1), line(2))
    build(room)
    build(room, now=LATER)
    before = {item.story_id: item for item in room.kept_hashes["world"][0].items}
    ingest(room, line(2, headline="Another"), line(3), now=LATER)
    build(room, now=LATER)
    named = ids(room)
    after = {item.story_id: item for item in room.kept_hashes["world"][0].items}
    assert after[named["m-1"]] is before[named["m-1"]]
    assert after[named["m-2"]].headline == "Another"
    assert named["m-3"] in after


def test_a_backlog_beyond_the_maximum_does_not_come_up_as_news(room):
    """Nobody has seen it, and so it has no publication date: that does not make it the newest."""
    ingest(room, *(line(number, published=f"2026-03-01T{number % 24:02}:00:00Z") for number in range(70)))
    build(room)
    before = body(room, "world.rss")
    assert changed(build(room, now=LATER)) == []
    ingest(room, line(99), now=LATER)
    build(room, now=LATER)
    assert body(room, "world.rss").count("<item>") == 50
    (new,) = set(guids(body(room, "world.rss"))) - set(guids(before))
    assert new.endswith(ids(room)["m-99"])


def guids(rss):
    return [part.partition("</guid>")[0].rpartition(">")[2] for part in rss.split("<guid")[1:]]


# One bad story


class Broken:
    """Rendering that breaks on one story, as a library may."""

    def __init__(self, monkeypatch, word):
        self.word, self.real = word, itemhtml.content
        monkeypatch.setattr(render_feeds, "content", self)
        monkeypatch.setattr(jsonfeed, "content", self)

    def __call__(self, edition, item, channel):
        if self.word in item.headline:
            raise ValueError("All strings must be XML compatible")
        return self.real(edition, item, channel)


class Bare:
    """Rendering that loses the source line of one story, which the gate sees."""

    def __init__(self, monkeypatch, word):
        self.word, self.real = word, itemhtml.content
        monkeypatch.setattr(render_feeds, "content", self)
        monkeypatch.setattr(jsonfeed, "content", self)

    def __call__(self, edition, item, channel):
        made = self.real(edition, item, channel)
        return (
            made.replace(item.source_url, "https://elsewhere.example/x")
            if self.word in item.headline
            else made
        )


@pytest.mark.parametrize(
    ("fault", "rule", "told"),
    [(Broken, "unrendered", "XML compatible"), (Bare, "source-link", "no visible link to its source URL")],
)
def test_one_bad_story_is_left_out_and_named_and_the_others_go_out(room, monkeypatch, fault, rule, told):
    ingest(room, line(1), line(2), line(3))
    fault(monkeypatch, "number 2")
    reports = build(room)
    bad = ids(room)["m-2"]
    for report in reports:
        if report.series in {"world", "all", "lang/en", "source/meridian"}:
            assert [(one.story_id, one.rule) for one in report.skipped] == [(bad, rule)]
            assert told in report.skipped[0].detail
            assert report.items == 2
        else:
            assert report.skipped == ()
    for path in ("world.rss", "all.atom", "source/meridian.json"):
        assert "Headline number 2" not in body(room, path)
        assert "Headline number 3" in body(room, path)
    made = latest(room, "world")
    assert [(entry.story_id, entry.why) for entry in made.left_out] == [(bad, Why.UNFIT)]
    with room.database.read() as connection:
        events = [row for row in house.events_of(connection, bad) if row.what == "feed.skip"]
        assert names.story(room, bad).first_published is None
    assert sorted(row.data["feed"] for row in events) == ["all", "lang/en", "source/meridian", "world"]


def test_a_bad_story_is_reported_at_every_build_and_recorded_once_a_version(room, monkeypatch):
    ingest(room, line(1), line(2))
    Broken(monkeypatch, "number 2")
    build(room)
    again = build(room, now=LATER)
    assert changed(again) == []
    assert {report.series for report in again if report.skipped} == {
        "all",
        "lang/en",
        "source/meridian",
        "world",
    }
    assert sum(row.what == "feed.skip" for row in events(room, "m-2")) == 4
    ingest(room, line(2, version="2", headline="Headline number 2, still bad"), now=LATER)
    build(room, now=LATER)
    assert sum(row.what == "feed.skip" for row in events(room, "m-2")) == 8


def events(room, guid):
    with room.database.read() as connection:
        return house.events_of(connection, ids(room)[guid])


def test_a_story_that_turned_bad_leaves_the_feed_and_comes_back_when_it_is_mended(room, monkeypatch):
    ingest(room, line(1), line(2))
    build(room)
    dated = [guid for guid in guids(body(room, "world.rss")) if guid.endswith(ids(room)["m-2"])]
    fault = Broken(monkeypatch, "spoiled")
    ingest(room, line(2, version="2", headline="This one is spoiled"), now=LATER)
    build(room, now=LATER)
    assert not set(dated) & set(guids(body(room, "world.rss")))
    fault.word = "nothing at all"
    assert changed(build(room, now=LATER + timedelta(minutes=1))) == [
        "all",
        "lang/en",
        "source/meridian",
        "world",
    ]
    assert set(dated) <= set(guids(body(room, "world.rss")))


def test_where_every_story_is_bad_the_last_good_bytes_stay(room, monkeypatch):
    """Then it is no story's fault, and an empty feed would say that there is no news."""
    ingest(room, line(1), line(2))
    build(room)
    before = body(room, "world.rss")
    Broken(monkeypatch, "Headline")
    ingest(room, line(3), now=LATER)
    room.pieces._kept.clear()
    reports = {report.series: report for report in feeds.build(room, actor="test", now=LATER)}
    assert reports["world"].refused is not None
    assert "cannot be rendered: ValueError" in str(reports["world"].refused)
    assert reports["economy"].refused is None
    assert body(room, "world.rss") == before
    with room.database.read() as connection:
        assert house.count_events(connection, "gate.refused") == 4


def test_a_fault_that_no_story_has_keeps_the_last_good_bytes(room, monkeypatch):
    ingest(room, line(1), line(2))
    build(room)
    before = body(room, "world.rss")
    monkeypatch.setattr(render_feeds, "_feed", lambda *_: 1 / 0)
    ingest(room, line(3), now=LATER)
    reports = {report.series: report for report in feeds.build(room, actor="test", now=LATER)}
    assert "ZeroDivisionError" in str(reports["world"].refused)
    assert body(room, "world.rss") == before


# Size


def test_a_text_too_long_for_readers_stands_there_as_its_lede(room):
    text = "A sentence of a very long report. " * 40_000
    ingest(room, line(1, body=text), line(2))
    build(room)
    made = body(room, "world.rss")
    assert len(made) < 50_000
    assert "Headline number 1" in made
    assert "A sentence of a very long report." in made
    assert [row.what for row in events(room, "m-1")].count("feed.shorten") == 4
    assert changed(build(room, now=LATER)) == []
    assert [row.what for row in events(room, "m-1")].count("feed.shorten") == 4
    assert "sentence" not in names.story(room, ids(room)["m-2"]).received.body


def test_a_feed_ends_before_it_is_too_long_and_counts_what_it_left_out(room):
    text = "Some words & signs of a long <b>report</b>. " * 9_000
    for number in range(8):
        ingest(room, line(number, body=text), now=NOW + timedelta(minutes=number))
    build(room, now=LATER + timedelta(minutes=5))
    made = latest(room, "world")
    for fmt in ("rss", "atom", "json"):
        assert 1_000_000 < len(body(room, f"world.{fmt}").encode()) < 2_000_000
    kept = len(made.items)
    assert 1 < kept < 8
    assert made.shelves[0].more == 8 - kept
    newest = [f"Headline number {number}" for number in range(7, 7 - kept, -1)]
    assert [item.headline for item in made.items] == newest


# Others at work


def test_a_kill_while_a_feed_is_made_is_not_overtaken_by_it(room, monkeypatch):
    """The build has read the story as usable; the kill commits before the build does."""
    ingest(room, line(1), line(2))
    victim = ids(room)["m-1"]
    real = module.finish
    killed = []

    def slowly(*args, **kwargs):
        done = real(*args, **kwargs)
        if not killed:
            killed.append(victim)
            acts.kill(room, victim, why="wrong", actor="test", now=NOW)
        return done

    monkeypatch.setattr(module, "finish", slowly)
    build(room)
    assert killed
    for path in ("world.rss", "all.atom", "source/meridian.json"):
        assert "Headline number 1" not in body(room, path)
        assert "Headline number 2" in body(room, path)


def test_a_story_that_came_while_another_build_was_faster_is_not_forgotten(room, monkeypatch):
    ingest(room, line(1))
    real = module.finish
    others = []

    def slowly(*args, **kwargs):
        done = real(*args, **kwargs)
        if not others:
            others.append(1)
            ingest(room, line(2))
            build(room)
            ingest(room, line(3))
        return done

    monkeypatch.setattr(module, "finish", slowly)
    build(room)
    assert all(f"Headline number {number}" in body(room, "world.rss") for number in (1, 2, 3))


def test_a_feed_that_others_never_leave_alone_is_given_up_with_a_name(room, monkeypatch):
    ingest(room, line(1))
    monkeypatch.setattr(module, "_publish", lambda *_, **__: None)
    with pytest.raises(Conflict, match="the feed world was changed by others"):
        feeds.build(room, actor="test", now=NOW)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_feed_that_another_thread_makes_meanwhile_does_no_harm(room, monkeypatch):
    """A kill by the API and the clock's own build share what is kept of feeds."""
    attempt = finishing._attempt

    def overtaken(made, wanted, **options):
        done = attempt(made, wanted, **options)
        for document in wanted:
            room.pieces.keep(
                render_feeds.fit(document.channel), document.fmt, {"another": (None, None, b"x")}
            )
        return done

    monkeypatch.setattr(finishing, "_attempt", overtaken)
    ingest(room, line(1))
    build(room)
