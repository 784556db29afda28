"""Sorting stories into sections anew after a change of the rules, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.desk import acts, editions, feeds, overview, wire
from publisher.desk.feeds import draft
from publisher.desk.resection import resection
from publisher.errors import NothingToPublish
from publisher.feed import Feed
from publisher.newsroom import Newsroom
from publisher.section import Section, Term
from publisher.selection import Act
from publisher.store import stories
from publisher.store.timeline import timeline
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


def test_what_is_fetched_for_digests_feeds_and_sorting_goes_back_as_far_as_they_reach(room, monkeypatch):
    """A rule about time is written in `reach`: whoever fetches by a window of its own would not find what the rule lets stay."""
    short = timedelta(minutes=5)  # the stories came in an hour ago
    monkeypatch.setattr(Section, "reach", short)
    monkeypatch.setattr(Feed, "reach", short)
    with pytest.raises(NothingToPublish, match="older than the sections' windows"):
        editions.draft(room, room.digest("morning"), slot=NOW, now=NOW)
    asked = set()
    monkeypatch.setattr(
        draft, "timeline", lambda *given, **how: asked.add(how["since"]) or timeline(*given, **how)
    )
    feeds.build(room, actor="test", now=NOW)
    assert asked == {NOW - short}
    changed = with_rules(room, world=["category:World"], economy=["category:World"])
    assert resection(changed, **WHO) == 0
    assert resection(changed, since=NOW - timedelta(hours=2), **WHO) == 2
