"""Sending a digest of a newspaper's size, against peers in the same run: `python -m tests.bench.dispatch`, and within `make bench`.

Ours is the whole way with the ledger, in one process: leases, marks and outcomes on a real SQLite file, each reader's own links, the
last look of the mark. Peers and the sink are asked for by name, and left out with a word where they are missing: gcc for our own sink
(`sink.c`), node with nodemailer (fetched into a folder of its own), Postfix's smtp-source and smtp-sink. A machine's pace changes from
minute to minute: ours and the peer take turns, round by round, and what is compared are the sums of the same rounds. Where mails are
signed, one process signs in as many threads as by default (`signing_threads`), and the bare signature is measured in each round, too: it
tells the ratio that could be had on one core if all else cost nothing. Two processes are measured against one with the signing done by
the loop of each, for what is told there is how processes scale; they send so many that what beginning and ending cost, a quarter of a
second, is little of it. Like the program itself, the processes look for circular garbage rarely. Each line tells messages per second, and the processor time of each,
which is what a busy machine changes least. Asserts nothing.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from publisher import dkim
from publisher.__main__ import GARBAGE
from publisher.dispatch import run, signing_threads, writer
from publisher.store.db import open_database
from publisher.transport import Relay, RelayOptions
from tests.bench import house
from tests.nginxbox import free_port

HERE = Path(__file__).parent
CONNECTIONS = 20
ROUNDS = 3
MESSAGES = 1_000_000
"""Of one connection: the peer keeps its connections, and so do we here."""
SIGNATURES = 300
OF_PROCESSES = 20_000
"""Messages that one and two processes send."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Messages, and the seconds on the wall and of the processor that they took; `ledger`: of these in commits. Peak memory in MB."""

    sent: int
    seconds: float
    processor: float
    ledger: float = 0.0
    memory: int = 0

    def __add__(self, other: Measured) -> Measured:
        """Both, one after the other."""
        return Measured(
            self.sent + other.sent,
            self.seconds + other.seconds,
            self.processor + other.processor,
            self.ledger + other.ledger,
            max(self.memory, other.memory),
        )


def main() -> None:
    """Everything that can be measured here."""
    with tempfile.TemporaryDirectory(prefix="publisher-bench-") as made:
        folder = Path(made)
        program = _built(folder)
        if program is None:
            _say("dispatch: not measured, there is no gcc to build the sink with")
            return
        modules = _nodemailer(folder)
        for signed, aim in ((False, 8), (True, 5)):
            with sink(program) as port:
                _digest(port, modules, folder, signed=signed, aim=aim)
        with sink(program) as port:
            _processes(port)
        _postfix(folder)
        for way, plain, aim in (("together", (), 250), ("one by one", ("plain",), 75)):
            with sink(program, "50", *plain) as port:
                measured = _ours(port, 1_000 if plain else 4_000, "")
            _tell(f"50 ms a reply, commands {way} (aim {aim}/s)", measured)
        with sink(program) as port:
            for readers in (10_000, 100_000):
                _say(
                    f"memory while sending {readers:,}: {_ours(port, readers, '').memory} MB at most (aim 150, flat)"
                )


def _digest(port: int, modules: Path | None, folder: Path, *, signed: bool, aim: float) -> None:
    """The whole way, and against nodemailer where it is here."""
    what = "RSA-2048" if signed else "unsigned"
    turns: list[Callable[[], Measured]] = [
        lambda: _ours(port, 1_500 if signed else 8_000, "signed" if signed else "")
    ]
    if modules:
        turns.append(lambda: _peer(port, modules, folder, signed=signed))
    if signed:
        turns.append(_signatures)
    ours, *others = _in_turns(*turns)
    _tell(f"digest, {what}, one process", ours)
    share = ours.ledger / ours.processor
    _say(f"    the ledger: {share:.0%} of the processor time (aim {15 if signed else 40} %)")
    if modules:
        _against(f"nodemailer, {what}", ours, others[0], aim)
    if signed:
        bare = others[-1]
        _tell("the bare signature", bare)
        if modules:
            wall, work = _ratios(bare, others[0])
            _say(
                f"    one core with all else for nothing would be {wall:.1f}x nodemailer, {work:.1f}x by processor time"
            )


