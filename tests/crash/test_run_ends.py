"""The real process of `publisher run`, stopped and killed in the middle of a dispatch: it drains, hurries, or is gone, and nobody is lost."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from publisher.cli.exits import INTERRUPTED
from tests.clockbox import due_now
from tests.commandbox import House
from tests.mailroom import keeping, mails
from tests.newsrooms import line
from tests.smtpd import Server
from tests.waiting import SECONDS, until
from tests.webbox import ask

PEOPLE = 40


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A relay that answers ten mails and then holds its peace."""
    with keeping(tmp_path, "logged nth=10- do=hold") as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, server: Server) -> House:
    """A newsroom with readers, a story, and a digest that was due ten minutes ago."""
    house = House(tmp_path / "house", server.port)
    due_now(house.folder)
    house.take_in(line(1))
    house.subscribe(*((f"reader{number}@list.example", "") for number in range(PEOPLE)))
    return house


class Running:
    """A process and the lines that it has logged so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._threads = [
            threading.Thread(
                target=lambda stream=stream: self.lines.extend(iter(stream.readline, "")), daemon=True
            )
            for stream in (process.stdout, process.stderr)
        ]
        for thread in self._threads:
            thread.start()

    def said(self, words: str) -> bool:
        return any(words in line for line in self.lines)

    def end(self) -> int:
        """Its exit code, once it has come to its end."""
        code = self.process.wait(SECONDS)
        for thread in self._threads:
            thread.join(SECONDS)
        return code


@contextmanager
def running(house: House, *options: str) -> Iterator[Running]:
    with house.start("run", *options) as process:
        try:
            yield Running(process)
        finally:
            if process.poll() is None:
                process.kill()


def everybody_got_one(house: House, server: Server) -> None:
    done = house.run("run", "--once")
    assert done.returncode == 0, done.stdout + done.stderr
    sent = mails(server)
    assert (len(sent), {len(bodies) for bodies in sent.values()}) == (PEOPLE, {1})


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, INTERRUPTED)], ids=["term", "int"]
)
def test_a_signal_drains_and_leaves_nobody_in_doubt(house: House, server: Server, number, code) -> None:
    with running(house, "--no-web") as run:
        until(lambda: len(server.messages()) >= 10, process=run.process)
        run.process.send_signal(number)
        until(lambda: run.said("Stopping"), process=run.process)
        server.teach("dot wait=0.2")
        assert run.end() == code, run.lines
    assert not run.said("Traceback")
    counts = house.dispatch()["counts"]
    assert (counts["uncertain"], counts["failed"]) == (0, 0)
    assert 10 <= counts["accepted"] < PEOPLE
    assert counts["accepted"] + counts["waiting"] == PEOPLE
    server.teach()
    everybody_got_one(house, server)


def test_a_second_signal_drops_connections_and_names_those_in_doubt(house: House, server: Server) -> None:
    with running(house, "--no-web") as run:
        until(lambda: len(server.messages()) >= 10, process=run.process)
        run.process.send_signal(signal.SIGTERM)
        until(lambda: run.said("Stopping"), process=run.process)
        run.process.send_signal(signal.SIGTERM)
        assert run.end() == 0, run.lines
    assert run.said("Hurrying")
    report = house.dispatch()
    doubtful = house.data("dispatch", "resolve", report["id"])["items"]
    assert 1 <= len(doubtful) <= 8
    assert report["counts"]["accepted"] + report["counts"]["waiting"] == PEOPLE


def test_after_a_kill_the_next_start_goes_on_by_itself(house: House, server: Server) -> None:
    with running(house, "--no-web") as run:
        until(lambda: len(server.messages()) >= 10, process=run.process)
        run.process.kill()
        assert run.end() == -signal.SIGKILL
    server.teach()
    with running(house, "--no-web") as again:
        until(lambda: again.said("step=dispatch"), process=again.process)
        again.process.send_signal(signal.SIGTERM)
        assert again.end() == 0
    counts = house.dispatch()["counts"]
    assert (counts["accepted"], counts["uncertain"], counts["waiting"]) == (PEOPLE, 0, 0)
    assert set(mails(server)) == {f"reader{number}@list.example" for number in range(PEOPLE)}
    assert len(house.data("dispatch", "list")["items"]) == 1


def test_the_web_answers_while_mail_is_sent_and_until_it_has_drained(house: House, server: Server) -> None:
    with running(house, "--port", "0") as run:
        until(lambda: len(server.messages()) >= 10 and run.said("http://127.0.0.1:"), process=run.process)
        port = int(next(found[1] for text in run.lines if (found := re.search(r"127\.0\.0\.1:(\d+)/", text))))
        until(lambda: run.said("step=build"), process=run.process)
        run.process.send_signal(signal.SIGTERM)
        until(lambda: run.said("Stopping"), process=run.process)
        assert ask(port, "/healthz").status == 200
        server.teach()
        assert run.end() == 0, run.lines
    assert run.said("Stopped.")
    assert house.dispatch()["counts"]["uncertain"] == 0


def test_two_processes_on_one_database_send_each_mail_once(house: House, server: Server) -> None:
    server.teach()
    with running(house, "--no-web") as one, running(house, "--no-web") as other:
        until(lambda: len(mails(server)) == PEOPLE, process=one.process)
        for run in (one, other):
            run.process.send_signal(signal.SIGTERM)
        assert [one.end(), other.end()] == [0, 0], (one.lines, other.lines)
    assert {len(bodies) for bodies in mails(server).values()} == {1}
    assert len(house.data("dispatch", "list")["items"]) == 1
    assert len(house.data("edition", "list")["items"]) == 1
    assert house.dispatch()["counts"]["uncertain"] == 0
