"""Readers' pages one by one: what they tell nobody, what they refuse, and what every one of them keeps to in every language."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import text

from publisher.desk import mailing, readers
from publisher.newsroom import Newsroom
from publisher.render.direction import direction
from publisher.store.db import open_database
from subscribers import audience
from subscribers.address import key, parse
from subscribers.tokens import Purpose, TokenKeys, form_token, mint, mint_once
from tests.contract.conftest import make_tables
from tests.editions import LANGUAGES
from tests.newsrooms import NOW, newsroom
from tests.readerpages import Client, Page

TITLES = {"en": "The Morning Wire", "fa": "خبرنامهٔ بامداد"}
EXTERNAL = re.compile(
    r'(?:src|srcset|action|href)="(?!/|https://front\.example/|mailto:desk@front\.example|#)([^"]*)"'
)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    """A newsroom that speaks all our languages; each test has readers of its own."""
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('pages')}/it.sqlite3")
    make_tables(database)
    said = {"id": "house", "version": 1, "short": "The source’s.", "full": "The views are the source’s."}
    tables = {"disclaimer": [{**said, "language": tag} for tag in LANGUAGES]}
    yield newsroom(database, tables=tables, languages=LANGUAGES, title=TITLES, slots=["02:00", "18:00"])
    database.close()


@pytest.fixture
def client(room: Newsroom, request: pytest.FixtureRequest) -> Client:
    """Somebody from a network that nobody else of these tests is in."""
    number = sha256(request.node.name.encode()).digest()
    return Client(room, address=f"203.{number[0]}.{number[1]}.7")


def token(room: Newsroom, purpose: Purpose, address: str) -> str:
    return mint(room.token_keys, purpose, subscriber=readers.record(room, address)["id"], digest=1)


def add(room: Newsroom, address: str, language: str = "en") -> None:
    readers.add(
        room, address, digest="morning", language=language, sections=[], basis="asked", actor="t", now=NOW
    )


def count(room: Newsroom, query: str) -> int:
    with room.database.read() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {query}")).scalar_one())  # noqa: S608 - ours


def mailed(room: Newsroom, client: Client) -> int:
    """How many notices are on their way once what was asked is answered."""
    mailing.due(room, now=client.at)
    return count(room, "delivery WHERE kind = 'tx'")


def test_the_answer_is_the_same_whoever_the_address_is(room: Newsroom, client: Client) -> None:
    for name in ("known", "left", "refused", "erased"):
        add(room, f"{name}@same.example")
    readers.leave(room, "left@same.example", digest=None, actor="t", now=NOW)
    readers.suppress(room, "refused@same.example", why="asked", actor="t", now=NOW)
    readers.erase(room, "erased@same.example", actor="t", now=NOW)
    names = ("new", "known", "left", "refused", "erased")
    answers = [client.join(f"{name}@same.example") for name in names]
    assert {(answer.status, answer.body, tuple(answer.headers.items())) for answer in answers} == {
        (200, answers[0].body, tuple(answers[0].headers.items()))
    }
    before = count(room, "delivery")
    assert (
        mailed(room, client) - before == 3
    )  # a question to the new one and to who left, a word to the known one
    assert readers.record(room, "known@same.example")["digests"] == ["morning"]
    assert count(room, "suppression WHERE cause = 'left'") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_in_every_language(room: Newsroom, client: Client, language: str) -> None:
    address = f"{language}@pages.example"
    add(room, address, language)
    leave, choose = (
        f"/{path}/{token(room, purpose, address)}"
        for path, purpose in (("u", Purpose.LEAVE), ("p", Purpose.PREFERENCES))
    )
    asked = (
        ("email", address),
        ("form", form_token(room.form_key, client.at - timedelta(minutes=1))),
        ("lang", language),
    )
    pages = [
        client.ask(f"/subscribe?lang={language}"),
        client.post("/subscribe", *asked),
        client.post("/subscribe", *asked[1:], ("email", "no address")),
        client.ask(choose),
        client.ask(leave),
        client.post(leave),
        client.ask(choose),
        client.ask("/confirm/none", headers=[("accept-language", f"{language};q=0.9, xx")]),
        client.ask("/subscribe?digest=none", headers=[("accept-language", f"{language};q=0.9, xx")]),
    ]
    assert [page.status for page in pages] == [200, 200, 422, 200, 200, 200, 200, 404, 404]
    assert "/subscribe?digest=" in pages[-1].text
    dead, unknown = (re.findall("<h1>.*</h1>", page.text) for page in pages[-2:])
    assert dead != unknown
    for page in pages:
        keeps_the_rules(page, language)
    if language == "en":
        assert "Unsubscribe" in pages[4].text
    else:
        assert "Unsubscribe<" not in pages[4].text


def keeps_the_rules(page: Page, language: str) -> None:
    assert f'<html lang="{language}" dir="{direction(language)}">' in page.text
    (title,) = re.findall("<title>(.*?)</title>", page.text)
    assert re.match("Example Front Page[\u202f\xa0]?[:：]|(?!.*Example Front Page)", title), (
        "nobody greets the house"
    )
    (style,) = re.findall(rb"<style>(.*?)</style>", page.body, re.DOTALL)
    named = base64.b64encode(sha256(style).digest()).decode()
    assert page.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{named}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "no-referrer")
    assert "set-cookie" not in page.headers
    assert EXTERNAL.findall(page.text) == []
    assert not re.search(r"<script|<img|@import|url\(|style=|\son\w+=", page.text)
    assert all('method="post"' in form for form in re.findall(r"<form[^>]*>", page.text))
    assert "%(" not in page.text


def test_a_link_that_is_none_says_nothing(room: Newsroom, client: Client) -> None:
    add(room, "real@forged.example")
    real = token(room, Purpose.LEAVE, "real@forged.example")
    other = TokenKeys({1: b"x" * 32}, 1)
    forged = [
        mint(other, Purpose.LEAVE, subscriber=1, digest=1),
        mint(room.token_keys, Purpose.PREFERENCES, subscriber=1, digest=1),
        mint(room.token_keys, Purpose.LEAVE, subscriber=10**9, digest=1),
        real[:-1],
        real + "A",
        real.swapcase(),
        "x" * 4000,
        "%00",
        "é",
    ]
    answers = {client.ask(f"/u/{one}", method).body for one in forged for method in ("GET", "POST")}
    once = mint_once(room.token_keys, Purpose.CONFIRM, "<a@b.example>", key_id=1)
    answers |= {
        client.post(f"/{path}/{once}", ("act", "erase")).body for path in ("confirm", "account", "address")
    }
    assert len(answers) == 1
    assert (
        b'<a href="/subscribe">' in answers.pop()
    )  # a confirmation that came too late can be asked for anew
    assert readers.record(room, "real@forged.example")["digests"] == ["morning"]


def test_a_link_copied_with_the_line_break_of_a_mails_raw_text_works(room: Newsroom, client: Client) -> None:
    add(room, "raw@copied.example")
    link = f"/u/{token(room, Purpose.LEAVE, 'raw@copied.example')}"
    assert client.ask(f"{link}=").body == client.ask(link).body
    assert client.ask(link).status == 200


def test_a_link_to_leave_outlives_its_key_and_its_digest(room: Newsroom, client: Client) -> None:
    add(room, "old@keys.example")
    old = f"/u/{token(room, Purpose.LEAVE, 'old@keys.example')}"
    keys = TokenKeys({2: b"n" * 32, **room.token_keys.keys}, 2)
    rotated = replace(room)
    rotated.__dict__["token_keys"] = keys
    assert Client(rotated).ask(old).status == 200
    without = newsroom(room.database, number=7, slug="evening")
    gone = Client(without)
    assert [gone.ask(old).status, gone.post(old).status, gone.post(old).status] == [200, 200, 200]
    assert readers.record(room, "old@keys.example")["digests"] == []


def test_a_confirmation_of_whom_we_must_not_mail_says_so_and_changes_nothing(
    room: Newsroom, client: Client
) -> None:
    """In every language, before the button is pressed and after; never why. Once it is taken back the link is good again."""
    address, once = "barred@pages.example", "the-link-that-was-mailed"
    with room.database.write() as connection:
        asked = {
            "digest": "morning",
            "language": "en",
            "sections": None,
            "basis": None,
            "actor": "t",
            "now": NOW,
        }
        reader = audience.add(connection, parse(address), key(parse(address), room.address_key), **asked)
        end = {"subscriber_id": reader, "digest": "morning", "expires_at": client.at + timedelta(days=1)}
        audience.issue(connection, Purpose.CONFIRM, once, **end)
    assert client.ask(f"/confirm/{once}").status == 200
    readers.suppress(room, address, why="asked by phone", actor="t", now=NOW)
    before = count(room, f"consent WHERE subscriber_id = {reader}")
    headings = set()
    for language in LANGUAGES:
        shown, pressed = (
            client.ask(f"/confirm/{once}?lang={language}"),
            client.post(f"/confirm/{once}?lang={language}"),
        )
        assert (shown.status, pressed.status, pressed.body) == (409, 409, shown.body)
        keeps_the_rules(shown, language)
        assert "<form" not in shown.text
        assert (address in shown.text, "@pages.example" in shown.text) == (False, True)
        assert not re.search("manual|phone", shown.text)
        headings |= set(re.findall("<h1>.*</h1>", shown.text))
    assert len(headings) == len(LANGUAGES)
    assert count(room, f"consent WHERE subscriber_id = {reader}") == before
    readers.undo(room, address=address, dispatch_id=None, why="a mistake", actor="t", now=NOW)
    assert client.post(f"/confirm/{once}").status == 200
    assert readers.record(room, address)["status"] == "confirmed"


def test_a_form_that_no_person_filled_in(room: Newsroom, client: Client) -> None:
    before = count(room, "signup")
    fresh = form_token(room.form_key, client.at)
    good = form_token(room.form_key, client.at - timedelta(minutes=1))
    told = client.post(
        "/subscribe", ("email", "a@b.example"), ("form", good), ("website", "https://spam.example/")
    )
    assert "Check your mail" in told.text
    for stale in (fresh, "", good[:-2] + "AA", form_token(room.form_key, client.at - timedelta(days=2))):
        again = client.post("/subscribe", ("email", 'a"@b.example'), ("form", stale), ("section", "economy"))
        assert again.status == 200
        assert 'value="a&#34;@b.example"' in again.text
        assert 'value="economy" checked' in again.text
        assert 'value="world" checked' not in again.text
    assert client.ask("/subscribe", "POST", b"x" * 20_000).status == 413
    assert client.ask("/subscribe", "PUT").status == 405
    assert client.ask("/subscribe?digest=none").status == 404
    assert count(room, "signup") == before


def test_limits_of_an_address_a_network_and_the_site(room: Newsroom, client: Client) -> None:
    before = mailed(room, client)
    for _ in range(4):  # one an hour, three a day, then silence for a week
        client.join("often@limits.example")
        client.join("often@limits.example")
        client.at += timedelta(minutes=61)
        mailed(room, client)
    assert mailed(room, client) - before == 3
    client.at += timedelta(days=6)
    client.join("often@limits.example")
    assert mailed(room, client) - before == 3
    client.at += timedelta(days=2)
    client.join("often@limits.example")
    assert mailed(room, client) - before == 4

    answers = [client.join(f"n{number}@limits.example").status for number in range(10)]
    assert answers == [200] * 9 + [429]
    assert (
        client.ask("/subscribe", "POST", fresh(client), headers=[("x-forwarded-for", "8.8.8.8")]).status
        == 429
    )
    behind = replace(client, address="127.0.0.1")
    named = [("x-forwarded-for", f"8.8.8.8, {client.address}")]
    form = fresh(behind)
    assert behind.ask("/subscribe", "POST", form, headers=named).status == 429
    assert behind.ask("/subscribe", "POST", form, headers=[("x-forwarded-for", "8.8.8.8")]).status == 200

    web = room.settings.web.model_copy(update={"notices_an_hour": 4})
    small = replace(room, settings=replace(room.settings, web=web))
    assert mailed(small, client) - before == 4 + 3  # the fourth of this hour was mailed above
    assert count(room, "signup WHERE state = 'waiting'") == 7
    assert count(room, "event WHERE what = 'notices.too-many'") == 1
    client.at += timedelta(hours=2)
    assert mailed(room, client) - before == 4 + 10


def fresh(client: Client) -> bytes:
    """A form that a person has filled in for a minute."""
    token = form_token(client.room.form_key, client.at - timedelta(minutes=1))
    return f"email=n@limits.example&form={token}".encode()


def test_a_web_server_that_web_proxies_do_not_name_is_told_once(
    room: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    """A port that Docker publishes: every reader comes from the bridge."""
    behind, named = Client(room, address="172.17.0.1"), [("x-forwarded-for", "8.8.8.8")]
    for _ in range(2):
        assert behind.ask("/subscribe", headers=named).status == 200
    assert [record.getMessage().partition(" says")[0] for record in caplog.records] == ["172.17.0.1"]
    assert "web.proxies" in caplog.text
    assert "8.8.8.8" not in caplog.text
    caplog.clear()
    Client(room, address="9.9.9.9").ask("/subscribe", headers=named)
    Client(room, address="127.0.0.1").ask("/subscribe", headers=named)
    assert not caplog.records


def test_another_address_holds_once_it_is_proved(room: Newsroom, client: Client) -> None:
    mailing.due(room, now=client.at)  # what others asked before is answered: the newest notice is then ours
    add(room, "before@move.example")
    add(room, "taken@move.example")
    choose = f"/p/{token(room, Purpose.PREFERENCES, 'before@move.example')}"
    client.post(choose, ("act", "account"))
    own = f"/account/{once(room, client, Purpose.ACCOUNT)}"
    assert client.post(own, ("act", "move"), ("email", "nonsense")).status == 422
    office = replace(client, address="198.18.7.9")  # from where many have asked within the hour
    assert [office.join(f"n{number}@office.example").status for number in range(11)] == [200] * 10 + [429]
    assert office.post(own, ("act", "move"), ("email", "after@move.example")).status == 429
    mailing.due(room, now=office.at)
    assert client.post(own, ("act", "move"), ("email", "after@move.example")).status == 200
    proof = f"/address/{once(room, client, Purpose.ADDRESS)}"
    assert "a•••@move.example" in client.ask(proof).text
    assert readers.record(room, "before@move.example")["digests"] == ["morning"]
    assert [client.post(proof).status for _ in range(2)] == [200, 404]
    assert readers.record(room, "after@move.example")["digests"] == ["morning"]
    assert count(room, "subscriber WHERE address = 'before@move.example'") == 0

    # a link to their data goes to where they are when it is sent, not to where they were when they asked
    client.at += timedelta(hours=2)
    client.post(choose, ("act", "account"))
    reader, third = readers.record(room, "after@move.example")["id"], parse("third@move.example")
    with room.database.write() as connection:
        where = key(third, room.address_key)
        assert audience.move(connection, reader, third, where, actor="web:reader", now=client.at)
    mailing.due(room, now=client.at)
    assert count(room, "delivery WHERE kind = 'tx' AND rcpt = 'third@move.example'") == 1


def once(room: Newsroom, client: Client, purpose: Purpose) -> str:
    """The token of the newest notice of this purpose."""
    mailing.due(room, now=client.at)
    with room.database.read() as connection:
        query = "SELECT message_id FROM delivery WHERE kind = 'tx' ORDER BY id DESC LIMIT 1"
        message_id = connection.execute(text(query)).scalar_one()
    return mint_once(room.token_keys, purpose, message_id, key_id=1)


def test_a_page_is_seen_in_another_language_and_a_city_is_understood_as_its_time_zone(
    room: Newsroom, client: Client
) -> None:
    add(room, "tongue@pages.example")
    path = f"/p/{token(room, Purpose.PREFERENCES, 'tongue@pages.example')}"
    assert f'href="{path}?lang=fa" lang="fa"' in client.ask(path).text
    persian = client.ask(f"{path}?lang=fa").text
    assert '<html lang="fa" dir="rtl">' in persian
    assert f'action="{path}?lang=fa"' in persian
    assert '<html lang="en"' in client.ask(f"{path}?lang=xx").text
    wanted = (("act", "save"), ("section", "world"), ("language", "en"))
    for typed in ("sao paulo", "europe/lisbon", " Asia/Tehran "):
        assert client.post(path, *wanted, ("timezone", typed)).status == 200, typed
    assert readers.record(room, "tongue@pages.example")["timezone"] == "Asia/Tehran"
