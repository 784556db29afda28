"""Mails that are signed: what the relay was handed verifies, a repeat has the same signature, and no dispatch changes its key."""

from __future__ import annotations

from collections import defaultdict
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from publisher import dkim
from publisher.desk import acts, mailing
from publisher.errors import ConfigurationInvalid, GateRefused
from publisher.ledger import Counts
from publisher.newsroom import Newsroom, keys_gone
from publisher.store import schema
from publisher.store.db import Database
from tests.dkimbox import DOMAIN, key, pem, published, signatures, verified
from tests.editions import LANGUAGES
from tests.mailroom import WHO, begun, ingest, keeping, killed_after_a_reply, make, send, story_id, subscribe
from tests.newsrooms import line, newsroom
from tests.smtpd import Server

READERS = [f"reader{number}@list.example" for number in range(1, 6)]


def signing(
    folder: Path, *algorithms: str, number: int = 0, selector: str = "wire", **table: Any
) -> dict[str, Any]:
    """`tables` of a newsroom that signs, RSA if nothing is named."""
    for algorithm, prefix in ((dkim.RSA, ""), (dkim.ED25519, "ed25519_")):
        if algorithm in (algorithms or (dkim.RSA,)):
            path = folder / f"{prefix}{number}.pem"
            path.write_text(pem(algorithm, number))
            path.chmod(0o600)
            table |= {f"{prefix}key_file": str(path), f"{prefix}selector": selector + (prefix and "-ed")}
    return {"dkim": table}


def raws(server: Server) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = defaultdict(list)
    for taken in server.messages():
        found[taken.rcpt].append((server.folder / f"{taken.n:06d}.eml").read_bytes())
    return found


def test_each_variant_in_each_language_verifies_as_the_relay_got_it(
    database: Database, tmp_path: Path
) -> None:
    house = [
        {
            "id": "house",
            "version": 1,
            "language": tongue,
            "short": f"Short {tongue}.",
            "full": f"Full {tongue}.",
        }
        for tongue in LANGUAGES
    ]
    both = signing(tmp_path, dkim.RSA, dkim.ED25519)
    with keeping(tmp_path) as server:
        room = newsroom(
            database, relay_port=server.port, tables={**both, "disclaimer": house}, languages=list(LANGUAGES)
        )
        for number, tongue in enumerate(LANGUAGES):
            ingest(room, line(2 * number, language=tongue))
            ingest(room, line(2 * number + 1, language=tongue, categories=["Economy"]))
            for name, sections in (("all", ()), ("some", ("economy",))):
                subscribe(room, f"{name}-{tongue}@list.example", *sections, language=tongue)
        dispatch_id = mailing.begin(room, make(room), **WHO)
        assert send(room, dispatch_id).counts == Counts(accepted=16)
        got = raws(server)
    assert len(got) == 16
    names = published(key(), key(dkim.ED25519, "wire-ed"))
    assert {tuple(verified(mail, names)) for (mail,) in got.values()} == {(True, True)}
    for (mail,) in got.values():
        date = parsedate_to_datetime(message_from_bytes(mail)["Date"])
        assert all(f"t={int(date.timestamp())};".encode() in field for field in signatures(mail))


def test_repeat_after_a_crash_has_the_signature_that_was_frozen(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, *READERS, tables=signing(tmp_path))
        killed_after_a_reply(room, dispatch_id)
        changed = signing(tmp_path, selector="renamed", domain=DOMAIN)
        later = newsroom(database, relay_port=server.port, tables=changed)
        mailing.resume(later, dispatch_id, **WHO)
        assert send(later, dispatch_id).counts == Counts(accepted=len(READERS))
        got = raws(server)
    assert {len(set(copies)) for copies in got.values()} == {1}
    assert max(map(len, got.values())) == 2
    assert {tuple(verified(copies[0], published(key()))) for copies in got.values()} == {(True,)}


def test_dispatch_that_was_opened_unsigned_stays_so(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        _, _, dispatch_id = begun(database, server, READERS[0])
        later = newsroom(database, relay_port=server.port, tables=signing(tmp_path))
        send(later, dispatch_id)
        ((mail,),) = raws(server).values()
    assert signatures(mail) == []


def test_letter_of_an_older_program_has_no_signature(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        _, _, dispatch_id = begun(database, server, READERS[0])
        with database.write() as connection:
            (letter,) = connection.execute(select(schema.dispatch.c.letter)).scalars()
            older = {name: value for name, value in letter.items() if name != "signatures"}
            assert older != letter
            connection.execute(schema.dispatch.update().values(letter=older))
        assert send(newsroom(database, relay_port=server.port), dispatch_id).counts == Counts(accepted=1)


@pytest.mark.parametrize("present", ["none", "another"])
def test_key_that_is_gone_stops_this_dispatch_and_nothing_else(
    database: Database, tmp_path: Path, present: str
) -> None:
    with keeping(tmp_path) as server:
        with_key, made, dispatch_id = begun(database, server, READERS[0], stories=2, tables=signing(tmp_path))
        tables = {} if present == "none" else signing(tmp_path, number=1)
        without: Newsroom = newsroom(database, relay_port=server.port, tables=tables)
        sentence = (
            rf'dkim: the key of selector "wire" is not there, and dispatch {dispatch_id} .* put it back'
        )
        with pytest.raises(ConfigurationInvalid, match=sentence):
            send(without, dispatch_id)
        acts.kill(without, story_id(made, 1), why="wrong", **WHO)
        with pytest.raises(ConfigurationInvalid, match=sentence):
            mailing.resume(without, dispatch_id, **WHO)
        with pytest.raises(ConfigurationInvalid, match="put it back"):
            mailing.trial(without, made, ["desk@front.example"], **WHO)
        (problem,) = keys_gone(database, without.settings)
        assert dispatch_id in str(problem)
        assert not server.messages()
        mailing.resume(with_key, dispatch_id, **WHO)
        assert send(with_key, dispatch_id).counts == Counts(accepted=1)
        assert keys_gone(database, without.settings) == []
        assert send(without, dispatch_id).state == "done"
        ((mail,),) = raws(server).values()
    assert verified(mail, published(key())) == [True]


def test_a_test_mail_is_signed_too(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room, made, _ = begun(database, server, READERS[0], tables=signing(tmp_path))
        mailing.trial(room, made, ["desk@front.example"], **WHO)
        ((mail,),) = raws(server).values()
    assert verified(mail, published(key())) == [True]


def test_mail_whose_signature_got_lost_does_not_leave(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, READERS[0], tables=signing(tmp_path))
        monkeypatch.setattr(mailing.send.letters, "signer", lambda *_, **__: None)
        with pytest.raises(GateRefused, match=f"exactly the signatures of wire for {DOMAIN}"):
            send(room, dispatch_id)
        assert not server.messages()
