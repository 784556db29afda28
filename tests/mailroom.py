"""What tests of mailing do over and over: stories in, readers in, an edition out to a server that keeps every mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import text

from publisher.desk import editions, mailing, readers
from publisher.desk import wire as desk_wire
from publisher.edition import Edition
from publisher.newsroom import Newsroom
from publisher.store.db import Database
from publisher.store.liveness import dead_workers
from publisher.transport import connection as wire
from tests.newsrooms import NOW, jsonl, line, newsroom
from tests.smtpd import Server
from tests.waiting import until

WHO: dict[str, Any] = {"actor": "test", "now": NOW}
ECONOMY = ["Economy"]


def ingest(room: Newsroom, *lines: dict[str, Any], now: datetime = NOW) -> desk_wire.SourceReport:
    return desk_wire.read_document(room, room.source("meridian"), jsonl(*lines), actor="test", now=now)


def subscribe(room: Newsroom, address: str, *sections: str, language: str | None = None) -> None:
    readers.add(room, address, digest="morning", language=language, sections=sections, basis="asked", **WHO)


def make(room: Newsroom, *, now: datetime = NOW) -> Edition:
    return editions.make(room, "morning", actor="test", now=now)


def begun(
    database: Database, server: Server | None, *addresses: str, stories: int = 1, **options: Any
) -> tuple[Newsroom, Edition, str]:
    """A newsroom that mails through this server, its edition of so many stories, and the dispatch of it to these readers."""
    port = {} if server is None else {"relay_port": server.port}
    room = newsroom(database, **port, **options)
    ingest(room, *(line(number) for number in range(1, stories + 1)))
    for address in addresses:
        subscribe(room, address)
    made = make(room)
    return room, made, mailing.begin(room, made, **WHO)


def story_id(made: Edition, number: int) -> str:
    """The id of the story that `newsrooms.line(number)` became."""
    return next(item.story_id for item in made.items if item.source_url.endswith(f"/{number}"))


def send(room: Newsroom, dispatch_id: str, *, clock: Callable[[], datetime] = lambda: NOW) -> mailing.Report:
    return mailing.run(room, dispatch_id, clock=clock)


def keeping(folder: Path, *rules: str) -> Server:
    return Server(*rules, folder=folder, starttls=False, keep=True)


def mails(server: Server) -> dict[str, list[str]]:
    """Address -> the text parts of what it was sent, in order."""
    found: dict[str, list[str]] = {}
    for taken in server.messages():
        raw = (server.folder / f"{taken.n:06d}.eml").read_bytes()
        mail = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
        body = mail.get_body(("plain",))
        assert body is not None
        found.setdefault(taken.rcpt, []).append(body.get_content())
    return found


def causes(room: Newsroom, dispatch_id: str) -> dict[str, tuple[str, str]]:
    """Address -> (state, cause) of its delivery; the cause is empty while nothing became of it."""
    query = (
        "SELECT d.rcpt, s.state, s.cause FROM delivery d JOIN delivery_state s ON s.delivery_id = d.id"
        " WHERE d.dispatch_id = :dispatch"
    )
    with room.database.read() as connection:
        rows = connection.execute(text(query), {"dispatch": dispatch_id})
        return {row.rcpt: (row.state, row.cause or "") for row in rows}


class Death(Exception):
    """Stands for the death of a process: nothing after it is written."""


def die_at(patch: pytest.MonkeyPatch, module: ModuleType, place: str = "") -> None:
    """Let this module die at a crash point (at the first that it passes, if none is named)."""

    def die(*passed: str) -> None:
        if not place or place in passed:
            raise Death

    patch.setattr(module, "crashpoint", die)


def killed_after_a_reply(room: Newsroom, dispatch_id: str) -> None:
    """A run that dies when the first reply to a dot has come and is not recorded: each connection may leave one row in doubt."""
    with pytest.MonkeyPatch.context() as patch:
        die_at(patch, wire, "after-reply")
        with pytest.raises(Death):
            send(room, dispatch_id)
    until(lambda: somebody_died(room))


def somebody_died(room: Newsroom) -> bool:
    """Whether a worker is known to be dead: on PostgreSQL a moment after its session ended."""
    with room.database.read() as connection:
        return bool(dead_workers(connection, room.database))
