"""The command line as a teacher: it can be reached, shows an example of everything, and cuts nothing off."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from publisher.cli import TOPICS, publisher
from publisher.cli.exits import told
from tests.commands import below

NARROW = "80"


def commands(command=publisher, path=()):
    """Every command and group with its path."""
    yield path, command
    for name, inner in below(command).items():
        yield from commands(inner, (*path, name))


LEAVES = [path for path, command in commands() if not isinstance(command, click.Group)]
GROUPS = [path for path, command in commands() if isinstance(command, click.Group)]


@pytest.fixture
def help_of(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", NARROW)

    def shown(path):
        assert told(publisher, [*path, "--help"]) == 0
        return capsys.readouterr().out

    return shown


def test_the_package_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "publisher", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: publisher [OPTIONS] COMMAND")


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_shows_an_example(help_of, path):
    _, _, examples = help_of(path).partition("Example")
    (line, *_) = [line.strip() for line in examples.splitlines()[1:]]
    assert f"publisher {' '.join(path)}" in line


@pytest.mark.parametrize("path", GROUPS, ids=lambda path: " ".join(path) or "publisher")
def test_a_group_tells_each_of_its_commands_in_a_whole_sentence(help_of, path):
    told = help_of(path).partition("Commands:" if path else "To begin:")[2]
    assert told
    assert "..." not in told


def test_each_command_stands_under_one_topic_with_the_first_sentence_of_its_help():
    told_of = [(name, sentence) for names in TOPICS.values() for name, (_, sentence) in names.items()]
    here = [(name, command.get_short_help_str(200)) for name, command in below(publisher).items()]
    assert sorted(told_of) == sorted(here)
