"""What comes next is prepared while a commit is waited for, each mail once; chunks are closed with the next lease."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from publisher import dkim
from publisher.dispatch import feed, run, writer
from publisher.render import message
from publisher.store import deliveries
from publisher.store.db import Database
from publisher.store.deliveries import Row
from publisher.store.schema import chunk
from tests.crash.checker import check
from tests.dispatchbox import DISPATCH, HEADERS, NOW, SEED, frozen, personal, readers, relay, rendered, work
from tests.smtpd import Server


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """How many commits are under way, as a list of as many; and of each that was made, how many acts were asked for with it."""
    under_way: list[bool] = []
    commit = writer.Writer._commit

    def noted(self: writer.Writer, group: Any, *, wait: bool = True) -> Any:
        under_way.append(True)
        try:
            return commit(self, group, wait=wait)
        finally:
            under_way.pop()

    monkeypatch.setattr(writer.Writer, "_commit", noted)
    return under_way


class Asked:
    """`personal`, and in which thread it was asked for each row, and whether a commit was under way."""

    def __init__(self, commits: list[bool]) -> None:
        self._commits, self._own = commits, threading.get_ident()
        self.times: Counter[int] = Counter()
        self.beside: set[int] = set()
        self.outside: set[int] = set()

    def __call__(self, row: Row) -> message.Personal:
        self.times[row.delivery_id] += 1
        if threading.get_ident() != self._own:
            (self.beside if self._commits else self.outside).add(row.delivery_id)
        return personal(row)


def test_mails_are_made_once_and_beside_a_commit_where_the_connections_wait_for_it(
    database: Database, tmp_path: Path, commits: list[bool]
) -> None:
    frozen(database, readers(300))
    asked = Asked(commits)
    with Server(folder=tmp_path, starttls=False) as server:
        ended = run(database, relay(server), work(personal=asked))
        verdict = check(database, server.messages(), dispatch_id=DISPATCH, connections=4)
    assert ended.counts.accepted == 300
    assert verdict.states == {"accepted": 300}
    shown = {1}  # the gate reads the first message of a variant before any leaves
    assert {row for row, times in asked.times.items() if times > 1} <= shown
    assert not asked.outside, "no other thread touches what the loop is at work with"
    assert bool(asked.beside) is (database.path is not None), "a server's commits leave the loop its own time"


def test_signatures_that_take_long_are_not_waited_for_before_a_dot(
    database: Database, tmp_path: Path, commits: list[bool]
) -> None:
    frozen(database, readers(60))
    asked = Asked(commits)
    key = dkim.read_key(dkim.new_key(dkim.RSA), selector="news", algorithm=dkim.RSA)
    signed = message.compile(
        rendered(), HEADERS, seed=SEED, sign=dkim.Signer((key,), "front.example", NOW).over
    )
    with Server(folder=tmp_path, starttls=False) as server:
        ended = run(database, relay(server), work(compiled=signed, personal=asked, signers=0))
    assert ended.counts.accepted == 60
    assert not asked.beside


def test_a_fault_of_ours_beside_a_commit_ends_the_run_and_nobody_is_lost(
    database: Database, tmp_path: Path
) -> None:
    frozen(database, readers(300))
    own = threading.get_ident()

    def broken(row: Row) -> message.Personal:
        if row.delivery_id > 100 and (threading.get_ident() != own or database.path is None):
            raise RuntimeError("a fault of ours")
        return personal(row)

    with Server(folder=tmp_path, starttls=False) as server:
        with pytest.raises(RuntimeError, match="a fault of ours"):
            run(database, relay(server), work(personal=broken))
        run(database, relay(server), work())
        verdict = check(database, server.messages(), dispatch_id=DISPATCH, connections=4, kills=1)
    assert verdict.states == {"accepted": 300}


def test_chunks_are_closed_with_the_next_lease(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen(database, readers(1_000))
    commits: list[set[str]] = []
    commit, claim, close = writer.Writer._commit, deliveries.claim, deliveries.close_chunk

    def committed(self: writer.Writer, group: Any, *, wait: bool = True) -> Any:
        commits.append(set())
        return commit(self, group, wait=wait)

    def claimed(*given: Any, **named: Any) -> Any:
        if (lease := claim(*given, **named)) is not None:
            commits[-1].add("claim")
        return lease

    def closed(*given: Any, **named: Any) -> Any:
        commits[-1].add("close")
        return close(*given, **named)

    monkeypatch.setattr(writer.Writer, "_commit", committed)
    monkeypatch.setattr(deliveries, "claim", claimed)
    monkeypatch.setattr(deliveries, "close_chunk", closed)
    monkeypatch.setattr(feed, "LOOK_AGAIN", 60.0)
    with Server(folder=tmp_path, starttls=False) as server:
        run(database, relay(server), work())
    with database.read() as connection:
        chunks = connection.execute(chunk.select()).all()
    assert len(chunks) == 5
    assert all(each.done for each in chunks)
    acts = [act for act in commits if act]
    assert sum("claim" in act for act in acts) == 5
    assert {"close", "claim"} in acts
    assert {"close"} not in acts[: max(n for n, act in enumerate(acts) if "claim" in act)]
