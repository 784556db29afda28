"""A story that was killed by mistake stands again by a person's word, in a version of its own, as a rewritten one that is brought back does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from publisher.desk import acts, editions, mailing, overview, publishing, reach, readers, restoring, wire
from publisher.errors import Conflict, Refused
from publisher.store import public, stories
from tests.newsrooms import NOW, jsonl, line, newsroom

WHO = {"actor": "test", "now": NOW}
LATER = {"actor": "ed", "now": NOW + timedelta(hours=1)}
KILLED = {"headline": "", "body": "", "status": "canceled"}


@pytest.fixture
def room(database):
    return newsroom(database, site={"pages": True}, source={"format": "auto"})


def ingest(room, *lines, now=NOW):
    return wire.read_document(room, room.source("meridian"), jsonl(*lines), actor="test", now=now)


def taken_in(room):
    ingest(room, line(1), line(2))
    with room.database.read() as connection:
        return next(story for story in stories.listing(connection) if story.headline == "Headline number 1")


def kill(room, story):
    acts.kill(room, story.story_id, why="the wrong one", actor="test", now=NOW + timedelta(minutes=1))


def state(room, story):
    return overview.story_record(room, story.story_id, now=LATER["now"])


def test_it_stands_again_with_the_same_words_and_says_that_it_had_been_withdrawn(room):
    story = taken_in(room)
    publishing.publish(room, feeds_to=None, site_to=None, **WHO)
    kill(room, story)
    done = restoring.restore(room, story.story_id, why="another was meant", **LATER)
    assert done.published.faults == []
    told = state(room, story)
    assert (told["state"], told["version"], told["headline"]) == ("usable", 2, "Headline number 1")
    assert told["body_digest"] == story.received.body_digest
    assert told["correction_note"] == "This story had been withdrawn; it is published again."
    (act,) = [act for act in told["acts"] if act["what"] == "story.release"]
    assert (act["actor"], act["why"], act["data"]) == ("ed", "another was meant", {"version": 2})
    (killed,) = reach.report(room, story.story_id)["acts"]
    assert killed["again"] == {
        "version": 2,
        "at": LATER["now"],
        "actor": "ed",
        "why": "another was meant",
    }
    with room.database.read() as connection:
        page = public.get(connection, f"site/story/{story.story_id}/index.html")
        feed = public.get(connection, "feeds/world.json")
    assert (page.status, b"This story had been withdrawn" in page.body) == (public.OK, True)
    assert b"Headline number 1" in feed.body


def test_what_was_frozen_with_the_killed_version_goes_out_without_it_and_the_next_edition_has_it(room):
    readers.add(
        room, "a@example.org", digest="morning", language=None, sections=(), rhythm=None, basis="x", **WHO
    )
    story = taken_in(room)
    made = editions.make(room, "morning", **WHO)
    kill(room, story)
    restoring.restore(room, story.story_id, why="another was meant", **LATER)
    mailing.begin(room, made, **LATER)
    sent = editions.edition(room, made.edition_id)
    assert (sent.revision, [item.headline for item in sent.items]) == (2, ["Headline number 2"])
    following = editions.make(room, "morning", actor="test", now=NOW + timedelta(days=1))
    assert [item.headline for item in following.items] == ["Headline number 1"]


def test_the_same_text_again_is_no_news_and_a_later_one_is_an_update(room):
    story = taken_in(room)
    kill(room, story)
    restoring.restore(room, story.story_id, why="another was meant", **LATER)
    again = NOW + timedelta(hours=2)
    assert ingest(room, line(1), now=again).counts == {"unchanged": 1}
    assert ingest(room, line(1, body="More of it."), now=again).counts == {"update": 1}
    assert state(room, story)["correction_note"] == "This story had been withdrawn; it is published again."


def test_what_its_source_killed_wants_a_word_more_and_falls_again_with_its_next(room):
    story = taken_in(room)
    ingest(room, line(1, **KILLED), now=NOW + timedelta(minutes=1))
    with pytest.raises(Refused, match=r"was killed by its source at 2026-03-02 02:31 UTC.*--yes"):
        restoring.restore(room, story.story_id, why="they mean another", **LATER)
    assert state(room, story)["state"] == "killed"
    restoring.restore(room, story.story_id, why="they mean another", against_source=True, **LATER)
    told = state(room, story)
    assert (told["state"], told["headline"], told["version"]) == ("usable", "Headline number 1", 3)
    assert told["body_digest"] == story.received.body_digest
    assert ingest(room, line(1), now=NOW + timedelta(hours=2)).counts == {"unchanged": 1}
    assert ingest(room, line(1, **KILLED), now=NOW + timedelta(hours=3)).counts == {"kill": 1}
    assert state(room, story)["state"] == "killed"


@pytest.mark.parametrize("by", ["item", "tombstone"])
def test_that_the_source_killed_what_the_desk_had_killed_is_not_forgotten(room, by):
    story = taken_in(room)
    kill(room, story)
    for minutes in (2, 3):
        now = NOW + timedelta(minutes=minutes)
        if by == "item":
            assert ingest(room, line(1, **KILLED), now=now).counts == {"unchanged": 1}
        else:
            tombstone = (
                '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0">'
                '<id>urn:m</id><title>Meridian</title><updated>2026-03-02T02:00:00Z</updated>'
                '<at:deleted-entry ref="m-1" when="2026-03-02T02:31:00Z"/></feed>'
            )  # fmt: skip
            wire.read_document(room, room.source("meridian"), tombstone.encode(), actor="test", now=now)
    done = [act["why"] for act in state(room, story)["acts"] if act["what"].startswith("story.kill")]
    assert done == ["the wrong one", "by its source"]
    with pytest.raises(Refused, match="killed by its source at 2026-03-02 02:32 UTC"):
        restoring.restore(room, story.story_id, why="a mistake", **LATER)


def test_what_held_it_before_holds_it_again(room):
    story = taken_in(room)
    acts.hold(room, story.story_id, why="checking", **WHO)
    kill(room, story)
    restoring.restore(room, story.story_id, why="a mistake", **LATER)
    assert state(room, story)["state"] == "held"
    acts.release(room, story.story_id, why="checked", actor="ed", now=NOW + timedelta(hours=2))
    assert overview.story_record(room, story.story_id, now=NOW + timedelta(hours=2))["state"] == "usable"


def test_what_was_not_killed_or_never_had_a_text_is_refused(room):
    story = taken_in(room)
    with pytest.raises(Conflict, match="was not killed"):
        restoring.restore(room, story.story_id, why="a mistake", **LATER)
    ingest(room, line(9, **KILLED), now=NOW + timedelta(minutes=1))
    (lone,) = overview.stories(
        room, section=None, source="meridian", state="canceled", limit=5, now=LATER["now"]
    )
    with pytest.raises(Refused, match="nothing but its kill"):
        restoring.restore(room, lone["id"], why="a mistake", against_source=True, **LATER)


def test_whoever_acts_on_a_killed_story_is_told_how_it_could_stand_again(room):
    story = taken_in(room)
    kill(room, story)
    with pytest.raises(Refused, match=rf"publisher story restore {story.story_id}"):
        acts.release(room, story.story_id, why="a mistake", **LATER)


def test_a_story_that_is_another_one_by_its_source_is_brought_back_as_that(room):
    """All names lead to the other one: a kill of what stood here by itself would not be heard."""
    said = (
        "A long enough text of this story that may be told from whatever other story there is in the world. "
        * 3
    )
    ingest(room, line(1, body=f"{said}x"), line(2, headline="Other headline", body=f"{said}y"))
    with room.database.read() as connection:
        found = {story.headline: story for story in stories.listing(connection)}
    first, other = found["Headline number 1"], found["Other headline"]
    ingest(room, line(2, aliases=["m-1"], **KILLED), now=NOW + timedelta(minutes=1))
    with pytest.raises(
        Refused, match=rf"is story {other.story_id}.*publisher story restore {other.story_id}"
    ):
        restoring.restore(room, first.story_id, why="x", against_source=True, **LATER)
    restoring.restore(room, other.story_id, why="x", against_source=True, **LATER)
    ingest(room, line(1, **KILLED | {"version": "9"}), now=NOW + timedelta(hours=2))
    assert [state(room, one)["state"] for one in (first, other)] == ["killed", "killed"]
