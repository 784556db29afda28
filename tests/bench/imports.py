"""A list of readers taken in, against reading it alone: `python -m tests.bench.imports [LINES] [URL]`, and within `make bench`.

The peer reads the same file with `csv.reader`, makes each address small and matches it with the expression that web forms check addresses
with (WHATWG). Ours is the command `publisher subscriber import` as a person runs it, in a process of its own and on an empty house: every
check, the address keys, readers, subscriptions and the list's evidence. What it costs to start is measured by a list of nobody and
taken off. Then the same list comes once more, when everybody in it is known. The peer runs before and after each import, for a machine's
pace changes: what it took is the mean of both. Times are on the clock, which others who use the machine make longer, and of the
processor, of a database server's, too. At last the rows alone: the readers and subscriptions that came in, copied into the same tables by two
statements, which is the least that any import has to spend on the database. URL: an empty PostgreSQL database; without one it is SQLite, and then
PostgreSQL as the tests have it, but that a commit is on the disk. Asserts that the counts add up, and nothing else.
"""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url

from publisher.cli import publisher
from publisher.cli.exits import told
from publisher.store.db import open_database
from tests.contract.conftest import postgresql, run_outside_transaction

LINES = 200_000
AIMS = {"SQLite": 8, "PostgreSQL": 12}
WEB_FORM = re.compile(
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of our processor time, of the database server's, and on the clock; memory at most in MB."""

    ours: float
    server: float
    clock: float
    memory: int = 0

    @property
    def processor(self) -> float:
        return self.ours + self.server

    def less(self, start: Spent) -> Spent:
        """Without what the start takes."""
        return Spent(
            self.ours - start.ours, self.server - start.server, self.clock - start.clock, self.memory
        )


def main(lines: int = LINES, url: str = "") -> None:
    """Measure, and say it."""
    with tempfile.TemporaryDirectory(prefix="publisher-bench-") as made:
        folder = Path(made)
        path = folder / "readers.csv"
        _write(path, lines)
        sys.stdout.write(
            f"import of {lines:,} lines of {path.stat().st_size / lines:.0f} bytes, in us a line and times what the peer took "
            "(csv, lower and a web form's expression), on the clock and of the processor\n"
        )
        if not url:
            _measure(folder / "sqlite", path, lines, "SQLite", "")
            with contextmanager(postgresql.__wrapped__)() as server:  # type: ignore[attr-defined]  # the fixture's own function
                reset = (f"ALTER SYSTEM RESET {name}" for name in ("fsync", "synchronous_commit"))
                run_outside_transaction(server, *reset, "SELECT pg_reload_conf()")
                _measure(folder / "postgresql", path, lines, "PostgreSQL", server.render_as_string(False))
        else:
            _measure(folder / "postgresql", path, lines, "PostgreSQL", url)


def _measure(folder: Path, path: Path, lines: int, name: str, url: str) -> None:
    house = ["--config", str(folder / "config"), "--json", "subscriber", "import"]
    with redirect_stdout(io.StringIO()):
        assert told(publisher, ["init", str(folder)]) == 0
    nobody = folder / "nobody.csv"
    nobody.write_text("email\n", encoding="utf-8")
    _command(["--config", str(folder / "config"), "db", "upgrade"], url)
    _, start = _import(house, nobody, url)
    peers = [_peer(path)]
    first, fresh = _import(house, path, url)
    peers.append(_peer(path))
    again, known = _import(house, path, url)
    peers.append(_peer(path))
    assert (first["added"], again["known"]) == (lines, lines), (first, again)
    for what, spent, before, after in (
        ("an empty house", fresh, *peers[:2]),
        ("all known already", known, *peers[1:]),
        ("the rows alone", _rows_alone(folder, url), *peers[1:]),
    ):
        took = spent if what == "the rows alone" else spent.less(start)
        peer = Spent((before.ours + after.ours) / 2, 0, (before.clock + after.clock) / 2)
        of_server = f" (server {took.server / lines * 1e6:.2f})" if url else ""
        memory = f", {took.memory} MB" if took.memory else ""
        sys.stdout.write(
            f"  {f'{name}, {what}':<30} {took.clock / lines * 1e6:>6.2f} on the clock, {took.clock / peer.clock:>4.1f}x (aim {AIMS[name]}x)"
            f"   {took.processor / lines * 1e6:>6.2f}{of_server} of the processor, {took.processor / peer.ours:>4.1f}x"
            f"   peer {peer.clock / lines * 1e6:.2f}, {peer.ours / lines * 1e6:.2f}{memory}\n"
        )


def _peer(path: Path) -> Spent:
    """The least that anybody does."""
    began, clock, good = time.process_time(), time.perf_counter(), 0
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            if WEB_FORM.fullmatch(row[0].lower()):
                good += 1
    assert good
    return Spent(time.process_time() - began, 0, time.perf_counter() - clock)


def _rows_alone(folder: Path, url: str) -> Spent:
    """The readers and subscriptions that are there, written once more into their emptied tables."""
    database = open_database(url or f"sqlite:///{folder / 'var' / 'publisher.sqlite3'}")
    try:
        with database.pinned() as (write, _):
            with write() as connection:
                for table in ("subscriber", "subscription"):
                    connection.execute(text(f"CREATE TEMPORARY TABLE kept_{table} AS SELECT * FROM {table}"))  # noqa: S608 - names of ours
                connection.execute(text("DELETE FROM subscription"))
                connection.execute(text("DELETE FROM subscriber"))
            if url:
                with database.session() as connection:
                    connection.execute(text("VACUUM subscriber, subscription"))
            server, began, clock = _of_server(url), time.process_time(), time.perf_counter()
            with write() as connection:
                for table in ("subscriber", "subscription"):
                    connection.execute(text(f"INSERT INTO {table} SELECT * FROM kept_{table}"))  # noqa: S608 - names of ours
            took, ours = time.perf_counter() - clock, time.process_time() - began
        return Spent(ours, _of_server(url) - server, took)
    finally:
        database.close()


def _import(house: list[str], path: Path, url: str) -> tuple[dict[str, int], Spent]:
    """What an import says, and what it took."""
    server, began = _of_server(url), time.perf_counter()
    said, used = _command([*house, str(path), "--digest", "morning", "--basis", "measured"], url)
    took = time.perf_counter() - began
    server = _of_server(url) - server
    answer: dict[str, int] = json.loads(said)
    return answer, Spent(used.ru_utime + used.ru_stime, server, took, used.ru_maxrss // 1024)


def _command(arguments: list[str], url: str) -> tuple[str, resource.struct_rusage]:
    """What a command says, and what it used."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PUBLISHER_")}
    if url:
        environment["PUBLISHER_STORE__URL"] = url
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        process = subprocess.Popen(
            [sys.executable, "-m", "publisher", *arguments], env=environment, stdout=said, stderr=complained
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        for file in (said, complained):
            file.seek(0)
        assert process.returncode == 0, complained.read()
        return said.read(), used


def _of_server(url: str) -> float:
    """Seconds of processor time that the server of this URL and its processes have taken so far, those that have ended included; 0 of one that is not here."""
    if not url:
        return 0.0
    postmaster = Path(str(make_url(url).query.get("host", "")), "postmaster.pid")
    if not postmaster.is_file():
        return 0.0
    time.sleep(0.2)  # the process that served us ends after us
    pid = postmaster.read_text("utf-8").split()[0]
    ticks = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if pid in {process.name, fields[1]}:
            ticks += sum(map(int, fields[11 : 15 if process.name == pid else 13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _write(path: Path, lines: int) -> None:
    """A list as other programs export it: a name in quotes where it holds a comma, some capitals, many at few providers."""

    drawn = random.Random(1)  # noqa: S311 - invented readers, the same in every run
    syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "ar", "en", "il")]
    providers = [f"{drawn.choice(syllables)}mail{number}.example" for number in range(12)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["email", "name", "language", "sections", "joined"])
        writer.writerows(_rows(drawn, syllables, providers, lines))


def _rows(
    drawn: random.Random, syllables: list[str], providers: list[str], lines: int
) -> Iterator[tuple[str, ...]]:
    for number in range(lines):
        first, last = ("".join(drawn.choices(syllables, k=2)).capitalize() for _ in range(2))
        house = (
            drawn.choice(providers) if drawn.random() < 0.7 else f"house-{drawn.randrange(10_000)}.example"
        )
        local = f"{first}.{last}{number:x}"
        name = f"{last}, {first}" if drawn.random() < 0.1 else f"{first} {last}"
        chosen = drawn.choice(["", "world", "business world", "latest"])
        joined = f"20{drawn.randint(10, 25)}-{drawn.randint(1, 12):02}-{drawn.randint(1, 28):02}"
        yield f"{local if drawn.random() < 0.1 else local.lower()}@{house}", name, "en", chosen, joined


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else LINES, *sys.argv[2:3])
