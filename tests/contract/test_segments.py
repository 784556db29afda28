"""Attributes and segments in the database: imported by column, exported, shown, erased, and who is meant by a rule."""

from __future__ import annotations

import csv
import json
from datetime import timedelta

import pytest

from publisher.desk import editions, exchange, mailing, readers, retention, wire
from publisher.desk.mailing.plan import readers_of
from subscribers import audience
from subscribers.attributes import Attribute
from subscribers.consent import Origin
from subscribers.errors import AttributeRefused, SegmentUnreadable
from subscribers.segments import parse
from tests.newsrooms import NOW, jsonl, line, newsroom

WHO = {"actor": "test", "now": NOW}
TABLES = {
    "attribute": [
        {"name": "country", "kind": "choice", "values": ["de", "at"]},
        {"name": "visits", "kind": "number"},
        {"name": "note"},
    ]
}
LIST = """email,Country,visits,note,sections
a@example.org,de,10,=1+1,world
b@example.org,at,9,,
c@example.org,,,,economy
d@example.org,fr,1,,
e@example.org,de,many,,
"""


@pytest.fixture
def room(database, tmp_path):
    opened = newsroom(database, tables=TABLES, segment="country = de or visits >= 9")
    path = tmp_path / "list.csv"
    path.write_text(LIST)
    given = {"digest": "morning", "basis": "asked", "progress": lambda _: None}
    with exchange.import_csv(opened, path, **given, **WHO) as done:
        refused = {line.line: line.why for line in done.refusals}
    assert refused == {
        5: "country: one of de, at is wanted",
        6: 'visits: a number such as "3" or "2.5" is wanted',
    }
    told = {"digest": "morning", "language": None, "sections": (), "basis": "asked"}
    readers.add(opened, "f@example.org", attributes=["visits=11", "note=x y"], **told, **WHO)
    return opened


def test_a_rule_means_those_of_whom_it_is_known(room):
    said = {
        "country = de": "a",
        "not country = de": "bcf",
        "country != de": "b",
        "visits >= 9": "abf",
        "visits > 9 and note = 'x y'": "f",
        "visits in (9, 10)": "ab",
        "section = economy": "bcf",
        "section != economy": "a",
        "source = desk": "f",
        "source = import and language = en": "abc",
        "(country = de or country = at) and not visits < 10": "a",
    }
    found = {}
    visits = Attribute("visits", "number")
    assert visits.read("-0") == visits.read("0.0")
    assert visits.read("123456789012345").text == "123456789012345"
    with pytest.raises(AttributeRefused, match="15 digits"):
        visits.read("12345678901234567890")
    with pytest.raises(AttributeRefused, match="15 digits"):
        visits.read("12345678901234567890.5")
    for unreadable in ("", "language = EN", "section = nosuch"):
        with pytest.raises(SegmentUnreadable):
            readers.listing(room, digest=None, segment=unreadable, after=None, limit=9)
    with room.database.read() as connection:
        for text in said:
            only = parse(text, room.settings.attributes)
            meant = audience.segment(connection, "morning", ["en"], only=only)
            found[text] = "".join(sorted(reader.address[0] for reader in meant))
        due = readers_of(room, connection, room.digest("morning"), NOW)
        assert sorted(reader.address[0] for reader in due) == ["a", "b", "f"]
    assert found == said
    rows = readers.listing(room, digest=None, segment="country = at", after=None, limit=9)
    assert [row["address"] for row in rows] == ["b@example.org"]


EXPORTS = {
    "listmonk": "uuid,email,name,attributes,status,created_at\nu,a@example.org,A,{},enabled,x\nu,b@example.org,B,{},blocklisted,x\n",
    "mailchimp": "Email Address,Country,MEMBER_RATING,LEID,EUID\na@example.org,at,2,1,2\n",
    "ghost": "id,email,subscribed_to_emails,complimentary_plan,deleted_at\n1,a@example.org,true,false,\n2,b@example.org,false,false,\n",
    "substack": "email,active_subscription,email_disabled\na@example.org,false,false\nb@example.org,true,true\n",
}


def looked_at(room, path, preset=None):
    """What a dry run says of a list, and which lines it would refuse."""
    told = {"digest": "morning", "basis": "asked", "progress": lambda _: None}
    with exchange.import_csv(room, path, preset=preset, dry_run=True, **told, **WHO) as seen:
        return seen, list(seen.refusals)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_exports_of_other_programs_are_known_by_their_headings_and_looked_at_first(room, tmp_path):
    path = tmp_path / "export.csv"
    for program, text in EXPORTS.items():
        path.write_text(text)
        seen, refusals = looked_at(room, path)
        assert seen.mapped.program.name == program
        assert (seen.known, seen.refused) == (1, text.count("\n") - 2)
        assert all("says: " in refusal.why for refusal in refusals)
    assert looked_at(room, path, "substack")[0].known == 1
    path.write_text("Email Address,LEID,EUID,UNSUB_TIME\na@example.org,1,2,x\n")
    seen, _ = looked_at(room, path)
    assert (seen.added, seen.known, seen.refused, seen.remembered) == (0, 0, 1, 1)
    path.write_text("email,status\na@example.org,enabled\n")
    assert looked_at(room, path)[0].mapped.program is None


LEFT_ELSEWHERE = (
    "uuid,email,name,attributes,status,created_at\n"
    'u,a@example.org,A,"{""country"": ""at"", ""shoes"": 4}",enabled,x\n'
    "u,b@example.org,B,{},blocklisted,x\nu,c@example.org,C,{},disabled,x\nu,h@example.org,H,{},blocklisted,x\n"
    'u,i@example.org,I,not JSON,disabled,x\nu,k@example.org,K,"{""visits"": 7}",enabled,x\n'
)


