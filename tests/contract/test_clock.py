"""The clock's steps on a real database and a real relay: what is due is done once, and said once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from publisher.desk import editions
from publisher.errors import StoreLocked
from publisher.newsroom import Newsroom
from publisher.store.db import Database
from tests.clockbox import Hands, Site, recorded, site, tally
from tests.mailroom import ingest, keeping, mails, subscribe
from tests.newsrooms import NOW, jsonl, line, newsroom
from tests.smtpd import Server
from tests.waiting import Aside

READER = "reader@list.example"
ID = "morning-2026-03-02"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SLOT = NOW.replace(hour=2, minute=0)
"""The digest's slot; NOW is half an hour later."""


@pytest.fixture
def server(tmp_path: Path):
    with keeping(tmp_path) as running:
        yield running


def ready(database: Database, server: Server, *, stories: int = 1, **options) -> Newsroom:
    tables = {"store": {"data_dir": str(server.folder / "var")}} | options.pop("tables", {})
    room = newsroom(database, relay_port=server.port, tables=tables, **options)
    if stories:
        ingest(room, *(line(number) for number in range(1, stories + 1)), now=SLOT - HOUR)
    subscribe(room, READER)
    return room


def sent(server: Server) -> dict[str, int]:
    return {address: len(bodies) for address, bodies in mails(server).items()}


