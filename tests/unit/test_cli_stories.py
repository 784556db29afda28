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


def test_what_a_later_version_changed_is_shown_beside_what_stood_before(run):
    body = "<p>Two of the four cranes work.</p><p>The port opens at six.</p>"
    said = {"headline": "Cranes work", "lede": "Two cranes of four.", "body": body, "byline": "Ana Moreira"}
    run.ingest(line(7, **said))
    more = {"body": body.replace("Two", "Three") + "<p>The fourth is rusty.</p>", "headline": "Cranes stand"}
    run.ingest(line(7, **said | more | {"correction_note": "Three, not two."}))
    run.ingest(line(7, **said | more | {"correction_note": "Three, not two.", "urgency": 2}))
    (story_id,) = [i["id"] for i in run.json("story", "list")["items"] if i["headline"] == "Cranes stand"]
    assert run.json("story", "show", story_id, "--diff")["changes"] == [
        {"version": 2, "against": 1, "field": "headline", "before": "Cranes work", "after": "Cranes stand"},
        {
            "version": 2,
            "against": 1,
            "field": "text",
            "before": "Two of the four cranes work.",
            "after": "Three of the four cranes work.",
        },
        {"version": 2, "against": 1, "field": "text", "before": "", "after": "The fourth is rusty."},
        {
            "version": 2,
            "against": 1,
            "field": "correction note",
            "before": "",
            "after": "Three, not two.",
        },
        {"version": 3, "against": 2, "field": "urgency", "before": "5", "after": "2"},
    ]
    assert "changes" not in run.json("story", "show", story_id)
    shown = run("story", "show", story_id, "--diff").out
    assert "version 2 against 1" in shown
    assert "  text\n  - Two of the four cranes work.\n  + Three of the four cranes work." in shown
    assert "  text\n  + The fourth is rusty." in shown


def test_a_kill_took_no_words_from_a_story_but_its_standing(run):
    run.ingest(line(7, headline="Cranes work", body="<p>The cranes work.</p>"))
    run.ingest(line(7, headline="", body="", status="canceled"))
    (story_id,) = [i["id"] for i in run.json("story", "list")["items"] if i["headline"] == "Cranes work"]
    (change,) = run.json("story", "show", story_id, "--diff")["changes"]
    assert [change[key] for key in ("field", "before", "after")] == ["status", "usable", "canceled"]


def test_a_story_of_one_version_has_nothing_to_be_compared_with(run):
    (story_id, _) = [item["id"] for item in run.json("story", "list")["items"]]
    assert run.json("story", "show", story_id, "--diff")["changes"] == []
    assert (
        "One version has come: there is nothing to compare." in run("story", "show", story_id, "--diff").out
    )


def test_a_kill_by_mistake_is_taken_back(run):
    (story_id, _) = [item["id"] for item in run.json("story", "list")["items"]]
    refused = run("story", "restore", story_id, "--why", "a mistake")
    assert (refused.code, "was not killed" in refused.err) == (4, True)
    run("story", "kill", story_id, "--why", "the wrong one")
    refused = run("story", "release", story_id, "--why", "a mistake")
    assert (refused.code, f"publisher story restore {story_id}" in refused.err) == (3, True)
    said = run("story", "restore", story_id, "--why", "a mistake")
    assert said.code == 0
    assert f"{story_id} stands again, as version 2, and says that it had been withdrawn." in said.out
    assert "Brought back in version 2" in run("story", "reach", story_id).out


def test_a_kill_by_the_source_wants_a_yes(run):
    items = run.json("story", "list")["items"]
    story_id = next(item["id"] for item in items if item["headline"].startswith("بندر"))
    run.ingest(line(2, headline="", status="canceled"))
    refused = run("story", "restore", story_id, "--why", "they mean another")
    assert (refused.code, "killed by its source" in refused.err) == (3, True)
    done = run.json("story", "restore", story_id, "--yes", "--why", "they mean another")
    assert (done["act"], done["state"], done["version"]) == ("restore", "usable", 3)


def test_a_list_that_was_narrowed_down_to_nothing_does_not_send_people_to_the_wire(tmp_path, capsys):
    run = room(tmp_path, capsys)
    assert "run `publisher ingest`" in run("story", "list").out
    for narrowed in (("--state", "held"), ("--source", "harbour-news")):
        assert run("story", "list", *narrowed).out == "There is no such story.\n"