def _processes(port: int) -> None:
    """Two senders of one dispatch against one, on a machine with a core for each."""
    one, two = _in_turns(*(lambda n=n: _together(port, OF_PROCESSES, n) for n in (1, 2)))  # type: ignore[misc]  # bound here
    _tell("digest, RSA-2048 signed by the loop, one process", one)
    _tell("the same, two processes", two)
    _say(f"    two are {(two.sent / two.seconds) / (one.sent / one.seconds):.2f}x one by the clock (aim 1.6)")


def _in_turns(*turns: Callable[[], Measured]) -> list[Measured]:
    """What each gives, summed over the rounds: all of them go through the machine's quick and slow minutes."""
    rounds = [[turn() for turn in turns] for _ in range(ROUNDS)]
    return [sum(of_one[1:], of_one[0]) for of_one in zip(*rounds, strict=True)]


def _signatures() -> Measured:
    """What signing costs by itself, with the library that we sign with."""
    key = dkim.read_key(dkim.new_key(dkim.RSA), selector="bench", algorithm=dkim.RSA)
    digested = hashlib.sha256(b"a mail").digest()
    key.sign(digested)
    began, processor = time.perf_counter(), time.process_time()
    for _ in range(SIGNATURES):
        key.sign(digested)
    return Measured(SIGNATURES, time.perf_counter() - began, time.process_time() - processor)


def _built(folder: Path) -> Path | None:
    if shutil.which("gcc") is None:
        return None
    subprocess.run(["gcc", "-O2", "-o", folder / "sink", HERE / "sink.c"], check=True)
    return folder / "sink"


