"""Sorting stories into sections anew after a change of the rules, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.desk import acts, editions, feeds, overview, wire
from publisher.desk.resection import resection
from publisher.feed import Feed
from publisher.newsroom import Newsroom
from publisher.section import Section, Term
from publisher.selection import Act
from publisher.store import public, stories
from tests.newsrooms import NOW, jsonl, line, newsroom

WHO = {"actor": "cli:ann", "now": NOW}


@pytest.fixture
def room(database):
    """Two stories of the section World came in an hour ago."""
    opened = newsroom(database)
    wire.read_document(
        opened,
        opened.source("meridian"),
        jsonl(line(1), line(2)),
        actor="test",
        now=NOW - timedelta(hours=1),
    )
    return opened


def with_rules(room, **terms):
    """The same house after a change in sections.toml: `any` terms by section."""
    changed = tuple(
        replace(section, any=tuple(Term(*term.split(":")) for term in terms[section.slug]))
        for section in room.settings.sections
    )
    return Newsroom(settings=replace(room.settings, sections=changed), database=room.database, mint=room.mint)


def sections(room):
    with room.database.read() as connection:
        return {story.headline[-1]: story.sections for story in stories.listing(connection)}


def test_a_story_goes_where_the_new_rules_send_it_and_the_record_says_who_did_it(room):
    changed = with_rules(room, world=["word:nothing"], economy=["category:World"])
    assert resection(changed, **WHO) == 2
    assert sections(room) == {"1": ("economy",), "2": ("economy",)}
    (story, *_) = overview.stories(changed, section="economy", source=None, limit=9, now=NOW)
    (act,) = overview.story_record(changed, story["id"], now=NOW)["acts"]
    assert (act["what"], act["actor"]) == ("story.resection", "cli:ann")
    assert act["data"] == {"before": ["world"], "after": ["economy"]}


def test_equal_rules_change_nothing_and_record_nothing(room):
    assert resection(room, **WHO) == 0


def test_only_stories_since_then_are_looked_at_and_by_default_all_that_any_window_holds(room):
    changed = with_rules(room, world=["category:World"], economy=["category:World"])
    assert resection(changed, since=NOW - timedelta(minutes=5), **WHO) == 0
    late = NOW + timedelta(days=15)  # a feed's window is 14 days
    assert resection(changed, actor="test", now=late) == 0
    assert resection(changed, actor="test", now=NOW + timedelta(days=13)) == 2


def test_a_killed_story_stays_where_its_withdrawal_has_to_be_shown(room):
    story = next(s for s in overview.stories(room, section=None, source=None, limit=9, now=NOW))
    acts.kill(room, story["id"], why="wrong", **WHO)
    changed = with_rules(room, world=["word:nothing"], economy=["category:World"])
    assert resection(changed, **WHO) == 1
    assert sections(room)[story["headline"][-1]] == ("world",)


def test_a_held_story_is_sorted_too_since_it_may_come_back(room):
    story = next(s for s in overview.stories(room, section=None, source=None, limit=9, now=NOW))
    acts.hold(room, story["id"], why="checking", **WHO)
    changed = with_rules(room, world=["word:nothing"], economy=["category:World"])
    assert resection(changed, **WHO) == 2


def test_marks_of_the_desk_stay(room):
    story = next(s for s in overview.stories(room, section=None, source=None, limit=9, now=NOW))
    acts.mark(room, story["id"], Act.PIN, section="world", why="lead", **WHO)
    resection(with_rules(room, world=["word:nothing"], economy=[]), **WHO)
    with room.database.read() as connection:
        assert [mark.section for mark in stories.marks_in_force(connection, now=NOW)] == ["world"]


def test_what_widens_a_reach_finds_its_stories_wherever_they_are_asked_for(room, monkeypatch):
    """A rule about time is written in `reach` alone: what is fetched, taken and sorted anew follows it."""
    monkeypatch.setattr(Section, "reach", timedelta(days=30))
    monkeypatch.setattr(Feed, "reach", timedelta(days=40))
    later = NOW + timedelta(days=20)
    made = editions.draft(room, room.digest("morning"), slot=later, now=later)
    assert {item.headline[-1] for item in made.items} == {"1", "2"}
    feeds.build(room, actor="test", now=later)
    with room.database.read() as connection:
        assert public.get(connection, "feeds/world.rss").body.count(b"<item>") == 2
    changed = with_rules(room, world=["category:World"], economy=["category:World"])
    assert resection(changed, actor="test", now=NOW + timedelta(days=41)) == 0
    assert resection(changed, actor="test", now=NOW + timedelta(days=35)) == 2
