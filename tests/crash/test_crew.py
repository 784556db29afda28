"""`--workers`: the real command with senders of its own, which are replaced when they die, and stopped with it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from sqlalchemy import text

from publisher.cli.exits import INTERRUPTED
from publisher.store.db import Database, open_database
from tests.commandbox import House
from tests.mailroom import keeping
from tests.newsrooms import line
from tests.waiting import until

PEOPLE = 401
"""Three chunks: there is something to share."""
SPARE = '[[relay]]\nname = "spare"\nhost = "127.0.0.1"\nport = 9\ntls = "none"\n\n'
"""Where nobody answers."""


def pids(ledger: Database) -> set[int]:
    """The processes that have a part of a dispatch in hand."""
    query = "SELECT pid FROM worker WHERE id IN (SELECT worker_id FROM chunk)"
    with ledger.read() as connection:
        return set(connection.execute(text(query)).scalars())


def test_dead_sender_is_replaced_and_all_drain_with_their_parent(tmp_path: Path) -> None:
    with keeping(tmp_path, "logged nth=30- do=hold") as server:
        house = House(tmp_path / "house", server.port)
        config = house.folder / "config" / "publisher.toml"
        config.write_text(SPARE + config.read_text())
        house.take_in(line(1))
        house.subscribe(*((f"reader{number}@list.example", "") for number in range(PEOPLE)))
        ledger = open_database(f"sqlite:///{house.folder / 'var' / 'publisher.sqlite3'}")
        with house.start("send", "morning", "--yes", "--workers", "2") as process:
            until(lambda: len(pids(ledger)) == 2 and bool(server.held), process=process)
            at_work = pids(ledger)
            os.kill(min(at_work), signal.SIGKILL)
            until(lambda: len(pids(ledger) - {min(at_work)}) == 2, process=process)
            process.send_signal(signal.SIGTERM)
            said = ""
            while "Stopping" not in said:
                said += process.stdout.readline()
            server.teach("dot wait=0.3")
            said += process.stdout.read()
        assert (process.returncode, len(at_work)) == (INTERRUPTED, 2), said
        ledger.close()
        assert process.pid not in at_work
        assert "another one takes its place" in said
        assert "Relay spare could not be used: " in said
        report = house.dispatch()
        assert (report["workers"], report["counts"]["uncertain"], report["counts"]["failed"]) == ([], 0, 0)
        assert 0 < report["counts"]["waiting"] < PEOPLE
        server.teach()
        assert house.run("worker", "--once").returncode == 0
    copies = [message.rcpt for message in server.messages()]
    assert len(set(copies)) == house.dispatch()["counts"]["accepted"] == PEOPLE
    assert len(copies) <= PEOPLE + 8
