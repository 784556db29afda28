"""What people and rules do while a dispatch runs: leave, pause, cancel, stop, revise; and a second worker."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from publisher.dispatch import Ended, run, sender
from publisher.errors import GateRefused, Violation
from publisher.ledger import Policy
from publisher.store import deliveries
from publisher.store.db import Database, open_database
from subscribers import audience
from tests.crash.faultbox import dispatch_row, judge, plain, send
from tests.dispatchbox import DISPATCH, Clock, addr_key, frozen, history, present, readers, relay, work


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
