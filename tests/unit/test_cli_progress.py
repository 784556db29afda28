"""The live bar fits into 80 columns, with the time left whole and who waits."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from publisher.cli import progress
from publisher.cli.context import Door
from publisher.ledger import Counts


def test_bar_of_80_columns_shows_the_time_left_and_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(progress.sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    with progress.sending(SimpleNamespace(quiet=False, say=print), "01M8C6J8YW1MPX3V9JWV07F963") as watch:
        watch.show(Counts(accepted=88_000, waiting=11_990, failed=10))
    said = terminal.getvalue()
    assert "01M8C6J8YW1M" in said
    assert "01M8C6J8YW1MPX" not in said
    assert "-:--:--" in said
    assert "waiting 11990 failed 10" in said


def test_rate_and_time_left_are_those_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a dispatch that waited for a hung relay, and goes on."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    rate_of = progress._Rate()
    assert rate_of(18) == 0
    now[0] = 100.0
    assert progress.time_left(2400, rate_of(18)) == "-:--:--"
    for second in range(1, 21):
        now[0] = 100.0 + second
        rate = rate_of(18 + 50 * second)
    assert rate == pytest.approx(50)
    assert progress.time_left(3000, rate) == "0:01:00"


def test_messages_stand_above_the_bar_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.TextIOWrapper(buffer := io.BytesIO(), encoding="utf-8", write_through=True)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(progress.sys, name, terminal)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    door = Door()
    with progress.sending(door, "01M8C6J8YW1MPX3V9JWV07F963") as watch:
        watch.show(Counts(accepted=88_000, waiting=11_990, failed=10))
        door.say("Sender process 22284 ended by signal 9.")
    said = buffer.getvalue().decode()
    before, _, after = said.partition("Sender process 22284 ended by signal 9.")
    assert before.endswith(("\r", "\x1b[2K")), "not behind the bar"
    assert after.startswith("\n")
    assert "01M8C6J8YW1M" in after, "the bar is drawn anew below"
