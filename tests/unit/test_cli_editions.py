"""Editions on the command line: a preview says what it shows, and how to see the other thing that was meant."""

from __future__ import annotations

import pytest

from tests.commands import room
from tests.newsrooms import line


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
    assert last(run("edition", "preview", "morning")).startswith(
        "This is what `publisher edition make morning` would freeze now."
    )
    made = run.json("edition", "make", "morning")["id"]
    frozen = run("edition", "preview", "morning")
    assert f"This is {made}, frozen at " in frozen.out
    assert last(frozen).endswith("`publisher edition preview morning --next`")
    run.ingest(line(2))
    assert "would hold of the stories here now" in last(run("edition", "preview", "morning", "--next"))
    told = run.json("edition", "preview", "morning")
    assert (told["edition"], told["frozen"]) == (made, True)
