"""What readers leave behind: links and requests that are still open, addresses that they had, rows that nobody confirmed."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from publisher.store.db import Database
from subscribers import audience
from subscribers.address import parse
from subscribers.audience import fading
from subscribers.consent import Status
from subscribers.errors import AddressSuppressed, UnknownSubscriber
from subscribers.schema import consent
from subscribers.tokens import Purpose
from tests.contract.test_importing import bring
from tests.readers import LATER, NOW, join, key_of, may_be_mailed, why_not


def test_leaving_ends_whatever_was_asked_for_before_it(database: Database):
    """An old confirmation, a request that waits, an old list: none of them undoes what the reader said last."""
    with database.write() as connection:
        reader = join(connection)
        join(connection, digest="evening")
        for digest, scope in (("morning", "morning"), ("evening", None)):
            for slug in ("morning", "evening"):
                end = {"subscriber_id": reader, "digest": slug, "expires_at": LATER}
                audience.issue(connection, Purpose.CONFIRM, f"{digest}-{slug}", **end)
                audience.ask(connection, request("reader@news.example", slug))
            audience.leave(connection, reader, digest=scope, actor="token", now=NOW)
            join(connection, basis=None, digest=digest, now=NOW)  # anybody may type an address
            assert why_not(connection, reader, digest) == "left"
            assert digest not in {row.digest for row in audience.waiting(connection, limit=9)}
            assert not audience.spend(connection, Purpose.CONFIRM, f"{digest}-{digest}", now=NOW)
        assert audience.waiting(connection, limit=9) == []
        assert not audience.spend(connection, Purpose.CONFIRM, "morning-evening", now=NOW)


def request(text: str, digest: str) -> audience.Asked:
    """What a form asks for."""
    others = {"language": "en", "sections": "", "rhythm": "each", "network": "198.51.100.0/24", "form": "f"}
    return audience.Asked(
        what="join",
        addr_key=key_of(text),
        address=text,
        digest=digest,
        network_key=bytes(16),
        at=NOW,
        **others,
    )


def move(connection: Connection, reader: int, text: str) -> bool:
    return audience.move(connection, reader, parse(text), key_of(text), actor="web:reader", now=LATER)


def test_a_former_address_is_forgotten_and_refused_with_its_reader(database: Database):
    with database.write() as connection:
        reader = join(connection, "alice@old.example")
        audience.issue(
            connection, Purpose.ACCOUNT, "mailed", subscriber_id=reader, digest="morning", expires_at=LATER
        )
        assert move(connection, reader, "alicia@new.example")
        assert not audience.spend(
            connection, Purpose.ACCOUNT, "mailed", now=NOW
        )  # who has the old mailbox has no link
        keys = [key_of("alicia@new.example"), key_of("alice@old.example")]
        assert audience.keys_of(connection, [reader]) == keys
        stranger = join(connection, "alice@old.example", basis=None)
        assert audience.erase(connection, reader, actor="ed", now=LATER)[:2] == keys
        for who, text in ((reader, "alicia@new.example"), (stranger, "alice@old.example")):
            refused = audience.suppressed(connection, key_of(text))
            assert (refused.cause, audience.get(connection, who).address) == ("erased", None)
        with pytest.raises(AddressSuppressed):
            join(connection, "alice@old.example")


def test_an_address_that_somebody_says_yes_for_is_nobody_s_former_one(database: Database):
    with database.write() as connection:
        reader = join(connection, "alice@old.example")
        move(connection, reader, "alicia@new.example")
        heir = join(connection, "alice@old.example", basis=None)
        audience.confirm(connection, heir, "morning", basis="the link", actor="web:reader", now=LATER)
        audience.erase(connection, reader, actor="ed", now=LATER)
        assert may_be_mailed(connection, heir)
        assert not move(connection, heir, "alicia@new.example")  # it was erased


def test_an_address_is_free_for_whoever_proves_it_unless_a_reader_gets_mail_there(database: Database):
    """A stranger's request, a forgotten row or a leaving must not keep a mailbox's owner from it; what was left there stays left."""
    with database.write() as connection:
        reader = join(connection, "mover@n.example")
        join(connection, "taken@n.example")
        asked = join(connection, "asked@n.example", basis=None)
        audience.issue(
            connection, Purpose.CONFIRM, "t", subscriber_id=asked, digest="morning", expires_at=LATER
        )
        left = join(connection, "left@n.example", digest="evening")
        audience.leave(connection, left, digest=None, actor="token", now=NOW)
        assert not move(connection, reader, "taken@n.example")
        for text, other in (("asked@n.example", asked), ("left@n.example", left)):
            assert move(connection, reader, text)
            assert audience.find(connection, key_of(text)).id == reader
            with pytest.raises(UnknownSubscriber):
                audience.get(connection, other)
        assert may_be_mailed(connection, reader)
        assert why_not(connection, reader, "evening") == "left"
        assert len(audience.evidence(connection, reader)) == 6  # theirs, two moves, asked, asked and left


def test_whoever_gets_nothing_any_more_fades_by_whichever_way_they_left(database: Database):
    with database.write() as connection:
        gone = join(connection, "gone@n.example")
        part = join(connection, "part@n.example")
        join(connection, "part@n.example", digest="evening")
        again = join(connection, "again@n.example")
        for reader in (gone, part, again):
            audience.leave(connection, reader, digest="morning", actor="token", now=NOW)
        join(connection, "again@n.example", digest="evening", basis=None)
        waits = join(connection, "waits@n.example", basis=None)
        for status, ids in ((Status.LEFT, [gone]), (Status.PENDING, [again, waits])):
            found = [row.id for row in fading.faded(connection, status, before=LATER, limit=9)]
            assert found == ids
            assert len(fading.fade(connection, found, status, now=LATER)) == len(ids)
            assert {audience.get(connection, reader).address for reader in ids} == {None}
        audience.leave(
            connection, gone, digest="morning", actor="token", now=LATER
        )  # their link works for ever
        join(connection, "gone@n.example", now=LATER)
        assert may_be_mailed(connection, gone)


def test_a_list_that_says_who_is_gone_keeps_its_own_lines_about_them_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    """Wherever they stand, twice and under several causes; who said yes on a page of ours stays."""
    monkeypatch.setattr("subscribers.importing.SLICE", 3)
    with database.write() as connection:
        join(connection, "knew@n.example")
        audience.suppress(connection, key_of("worse@n.example"), "complained", actor="ed", now=NOW)
        yes = join(connection, "yes@n.example")
        told = {"step": "confirmed", "digest": "morning", "basis": "a page", "actor": "web:reader", "at": NOW}
        connection.execute(consent.insert().values(subscriber_id=yes, form="subscribe", **told))
    said = [
        ("left", "left"),
        ("bad", "bounced"),
        ("bad", "left"),
        ("worse", "bounced"),
        ("knew", "left"),
        ("yes", "left"),
    ]
    lines = [f"{name}@n.example," for name in ("left", "bad", "worse", "knew", "yes", "new", "new")]
    lines += [f"{name}@n.example,{word}" for name, word in said]
    done = bring(database, "\n".join(["email,status", *lines]))
    assert (done.added, done.known, done.remembered) == (1, 1, 5)
    assert [line.why for line in done.refused[:5]] == [
        "the reader has left",
        "the address is suppressed (bounced)",
        "the address is suppressed (complained)",
        "the reader has left",
        "the address stands in line 7 already",
    ]
