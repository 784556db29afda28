"""The audience keeps its promises on both databases: nobody is mailed who left, was suppressed or never confirmed."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from publisher.store.db import Database
from subscribers import audience
from subscribers.address import parse
from subscribers.errors import AddressRefused, AddressSuppressed, UnknownSubscriber
from subscribers.schema import consent, subscriber, subscription, suppression
from tests.readers import LATER, NOW, join, key_of, may_be_mailed, why_not


def test_a_reader_with_a_basis_is_mailed_and_the_evidence_is_kept(database: Database):
    with database.write() as connection:
        reader = join(connection, sections=["world", "economy"])
    with database.read() as connection:
        assert may_be_mailed(connection, reader)
        assert not may_be_mailed(connection, reader, "evening")
        (step,) = audience.evidence(connection, reader)
        assert (step.step, step.digest, step.basis, step.actor, step.at) == (
            "confirmed",
            "morning",
            "asked by phone",
            "cli:ed",
            NOW,
        )
        (asked,) = audience.subscriptions(connection, reader)
        assert (asked.language, asked.sections, asked.since) == ("en", "economy world", NOW)
        row = audience.find(connection, key_of("READER@News.Example"))
        assert row is not None
        assert (row.id, row.address) == (reader, "reader@news.example")


def test_without_a_basis_a_reader_waits_for_confirmation(database: Database):
    with database.write() as connection:
        reader = join(connection, basis=None)
        assert why_not(connection, reader) == "unconfirmed"
        assert join(connection, basis="confirmed by mail", now=LATER) == reader
        assert may_be_mailed(connection, reader)
        assert [step.step for step in audience.evidence(connection, reader)] == ["requested", "confirmed"]


def test_asking_again_without_evidence_changes_nothing_of_a_confirmed_subscription(database: Database):
    """Else anybody could change a reader's language by typing their address into a form."""
    with database.write() as connection:
        reader = join(connection, sections=["world"])
        join(connection, basis=None, language="fa", sections=None, now=LATER)
        assert may_be_mailed(connection, reader)
        (asked,) = audience.subscriptions(connection, reader)
        assert (asked.language, asked.sections, asked.status) == ("en", "world", "confirmed")


def test_who_merely_asks_does_not_change_how_a_known_address_is_written(database: Database):
    with database.write() as connection:
        reader = join(connection, "anna@news.example")
        for basis, written in ((None, "anna"), ("their link", "ANNA")):
            assert join(connection, "ANNA@news.example", digest="evening", basis=basis) == reader
            assert audience.get(connection, reader).address == f"{written}@news.example"


@pytest.mark.parametrize("basis", [None, "asked by phone"])
def test_a_mailbox_of_another_name_with_the_same_key_is_nobody_who_is_known(
    database: Database, basis: str | None
):
    with database.write() as connection:
        reader = join(connection, "strasse@news.example")
        with pytest.raises(AddressRefused, match="ß and ss"):
            join(connection, "straße@news.example", digest="evening", basis=basis)
        assert audience.get(connection, reader).address == "strasse@news.example"
        assert not may_be_mailed(connection, reader, "evening")


def test_consent_to_one_digest_is_none_to_another(database: Database):
    with database.write() as connection:
        reader = join(connection)
        join(connection, digest="evening", basis=None)
        assert may_be_mailed(connection, reader)
        assert why_not(connection, reader, "evening") == "unconfirmed"


def test_asking_again_with_evidence_takes_the_new_wishes(database: Database):
    with database.write() as connection:
        reader = join(connection, sections=["world"])
        join(connection, language="fa", sections=[], basis="wrote to the desk", now=LATER)
        (asked,) = audience.subscriptions(connection, reader)
        assert (asked.language, asked.sections, asked.since) == ("fa", "", NOW)


def test_leaving_one_digest_ends_that_digest_only(database: Database):
    with database.write() as connection:
        reader = join(connection)
        join(connection, digest="evening")
        assert audience.leave(connection, reader, digest="morning", actor="token", now=LATER) == ("morning",)
        assert why_not(connection, reader) == "left"
        assert may_be_mailed(connection, reader, "evening")
        assert audience.suppressed(connection, key_of("reader@news.example")) is None
        step = audience.evidence(connection, reader)[-1]
        assert (step.step, step.digest, step.actor, step.at) == ("left", "morning", "token", LATER)


def test_leaving_twice_is_leaving_once(database: Database):
    with database.write() as connection:
        reader = join(connection)
        for digest in ("morning", None):
            audience.leave(connection, reader, digest=digest, actor="token", now=LATER)
            steps = audience.evidence(connection, reader)
            assert audience.leave(connection, reader, digest=digest, actor="token", now=LATER) == ()
            assert audience.evidence(connection, reader) == steps


