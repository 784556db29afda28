"""The live bar fits into 80 columns, with the time left whole and who waits."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from publisher.cli import progress
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
