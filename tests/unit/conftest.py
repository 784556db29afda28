"""A newsroom's folder as `publisher init` makes it, for tests that run commands in it (`tests.commands.run`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.cli import publisher
from publisher.cli.exits import told
from publisher.dispatch import guards
from tests.commands import run
from tests.newsrooms import jsonl, line


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A folder with the configuration that `init` writes."""
    assert told(publisher, ["init", str(tmp_path)]) == 0
    return tmp_path


@pytest.fixture
def stories(room: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The same with two stories, and an item in quarantine."""
    path = room / "stories.jsonl"
    path.write_bytes(jsonl(line(1), line(2), line(3, source_url="")))
    assert run(room, "ingest", "--file", str(path), "--source", "harbour-news") == 0
    capsys.readouterr()
    return room


@pytest.fixture(autouse=True)
def impatient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """For commands: a relay in trouble is tried as often as ever before it is given up, with less time in between."""
    if request.path.name.startswith(("test_cli", "test_daemon")):
        monkeypatch.setattr(guards, "PAUSE", 0.02)
