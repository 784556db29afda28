"""Bounces from a mailbox over IMAP: what was understood is marked or moved, everything else stays as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select

from publisher.daemon import Done, Steps, errands_of
from publisher.desk.doctor import FAULT, OK
from publisher.desk.doctor import mailbox as doctor
from publisher.desk.postbox import ingest_mailbox
from publisher.errors import BadInput, MailboxUnavailable
from publisher.fetch import mailbox as client
from publisher.fetch import opened
from publisher.newsroom import Newsroom
from publisher.newsroom.mailbox import mailbox_of
from publisher.settings.keys import Secrets
from publisher.store import schema
from publisher.store.db import Database
from subscribers.tokens import mint_bounce
from tests.imapbox import PASSWORD, Box, imap
from tests.mailroom import begun, keeping, send
from tests.newsrooms import KEYS, NOW, newsroom
from tests.waiting import Aside, until

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

BOUNCE = b"""To: <bounce+%b@front.example>
From: MAILER-DAEMON@relay.example
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; ada@list.example
Action: failed
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b--
"""
HELLO = b"From: someone@else.example\nSubject: Hello\n\nIs this your desk?\n"


def reading(room: Newsroom, box: Box, tls: Path, /, **mailbox: Any) -> Newsroom:
    wanted = {"host": "localhost", "port": box.port, "username": "bounce", "ca_file": tls / "ca.pem"}
    secrets = Secrets(**KEYS, mailbox_password=mailbox.pop("password", PASSWORD))
    changed = room.settings.mailbox.model_copy(update=wanted | mailbox)
    return replace(room, settings=replace(room.settings, mailbox=changed, secrets=secrets))


def test_only_what_was_understood_is_marked_or_moved(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, "ada@list.example")
        send(room, dispatch_id)
    with database.read() as connection:
        (number,) = connection.execute(select(schema.delivery.c.id)).scalars()
    bounce = BOUNCE % mint_bounce(room.token_keys, number).encode()
    with imap(tmp_path / "tls") as box:
        box.put(HELLO, bounce)
        reader = reading(room, box, tmp_path / "tls")
        (finding,) = doctor.examine(reader.settings)
        assert (finding.level, "unseen mails: 2" in finding.said, box.seen()) == (OK, True, [False, False])
        done = ingest_mailbox(reader, actor="test", now=NOW)
        assert dict(done.effects) == {"suppressed": 1, "unrecognised": 1}
        assert done.unrecognised == ["mail 101 of INBOX"]
        assert box.seen() == [False, True]
        box.put(bounce)
        steps = Steps(newsroom=reader, clock=lambda: NOW)
        told: list[Done] = []
        (errand,) = errands_of(steps)
        errand.once(told.append)
        errand.once(told.append)
        assert [(one.result, one.data.get("known"), bool(one.said)) for one in told] == [
            ("done", 1, True),
            ("unchanged", None, False),
        ], "what nobody understands is said once by a process"
        assert box.seen() == [False, True, True]
        box.put(bounce)
        moving = reading(room, box, tmp_path / "tls", moved_to="Done")
        ingest_mailbox(moving, actor="test", now=NOW)
        assert (len(box.folders["INBOX"]), list(box.folders["Done"])) == (3, [104])
        assert not any("EXPUNGE" in line or "Deleted" in line for line in box.asked)


@pytest.mark.parametrize(
    ("kind", "mailbox", "said"),
    [
        ("good", {"password": "other"}, "wrong password"),
        ("good", {"folder": "Nowhere"}, "Nowhere"),
        ("good", {"folder": 'a" "b'}, "cannot be called"),
        ("good", {"moved_to": "Nowhere"}, "no such folder"),
        ("no-move", {"moved_to": "Done"}, "cannot move"),
        ("untrusted", {}, "certificate"),
        ("good", {"port": 1}, "refused"),
    ],
)
def test_mailbox_that_cannot_be_read_says_why_and_is_left_as_it_was(
    database: Database, tmp_path: Path, kind: str, mailbox: dict[str, Any], said: str
) -> None:
    room = newsroom(database)
    with pytest.raises(BadInput, match="no mailbox"):
        ingest_mailbox(room, actor="test", now=NOW)
    with imap(tmp_path, kind=kind.replace("no-move", "good"), moves=kind != "no-move") as box:
        box.put(
            HELLO.replace(b"Hello", b"Out of office").replace(b"\n", b"\nAuto-Submitted: auto-replied\n", 1)
        )
        reader = reading(room, box, tmp_path, **mailbox)
        with pytest.raises(MailboxUnavailable, match=said):
            ingest_mailbox(reader, actor="test", now=NOW)
        if "moved_to" not in mailbox or kind != "good":  # it moves nothing to see whether it could
            (finding,) = doctor.examine(reader.settings)
            assert (finding.level, said in finding.said) == (FAULT, True)
    assert box.seen() == [False]


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"UID SEARCH": b"* SEARCH {99999999999999999999}"}, "more than"),
        ({"UID SEARCH": b"* SEARCH {30000000000}"}, "more than"),
        ({"UID FETCH": b"* 1 FETCH (FLAGS ())" + b"\r\n* 1 FETCH (FLAGS ())" * 5000}, "more than"),
        ({"UID FETCH": b"* 1 FETCH (BODY[]<0> {9000}\r\nx"}, "within"),
        ({"LOGIN": b"* OK still thinking"}, "within"),
        ({"LOGIN": b'TAG BAD LOGIN bounce "a password"'}, 'bounce "…"'),
    ],
)
def test_server_that_says_odd_things_or_does_not_end_is_left(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    odd: dict[str, bytes],
    said: str,
) -> None:
    monkeypatch.setattr(client, "SECONDS", 0.3 if said == "within" else 30)
    monkeypatch.setattr(client, "ROOM", 1_000_000)
    with imap(tmp_path) as box:
        box.put(HELLO)
        box.odd, box.dripping = odd, 0.02 if said == "within" else 0 if "UID FETCH" in odd else None
        with pytest.raises(MailboxUnavailable) as refused:
            ingest_mailbox(reading(newsroom(database), box, tmp_path), actor="test", now=NOW)
        assert said in str(refused.value)
        assert PASSWORD not in str(refused.value)


def test_mailbox_is_left_when_we_stop_and_no_goodbye_is_waited_for(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FAREWELL", 0.1)
    stop = Event()
    with imap(tmp_path) as box:
        reader = reading(newsroom(database), box, tmp_path)
        box.odd = {"UID SEARCH": b"* SEARCH 7 " + b"9" * 6000 + b"\r\nTAG OK done", "LOGOUT": b"* OK"}
        box.put(HELLO)
        with opened(mailbox_of(reader.settings)) as found:
            assert found.unseen() == ["7"]
        box.odd = {"UID SEARCH": b"* OK wait"}
        looking = Aside(ingest_mailbox, reader, actor="test", now=NOW, stop=stop)
        until(lambda: box.asked[-1].startswith("UID SEARCH"), thread=looking)
        stop.set()
        with pytest.raises(MailboxUnavailable, match="stopping"):
            looking.result()
