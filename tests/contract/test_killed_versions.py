"""A killed version stays killed in all that was frozen with it, also when a person brings a later one in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.cli.reaching import reach_lines
from publisher.desk import acts, editions, mailing, overview, publishing, reach, readers, wire
from publisher.errors import Conflict, Refused
from publisher.store import public, stories
from tests.newsrooms import NOW, jsonl, line, newsroom

WHO = {"actor": "test", "now": NOW}
LATER = {"actor": "test", "now": NOW + timedelta(hours=1)}
CLEAN = line(1, headline="Auditor looks at contracts", body="Nobody is accused of anything.")


@pytest.fixture
def room(database):
    made = newsroom(database)
    site = made.settings.site.model_copy(update={"pages": True})
    return replace(made, settings=replace(made.settings, site=site))


def ingest(room, *lines, now=NOW):
    return wire.read_document(room, room.source("meridian"), jsonl(*lines), actor="test", now=now)


def brought_back(room, *, version="3"):
    """The story after its kill, in a wholly rewritten version."""
    with room.database.read() as connection:
        victim = next(story for story in stories.listing(connection) if story.headline == "Headline number 1")
    acts.kill(room, victim.story_id, why="libel", actor="test", now=NOW + timedelta(minutes=1))
    ingest(room, CLEAN | {"version": version}, now=NOW + timedelta(minutes=2))
    (entry,) = overview.quarantined(room, everything=False, limit=10)
    release(room, entry["id"])
    return victim.story_id


def release(room, entry):
    acts.release_quarantined(room, entry, source_name=None, source_url=None, why="rewritten", **LATER)


def test_a_frozen_edition_goes_out_without_it(room):
    readers.add(
        room, "a@example.org", digest="morning", language=None, sections=(), rhythm=None, basis="x", **WHO
    )
    ingest(room, line(1), line(2))
    made = editions.make(room, "morning", **WHO)
    victim = brought_back(room)
    shelves = overview.edition_record(room, made.edition_id)["shelves"]
    told = {item["id"]: item["withdrawn"] for shelf in shelves for item in shelf["items"]}
    assert told == {item.story_id: "killed" if item.story_id == victim else None for item in made.items}
    mailing.begin(room, made, **LATER)
    sent = editions.edition(room, made.edition_id)
    assert (sent.revision, [item.headline for item in sent.items]) == (2, ["Headline number 2"])
    following = editions.make(room, "morning", actor="test", now=NOW + timedelta(days=1))
    assert [item.headline for item in following.items] == ["Auditor looks at contracts"]
    (act,) = reach.report(room, victim)["acts"]
    assert (act["mailboxes"], act["not_written_to"]) == (0, 0)


def test_its_notice_stays_on_the_page_of_the_edition_that_had_it(room):
    ingest(room, line(1), line(2))
    made = editions.make(room, "morning", **WHO)
    publishing.publish(room, feeds_to=None, site_to=None, **WHO)
    victim = brought_back(room)
    publishing.publish(room, feeds_to=None, site_to=None, **LATER)
    with room.database.read() as connection:
        for head in public.heads(connection, below="site/"):
            assert b"Headline number 1" not in public.get(connection, head.path).body, head.path
        page = public.get(connection, f"site/e/{made.edition_id}/index.html").body
        assert b"Withdrawn: a story from Meridian" in page
        assert public.get(connection, f"site/story/{victim}/index.html").status == public.OK


def test_an_older_version_that_waited_is_refused_after_a_later_one_was_brought_in(room):
    ingest(room, line(1), line(2))
    ingest(room, line(1, id="m-1-too", aliases=["m-1"]))
    with room.database.read() as connection:
        victim = next(story for story in stories.listing(connection) if story.headline == "Headline number 1")
    acts.kill(room, victim.story_id, why="libel", actor="test", now=NOW + timedelta(minutes=1))
    older = line(1, headline="An older one", body="Another text of it.")
    ingest(room, older, CLEAN | {"id": "m-1-too", "aliases": ["m-1"]}, now=NOW + timedelta(minutes=2))
    first, second = sorted(entry["id"] for entry in overview.quarantined(room, everything=False, limit=10))
    release(room, second)
    with pytest.raises(Conflict, match=f"entry {first} is older than entry {second}"):
        release(room, first)


def test_the_same_text_again_is_no_news_of_a_killed_story_and_who_wants_it_back_is_told_so(room):
    """A feed goes on listing what we killed: each poll would ask the desk again."""
    ingest(room, line(1))
    with room.database.read() as connection:
        (victim,) = stories.listing(connection)
    acts.kill(room, victim.story_id, why="libel", actor="test", now=NOW + timedelta(minutes=1))
    assert ingest(room, line(1), now=NOW + timedelta(minutes=2)).counts == {"unchanged": 1}
    assert overview.quarantined(room, everything=False, limit=10) == []
    with pytest.raises(
        Refused, match=r"in another text waits in .*quarantine list.*; the same again is no news"
    ):
        acts.release(room, victim.story_id, why="a mistake", **LATER)


def test_reach_says_that_a_killed_story_stands_again_and_until_when(room):
    ingest(room, line(1), line(2))
    victim = brought_back(room)
    told = reach.report(room, victim)
    (kill,) = told["acts"]
    assert kill["again"] == {"version": 2, "at": LATER["now"], "actor": "test", "why": "rewritten"}
    assert reach_lines(told)[:2] == [
        f"{victim}: kill at 2026-03-02 02:31Z by test",
        "  Brought back in version 2 by test (rewritten): it stands again since 2026-03-02 03:30Z.",
    ]
    acts.kill(room, victim, why="libel again", actor="test", now=NOW + timedelta(hours=2))
    first, second = reach.report(room, victim)["acts"]
    assert (first["again"], second["again"]) == (kill["again"], None)
    lines = "\n".join(reach_lines(reach.report(room, victim)))
    assert (
        "  Brought back in version 2 by test (rewritten): it stood again from 2026-03-02 03:30Z.\n" in lines
    )