def test_leaving_all_ends_every_digest_and_keeps_the_refusal(database: Database):
    with database.write() as connection:
        reader = join(connection)
        join(connection, digest="evening")
        left = audience.leave(connection, reader, digest=None, actor="cli:ed", now=LATER)
        assert left == ("evening", "morning")
        assert why_not(connection, reader) == "left"
        kept = audience.suppressed(connection, key_of("reader@news.example"))
        assert kept is not None
        assert (kept.cause, kept.at) == ("left", LATER)


def test_who_left_is_mailed_again_only_after_new_evidence(database: Database):
    with database.write() as connection:
        reader = join(connection)
        audience.leave(connection, reader, digest=None, actor="token", now=LATER)
        join(connection, basis=None, now=LATER)
        assert why_not(connection, reader) == "left"
        join(connection, basis="asked again", now=LATER)
        assert may_be_mailed(connection, reader)
        assert audience.suppressed(connection, key_of("reader@news.example")) is None


def test_leaving_needs_somebody_who_leaves(database: Database):
    with database.write() as connection, pytest.raises(UnknownSubscriber):
        audience.leave(connection, 4711, digest=None, actor="token", now=NOW)


@pytest.mark.parametrize("cause", ["bounced", "complained", "manual"])
def test_a_suppressed_reader_is_not_mailed_and_cannot_be_added(database: Database, cause: str):
    with database.write() as connection:
        reader = join(connection)
        assert audience.suppress(
            connection,
            key_of("reader@news.example"),
            cause,
            actor="rule:bounce",
            now=LATER,
            detail="550 5.1.1",
        )
        assert why_not(connection, reader) == cause
        with pytest.raises(AddressSuppressed) as refused:
            join(connection)
        assert refused.value.cause == cause
        assert (
            audience.evidence(connection, reader)[-1].step,
            audience.evidence(connection, reader)[-1].basis,
        ) == (
            "suppressed",
            cause,
        )


def test_an_address_can_be_suppressed_before_anybody_knows_it(database: Database):
    with database.write() as connection:
        assert audience.suppress(
            connection, key_of("stranger@news.example"), "manual", actor="cli:ed", now=NOW
        )
        with pytest.raises(AddressSuppressed):
            join(connection, "stranger@news.example")
        assert audience.find(connection, key_of("stranger@news.example")) is None
        (listed,) = audience.suppressions(connection)
        assert (listed.cause, listed.address) == ("manual", None)


def test_the_heavier_cause_stands_so_that_undoing_bounces_undoes_no_complaint(database: Database):
    with database.write() as connection:
        reader = join(connection)
        addr_key = key_of("reader@news.example")
        assert audience.suppress(connection, addr_key, "bounced", actor="rule", now=NOW, dispatch_id="D1")
        assert audience.suppress(connection, addr_key, "complained", actor="report", now=LATER)
        assert not audience.suppress(
            connection, addr_key, "bounced", actor="rule", now=LATER, dispatch_id="D2"
        )
        for dispatch in ("D1", "D2"):
            undone = audience.undo_suppression(
                connection, dispatch_id=dispatch, why="outage", actor="ed", now=LATER
            )
            assert undone == 0
        assert why_not(connection, reader) == "complained"


def test_a_provider_s_mistake_is_taken_back_for_a_whole_dispatch(database: Database):
    with database.write() as connection:
        confirmed, pending = join(connection), join(connection, "other@news.example", basis=None)
        for text, dispatch in (
            ("reader@news.example", "D1"),
            ("other@news.example", "D1"),
            ("third@news.example", "D1"),
            ("fourth@news.example", "D2"),
        ):
            audience.suppress(
                connection, key_of(text), "bounced", actor="rule", now=NOW, dispatch_id=dispatch
            )
        assert (
            audience.undo_suppression(connection, dispatch_id="D1", why="outage", actor="cli:ed", now=LATER)
            == 3
        )
        assert may_be_mailed(connection, confirmed)
        assert why_not(connection, pending) == "unconfirmed"
        step = audience.evidence(connection, confirmed)[-1]
        assert (step.step, step.basis, step.actor) == ("restored", "outage", "cli:ed")
        assert [row.dispatch_id for row in audience.suppressions(connection)] == ["D2"]


