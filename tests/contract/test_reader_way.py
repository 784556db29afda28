"""The way of one reader, with a real mail server and the pages themselves: asking, confirming, a digest, leaving while it is on its way."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import text

from publisher.desk import mailing, readers
from publisher.errors import NothingToPublish
from publisher.newsroom import Newsroom
from publisher.store.db import Database
from subscribers import audience
from subscribers.address import key, parse
from subscribers.tokens import Purpose, mint
from tests.mailroom import ECONOMY, ingest, keeping, mails, make, send, subscribe
from tests.newsrooms import NOW, line, newsroom
from tests.readerpages import URLENCODED, Client, Page
from tests.smtpd import Server

READER, OTHER = "reader@list.example", "other@list.example"
ONE_CLICK = (b"List-Unsubscribe=One-Click", URLENCODED)
ONE_CLICK_IN_PARTS = (
    b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
    "multipart/form-data; boundary=x",
)
LINK = re.compile(r"https://front\.example(/(?:confirm|p|u|account|address)/[\w-]+)")


def sent_out(room: Newsroom, client: Client) -> list[mailing.Report]:
    """What a clock does: answer what was asked, and send what is due."""
    due = mailing.due(room, now=client.at)
    return [mailing.go_on(room, one, actor="test", clock=lambda: client.at) for one in due]


def rows(room: Newsroom, query: str) -> list[tuple]:
    with room.database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def everything(room: Newsroom) -> list[list[tuple]]:
    """All rows about people and mails."""
    tables = (
        "subscriber",
        "subscription",
        "consent",
        "signup",
        "ticket",
        "suppression",
        "dispatch",
        "delivery",
    )
    return [
        rows(room, f"SELECT * FROM {table}")  # noqa: S608 - names of ours
        for table in tables
    ]


def test_from_the_form_to_the_last_mail(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1), line(2, categories=ECONOMY))
        client = Client(room)

        # the form, whose answer is the same for somebody who is there already
        told = client.join(READER, ("section", "economy"))
        assert (told.status, told.headers["cache-control"]) == (200, "no-store")
        assert READER not in told.text
        assert mails(server) == {}

        # the confirmation: through the ledger, of its own class
        (report,) = sent_out(room, client)
        assert (report.state, report.counts.accepted, report.edition_id) == ("done", 1, None)
        raw = (tmp_path / "000001.eml").read_bytes()
        mail = message_from_bytes(raw, policy=policy.default)
        assert mail["Auto-Submitted"] == "auto-generated"
        assert [name for name in mail if name.startswith("List-") or name == "Precedence"] == []
        (confirm,) = set(LINK.findall(mails(server)[READER][0]))
        assert rows(room, "SELECT address, network, state FROM signup") == [(None, None, "mailed")]
        assert rows(room, "SELECT status, mailable FROM subscriber") == [("pending", False)]

        # whoever follows links changes nothing
        before = everything(room)
        for method in ("GET", "HEAD", "OPTIONS"):
            client.ask(confirm, method)
        assert everything(room) == before
        made = make(room)
        with pytest.raises(NothingToPublish):
            mailing.begin(room, made, actor="test", now=client.at)

        # the button, twice
        assert [client.post(confirm).status for _ in range(2)] == [200, 200]
        # and the link once more, without a button that would do nothing
        assert "Welcome" in client.ask(confirm).text
        assert "<button" not in client.ask(confirm).text
        record = readers.record(room, READER)
        assert [(e["sections"], e["active"], e["rhythm"]) for e in record["subscriptions"]] == [
            (["economy"], True, "each")
        ]
        asked, yes = record["consent"]
        assert (asked["step"], asked["form"], asked["network"]) == (
            "requested",
            "subscribe",
            "198.51.100.0/24",
        )
        assert "nothing else comes until you say yes" in asked["wording"]
        assert (yes["step"], yes["form"], yes["network"]) == ("confirmed", "confirm", "198.51.100.0/24")

        # the digest has the chosen section only; a second reader leaves by their mail program while it is queued
        readers.add(
            room, OTHER, digest="morning", language="en", sections=[], basis="asked", actor="t", now=NOW
        )
        dispatch_id = mailing.begin(room, made, actor="test", now=client.at)
        leave = f"/u/{mint(room.token_keys, Purpose.LEAVE, subscriber=2, digest=1)}"
        answers = [client.ask(leave, "POST", body, kind) for body, kind in (ONE_CLICK, ONE_CLICK_IN_PARTS)]
        assert [(answer.status, "location" in answer.headers) for answer in answers] == [(200, False)] * 2
        assert "You have left" in client.ask(leave).text
        report = send(room, dispatch_id, clock=lambda: client.at)
        assert (report.counts.accepted, report.counts.suppressed) == (1, 1)
        assert OTHER not in mails(server)
        digest = mails(server)[READER][1]
        assert "Headline number 2" in digest
        assert "Headline number 1" not in digest
        assert len([link for link in LINK.findall(digest) if link.startswith(("/u/", "/p/"))]) == 2

        # whoever types the address in another way has the answer sent to the reader, not to what they typed
        client.at += timedelta(hours=2)
        client.join(READER.title())
        sent_out(room, client)
        assert set(mails(server)) == {READER}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_a_reader_decides_with_the_links_of_their_mails(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        client = Client(room)
        subscribe(room, READER)
        leave, choose = (
            f"/{path}/{mint(room.token_keys, purpose, subscriber=1, digest=1)}"
            for path, purpose in (("u", Purpose.LEAVE), ("p", Purpose.PREFERENCES))
        )
        wanted = (("section", "world"), ("rhythm", "weekly 1 02:00"), ("timezone", "Asia/Tehran"))
        assert "Saved." in client.post(choose, ("act", "save"), *wanted).text
        (entry,) = readers.record(room, READER)["subscriptions"]
        assert (entry["sections"], entry["rhythm"]) == (["world"], "weekly 1 02:00")
        assert "Monday, 05:30" in client.ask(choose).text
        assert client.post(choose, ("act", "save"), *wanted[:2], ("timezone", "Asia/Nowhere")).status == 422
        nothing = client.post(choose, ("act", "save"), *wanted[1:])
        assert (nothing.status, "choose at least one section" in nothing.text) == (422, True)
        assert ("Saved." in nothing.text, " checked" in nothing.text) == (False, False)
        assert readers.record(room, READER)["subscriptions"] == [entry]

        # leaving, and coming back by a new confirmation only
        assert READER not in client.post(leave).text
        client.post(leave, ("act", "back"))
        sent_out(room, client)
        assert readers.record(room, READER)["digests"] == []
        client.post(LINK.findall(mails(server)[READER][-1])[0])
        assert readers.record(room, READER)["digests"] == ["morning"]

        # their own data, also of the address that they had: shown, then erased, each by a link of one use
        with room.database.write() as connection:
            moved = parse("moved@list.example")
            told = {"actor": "test", "now": client.at}
            assert audience.move(connection, 1, moved, key(moved, room.address_key), **told)
        own, told = own_data(room, client, server, choose, "export")
        assert (told.status, client.post(own, ("act", "export")).status) == (200, 404)
        assert [mail["state"] for mail in json.loads(told.body)["mails"]] == ["accepted"] * 2
        own, told = own_data(room, client, server, choose, "erase")
        assert (told.status, client.post(own, ("act", "erase")).status) == (200, 404)

        # and never mailed again, whoever asks for it, and without a word of it
        client.at += timedelta(days=9)
        had = mails(server)
        assert client.join(READER).text == client.join("new@list.example").text
        sent_out(room, client)
        assert mails(server).keys() - had.keys() == {"new@list.example"}
        assert mails(server)[READER] == had[READER]
        assert rows(room, "SELECT DISTINCT rcpt FROM delivery ORDER BY rcpt") == [
            ("",),
            ("new@list.example",),
        ]
        assert [client.post(leave).status, client.post(choose, ("act", "save")).status] == [200, 404]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_new_reader_is_answered_within_the_hour_of_their_confirmation(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        client = Client(room)
        client.join(READER)
        sent_out(room, client)
        client.post(LINK.findall(mails(server)[READER][0])[0])
        leave, choose = (
            f"/{path}/{mint(room.token_keys, purpose, subscriber=1, digest=1)}"
            for path, purpose in (("u", Purpose.LEAVE), ("p", Purpose.PREFERENCES))
        )
        client.at += timedelta(minutes=2)
        client.post(choose, ("act", "account"))
        sent_out(room, client)
        client.post(leave)
        client.post(leave, ("act", "back"))
        sent_out(room, client)
        client.join(READER)  # as a stranger could
        assert sent_out(room, client) == []
        links = [LINK.findall(body)[0].split("/")[1] for body in mails(server)[READER]]
        assert links == ["confirm", "account", "confirm"]


def own_data(room: Newsroom, client: Client, server: Server, choose: str, act: str) -> tuple[str, Page]:
    """The link to a reader's own data, asked for and used."""
    client.at += timedelta(hours=2)
    client.post(choose, ("act", "account"))
    sent_out(room, client)
    (own,) = LINK.findall(mails(server)["moved@list.example"][-1])
    assert own.startswith("/account/")
    return own, client.post(own, ("act", act))
