"""What an editor or a source does to stories, and what the desk says when it will not have the effect that was hoped for."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import text

from publisher import intake
from publisher.desk import acts, editions, overview, wire
from publisher.desk.sourcereport import SourceReport
from publisher.desk.taking import take_item
from publisher.errors import BadInput, Conflict, Refused, StoreLocked
from publisher.intake import Context
from publisher.selection import Act
from publisher.store import stories
from tests.newsrooms import NOW, jsonl, line, newsroom
from tests.waiting import Aside, until

WHO = {"actor": "test", "now": NOW}


@pytest.fixture
def room(database):
    return newsroom(database)


def ingest(room, *lines, now=NOW):
    return wire.read_document(room, room.source("meridian"), jsonl(*lines), actor="test", now=now)


def only_story(room):
    with room.database.read() as connection:
        (story,) = stories.listing(connection)
    return story


def story_of(room, number):
    rows = overview.stories(room, section=None, source=None, limit=99, now=NOW)
    return next(row["id"] for row in rows if row["headline"] == f"Headline number {number}")


def mark(room, story_id, act, section="world", **options):
    return acts.mark(room, story_id, act, section=section, why="ours", **(WHO | options))


@pytest.mark.parametrize("act", [Act.PIN, Act.DROP])
def test_a_mark_that_will_do_what_it_says_needs_no_remark(room, act):
    ingest(room, line(1))
    assert mark(room, story_of(room, 1), act).remarks == ()


def test_a_pin_of_what_readers_have_had_says_that_they_do_not_get_it_again(room):
    ingest(room, line(1))
    made = editions.make(room, "morning", **WHO)
    pinned = mark(room, made.items[0].story_id, Act.PIN)
    assert pinned.remarks == (
        f"{made.edition_id} has carried it: morning does not show it again unless it is corrected",
    )


def test_a_corrected_story_is_shown_again_and_its_pin_needs_no_remark(room):
    ingest(room, line(1))
    made = editions.make(room, "morning", **WHO)
    later = NOW + timedelta(hours=1)
    ingest(room, line(1, version="2", correction_note="Seven, not four."), now=later)
    assert mark(room, made.items[0].story_id, Act.PIN, now=later).remarks == ()


def test_a_pin_beats_the_sections_own_rule_and_says_so(room):
    """Decision 11: a pin beats order, quota and window; where a story does not belong, the desk may still want it."""
    ingest(room, line(1))
    story_id = story_of(room, 1)
    pinned = mark(room, story_id, Act.PIN, "economy")
    assert pinned.remarks == (
        "it does not belong to economy (it is in world): this pin alone brings it there",
    )
    made = editions.make(room, "morning", **WHO)
    assert [shelf.stories for shelf in made.shelves] == [(story_id,), (story_id,)]


def test_nothing_is_dropped_from_where_it_is_not(room):
    ingest(room, line(1))
    story_id = story_of(room, 1)
    with pytest.raises(BadInput, match="not in economy: it is in world"):
        mark(room, story_id, Act.DROP, "economy")
    mark(room, story_id, Act.PIN, "economy")
    mark(room, story_id, Act.DROP, "economy")
    assert [len(shelf.stories) for shelf in editions.make(room, "morning", **WHO).shelves] == [1, 0]


def test_a_pin_brings_nothing_out_that_is_held_back_and_says_so(room):
    ingest(room, line(1))
    story_id = story_of(room, 1)
    acts.hold(room, story_id, why="checking", **WHO)
    (remark,) = mark(room, story_id, Act.PIN).remarks
    assert "no edition takes it as it is" in remark


@pytest.mark.parametrize(
    "act",
    [
        lambda room, story_id: mark(room, story_id, Act.PIN),
        lambda room, story_id: acts.headline(room, story_id, "Ours", why="style", **WHO),
        lambda room, story_id: acts.release(room, story_id, why="again", **WHO),
    ],
)
def test_nothing_more_is_done_to_a_killed_story(room, act):
    ingest(room, line(1))
    story_id = story_of(room, 1)
    acts.kill(room, story_id, why="withdrawn", **WHO)
    with pytest.raises(Refused, match="withdrawn"):
        act(room, story_id)


def test_a_second_hold_is_a_conflict_and_keeps_the_first_reason(room):
    ingest(room, line(1))
    story_id = story_of(room, 1)
    acts.hold(room, story_id, why="checking", **WHO)
    with pytest.raises(Conflict, match="held already: checking"):
        acts.hold(room, story_id, why="again", **WHO)
    record = overview.story_record(room, story_id, now=NOW)
    assert [act["what"] for act in record["acts"]] == ["story.hold"]


def waiting(room):
    return overview.quarantined(room, everything=False, limit=9)


def release(room, entry, **given):
    given = {"source_name": None, "source_url": None, **given}
    return acts.release_quarantined(room, entry["id"], why="found by hand", **given, **WHO)


def test_what_lacks_a_headline_comes_in_under_ours(room):
    """That the source wrote none is kept: readers are told whose headline it is, and the record who gave it."""
    ingest(room, line(1, headline=""))
    (entry,) = waiting(room)
    assert entry["reason"] == "no-headline"
    story_id = release(room, entry, headline="Seaway to reopen")
    record = overview.story_record(room, story_id, now=NOW)
    assert (record["headline"], record["original_headline"]) == ("Seaway to reopen", "")
    assert (record["headline_changed_by"], record["headline_changed_why"]) == ("test", "found by hand")
    made = editions.make(room, "morning", **WHO)
    assert made.items[0].house_headline
    with pytest.raises(Refused, match="its source wrote none"):
        acts.headline(room, story_id, "", why="theirs", **WHO)


@pytest.mark.parametrize(
    ("lacking", "given", "wanted"),
    [
        ({"source_url": ""}, {}, "give --source-url$"),
        ({"headline": ""}, {}, "give --headline$"),
        ({"headline": "", "source_url": ""}, {}, "give --source-url and --headline$"),
        ({"headline": "", "source_url": ""}, {"headline": "Ours"}, "give --source-url$"),
        (
            {"source_url": ""},
            {"source_url": "https://meridian.example/"},
            "leads to the front page .*--source-url$",
        ),
    ],
)
def test_a_refused_release_names_exactly_what_is_lacking(room, lacking, given, wanted):
    ingest(room, line(1, **lacking))
    (entry,) = waiting(room)
    with pytest.raises(Refused, match=wanted):
        release(room, entry, **given)
    assert waiting(room) == [entry]


def test_a_headline_given_on_release_does_not_replace_the_sources_own(room):
    ingest(room, line(1, source_url=""))
    story_id = release(room, waiting(room)[0], headline="Ours", source_url="https://meridian.example/2026/1")
    record = overview.story_record(room, story_id, now=NOW)
    assert (record["headline"], record["original_headline"]) == ("Ours", "Headline number 1")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"id": "m-1", "headline": ""}, "m-1: "),
        (
            {"id": "", "headline": "", "source_url": ""},
            "an item without id or headline (The first paragraph of story 1 says what happened.): ",
        ),
        (
            {"id": "", "headline": "", "source_url": "", "body": "", "categories": []},
            'an item without id or headline ({"id": "", ',
        ),
    ],
)
def test_a_refused_item_is_named_by_what_a_person_knows_of_it(room, fields, name):
    (said,) = ingest(room, line(1, **fields)).quarantined
    assert said.startswith(name)


@pytest.mark.parametrize("word", ["withheld", "cancelled", "retracted"])
def test_an_id_and_a_word_hold_a_story_back_as_an_id_and_a_kill_withdraw_it(room, word):
    ingest(room, line(1))
    assert ingest(room, {"id": "m-1", "status": word}).counts == {"hold": 1}
    held = only_story(room)
    assert not held.usable(NOW)
    assert (held.headline, held.received.source_url) == (
        "Headline number 1",
        "https://meridian.example/2026/1",
    )
    assert ingest(room, {"id": "m-1", "status": word}).counts == {"unchanged": 1}
    assert ingest(room, {"id": "m-9", "status": word}).counts == {"quarantined": 1}
    assert ingest(room, line(1, updated="2026-03-02T02:00:00Z")).counts == {"release": 1}


def test_a_version_after_a_kill_waits_for_a_person(room):
    ingest(room, line(1))
    editions.make(room, "morning", **WHO)
    ingest(room, line(1, version="2", status="canceled"))
    assert only_story(room).killed
    report = ingest(room, line(1, version="3", headline="Back again"))
    assert report.counts == {"after-kill": 1}
    (entry,) = overview.quarantined(room, everything=False, limit=10)
    later = {"actor": "test", "now": NOW + timedelta(hours=1)}
    acts.release_quarantined(
        room, entry["id"], source_name=None, source_url=None, why="it was right", **later
    )
    assert only_story(room).killed is None
    assert only_story(room).headline == "Back again"
    made = editions.make(room, "morning", actor="test", now=NOW + timedelta(days=1))
    told = [
        (item.headline, item.correction_note) for item in made.items
    ]  # whoever was told to disregard it is told
    assert told == [("Back again", "This story had been withdrawn; it is published again.")]
    assert ingest(room, line(1, version="3", headline="Back again")).counts == {"unchanged": 1}
    assert ingest(room, line(1, version="4", headline="Back for good")).counts == {"update": 1}
    assert only_story(room).received.correction_note == told[0][1]
    assert ingest(room, line(1, version="5", correction_note="Corrects it.")).counts == {"correction": 1}
    assert only_story(room).received.correction_note == "Corrects it."


def waits(database, *others):
    """Come back when all of them wait for our transaction; on SQLite they cannot even begin."""
    if database.dialect == "sqlite":
        return
    with database.session() as connection:
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        until(lambda: connection.execute(waiting).scalar_one() >= len(others), thread=others[-1])


@pytest.mark.parametrize("meanwhile", ["headline", "correction"])
def test_kill_is_not_saved_over_by_what_was_read_before_it(room, database, meanwhile):
    ingest(room, line(1))
    killed = story_of(room, 1)
    with database.write() as connection:
        stories.locked(connection, killed)
        kill = Aside(acts.kill, room, killed, why="wrong", **WHO)
        waits(database, kill)
        if meanwhile == "headline":
            other = Aside(acts.headline, room, killed, "Ours", why="style", **WHO)
        else:
            other = Aside(ingest, room, line(1, version="2", correction_note="Seven, not four."))
        waits(database, kill, other)
    kill.result()
    with suppress(Refused):  # it came after the kill
        other.result()
    with database.read() as connection:
        assert stories.get(connection, killed).killed == "wrong"


def test_item_that_two_take_in_at_once_is_one_story(room, database):
    with database.write() as connection:
        source = room.source("meridian")
        (item,) = intake.read(jsonl(line(1)), Context(source=source, now=NOW), format="jsonl").items
        take_item(room, connection, source, item, report=SourceReport("meridian"), **WHO)
        other = Aside(ingest, room, line(1), line(2))
        waits(database, other)
    assert other.result().counts == {"unchanged": 1, "new": 1}
    assert len(overview.stories(room, section=None, source=None, limit=99, now=NOW)) == 2


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_who_would_wait_for_each_other_for_ever_are_told_to_try_again(room, database):
    ingest(room, line(1), line(2))
    one, two = (story_of(room, number) for number in (1, 2))

    def crosswise():
        with database.write() as connection:
            stories.locked(connection, two)
            stories.locked(connection, one)

    def met(others):
        with database.write() as connection:
            connection.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
            stories.locked(connection, one)
            others.append(Aside(crosswise))
            waits(database, *others)
            stories.locked(connection, two)

    others = []
    with pytest.raises(StoreLocked):
        met(others)
    others[0].result()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_document_locks_its_stories_in_the_order_in_which_feeds_do(room, database):
    ingest(room, line(1), line(2))
    first, last = sorted(story_of(room, number) for number in (1, 2))
    newer = [line(number, version="2", correction_note="Seven.") for number in (1, 2)]
    if story_of(room, 1) == first:
        newer.reverse()  # against the order of ids
    with database.write() as connection:
        stories.locked(connection, first)
        other = Aside(ingest, room, *newer)
        waits(database, other)
        stories.locked(connection, last)
    assert other.result().counts == {"correction": 2}


def test_an_edition_is_shown_with_where_a_story_is_printed_and_what_the_left_out_are_called(room):
    ingest(room, line(3))
    acts.hold(room, only_story(room).story_id, why="checking", **WHO)
    ingest(room, line(1, categories=["World", "Economy"]), line(2, categories=["Economy"]))
    made = editions.make(room, "morning", **WHO)
    record = overview.edition_record(room, made.edition_id)
    printed = [
        (s["title"], i["headline"][-1], i["printed_under"]) for s in record["shelves"] for i in s["items"]
    ]
    assert sorted(printed) == [("Economy", "1", "World"), ("Economy", "2", ""), ("World", "1", "")]
    assert [(out["headline"], out["why"]) for out in record["left_out"]] == [("Headline number 3", "held")]


def twice(room, number, **fields):
    """A story that its source sent again, word for word, under another id and link; the ids of both."""
    again = {"id": f"again-{number}", "source_url": f"https://meridian.example/again/{number}"}
    ingest(room, line(number, **fields))
    ingest(room, line(number, **(fields | again)))
    rows = overview.stories(room, section=None, source=None, limit=99, now=NOW)
    headline = fields.get("headline", f"Headline number {number}")
    return sorted(row["id"] for row in rows if row["headline"] == headline)


def states(room, *ids):
    rows = overview.stories(room, section=None, source=None, limit=99, now=NOW)
    found = {row["id"]: row["state"] for row in rows}
    return [found[name] for name in ids]


def test_what_a_source_sent_twice_does_not_come_up_when_one_of_both_is_taken_back(room):
    """Killed, held or changed, by the desk or the source: the other one is held, and named. Short texts are nobody's own."""
    one, two, three, six = (twice(room, number) for number in (1, 2, 3, 6))
    theirs = {"original_headline": "As the agency called it"}
    four = twice(room, 4, **theirs)
    fire = twice(room, 5, headline="Fire", body="<p>A mill burns.</p>")
    killed = acts.kill(room, one[0], why="libel", **WHO)
    assert (killed.withdrawal.same, states(room, *one)) == ((one[1],), ["killed", "held"])
    assert (acts.hold(room, two[0], why="?", **WHO).withdrawal.same, states(room, *two)) == (
        (two[1],),
        ["held", "held"],
    )
    assert acts.kill(room, fire[0], why="libel", **WHO).withdrawal.same == ()
    report = ingest(room, line(3, version="2", status="canceled"))
    assert [(entry.act, entry.twin_of != "") for entry in report.withdrawals] == [
        ("kill", False),
        ("hold", True),
    ]
    assert sorted(states(room, *three)) == ["held", "killed"]
    report = ingest(room, line(4, version="2", urgency=3, **theirs))
    assert report.withdrawals == []
    ingest(room, line(4, version="3", body="Nobody died.", correction_note="Nobody died.", **theirs))
    assert sorted(states(room, *four)) == ["held", "usable"]
    ingest(room, line(6, version="2", embargo="2026-03-02T09:00:00Z"))
    assert sorted(states(room, *six)) == ["embargoed", "held"]
    acts.release(room, one[1], why="another event", **WHO)
    assert states(room, one[1]) == ["usable"]