@contextmanager
def sink(program: Path, *options: str) -> Iterator[int]:
    """The sink, on a free port."""
    with subprocess.Popen(
        [program, "0", *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        assert running.stdout is not None
        try:
            yield int(running.stdout.readline())
        finally:
            running.terminate()


def _ours(port: int, readers: int, way: str) -> Measured:
    """A process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "tests.bench.dispatch", str(port), str(readers), way]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _together(port: int, readers: int, senders: int) -> Measured:
    """So many processes for one dispatch, signing without threads; from the moment when all of them are ready."""
    with tempfile.TemporaryDirectory(prefix="publisher-bench-") as folder:
        house.opened(Path(folder), readers).close()
        command = [sys.executable, "-m", "tests.bench.dispatch", str(port), folder, "alone"]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        children = [subprocess.Popen(command, **pipes) for _ in range(senders)]
        for child in children:
            child.stdout.readline()  # it is ready
        began = time.perf_counter()
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        told = [json.loads(child.communicate()[0]) for child in children]
        seconds = time.perf_counter() - began
    return Measured(readers, seconds, sum(each["processor"] for each in told))


def beside(port: int, folder: str) -> None:
    """What each of them does."""
    database = open_database(f"sqlite:///{folder}/publisher.sqlite3")
    work = house.work(signed=True)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    processor = time.process_time()
    run(database, _relay(port), work)
    database.close()
    sys.stdout.write(json.dumps({"processor": time.process_time() - processor}) + "\n")


def _relay(port: int) -> Relay:
    options: dict[str, Any] = {"host": "127.0.0.1", "port": port, "tls": "none", "connections": CONNECTIONS}
    return Relay(RelayOptions(name="main", helo="front.example", messages=MESSAGES, **options))


def send(port: int, readers: int, way: str) -> None:
    """What that process does."""
    spent = [0.0]
    commit = writer.Writer._commit

    def noted(self: writer.Writer, group: Any, **how: Any) -> Any:
        began = time.thread_time()
        try:
            return commit(self, group, **how)
        finally:
            spent[0] += time.thread_time() - began

    setattr(writer.Writer, "_commit", noted)  # noqa: B010 - measured from outside, and typed as it is
    with tempfile.TemporaryDirectory(prefix="publisher-bench-") as folder:
        database = house.opened(Path(folder), readers)
        work = house.work(signed=way == "signed", signers=signing_threads() if way == "signed" else 0)
        began, processor = time.perf_counter(), time.process_time()
        ended = run(database, _relay(port), work)
        seconds, processor = time.perf_counter() - began, time.process_time() - processor
        database.close()
    assert ended.counts.accepted == readers, ended
    told = {"sent": readers, "seconds": seconds, "processor": processor, "ledger": spent[0]}
    told["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(json.dumps(told) + "\n")


def _nodemailer(folder: Path) -> Path | None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        _say("nodemailer: not measured, there is no node with npm")
        return None
    command = [
        "npm",
        "install",
        "--prefix",
        folder / "peer",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        "nodemailer",
    ]
    if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
        _say("nodemailer: not measured, npm cannot fetch it")
        return None
    row: Any = _Reader()
    message = house.message(signed=False).message(house.work(signed=False).personal(row))
    (folder / "message.eml").write_bytes(message)
    return folder / "peer"


class _Reader:
    rcpt, subscriber_id, delivery_id, message_id = "reader1@list1.example", 1, 1, "<bench@front.example>"


def _peer(port: int, modules: Path, folder: Path, *, signed: bool) -> Measured:
    count = "400" if signed else "1500"
    command = ["node", HERE / "nodemailer.mjs", count, str(CONNECTIONS), str(port), folder / "message.eml"]
    done = subprocess.run(
        [*command, *(["dkim"] if signed else [])],
        env=os.environ | {"NODE_MODULES_DIR": str(modules)},
        capture_output=True,
        text=True,
        check=True,
    )
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _postfix(folder: Path) -> None:
    """Against Postfix's own source, both into Postfix's own sink."""
    programs = {
        name: shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
        for name in ("smtp-source", "smtp-sink")
    }
    if not all(programs.values()):
        _say("smtp-source: not measured, Postfix's programs are missing")
        return
    port, count = free_port(), 3_000
    as_nobody = ["-u", "nobody"] if os.getuid() == 0 else []
    command = [str(programs["smtp-sink"]), *as_nobody, f"127.0.0.1:{port}", "1000"]
    with subprocess.Popen(command, cwd=folder) as running:
        try:
            time.sleep(0.5)
            ours, peer = _in_turns(lambda: _ours(port, count, ""), lambda: _source(port, count))
            _tell("digest, unsigned, into smtp-sink", ours)
            _against("smtp-source", ours, peer, 0.9)
        finally:
            running.send_signal(signal.SIGTERM)


def _source(port: int, count: int) -> Measured:
    """Postfix's own client."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    size = ["-l", str(house.SIZE + 12_000), "-s", str(CONNECTIONS), "-m", str(count), "-d"]
    addresses = ["-f", "bounce@front.example", "-t", "reader@list.example"]
    program = shutil.which("smtp-source", path=f"{os.environ['PATH']}:/usr/sbin")
    subprocess.run([str(program), *size, *addresses, f"127.0.0.1:{port}"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(count, time.perf_counter() - began, spent)


def _against(name: str, ours: Measured, peer: Measured, aim: float) -> None:
    wall, work = _ratios(ours, peer)
    _tell(name, peer)
    _say(f"    ours is {wall:.1f}x that by the clock (aim {aim}), {work:.1f}x by processor time")


def _ratios(ours: Measured, peer: Measured) -> tuple[float, float]:
    """How many times the peer's pace ours is, by the clock and by processor time."""
    wall = (ours.sent / ours.seconds) / (peer.sent / peer.seconds)
    return wall, (ours.sent / ours.processor) / (peer.sent / max(peer.processor, 1e-9))


def _tell(what: str, measured: Measured) -> None:
    rate, work = measured.sent / measured.seconds, measured.processor / measured.sent * 1e6
    _say(f"{what:<46}{rate:>8,.0f} /s   {work:>6,.0f} us of processor time each")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        gc.set_threshold(GARBAGE, *gc.get_threshold()[1:])
        if sys.argv[3] == "alone":
            beside(int(sys.argv[1]), sys.argv[2])
        else:
            send(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
    else:
        main()
