"""Ctrl-C and SIGTERM on the real command: open replies are read, nobody is in doubt, 130 says that somebody waits."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from publisher.cli.exits import INTERRUPTED
from tests.commandbox import House
from tests.mailroom import keeping, mails
from tests.newsrooms import line
from tests.waiting import until

PEOPLE = 40


@pytest.fixture
def house(tmp_path: Path):
    """A newsroom with readers, and a server that answers ten of them and then holds its peace."""
    with keeping(tmp_path, "logged nth=10- do=hold") as server:
        house = House(tmp_path / "house", server.port)
        house.take_in(line(1))
        house.subscribe(*((f"reader{number}@list.example", "") for number in range(PEOPLE)))
        yield house, server


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_first_signal_drains_and_the_rest_is_resumed(house, number: signal.Signals) -> None:
    house, server = house
    with house.start("send", "morning", "--yes") as process:
        until(lambda: len(server.messages()) >= 10, process=process)
        process.send_signal(number)
        lines = iter(process.stdout.readline, "")
        heard = next((line for line in lines if "Stopping" in line), None)
        server.teach("dot wait=0.5")
        said = "".join(lines)
    assert heard is not None, said
    assert process.returncode == INTERRUPTED, said
    report = house.dispatch()
    counts = report["counts"]
    assert (report["state"], counts["uncertain"], counts["failed"]) == ("sending", 0, 0)
    assert 10 <= counts["accepted"] < PEOPLE
    assert counts["accepted"] + counts["waiting"] == PEOPLE
    assert f"`publisher dispatch resume {report['id']}` goes on" in said
    server.teach()
    assert house.run("dispatch", "resume", report["id"]).returncode == 0
    sent = mails(server)
    assert (len(sent), {len(bodies) for bodies in sent.values()}) == (PEOPLE, {1})
