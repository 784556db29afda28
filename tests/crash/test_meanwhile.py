"""What people and rules do while a dispatch runs: leave, pause, cancel, stop, revise; and a second worker."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from publisher.dispatch import Ended, making, run
from publisher.errors import GateRefused, Violation
from publisher.ledger import Policy
from publisher.store import deliveries
from publisher.store.db import Database, open_database
from subscribers import audience
from tests.crash.faultbox import dispatch_row, judge, plain, send
from tests.dispatchbox import (
    DISPATCH,
    SHORT,
    Clock,
    addr_key,
    frozen,
    history,
    present,
    readers,
    relay,
    states,
    work,
)
from tests.smtpd import Server
from tests.waiting import SECONDS, Aside, until

HELD = "logged nth=20- do=hold"
"""The server answers twenty times; then every connection waits for its reply until the server is taught anew."""


def at_the_dot(server: Server, sending: Aside[Ended]) -> None:
    """Come back when all four connections wait for their reply."""
    until(lambda: len(server.held) == 4, thread=sending)


def test_readers_who_leave_during_the_send_get_nothing_from_then_on(
    database: Database, tmp_path: Path
) -> None:
    """Some leave while no message can be under way to them, others while the send goes on beside them."""
    frozen(database, readers(300))
    last, others = readers(300)[-40:], readers(300)[30:260:3]

    def leave(leaving: Sequence[str]) -> None:
        for address in leaving:
            with database.write() as connection:
                person = audience.find(connection, addr_key(address))
                assert person is not None
                audience.leave(connection, person.id, digest="morning", actor="reader", now=present())

    with plain(HELD, folder=tmp_path) as server:
        sending = Aside(run, database, relay(server), work())
        at_the_dot(server, sending)
        leave(last)
        leaving = Aside(leave, others)
        server.teach("dot wait=0.003")
        ended = sending.result()
        leaving.result()
    verdict = judge(database, server)
    assert ended.counts.waiting == 0
    assert {states(database)[address] for address in last} == {"suppressed"}
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
    with plain(HELD, folder=tmp_path) as server:
        sending = Aside(run, database, relay(server), work())
        at_the_dot(server, sending)
        with database.write() as connection:
            assert deliveries.pause(connection, DISPATCH)
        taken = len(server.messages())
        server.teach()
        ended = sending.result()
        assert len(server.messages()) == taken, "a message left after the pause"
        assert (ended.counts.waiting, ended.counts.uncertain) == (200 - taken, 0)
        with database.write() as connection:
            assert deliveries.resume(connection, DISPATCH)
        run(database, relay(server), work())
    verdict = judge(database, server)
    assert (verdict.states, verdict.doubles) == ({"accepted": 200}, 0)


def test_cancelling_ends_everybody_who_waits(database: Database, tmp_path: Path) -> None:
    frozen(database, readers(200))
    with plain(HELD, folder=tmp_path) as server:
        sending = Aside(run, database, relay(server), work())
        at_the_dot(server, sending)
        with database.write() as connection:
            deliveries.cancel(connection, DISPATCH, actor="desk", why="wrong edition", now=present())
        taken = len(server.messages())
        server.teach()
        sending.result()
    verdict = judge(database, server)
    assert verdict.states == {"accepted": taken, "cancelled": 200 - taken}
    assert verdict.doubles == 0


def test_stop_waits_for_open_replies_and_leaves_nobody_in_doubt(database: Database, tmp_path: Path) -> None:
    frozen(database, readers(100))
    stop = threading.Event()
    with plain("logged do=hold", folder=tmp_path) as server:
        sending = Aside(run, database, relay(server), work(stop=stop))
        at_the_dot(server, sending)
        stop.set()
        server.teach("dot wait=0.5")  # slow enough for the stop to be noticed long before the end
        ended = sending.result()
    assert ended.counts.uncertain == 0
    assert ended.counts.waiting > 80
    judge(database, server, finished=False)


def test_stop_that_lasts_too_long_names_who_is_in_doubt(database: Database, tmp_path: Path) -> None:
    frozen(database, readers(20), policy=Policy.KEEP)
    stop = threading.Event()
    with plain("logged do=hold", folder=tmp_path) as server:
        wanted = work(stop=stop, drain=0.2, policy=Policy.KEEP)
        patient = replace(SHORT, dot=2 * SECONDS)  # so that only the stop can end the waiting
        sending = Aside(run, database, relay(server, limits=patient), wanted)
        at_the_dot(server, sending)
        stop.set()
        ended = sending.result()
    assert ended.counts.uncertain == 4
    judge(database, server, cuts=4, finished=False)


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
    monkeypatch.setattr(making, "READ_BACK", 10)
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
        for sending in [Aside(run, mine, relay(server), work()) for mine in (database, other)]:
            sending.result()
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
