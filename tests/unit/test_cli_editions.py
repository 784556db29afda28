"""Editions on the command line: a preview says what it shows, and how to see the other thing that was meant."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from publisher.cli.editions import dated
from tests.commands import room
from tests.newsrooms import jsonl, line


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = room(tmp_path, capsys)
    run.ingest(line(1))
    return run


def last(said):
    assert said.code == 0, said
    return said.out.splitlines()[-1]


def test_a_preview_says_whether_it_is_frozen_and_where_the_next_one_is_shown(run):
    assert last(run("edition", "preview", "morning", "--no-pictures")).startswith(
        "This is what `publisher edition make morning` would freeze now."
    )
    made = run.json("edition", "make", "morning")["id"]
    frozen = run("edition", "preview", "morning", "--no-pictures")
    assert f"This is {made}, frozen at " in frozen.out
    assert "It is shown with the templates of then." in frozen.out
    assert last(frozen).endswith("with the templates of now: `publisher edition preview morning --next`")
    run.ingest(line(2))
    assert "would hold of the stories here now" in last(
        run("edition", "preview", "morning", "--no-pictures", "--next")
    )
    told = run.json("edition", "preview", "morning", "--no-pictures")
    assert (told["edition"], told["frozen"]) == (made, True)


def test_a_language_without_a_story_is_named_with_what_was_left_out(run):
    digests = run.folder / "config" / "digests.toml"
    digests.write_text(digests.read_text().replace('languages = ["en"]', 'languages = ["en", "fa"]'))
    said = run("edition", "preview", "morning", "--no-pictures")
    assert (
        "Nothing in fa: who reads nothing else gets no mail. Left out in all languages: nothing." in said.out
    )
    assert run.json("edition", "preview", "morning", "--no-pictures")["silent"] == ["fa"]
    assert "\nNothing in fa: " in run("edition", "make", "morning").out


def test_a_headline_says_which_frozen_editions_keep_the_old_one(run):
    (story,) = run.json("story", "list")["items"]
    before = run.json("story", "headline", story["id"], "Ours", "--why", "style")
    assert before["frozen"] == []
    made = run.json("edition", "make", "morning")["id"]
    said = run("story", "headline", story["id"], "Ours again", "--why", "style")
    assert f"Frozen before, and goes out with the old headline: {made}." in said.out
    assert "Frozen" not in run("story", "headline", story["id"], "Ours again", "--why", "style").out


def test_ingest_says_which_frozen_editions_keep_the_version_before_a_correction(run):
    (story,) = run.json("story", "list")["items"]
    made = run.json("edition", "make", "morning")["id"]
    corrected = line(1, body="<p>Sixty ships wait.</p>", correction_note="Corrects the number of ships.")
    said = run.ingest(corrected)
    assert f"story {story['id']} has a new version" in said.out
    assert f"Frozen before, and goes out as it was: {made}." in said.out
    path = run.folder / "again.jsonl"
    path.write_bytes(jsonl(line(1, body="<p>Seventy ships wait.</p>")))
    (told,) = run.json("ingest", "--file", str(path), "--source", "harbour-news")["items"]
    (outgoing,) = told["outgoing"]
    assert (outgoing["story"], outgoing["editions"]) == (story["id"], [made])
    assert "Frozen" not in run.ingest(line(2)).out


def test_ingest_says_how_those_are_told_who_have_what_its_source_took_back(run):
    (story,) = run.json("story", "list")["items"]
    run("subscriber", "add", "a@example.org", "--digest", "morning", "--basis", "asked")
    path = run.folder / "config" / "publisher.toml"
    text = path.read_text().replace('host = "smtp.news.example"', 'host = "127.0.0.1"')
    path.write_text(text.replace("port = 587", "port = 9"))
    assert run("send", "morning", "--yes").code == 75
    made = run.json("edition", "list")["items"][0]["id"]
    said = run.ingest(line(1, status="canceled"))
    assert "withdrawn by its source (kill)" in said.out
    assert f"mailed, or on its way, in {made}" in said.out
    assert f"`publisher story reach {story['id']}` shows who" in said.out


def test_help_of_approve_says_what_an_approval_outlives(run):
    assert "taken out" in run("edition", "approve", "--help").out


def test_why_nothing_is_there_to_publish_is_said_in_words(run):
    run("edition", "make", "morning")
    said = run("edition", "preview", "morning", "--no-pictures", "--next")
    assert said.code == 3
    assert said.err == "publisher: nothing to publish for digest morning: 1 carried by an earlier edition\n"


def test_approval_that_a_kill_carries_over_is_said_to_be_kept(run):
    path = run.folder / "config" / "publisher.toml"
    text = path.read_text().replace('host = "smtp.news.example"', 'host = "127.0.0.1"')
    path.write_text(text.replace("port = 587", "port = 9"))
    run.ingest(line(2))
    run("subscriber", "add", "a@example.org", "--digest", "morning", "--basis", "asked")
    made = run.json("edition", "make", "morning")["id"]
    run("--as", "ann", "edition", "approve", made)
    assert "approved by ann" in run("edition", "show", made).out
    run("story", "kill", run.json("story", "list")["items"][0]["id"], "--why", "wrong")
    assert run("send", made, "--yes").code == 75
    assert "approved in an earlier revision; kept" in run("edition", "show", made).out


def test_an_edition_of_a_day_that_is_over_says_so_before_it_goes_out():
    """Before today's first slot the present edition is yesterday's, and everything that it becomes bears that date."""
    now = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
    told = {"series": "morning", "edition_id": "morning-2026-03-01", "timezone": "Asia/Tehran"}
    slot = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
    made = SimpleNamespace(slot=slot, local_date=date(2026, 3, 1), **told)
    (said,) = dated(made, "morning", now)
    assert "Sunday 1 March, 07:30" in said
    assert "`publisher send morning --now`" in said
    assert dated(made, "morning-2026-03-01", now) == []
    assert dated(made, "morning", slot) == []


def test_a_note_is_put_shown_taken_away_and_waits_for_one_edition(run, tmp_path):
    assert run("edition", "note", "morning").out == "No note waits for the next edition of morning.\n"
    (tmp_path / "note.txt").write_text("Good morning.\n\nThe harbour is open.", encoding="utf-8")
    told = run.json("edition", "note", "morning", "--file", str(tmp_path / "note.txt"))
    assert told == {"digest": "morning", "notes": {"en": "Good morning.\n\nThe harbour is open."}}
    assert run("edition", "note", "morning", "Fog.").out == "en: Fog.\n"
    assert "1 note taken away." in run("edition", "note", "morning", "--clear").out
    both = run("edition", "note", "morning", "Fog.", "--clear")
    assert both.code == 2
    assert "exclude one another" in both.err
    run("edition", "note", "morning", "Publishing resumes on Monday.")
    made = run.json("edition", "make", "morning")["id"]
    assert run.json("edition", "note", "morning")["notes"] == {}
    assert run.json("edition", "show", made)["notes"] == {"en": "Publishing resumes on Monday."}
    assert "\nEditor's note (en)\n  Publishing resumes on Monday.\n" in run("edition", "show", made).out
