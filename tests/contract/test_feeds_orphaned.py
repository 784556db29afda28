"""What the configuration has no more: a killed story stays in no document of a section or consumer that was taken out since; and what it has again."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from sqlalchemy import select

from publisher.desk import acts, publishing
from publisher.newsroom import Newsroom
from publisher.store.db import Database
from publisher.store.schema import public_file
from tests.mailroom import ECONOMY, WHO, ingest
from tests.newsrooms import NOW, line, newsroom

WORLD = {"slug": "world", "title": {"en": "World"}, "any": ["category:World"]}
TRADE = {"slug": "economy", "title": {"en": "Economy"}, "any": ["category:Economy"]}
CONSUMER = {"consumer": [{"slug": "aggregator", "feeds": ["all"]}]}


def showing(database: Database, words: str) -> set[str]:
    """The public files that say this and are not taken down."""
    with database.read() as connection:
        rows = connection.execute(
            select(public_file.c.path, public_file.c.body).where(public_file.c.status == 200)
        )
        return {row.path for row in rows if words in gzip.decompress(row.body).decode()}


def published(room: Newsroom, folder: Path) -> None:
    publishing.publish(room, feeds_to=folder / "feeds", site_to=folder / "site", **WHO)


@pytest.mark.parametrize("rebuilt", [False, True])
def test_a_story_killed_after_its_section_was_taken_out_is_nowhere(
    database: Database, tmp_path: Path, rebuilt: bool
) -> None:
    before = newsroom(database, sections=[WORLD, TRADE], tables=CONSUMER)
    ingest(before, line(1), line(2, categories=ECONOMY, headline="Sugar rises again"))
    published(before, tmp_path)
    shown = showing(database, "Sugar rises again")
    assert {"feeds/economy.rss", "site/s/economy/index.html", "feeds/for/aggregator/all.rss"} <= shown
    after = newsroom(database, sections=[WORLD])
    if rebuilt:
        published(after, tmp_path)
    (story_id,) = {
        row.story_id for row in _stories(after) if row.received.original_headline == "Sugar rises again"
    }
    acts.kill(after, story_id, why="wrong", **WHO)
    assert showing(database, "Sugar rises again") == set()
    folders = (tmp_path / "feeds", tmp_path / "site")
    kept = [
        path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".gz"
    ]
    assert [path for path in kept if "Sugar rises again" in path.read_text()] == []
    assert showing(database, "Headline number 1") >= {"feeds/world.rss", "feeds/all.rss"}


def test_what_comes_back_into_the_configuration_is_public_again(database: Database, tmp_path: Path) -> None:
    """Its stories are the same as before, so that nothing else makes its documents anew."""
    both, one = [WORLD, TRADE], [WORLD]
    before = newsroom(database, sections=both, tables=CONSUMER)
    ingest(before, line(1), line(2, categories=ECONOMY, headline="Sugar rises again"))
    published(before, tmp_path)
    shown = showing(database, "Sugar rises again")
    published(newsroom(database, sections=one), tmp_path)
    gone = shown - showing(database, "Sugar rises again")
    assert {"feeds/economy.rss", "feeds/economy.atom", "feeds/for/aggregator/all.rss"} <= gone
    published(newsroom(database, sections=both, tables=CONSUMER), tmp_path)
    assert showing(database, "Sugar rises again") == shown


def _stories(room: Newsroom):
    from publisher.store import stories

    with room.database.read() as connection:
        return stories.candidates(connection, since=NOW.replace(year=2000))
