"""A process whose configuration was written since it began: what it does not know of a new source costs no story and no document."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from publisher.cli.reaching import reach_lines
from publisher.daemon import Done, Steps
from publisher.desk import acts, mailing, publishing, reach, wire
from publisher.desk import editions as desk_editions
from publisher.errors import ConfigurationOutdated
from publisher.newsroom import Newsroom
from publisher.schedule import Build, Tell
from publisher.store import stories
from publisher.store.db import Database
from publisher.store.schema import public_file
from tests.mailroom import WHO, ingest, keeping, mails, make, send, subscribe
from tests.newsrooms import NOW, jsonl, line, newsroom
from tests.smtpd import Server

READER = "reader@list.example"
LATER = NOW + timedelta(hours=1)
MERIDIAN = {
    "slug": "meridian",
    "name": "Meridian",
    "homepage": "https://meridian.example/",
    "format": "jsonl",
}
NEW = {"slug": "later-news", "name": "Later News", "homepage": "https://later.example/", "format": "jsonl"}
SUGAR, HARBOUR = "Sugar rises again in the south", "Headline number 1"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with keeping(tmp_path) as running:
        yield running


def grown(database: Database, **options: Any) -> Newsroom:
    """A process that began after the new source had been written into the files."""
    return newsroom(database, sources=[MERIDIAN, NEW], **options)


def outdated(room: Newsroom) -> Newsroom:
    """One that began before."""
    stamps = {"sources.toml": (0, 0)}  # no such file is there any more
    return replace(room, settings=replace(room.settings, stamps=stamps))


def bring(room: Newsroom, *, now: datetime = NOW, **fields: Any) -> None:
    told = {**line(7, headline=SUGAR, source_url="https://later.example/7"), **fields}
    wire.read_document(room, room.source("later-news"), jsonl(told), actor="test", now=now)


def named(room: Newsroom, headline: str) -> str:
    with room.database.read() as connection:
        found = stories.candidates(connection, since=NOW.replace(year=2000))
    (name,) = [story.story_id for story in found if story.received.original_headline == headline]
    return name


def publish(room: Newsroom, now: datetime = NOW) -> None:
    publishing.publish(room, feeds_to=None, site_to=None, actor="test", now=now)


def public(database: Database) -> Mapping[str, str]:
    """The public files that are not taken down."""
    with database.read() as connection:
        rows = connection.execute(
            select(public_file.c.path, public_file.c.body).where(public_file.c.status == 200)
        )
        return {row.path: gzip.decompress(row.body).decode() for row in rows}


def showing(database: Database, words: str) -> set[str]:
    return {path for path, body in public(database).items() if words in body}


# ------------------------------------------------------------------------------------------------------------- mail


def correct_in_mail(database: Database, server: Server) -> tuple[Newsroom, str]:
    """The new source's story was mailed and is corrected; the old process, and the correction's dispatch."""
    options: dict[str, Any] = {"relay_port": server.port, "corrections_at_once": 5}
    there = grown(database, **options)
    ingest(there, line(1))
    bring(there)
    subscribe(there, READER)
    send(there, mailing.begin(there, make(there), **WHO))
    bring(there, version="2", correction_note="An earlier version had a wrong price.", now=LATER)
    old = outdated(newsroom(database, **options))
    (dispatch_id,) = mailing.due(old, now=LATER, kinds=mailing.OF_FOLLOWUPS)
    return old, dispatch_id


def test_a_correction_of_a_new_source_waits_for_the_restart(database: Database, server: Server) -> None:
    old, dispatch_id = correct_in_mail(database, server)
    (done,) = Steps(newsroom=old, clock=lambda: LATER).perform(Tell(dispatch_id))
    assert (done.result, done.code, done.bad) == ("outdated", "configuration-outdated", True)
    assert "source later-news is not in this process's configuration" in done.said
    assert "sources.toml" in done.said
    assert "restart it" in done.said
    assert mailing.report(old, dispatch_id).state == "sending"
    there = grown(database, relay_port=server.port, corrections_at_once=5)
    assert mailing.due(there, now=LATER, kinds=mailing.OF_FOLLOWUPS) == [dispatch_id]
    mailing.go_on(there, dispatch_id, actor="test", clock=lambda: LATER)
    assert len(mails(server)[READER]) == 2


def test_what_waits_for_the_restart_says_so_once(database: Database, server: Server) -> None:
    old, dispatch_id = correct_in_mail(database, server)
    steps = Steps(newsroom=old, clock=lambda: LATER)
    told = [steps.perform(Tell(dispatch_id))[0] for _ in range(3)]
    assert [(done.result, done.bad) for done in told] == [
        ("outdated", True),
        ("unchanged", False),
        ("unchanged", False),
    ]
    assert steps.held[Tell(dispatch_id)].until == LATER + timedelta(minutes=4), (
        "it is looked at more and more rarely"
    )
    settings = replace(old.settings, stamps={"sources.toml": (0, 0), "gone.toml": (0, 0)})
    steps.newsroom = replace(old, settings=settings)
    (done,) = steps.perform(Tell(dispatch_id))
    assert (done.result, done.bad, "gone.toml" in done.said) == ("outdated", True, True)
    steps.newsroom = grown(database, relay_port=server.port, corrections_at_once=5)
    (done,) = steps.perform(Tell(dispatch_id))
    assert (done.result, steps.held) == ("done", {})


def test_an_edition_that_holds_a_new_source_waits_whole(database: Database, server: Server) -> None:
    there = grown(database, relay_port=server.port)
    ingest(there, line(1))
    bring(there)
    subscribe(there, READER)
    made = make(there)
    old = outdated(newsroom(database, relay_port=server.port))
    with pytest.raises(ConfigurationOutdated):
        mailing.begin(old, made, **WHO)
    assert desk_editions.edition(there, made.edition_id).revision == 1
    dispatch_id = mailing.begin(there, made, **WHO)
    acts.kill(there, named(there, HARBOUR), why="wrong", **WHO)
    assert mailing.due(old, now=NOW, kinds=mailing.OF_EDITIONS) == []
    assert mailing.due(there, now=NOW, kinds=mailing.OF_EDITIONS) == [dispatch_id]
    mailing.go_on(there, dispatch_id, actor="test", clock=lambda: NOW)
    assert SUGAR in mails(server)[READER][0]


def test_the_slot_s_edition_does_not_wait_for_a_new_source(database: Database) -> None:
    """Readers would get nothing at all, for want of a restart; the next edition looks at the new source's stories."""
    there = grown(database)
    ingest(there, line(1))
    bring(there)
    old = outdated(newsroom(database))
    assert {item.headline for item in make(old).items} == {HARBOUR}
    later = NOW + timedelta(hours=1)
    draft = desk_editions.draft(there, there.digest("morning"), slot=later, now=later)
    assert {item.headline for item in draft.items} == {SUGAR}


