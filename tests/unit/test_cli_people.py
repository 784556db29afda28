"""Readers and suppressions on the command line: what was there before is said, and every answer names whom it is about."""

from __future__ import annotations

import pytest

from tests.commands import room


@pytest.fixture
def run(tmp_path, capsys):
    return room(tmp_path, capsys)


def add(run, *options):
    return run("subscriber", "add", "A@example.org", "--digest", "morning", "--basis", "asked", *options)


def test_whoever_is_added_twice_is_said_to_have_been_there(run):
    assert add(run).out == "A@example.org gets morning in en (all sections).\n"
    said = add(run)
    assert said.code == 0
    assert said.out.startswith("A@example.org gets morning in en (all sections) already;")


def test_what_changes_for_a_known_reader_is_said(run):
    add(run)
    said = add(run, "--section", "world").out
    assert said == "A@example.org gets morning in en (world) now, and got it in en (all sections) before.\n"


def test_whoever_had_left_is_no_known_reader(run):
    add(run)
    run("subscriber", "leave", "a@example.org", "--digest", "morning")
    again = run.json("subscriber", "add", "a@example.org", "--digest", "morning", "--basis", "back")
    assert again["was"] is None
