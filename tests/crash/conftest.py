"""A fresh ledger for each test, and a run that has no time to lose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from publisher.dispatch import feed, guards, loop
from publisher.store.db import Database
from tests.crash.nursery import Nursery, opened
from tests.dispatchbox import fresh


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds in earnest takes some milliseconds here."""
    monkeypatch.setattr(guards, "PAUSE", 0.01)
    monkeypatch.setattr(guards, "PAUSE_MAX", 0.02)
    monkeypatch.setattr(loop, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(loop, "TICK", 0.02)
    monkeypatch.setattr(feed, "LOOK_AGAIN", 0.05)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with opened() as made:
        yield made


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = fresh(tmp_path)
    yield opened
    opened.close()
