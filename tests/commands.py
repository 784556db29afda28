"""A newsroom as `publisher init` makes it, and its commands run as a person would."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from publisher.cli import publisher
from publisher.cli.exits import told
from tests.newsrooms import jsonl


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left behind: its exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its one JSON document."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Room:
    """The newsroom's folder, and a call that runs a command in it."""

    folder: Path
    read: Callable[[], Any]

    def __call__(self, *arguments: str) -> Said:
        """Run `publisher` with these arguments."""
        code = run(self.folder, *arguments)
        said = self.read()
        return Said(code, said.out, said.err)

    def json(self, *arguments: str) -> Any:
        """What the command says under --json; it has to succeed."""
        said = self("--json", *arguments)
        assert said.code == 0, said
        return said.data

    def ingest(self, *lines: dict[str, Any]) -> Said:
        """Take these stories in, as of the template's source."""
        path = self.folder / "stories.jsonl"
        path.write_bytes(jsonl(*lines))
        return self("ingest", "--file", str(path), "--source", "harbour-news")


def below(command: click.Command) -> dict[str, click.Command]:
    """The commands of a group by name, loaded; of a command none."""
    if not isinstance(command, click.Group):
        return {}
    context = click.Context(command)
    found = {name: command.get_command(context, name) for name in command.list_commands(context)}
    return {name: inner for name, inner in found.items() if inner is not None}


def run(folder: Path, *arguments: str) -> int:
    """The exit code of a command in the newsroom of this folder; what it says is left to be read."""
    return told(publisher, ["--config", str(folder / "config"), *arguments])


def room(folder: Path, capsys: pytest.CaptureFixture[str]) -> Room:
    """A new newsroom in this folder."""
    assert told(publisher, ["init", str(folder)]) == 0
    capsys.readouterr()
    return Room(folder, capsys.readouterr)
