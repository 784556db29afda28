"""A list of readers taken in by the desk: refused lines are named, and without a basis nobody is mailed."""

import pytest

from publisher.desk import editions, mailing, readers, wire
from publisher.desk.exchange import import_csv
from tests.newsrooms import NOW, jsonl, line, newsroom

WHO = {"actor": "test", "now": NOW}


@pytest.fixture
def room(database):
    return newsroom(database)


def test_an_import_names_each_refused_line_and_takes_the_others(room, tmp_path):
    path = tmp_path / "readers.csv"
    path.write_text(
        "email,sections\na@example.org,\nnot an address,\nb@example.org,nowhere\na@example.org,\nc@example.org,world\n"
    )
    with import_csv(
        room, path, digest="morning", basis="a form of 2025", progress=lambda _: None, **WHO
    ) as done:
        assert (done.lines, done.added, done.refused) == (5, 2, 3)
        assert [entry.line for entry in done.refusals] == [3, 4, 5]
    evidence = readers.record(room, "c@example.org")["consent"]
    assert evidence[0]["basis"] == "a form of 2025"


def test_without_a_basis_imported_readers_wait_and_are_not_mailed(room, tmp_path):
    path = tmp_path / "readers.csv"
    path.write_text("email\na@example.org\n")
    with import_csv(room, path, digest="morning", basis=None, progress=lambda _: None, **WHO) as done:
        assert done.added == 1
    assert readers.record(room, "a@example.org")["status"] == "pending"
    wire.read_document(room, room.source("meridian"), jsonl(line(1)), **WHO)
    assert mailing.plan(room, editions.make(room, "morning", **WHO), now=NOW).total == 0