def test_taking_a_bounce_back_does_not_take_back_that_the_reader_left(database: Database):
    with database.write() as connection:
        reader = join(connection)
        addr_key = key_of("reader@news.example")
        audience.suppress(connection, addr_key, "bounced", actor="rule", now=NOW)
        audience.leave(connection, reader, digest=None, actor="token", now=NOW)
        assert (
            audience.undo_suppression(connection, addr_key=addr_key, why="mistake", actor="ed", now=LATER)
            == 1
        )
        assert why_not(connection, reader) == "left"


def test_erasing_forgets_the_address_and_keeps_the_refusal(database: Database):
    with database.write() as connection:
        reader = join(connection)
        audience.erase(connection, reader, actor="cli:ed", now=LATER)
        row = audience.get(connection, reader)
        assert (row.address, row.mailable) == (None, False)
        assert why_not(connection, reader) == "erased"
        with pytest.raises(AddressSuppressed):
            join(connection)
        tables = (subscriber, subscription, consent, suppression)
        everything = repr([connection.execute(select(table)).all() for table in tables])
        assert "reader@" not in everything


def test_erasing_outweighs_every_cause_and_twice_is_once(database: Database):
    with database.write() as connection:
        reader = join(connection)
        audience.suppress(connection, key_of("reader@news.example"), "manual", actor="ed", now=NOW)
        for _ in range(2):
            audience.erase(connection, reader, actor="ed", now=LATER)
            assert why_not(connection, reader) == "erased"


def test_an_erased_person_who_wants_to_come_back_can_after_the_refusal_is_taken_back_by_hand(
    database: Database,
):
    with database.write() as connection:
        reader = join(connection)
        audience.erase(connection, reader, actor="ed", now=NOW)
        audience.undo_suppression(
            connection, addr_key=key_of("reader@news.example"), why="wrote to us", actor="ed", now=LATER
        )
        assert audience.get(connection, reader).address is None
        assert why_not(connection, reader) == "left"
        assert join(connection, now=LATER) == reader
        assert may_be_mailed(connection, reader)


def test_a_page_of_readers_comes_with_what_they_asked_for(database: Database):
    with database.write() as connection:
        ids = [join(connection, f"r{number}@news.example") for number in range(5)]
        join(connection, "r1@news.example", digest="evening")
        audience.leave(connection, ids[2], digest="morning", actor="token", now=LATER)
    with database.read() as connection:
        first = audience.listing(connection, limit=2)
        rest = audience.listing(connection, after_id=first[-1][0].id, limit=50)
        assert [row.id for row, _ in [*first, *rest]] == ids
        assert [[entry.digest for entry in asked] for _, asked in first] == [
            ["morning"],
            ["evening", "morning"],
        ]
        assert [row.id for row, _ in audience.listing(connection, digest="evening")] == [ids[1]]
        assert ids[2] not in [row.id for row, _ in audience.listing(connection, digest="morning")]
        assert audience.listing(connection, after_id=ids[-1]) == []


def test_the_database_itself_refuses_a_flag_that_contradicts_its_status(database: Database):
    with database.write() as connection:
        reader = join(connection)
    for statement in (
        update(subscriber).values(mailable=False),
        update(subscriber).values(status="left"),
        update(subscriber).values(address=None),
        update(subscription).values(active=False),
        update(subscription).values(status="left"),
        update(subscriber).values(addr_key=b"short"),
        insert(consent).values(subscriber_id=reader, step="confirmed", actor="x", at=NOW),
        insert(suppression).values(addr_key=b"x" * 16, cause="whim", actor="x", at=NOW),
    ):
        with pytest.raises(IntegrityError), database.write() as connection:
            connection.execute(statement)


def test_one_address_is_one_reader(database: Database):
    with database.write() as connection:
        assert join(connection, "Reader@news.example") == join(
            connection, "reader@NEWS.example", digest="evening"
        )


@pytest.mark.parametrize(("cause", "mailed"), [("bounced", True), ("complained", False), ("manual", False)])
def test_who_moves_leaves_a_dead_mailbox_behind_and_no_other_refusal(
    database: Database, cause: str, mailed: bool
):
    with database.write() as connection:
        reader = join(connection)
        audience.suppress(connection, key_of("reader@news.example"), cause, actor="rule:bounce", now=NOW)
        there = "moved@news.example"
        assert audience.move(connection, reader, parse(there), key_of(there), actor="reader", now=LATER)
        assert may_be_mailed(connection, reader) is mailed
        refused = audience.suppressed(connection, key_of(there))
        assert (refused.cause if refused else None) == (None if mailed else cause)
        if not mailed:
            audience.undo_suppression(
                connection, addr_key=key_of(there), why="a mistake", actor="cli:ed", now=LATER
            )
            assert may_be_mailed(connection, reader)