def test_a_source_that_was_taken_out_still_bars_what_it_sent(database: Database, server: Server) -> None:
    """And what is said of it says so once, and how to mend it."""
    _, dispatch_id = correct_in_mail(database, server)
    after = newsroom(database, relay_port=server.port, corrections_at_once=5)
    mailing.go_on(after, dispatch_id, actor="test", clock=lambda: LATER)
    report = mailing.report(after, dispatch_id)
    assert report.state == "halted"
    assert report.halt == (
        f"rights: story {named(after, SUGAR)} may not go out any more: source later-news is no longer configured. "
        f"Mend sources.toml and restart what runs, then `publisher dispatch resume {dispatch_id}`"
    )
    lines = "\n".join(reach_lines(reach.report(after, named(after, SUGAR))))
    assert f"Halted (rights: story {named(after, SUGAR)} may not go out" in lines
    assert f"`publisher dispatch resume {dispatch_id}`" in lines
    assert "without a name" not in lines


# ------------------------------------------------------------------------------------------------------------- feeds and pages


def build(room: Newsroom, *, now: datetime) -> list[Done]:
    return Steps(newsroom=room, clock=lambda: now).perform(Build())


def grown_public(database: Database, **fields: Any) -> tuple[Newsroom, Newsroom]:
    """What a later process has published with the new source's story, and the process that had published before."""
    old = newsroom(database)
    ingest(old, line(1), line(2))
    publish(old)
    there = grown(database)
    bring(there, now=LATER, **fields)
    publish(there, LATER)
    return outdated(old), there


HELD = {
    f"feeds/{series}.{fmt}"
    for series in ("world", "all", "source/later-news")
    for fmt in ("rss", "atom", "json")
}


