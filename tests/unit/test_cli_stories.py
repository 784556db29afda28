"""Stories and quarantine on the command line."""

from __future__ import annotations

import os
import re
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
