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
from publisher.daemon import Steps
from publisher.desk import acts, mailing, publishing, reach, wire
from publisher.desk import editions as desk_editions
from publisher.errors import ConfigurationOutdated
from publisher.newsroom import Newsroom
from publisher.schedule import Tell
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
    assert (done.result, done.code) == ("failed", "configuration-outdated")
    assert "source later-news is not in this process's configuration" in done.said
    assert "sources.toml" in done.said
    assert "restart it" in done.said
    assert mailing.report(old, dispatch_id).state == "sending"
    there = grown(database, relay_port=server.port, corrections_at_once=5)
    assert mailing.due(there, now=LATER, kinds=mailing.OF_FOLLOWUPS) == [dispatch_id]
    mailing.go_on(there, dispatch_id, actor="test", clock=lambda: LATER)
    assert len(mails(server)[READER]) == 2


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


def test_no_edition_is_made_without_a_new_source_s_story(database: Database) -> None:
    there = grown(database)
    ingest(there, line(1))
    bring(there, categories=["Sport"])
    old = outdated(newsroom(database))
    assert [
        item.headline for item in desk_editions.draft(old, old.digest("morning"), slot=NOW, now=NOW).items
    ] == [HARBOUR]
    bring(there, version="2")
    with pytest.raises(ConfigurationOutdated):
        make(old)
    assert {item.headline for item in make(there).items} == {HARBOUR, SUGAR}


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
