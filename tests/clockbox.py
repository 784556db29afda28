"""Steps of the clock on a test's newsroom, at an instant that the test sets, and accounts of what they did."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sqlalchemy import text

from publisher.daemon.rounds import Rounds
from publisher.daemon.steps import Done, Steps
from publisher.newsroom import Newsroom
from publisher.store import house
from tests.newsrooms import NOW


@dataclass
class Hands:
    """One process of `publisher run`, without its threads: `at` is its clock."""

    room: Newsroom
    now: datetime = NOW
    done: list[Done] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.steps = Steps(newsroom=self.room, clock=lambda: self.now)
        self.rounds = Rounds(steps=self.steps, tell=self.done.append)

    def at(self, now: datetime) -> list[tuple[str, str, str]]:
        """Do what is due then: (step, subject, result) of each, without those that changed nothing."""
        self.now = now
        self.done.clear()
        self.rounds.until_nothing_is_due()
        return [(done.step, done.subject, done.result) for done in self.done if done.result != "unchanged"]


def edit(path: Path, *changes: tuple[str, str]) -> None:
    """Change these words of a file; each is there."""
    words = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in words
        words = words.replace(old, new, 1)
    path.write_text(words, encoding="utf-8")


def due_now(folder: Path) -> None:
    """Let the digest of `init` have its slot ten minutes ago, and its source no address: for commands that ask the real clock."""
    slot = datetime.now(UTC) - timedelta(minutes=10)  # noqa: TID251 - the command asks it, too
    config = folder / "config"
    edit(
        config / "digests.toml",
        ('slots = ["07:00"]', f'slots = ["{slot:%H:%M}"]'),
        ('timezone = "Europe/Lisbon"', 'timezone = "UTC"'),
    )
    edit(config / "sources.toml", ('url = "https://harbour-news.example/feeds/all.rss"', ""))


def recorded(room: Newsroom, subject: str) -> list[str]:
    """What the record holds of a subject."""
    with room.database.read() as connection:
        return [row.what for row in house.events_of(connection, subject)]


def tally(room: Newsroom) -> tuple[int, int]:
    """How many digest editions there are, and how many dispatches."""
    digests = "SELECT count(*) FROM edition WHERE kind = 'digest'"
    with room.database.read() as connection:
        editions, dispatches = (
            connection.execute(text(query)).scalar_one()
            for query in (digests, "SELECT count(*) FROM dispatch")
        )
    return editions, dispatches


@dataclass
class Site:
    """A web server: what it says, and what it was asked and sent."""

    body: bytes = b""
    status: int = 200
    port: int = 0
    pages: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    posted: list[bytes] = field(default_factory=list)
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def site(body: bytes = b"", status: int = 200) -> Iterator[Site]:
    """A source on loopback until the block ends."""
    told = Site(body, status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.posted.append(body)
            told.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.do_GET()

        def do_GET(self) -> None:
            told.asked.append(self.path)
            self.send_response(told.status)
            body = told.pages.get(self.path, told.body)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the library
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()
