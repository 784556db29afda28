"""`source add`, `source check` and `source list`, on a server of our own."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clockbox import Site, site
from tests.commands import Room, room
from tests.newsrooms import line

FEED = (
    b"<?xml version='1.0'?><rss version='2.0'><channel><title>Press</title><item><title>Ferry opens</title>"
    b"<link>https://press.example/ferry</link><guid isPermaLink='false'>p-1</guid><pubDate>Mon, 02 Mar 2026 01:00:00 GMT</pubDate></item>"
    b"<item><title>No link</title><guid isPermaLink='false'>p-2</guid></item></channel></rss>"
)
PAGE = (
    b"<!doctype html><link rel='alternate' type='application/rss+xml' href='/feed.xml'><title>Press</title>"
)


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with site(FEED) as told:
        told.pages["/"] = PAGE
        monkeypatch.setenv("PUBLISHER_SITE__DEVELOPMENT", "true")
        monkeypatch.setenv("PUBLISHER_FETCH__ALLOW_HOSTS", '["127.0.0.1"]')
        monkeypatch.setenv("PUBLISHER_FETCH__PORTS", json.dumps([told.port]))
        yield told


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Room:
    return room(tmp_path, capsys)


def health(run: Room) -> dict[str, str]:
    return {row["source"]: row["health"] for row in run.json("source", "list")["items"]}


def test_a_source_is_added_by_the_page_that_names_its_feed_and_shows_how_it_is(
    run: Room, press: Site
) -> None:
    address = f"http://127.0.0.1:{press.port}"
    said = run("source", "add", f"{address}/", "--slug", "press", "--name", 'The "Press"')
    assert said.code == 0, said
    text = (run.folder / "config" / "sources.toml").read_text(encoding="utf-8")
    written = tomllib.loads(text)["source"]
    assert written[-1] == {
        "slug": "press",
        "name": 'The "Press"',
        "homepage": f"{address}/",
        "url": f"{address}/feed.xml",
    }
    assert "# Sources: the agencies" in text
    assert run("source", "add", f"{address}/feed.xml", "--slug", "other").code == 4
    checked = run.json("source", "check", "press")["items"]
    assert (checked[0]["state"], checked[0]["stories"], checked[0]["set_aside"]) == ("good", 1, 1)
    assert health(run)["press"] == "new"
    assert run("ingest", "press").code == 0
    assert health(run)["press"] == "good"


def test_an_old_feed_is_said_to_be_older_than_every_window(run: Room, press: Site) -> None:
    """Its stories are in, and in no edition: a newcomer looks for them."""
    run("source", "add", f"http://127.0.0.1:{press.port}/feed.xml", "--slug", "press")
    said = run("ingest", "press")
    assert "  press: 1 of its stories is older than the windows of all sections" in said.out
    assert "older than" not in run("ingest", "press").out
    (story,) = run.json("story", "list")["items"]
    assert story["published"] == "2026-03-02T01:00:00Z"
    assert "Published" in run("story", "list").out
    older = "older than the sections' windows, the newest of 2026-03-02 01:00Z"
    for command in (["edition", "make", "morning"], ["edition", "preview", "morning", "--no-pictures"]):
        nothing = run(*command)
        assert nothing.code == 3
        assert nothing.err.endswith(f"1 story is {older}\n")
    digests = run.folder / "config" / "digests.toml"
    digests.write_text(digests.read_text().replace('languages = ["en"]', 'languages = ["en", "fa"]'))
    run.ingest(line(1, language="fa", headline="خبر"))
    assert f"Left out in all languages: 1 story in en is {older}." in run("edition", "make", "morning").out


def test_what_is_broken_is_said_in_a_word_and_nothing_is_added_that_cannot_be_read(
    run: Room, press: Site
) -> None:
    address = f"http://127.0.0.1:{press.port}"
    run("source", "add", f"{address}/feed.xml", "--slug", "press")
    press.pages["/feed.xml"] = b"<html>down</html>"
    for word in ("failing", "failing", "broken"):  # once may be a restart of theirs
        assert run("ingest", "press").code == 5
        assert health(run)["press"] == word
    failed = run("source", "check", "press")
    assert failed.code == 5
    assert "html-page" in failed.out
    press.pages["/x"] = b"<html>no feed here</html>"
    refused = run("source", "add", f"{address}/x", "--slug", "x")
    assert refused.code == 2
    assert "names no feed" in refused.out + refused.err
    assert 'slug = "x"' not in (run.folder / "config" / "sources.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "listed",
    [
        "email,language\nada@list.example,en\n",
        "Name;E-Mail\nAda;ada@list.example\n",
        "\ufeffEmail Address,First Name\nada@list.example,Ada\n",
        '{"email": "ada@list.example", "language": "en"}\n',
    ],
)
def test_a_list_of_readers_is_no_story_and_no_address_of_it_is_kept(run, listed):
    path = run.folder / "readers.csv"
    path.write_text(listed, encoding="utf-8")
    said = run("ingest", "--file", str(path), "--source", "harbour-news")
    assert (said.code, "publisher subscriber import" in said.out + said.err) == (5, True)
    assert run.json("quarantine", "list")["items"] == []


def test_a_pushed_file_that_cannot_be_read_is_said_by_the_exit_code_too(run: Room) -> None:
    folder = run.folder / "pushed"
    folder.mkdir()
    with (run.folder / "config" / "sources.toml").open("a", encoding="utf-8") as sources:
        sources.write(
            f'\n[[source]]\nslug = "pushed"\nname = "Pushed"\nhomepage = "https://pushed.example/"\nformat = "jsonl"\nfolder = "{folder}"\n'
        )
    assert run("ingest", "pushed").code == 0
    (folder / "kill.jsonl").write_text("{")
    os.utime(folder / "kill.jsonl", (0, 0))
    said = run("--json", "ingest", "pushed")
    assert said.code == 5
    assert said.data["items"][0]["unread"][0].startswith("kill.jsonl: ")
    assert (folder / "failed" / "kill.jsonl").exists()


def test_a_folder_that_was_not_there_is_made_and_said_to_be(run: Room) -> None:
    """Else a mistyped one looks like an agency that sends nothing."""
    folder = run.folder / "srv" / "pushd"
    with (run.folder / "config" / "sources.toml").open("a", encoding="utf-8") as sources:
        sources.write(
            f'\n[[source]]\nslug = "pushed"\nname = "Pushed"\nhomepage = "https://pushed.example/"\nformat = "jsonl"\nfolder = "{folder}"\n'
        )
    assert run("source", "check", "pushed").code == 5
    first, again = run("ingest", "pushed"), run("ingest", "pushed")
    assert first.code == again.code == 0
    assert f"  pushed: made {folder}, which was not there" in first.out
    assert "made" not in again.out
    assert run("source", "check", "pushed").code == 0
