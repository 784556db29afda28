"""A sender that a test can kill: the real run on a real database, each life in a process of its own.

`python -m tests.crash.sender` loads everything once and then obeys lines on its standard input: `begin URL PORT CONNECTIONS
[CRASHPOINT]` begins a life and prints its process id; `end PID` waits for its end and prints `died SIGNAL` or `ended CODE`. Lives are
forked before a file is opened or a thread begun, so they share nothing; it only spares each of them the imports. SIGTERM drains.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading

from publisher import crash
from publisher.dispatch import run
from publisher.store.db import open_database
from publisher.transport import Limits, Relay, RelayOptions
from tests.dispatchbox import compiled, work

MESSAGE = compiled(size=20_000)
PATIENT = Limits(connect=60, banner=60, command=60, data=60, block=60, dot=60)
"""A server that is slow because the machine is busy must not look like one that has fallen silent."""


def live(url: str, port: int, connections: int) -> int:
    """One life: 0 when nobody waits any more, 1 when somebody does, 75 when the relay could not be used."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    database = open_database(url)
    options = RelayOptions(
        name="main",
        host="127.0.0.1",
        port=port,
        tls="none",
        helo="front.example",
        connections=connections,
        limits=PATIENT,
    )
    ended = run(database, Relay(options), work(compiled=MESSAGE, stop=stop))
    database.close()
    if ended.trouble:
        return 75
    return 1 if ended.counts.waiting else 0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Obey until the input ends."""
    for line in sys.stdin:
        order, *words = line.split()
        if order == "end":
            status = os.waitpid(int(words[0]), 0)[1]
            died = os.WIFSIGNALED(status)
            say(f"died {os.WTERMSIG(status)}" if died else f"ended {os.WEXITSTATUS(status)}")
            continue
        url, port, connections, *point = words
        child = os.fork()
        if child == 0:
            os.environ["PUBLISHER_CRASHPOINT"] = "".join(point)
            importlib.reload(crash)
            code = 70
            try:
                code = live(url, int(port), int(connections))
            finally:
                os._exit(code)
        say(str(child))


if __name__ == "__main__":
    main()
