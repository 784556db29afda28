"""Test mails: marked as such, through the same gate and relay, to nobody else, and with no trace in the ledger."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import text

from publisher.desk import acts, editions, mailing, readers
from publisher.errors import BadInput, NothingToPublish, RelayUnavailable
from publisher.store.db import Database
from subscribers.errors import AddressRefused
from tests.mailroom import WHO, ingest, keeping, make, story_id, subscribe
from tests.newsrooms import NOW, line, newsroom

ME, YOU = "me@house.example", "you@house.example"


def taken(server) -> list[EmailMessage]:
    return [
        message_from_bytes(
            (server.folder / f"{one.n:06d}.eml").read_bytes(), _class=EmailMessage, policy=policy.default
        )
        for one in server.messages()
    ]


def rows(database: Database, table: str) -> int:
    with database.read() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608 - a name of ours


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return part.get_content()


def test_a_test_goes_to_the_named_and_says_so(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1), line(2))
        subscribe(room, "reader@list.example")
        draft = editions.present_or_draft(room, "morning", at_once=False, now=NOW)
        tried = mailing.trial(room, draft, [ME, YOU, ME], **WHO)
        mails = taken(server)
    assert [(mail.address, mail.accepted) for mail in tried] == [(ME, True), (YOU, True)]
    assert sorted(mail["To"] for mail in mails) == [ME, YOU]
    assert len({mail["Message-ID"] for mail in mails}) == 2
    for mail in mails:
        assert mail["Subject"].startswith("[Test] ")
        assert body(mail, "plain").startswith("This is a test: only you get it.")
        assert "This is a test: only you get it." in body(mail, "html")
        assert mail["List-Unsubscribe"] == "<https://front.example/u/test>"
        assert "reader@list.example" not in mail.as_string()
    assert rows(database, "edition") == rows(database, "delivery") == rows(database, "dispatch") == 0


def test_a_test_of_a_frozen_edition_leaves_its_dispatch_alone(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1), line(2))
        subscribe(room, "reader@list.example")
        made = make(room)
        mailing.trial(room, made, [ME], **WHO)
        dispatch_id = mailing.begin(room, made, **WHO)
        report = mailing.run(room, dispatch_id, clock=lambda: NOW)
        mails = taken(server)
    assert report.counts.planned == report.counts.accepted == 1
    assert [mail["To"] for mail in mails] == [ME, "reader@list.example"]
    assert "Test" not in mails[1]["Subject"]
    assert "This is a test" not in mails[1].as_string()


def test_a_killed_story_is_in_no_test(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1), line(2))
        made = make(room)
        acts.kill(room, story_id(made, 1), why="wrong", **WHO)
        mailing.trial(room, made, [ME], **WHO)
        (mail,) = taken(server)
        acts.kill(room, story_id(made, 2), why="wrong", **WHO)
        with pytest.raises(NothingToPublish):
            mailing.trial(room, made, [ME], **WHO)
        assert len(taken(server)) == 1
    assert f"/{1}" not in body(mail, "plain").split("----")[0].split("meridian.example")[-1]
    assert made.item(story_id(made, 1)).headline not in mail.as_string()


def test_nobody_is_sent_to_when_one_address_is_wrong_or_suppressed(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1))
        made = make(room)
        with pytest.raises(AddressRefused):
            mailing.trial(room, made, [ME, "nobody"], **WHO)
        readers.suppress(room, YOU, why="asked", **WHO)
        with pytest.raises(BadInput, match=r"you@house\.example is suppressed"):
            mailing.trial(room, made, [ME, YOU], **WHO)
        with pytest.raises(BadInput, match="nothing to show in fr"):
            mailing.trial(room, made, [ME], languages=["fr"], **WHO)
        assert server.messages() == []


def test_a_refusal_is_told_and_the_others_go_out(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path, f"rcpt to={ME} reply='550 5.1.1 no such person'") as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1))
        tried = mailing.trial(room, make(room), [ME, YOU], **WHO)
    assert [(mail.address, mail.accepted) for mail in tried] == [(ME, False), (YOU, True)]
    assert "no such person" in tried[0].said


def test_a_relay_that_is_away_is_said_at_once(database: Database, tmp_path: Path) -> None:
    room = newsroom(database, relay_port=9)
    ingest(room, line(1))
    with pytest.raises(RelayUnavailable):
        mailing.trial(room, make(room), [ME], **WHO)
