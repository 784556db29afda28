"""One thing, one shape: what a list says of it, every other answer about it says by the same name."""

from __future__ import annotations

import pytest

from tests.commands import room
from tests.newsrooms import jsonl, line


@pytest.fixture
def run(tmp_path, capsys):
    """A newsroom with two stories, an item in quarantine, a reader, and an edition whose relay is down."""
    run = room(tmp_path, capsys)
    path = tmp_path / "config" / "publisher.toml"
    text = path.read_text().replace('host = "smtp.news.example"', 'host = "127.0.0.1"')
    path.write_text(text.replace("port = 587", "port = 9"))
    run.ingest(line(1), line(2), line(3, source_url=""))
    run("subscriber", "add", "a@example.org", "--digest", "morning", "--basis", "asked")
    return run


def listed(run, *command):
    """The first row of a list."""
    return run.json(*command, "list")["items"][0]


def agrees(row, record):
    """Whether a record says everything that the list's row does."""
    return row == {key: record.get(key, "missing") for key in row}


def test_a_story(run):
    row = listed(run, "story")
    assert agrees(row, run.json("story", "show", row["id"]))


def test_a_quarantine_entry(run):
    row = listed(run, "quarantine")
    assert agrees(row, run.json("quarantine", "show", str(row["id"])))
    dropped = run.json("quarantine", "drop", str(row["id"]), "--why", "no")
    assert dropped == {"id": row["id"], "state": "dropped", "story": None}


def test_a_quarantine_entry_that_is_released(run):
    row = listed(run, "quarantine")
    url = "https://harbour-news.example/2026/3"
    done = run.json("quarantine", "release", str(row["id"]), "--source-url", url, "--why", "found")
    assert (done["id"], done["state"]) == (row["id"], "released")
    assert run.json("story", "show", done["story"])["source_url"] == url


def test_a_reader(run):
    row = listed(run, "subscriber")
    assert agrees(row, run.json("subscriber", "show", "a@example.org"))


def test_an_edition_and_its_dispatch(run):
    made = run.json("edition", "make", "morning")
    assert (made["stories"], made["approved_by"], made["dispatch"]) == (2, None, None)
    assert made == listed(run, "edition")
    assert agrees(made, run.json("edition", "show", made["id"]))
    approved = run.json("--as", "ann", "edition", "approve", made["id"])
    assert approved == {**made, "approved_by": "ann"}
    assert run("--json", "send", made["id"], "--yes").code == 75
    dispatch = listed(run, "dispatch")
    assert listed(run, "edition")["dispatch"] == dispatch["id"]
    assert dispatch["counts"]["planned"] == 1
    short = dispatch["id"][:20].lower()
    assert agrees(dispatch, run("--json", "dispatch", "show", short).data)
    assert run.json("dispatch", "pause", short, "--why", "wait")["id"] == dispatch["id"]
    assert run("suppression", "undo", "--dispatch", "01AAAAAA", "--why", "none").code == 2


@pytest.mark.parametrize("act", ["pin", "drop", "hold", "release", "kill"])
def test_an_act_is_called_by_its_command(run, act):
    story_id = listed(run, "story")["id"]
    if act == "release":
        run("story", "hold", story_id, "--why", "checking")
    options = ["--section", "world"] if act in {"pin", "drop"} else []
    done = run.json("story", act, story_id, *options, "--why", "as agreed")
    assert (done["id"], done["act"]) == (story_id, act)
    assert run.json("story", "show", story_id)["acts"][-1]["what"] == f"story.{act}"


def test_each_file_of_a_folder_is_named(run, tmp_path):
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(jsonl(line(8)))
    (folder / "b.jsonl").write_bytes(jsonl(line(8)))
    rows = run.json("ingest", "--file", str(folder), "--source", "harbour-news")["items"]
    assert [(row["file"], row["counts"], row["not_modified"]) for row in rows] == [
        ("a.jsonl", {"new": 1}, False),
        ("b.jsonl", {"unchanged": 1}, False),
    ]


def test_whoever_is_suppressed_or_erased_is_named_as_typed(run):
    suppressed = run.json("suppression", "add", "A@Example.org", "--why", "asked us")
    row = listed(run, "suppression")
    assert agrees({**row, "address": "A@Example.org", "at": suppressed["at"]}, suppressed)
    undone = run.json("suppression", "undo", "A@Example.org", "--why", "a mistake")
    assert undone == {"address": "A@Example.org", "dispatch": None, "undone": 1}
    erased = run.json("subscriber", "erase", "A@Example.org", "--yes")
    assert erased == {"address": "A@Example.org", "erased": True}
