"""Stories and quarantine on the command line."""

from __future__ import annotations

import os
import re
import shutil
import sys

import pytest

from tests.commands import room
from tests.newsrooms import line


@pytest.fixture
def run(tmp_path, capsys):
    run = room(tmp_path, capsys)
    run.ingest(line(1), line(2, headline="بندر می\u200cشود"), line(3, source_url=""))
    return run


def test_the_list_tells_when_a_story_came_in_and_keeps_joiners(run):
    said = run("story", "list").out
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\dZ  harbour-news", said)
    assert "بندر می\u200cشود" in said


def test_on_a_terminal_of_80_columns_ids_stay_whole(run, monkeypatch):
    ids = {item["id"] for item in run.json("story", "list")["items"]}
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda *_: os.terminal_size((80, 24)))
    shown = re.sub("\x1b\\[[0-9;]*m", "", run("story", "list").out).splitlines()
    assert all(sum(story_id in text for text in shown) == 1 for story_id in ids)
    assert max(map(len, shown)) <= 80


def test_one_state_is_asked_for_alone(run):
    (first, second) = [item["id"] for item in run.json("story", "list")["items"]]
    run("story", "hold", first[:26].lower(), "--why", "checking")
    assert [item["id"] for item in run.json("story", "list", "--state", "held")["items"]] == [first]
    assert [item["id"] for item in run.json("story", "list", "--state", "usable")["items"]] == [second]
    assert run("story", "list", "--state", "dead").code == 2


def test_a_pin_into_another_section_is_made_and_said(run):
    (story_id, _) = [item["id"] for item in run.json("story", "list")["items"]]
    said = run("story", "pin", story_id, "--section", "business", "--why", "ours")
    assert said.code == 0
    assert "But it does not belong to business (it is in latest, world)" in said.out


def test_a_story_is_shown_with_its_text_and_the_desks_note(run):
    body = "<p>The council voted.</p><ul><li>Four cranes</li></ul>"
    run.ingest(
        line(
            7,
            body=body,
            byline="Ana Moreira",
            dateline="PORT EXAMPLE",
            ednote="Picture follows.",
            headline="Cranes",
        )
    )
    (story_id,) = {item["id"] for item in run.json("story", "list")["items"] if item["headline"] == "Cranes"}
    shown = run("story", "show", story_id).out
    for words in ("The council voted.", "Four cranes", "Ana Moreira", "PORT EXAMPLE", "Picture follows."):
        assert words in shown


def test_a_folder_that_cannot_be_written_keeps_no_kill_from_the_others(run, tmp_path):
    story_id = run.json("story", "list")["items"][0]["id"]
    feeds, broken = run.folder / "var" / "feeds", tmp_path / "elsewhere" / "feeds"
    said = run("feed", "build", "--out", "/proc/nowhere")
    assert (said.code, "cannot write to /proc/nowhere" in said.err) == (78, True)
    said = run("feed", "build", "-q")
    assert (said.code, said.out, said.err) == (0, "", ""), (
        "a folder that never could be written is not remembered"
    )
    assert run("feed", "build", "--out", str(broken)).code == 0
    assert all(story_id in (folder / "latest.rss").read_text() for folder in (feeds, broken))
    shutil.rmtree(broken.parent)
    broken.parent.write_text("a file stands there now")
    said = run("story", "kill", story_id, "--why", "withdrawn by the agency")
    assert (said.code, f"{story_id} killed." in said.out) == (5, True)
    assert f"cannot write to {broken}" in said.err
    assert "Withdrawn" in (feeds / "latest.rss").read_text()
    (finding,) = [
        one for one in run("--json", "doctor", "--no-dns").data["findings"] if one["check"] == "folders"
    ]
    assert str(broken) in finding["said"]
    by_source = run.ingest(*(line(number, status="canceled") for number in (1, 2)))
    assert by_source.code == 5
    assert f"what a source took back may still stand there: cannot write to {broken}" in by_source.err
    said = run("feed", "build", "-q")
    assert (said.code, said.out, f"cannot write to {broken}" in said.err) == (5, "", True)
    assert run("feed", "forget", str(broken)).code == 0
    assert run("feed", "build").code == 0
    again = run("feed", "forget", str(broken))
    assert (again.code, str(feeds) in again.err) == (2, True)
