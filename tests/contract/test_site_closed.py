"""What was taken back leaves the site whether or not the site can be made anew: shown, or only named beside another report."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.desk import acts, editions, publishing, site, wire
from publisher.newsroom import Newsroom
from publisher.store import public, stories
from tests.newsrooms import NOW, jsonl, line, newsroom

WHO = {"actor": "test"}
LATER = NOW + timedelta(hours=1)
HEADLINES = (
    "Harbour workers in Port Alma end strike after twelve days",
    "Port Alma harbour workers end strike after twelve days",
)
EXPIRES = NOW + timedelta(hours=2)
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def publish(room: Newsroom, now=NOW):
    return publishing.publish(room, feeds_to=None, site_to=None, **WHO, now=now)


def ingest(room: Newsroom, source: str, *lines, now=NOW) -> None:
    assert not wire.read_document(room, room.source(source), jsonl(*lines), **WHO, now=now).failed


def named(room: Newsroom, guid: str) -> str:
    with room.database.read() as connection:
        return next(s.story_id for s in stories.listing(connection) if s.received.source_guid == guid)


def showing(room: Newsroom, words: str, below: str = "") -> list[str]:
    """The public files in which these words stand."""
    with room.database.read() as connection:
        found = {path: public.get(connection, path) for path in sorted(public.paths(connection, below=below))}
    return [path for path, file in found.items() if file and words.encode() in file.body]


def test_a_template_that_cannot_be_rendered_keeps_no_story_public_that_was_taken_back(database, tmp_path):
    pages = {"pages": True, "canonical": "own"}
    room = newsroom(database, site=pages)
    ingest(room, "meridian", line(1), line(2), line(3), line(4))
    editions.make(room, "morning", **WHO, now=NOW)
    publish(room)
    acts.kill(room, named(room, "m-4"), why="wrong", **WHO, now=NOW + timedelta(minutes=30))
    noticed = showing(room, "Withdrawn: a story from Meridian", "site/e/")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "edition.html.j2").write_text("{% if %}")
    broken = newsroom(database, site=pages, tables={"store": {"templates_dir": str(tmp_path)}})
    publish(broken, LATER)
    assert noticed
    assert showing(room, "Withdrawn: a story from Meridian", "site/e/") == noticed  # what is right stays
    done = acts.kill(broken, named(room, "m-1"), why="wrong", **WHO, now=LATER).published
    assert "web/edition.html.j2" in str(done.pages.refused[0])
    assert done.refused
    assert f"story/{named(room, 'm-1')}/index.html" in done.pages.down
    acts.hold(broken, named(room, "m-2"), why="asked", **WHO, now=LATER)
    for number in (1, 2):
        assert showing(room, f"Headline number {number}") == []
        assert showing(room, named(room, f"m-{number}"), "site/") == []
    assert showing(room, "Headline number 3", "site/story/")
    assert not publish(room, LATER).refused
    assert "site/index.html" in showing(room, "Withdrawn: a story from Meridian")


@pytest.mark.parametrize("act", ["kill", "hold", "expire"])
def test_what_is_only_named_leaves_the_archive_for_good(database, act):
    room = newsroom(database)
    gone = {"expires": EXPIRES.isoformat()} if act == "expire" else {}
    ingest(room, "meridian", line(1, headline=HEADLINES[0], body="What happened. " * 9))
    report = {"headline": HEADLINES[1], "source_url": "https://caspian.example/THEIRS", "body": ""}
    ingest(room, "caspian", line(2, **report, **gone))
    (lead,) = editions.make(room, "morning", **WHO, now=NOW).items
    assert len(lead.also) == 1
    publish(room)
    assert len(showing(room, "caspian.example/THEIRS", "site/e/")) == 1
    if act != "expire":
        getattr(acts, act)(room, named(room, "m-2"), why="wrong", **WHO, now=LATER)
        assert showing(room, "caspian.example/THEIRS", "site/") == []
    for later in (timedelta(hours=3), timedelta(days=16)):
        ingest(room, "meridian", line(100 + later.days), now=NOW + later)
        publish(room, NOW + later)
        assert showing(room, "caspian.example/THEIRS", "site/") == []


def test_a_feed_that_another_process_froze_since_is_on_the_page_and_one_of_a_wrong_clock_is_not(database):
    room = newsroom(database)
    ingest(room, "meridian", line(1))
    publish(room, NOW + timedelta(seconds=2))
    assert not publish(room, NOW).pages.refused
    assert "site/index.html" in showing(room, "Headline number 1")
    ingest(room, "meridian", line(2), now=LATER)
    publish(room, LATER)
    assert {fault.rule for refusal in site.build(room, now=NOW).refused for fault in refusal.violations} == {
        "early"
    }


def test_rights_that_are_taken_back_close_the_page_of_a_story_until_they_are_given_again(database):
    pages = {"pages": True}
    room = newsroom(database, site=pages)
    ingest(room, "meridian", line(1))
    ingest(room, "caspian", line(2, source_url="https://caspian.example/2026/2"))
    editions.make(room, "morning", **WHO, now=NOW)
    publish(room)
    of_caspian = {"slug": "caspian", "name": "Caspian Press", "homepage": "https://caspian.example/"}
    ways = (
        {"source": {"rights": "none"}},
        {"source": {"rights_feeds": "none"}},
        {"sources": [of_caspian]},
    )
    assert len(showing(room, "Headline number 1", "site/")) > 3
    for after, way in enumerate(ways):
        at = LATER + timedelta(days=20 * after)  # the story has left the feeds long since, its page stands
        ingest(room, "caspian", line(50 + after), now=at)
        publish(newsroom(database, site=pages, **way), at)
        assert showing(room, "Headline number 1", "site/") == []
        assert showing(room, "Headline number 2", "site/story/")
        publish(room, at + timedelta(hours=1))
        assert showing(room, "Headline number 1", "site/story/")


@pytest.mark.parametrize("outdated", [False, True])
def test_the_front_page_of_a_language_that_is_none_any_more_is_taken_down(database, outdated):
    def room(*tags: str) -> Newsroom:
        told = [
            {"id": "d", "version": 1, "language": tag, "short": f"{tag}.", "full": f"{tag}."} for tag in tags
        ]
        section = {"slug": "world", "title": dict.fromkeys(tags, "World"), "any": ["category:World"]}
        return newsroom(database, tables={"disclaimer": told}, sections=[section])

    ingest(room("en", "fa"), "meridian", line(1))
    publish(room("en", "fa"))
    after = room("en")
    if outdated:  # to a process that its files have overtaken a language that it lacks is perhaps a new one
        after = replace(after, settings=replace(after.settings, stamps={"publisher.toml": (0, 0)}))
    publish(after)
    with database.read() as connection:
        gone = {head.path for head in public.heads(connection, below="site/") if head.status == public.GONE}
        there = public.paths(connection, below="site/")
    of_persian = {f"site/fa/{name}.html" for name in ("index", "404", "410")}
    assert {"site/index.html", "site/404.html", "site/assets/copy.js"} <= there
    assert of_persian <= (there if outdated else gone)