def test_a_clock_leaves_a_new_source_s_feed_and_stories_where_they_are(database: Database) -> None:
    old, there = grown_public(database)
    before = public(database)
    assert showing(database, SUGAR) >= {*HELD, "site/index.html", "site/s/world/index.html"}
    ingest(old, line(3, categories=["Economy"]), now=LATER + timedelta(minutes=5))
    steps = Steps(newsroom=old, clock=lambda: LATER + timedelta(minutes=6))
    (done,) = steps.perform(Build())
    assert before.keys() <= public(database).keys()
    assert showing(database, SUGAR) == {path for path, body in before.items() if SUGAR in body}
    assert (done.result, done.bad) == ("outdated", True)
    assert "does not know the source later-news: restart it" in done.said
    assert "feeds/economy.rss" in showing(database, "Headline number 3"), "what it knows goes on"
    assert [done.result for done in steps.perform(Build())] == ["unchanged"], "it is said once"
    publish(there, LATER + timedelta(minutes=10))
    assert {"feeds/all.rss", "feeds/economy.rss"} <= showing(database, "Headline number 3")
    assert showing(database, SUGAR) >= HELD


def test_a_kill_in_an_outdated_process_reaches_everything_at_once(database: Database) -> None:
    old, _ = grown_public(database)
    acts.kill(old, named(old, HARBOUR), why="wrong", actor="test", now=LATER + timedelta(minutes=1))
    assert showing(database, HARBOUR) == set()
    assert showing(database, SUGAR) >= {*HELD, "site/index.html", "site/s/world/index.html"}
    acts.kill(old, named(old, SUGAR), why="wrong", actor="test", now=LATER + timedelta(minutes=2))
    assert showing(database, SUGAR) == set()
    assert showing(database, "Headline number 2") >= {"feeds/world.rss", "site/index.html"}


def test_a_kill_by_another_process_keeps_its_notices_in_a_new_source_s_feed(database: Database) -> None:
    old, there = grown_public(database)
    bring(
        there, now=LATER, id="m-8", headline="Rain is late in the north", source_url="https://later.example/8"
    )
    publish(there, LATER + timedelta(minutes=1))
    acts.kill(there, named(there, SUGAR), why="wrong", actor="test", now=LATER + timedelta(minutes=2))
    before = public(database)
    build(old, now=LATER + timedelta(minutes=3))
    assert public(database).keys() == before.keys()
    assert "feeds/source/later-news.rss" in showing(database, "Rain is late in the north")


def test_what_expires_leaves_what_an_outdated_process_does_not_know(database: Database) -> None:
    old, _ = grown_public(database, expires="2026-03-02T04:00:00Z")
    build(old, now=NOW + timedelta(hours=3))
    assert showing(database, SUGAR) == set()
    assert "feeds/world.rss" in showing(database, HARBOUR)


def test_a_new_section_s_documents_and_pages_stay(database: Database) -> None:
    sections = [
        {"slug": name.lower(), "title": {"en": name}, "any": [f"category:{name}"]}
        for name in ("World", "Sport")
    ]
    old = newsroom(database, sections=sections[:1])
    ingest(old, line(1), line(2, categories=["Sport"]))
    publish(old)
    there = newsroom(database, sections=sections)
    wire.read_document(
        there, there.source("meridian"), jsonl(line(3, categories=["Sport"])), actor="test", now=LATER
    )
    publish(there, LATER)
    before = public(database).keys()
    assert {"feeds/sport.rss", "site/s/sport/index.html"} <= before
    build(outdated(old), now=LATER + timedelta(minutes=1))
    assert public(database).keys() == before
    build(old, now=LATER + timedelta(minutes=2))
    assert before - public(database).keys() >= {"feeds/sport.rss", "site/s/sport/index.html"}, (
        "it is gone for good"
    )


def test_the_page_of_an_edition_and_a_closed_month_keep_a_new_source_s_story(database: Database) -> None:
    there = grown(database)
    ingest(there, line(1))
    bring(there)
    made = make(there)
    publish(there)
    spring = NOW + timedelta(days=40)
    publish(there, spring)
    before = public(database)
    page = f"site/e/{made.edition_id}/index.html"
    assert {page, "feeds/archive/world/2026-03.rss"} <= showing(database, SUGAR)
    old = outdated(newsroom(database))
    build(old, now=spring + timedelta(minutes=1))
    assert public(database).keys() >= before.keys()
    assert public(database)[page] == before[page]
    assert "feeds/archive/world/2026-03.rss" in showing(database, SUGAR)
    acts.kill(old, named(old, SUGAR), why="wrong", actor="test", now=spring + timedelta(minutes=2))
    assert showing(database, SUGAR) == set()
    assert page in showing(database, HARBOUR)
