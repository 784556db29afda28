"""A list comes in line by line: the good readers with the list's evidence, the others refused with a reason."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from publisher.store.db import Database
from publisher.store.schema import metadata
from subscribers import audience, staged
from subscribers.address import parse
from subscribers.audience import No, Wanted, fading
from subscribers.cells import export
from subscribers.consent import Status
from subscribers.csvfile import Block, RefusedLine, read
from subscribers.errors import StagingFailed
from subscribers.importing import Imported, foresee, merge
from subscribers.schema import consent, subscriber, subscription
from subscribers.staging import Staging
from tests.readers import KEY, LATER, NOW, key_of


@dataclass(slots=True)
class Done(Imported):
    """What became of a list, with those refused in the order in which they are told."""

    refused: list[RefusedLine] = field(default_factory=list)


def bring(database: Database, text: str, **others: Any) -> Done:
    """Import a list, and see that a look at it before foresaw the same, and changed nothing."""
    digest, halves = others.pop("digest", "morning"), others.pop("halves", True)

    def blocks() -> Iterator[Block]:
        return read(
            io.StringIO(text, newline=""),
            address_key=KEY,
            digest=digest,
            languages=("en", "fa"),
            sections={"world"},
        )

    wanted: dict[str, Any] = {"digest": digest, "basis": "the form of 2025", "actor": "cli:ed", "now": NOW}
    wanted |= others
    foreseen = None
    if "progress" not in others:
        before = everything(database)
        with Staging() as refusals, database.pinned() as pair:
            done = foresee(blocks(), refusals=refusals, pair=pair, **wanted)
            foreseen = Done(*astuple(done), refused=list(refusals.ordered()))
        assert everything(database) == before
    with Staging() as refusals, database.pinned() as (write, aside), database.beside() as beside:
        wanted |= {"write": write, "aside": aside, "beside": beside if halves else None}
        done = merge(blocks(), refusals=refusals, **wanted)
        brought = Done(*astuple(done), refused=list(refusals.ordered()))
    if foreseen is not None:
        assert replace(foreseen, batch_id=brought.batch_id) == brought
    return brought


def everything(database: Database) -> dict[str, set[tuple[Any, ...]]]:
    """All rows of all tables."""
    with database.read() as connection:
        return {
            table.name: {tuple(row) for row in connection.execute(select(table))}
            for table in metadata.sorted_tables
        }


def wanted(database: Database, text: str, digest: str = "morning") -> Wanted | No:
    with database.read() as connection:
        row = audience.find(connection, key_of(text))
        assert row is not None
        return audience.still_wanted(connection, row.id, digest)


def add(database: Database, text: str, **others: Any) -> int:
    fields: dict[str, Any] = {
        "digest": "morning",
        "language": "fa",
        "sections": ["world"],
        "basis": "asked",
        "actor": "cli:ed",
        "now": NOW,
    }
    with database.write() as connection:
        return audience.add(connection, parse(text), key_of(text), **fields | others)


def test_a_list_with_a_basis_brings_readers_who_are_mailed_and_its_evidence(database: Database):
    done = bring(database, "email,language,sections\na@news.example,fa,world\nB@news.example,,\n")
    assert (done.added, done.known, done.refused) == (2, 0, [])
    with database.read() as connection:
        found = list(audience.segment(connection, "morning", ["en", "fa"]))
        assert [(reader.address, reader.language, reader.sections) for reader in found] == [
            ("B@news.example", "en", None),
            ("a@news.example", "fa", frozenset({"world"})),
        ]
        for reader in found:
            assert reader.addr_key == key_of(reader.address)
            (step,) = audience.evidence(connection, reader.subscriber_id)
            assert (step.step, step.digest, step.basis, step.actor, step.at) == (
                "confirmed",
                "morning",
                "the form of 2025",
                "cli:ed",
                NOW,
            )
        assert connection.execute(select(func.count()).select_from(consent)).scalar_one() == 0


def test_without_a_basis_nobody_is_mailed_until_a_list_with_one_comes(database: Database):
    done = bring(database, "email\na@news.example\n", basis=None)
    assert (done.added, done.confirmed) == (1, 0)
    assert wanted(database, "a@news.example") == No("unconfirmed")
    again = bring(database, "email\na@news.example\n", now=LATER)
    assert (again.added, again.known, again.confirmed) == (0, 1, 1)
    assert wanted(database, "a@news.example") == Wanted()
    with database.read() as connection:
        row = audience.find(connection, key_of("a@news.example"))
        assert row is not None
        steps = [(step.step, step.basis) for step in audience.evidence(connection, row.id)]
    assert steps == [("requested", None), ("confirmed", "the form of 2025")]


def test_the_same_list_twice_changes_nothing(database: Database):
    text = "email,language\na@news.example,en\nb@news.example,en\n"
    bring(database, text)
    done = bring(database, text.replace(",en", ",fa"), now=LATER)
    assert (done.added, done.known, done.confirmed, done.refused) == (0, 2, 0, [])
    with database.read() as connection:
        assert {reader.language for reader in audience.segment(connection, "morning", ["en", "fa"])} == {"en"}


def test_a_list_without_a_basis_downgrades_nobody_and_confirms_nothing(database: Database):
    add(database, "a@news.example")
    done = bring(database, "email\na@news.example\n", basis=None)
    assert (done.added, done.known) == (0, 1)
    assert wanted(database, "a@news.example") == Wanted()
    bring(database, "email\na@news.example\n", basis=None, digest="evening")
    assert wanted(database, "a@news.example", "evening") == No("unconfirmed")


def test_nobody_comes_back_by_a_list(database: Database):
    gone = {
        text: add(database, text)
        for text in ("one@n.example", "all@n.example", "erased@n.example", "undone@n.example")
    }
    with database.write() as connection:
        audience.leave(connection, gone["one@n.example"], digest="morning", actor="token", now=NOW)
        audience.leave(connection, gone["all@n.example"], digest=None, actor="token", now=NOW)
        audience.erase(connection, gone["erased@n.example"], actor="ed", now=NOW)
        audience.leave(connection, gone["undone@n.example"], digest=None, actor="token", now=NOW)
        audience.undo_suppression(
            connection, addr_key=key_of("undone@n.example"), why="x", actor="ed", now=NOW
        )
        audience.suppress(connection, key_of("never@n.example"), "manual", actor="ed", now=NOW)
    for text in ("one@n.example", "all@n.example", "undone@n.example"):
        add(database, text, basis=None)  # as anybody can by the form: it is no word of theirs
    addresses = [*gone, "never@n.example", "new@n.example"]
    done = bring(database, "\n".join(["email", *addresses]), now=LATER)
    assert (done.added, done.known) == (1, 0)
    assert [(line.line, line.text, line.why) for line in done.refused] == [
        (2, "one@n.example", "the reader has left"),
        (3, "all@n.example", "the reader has left"),
        (4, "erased@n.example", "the address is suppressed (erased)"),
        (5, "undone@n.example", "the reader has left"),
        (6, "never@n.example", "the address is suppressed (manual)"),
    ]
    assert wanted(database, "one@n.example") == No("left")
    assert wanted(database, "all@n.example") == No("left")
    other = bring(database, "email\nundone@n.example\nall@n.example\n", digest="evening")
    assert [line.why for line in other.refused] == ["the reader has left"] * 2
    with database.read() as connection:
        assert audience.find(connection, key_of("never@n.example")) is None
        row = audience.find(connection, key_of("erased@n.example"))
        assert row is not None
        assert row.address is None


def test_a_list_takes_nobody_for_somebody_with_the_same_key(database: Database):
    add(database, "strasse@news.example", digest="evening")
    add(database, "anna@news.example", digest="evening")
    done = bring(database, "email\nstraße@news.example\nANNA@news.example\n")
    assert [(line.line, "ß and ss" in line.why) for line in done.refused] == [(2, True)]
    assert done.added == 1
    assert isinstance(wanted(database, "anna@news.example"), Wanted)
    assert not isinstance(wanted(database, "strasse@news.example"), Wanted)


def test_who_left_one_digest_may_be_on_another_s_list(database: Database):
    reader = add(database, "a@news.example")
    with database.write() as connection:
        audience.leave(connection, reader, digest="morning", actor="token", now=NOW)
    done = bring(database, "email\na@news.example\n", digest="evening")
    assert (done.added, done.refused) == (1, [])
    assert wanted(database, "a@news.example", "evening") == Wanted()
    assert wanted(database, "a@news.example") == No("left")


def test_a_list_brings_a_forgotten_address_back_and_no_former_one(database: Database):
    """Whom retention forgot while they waited stands in the list with the address; who moved away stands there with one that is theirs no more."""
    faded = [add(database, f"{name}@n.example", basis=None) for name in ("faded", "also")]
    moved = add(database, "former@n.example")
    with database.write() as connection:
        fading.fade(connection, faded, Status.PENDING, now=NOW)
        present = parse("present@n.example")
        audience.move(connection, moved, present, key_of("present@n.example"), actor="r", now=NOW)
    done = bring(database, "email\nfaded@n.example\ngood@n.example\nformer@n.example\n")
    assert (done.added, done.known, done.confirmed) == (1, 1, 1)
    assert [(line.line, line.why) for line in done.refused] == [(4, "the reader has another address now")]
    assert wanted(database, "faded@n.example") == Wanted()
    assert bring(database, "email\nalso@n.example\n", basis=None).known == 1
    with database.read() as connection:
        assert audience.find(connection, key_of("also@n.example")).address == "also@n.example"


def test_who_left_one_digest_by_our_own_export_is_welcome_on_another_s(database: Database):
    both = "lea@n.example,confirmed,morning,left\nlea@n.example,confirmed,evening,yes\n"
    exported = f"email,status,digest,active\n{both}"
    for digest, added, remembered in (("evening", 1, 0), ("morning", 0, 1)):
        done = bring(database, exported, digest=digest)
        assert (done.added, done.remembered) == (added, remembered)
    assert bring(database, "email\nlea@n.example\n").added == 0
    assert wanted(database, "lea@n.example") == No("left")
    assert wanted(database, "lea@n.example", "evening") == Wanted()
    assert bring(database, exported.replace("lea@", "moe@")).remembered == 1
    assert bring(database, exported.replace("lea@", "moe@"), digest="evening").added == 1
    assert wanted(database, "moe@n.example", "evening") == Wanted()


def test_of_an_address_that_stands_twice_the_first_line_counts(database: Database):
    text = "email,language\nA@news.example,fa\nb@news.example,en\na@NEWS.example,en\na@news.example,en\n"
    done = bring(database, text)
    assert done.added == 2
    assert [(line.line, line.text) for line in done.refused] == [(4, "a@news.example"), (5, "a@news.example")]
    assert {line.why for line in done.refused} == {"the address stands in line 2 already"}
    with database.read() as connection:
        languages = {r.address: r.language for r in audience.segment(connection, "morning", ["en", "fa"])}
    assert languages == {"A@news.example": "fa", "b@news.example": "en"}


def test_lines_are_sorted_over_many_runs_on_the_disk(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("subscribers.staging.RUN", 7)
    monkeypatch.setattr("subscribers.staging.BLOCK", 2)
    monkeypatch.setattr("subscribers.csvfile.FULL", 9)
    monkeypatch.setattr("subscribers.csvrows.BLOCK", 100)
    monkeypatch.setattr("subscribers.staged.MANY", 4)
    monkeypatch.setattr("subscribers.importing.SLICE", 10)
    languages = {f"r{number}@news.example": ("en", "fa")[number % 2] for number in range(40)}
    text = "\n".join(
        [
            "email,language",
            *(f"{address},{spoken}" for address, spoken in languages.items()),
            *(f"{address},en" for address in languages),
        ]
    )
    told: list[tuple[int, int]] = []
    done = bring(database, text, progress=lambda *each: told.append(each), halves=False)
    assert done.added == 40
    assert [line.line for line in done.refused] == list(range(42, 82))
    assert {line.why for line in done.refused[:1]} == {"the address stands in line 2 already"}
    assert [total for _, total in told] == [40] * 4
    assert [through for through, _ in told] == sorted(through for through, _ in told)
    with database.read() as connection:
        assert {
            r.address: r.language for r in audience.segment(connection, "morning", ["en", "fa"])
        } == languages


def test_refused_lines_are_not_kept_in_memory(database: Database):
    blocks = (
        Block(others=[RefusedLine(number, f"no address {number}", "It must have an @-sign.")])
        for number in range(50_000)
    )
    tracemalloc.start()
    try:
        with Staging() as refusals, database.pinned() as (write, aside):
            merge(
                blocks,
                refusals=refusals,
                write=write,
                aside=aside,
                digest="morning",
                basis=None,
                actor="cli:ed",
                now=NOW,
            )
            told = sum(1 for _ in refusals.ordered())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert told == 50_000
    assert peak < 9_000_000  # a run of 20,000; all of them take 14 MB


def test_a_list_whose_refusals_cannot_be_kept_changes_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("subscribers.staging.RUN", 2)
    full = Path("/dev/full").open("wb")  # noqa: SIM115 - the staging closes it
    monkeypatch.setattr("subscribers.staging.tempfile.TemporaryFile", lambda **options: full)
    with pytest.raises(StagingFailed, match="No space left"):
        bring(database, "email\na@news.example\nnobody\nno one\n")
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(subscriber)).scalar_one() == 0


def test_refusals_are_told_in_the_order_of_the_list_and_add_up(database: Database):
    with database.write() as connection:
        audience.suppress(connection, key_of("c@news.example"), "bounced", actor="rule", now=NOW)
    done = bring(database, "email\nbad\na@news.example\nc@news.example\nworse\na@news.example\n")
    assert [line.line for line in done.refused] == [2, 4, 5, 6]
    assert done.added + done.known + len(done.refused) == 5


def test_a_long_list_comes_in_by_slices_and_a_cut_one_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("subscribers.importing.SLICE", 10)
    text = "\n".join(["email", *(f"r{number}@news.example" for number in range(35))])
    told: list[tuple[int, int]] = []

    def pull_the_plug(done: int, good: int) -> None:
        told.append((done, good))
        if done == 20:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        bring(database, text, progress=pull_the_plug, halves=False)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(subscription)).scalar_one() == 20
    done = bring(database, text, progress=lambda *each: told.append(each), halves=False)
    assert (done.added, done.known) == (15, 20)
    assert told == [(10, 35), (20, 35), (10, 35), (20, 35), (30, 35), (35, 35)]
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(subscriber)).scalar_one() == 35


def test_others_write_while_a_list_is_read_and_what_they_decide_counts(database: Database):
    """Staging locks nothing, and each slice asks anew who may come in; nothing of it is left behind."""
    text = "email\na@news.example\nb@news.example\nc@news.example\n"
    fields: dict[str, Any] = {"address_key": KEY, "digest": "morning", "languages": ("en",), "sections": ()}

    def while_others_write() -> Iterator[Block]:
        yield from read(io.StringIO(text, newline=""), **fields)
        with database.write() as connection:
            audience.suppress(connection, key_of("b@news.example"), "complained", actor="rule", now=NOW)

    with Staging() as refusals, database.pinned() as (write, aside):
        done = merge(
            while_others_write(),
            refusals=refusals,
            write=write,
            aside=aside,
            digest="morning",
            basis="the form of 2025",
            actor="cli:ed",
            now=NOW,
        )
        assert (done.added, [line.line for line in refusals.ordered()]) == (2, [3])
    with database.pinned() as (_, aside), aside() as connection:
        staged.prepare(connection)


def test_an_empty_list_is_an_import_of_nobody(database: Database):
    done = bring(database, "email\n")
    assert (done.added, done.known, done.refused) == (0, 0, [])


def test_what_was_exported_is_imported_as_it_was(database: Database):
    add(database, "-formula@news.example")
    add(database, "o'brien@news.example", language="en", sections=None)
    left = add(database, "left@news.example")
    with database.write() as connection:
        audience.leave(connection, left, digest="morning", actor="token", now=NOW)
        before = list(audience.segment(connection, "morning", ["en", "fa"]))
        rows = [
            (row.address, entry.digest, entry.language, entry.sections, entry.status)
            for row, asked in audience.listing(connection)
            for entry in asked
        ]
    file = io.StringIO(newline="")
    export(rows, ("email", "digest", "language", "sections", "status"), file)
    with database.write() as connection:
        for table in (subscription, consent, subscriber):
            connection.execute(table.delete())
    done = bring(database, file.getvalue())
    assert [line.line for line in done.refused] == [4]
    with database.read() as connection:
        after = list(audience.segment(connection, "morning", ["en", "fa"]))
    shown = [(r.address, r.addr_key, r.language, r.sections) for r in after]
    assert shown == [(r.address, r.addr_key, r.language, r.sections) for r in before]
