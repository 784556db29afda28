"""States of stories, counted and asked for in the database, held against what the desk says of each."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event

from publisher.cli.stories import STATES as OFFERED
from publisher.desk import acts, editions, overview, wire
from publisher.desk.overview import STATES, state_of
from publisher.store import agenda, states, stories
from tests.newsrooms import NOW, jsonl, line, newsroom

WHO = {"actor": "test", "now": NOW}
LATER = NOW + timedelta(hours=2)

LINES = [
    line(1),
    line(2, embargo="2026-03-02T03:30:00Z"),  # ends between NOW and LATER
    line(3, embargo=""),
    line(4, embargo="not before noon"),
    line(5, status="withheld"),
    line(6, status="withheld", embargo=""),
    line(7),
    line(8),
    line(9, embargo=""),
    line(10, embargo=""),
    line(11),
    line(12, embargo="2026-03-02T03:30:00Z"),
]


def read(room, *lines):
    wire.read_document(room, room.source("meridian"), jsonl(*lines), **WHO)


@pytest.fixture
def room(database):
    room = newsroom(database)
    read(room, *LINES)
    read(room, line(11, version="2", status="canceled"))
    ids = {row["headline"]: row["id"] for row in everything(room)}
    for act, number in ((acts.hold, 7), (acts.kill, 8), (acts.release, 9), (acts.hold, 10), (acts.kill, 12)):
        act(room, ids[f"Headline number {number}"], why="to see it so", **WHO)
    return room


def everything(room, now=NOW, **options):
    return overview.stories(room, section=None, source=None, limit=99, now=now, **options)


@pytest.mark.parametrize("now", [NOW, LATER])
def test_the_database_and_the_desk_agree_on_every_story(room, now):
    with room.database.read() as connection:
        told = Counter(state_of(story, now) for story in stories.listing(connection, limit=99))
        assert states.count(connection, now=now) == told
    for state in STATES:
        assert Counter(row["state"] for row in everything(room, now, state=state)) == {
            key: number for key, number in told.items() if key == state
        }
    assert set(told) <= set(STATES)


def test_the_house_in_figures(room):
    read(room, line(13, source_url=""))
    editions.make(room, "morning", **WHO)
    assert overview.tally(room, now=NOW)["stories"] == {
        "ingested": 13,
        "published": 2,
        "quarantined": 1,
        "embargoed": 4,
        "killed": 3,
    }


def test_the_command_line_offers_the_states_that_there_are():
    assert OFFERED == STATES


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_candidates_are_found_by_indexes_not_among_all_stories(database):
    """A year of a wire is a million rows. (PostgreSQL's plan depends on its statistics.)"""
    steps = []
    with database.read() as connection:

        @event.listens_for(connection, "before_cursor_execute", retval=True)
        def explain(_connection, _cursor, statement, parameters, _context, _many):
            if statement.startswith("SELECT"):
                plan = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                steps.extend(row[3] for row in plan.fetchall())
            return statement, parameters

        assert stories.candidates(connection, since=NOW, also=["01M8CWBDM8C11YZN2NDTEN11AA"]) == []
    assert any("ix_story_status_eligible_at" in step for step in steps)
    assert not [step for step in steps if step.startswith("SCAN story")]


def test_stories_that_no_edition_takes_for_their_age_are_counted_with_the_newest(database):
    room = newsroom(database)
    for number, hours in ((1, 48), (2, 49), (3, 1)):
        raw = jsonl(line(number, language="en-GB"))
        at = NOW - timedelta(hours=hours)
        wire.read_document(room, room.source("meridian"), raw, actor="test", now=at)
    asked = {"before": NOW - timedelta(hours=36), "most": 9}
    with database.read() as connection:
        assert agenda.past(connection, **asked, language="en") == (2, NOW - timedelta(hours=48))
        assert agenda.past(connection, **asked | {"most": 1}) == (1, NOW - timedelta(hours=48))
        assert agenda.past(connection, **asked, language="e") == (0, None)
        assert agenda.past(connection, **asked, source="caspian") == (0, None)
