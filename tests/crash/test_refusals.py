"""A relay that refuses: what is about one reader stays with that reader, what is about us halts and costs nobody."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from publisher.dispatch import guards, making, run
from publisher.store import deliveries
from publisher.store.db import Database
from subscribers import audience
from tests.crash.faultbox import dispatch_row, judge, plain, send, send_all, suppressed
from tests.dispatchbox import (
    DISPATCH,
    Clock,
    addr_key,
    frozen,
    history,
    personal,
    readers,
    relay,
    states,
    work,
)
from tests.smtpd import Server


@pytest.mark.parametrize("phase", ["rcpt", "data", "dot"])
def test_temporary_refusals_are_tried_again_on_schedule(
    database: Database, tmp_path: Path, phase: str
) -> None:
    clock = Clock()
    frozen(database, readers(12), now=clock.now)
    with plain(f"{phase} per=to nth=-2 reply='451 4.3.2 Later'", folder=tmp_path) as server:
        send_all(database, server, clock)
    assert judge(database, server).states == {"accepted": 12}
    first, second, _ = history(database, "reader0001@list.example")
    assert (first.charged, second.charged) == (True, True)


def test_greylister_gets_everybody_once(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    frozen(database, readers(25), now=clock.now)
    rule = "rcpt per=to nth=1 reply='451 4.7.1 Greylisted, come back later'"
    with plain(rule, folder=tmp_path) as server:
        first = send(database, server, clock)
        assert first.counts.waiting == 25
        clock.move(minutes=3)
        assert send(database, server, clock).counts.waiting == 25, "earlier than the schedule says"
        clock.move(minutes=4)
        send_all(database, server, clock)
    verdict = judge(database, server)
    assert (verdict.states, verdict.doubles) == ({"accepted": 25}, 0)


def test_relay_that_takes_one_in_three_takes_everybody_in_the_end(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    frozen(database, readers(30), now=clock.now)
    rules = ["rcpt nth=/3 do=pass", "rcpt reply='450 4.2.0 Not now'"]
    with plain(*rules, folder=tmp_path) as server:
        send_all(database, server, clock, runs=200)
    assert judge(database, server).states == {"accepted": 30}


def test_who_is_refused_until_the_end_expires(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    frozen(database, readers(5), now=clock.now)
    with plain("rcpt to=reader0003@* reply='450 4.2.0 Never'", folder=tmp_path) as server:
        send_all(database, server, clock, runs=200)
    assert judge(database, server).states == {"accepted": 4, "expired": 1}


@pytest.mark.parametrize("phase", ["rcpt", "data", "dot"])
def test_permanent_refusal_fails_one_and_suppresses_only_on_evidence(
    database: Database, tmp_path: Path, phase: str
) -> None:
    clock = Clock()
    frozen(database, readers(10), now=clock.now)
    rules = [
        f"{phase} to=reader0002@* reply='550 5.1.1 No such user'",
        f"{phase} to=reader0005@* reply='550 No'",
        f"{phase} to=reader0007@* reply='550 5.1.1 Sender rate limit exceeded'",
    ]
    with plain(*rules, folder=tmp_path) as server:
        send(database, server, clock, connections=1)
    found = states(database)
    assert found["reader0005@list.example"] == "failed"
    assert suppressed(database) == (phase == "rcpt")
    with database.read() as connection:
        gone = audience.suppressed(connection, addr_key("reader0002@list.example"))
    assert (gone is not None) == (phase == "rcpt")


def test_domain_that_asks_for_less_is_left_alone_and_the_others_are_not(
    database: Database, tmp_path: Path
) -> None:
    clock = Clock()
    frozen(database, readers(20) + readers(20, "busy.example"), now=clock.now)
    rule = "rcpt to=*@busy.example reply='450 4.7.28 Unusual rate of mail'"
    with plain(rule, folder=tmp_path) as server:
        ended = send(database, server, clock, connections=4)
        asked = sum("@busy.example" in line for line in server.heard())
        assert [domain for domain, _ in ended.held] == ["busy.example"]
        assert (ended.counts.accepted, ended.counts.waiting) == (20, 20)
        assert asked <= 4
        assert not any(
            outcome.charged
            for address in readers(20, "busy.example")
            for outcome in history(database, address)
        )
        server.teach()
        clock.move(minutes=14)
        assert send(database, server, clock).counts.waiting == 20, "earlier than it was asked for"
        send_all(database, server, clock)
    assert judge(database, server).states == {"accepted": 40}


def test_domain_that_calls_every_mailbox_dead_is_not_believed(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    frozen(database, readers(60, "odd.example") + readers(10), now=clock.now)
    rule = "rcpt to=*@odd.example reply='550 5.1.1 No such user'"
    with plain(rule, folder=tmp_path) as server:
        ended = send(database, server, clock, connections=4)
    assert [domain for domain, _ in ended.held] == ["odd.example"]
    assert suppressed(database) == guards.HARD_ROWS
    assert ended.counts.failed == guards.HARD_ROWS
    assert (ended.counts.accepted, ended.counts.waiting) == (10, 40)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("rcpt reply='554 5.7.1 Blocked: listed at a blocklist'", "sender"),
        ("dot reply='550 5.7.26 Unauthenticated mail'", "sender"),
        ("mail reply='530 5.7.0 Authentication required'", "sender"),
        ("rcpt reply='550 5.7.1 Unable to relay'", "relay"),
        ("dot reply='552 5.3.4 Message too big'", "message"),
        ("banner reply='554 5.7.1 You are listed'", "sender"),
    ],
)
def test_refusals_about_us_halt_the_dispatch_and_cost_nobody_anything(
    database: Database, tmp_path: Path, rule: str, reason: str
) -> None:
    clock = Clock()
    frozen(database, readers(60), now=clock.now)
    with plain(rule, folder=tmp_path) as server:
        ended = send(database, server, clock, connections=4)
        tried = sum(line.split(" ", 1)[1].startswith("RCPT") for line in server.heard())
        row = dispatch_row(database)
        assert (row.state, row.halt_reason) == ("halted", reason)
        assert row.halt_detail
        assert (ended.counts.waiting, suppressed(database)) == (60, 0)
        # with a dot the connection's next envelope is announced: it is asked for, and nothing of it is delivered
        assert tried <= 3 + 4 + (4 if rule.startswith("dot") else 0)
        assert sum(bool(history(database, address)) for address in readers(60)) <= 3 + 4
        assert not any(outcome.charged for address in readers(60) for outcome in history(database, address))
        server.teach()
        with database.write() as connection:
            deliveries.resume(connection, DISPATCH)
        send_all(database, server, clock)
    assert judge(database, server).states == {"accepted": 60}


def test_blocklist_in_the_middle_halts_within_few_messages(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    frozen(database, readers(200), now=clock.now)
    rule = "rcpt nth=50- reply='554 5.7.1 Blocked: listed at a blocklist'"
    with plain(rule, folder=tmp_path) as server:
        ended = send(database, server, clock, connections=4)
        tried = sum(line.split(" ", 1)[1].startswith("RCPT") for line in server.heard())
    assert dispatch_row(database).state == "halted"
    # three in a row, one in each other connection's hand, and messages taken meanwhile may have parted the row
    assert tried <= 49 + 3 + 4 + 4
    # who was past RCPT when the halt came was not marked any more
    assert 49 - 4 <= ended.counts.accepted <= 49
    assert (ended.counts.failed, suppressed(database)) == (0, 0)
    judge(database, server, finished=False)


def test_two_per_cent_of_policy_refusals_halt_even_when_they_are_scattered(
    database: Database, tmp_path: Path
) -> None:
    clock = Clock()
    frozen(database, readers(400), now=clock.now)
    with plain("dot nth=/25 reply='554 5.7.1 Looks like spam'", folder=tmp_path) as server:
        ended = send(database, server, clock, connections=1)
    assert dispatch_row(database).state == "halted"
    assert 190 <= ended.counts.accepted <= 200


@pytest.mark.parametrize("certificate", ["expired", "other-name", "untrusted"])
def test_bad_certificate_halts_before_anything_is_sent(
    database: Database, tmp_path: Path, certificate: str
) -> None:
    clock = Clock()
    frozen(database, readers(10), now=clock.now)
    with Server(folder=tmp_path, certificate=certificate) as server:
        ended = send(database, server, clock, tls="required", ca_file=server.ca_file)
        heard = server.heard()
    assert dispatch_row(database).state == "halted"
    assert ended.counts.waiting == 10
    assert not any("MAIL" in line for line in heard)


def test_whole_dispatch_under_tls(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    frozen(database, readers(30), now=clock.now)
    with Server(folder=tmp_path) as server:
        send(database, server, clock, tls="required", ca_file=server.ca_file)
    assert judge(database, server).states == {"accepted": 30}
    assert all(message.tls for message in server.messages())


def test_reader_whose_values_cannot_be_written_fails_alone(database: Database, tmp_path: Path) -> None:
    def spoilt(row: Any) -> Any:
        made = personal(row)
        spoil = row.rcpt.startswith("reader0001@")
        return dataclasses.replace(made, leave_url='https://x.example/"onclick') if spoil else made

    clock = Clock()
    frozen(database, readers(5), now=clock.now)
    with plain(folder=tmp_path) as server:
        send(database, server, clock, personal=spoilt)
    assert judge(database, server).states == {"accepted": 4, "failed": 1}
    assert history(database, "reader0001@list.example")[0].cause.startswith("render")


@pytest.mark.parametrize("ready", [0, 1000])
def test_mail_that_cannot_be_made_fails_by_itself(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ready: int
) -> None:
    """Whether it was to be made ready before its turn, or nothing is kept ready."""
    monkeypatch.setattr(making, "READY", ready)
    bad = {readers(60)[number]: "https://front.example/<u>" for number in (0, 30, 31, 59)}
    frozen(database, readers(60))
    with plain(folder=tmp_path) as server:
        given = work(
            personal=lambda row: dataclasses.replace(
                personal(row), leave_url=bad.get(row.rcpt, "https://x.example")
            )
        )
        ended = run(database, relay(server), given)
    assert (ended.counts.accepted, ended.counts.failed, ended.counts.waiting) == (56, 4, 0)
    why = "render: a personal link holds a character that it must not"
    assert {history(database, to)[-1].cause for to in bad} == {why}
    judge(database, server)
