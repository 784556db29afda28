"""A client of readers' pages without a browser: requests to the application itself, and what comes back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from publisher.newsroom import Newsroom
from publisher.web.readers import reader_pages
from tests.newsrooms import NOW

URLENCODED = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Page:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Client:
    """Somebody who asks; `at` is what the clock of the pages shows."""

    room: Newsroom
    at: datetime = NOW
    address: str = "198.51.100.7"
    app: Callable = field(init=False)

    def __post_init__(self) -> None:
        self.app = reader_pages(self.room, root="https://front.example", clock=lambda: self.at)

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes = b"",
        kind: str = URLENCODED,
        headers: Sequence[tuple[str, str]] = (),
    ) -> Page:
        said: list[dict] = []

        async def receive() -> dict:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict) -> None:
            said.append(message)

        path, _, query = path.removeprefix("https://front.example").partition("?")
        sent = [("content-type", kind), *headers] if method == "POST" else list(headers)
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent],
            "client": (self.address, 4711),
            "server": ("front.example", 80),
        }
        asyncio.run(self.app(scope, receive, send))
        headers_ = {name.decode(): value.decode() for name, value in said[0]["headers"]}
        return Page(said[0]["status"], headers_, b"".join(m.get("body", b"") for m in said[1:]))

    def post(self, path: str, *fields: tuple[str, str]) -> Page:
        return self.ask(path, "POST", urlencode(fields).encode())

    def join(self, email: str, *fields: tuple[str, str]) -> Page:
        """Read the form, take as long as a person does, and send it."""
        token = re.search(r'name="form" value="([^"]+)"', self.ask("/subscribe").text)[1]
        self.at += timedelta(seconds=20)
        return self.post("/subscribe", ("email", email), ("form", token), *fields)
