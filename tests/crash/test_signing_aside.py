"""Signatures that are made in threads: no mail leaves without its own, and whatever happens meanwhile loses nobody."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from publisher import dkim
from publisher.dispatch import making, run, signing, signing_threads
from publisher.render import message
from publisher.store.db import Database
from publisher.transport.wire import Wire
from tests.crash.faultbox import judge, plain
from tests.dispatchbox import (
    HEADERS,
    NOW,
    SEED,
    fresh,
    frozen,
    history,
    readers,
    relay,
    rendered,
    states,
    work,
)
from tests.dkimbox import BOTH, DOMAIN, published, verified
from tests.smtpd import Server
from tests.waiting import Aside, until


class SlowSeal:
    """Signs a mail with a line that names its reader, once it is let; `sour`: those whose signature fails, and how."""

    slow, size = True, 40

    def __init__(self) -> None:
        self.let = threading.Event()
        self.sour: dict[bytes, Exception] = {}

    def over(self, _layout: Sequence[bytes | None]) -> SlowSeal:
        return self

    def __call__(self, pieces: Sequence[bytes]) -> bytes:
        return self.begin(pieces)()

    def begin(self, pieces: Sequence[bytes]) -> Callable[[], bytes]:
        to = b"".join(pieces).partition(b"\r\nTo: ")[2].partition(b"\r\n")[0]

        def make() -> bytes:
            assert self.let.wait(60)
            if to in self.sour:
                raise self.sour[to]
            return (b"Signed-For: " + to).ljust(self.size - 2) + b"\r\n"

        return make


@pytest.fixture
def seal() -> Iterator[SlowSeal]:
    made = SlowSeal()
    yield made
    made.let.set()
    assert not [thread for thread in threading.enumerate() if thread.name == "signer"]


def signing_work(seal: SlowSeal, **changes: Any) -> Any:
    compiled = message.compile(rendered(), HEADERS, seed=SEED, sign=seal.over)
    return work(compiled=compiled, **({"signers": 2} | changes))


def raws(server: Server) -> dict[str, bytes]:
    return {taken.rcpt: (server.folder / f"{taken.n:06d}.eml").read_bytes() for taken in server.messages()}


def test_mails_are_the_same_whoever_signs_them(tmp_path: Path) -> None:
    """One of a size that is written in blocks, too, and over a relay that wants a line of its own on top."""
    signer = dkim.Signer(BOTH, DOMAIN, NOW)
    got = []
    for number, (size, stamp) in enumerate([(0, None), (90_000, lambda sender: b"X-Relay: 1\r\n")]):
        compiled = message.compile(rendered(size=size), HEADERS, seed=SEED, sign=signer.over)
        for signers in (0, 2):
            folder = tmp_path / f"{number}{signers}"
            folder.mkdir()
            database = fresh(folder)
            frozen(database, readers(6))
            with plain(folder=folder, keep=True) as server:
                ended = run(database, relay(server, stamp=stamp), work(compiled=compiled, signers=signers))
                assert ended.counts.accepted == 6
                got.append(raws(server))
            database.close()
    assert got[0] == got[1]
    assert got[2] == got[3]
    for sent in (got[1], got[3]):
        assert {tuple(verified(mail, published(*BOTH))) for mail in sent.values()} == {(True, True)}


def test_gate_is_shown_what_leaves_signature_and_all(
    database: Database, tmp_path: Path, seal: SlowSeal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "READ_BACK", 7)
    shown: list[bytes] = []
    seal.let.set()
    frozen(database, readers(30))
    with plain(folder=tmp_path, keep=True) as server:
        given = signing_work(seal, read_back=lambda _key, raw: shown.append(raw))
        assert run(database, relay(server), given).counts.accepted == 30
        sent = raws(server)
    assert all(raw.startswith(b"Signed-For: " + to.encode()) for to, raw in sent.items())
    assert len(shown) == 1 + 30 // 7
    assert set(shown) <= set(sent.values())


def test_what_cannot_be_signed_fails_by_itself_and_is_not_sent(
    database: Database, tmp_path: Path, seal: SlowSeal
) -> None:
    frozen(database, readers(20))
    bad = [readers(20)[number] for number in (3, 4, 9)]
    seal.sour = {to.encode(): ValueError("no such key") for to in bad}
    seal.let.set()
    with plain(folder=tmp_path) as server:
        ended = run(database, relay(server), signing_work(seal))
        assert not {taken.rcpt for taken in server.messages()} & set(bad)
    assert (ended.counts.accepted, ended.counts.failed, ended.counts.waiting) == (17, 3, 0)
    assert {history(database, to)[-1].cause for to in bad} == {"render: no such key"}
    judge(database, server)


def test_fault_of_ours_ends_the_run_and_loses_nobody(
    database: Database, tmp_path: Path, seal: SlowSeal
) -> None:
    frozen(database, readers(20))
    seal.sour = {readers(20)[7].encode(): RuntimeError("a bug")}
    seal.let.set()
    with plain(folder=tmp_path) as server:
        with pytest.raises(RuntimeError, match="a bug"):
            run(database, relay(server), signing_work(seal))
        assert states(database)[readers(20)[7]] == "queued"
        seal.sour.clear()
        assert run(database, relay(server), signing_work(seal)).counts.accepted == 20
    assert judge(database, server).doubles == 0


@pytest.mark.parametrize("drain", [60.0, 0.0], ids=["drained", "dropped"])
def test_nothing_leaves_before_its_signature_and_a_stop_meanwhile_loses_nobody(
    database: Database, tmp_path: Path, seal: SlowSeal, monkeypatch: pytest.MonkeyPatch, drain: float
) -> None:
    """Four connections wait for a signature; `dropped` ends them before it is there."""
    written: list[int] = []
    put_all = Wire.put_all

    def note(self: Wire, pieces: Sequence[bytes], size: int, *, more: bool) -> None:
        written.append(size)
        put_all(self, pieces, size, more=more)

    monkeypatch.setattr(Wire, "put_all", note)
    monkeypatch.setattr(
        message.Compiled, "message", lambda *_: b""
    )  # what the gate reads first needs no signature
    stop = threading.Event()
    frozen(database, readers(20))
    with plain(folder=tmp_path) as server:
        sending = Aside(run, database, relay(server), signing_work(seal, stop=stop, drain=drain))
        until(lambda: sum("DATA" in line for line in server.heard()) == 4, thread=sending)
        stop.set()
        if not drain:
            until(lambda: sum("lost" in line for line in server.heard()) == 4, thread=sending)
        assert not written
        seal.let.set()
        ended = sending.result()
        assert ended.counts.accepted == len(server.messages()) == len(written)
        assert (ended.counts.accepted > 0, ended.counts.uncertain) == (drain > 0, 0)
        assert run(database, relay(server), signing_work(seal)).counts.accepted == 20
    assert judge(database, server).doubles == 0


@pytest.mark.parametrize(
    ("cores", "senders", "wanted"),
    [(1, 1, 0), (2, 1, 2), (2, 2, 0), (4, 2, 2), (4, 3, 0), (64, 1, signing.MOST)],
)
def test_threads_are_as_many_as_cores_fall_to_a_sender(
    monkeypatch: pytest.MonkeyPatch, cores: int, senders: int, wanted: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert signing_threads(senders) == wanted
