"""A real `publisher serve` on a free port of loopback, a newsroom whose acts it has to follow, and a client that sees every byte."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from publisher.desk import acts, publishing, wire
from publisher.newsroom import Newsroom, open_newsroom
from publisher.settings import load, new_secrets
from tests.newsrooms import jsonl, line

CONFIG = """
[site]
name = "Example Front Page"
url = "https://front.example"
tag_authority = "front.example"
tag_date = "2026-01-01"
contact = "desk@front.example"
pages = true
[feeds]
hubs = ["https://hub.example/"]
[[disclaimer]]
id = "house"
version = 1
language = "en"
short = "The views are the source’s."
full = "Reports were retrieved from other agencies."
"""
SECTIONS = """
[[section]]
slug = "world"
title.en = "World"
any = ["category:World"]
"""
SOURCES = """
[[source]]
slug = "meridian"
name = "Meridian"
homepage = "https://meridian.example/"
format = "jsonl"
"""
MAIN = "from publisher.cli import main; main()"
PLAIN_PARTS = (
    "import importlib.util as u; real = u.find_spec\n"
    "u.find_spec = lambda name, *a: None if name in {'httptools', 'uvloop'} else real(name, *a)\n"
)
"""As on a machine without the extra `speed`."""
PATIENCE = 60.0
"""Seconds after which a machine, however busy, has failed."""


def configure(folder: Path, **files: str) -> Path:
    """A configuration of the test's newsroom in this folder."""
    config = folder / "config"
    config.mkdir(parents=True)
    texts = {"publisher": CONFIG, "sections": SECTIONS, "sources": SOURCES, "digests": ""} | files
    for name, text in texts.items():
        (config / f"{name}.toml").write_text(text, encoding="utf-8")
    secrets = config / "secrets.toml"
    secrets.write_text(new_secrets())
    secrets.chmod(0o600)
    return config


@dataclass(slots=True)
class Desk:
    """The newsroom's own hands: it takes stories in, publishes, and kills."""

    room: Newsroom
    folder: Path

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the server beside it goes by the real clock

    def ingest(self, *numbers: int, **fields: Any) -> None:
        published = self.now().isoformat()
        lines = [line(number, **({"published": published} | fields)) for number in numbers]
        wire.read_document(
            self.room, self.room.source("meridian"), jsonl(*lines), actor="test", now=self.now()
        )

    def publish(self) -> None:
        publishing.publish(
            self.room,
            feeds_to=self.folder / "out" / "feeds",
            site_to=self.folder / "out" / "site",
            actor="test",
            now=self.now(),
        )

    def kill(self, story_id: str) -> None:
        acts.kill(self.room, story_id, why="wrong", actor="test", now=self.now())


@contextmanager
def desk(folder: Path, **files: str) -> Iterator[Desk]:
    """A newsroom of its own in this folder, which tells no hub."""
    config = configure(folder, **files)
    room = open_newsroom(load(config, {}))
    settings = replace(room.settings, feeds=room.settings.feeds.model_copy(update={"hubs": ()}))
    try:
        yield Desk(replace(room, settings=settings), folder)
    finally:
        room.close()


@dataclass(slots=True)
class Reply:
    """An answer as it came over the wire."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def __getitem__(self, name: str) -> str:
        (value,) = self.all(name)
        return value

    def story_ids(self) -> list[str]:
        """Of a JSON feed: the items' ids without their prefix."""
        return [item["id"].rpartition("/")[2] for item in json.loads(self.body)["items"]]


def ask(port: int, path: str, *headers: str, method: str = "GET", version: str = "1.1") -> Reply:
    """One request on a connection of its own; the body is all that comes until the server closes."""
    lines = [f"{method} {path} HTTP/{version}", "Host: whatever.example", "Connection: close", *headers]
    return raw(port, ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))


def raw(port: int, request: bytes) -> Reply:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(request)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    pairs = (entry.partition(":") for entry in rest)
    return Reply(int(first.split(" ")[1]), [(key.lower(), value.strip()) for key, _, value in pairs], body)


def until(come_true: Callable[[], Any]) -> Any:
    """What it gives as soon as that is true."""
    deadline = time.monotonic() + PATIENCE
    while not (found := come_true()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)
    return found


@dataclass(slots=True)
class Server:
    """A running `publisher serve`, and what it has said."""

    process: subprocess.Popen[str]
    port: int = 0
    said: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)

    def get(self, path: str, *headers: str, method: str = "GET", version: str = "1.1") -> Reply:
        return ask(self.port, path, *headers, method=method, version=version)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def serving(folder: Path, *options: str, before: str = "", command: str = "serve") -> Iterator[Server]:
    """`publisher serve` (or what `command` names) on a free port; ended afterwards."""
    config = ["--config", str(folder / "config")] if command == "serve" else []
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PUBLISHER_")}
    process = subprocess.Popen(
        [sys.executable, "-c", before + MAIN, *config, command, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    server = Server(process)
    threads = [
        threading.Thread(target=kept.extend, args=(stream,), daemon=True)
        for kept, stream in ((server.said, process.stdout), (server.logged, process.stderr))
    ]
    for thread in threads:
        thread.start()
    try:

        def started() -> re.Match[str] | None:
            assert process.poll() is None, (server.said, server.logged)
            return next(
                (m for text in server.said if (m := re.search(r"http://127.0.0.1:(\d+)/", text))), None
            )

        server.port = int(until(started)[1])
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for thread in threads:
            thread.join(PATIENCE)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
