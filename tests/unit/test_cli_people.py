"""Readers and suppressions on the command line: what was there before is said, and every answer names whom it is about."""

from __future__ import annotations

import json

import pytest

from publisher.cli import publisher
from publisher.cli.exits import told


@pytest.fixture
def run(tmp_path, capsys):
    """A newsroom as `init` makes it; runs a command there and gives exit code, stdout and stderr."""
    assert told(publisher, ["init", str(tmp_path)]) == 0
    capsys.readouterr()

    def runs(*arguments):
        code = told(publisher, ["--config", str(tmp_path / "config"), *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return runs


def add(run, *options):
    return run("subscriber", "add", "A@example.org", "--digest", "morning", "--basis", "asked", *options)


def test_whoever_is_added_twice_is_said_to_have_been_there(run):
    assert add(run) == (0, "A@example.org gets morning in en (all sections).\n", "")
    code, said, _ = add(run)
    assert code == 0
    assert said.startswith("A@example.org gets morning in en (all sections) already;")


def test_what_changes_for_a_known_reader_is_said(run):
    add(run)
    _, said, _ = add(run, "--section", "world")
    assert said == "A@example.org gets morning in en (world) now, and got it in en (all sections) before.\n"


def test_whoever_had_left_is_no_known_reader(run):
    add(run)
    run("subscriber", "leave", "a@example.org", "--digest", "morning")
    code, said, _ = run("--json", "subscriber", "add", "a@example.org", "--digest", "morning", "--basis", "x")
    assert (code, json.loads(said)["was"]) == (0, None)
