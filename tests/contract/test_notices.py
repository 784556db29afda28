"""Notices in the ledger: the same bytes at every try, the same care as for digests, and what a person can do about their dispatches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from publisher.daemon import Done, Steps
from publisher.daemon.rounds import NOTICES, SENDER, Rounds
from publisher.desk import mailing, readers
from publisher.desk.mailing import notices, send
from publisher.errors import GateRefused, Violation
from publisher.gate import check_notice
from publisher.newsroom import Newsroom
from publisher.render import message, notice
from publisher.render.digest import Look
from publisher.schedule import Answer
from publisher.store.db import Database, open_database
from subscribers.tokens import TokenKeys
from tests.contract.conftest import make_tables
from tests.editions import LANGUAGES
from tests.mailroom import causes, keeping, mails
from tests.newsrooms import NOW, newsroom
from tests.readerpages import Client
from tests.smtpd import Server

READER = "reader@list.example"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with keeping(tmp_path) as running:
        yield running


def asked(
    database: Database, server: Server, *addresses: str, **options: object
) -> tuple[Newsroom, Client, str]:
    """A newsroom of which these addresses asked for the digest, and the dispatch of the answers."""
    room = newsroom(database, relay_port=server.port, **options)
    client = Client(room)
    for address in addresses:
        client.join(address)
    (dispatch_id,) = mailing.due(room, now=client.at)
    return room, client, dispatch_id


@pytest.mark.parametrize("kind", notice.Kind)
def test_every_notice_in_every_language_keeps_its_form(kind: notice.Kind, room_of_words: Newsroom) -> None:
    look = Look(
        site_name="Front & <Page>",
        site_url="https://front.example",
        postal_address="1 Quay",
        contact="",
        archive_url="",
    )
    person = message.Personal(
        to=READER, message_id="<a.b@front.example>", action_url="https://front.example/confirm/x-_="
    )
    subjects = set()
    for language in LANGUAGES:
        made = notice.render(kind, language, digest="خبر Wire", look=look, templates=room_of_words.templates)
        headers = message.NoticeHeaders(
            from_name="Front",
            from_address="a@front.example",
            subject=made.subject,
            language=language,
            reply_to="a@front.example",
            feedback_id="a:b:c:d",
            date=NOW,
        )
        compiled = message.compile_notice(made, headers, seed=notice.seed_of(kind, language, "خبر Wire"))
        raw = compiled.message(person)
        assert check_notice(raw, output="x", root="https://front.example") == ()
        html, plain = (body.decode() for body in compiled.bodies(person))
        assert (html.count(READER), plain.count(READER)) == (1, 1)
        assert "Front &amp; &lt;Page&gt;" in html
        assert not re.search(r"Place[0-9a-f]{24}Ends|%\(", html + plain + made.subject)
        assert f'lang="{language}"' in html
        subjects.add(made.subject)
    assert len(subjects) == len(LANGUAGES)
    for broken in (
        raw.replace(b"/confirm/", b"/confirn/", 1),
        raw.replace(b"Reply-To", b"Precedence"),
        raw[:-3],
    ):
        assert check_notice(broken, output="x", root="https://front.example") != ()


@pytest.fixture(scope="module")
def room_of_words(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('words')}/it.sqlite3")
    make_tables(database)
    yield newsroom(database)
    database.close()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_repeat_has_the_same_bytes_whatever_was_configured_since(
    database: Database, server: Server
) -> None:
    server.teach("logged nth=1 do=drop")  # taken, and the reply lost: in doubt, and sent again
    room, client, dispatch_id = asked(database, server, READER)
    mailing.go_on(room, dispatch_id, actor="test", clock=lambda: client.at)
    other = newsroom(
        database, relay_port=server.port, site={"name": "Another Name", "contact": "b@front.example"}
    )
    other.__dict__["token_keys"] = TokenKeys({2: b"n" * 32, **room.token_keys.keys}, 2)
    later = client.at + timedelta(hours=1)
    report = mailing.go_on(other, dispatch_id, actor="test", clock=lambda: later)
    assert (report.counts.accepted, report.state) == (1, "done")
    first, second = (taken.sha256 for taken in server.messages())
    assert first == second
    (link,) = re.findall(r"/confirm/\S+", mails(server)[READER][0])
    assert Client(other, at=later).post(link).status == 200


def test_whoever_is_suppressed_meanwhile_gets_none_and_who_has_left_is_asked(
    database: Database, server: Server
) -> None:
    room = newsroom(database, relay_port=server.port)
    left, refused, erased = "left@list.example", "refused@list.example", "erased@list.example"
    readers.add(room, left, digest="morning", language=None, sections=[], basis="asked", actor="t", now=NOW)
    readers.leave(room, left, digest=None, actor="t", now=NOW)
    room, client, dispatch_id = asked(database, server, left, refused, erased)
    readers.erase(room, erased, actor="t", now=client.at)
    readers.suppress(room, refused, why="by phone", actor="t", now=client.at)
    mailing.go_on(room, dispatch_id, actor="test", clock=lambda: client.at)
    assert causes(room, dispatch_id)[refused] == ("suppressed", "manual")
    assert causes(room, dispatch_id)[""] == ("suppressed", "the address was forgotten")
    assert set(mails(server)) == {left}
    (link,) = re.findall(r"/confirm/\S+", mails(server)[left][0])
    client.post(link)
    assert readers.record(room, left)["digests"] == ["morning"]
    assert [row["cause"] for row in readers.suppressions(room, limit=9)] == ["manual", "erased"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_person_can_do_with_their_dispatch_what_they_can_with_any(
    database: Database, server: Server
) -> None:
    server.teach("rcpt nth=1 reply='554 5.0.0 No'")
    room, client, dispatch_id = asked(database, server, READER)
    who = {"actor": "test", "now": client.at}
    mailing.pause(room, dispatch_id, why="look", **who)
    assert mailing.due(room, now=client.at) == []
    mailing.resume(room, dispatch_id, **who)
    assert mailing.go_on(room, dispatch_id, actor="test", clock=lambda: client.at).counts.failed == 1
    assert list(mailing.listing(room, limit=9)) == []
    (row,) = mailing.listing(room, limit=9, notices=True)
    assert (row["edition"], row["counts"]["failed"]) == (None, 1)
    assert mailing.retry(room, dispatch_id, why="mended", **who) == (1, 0)
    assert mailing.go_on(room, dispatch_id, actor="test", clock=lambda: client.at).counts.accepted == 1
    client.at += timedelta(days=8)
    (link,) = re.findall(r"/confirm/\S+", mails(server)[READER][0])
    assert client.post(link).status == 404  # seven days are over


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_notice_does_not_wait_for_the_end_of_a_digest(database: Database, server: Server) -> None:
    """`publisher run` has a thread for them: what is due of digests is another thread's, and either finds its own only."""
    room, client, dispatch_id = asked(database, server, READER)
    assert mailing.due(room, now=client.at, kinds=mailing.OF_EDITIONS) == []
    accounts: list[Done] = []
    steps = Steps(newsroom=room, clock=lambda: client.at)
    rounds = Rounds(steps=steps, kinds=NOTICES, tell=accounts.append)
    assert rounds.look() == (Answer(dispatch_id),)
    rounds.until_nothing_is_due()
    assert [(done.subject, done.result) for done in accounts] == [("notices", "done")]
    assert list(mails(server)) == [READER]
    assert set(SENDER) & set(NOTICES) == set()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_a_notice_must_not_be_is_not_sent(
    database: Database, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, client, dispatch_id = asked(database, server, READER)
    fault = Violation("x", None, "notice", "spoilt")
    monkeypatch.setattr(notices.gate, "check_notice", lambda *_, **__: (fault,))
    with pytest.raises(GateRefused, match="spoilt"):
        send.run(room, dispatch_id, clock=lambda: client.at)
    assert mailing.report(room, dispatch_id).state == "halted"
    assert mails(server) == {}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_crash_before_the_commit_leaves_the_request_waiting(
    database: Database, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = newsroom(database, relay_port=server.port)
    client = Client(room)
    client.join(READER)
    with monkeypatch.context() as patch:
        patch.setattr(notices, "crashpoint", lambda _place: (_ for _ in ()).throw(RuntimeError("died")))
        with pytest.raises(RuntimeError):
            mailing.due(room, now=client.at)
    with room.database.read() as connection:
        tables = ("subscriber", "ticket", "dispatch", "delivery", "consent")
        query = "SELECT " + " + ".join(f"(SELECT count(*) FROM {table})" for table in tables)  # noqa: S608 - ours
        assert connection.execute(text(query)).scalar_one() == 0
    assert len(mailing.due(room, now=client.at)) == 1
    assert len(mailing.due(replace(room), now=client.at)) == 1
