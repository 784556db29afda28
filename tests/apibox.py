"""A newsroom with a bit of everything behind its HTTP API, and a program that asks it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from publisher.desk import access
from publisher.newsroom import Newsroom
from publisher.store.db import Database
from publisher.web.api import api
from tests.mailroom import begun
from tests.newsrooms import NOW
from tests.readerpages import Client, Page

READERS = ("ada@list.example", "bo@list.example", "cy@list.example")


def house(database: Database) -> Newsroom:
    """Three readers, two stories, an edition and its dispatch, not sent."""
    return begun(database, None, *READERS, stories=2)[0]


def token(room: Newsroom, name: str, *scopes: str, **more: Any) -> str:
    given = {"expires_at": None, "actor": "test", "now": NOW} | more
    return access.add(room, name, scopes=scopes or access.SCOPES, **given)


class Program(Client):
    """Asks with a token."""

    token: str = ""

    def __post_init__(self) -> None:
        self.app = api(self.room, root="https://front.example", clock=lambda: self.at)

    def call(
        self, method: str, path: str, body: Any = None, *headers: tuple[str, str], token: str | None = None
    ) -> Page:
        shown = self.token if token is None else token
        sent: Sequence[tuple[str, str]] = [
            *headers,
            *([("authorization", f"Bearer {shown}")] if shown else []),
        ]
        raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if method != "POST":
            sent = [("content-type", "application/json"), *sent] if raw else sent
        return self.ask(f"/api/v1{path}", method, raw, "application/json", sent)
