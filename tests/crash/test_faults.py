"""A relay that misbehaves in every way we know: nobody lost, nobody doubled beyond a named doubt, nobody suppressed for it."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from publisher import dispatch
from publisher.dispatch import Ended, feed, guards, loop, run, sender, writer
from publisher.errors import GateRefused, StoreFull, StoreLocked, StoreUnavailable, Violation
from publisher.ledger import Policy
from publisher.store import deliveries
from publisher.store.db import Database, open_database
from publisher.transport import Limits
from subscribers import audience
from tests.crash.checker import Verdict, check
from tests.dispatchbox import (
    DISPATCH,
    SHORT,
    Clock,
    addr_key,
    compiled,
    fresh,
    frozen,
    history,
    personal,
    present,
    readers,
    relay,
    states,
    work,
)
from tests.smtpd import Server

IMPATIENT = Limits(connect=0.3, banner=0.3, command=0.3, data=0.3, block=0.3, dot=0.3, reset=0.3, quit=0.3)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds in earnest takes some milliseconds here."""
    monkeypatch.setattr(guards, "PAUSE", 0.01)
    monkeypatch.setattr(guards, "PAUSE_MAX", 0.02)
    monkeypatch.setattr(loop, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(loop, "TICK", 0.02)
    monkeypatch.setattr(feed, "LOOK_AGAIN", 0.05)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = fresh(tmp_path)
    yield opened
    opened.close()


def plain(*rules: str, folder: Path, **options: Any) -> Server:
    return Server(*rules, folder=folder, starttls=False, **options)


def send(database: Database, server: Server, clock: Clock, **changes: Any) -> Ended:
    """One run; `connections` and `limits` are the relay's, the rest is the work's."""
    way = {name: changes.pop(name) for name in ("connections", "limits", "tls", "ca_file") if name in changes}
    return run(database, relay(server, **way), work(clock=clock, **changes))


def send_all(database: Database, server: Server, clock: Clock, *, runs: int = 40, **changes: Any) -> Ended:
    """Run after run, ten minutes apart, until nobody waits."""
    for _ in range(runs):
        ended = send(database, server, clock, **changes)
        if not ended.counts.waiting:
            return ended
        clock.move(minutes=10)
    raise AssertionError(f"it comes to no end: {ended}")


def judge(database: Database, server: Server, **facts: Any) -> Verdict:
    return check(database, server.messages(), dispatch_id=DISPATCH, **({"connections": 4} | facts))


def suppressed(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM suppression")).scalar_one())


def dispatch_row(database: Database) -> Any:
    with database.read() as connection:
        return deliveries.get_dispatch(connection, DISPATCH)


# -------------------------------------------------------------------------------------------------- cuts, stalls, noise

BEFORE_THE_DOT = ["connect", "banner", "ehlo", "mail", "rcpt", "data", "354", "body"]
AFTER_THE_DOT = ["dot", "logged"]


@pytest.mark.parametrize("end", ["drop", "reset"])
@pytest.mark.parametrize("phase", BEFORE_THE_DOT)
def test_cut_before_the_dot_now_and_then_costs_nothing(
    database: Database, tmp_path: Path, phase: str, end: str
) -> None:
    clock = Clock()
    frozen(database, readers(30), now=clock.now)
    rules = [f"{phase} connection=/2 nth=/3 do={end}"]
    if phase in {"connect", "banner", "ehlo"}:
        rules = [
            f"{phase} connection=-3 do={end}",
            "mail per=connection nth=6- reply='421 4.7.0 Enough' then=drop",
        ]
    with plain(*rules, folder=tmp_path) as server:
        ended = send_all(database, server, clock)
    # 354 and body: our dot may have been under way when the server cut; then it is a doubt, and named
    verdict = judge(database, server, cuts=30 if phase in {"354", "body"} else 0)
    assert verdict.states == {"accepted": 30}
    assert ended.counts.accepted == 30
    assert suppressed(database) == 0


@pytest.mark.parametrize("how", ["do=drop", "do=reset", "raw=25 then=drop", "do=stall"])
@pytest.mark.parametrize("phase", AFTER_THE_DOT)
def test_cut_after_the_dot_is_a_doubt_and_is_sent_again_with_the_same_bytes(
    database: Database, tmp_path: Path, phase: str, how: str
) -> None:
    clock = Clock()
    frozen(database, readers(20), now=clock.now)
    with plain(f"{phase} nth=/5 {how}", folder=tmp_path) as server:
        send_all(database, server, clock, limits=IMPATIENT)
    verdict = judge(database, server, cuts=10)
    assert verdict.states["accepted"] == 20
    assert (verdict.doubles > 0) == (phase == "logged")
    assert suppressed(database) == 0


@pytest.mark.parametrize("how", ["do=drop", "do=stall"])
def test_under_the_policy_keep_nobody_gets_two_copies(database: Database, tmp_path: Path, how: str) -> None:
    clock = Clock()
    frozen(database, readers(20), now=clock.now, policy=Policy.KEEP)
    with plain(f"logged nth=/5 {how}", folder=tmp_path) as server:
        ended = send_all(database, server, clock, limits=IMPATIENT, policy=Policy.KEEP)
    verdict = judge(database, server, cuts=4)
    assert (ended.counts.accepted, ended.counts.uncertain, verdict.doubles) == (16, 4, 0)


@pytest.mark.parametrize("phase", ["banner", "mail", "rcpt", "data"])
def test_silence_now_and_then_costs_nothing_but_time(database: Database, tmp_path: Path, phase: str) -> None:
    clock = Clock()
    frozen(database, readers(12), now=clock.now)
    with plain(f"{phase} nth=2 do=stall", folder=tmp_path) as server:
        send_all(database, server, clock, limits=IMPATIENT)
    assert judge(database, server).states == {"accepted": 12}


@pytest.mark.parametrize(
    "noise",
    [
        "rcpt nth=/4 do=flood",
        r"rcpt nth=/4 raw='\0\0\0\r\n'",
        r"mail nth=/4 raw='250 2.1.0 Ok\r\n250 2.1.5 And more\r\n'",
        "rcpt nth=/4 reply='" + "x" * 65_536 + "'",
        "* split=3 pace=0.0002",
    ],
    ids=["flood", "nul", "surplus", "long", "split"],
)
def test_noise_costs_nothing(database: Database, tmp_path: Path, noise: str) -> None:
    clock = Clock()
    frozen(database, readers(20), now=clock.now)
    with plain(noise, folder=tmp_path) as server:
        send_all(database, server, clock)
    assert judge(database, server).states == {"accepted": 20}


def test_relay_that_nobody_answers_ends_the_run_with_its_reason_and_without_a_storm(
    database: Database, tmp_path: Path
) -> None:
    clock = Clock()
    frozen(database, readers(20), now=clock.now)
    with plain(folder=tmp_path) as server:
        pass
    ended = send(database, server, clock)
    assert ended.trouble is not None
    assert ended.trouble[0] == "main"
    assert (ended.counts.waiting, ended.counts.planned) == (20, 20)
    assert not any(history(database, address) for address in readers(20)), (
        "nobody was tried, nobody is charged"
    )


@pytest.mark.parametrize(
    "rule",
    [
        "banner do=drop",
        "banner reply='421 4.3.2 Busy' then=drop",
        "mail do=drop",
        "mail reply='451 4.3.0 Disk full here'",
        "mail reply='421 4.3.2 Going down' then=drop",
    ],
)
def test_relay_that_takes_nothing_is_left_alone_after_few_connections(
    database: Database, tmp_path: Path, rule: str
) -> None:
    clock = Clock()
    frozen(database, readers(100), now=clock.now)
    with plain(rule, folder=tmp_path) as server:
        ended = send(database, server, clock, connections=8)
        connections = sum(line.endswith(" connected") for line in server.heard())
        assert ended.trouble is not None
        assert connections <= 8 + 5
        server.teach()
        send_all(database, server, clock)
    assert judge(database, server).states == {"accepted": 100}


def test_relay_that_cuts_every_dot_is_left_alone_before_everybody_is_in_doubt(
    database: Database, tmp_path: Path
) -> None:
    clock = Clock()
    frozen(database, readers(100), now=clock.now)
    with plain("logged do=drop", folder=tmp_path) as server:
        ended = send(database, server, clock, connections=4)
        assert ended.trouble is not None
        assert len(server.messages()) <= 4 + 5
        server.teach()
        send_all(database, server, clock)
    judge(database, server, cuts=3)


def test_relay_that_restarts_is_waited_for_a_moment(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    frozen(database, readers(60), now=clock.now)
    rules = ["rcpt nth=20 do=drop", "connect nth=5-7 do=drop"]
    with plain(*rules, folder=tmp_path) as server:
        ended = send(database, server, clock, connections=4)
    assert (ended.trouble, ended.counts.accepted) == (None, 60)
    judge(database, server)


def test_session_of_few_messages_is_followed_by_the_next(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    frozen(database, readers(60), now=clock.now)
    rule = "mail per=connection nth=6- reply='421 4.7.0 Enough' then=drop"
    with plain(rule, folder=tmp_path) as server:
        ended = send(database, server, clock)
    assert (ended.trouble, ended.counts.accepted) == (None, 60)
    judge(database, server)
    assert all(len(history(database, address)) == 1 for address in readers(60))


# ------------------------------------------------------------------------------------------------------------- refusals


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
        assert tried <= 3 + 4
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
    assert tried <= 49 + 3 + 4
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


# ------------------------------------------------------------------------------------- people and rules in the meantime


def test_readers_who_leave_during_the_send_get_nothing_from_then_on(
    database: Database, tmp_path: Path
) -> None:
    frozen(database, readers(300))
    leaving = readers(300)[::3]

    def leave() -> None:
        for address in leaving:
            with database.write() as connection:
                person = audience.find(connection, addr_key(address))
                assert person is not None
                audience.leave(connection, person.id, digest="morning", actor="reader", now=present())
            time.sleep(0.001)

    with plain("dot wait=0.003", folder=tmp_path) as server:
        thread = threading.Thread(target=leave)
        thread.start()
        ended = run(database, relay(server), work())
        thread.join()
    verdict = judge(database, server)
    assert ended.counts.waiting == 0
    assert verdict.states["suppressed"] > 10
    assert verdict.states["accepted"] + verdict.states["suppressed"] == 300
    assert verdict.doubles == 0


def test_who_has_left_before_is_settled_without_a_word_to_the_relay(
    database: Database, tmp_path: Path
) -> None:
    clock = Clock()
    frozen(database, readers(3), now=clock.now)
    with database.write() as connection:
        audience.suppress(
            connection, addr_key("reader0002@list.example"), "manual", actor="desk", now=clock.now
        )
    with plain(folder=tmp_path) as server:
        send(database, server, clock)
        assert not any("reader0002" in line for line in server.heard())
    assert judge(database, server).states == {"accepted": 2, "suppressed": 1}
    assert history(database, "reader0002@list.example")[0].cause == "manual"


def test_pause_is_seen_and_resuming_goes_on(database: Database, tmp_path: Path) -> None:
    frozen(database, readers(200))
    over: list[Ended] = []
    with plain("dot wait=0.01", folder=tmp_path) as server:
        thread = threading.Thread(target=lambda: over.append(run(database, relay(server), work())))
        thread.start()
        while len(server.messages()) < 20:
            time.sleep(0.005)
        with database.write() as connection:
            assert deliveries.pause(connection, DISPATCH)
        paused = time.monotonic()
        thread.join(10)
        assert time.monotonic() - paused < 2.0
        assert 0 < over[0].counts.waiting < 200
        assert over[0].counts.uncertain == 0
        with database.write() as connection:
            assert deliveries.resume(connection, DISPATCH)
        run(database, relay(server), work())
    verdict = judge(database, server)
    assert (verdict.states, verdict.doubles) == ({"accepted": 200}, 0)


def test_cancelling_ends_everybody_who_waits(database: Database, tmp_path: Path) -> None:
    frozen(database, readers(200))
    with plain("dot wait=0.01", folder=tmp_path) as server:
        thread = threading.Thread(target=lambda: run(database, relay(server), work()))
        thread.start()
        while len(server.messages()) < 20:
            time.sleep(0.005)
        with database.write() as connection:
            deliveries.cancel(connection, DISPATCH, actor="desk", why="wrong edition", now=present())
        thread.join(10)
    verdict = judge(database, server)
    assert verdict.states["accepted"] + verdict.states["cancelled"] == 200
    assert verdict.doubles == 0


def test_stop_waits_for_open_replies_and_leaves_nobody_in_doubt(database: Database, tmp_path: Path) -> None:
    frozen(database, readers(100))
    stop = threading.Event()
    over: list[Ended] = []
    with plain("dot wait=0.2", folder=tmp_path) as server:
        thread = threading.Thread(target=lambda: over.append(run(database, relay(server), work(stop=stop))))
        thread.start()
        while not server.messages():
            time.sleep(0.005)
        stop.set()
        thread.join(10)
    assert over[0].counts.uncertain == 0
    assert over[0].counts.waiting > 80
    judge(database, server, finished=False)


def test_stop_that_lasts_too_long_names_who_is_in_doubt(database: Database, tmp_path: Path) -> None:
    frozen(database, readers(20), policy=Policy.KEEP)
    stop = threading.Event()
    over: list[Ended] = []
    with plain("logged do=stall", folder=tmp_path) as server:
        wanted = work(stop=stop, drain=0.2, policy=Policy.KEEP)
        thread = threading.Thread(target=lambda: over.append(run(database, relay(server), wanted)))
        thread.start()
        while len(server.messages()) < 4:
            time.sleep(0.005)
        stop.set()
        thread.join(4)
    assert over[0].counts.uncertain == 4
    judge(database, server, cuts=1, finished=False)


def test_revised_edition_is_left_to_a_run_that_has_its_words(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    frozen(database, readers(10), now=clock.now)
    with database.write() as connection:
        deliveries.revise(connection, DISPATCH, 2, now=clock.now)
    with plain(folder=tmp_path) as server:
        assert send(database, server, clock, revision=1).counts.waiting == 10
        assert not server.messages()
        assert send(database, server, clock, revision=2).counts.accepted == 10


@pytest.mark.parametrize("refused_at", [1, 2])
def test_gate_that_refuses_a_finished_message_halts_before_it_leaves(
    database: Database, tmp_path: Path, refused_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "READ_BACK", 10)
    asked: list[bytes] = []

    def read_back(key: str, raw: bytes) -> None:
        asked.append(raw)
        if len(asked) == refused_at:
            raise GateRefused("morning", [Violation(key, None, "source-link", "has no source link")])

    clock = Clock()
    frozen(database, readers(50), now=clock.now)
    with plain(folder=tmp_path) as server:
        with pytest.raises(GateRefused):
            send(database, server, clock, connections=1, read_back=read_back)
        assert len(server.messages()) == (refused_at - 1) * 9
    assert (dispatch_row(database).state, dispatch_row(database).halt_reason) == ("halted", "gate")
    assert b"To: reader" in asked[0]


def test_waiting_run_sends_what_is_due_later(database: Database, tmp_path: Path) -> None:
    """The clock of this run is six hundred times as quick as ours: its retries come soon."""
    start = present()

    def clock() -> datetime:
        return start + (present() - start) * 600

    frozen(database, readers(5), now=start)
    with plain("rcpt per=to nth=1 reply='451 4.7.1 Greylisted'", folder=tmp_path) as server:
        ended = run(database, relay(server), work(clock=clock, wait=True))
    assert ended.counts.accepted == 5
    judge(database, server)


def test_two_workers_on_one_dispatch_double_nobody(database: Database, tmp_path: Path) -> None:
    frozen(database, readers(450))
    other = open_database(f"sqlite:///{database.path}")
    with plain(folder=tmp_path) as server:
        threads = [
            threading.Thread(target=run, args=(mine, relay(server), work())) for mine in (database, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        run(database, relay(server), work())
    other.close()
    verdict = judge(database, server)
    assert (verdict.states, verdict.doubles) == ({"accepted": 450}, 0)


def test_progress_is_shown_and_ends_with_the_ledgers_own_counts(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    frozen(database, readers(20), now=clock.now)
    shown: list[Any] = []
    with plain(folder=tmp_path) as server:
        ended = send(database, server, clock, progress=shown.append)
    assert {counts.planned for counts in shown} == {20}
    assert shown[-1] == ended.counts


# ----------------------------------------------------------------------------------------------------------- the ledger


def test_full_disk_stops_the_run_and_space_brings_everybody_home(database: Database, tmp_path: Path) -> None:
    frozen(database, readers(300))
    limited = open_database(f"sqlite:///{database.path}")

    @event.listens_for(limited._writer, "connect")
    def _limit(connection: Any, _record: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")

    with plain(folder=tmp_path) as server:
        with pytest.raises(StoreFull):
            run(limited, relay(server), work())
        limited.close()
        taken = len(server.messages())
        assert 0 < taken < 300
        run(database, relay(server), work())
    verdict = judge(database, server, kills=1)
    assert verdict.states == {"accepted": 300}


def test_disk_that_would_be_full_soon_is_refused_before_the_first_message(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "SPARE_BYTES", 2**60)
    frozen(database, readers(3))
    with plain(folder=tmp_path) as server:
        with pytest.raises(StoreFull):
            run(database, relay(server), work())
        assert "connected" not in str(server.heard())


def test_lock_of_another_program_is_waited_for(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten seconds' patience is shortened to a tenth of one, six times."""
    frozen(database, readers(100))
    mine = open_database(f"sqlite:///{database.path}", lock_seconds=0.1)
    other = open_database(f"sqlite:///{database.path}")

    def hold() -> None:
        while len(server.messages()) < 20:
            time.sleep(0.002)
        with other.locked():
            time.sleep(0.35)

    with plain("dot wait=0.005", folder=tmp_path) as server:
        thread = threading.Thread(target=hold)
        thread.start()
        ended = run(mine, relay(server), work())
        thread.join()
    mine.close()
    other.close()
    assert ended.counts.accepted == 100
    assert judge(database, server).doubles == 0


def test_lock_that_is_not_let_go_ends_the_run(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LOCKED_TRIES", 2)
    frozen(database, readers(100))
    mine = open_database(f"sqlite:///{database.path}", lock_seconds=0.1)
    other = open_database(f"sqlite:///{database.path}")
    ended = threading.Event()

    def hold() -> None:
        while len(server.messages()) < 20:
            time.sleep(0.002)
        with other.locked():
            ended.wait(10)

    with plain("dot wait=0.005", folder=tmp_path) as server:
        thread = threading.Thread(target=hold)
        thread.start()
        with pytest.raises(StoreLocked):
            run(mine, relay(server), work())
        ended.set()
        thread.join()
        mine.close()
        other.close()
        run(database, relay(server), work())
    assert judge(database, server, kills=1).states == {"accepted": 100}


def test_ledger_that_is_moved_away_is_noticed(tmp_path: Path) -> None:
    database = fresh(tmp_path)
    frozen(database, readers(500))
    assert database.path is not None
    path = database.path
    with plain("dot wait=0.01", folder=tmp_path) as server:

        def move() -> None:
            while len(server.messages()) < 10:
                time.sleep(0.002)
            path.rename(path.with_name("elsewhere.sqlite3"))

        thread = threading.Thread(target=move)
        thread.start()
        with pytest.raises(StoreUnavailable):
            run(database, relay(server), work())
        thread.join()
        assert len(server.messages()) < 500
    database.close()


def test_big_message_arrives_whole(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    frozen(database, readers(5), now=clock.now)
    with plain(folder=tmp_path) as server:
        send(database, server, clock, compiled=compiled(size=400_000), limits=SHORT)
    assert judge(database, server).states == {"accepted": 5}
    assert all(message.size > 400_000 for message in server.messages())
