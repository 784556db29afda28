"""What machines ask: whether the house is ready, and its figures, which only who shows the token gets."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from publisher.desk.metrics import METRICS
from publisher.newsroom import Newsroom
from publisher.store.db import Database
from publisher.web import Shelf, application
from publisher.web.status import Status
from tests.mailroom import begun, keeping, send
from tests.newsrooms import NOW

TOKEN = "0123456789abcdef"
ROOT = Path(__file__).resolve().parents[2]


def asked(room: Newsroom, *paths: str, token: str = "", method: str = "GET") -> list[tuple[int, str]]:
    """Status and text of each answer of one server."""
    found: list[tuple[int, str]] = []

    async def ask() -> None:
        shelf = Shelf(site_url="https://front.example", hubs=())
        answers = Status(room, clock=lambda: NOW)
        app = application(shelf, clock=NOW.timestamp, fetch=None, ask=answers)
        for path in paths:
            sent = []

            async def keep(message: object, sent: list = sent) -> None:
                sent.append(message)

            headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
            await app({"raw_path": path.encode(), "method": method, "headers": headers}, None, keep)
            found.append((sent[0]["status"], sent[1]["body"].decode()))

    asyncio.run(ask())
    return found


def open_to(room: Newsroom, token: str) -> Newsroom:
    secrets = room.settings.secrets.model_copy(update={"metrics_token": SecretStr(token)})
    return replace(room, settings=replace(room.settings, secrets=secrets))


def test_ready_asks_database_and_relay_but_not_for_everybody_anew(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keeping(tmp_path) as server:
        room, _, _ = begun(database, server, "reader@list.example")
        assert asked(room, "/readyz", "/readyz", "/healthz") == [(200, "ready\n")] * 2 + [(200, "ok\n")]
        assert sum(line.endswith("connected") for line in server.heard()) == 1
    assert asked(room, "/readyz") == [(503, "not ready: relay\n")]
    if database.path is not None:  # an open file outlives its name
        database.path.rename(tmp_path / "elsewhere.sqlite3")
        shown = asked(open_to(room, TOKEN), "/readyz", "/metrics", token=TOKEN)
        assert shown[0] == (503, "not ready: database, relay\n")
        assert "publisher_database_up 0" in shown[1][1].splitlines()


def test_figures_are_told_to_who_shows_the_token_only(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, "reader@list.example", "other@list.example")
        send(room, dispatch_id)
    assert [code for code, _ in asked(room, "/metrics")] == [404]
    guarded = open_to(room, TOKEN)
    assert [code for code, _ in asked(guarded, "/metrics", token="another token that is wrong")] == [404]
    ((code, page),) = asked(guarded, "/metrics", token=TOKEN)
    assert code == 200
    assert 'publisher_deliveries{digest="morning",state="accepted"} 2' in page.splitlines()
    assert "publisher_database_up 1" in page.splitlines()
    told = set(re.findall(r"(?m)^# TYPE (\w+) gauge$", page))
    assert told <= set(METRICS)
    assert set(METRICS) - told <= {
        "publisher_dispatches",
        "publisher_suppressions",
        "publisher_source_failures",
        "publisher_source_success_timestamp_seconds",
    }
    assert len(page.splitlines()) < 80


def test_each_metric_is_explained_and_no_other() -> None:
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(?m)^\| `(publisher_\w+)`", page)) == set(METRICS)
