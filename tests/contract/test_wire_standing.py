"""What a source says about the use of its story after it has sent it: embargoes that move, words that only hold back, names that join."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from publisher import intake
from publisher.desk import acts, feeds, wire
from publisher.desk.sourcereport import SourceReport
from publisher.desk.taking import take_item
from publisher.intake import Context
from publisher.newsroom import Newsroom
from publisher.store import house, public, quarantine
from publisher.store import stories as stored
from publisher.story import Story
from tests.newsrooms import NOW, jsonl, line, newsroom

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
HOUR = timedelta(hours=1)
LATER = NOW + HOUR
FAR = "2027-01-01T00:00:00Z"


@pytest.fixture
def room(database) -> Newsroom:
    return newsroom(database)


def take(room: Newsroom, *told: dict[str, Any], now: datetime = NOW):
    report = wire.read_document(room, room.source("meridian"), jsonl(*told), actor="test", now=now)
    assert report.failed is None
    return report


def story(room: Newsroom, number: int = 1) -> Story:
    with room.database.read() as connection:
        found = stored.listing(connection)
    return next(entry for entry in found if entry.received.source_url.endswith(f"/{number}"))


def shown(room: Newsroom, words: str, now: datetime) -> bool:
    """Whether these words stand in the feed of all, made anew now."""
    feeds.build(room, actor="test", now=now)
    with room.database.read() as connection:
        file = public.get(connection, "feeds/all.atom")
    return file is not None and words.encode() in file.body


@pytest.mark.parametrize(
    "after", [{}, {"embargo": "2026-03-02T03:00:00Z"}], ids=["lifted", "brought-forward"]
)
@pytest.mark.parametrize("out", [False, True])
def test_an_embargo_that_its_source_ends_earlier_ends_then(room, out, after):
    if out:
        take(room, line(1, version="1"), now=NOW - HOUR)
        assert shown(room, "Headline number 1", NOW - HOUR)
    take(room, line(1, version="2", embargo=FAR))
    assert not shown(room, "Headline number 1", NOW)
    take(room, line(1, version="3", **after), now=LATER)
    assert story(room).eligible_at == LATER
    assert shown(room, "Headline number 1", LATER)


def test_a_release_is_of_the_embargo_that_was_stated_then(room):
    take(room, line(1, version="1", embargo=""))
    acts.release(room, story(room).story_id, why="word was given", actor="test", now=NOW)
    take(room, line(1, version="2", embargo="", body="The second text, under the same words."), now=LATER)
    assert shown(room, "second text", LATER)
    take(room, line(1, version="3", embargo="until the minister has spoken", body="The third."), now=LATER)
    assert not shown(room, "Headline number 1", LATER)


def test_a_kill_that_finds_no_story_is_told_and_is_no_news(room):
    report = take(room, {"id": "m-9", "status": "canceled"})
    assert report.counts == {"kill-unknown": 1}
    assert "m-9: a kill came for a story that we do not know" in " ".join(report.remarks)


def test_two_stories_that_an_item_names_both_are_one_from_then_on(room):
    """Each version has an id of its own, and the one that names both of its neighbours comes last."""
    take(room, line(1, id="v1", source_url="https://meridian.example/2026/a"))
    third = line(3, id="v3", aliases=["v2"], updated="2026-03-02T02:20:00Z")
    second = line(2, id="v2", aliases=["v1"], updated="2026-03-02T02:10:00Z")
    take(room, third)
    report = take(room, second)
    assert report.counts == {"stale": 1}
    assert [entry.act for entry in report.withdrawals] == ["hold"]
    assert "is one with story" in " ".join(report.remarks)
    assert not shown(room, "Headline number 1", NOW)
    assert shown(room, "Headline number 3", NOW)
    assert take(room, {"id": "v1", "status": "canceled"}, now=LATER).counts == {"kill": 1}
    with room.database.read() as connection:
        assert all(entry.killed for entry in stored.listing(connection))
    assert take(room, line(4, id="v4", aliases=["v3"]), now=LATER).counts == {"after-kill": 1}


def test_a_kill_that_names_two_stories_kills_both_and_a_link_that_two_share_makes_them_no_one_story(room):
    take(room, line(1), line(2), line(3))
    take(room, line(2, source_url=line(1)["source_url"], version="2"))
    take(room, {"id": "m-4", "aliases": ["m-1", "m-2"], "status": "canceled"}, now=LATER)
    assert [bool(story(room, number).killed) for number in (1, 3)] == [True, False]
    with room.database.read() as connection:
        assert sum(entry.killed is not None for entry in stored.listing(connection)) == 2


def test_what_is_named_with_a_killed_story_is_killed_and_what_the_desk_parts_is_not(room):
    take(room, line(1), line(2), line(3), line(4))
    acts.kill(room, story(room, 1).story_id, why="wrong", actor="test", now=NOW)
    take(room, line(2, aliases=["m-1"], version="2"), now=LATER)
    assert story(room, 2).killed
    take(room, line(3, aliases=["m-4"], version="2"), now=LATER)
    acts.release(room, story(room, 4).story_id, why="they are two", actor="test", now=LATER)
    acts.kill(room, story(room, 3).story_id, why="wrong", actor="test", now=LATER)
    assert story(room, 4).usable(LATER)


def test_a_killed_text_does_not_come_in_again_under_another_id_and_link(room):
    body = "The harbour of Lindau was closed on Monday after a storm had torn boats from their moorings. " * 3
    take(room, line(1, body=body), line(2, body=body, headline="The same text in another service"))
    acts.kill(room, story(room, 1).story_id, why="wrong", actor="test", now=NOW)
    again = take(
        room, line(3, body=body), line(4, body=body, headline=line(1)["headline"]), line(5), now=LATER
    )
    assert again.counts == {"after-kill": 2, "new": 1}
    assert "only a person may bring it back" in " ".join(again.quarantined)
    assert story(room, 2).usable(LATER)
    later = take(
        room,
        line(2, body=f"{body} More.", version="2"),
        line(3, body=f"{body} More.", version="2"),
        now=LATER,
    )
    assert later.counts == {"update": 1, "after-kill": 1}


def test_a_tombstone_counts_before_its_entry_and_for_what_waits_in_quarantine(database):
    room = newsroom(database, source={"format": "auto"})

    def atom(inside: str):
        raw = (
            '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"><id>urn:f</id>'
            f"<title>F</title><updated>2026-03-02T01:00:00Z</updated>{inside}</feed>"
        )
        return wire.read_document(room, room.source("meridian"), raw.encode(), actor="test", now=NOW).counts

    def entry(name: str, link: str) -> str:
        return f"<entry><id>{name}</id><title>T</title><updated>2026-03-02T01:00:00Z</updated>{link}<content>Text.</content></entry>"

    gone = "".join(f'<at:deleted-entry ref="urn:{name}" when="2026-03-02T01:10:00Z"/>' for name in "ab")
    assert atom(entry("urn:b", "")) == {"quarantined": 1}
    assert atom(gone) == {"kill-unknown": 2}
    assert atom(gone) == {}
    assert atom(entry("urn:a", '<link href="https://meridian.example/2026/a"/>')) == {"after-kill": 1}
    with room.database.read() as connection:
        assert [row.source_guid for row in quarantine.listing(connection)] == ["urn:a"]


def test_what_holds_a_story_back_counts_also_when_its_item_lacks_something(room):
    take(room, *(line(number, version="1") for number in (1, 2, 3, 4)))
    assert shown(room, "Headline number 4", NOW)
    nothing = {"source_url": "", "version": "2", "body": "A second text."}
    report = take(
        room,
        {"id": "m-1", "embargo": "", "version": "2"},
        line(2, **nothing, embargo=FAR),
        line(3, **nothing, expires="2026-03-02T02:00:00Z"),
        line(4, **nothing),
    )
    assert report.counts == {"update": 3, "quarantined": 3}
    assert len(report.withdrawals) == 3
    for number, stands in ((1, False), (2, False), (3, False), (4, True)):
        assert shown(room, f"Headline number {number}", NOW) is stands
    with room.database.read() as connection:
        assert len(quarantine.listing(connection)) == 3  # what is more than an id and a word waits
    take(room, line(2, version="3"), now=LATER)
    assert shown(room, "Headline number 2", LATER)


@pytest.mark.parametrize(
    "held",
    [
        {"status": "withheld"},
        {"status": "whatever"},
        {"embargo": ""},
        {"usage_terms": "May not be published"},
        {"status": "withheld", "headline": "", "source_url": "", "body": ""},
    ],
    ids=["status", "unknown-word", "embargo", "rights", "a-word-alone"],
)
def test_what_only_holds_back_counts_also_when_it_is_older_and_the_desk_is_told(room, held):
    before = line(1, **{"updated": "2026-03-02T01:10:00Z", "body": "An older text.", **held})
    take(room, line(1, updated="2026-03-02T01:50:00Z"))
    report = take(room, before, now=LATER)
    assert "is older than the version that we had" in " ".join(report.remarks)
    assert not shown(room, "Headline number 1", LATER)
    take(room, line(1, updated="2026-03-02T03:00:00Z", headline="Headline number 1, released"), now=LATER)
    assert take(room, before, now=LATER).counts == {"stale": 1}  # the same file again
    assert shown(room, "released", LATER)
    assert (
        story(room).received.body
        == "<p>The first paragraph of story 1 says what happened.</p><p>The second says why.</p>"
    )


def test_a_correction_after_a_time_that_lay_ahead_is_no_older_one(room):
    take(room, line(1, updated="2026-03-02T02:59:00Z"))
    told = line(1, updated="2026-03-02T02:20:00Z", body="Four, not seven.", correction_note="Four.")
    assert take(room, told).counts == {"correction": 1}


def polled(room, *told: dict[str, Any], now: datetime = NOW) -> dict[str, int]:
    report = SourceReport("meridian", polled=True)
    with room.database.write() as connection:
        for item in intake.read(jsonl(*told), Context(source=room.source("meridian"), now=now)).items:
            take_item(room, connection, room.source("meridian"), item, report=report, actor="test", now=now)
    return report.counts


def test_of_two_polls_at_once_the_one_that_was_begun_first_undoes_nothing(room):
    """Its answer was slow: what the other one brought meanwhile is later; a kill that it brings is one all the same."""
    soon = NOW + timedelta(seconds=20)
    before, held = line(1), line(1, status="withheld")
    polled(room, before)
    assert polled(room, held, now=soon) == {"hold": 1}
    assert polled(room, before) == {"stale": 1}
    assert polled(room, line(1, body="A text that nobody had seen.")) == {"stale": 1}
    assert polled(room, before, now=soon + timedelta(seconds=1)) == {"release": 1}
    assert polled(room, line(1, body="Nor this."), now=NOW - timedelta(hours=1)) == {
        "update": 1
    }  # a clock set back
    assert polled(room, line(1, status="canceled"), now=NOW - timedelta(hours=1, seconds=9)) == {"kill": 1}


def test_what_is_remembered_of_a_source_is_of_the_poll_that_was_begun_last(room):
    def told(seconds: int, etag: str) -> str | None:
        with room.database.write() as connection:
            at = NOW + timedelta(seconds=seconds)
            house.remember_source(connection, house.SourceState(source="meridian", etag=etag, polled_at=at))
            return house.source_states(connection)["meridian"].etag

    assert [told(0, "one"), told(20, "two"), told(5, "old"), told(20, "three")] == [
        "one",
        "two",
        "two",
        "three",
    ]
    assert told(-3600, "set back") == "set back"


def test_what_a_poll_shows_again_is_what_stands_and_two_items_of_one_story_do_not_take_turns(room):
    poll = partial(polled, room)
    right, wrong = line(1), line(1, headline="Libel", correction_note="Corrects the name.")
    assert [poll(told) for told in (right, wrong, right, right)] == [
        {"new": 1},
        {"correction": 1},
        {"update": 1},
        {"unchanged": 1},
    ]
    assert poll(wrong) == {"update": 1}  # nobody is told the same correction twice
    both = (right, {**wrong, "id": "m-1-again"})
    assert [poll(*both) for _ in range(2)] == [{"update": 1, "stale": 1}, {"unchanged": 1, "stale": 1}]
    assert story(room).headline == "Headline number 1"
    assert take(room, wrong).counts == {"stale": 1}  # a file may be late


def test_a_kill_is_told_wherever_a_version_of_the_story_has_stood(room):
    def noticed(series: str) -> bool:
        feeds.build(room, actor="test", now=LATER)
        with room.database.read() as connection:
            file = public.get(connection, f"feeds/{series}.rss")
        return file is not None and b'state="deleted"' in file.body

    take(room, line(1, version="1"), line(2), now=NOW - HOUR)
    feeds.build(room, actor="test", now=NOW - HOUR)
    take(room, line(1, version="2", categories=["Economy"], language="fa"))
    feeds.build(room, actor="test", now=NOW)
    take(room, {"id": "m-1", "status": "canceled"}, now=LATER)
    assert [noticed(series) for series in ("world", "economy", "lang/en", "lang/fa", "all")] == [True] * 5
    acts.kill(room, story(room, 2).story_id, why="wrong", actor="test", now=LATER)
    with room.database.read() as connection:
        file = public.get(connection, "feeds/economy.rss")
    assert file is not None
    assert file.body.count(b'state="deleted"') == 1
