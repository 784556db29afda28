"""What mails say of the house is frozen with their dispatch: an edited configuration or template changes none of their bytes."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import text

from publisher import assets
from publisher.desk import acts, letters, mailing
from publisher.ledger import Counts
from publisher.newsroom import Newsroom, mint_derived
from publisher.store import deliveries
from publisher.store.db import Database
from tests.mailroom import (
    WHO,
    Death,
    begun,
    die_at,
    ingest,
    keeping,
    killed_after_a_reply,
    make,
    send,
    story_id,
    subscribe,
)
from tests.newsrooms import line, newsroom, settings
from tests.smtpd import Server

READERS = [f"reader{number}@list.example" for number in range(1, 6)]
THEIRS = {"to", "message-id", "list-unsubscribe"}
BOUNCES = re.compile(r"bounce\+[A-Za-z0-9_-]{32}@front\.example")
LINKS = re.compile(r"/[up]/[A-Za-z0-9_~-]+")


def edited(database: Database, folder: Path, port: int) -> Newsroom:
    """The newsroom after somebody changed whatever a mail says of the house, and the templates."""
    own = folder / "own" / "mail" / "digest"
    own.mkdir(parents=True)
    shipped = assets.root() / "templates" / "mail" / "digest"
    (own / "subject.txt.j2").write_text("EDITED " + (shipped / "subject.txt.j2").read_text())
    text = (shipped / "body.txt.j2").read_text()
    (own / "body.txt.j2").write_text("EDITED\n\n" + text)
    changed = settings(
        relay_port=port,
        site={"name": "EDITED", "url": "https://edited.example", "contact": "edited@edited.example"},
        tables={
            "mail": {
                "list_domain": "lists.edited.example",
                "unsubscribe_address": "gone@edited.example",
                "bounce_address": "back@edited.example",
            }
        },
        title={"en": "EDITED"},
        reply_to="answers@edited.example",
        sender={"en": {"name": "EDITED", "address": "edited@edited.example"}},
        number=7,
    )
    store = changed.store.model_copy(update={"templates_dir": own.parent.parent})
    return Newsroom(settings=replace(changed, store=store), database=database, mint=mint_derived)


def copies(server: Server) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = defaultdict(list)
    for taken in server.messages():
        found[taken.rcpt].append((server.folder / f"{taken.n:06d}.eml").read_bytes())
    return found


def said(mail: bytes, reader: str) -> str:
    """What a mail says to everybody: without what differs from reader to reader by right."""
    parsed = message_from_bytes(mail, _class=EmailMessage, policy=policy.default)
    heads = [f"{name}: {value}" for name, value in parsed.items() if name.lower() not in THEIRS]
    bodies = [part.get_content() for part in parsed.iter_parts()]
    return LINKS.sub("", "\n".join(heads + bodies).replace(reader, ""))


def test_repeat_and_rest_after_a_crash_have_the_bytes_that_were_frozen(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, *READERS, stories=2)
        killed_after_a_reply(room, dispatch_id)
        first = len(server.messages())
        assert 1 <= first <= 2
        later = edited(database, tmp_path, server.port)
        mailing.resume(later, dispatch_id, **WHO)
        assert send(later, dispatch_id).counts == Counts(accepted=len(READERS))
        senders = defaultdict(set)
        for taken in server.messages():
            senders[taken.rcpt].add(taken.sender)
        got = copies(server)
    assert sorted(len(mails) for mails in got.values()) == [1] * (len(READERS) - first) + [2] * first
    assert {len(set(mails)) for mails in got.values()} == {1}
    assert len({said(mail, reader) for reader, mails in got.items() for mail in mails}) == 1
    assert not any(b"edited" in mail.lower() for mails in got.values() for mail in mails)
    assert {len(of_reader) for of_reader in senders.values()} == {1}
    assert all(BOUNCES.fullmatch(sender) for of_reader in senders.values() for sender in of_reader)


def test_freeze_that_was_cut_short_goes_on_with_the_letter_it_began_with(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1))
        subscribe(room, READERS[0])
        made = make(room)
        with monkeypatch.context() as patch:
            die_at(patch, mailing.freeze)
            with pytest.raises(Death):
                mailing.begin(room, made, **WHO)
        subscribe(room, READERS[1], "world")
        later = edited(database, tmp_path, server.port)
        send(later, mailing.begin(later, made, **WHO))
        got = copies(server)
    for reader in READERS[:2]:
        (mail,) = got[reader]
        assert b"<wire@front.example>" in mail
        assert b"@front.example>\r\n" in mail.partition(b"Message-ID: ")[2][:120]
        assert b"https://front.example/u/" in mail
        assert b"edited.example" not in mail


def test_next_revision_says_the_same_of_the_house(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        _room, made, dispatch_id = begun(database, server, READERS[0], stories=2)
        later = edited(database, tmp_path, server.port)
        acts.kill(later, story_id(made, 1), why="wrong", **WHO)
        mailing.resume(later, dispatch_id, **WHO)
        assert send(later, dispatch_id).counts == Counts(accepted=1)
        ((mail,),) = copies(server).values()
    assert b"edited.example" not in mail
    assert b"<wire@front.example>" in mail


def test_digest_that_the_configuration_has_no_longer_is_sent_to_the_end(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, READERS[0])
        later = replace(room, settings=replace(room.settings, digests=()))
        assert send(later, dispatch_id).counts == Counts(accepted=1)


def test_dispatch_of_an_older_program_takes_its_letter_once(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, READERS[0])
        with database.write() as connection:
            connection.execute(text("UPDATE dispatch SET letter = NULL"))
        mailing.resume(room, dispatch_id, **WHO)
        send(room, dispatch_id)
        with database.write() as connection:
            deliveries.settle_letter(connection, dispatch_id, {"digest": "another"})
            kept = deliveries.get_dispatch(connection, dispatch_id)
        ((mail,),) = copies(server).values()
    assert kept is not None
    assert letters.of_dispatch(room, kept).voices[0].address == "wire@front.example"
    assert b"<wire@front.example>" in mail
