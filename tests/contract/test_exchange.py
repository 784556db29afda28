"""A list of readers taken in by the desk: refused lines are named, and without a basis nobody is mailed."""

import pytest

from publisher.desk import editions, mailing, readers, wire
from publisher.desk.exchange import export_csv, import_csv
from subscribers.schema import consent, subscriber, subscription
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


def test_whom_our_own_export_says_to_have_left_is_refused_by_every_later_list(room, tmp_path):
    told = {"digest": "morning", "language": None, "sections": [], "basis": "asked"}
    for name in ("stays", "leaves"):
        readers.add(room, f"{name}@example.org", **told, **WHO)
    readers.leave(room, "leaves@example.org", digest="morning", **WHO)
    out, old = tmp_path / "out.csv", tmp_path / "old.csv"
    export_csv(room, out)
    old.write_text("email\nstays@example.org\nleaves@example.org\n")
    with room.database.write() as connection:  # as in a newsroom that knows nobody
        for table in (consent, subscription, subscriber):
            connection.execute(table.delete())
    for path, added, remembered in ((out, 1, 1), (old, 0, 0)):
        given = {"digest": "morning", "basis": "moved here", "progress": lambda _: None}
        with import_csv(room, path, **given, **WHO) as done:
            assert (done.added, done.refused, done.remembered) == (added, 1, remembered)
    assert [row["address"] for row in readers.listing(room, digest=None, after=None, limit=9)] == [
        None,
        "stays@example.org",
    ]


def test_who_left_the_last_digest_or_waits_for_a_yes_is_not_listed_as_confirmed(room):
    """By the link in a mail somebody leaves its digest, and so perhaps the only one."""
    told = {"digest": "morning", "language": None, "sections": [], "basis": "asked"}
    for name in ("stays", "leaves", "asks"):
        readers.add(room, f"{name}@example.org", **told, **WHO)
    for name in ("leaves", "asks"):
        readers.leave(room, f"{name}@example.org", digest="morning", **WHO)
    with room.database.write() as connection:
        asks = readers.record(room, "asks@example.org")["id"]
        row = {"digest": "weekly", "language": "en", "sections": "", "since": NOW}
        connection.execute(
            subscription.insert().values(subscriber_id=asks, status="pending", active=False, **row)
        )
    expected = {"stays": "confirmed", "leaves": "left", "asks": "pending"}
    listed = readers.listing(room, digest=None, after=None, limit=9)
    assert {row["address"].partition("@")[0]: row["status"] for row in listed} == expected
    assert {name: readers.record(room, f"{name}@example.org")["status"] for name in expected} == expected
