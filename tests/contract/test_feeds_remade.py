"""When a feed is made anew though no story changed: when what it says of itself did, and never else."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest

from publisher.desk import acts, feeds, wire
from publisher.newsroom import Newsroom, mint_derived
from publisher.selection import Act
from publisher.store import public, stories
from tests.newsrooms import NOW, jsonl, line, settings

documents = import_module("publisher.desk.feeds.documents")

ENGLISH = {
    "id": "house",
    "version": 1,
    "language": "en",
    "short": "Theirs.",
    "full": "Retrieved from agencies.",
}
PERSIAN = {
    "id": "house",
    "version": 1,
    "language": "fa",
    "short": "از آنِ منبع.",
    "full": "از خبرگزاری‌ها گرفته شده.",
}
FRENCH = {
    "id": "house",
    "version": 1,
    "language": "fr",
    "short": "À elles.",
    "full": "Repris d’autres agences.",
}
WORLD = {"slug": "world", "title": {"en": "World"}, "any": ["category:World"]}
ECONOMY = {"slug": "economy", "title": {"en": "Economy"}, "any": ["category:Economy"]}
MERIDIAN = {
    "slug": "meridian",
    "name": "Meridian",
    "homepage": "https://meridian.example/",
    "format": "jsonl",
}
CASPIAN = {
    "slug": "caspian",
    "name": "Caspian",
    "homepage": "https://caspian.example/",
    "format": "jsonl",
    "language": "fa",
}
WORLDS = {"world", "source/meridian", "all", "lang/en"}
ECONOMIES = {"economy", "source/caspian", "all", "lang/fa"}
EVERY = WORLDS | ECONOMIES
LATER = NOW + timedelta(minutes=10)


def room(
    database,
    *,
    sections=(WORLD, ECONOMY),
    sources=(MERIDIAN, CASPIAN),
    disclaimers=(ENGLISH, PERSIAN),
    site=None,
    **tables,
):
    """The house as configured: its world is in English, its economy in Persian."""
    own = settings(
        sections=list(sections),
        sources=list(sources),
        site=site,
        tables={"disclaimer": list(disclaimers), **tables},
    )
    return Newsroom(settings=own, database=database, mint=mint_derived)


@pytest.fixture
def house(database):
    opened = room(database)
    for source, entry in (("meridian", line(1)), ("caspian", line(2, categories=["Economy"], language="fa"))):
        report = wire.read_document(opened, opened.source(source), jsonl(entry), actor="test", now=NOW)
        assert report.counts == {"new": 1}
    assert remade(opened, now=NOW) == EVERY
    return database


def remade(opened, now=LATER):
    reports = feeds.build(opened, actor="test", now=now)
    assert not [report.refused for report in reports if report.refused]
    return {report.series for report in reports if report.changed and "@" not in report.series}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"feeds": {"hubs": ["https://hub.example/"]}}, EVERY),
        ({"feeds": {"icon": "https://front.example/icon.png"}}, EVERY),
        ({"site": {"name": "Another Front Page"}}, EVERY),
        ({"site": {"url": "https://new.example"}}, EVERY),
        ({"consumer": [{"slug": "apple", "feeds": ["world"], "source": "text"}]}, {"world"}),
        ({"consumer": [{"slug": "apple", "formats": ["json"]}]}, EVERY),
        ({"sections": [WORLD | {"title": {"en": "The World"}}, ECONOMY]}, {"world"}),
        ({"sections": [WORLD, ECONOMY | {"title": {"en": "Money"}}]}, {"economy"}),
        ({"sources": [MERIDIAN | {"rights_line": "Used under licence"}, CASPIAN]}, WORLDS),
        ({"sources": [MERIDIAN | {"rights": "link"}, CASPIAN]}, WORLDS),
        ({"sources": [MERIDIAN | {"name": "Meridian Wire"}, CASPIAN]}, {"source/meridian"}),
        ({"disclaimers": [ENGLISH, PERSIAN | {"full": "سخنی دیگر."}]}, ECONOMIES),
        ({"disclaimers": [ENGLISH | {"short": "Other."}, PERSIAN]}, EVERY - {"source/caspian", "lang/fa"}),
        (
            {"disclaimers": [ENGLISH | {"full": "Other words."}, PERSIAN]},
            EVERY - {"source/caspian", "lang/fa"},
        ),
    ],
)
def test_what_a_feed_says_of_itself_makes_it_anew(house, changes, wanted):
    """And once: the next build finds nothing to do. The short disclaimer counts because section pages are made of the same edition."""
    opened = room(house, **changes)
    assert remade(opened) == wanted
    assert remade(opened, now=LATER + timedelta(minutes=1)) == set()
    assert remade(room(house, **changes), now=LATER + timedelta(minutes=2)) == set()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "site": {
                "contact": "other@front.example",
                "postal_address": "2 Quay Street",
                "timezone": "Asia/Tehran",
            }
        },
        {"site": {"pages": True}},
        {"fetch": {"max_items": 9}},
        {"web": {"port": 9999}},
        {"sections": [ECONOMY, WORLD]},
        {"sections": [WORLD | {"max": 3, "window": "1h", "order": "newest", "per_source": 1}, ECONOMY]},
        {"sections": [WORLD | {"feed_max": 40, "feed_window": "7d"}, ECONOMY]},
        {"sections": [WORLD | {"none": ["word:nothing"]}, ECONOMY]},
        {"sources": [CASPIAN, MERIDIAN]},
        {"sources": [MERIDIAN | {"timezone": "Asia/Tehran", "default_urgency": 2}, CASPIAN]},
        {"disclaimers": [PERSIAN, ENGLISH]},
    ],
)
def test_nothing_else_makes_a_feed_anew(house, changes):
    opened = room(house, **changes)
    known = {feed.series for feed in opened.feeds}
    assert remade(opened) & known == set()


def test_a_language_that_the_house_learns_makes_its_own_feed_and_no_other_anew(house):
    assert remade(room(house, disclaimers=[ENGLISH, PERSIAN, FRENCH])) == {"lang/fr"}


def test_a_consumer_that_goes_takes_its_documents_and_leaves_the_feed_as_it_was(house):
    remade(room(house, consumer=[{"slug": "apple", "feeds": ["world"]}]))
    with house.read() as connection:
        before = public.get(connection, "feeds/world.rss")
        assert public.get(connection, "feeds/for/apple/world.rss").status == public.OK
    remade(room(house), now=LATER + timedelta(minutes=1))
    with house.read() as connection:
        after = public.get(connection, "feeds/world.rss")
        assert public.get(connection, "feeds/for/apple/world.rss").status == public.GONE
    assert (after.status, before.status) == (public.OK, public.OK)


def test_another_release_of_this_program_makes_every_feed_anew(house, monkeypatch):
    monkeypatch.setattr(documents, "_release", lambda: "9.9.9")
    monkeypatch.setattr("publisher.render.feeds.GENERATOR", "Publisher 9")
    assert remade(room(house)) == EVERY


def test_a_drop_takes_its_story_out_of_its_section_alone(house):
    opened = room(house)
    with house.read() as connection:
        story = next(s for s in stories.listing(connection) if s.source == "meridian")
    acts.mark(
        opened,
        story.story_id,
        Act.DROP,
        section="world",
        until=LATER + timedelta(days=1),
        why="x",
        actor="t",
        now=NOW,
    )
    assert remade(opened) == {"world"}


def test_time_alone_makes_no_feed_anew_until_a_story_leaves_its_window(house):
    opened = room(house)
    for days in (1, 5, 13):
        assert remade(opened, now=NOW + timedelta(days=days)) == set()
    assert remade(opened, now=NOW + timedelta(days=14, seconds=1)) == EVERY
    assert remade(opened, now=NOW + timedelta(days=20)) == set()
