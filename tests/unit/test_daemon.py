"""What the clock's door logs, and how its process ends."""

from __future__ import annotations

import json
import logging
import signal
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from publisher import daemon
from publisher.cli import logs
from publisher.daemon import process, telling
from tests.clockbox import due_now, edit
from tests.commands import Room, room
from tests.newsrooms import line


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Room:
    """A newsroom with one source that is fed from files, whose digest was due ten minutes ago."""
    made = room(tmp_path / "house", capsys)
    due_now(made.folder)
    config = made.folder / "config"
    edit(
        config / "publisher.toml",
        ('host = "smtp.news.example"', 'host = "127.0.0.1"'),
        ("port = 587", "port = 1\ntls = 'none'"),
    )
    return made


def steps(said: Any) -> dict[str, str]:
    return {row["step"]: row["result"] for row in said.data["items"]}


def test_once_with_nothing_to_publish_says_so_once_and_is_no_failure(run: Room):
    said = run("--json", "run", "--once")
    assert (said.code, steps(said)["make"]) == (0, "skipped")
    again = run("--json", "run", "--once")
    assert (again.code, "make" in steps(again)) == (0, False)


def test_a_folder_that_had_to_be_made_is_told(run: Room):
    """A mistyped name looks like an agency that sends nothing."""
    path = run.folder / "config" / "sources.toml"
    source = '\n[[source]]\nslug = "drop"\nname = "Drop"\nhomepage = "https://drop.example/"\nformat = "auto"\nfolder = "../dorp"\n'
    path.write_text(path.read_text() + source)
    polls = [row for row in run("--json", "run", "--once").data["items"] if row["step"] == "poll"]
    (told,) = [row for row in polls if row["subject"] == "drop"]
    assert told["result"] == "done"
    assert "which was not there" in told["said"]


def test_once_tells_that_the_relay_cannot_be_used_and_sends_nothing(run: Room):
    run.ingest(line(1))
    run("subscriber", "add", "reader@list.example", "--digest", "morning", "--basis", "asked")
    said = run("--json", "run", "--once")
    assert said.code == 75
    assert steps(said) == {
        "late": "said",
        "make": "done",
        "build": "done",
        "send": "done",
        "dispatch": "failed",
    }
    (row,) = [row for row in said.data["items"] if row["step"] == "dispatch"]
    assert (row["code"], row["waiting"], row["bad"]) == ("relay-unavailable", 1, True)
    assert "step=dispatch" in said.err


def test_once_says_what_it_did_and_quietly_only_what_went_wrong(run: Room):
    run.ingest(line(1))
    said = run("run", "--once")
    assert "step=make subject=morning-" in said.out
    assert "result=unsent" in said.err  # nobody gets the digest yet
    assert said.code == 3
    quiet = run("-q", "run", "--once")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_once_serves_no_web(run: Room):
    assert run("run", "--once", "--port", "0").code == 2


def test_an_interval_is_a_minute_at_least_and_a_lead_a_day_at_most(run: Room):
    edit(run.folder / "config" / "sources.toml", ('#every = "5m"', 'every = "59s"'))
    edit(run.folder / "config" / "digests.toml", ('#lead = "30m"', 'lead = "25h"'))
    said = run("config", "check")
    assert said.code == 78
    assert "every" in said.err + said.out
    assert "lead" in said.err + said.out


@pytest.mark.parametrize(
    ("told", "logged"),
    [
        (
            "550 5.1.1 <reader.name+tag@list.example>: no such user",
            "550 5.1.1 <r***@list.example>: no such user",
        ),
        ("mailto:خواننده@نمونه.example,x@y.example", "mailto:خ***@نمونه.example,x***@y.example"),
        ("at the @ of nobody", "at the @ of nobody"),
    ],
)
def test_addresses_are_masked_in_what_a_relay_says(told: str, logged: str):
    assert daemon.masked(told) == logged


def test_a_step_is_one_line_whatever_was_said():
    done = daemon.Done(
        step="poll",
        subject="meridian",
        result="failed",
        said='two\nlines "quoted" of a@b.example',
        code="x",
        data={"new": 2},
    )
    assert daemon.line(done) == (
        'step=poll subject=meridian result=failed new=2 code=x said="two\\nlines \\"quoted\\" of a***@b.example"'
    )


def test_what_failed_is_a_warning_and_what_changed_nothing_is_for_the_curious(
    monkeypatch: pytest.MonkeyPatch,
):
    levels: list[int] = []
    logger = logging.getLogger("of this test")
    logger.setLevel(logging.DEBUG)
    monkeypatch.setattr(logger, "handle", lambda record: levels.append(record.levelno))
    monkeypatch.setattr(telling, "_log", logger)
    for result, bad in (("failed", True), ("done", False), ("unchanged", False)):
        telling.tell(daemon.Done(step="poll", subject="a", result=result, bad=bad))
    assert levels == [logging.WARNING, logging.INFO, logging.DEBUG]


@dataclass
class FewSteps:
    """What a process needs of its steps to end."""

    stop: threading.Event = field(default_factory=threading.Event)
    hurry: threading.Event = field(default_factory=threading.Event)


class Broken(Exception):
    """A bug."""


def test_a_json_log_has_the_facts_of_a_step_and_no_address_or_token():
    record = logging.LogRecord("publisher.daemon", logging.WARNING, "", 0, "%s", ("as a line",), None)
    record.facts = {
        "step": "dispatch",
        "waiting": 3,
        "said": "no <reader@list.example> at /u/0123456789abcdef",
    }
    told = json.loads(logs.Objects().format(record))
    assert told.pop("at").endswith("Z")
    assert told == {
        "level": "warning",
        "logger": "publisher.daemon",
        "step": "dispatch",
        "waiting": 3,
        "said": "no <r***@list.example> at /u/***",
    }


def test_a_bug_in_one_thread_stops_the_others_and_is_raised(monkeypatch: pytest.MonkeyPatch):
    ended: list[str] = []

    class Rounds:
        def __init__(self, *, steps: FewSteps, kinds: Any, tell: Any) -> None:
            self.steps, self.kinds = steps, kinds

        def until_stopped(self) -> None:
            if self.kinds is process.CLOCK:
                raise Broken
            assert self.steps.stop.wait(60)
            names = {process.SENDER: "sender", process.NOTICES: "notices", process.FOLLOWUPS: "follow-ups"}
            ended.append(names[self.kinds])

    monkeypatch.setattr(process, "Rounds", Rounds)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Broken):
        daemon.run(FewSteps(), [], say=ended.append, log_requests=False)  # type: ignore[arg-type]  # stands in
    assert sorted(ended) == ["follow-ups", "notices", "sender"]
    assert signal.getsignal(signal.SIGTERM) is before
