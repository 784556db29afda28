"""Whoever is told to run a command finds it: pages, commented settings, help texts and errors name no other."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from publisher.cli import publisher
from tests.commands import below
from tests.house.tree import texts

TOLD = re.compile(r"(?:`|^ *|\$ )(?:\.venv/bin/)?publisher((?: --config \S+)?(?: [a-z]+)+)", re.MULTILINE)
LEFT = re.compile(r"(?<= )--config \S+")


def named() -> Iterator[tuple[str, list[str]]]:
    """Where a command line begins with our name, and the small words that follow it."""
    for path, text in texts().items():
        if (
            path.parts[0] in {"publisher", "subscribers", "config", "docs", "templates"}
            or path.suffix == ".md"
        ):
            for match in TOLD.finditer(text):
                line = text.count("\n", 0, match.start(1)) + 1
                yield f"{path}:{line}", LEFT.sub("", match[1]).split()


def exists(words: list[str]) -> bool:
    """Whether these words begin with a command; what follows a command of its own is its business."""
    command: click.Command | None = publisher
    for word in words:
        if not isinstance(command, click.Group):
            return True
        command = below(command).get(word)
        if command is None:
            return False
    return True


def test_every_command_that_is_told_exists() -> None:
    found = list(named())
    assert len(found) > 40
    assert [f"{place}: publisher {' '.join(words)}" for place, words in found if not exists(words)] == []


def test_a_command_that_is_not_there_is_seen() -> None:
    (match,) = TOLD.finditer("see `publisher story resort --since 2d`")
    assert not exists(match[1].split())
    assert exists(["story", "list"])
    assert exists(["ingest", "meridian"])
