"""A relay that cuts, stalls and talks nonsense: nobody lost, nobody doubled beyond a named doubt, nobody suppressed."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from publisher.ledger import Outcome, Policy
from publisher.store.db import Database
from publisher.transport import Connection
from tests.crash.faultbox import IMPATIENT, judge, plain, send, send_all, suppressed
from tests.dispatchbox import Clock, frozen, history, readers

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
        send_all(database, server, clock, limits=replace(IMPATIENT, dot=5))
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
        cut = len(server.messages())
        assert cut <= 4 + 5
        server.teach()
        send_all(database, server, clock)
    judge(database, server, cuts=cut)


def test_relay_that_restarts_is_waited_for_a_moment(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    frozen(database, readers(60), now=clock.now)
    rules = ["rcpt nth=20 do=drop", "connect nth=5-7 do=drop"]
    with plain(*rules, folder=tmp_path) as server:
        ended = send(database, server, clock, connections=4)
    assert (ended.trouble, ended.counts.accepted) == (None, 60)
    judge(database, server)


@pytest.mark.parametrize("policy", [Policy.KEEP, Policy.RESEND])
@pytest.mark.parametrize(("first", "later"), [(2, 1), (1, 2)])
def test_two_connections_that_are_cut_at_their_first_mail_do_not_wait_for_each_other(
    database: Database, tmp_path: Path, policy: Policy, first: int, later: int
) -> None:
    """One of them has announced the third reader's mail: it is the other's to send, who tries the relay alone from then on."""
    clock = Clock()
    frozen(database, readers(3), now=clock.now, policy=policy)
    one, three = (f"dot to=reader000{number}@* nth=1" for number in (first, later))
    stop = threading.Event()
    patience = threading.Timer(20, stop.set)
    patience.start()
    with plain(f"{one} wait=0.2 do=drop", f"{three} wait=0.4 do=drop", folder=tmp_path) as server:
        ended = send(database, server, clock, connections=2, policy=policy, stop=stop)
    patience.cancel()
    assert not stop.is_set(), "it came to no end"
    assert ended.counts.accepted >= 1
    judge(database, server, cuts=2)


def test_who_gives_back_what_was_announced_says_nothing_else_there(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is closed: over it the relay waits for that very mail."""
    outcomes: list[Outcome | None] = []
    sends = Connection.send

    async def noted(self: Connection, *mail: Any, **how: Any) -> Outcome | None:
        outcomes.append(await sends(self, *mail, **how))
        return outcomes[-1]

    monkeypatch.setattr(Connection, "send", noted)
    clock = Clock()
    frozen(database, readers(5), now=clock.now)
    with plain("dot nth=1 reply='452 4.3.1 Out of room'", folder=tmp_path) as server:
        send_all(database, server, clock, connections=1)
    assert any(outcome and outcome.code == 452 for outcome in outcomes)
    assert not [outcome for outcome in outcomes if outcome and "announced" in outcome.cause]
    assert judge(database, server).states == {"accepted": 5}


@pytest.mark.parametrize("few", [1, 5])
def test_session_of_few_messages_is_followed_by_the_next(
    database: Database, tmp_path: Path, few: int
) -> None:
    clock = Clock()
    frozen(database, readers(60), now=clock.now)
    rule = f"mail per=connection nth={few + 1}- reply='421 4.7.0 Enough' then=drop"
    with plain(rule, folder=tmp_path) as server:
        ended = send(database, server, clock)
    assert (ended.trouble, ended.counts.accepted) == (None, 60)
    judge(database, server)
    assert all(len(history(database, address)) == 1 for address in readers(60))
