"""Several relays, and what outlives a run: shares, failing over, breakers that a restart remembers, rates that hold between senders."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from publisher.dispatch import Ended, guards, run
from publisher.dispatch.routes import GROWTH, Room
from publisher.ledger import Counts, Tally
from publisher.store import deliveries
from publisher.store import relays as store
from publisher.store.db import Database
from publisher.transport import Rate
from tests.crash.checker import check
from tests.crash.faultbox import dispatch_row, judge, plain, send, suppressed
from tests.dispatchbox import DISPATCH, Clock, frozen, history, readers, relay, states, work
from tests.smtpd import Server
from tests.waiting import Aside, until


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[list[Server]]:
    """Two servers."""
    with ExitStack() as stack:
        found = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            found.append(stack.enter_context(plain(folder=tmp_path / name)))
        yield found


def over(
    database: Database, servers: list[Server], clock: Clock, *changes: dict[str, Any], **more: Any
) -> Ended:
    """A run over these servers, as relays "one" and "two"."""
    ways = [
        relay(server, name=server.folder.name, **changed)
        for server, changed in zip(servers, changes, strict=True)
    ]
    return run(database, ways, work(clock=clock, **more))


def judged(database: Database, servers: list[Server], **facts: Any) -> Counter[str]:
    taken = [message for server in servers for message in server.messages()]
    return check(database, taken, dispatch_id=DISPATCH, connections=8, **facts).states


def test_work_is_shared_by_weight_and_told_by_relay(database: Database, pair: list[Server]) -> None:
    frozen(database, readers(120), now=(clock := Clock()).now)
    seen: list[Counts] = []
    over(database, pair, clock, {"weight": 3}, {"weight": 1}, progress=seen.append)
    assert judged(database, pair) == {"accepted": 120}
    first, second = (len(server.messages()) for server in pair)
    assert 75 <= first <= 105, (first, second)
    assert {row.relay for row in history(database, "reader0001@list.example")} <= {"one", "two"}
    assert isinstance(told := seen[-2], Tally)
    assert set(told.relays) == {"one", "two"}


@pytest.mark.parametrize("orders", [(1, 1), (1, 2)])
def test_a_relay_in_trouble_hands_its_share_to_the_other(
    database: Database, pair: list[Server], orders: tuple[int, int]
) -> None:
    frozen(database, readers(60), now=(clock := Clock()).now)
    pair[0].teach("rcpt nth=10- do=drop", "banner nth=5- do=drop")
    ended = over(database, pair, clock, *({"order": order} for order in orders))
    assert (ended.trouble, judged(database, pair)) == (None, {"accepted": 60})
    with database.read() as connection:
        known = store.breakers(connection)
    assert set(known) <= {"relay:one"}
    assert known or orders == (1, 1), "there the other one may have been through before it was given up"


def test_a_backup_gets_nothing_while_the_first_can_be_used(database: Database, pair: list[Server]) -> None:
    frozen(database, readers(40), now=(clock := Clock()).now)
    over(database, pair, clock, {}, {"order": 2})
    assert [len(server.messages()) for server in pair] == [40, 0]


def test_a_relay_that_wants_another_password_is_left_to_the_other(
    database: Database, pair: list[Server]
) -> None:
    frozen(database, readers(20), now=(clock := Clock()).now)
    pair[0].teach("rcpt reply='550 5.7.1 Unable to relay'")
    over(database, pair, clock, {}, {})
    assert dispatch_row(database).state == "sending"
    assert judged(database, pair) == {"accepted": 20}


@pytest.mark.parametrize(
    ("rule", "reason", "largest"),
    [
        ("rcpt reply='554 5.7.1 Client host blocked using blocklist'", "sender", ""),
        ("", "message", "SIZE 10"),
    ],
)
def test_what_one_relay_alone_refuses_goes_over_the_other_and_halts_when_all_do(
    database: Database, tmp_path: Path, rule: str, reason: str, largest: str
) -> None:
    frozen(database, readers(20), now=(clock := Clock()).now)
    rules, (one, two) = [rule] if rule else [], (tmp_path / "one", tmp_path / "two")
    one.mkdir()
    two.mkdir()
    offer = {"offer": largest} if largest else {}
    with plain(*rules, folder=one, **offer) as bad, plain(folder=two) as good:
        over(database, [bad], clock, {})
        row = dispatch_row(database)
        assert (row.state, row.halt_reason) == ("halted", reason)
        with database.write() as connection:
            deliveries.resume(connection, DISPATCH)
        clock.move(minutes=30)
        assert over(database, [bad, good], clock, {}, {}).trouble is None
        assert dispatch_row(database).state == "sending"
        clock.move(minutes=30)
        over(database, [bad, good], clock, {}, {})
        assert judged(database, [bad, good]) == {"accepted": 20}


def test_when_no_relay_can_be_used_the_run_ends_and_says_why(database: Database, pair: list[Server]) -> None:
    frozen(database, readers(20), now=(clock := Clock()).now)
    for server in pair:
        server.teach("banner do=drop")
    ended = over(database, pair, clock, {}, {"order": 2})
    assert ended.trouble is not None
    assert (ended.counts.waiting, ended.counts.planned) == (20, 20)


def test_after_an_outage_of_all_a_failed_try_of_one_does_not_cut_off_that_of_the_other(
    database: Database, pair: list[Server]
) -> None:
    frozen(database, readers(20), now=(clock := Clock()).now)
    for server in pair:
        server.teach("banner do=drop")
    assert over(database, pair, clock, {}, {"order": 2}).trouble is not None
    pair[0].teach("banner wait=0.3")
    clock.move(minutes=1, seconds=1)
    assert over(database, pair, clock, {}, {"order": 2}).trouble is None
    assert judged(database, pair) == {"accepted": 20}
    with database.read() as connection:
        assert [breaker.probing for breaker in store.breakers(connection).values()] == [False]


def test_a_try_that_was_cut_off_leaves_nobody_trying(database: Database, pair: list[Server]) -> None:
    frozen(database, readers(1), now=(clock := Clock()).now)
    first, stop = pair[:1], threading.Event()
    first[0].teach("banner do=drop")
    over(database, first, clock, {})
    clock.move(minutes=1, seconds=1)
    first[0].teach("banner do=stall")
    asked = len(first[0].heard())
    trying = Aside(over, database, first, clock, {}, stop=stop)
    until(lambda: len(first[0].heard()) > asked, thread=trying)
    stop.set()
    trying.result()
    with database.read() as connection:
        (known,) = store.breakers(connection).values()
    assert (known.probing, known.until) == (False, clock.now)


def test_a_spare_with_a_wrong_certificate_does_not_halt_what_the_first_relay_can_send_later(
    database: Database, pair: list[Server]
) -> None:
    frozen(database, readers(20), now=(clock := Clock()).now)
    pair[0].teach("banner do=drop")
    wrong = {"order": 2, "tls": "required"}
    ended = over(database, pair, clock, {}, wrong)
    assert ended.trouble is not None
    assert (ended.trouble[0], dispatch_row(database).state) == ("two", "sending")
    pair[0].teach()
    clock.move(minutes=1, seconds=1)
    assert over(database, pair, clock, {}, wrong).trouble is None
    assert judged(database, pair) == {"accepted": 20}


def test_a_relay_left_alone_is_not_asked_after_a_restart_and_then_by_one_connection(
    database: Database, tmp_path: Path
) -> None:
    clock = Clock()
    frozen(database, readers(20), now=clock.now)
    with plain("banner do=drop", folder=tmp_path) as server:
        assert send(database, server, clock).trouble is not None
        asked = len(server.heard())
        again = send(database, server, clock)
        assert again.trouble is not None
        assert again.trouble[0] == "main"
        assert len(server.heard()) == asked, "nobody may knock for a minute"
        clock.move(minutes=1, seconds=1)
        send(database, server, clock)
        assert sum(line.endswith(" connected") for line in server.heard()[asked:]) == 1
        clock.move(minutes=1, seconds=30)
        assert send(database, server, clock).trouble is not None, "two minutes, the second time"
        server.teach()
        clock.move(minutes=1)
        assert send(database, server, clock).trouble is None
        with database.read() as connection:
            assert not store.breakers(connection), "all is well, and forgotten"
    assert judge(database, server).states == {"accepted": 20}


def test_a_domain_that_asked_for_less_is_left_alone_after_a_restart_by_all_dispatches(
    database: Database, tmp_path: Path
) -> None:
    clock = Clock()
    frozen(database, readers(4, "busy.example"), now=clock.now)
    other = "01KJPD5W00DISPATCH00000002"
    with plain("rcpt reply='450 4.7.28 Unusual rate of mail'", folder=tmp_path) as server:
        send(database, server, clock, connections=1)
        clock.move(seconds=1)
        frozen(
            database,
            [f"new{number}@busy.example" for number in range(4)],
            now=clock.now,
            dispatch_id=other,
            edition_id="morning-2026-03-03",
        )
        asked = len(server.heard())
        ended = send(database, server, clock, dispatch_id=other)
        assert [domain for domain, _ in ended.held] == ["busy.example"]
        assert not any("RCPT" in line for line in server.heard()[asked:])


def test_a_domain_that_was_not_believed_is_not_believed_after_a_restart(
    database: Database, tmp_path: Path
) -> None:
    clock = Clock()
    frozen(database, readers(60, "odd.example"), now=clock.now)
    with plain("rcpt reply='550 5.1.1 No such user'", folder=tmp_path) as server:
        send(database, server, clock, connections=1)
        assert suppressed(database) == guards.HARD_ROWS
        clock.move(hours=6)
        send(database, server, clock, connections=1)
    assert suppressed(database) == guards.HARD_ROWS
    assert Counter(states(database).values())["failed"] == guards.HARD_ROWS


def most_in_a_window(times: list[float], seconds: float) -> int:
    return max(sum(start <= time < start + seconds for time in times) for start in times)


@pytest.mark.parametrize("what", ["relay", "domain"])
def test_two_senders_together_never_exceed_a_rate(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Slots are counted where they are used; the server's own clock would add the way there."""
    import time

    from publisher.dispatch.pace import Pace

    used: list[float] = []
    now = Pace.now

    def noted(self: Pace) -> bool:
        if went := now(self):
            used.append(time.monotonic())
        return went

    monkeypatch.setattr(Pace, "now", noted)
    frozen(database, [*readers(30, "slow.example"), *(readers(10) if what == "domain" else [])])
    rate = {"rate": Rate(20, 0.5)} if what == "relay" else {"domain_rates": {"slow.example": Rate(20, 0.5)}}
    with plain(folder=tmp_path) as server:
        beside = [Aside(run, database, relay(server, **rate), work()) for _ in range(2)]
        for each in beside:
            each.result()
    assert judge(database, server).states == {"accepted": 40 if what == "domain" else 30}
    assert len(used) >= 30
    assert most_in_a_window(used, 0.5) <= 20


def test_connections_grow_with_what_is_accepted_and_are_halved_when_asked() -> None:
    room = Room(2, 5)
    grown = [room.accepted() for _ in range(GROWTH * 5)]
    assert (room.limit, sum(grown)) == (5, 3)
    room.slowed()
    assert room.limit == 2
    room.slowed()
    room.slowed()
    assert room.limit == 1
    assert Room(0, 8).limit == 8
    assert Room(9, 4).limit == 4


def test_a_run_begins_with_few_connections(database: Database, tmp_path: Path) -> None:
    frozen(database, readers(30), now=(clock := Clock()).now)
    with plain(folder=tmp_path) as server:
        run(database, relay(server, start=1, connections=8), work(clock=clock))
        assert {message.connection for message in server.messages()} == {1}
