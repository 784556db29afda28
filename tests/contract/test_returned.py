"""Mails that come back: proof by tokens, evidence before suppression, and nothing told twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from publisher.cli.reports import report_lines
from publisher.desk import mailing, readers
from publisher.desk.returned import BURST_ROWS, Taken, take
from publisher.ledger import Counts
from publisher.newsroom import Newsroom
from publisher.store import deliveries, returned, schema
from publisher.store.db import Database
from subscribers import audience
from subscribers.address import key, parse
from subscribers.tokens import Purpose, mint, mint_bounce
from tests.mailroom import begun, ingest, keeping, make, send
from tests.newsrooms import NOW, line

MANY = BURST_ROWS + 2
READERS = [f"{name}@list.example" for name in ("ada", "bo", "cy", "di", "ed", "flo", "gus")]
CROWD = [f"reader{number}@big.example" for number in range(MANY)]
REPORT = """From: MAILER-DAEMON@relay.example
To: <bounce+{token}@front.example>
Message-ID: <{n}@relay.example>
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type={type}; boundary=b

--b
Content-Type: {part}

{fields}
--b
Content-Type: text/rfc822-headers

{returned}
--b--
"""


class Box:
    """A newsroom whose edition has gone out, and reports about it."""

    def __init__(self, database: Database, room: Newsroom, dispatch_id: str) -> None:
        self.database, self.room, self.dispatch_id, self.n = database, room, dispatch_id, 0
        with database.read() as connection:
            rows = connection.execute(select(schema.delivery)).all()
        self.deliveries = {row.rcpt: row for row in rows}

    def take(self, raw: str, *, days: float = 0) -> Taken:
        return take(self.room, raw.encode(), actor="test", now=NOW + timedelta(days=days))

    def bounce(self, rcpt: str, said: str, *, token: str | None = None, to: str | None = None) -> str:
        self.n += 1
        fields = f"Reporting-MTA: dns; relay.example\n\nFinal-Recipient: rfc822; {to or rcpt}\nAction: failed\nDiagnostic-Code: smtp; {said}\n"
        token = mint_bounce(self.room.token_keys, self.deliveries[rcpt].id) if token is None else token
        part = "message/delivery-status"
        return REPORT.format(
            token=token, n=self.n, type="delivery-status", part=part, fields=fields, returned=""
        )

    def complaint(self, returned: str) -> str:
        self.n += 1
        fields = "Feedback-Type: abuse\nVersion: 1\n"
        part = "message/feedback-report"
        return REPORT.format(
            token="none", n=self.n, type="feedback-report", part=part, fields=fields, returned=returned
        )

    def leave_token(self, rcpt: str) -> str:
        who = self.deliveries[rcpt].subscriber_id
        number = self.room.digest("morning").number
        return mint(self.room.token_keys, Purpose.LEAVE, subscriber=who, digest=number)

    def suppressed(self) -> dict[str, tuple[str, str | None]]:
        with self.database.read() as connection:
            rows = audience.suppressions(connection, limit=100)
        return {row.address: (row.cause, row.dispatch_id) for row in rows}

    def rows(self) -> int:
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(schema.returned)).scalar_one()


@pytest.fixture
def box(database: Database, tmp_path: Path) -> Box:
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, *READERS, *CROWD)
        assert send(room, dispatch_id).counts == Counts(accepted=len(READERS) + MANY)
    return Box(database, room, dispatch_id)


GONE = "550 5.1.1 no such user"


def test_what_comes_back_is_believed_on_proof_and_once(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bo, cy, di, ed, flo, gus = READERS
    # whatever the database cannot hold (SQLite holds a NUL) is passed over, and holds up nothing behind it
    for sign in "\udc80" if box.database.dialect == "sqlite" else "\udc80\0":
        monkeypatch.setattr("publisher.desk.returned.unnamed", lambda _text, sign=sign: sign)
        assert box.take(box.bounce(ada, GONE)) == Taken("other", "unrecognised")
    monkeypatch.undo()
    assert box.rows() == 0
    forged = [
        box.bounce(ada, GONE, token="A" * 32),
        box.bounce(ada, GONE, token=""),
        box.bounce(ada, GONE, token=box.leave_token(ada)),
        box.bounce(ada, GONE, token=mint_bounce(box.room.token_keys, 10**6)),
        box.bounce(ada, GONE, to="friend@elsewhere.example"),
        box.complaint("Message-ID: <a@b.example>\n"),
        box.complaint("Message-ID: <a\0b@b.example>\n"),
        box.complaint(f"List-Unsubscribe: <https://front.example/u/{'A' * 32}>\n"),
    ]
    assert {box.take(raw).effect for raw in forged} == {"untrusted"}
    assert {box.take(raw).effect for raw in forged} == {"known"}
    assert (box.suppressed(), box.rows()) == ({}, len(forged))

    hard = box.bounce(ada, GONE)
    assert box.take(hard) == Taken("hard", "suppressed", box.dispatch_id)
    assert box.take(hard).effect == box.take(box.bounce(ada, GONE)).effect == "known"
    assert box.take(box.bounce(bo, "550 unknown user\0")).effect == "counted"
    assert box.take(box.bounce(cy, "552 5.2.2 mailbox full")) == Taken("full", "counted", box.dispatch_id)
    assert box.take(box.bounce(cy, "550 5.7.1 looks like spam")).effect == "counted"
    away = f"From: {di}\nTo: bounce+{mint_bounce(box.room.token_keys, box.deliveries[di].id)}@front.example\nSubject: Out of office\n\n550 no such user\n"
    assert box.take(away) == Taken("automatic", "nothing")
    assert box.take("From: a@b.example\nSubject: Hello\n\nHello\n") == Taken("other", "unrecognised")

    spam = box.complaint(f"List-Unsubscribe: <https://front.example/u/{box.leave_token(ed)}>\n")
    assert box.take(spam) == Taken("complaint", "suppressed", box.dispatch_id)
    assert box.take(box.complaint(f"Message-ID: {box.deliveries[flo].message_id}\n")).effect == "suppressed"
    here = box.dispatch_id
    gone = {ada: ("bounced", here), ed: ("complained", here), flo: ("complained", here)}
    assert box.suppressed() == gone

    leaving = f"From: {gus}\nTo: leave+{box.leave_token(gus)}@front.example\nAuto-Submitted: auto-replied\nSubject: unsubscribe\n\n"
    assert box.take(leaving) == Taken("leave", "left")
    assert readers.record(box.room, gus)["digests"] == []
    readers.add(
        box.room,
        gus,
        digest="morning",
        language=None,
        sections=(),
        basis="asked again",
        actor="test",
        now=NOW,
    )
    assert box.take(leaving).effect == "known", "an old mail ends nothing that was asked for later"
    assert readers.record(box.room, gus)["digests"] == ["morning"]
    subject = f"From: x@y.example\nTo: leave@front.example\nSubject: leave {box.leave_token(di)}\n\n"
    assert box.take(subject).effect == "left"

    report = mailing.report(box.room, box.dispatch_id)
    assert report.counts.accepted == len(READERS) + MANY, "the ledger says what the relay did"
    assert report.came_back == {"block": 1, "complaint": 2, "full": 1, "hard": 2}
    assert "  came back          6  (1 block, 2 complaint, 1 full, 2 hard)" in report_lines(report)
    facts: list[dict[str, Any]] = readers.record(box.room, cy)["came_back"]
    assert {(fact["kind"], fact["effect"]) for fact in facts} == {("full", "counted"), ("block", "counted")}


def test_who_complains_again_after_the_suppression_was_undone_is_suppressed_again(box: Box) -> None:
    ada = READERS[0]
    told = f"Message-ID: {box.deliveries[ada].message_id}\n"
    first = box.complaint(told)
    assert box.take(first).effect == "suppressed"
    assert box.take(box.complaint(told)).effect == "known"
    readers.undo(box.room, address=ada, dispatch_id=None, why="a mistake", actor="test", now=NOW)
    assert box.take(first).effect == "known", "the same report is no news"
    assert box.suppressed() == {}
    assert box.take(box.complaint(told)).effect == "suppressed"
    assert box.suppressed() == {ada: ("complained", box.dispatch_id)}


def test_domain_that_calls_too_many_dead_is_not_believed_any_more(box: Box) -> None:
    effects = [box.take(box.bounce(rcpt, GONE)).effect for rcpt in CROWD]
    assert effects == ["suppressed"] * BURST_ROWS + ["disbelieved"] * (MANY - BURST_ROWS)
    undone = readers.undo(
        box.room, address=None, dispatch_id=box.dispatch_id, why="theirs", actor="test", now=NOW
    )
    assert undone == BURST_ROWS
    assert box.suppressed() == {}


def test_what_a_server_says_at_once_counts_like_what_comes_back_once_for_each_mail(
    database: Database, tmp_path: Path
) -> None:
    full, host, dead = "full@list.example", "host@nowhere.example", "dead@list.example"
    rules = (
        f"rcpt to={full} reply='452 4.2.2 Mailbox full'",
        f"rcpt to={host} reply='550 5.1.2 Host unknown'",
        f"rcpt to={dead} reply='550 5.1.1 No such user'",
    )
    day = timedelta(days=1)
    with keeping(tmp_path, *rules) as server:
        room, _, first = begun(database, server, full, host, dead, *READERS[:4])
        for minutes in (0, 30):
            report = send(room, first, clock=lambda later=minutes: NOW + timedelta(minutes=later))
        assert report.counts == Counts(accepted=4, failed=2, waiting=1)
        assert report.came_back == {}, "what the ledger has as failed did not come back"
        box = Box(database, room, first)
        with database.read() as connection:
            facts = {(row.kind, row.effect) for row in connection.execute(select(schema.returned))}
        assert facts == {("full", "counted"), ("unknown-host", "counted"), ("hard", "suppressed")}
        assert (box.rows(), box.suppressed()) == (3, {dead: ("bounced", first)})

        # the same mailbox was full for four other mails, from a fortnight ago on
        with database.write() as connection:
            for number, rcpt in enumerate(READERS[:4]):
                returned.keep(
                    connection,
                    now=NOW - timedelta(days=14 - number),
                    fingerprint=bytes([number]) * 32,
                    kind="full",
                    effect="counted",
                    actor="test",
                    delivery_id=box.deliveries[rcpt].id,
                    dispatch_id=first,
                    addr_key=box.deliveries[full].addr_key,
                    detail="",
                )
        ingest(room, line(2), now=NOW + day)
        second = mailing.begin(room, make(room, now=NOW + day), actor="test", now=NOW + day)
        send(room, second, clock=lambda: NOW + day)
    here = ("bounced", second)
    assert box.suppressed() == {dead: ("bounced", first), full: here, host: here}


def test_a_complaint_is_of_whoever_got_the_mail_wherever_they_are_now(box: Box) -> None:
    """Their former address may be another reader's by then; and two complaints that say the same are two."""
    ada, bo, *_ = READERS
    moved = "ada@moved.example"
    with box.database.write() as connection:
        who = box.deliveries[ada].subscriber_id
        there = key(parse(moved), box.room.address_key)
        assert audience.move(connection, who, parse(moved), there, actor="reader", now=NOW)
    told = {
        "digest": "morning",
        "language": None,
        "sections": (),
        "basis": "asked",
        "actor": "test",
        "now": NOW,
    }
    owner = readers.add(box.room, ada, **told)["id"]
    with box.database.read() as connection:
        assert deliveries.of_reader(connection, owner, audience.keys_of(connection, [owner])) == []
        assert len(deliveries.of_reader(connection, who, audience.keys_of(connection, [who]))) == 1
    same = "From: loop@peer.example\nTo: bounce+{}@front.example\nMIME-Version: 1.0\nContent-Type: multipart/report; "
    same += "report-type=feedback-report; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n--b--\n"
    tokens = [mint_bounce(box.room.token_keys, box.deliveries[name].id) for name in (ada, bo)]
    assert [box.take(same.format(token)).effect for token in tokens] == ["suppressed", "suppressed"]
    assert box.suppressed() == {
        moved: ("complained", box.dispatch_id),
        bo: ("complained", box.dispatch_id),
    }
    assert readers.record(box.room, ada)["digests"] == ["morning"]