def test_whom_another_program_calls_gone_no_later_list_brings_in(room, tmp_path):
    """b and c came by a list, f said yes on our own page; h and i are strangers. Then a list of all, with a basis, and without."""
    path = tmp_path / "export.csv"
    told = {"digest": "morning", "basis": "asked", "progress": lambda _: None}
    with room.database.write() as connection:
        own = {"basis": "the form", "origin": Origin("front", None, None)}
        audience.confirm(connection, readers.record(room, "f@example.org")["id"], "morning", **own, **WHO)
    path.write_text(LEFT_ELSEWHERE + "u,f@example.org,F,{},blocklisted,x\n")
    seen, _ = looked_at(room, path)
    assert (seen.added, seen.known, seen.refused, seen.remembered) == (1, 1, 5, 4)
    assert seen.mapped.names == (None, "email", None, "attributes", "status", None)
    for _ in range(2):
        with exchange.import_csv(room, path, **told, **WHO) as done:
            assert (done.refused, done.remembered) == (5, 4)
            assert [line.why for line in done.refusals][:2] == [
                "listmonk says: blocklisted",
                "listmonk says: disabled",
            ]
    assert readers.record(room, "a@example.org")["attributes"]["country"] == "at"
    assert readers.record(room, "k@example.org")["attributes"] == {"visits": "7"}
    path.write_text("Email Address,LEID,EUID,CLEAN_TIME\nl@example.org,1,2,x\n")
    with exchange.import_csv(room, path, **told, **WHO) as done:
        assert done.remembered == 1
    path.write_text("email\n" + "".join(f"{name}@example.org\n" for name in "abcfhikl"))
    for basis in ("old list", None):
        with exchange.import_csv(room, path, **told | {"basis": basis}, **WHO) as done:
            assert [line.text for line in done.refusals] == [f"{name}@example.org" for name in "bchil"]
    with room.database.read() as connection:
        mailed = {reader.address[0] for reader in audience.segment(connection, "morning", ["en", "fa"])}
        causes = {row.cause for row in audience.suppressions(connection)}
    assert mailed == {"a", "f", "k"}
    assert causes == {"manual", "left", "bounced"}
    readers.add(room, "i@example.org", language=None, sections=(), digest="morning", basis="asked", **WHO)
    assert readers.record(room, "i@example.org")["status"] == "confirmed"


def test_what_is_known_is_shown_exported_and_forgotten(room, tmp_path):
    record = readers.record(room, "a@example.org")
    assert record["attributes"] == {"country": "de", "note": "=1+1", "visits": "10"}
    exchange.export_csv(room, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open() as file:
        (row,) = (row for row in csv.DictReader(file) if row["email"] == "a@example.org")
    assert (row["country"], row["visits"], row["note"]) == ("de", "10", "'=1+1")
    exchange.export_csv(room, tmp_path / "out.jsonl")
    entries = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    (own,) = (entry for entry in entries if entry["email"] == "a@example.org")
    assert (own["country"], own["note"], own["sections"]) == ("de", "=1+1", "world")
    with (tmp_path / "out.jsonl").open("a") as file:
        file.write('[]\n{"email": "g@example.org", "sections": ["world", "economy"], "note": "\'=x"}\n')
    given = {"digest": "morning", "basis": "asked", "progress": lambda _: None}
    with exchange.import_csv(room, tmp_path / "out.jsonl", **given, **WHO) as done:
        assert (done.added, done.known, done.refused) == (1, len(entries), 1)
    assert readers.record(room, "g@example.org")["attributes"] == {"note": "'=x"}
    assert readers.record(room, "a@example.org")["attributes"]["note"] == "=1+1"
    readers.erase(room, "a@example.org", **WHO)
    with room.database.read() as connection:
        assert audience.attributes_of(connection, [record["id"]]) == {}


def test_what_no_rule_keeps_is_forgotten_and_who_asks_anew_is_welcome(database):
    rules = {"retention": {"pending": "30d", "left": "30d", "networks": "30d", "ledger": "30d"}}
    room = newsroom(database, tables=rules | TABLES)
    told = {"digest": "morning", "language": None, "sections": (), "basis": "asked"}
    wire.read_document(room, room.source("meridian"), jsonl(line(1)), **WHO)
    for name in ("stays", "leaves", "clicks"):
        readers.add(room, f"{name}@example.org", attributes=["note=x"], **told, **WHO)
    mailing.begin(room, editions.make(room, "morning", **WHO), **WHO)
    readers.leave(room, "leaves@example.org", digest=None, **WHO)
    readers.leave(room, "clicks@example.org", digest="morning", **WHO)  # as a link does
    later = {"actor": "test", "now": NOW + timedelta(days=29)}
    assert set(retention.tidy(room, dry_run=False, **later).values()) == {0}
    later["now"] += timedelta(days=3)
    found = {"pending": 0, "left": 2, "networks": 0, "deliveries": 3}
    assert retention.tidy(room, dry_run=True, **later) == found
    assert retention.tidy(room, dry_run=False, **later) == found | {"deliveries": 1}
    gone = readers.record(room, "leaves@example.org")
    assert (gone["address"], gone["attributes"], gone["status"]) == (None, {}, "left")
    assert [step["step"] for step in gone["consent"]] == ["confirmed", "left"]
    readers.add(room, "leaves@example.org", **told, **later)
    assert readers.record(room, "leaves@example.org")["address"] == "leaves@example.org"
