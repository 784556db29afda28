"""The process that senders' lives are forked from, and a life as a test holds it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from publisher.store.db import Database
from tests.crash.checker import open_marks
from tests.smtpd import Server

ROOT = Path(__file__).resolve().parents[2]


class Nursery:
    """See `tests.crash.sender`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line, "the nursery is gone"
        return line


@contextmanager
def opened() -> Iterator[Nursery]:
    """A nursery, which must end well."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crash.sender"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Nursery(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


@dataclass(slots=True)
class Lives:
    """A sender that lives, dies and is started again, one life at a time; several of them may live beside each other."""

    nursery: Nursery
    database: Database
    server: Server
    connections: int
    pid: int = 0

    def begin(self, crashpoint: str = "") -> None:
        url = self.database.url.render_as_string(hide_password=False)
        self.nursery.say(f"begin {url} {self.server.port} {self.connections} {crashpoint}")
        self.pid = int(self.nursery.hear())

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal; to one that has ended already, nothing."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def end(self) -> str:
        """`died 9`, or `ended 0`. What a life leaves at the dot is at most one row for each of its connections."""
        self.nursery.say(f"end {self.pid}")
        said = self.nursery.hear()
        for worker, left in open_marks(self.database).items():
            assert left <= self.connections, f"{worker} left {left} rows at the dot"
        return said