def steps_of(done: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [entry for entry in done if entry[0] != "build"]


def test_the_present_slot_is_made_and_sent_and_nothing_of_it_twice(database, server):
    hands = Hands(ready(database, server))
    assert steps_of(hands.at(SLOT - MINUTE)) == []
    assert steps_of(hands.at(SLOT)) == [("make", ID, "done"), ("send", ID, "done"), ("dispatch", ID, "done")]
    assert hands.at(SLOT + MINUTE) == []
    assert sent(server) == {READER: 1}


def test_a_digest_after_downtime_is_caught_up_within_its_deadline(database, server):
    hands = Hands(ready(database, server, deadline="2h"))
    done = steps_of(hands.at(SLOT + 2 * HOUR))
    assert done == [
        ("late", ID, "said"),
        ("make", ID, "done"),
        ("send", ID, "done"),
        ("dispatch", ID, "done"),
    ]
    assert sent(server) == {READER: 1}


def test_later_it_is_skipped_said_once_and_its_stories_wait(database, server):
    hands = Hands(ready(database, server))
    hands.at(SLOT - MINUTE)
    late = SLOT + 3 * HOUR
    assert steps_of(hands.at(late)) == [("skip", ID, "skipped")]
    assert steps_of(hands.at(late + MINUTE)) == []
    assert steps_of(Hands(hands.room).at(late + HOUR)) == []
    assert recorded(hands.room, ID) == ["clock.skip"]
    tomorrow = steps_of(hands.at(SLOT + 24 * HOUR))
    assert ("dispatch", "morning-2026-03-03", "done") in tomorrow
    assert sent(server) == {READER: 1}


def test_an_empty_edition_is_skipped_and_said_once(database, server):
    hands = Hands(ready(database, server, stories=0))
    assert steps_of(hands.at(SLOT)) == [("make", ID, "skipped")]
    (account,) = [done for done in hands.done if done.step == "make"]
    assert ("no story has come in" in account.said, account.bad) == (True, False)
    for minute in range(1, 4):
        assert steps_of(hands.at(SLOT + minute * MINUTE)) == []
    assert recorded(hands.room, ID) == ["clock.skip"]
    assert tally(hands.room) == (0, 0)


def test_an_edition_that_nobody_reads_is_made_and_its_dispatch_skipped_once(database, server):
    room = ready(database, server)
    with room.database.write() as connection:
        connection.execute(text("DELETE FROM subscription"))
    hands = Hands(room)
    assert steps_of(hands.at(SLOT)) == [("make", ID, "done"), ("send", ID, "skipped")]
    assert steps_of(hands.at(SLOT + MINUTE)) == []
    assert tally(room) == (1, 0)


def test_an_edition_that_needs_approval_is_made_ahead_and_sent_when_it_has_it(database, server):
    hands = Hands(ready(database, server, approval="required", lead="30m"))
    assert steps_of(hands.at(SLOT - 31 * MINUTE)) == []
    assert steps_of(hands.at(SLOT - 30 * MINUTE)) == [("make", ID, "done")]
    assert steps_of(hands.at(SLOT)) == []
    assert steps_of(hands.at(SLOT + 5 * MINUTE)) == [("late", ID, "said")]
    editions.approve(hands.room, ID, actor="test", now=NOW)
    assert steps_of(hands.at(SLOT + 6 * MINUTE)) == [("send", ID, "done"), ("dispatch", ID, "done")]
    assert sent(server) == {READER: 1}


def test_without_approval_it_expires_with_one_alarm_and_is_not_sent_any_more(database, server):
    hands = Hands(ready(database, server, approval="required"))
    hands.at(SLOT - 10 * MINUTE)
    hands.at(SLOT + 10 * MINUTE)
    assert steps_of(hands.at(SLOT + 2 * HOUR + MINUTE)) == [("expired", ID, "said")]
    editions.approve(hands.room, ID, actor="test", now=NOW)
    assert steps_of(hands.at(SLOT + 2 * HOUR + 2 * MINUTE)) == []
    assert sent(server) == {}
    assert recorded(hands.room, ID).count("clock.expired") == 1


def test_a_made_ahead_edition_without_stories_waits_for_some_until_its_slot(database, server):
    room = ready(database, server, stories=0, approval="required")
    hands = Hands(room)
    assert steps_of(hands.at(SLOT - 30 * MINUTE)) == [("make", ID, "empty")]
    ingest(room, line(1), now=SLOT - 10 * MINUTE)
    assert steps_of(hands.at(SLOT - 9 * MINUTE)) == [("make", ID, "done")]


def test_a_relay_that_is_down_is_asked_again_at_its_time_and_nobody_is_lost(database, server, tmp_path):
    room = ready(database, server)
    server.teach("banner reply='421 busy'")
    hands = Hands(room)
    assert ("dispatch", ID, "failed") in steps_of(hands.at(SLOT))
    (account,) = [done for done in hands.done if done.step == "dispatch"]
    assert (account.code, account.bad) == ("relay-unavailable", True)
    assert hands.at(SLOT + timedelta(seconds=50)) == []
    server.teach()
    assert steps_of(hands.at(SLOT + 2 * MINUTE)) == [("dispatch", ID, "done")]
    assert sent(server) == {READER: 1}


def test_a_locked_store_fails_one_step_and_is_tried_again(database, server, monkeypatch):
    hands = Hands(ready(database, server))
    real = editions.make

    def locked(*arguments, **named):
        raise StoreLocked("the database", "another command writes")

    monkeypatch.setattr(editions, "make", locked)
    assert steps_of(hands.at(SLOT)) == [("make", ID, "failed")]
    monkeypatch.setattr(editions, "make", real)
    assert steps_of(hands.at(SLOT + 30 * timedelta(seconds=1))) == []
    assert ("dispatch", ID, "done") in steps_of(hands.at(SLOT + MINUTE))


def polling(database: Database, server: Server, source: Site) -> Newsroom:
    tables = {"fetch": {"allow_hosts": ["127.0.0.1"], "ports": [source.port]}}
    at = {"url": f"http://127.0.0.1:{source.port}/feed.jsonl", "every": "5m"}
    return ready(database, server, stories=0, source=at, tables=tables, site={"development": True})


def test_sources_are_polled_at_their_time_before_the_edition_is_made(database, server):
    with site(jsonl(line(1))) as source:
        hands = Hands(polling(database, server, source))
        assert steps_of(hands.at(SLOT)) == [
            ("poll", "meridian", "done"),
            ("make", ID, "done"),
            ("send", ID, "done"),
            ("dispatch", ID, "done"),
        ]
        hands.at(SLOT + 4 * MINUTE)
        assert len(source.asked) == 1
        hands.at(SLOT + 5 * MINUTE)
        assert len(source.asked) == 2


def at_the_same_time(*hands: Hands) -> None:
    """Each in a thread of its own; they decide on the same facts before either has acted."""
    together = threading.Barrier(len(hands))

    def act(mine: Hands) -> None:
        intents = mine.rounds.look()
        together.wait(30)
        mine.rounds.do(intents)
        mine.rounds.until_nothing_is_due()

    for aside in [Aside(act, mine) for mine in hands]:
        aside.result()


def test_two_clocks_on_one_database_make_and_send_once(database, server):
    with site(jsonl(line(1))) as source:
        room = polling(database, server, source)
        for number in range(20):
            subscribe(room, f"reader{number}@list.example")
        ingest(room, line(2), now=SLOT - HOUR)
        two = [Hands(replace(room), now=SLOT) for _ in range(2)]
        at_the_same_time(*two)
        assert len(source.asked) == 1
    assert tally(room) == (1, 1)
    for hands in two:
        hands.at(SLOT + 2 * MINUTE)
    assert set(sent(server).values()) == {1}
    assert len(sent(server)) == 21


def test_two_clocks_say_the_same_skip_once(database, server):
    room = ready(database, server)
    Hands(room).at(SLOT - MINUTE)
    at_the_same_time(*(Hands(replace(room), now=SLOT + 3 * HOUR) for _ in range(2)))
    assert recorded(room, ID) == ["clock.skip"]
