"""The clock's steps on a real database and a real relay: what is due is done once, and said once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from publisher.daemon import rounds
from publisher.daemon.rounds import CLOCK, SENDER, Rounds
from publisher.desk import clock as desk_clock
from publisher.desk import editions
from publisher.errors import GateRefused, StoreLocked, StoreUnavailable, Violation
from publisher.newsroom import Newsroom
from publisher.store import public
from publisher.store.db import Database, open_database
from tests.clockbox import Hands, Site, recorded, site, tally
from tests.mailroom import ingest, keeping, mails, subscribe
from tests.newsrooms import NOW, jsonl, line, newsroom
from tests.smtpd import Server
from tests.waiting import Aside, until

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


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_editions_page_is_public_before_its_first_mail_leaves(database, server):
    hands = Hands(ready(database, server))
    hands.at(SLOT - MINUTE)
    assert [step for step, _, _ in hands.at(SLOT)] == ["make", "build", "send", "dispatch"]
    with hands.room.database.read() as connection:
        assert public.paths(connection, below="site/e/") == {f"site/e/{ID}/index.html"}


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
    assert steps_of(hands.at(SLOT)) == [("make", ID, "done"), ("send", ID, "unsent")]
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
    assert steps_of(hands.at(SLOT + 2 * HOUR + MINUTE)) == [("unsent", ID, "said")]
    editions.approve(hands.room, ID, actor="test", now=NOW)
    assert steps_of(hands.at(SLOT + 2 * HOUR + 2 * MINUTE)) == []
    assert sent(server) == {}
    assert recorded(hands.room, ID).count("clock.unsent") == 1


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


@contextmanager
def two_processes(room: Newsroom, now: datetime) -> Iterator[list[Hands]]:
    """Two clocks, each with the database opened for itself; both decide on the same facts before either acts."""
    with ExitStack() as closing:
        two = []
        for _ in range(2):
            opened = open_database(room.database.url.render_as_string(hide_password=False))
            closing.callback(opened.close)
            two.append(Hands(replace(room, database=opened), now=now))
        together = threading.Barrier(2)

        def act(mine: Hands) -> None:
            intents = mine.rounds.look()
            together.wait(60)
            mine.rounds.do(intents)
            mine.rounds.until_nothing_is_due()

        for aside in [Aside(act, mine) for mine in two]:
            aside.result()
        yield two


def test_two_clocks_on_one_database_make_and_send_once(database, server):
    with site(jsonl(line(1))) as source:
        room = polling(database, server, source)
        for number in range(20):
            subscribe(room, f"reader{number}@list.example")
        ingest(room, line(2), now=SLOT - HOUR)
        with two_processes(room, SLOT) as two:
            assert len(source.asked) == 1
            assert tally(room) == (1, 1)
            for hands in two:
                hands.at(SLOT + 2 * MINUTE)
    assert set(sent(server).values()) == {1}
    assert len(sent(server)) == 21


def test_two_clocks_say_the_same_skip_once(database, server):
    room = ready(database, server)
    Hands(room).at(SLOT - MINUTE)
    with two_processes(room, SLOT + 3 * HOUR):
        assert recorded(room, ID) == ["clock.skip"]


def test_a_source_that_is_dead_is_reported_and_holds_up_nothing(database, server):
    with site(status=500) as source:
        room = polling(database, server, source)
        ingest(room, line(1), now=SLOT - HOUR)
        hands = Hands(room)
        done = steps_of(hands.at(SLOT))
        assert done == [
            ("poll", "meridian", "failed"),
            ("make", ID, "done"),
            ("send", ID, "done"),
            ("dispatch", ID, "done"),
        ]
        hands.at(SLOT + 5 * MINUTE)
        assert len(source.asked) == 1
        hands.at(SLOT + 10 * MINUTE)
        assert len(source.asked) == 2


def test_a_refusal_of_the_gate_is_told_tried_again_and_skipped_at_the_deadline(database, server, monkeypatch):
    hands = Hands(ready(database, server))

    def refuse(*_arguments, **_named):
        raise GateRefused(ID, [Violation("digest-en.eml", "1", "source-link", "is missing")])

    monkeypatch.setattr(editions.gate, "clear", refuse)
    assert steps_of(hands.at(SLOT)) == [("make", ID, "failed")]
    (account,) = [done for done in hands.done if done.step == "make"]
    assert account.code == "gate-refused"
    assert steps_of(hands.at(SLOT + 6 * MINUTE)) == [("late", ID, "said"), ("make", ID, "failed")]
    (late,) = [done for done in hands.done if done.step == "late"]
    assert "not cleared by the provenance gate" in late.said
    assert steps_of(hands.at(SLOT + 3 * HOUR)) == [("skip", ID, "skipped")]
    assert tally(hands.room) == (0, 0)


def test_a_source_that_falls_silent_is_named_once_for_each_silence(database, server):
    with site(jsonl(line(1))) as source:
        room = polling(database, server, source)
        for number in range(1, 8):
            ingest(room, line(number), now=SLOT + number * HOUR)
        hands = Hands(room)
        silence = SLOT + 17 * HOUR + 2 * MINUTE
        hands.at(silence - HOUR)
        assert ("quiet", "meridian", "said") in hands.at(silence + HOUR)
        assert ("quiet", "meridian", "said") not in hands.at(silence + 3 * HOUR)
        assert ("quiet", "meridian", "said") not in Hands(room).at(silence + 4 * HOUR)
        ingest(room, line(8), now=silence + 5 * HOUR)
        assert ("quiet", "meridian", "said") not in hands.at(silence + 14 * HOUR)
        assert ("quiet", "meridian", "said") in hands.at(silence + 16 * HOUR)
        assert recorded(room, "meridian") == ["clock.quiet", "clock.quiet"]


def test_sources_are_polled_while_a_dispatch_takes_its_time(database, server):
    with site(jsonl(line(1))) as source:
        room = polling(database, server, source)
        ingest(room, line(2), now=SLOT - HOUR)
        hands = Hands(room, now=SLOT)
        clock = Rounds(steps=hands.steps, kinds=CLOCK, tell=hands.done.append)
        sender = Rounds(steps=hands.steps, kinds=SENDER, tell=hands.done.append)
        server.teach("logged do=hold")
        clock.until_nothing_is_due()
        sending = Aside(sender.until_nothing_is_due)
        until(lambda: bool(server.messages()), thread=sending)
        hands.now = SLOT + 5 * MINUTE
        clock.until_nothing_is_due()
        assert (len(source.asked), sending.is_alive()) == (2, True)
        server.teach()
        sending.result()
    assert sent(server) == {READER: 1}


def test_a_database_that_cannot_be_read_is_told_and_the_clock_goes_on(database, server, monkeypatch):
    hands = Hands(ready(database, server), now=SLOT)
    monkeypatch.setattr(rounds, "AWAY", timedelta(0))
    real, failures = desk_clock.series, [StoreUnavailable("the database", "it is away")]

    def away(*arguments, **named):
        if failures:
            raise failures.pop()
        return real(*arguments, **named)

    monkeypatch.setattr(desk_clock, "series", away)
    going = Aside(hands.rounds.until_stopped)
    until(lambda: any(done.step == "dispatch" for done in hands.done), thread=going)
    hands.steps.stop.set()
    going.result()
    assert (hands.done[0].step, hands.done[0].code) == ("look", "store-unavailable")


def test_clock_that_was_set_forward_waits_for_a_person_in_every_process(database, server):
    room = ready(database, server)
    hands, other, busy = Hands(room), Hands(room), Hands(room)
    steady = SLOT.timestamp()
    hands.steps.steady = busy.steps.steady = lambda: steady
    assert steps_of(hands.at(SLOT - 3 * HOUR)) == steps_of(busy.at(SLOT - 3 * HOUR)) == []
    assert steps_of(hands.at(SLOT)) == [("clock", "clock", "said")]
    steady += 60
    assert steps_of(hands.at(SLOT + MINUTE)) == steps_of(other.at(SLOT + MINUTE)) == []
    assert tally(room) == (0, 0)
    assert desk_clock.confirm(room, why="no network time at the start", actor="test", now=SLOT + MINUTE)
    steady += 60
    done = [step for step, _, _ in steps_of(busy.at(SLOT + 2 * MINUTE))]
    assert done == ["make", "send", "dispatch"], "who looked last before all that sees what was confirmed"
    steady += 60
    assert steps_of(hands.at(SLOT + 3 * HOUR)) == [("clock", "clock", "said")], "and that is news again"
    assert desk_clock.confirm(room, why="a summer", actor="test", now=SLOT + 3 * HOUR)
    assert not desk_clock.confirm(room, why="again", actor="test", now=SLOT)
    restarted = Hands(room)
    restarted.steps.steady = lambda: steady
    assert steps_of(restarted.at(SLOT - HOUR)) == [("clock", "clock", "said")]
    assert "newest thing on record" in desk_clock.doubt(room)
