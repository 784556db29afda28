"""Sending single messages to a real server, for tests of the transport."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from publisher.ledger import Outcome
from publisher.transport import Answer, Connection, Envelope, Limits, Relay, RelayOptions
from tests.smtpd import OFFER, PLAIN, Server
from tests.waiting import SECONDS

SHORT = Limits(connect=2, banner=2, command=2, data=2, block=2, dot=2, reset=1, quit=0.5)
ENVELOPE = Envelope("bounce@front.example", "reader@list.example")
MESSAGE = b"Message-ID: <m.1@front.example>\r\nTo: reader@list.example\r\n\r\nBody\r\n..stuffed\r\n"
UNSTUFFED = MESSAGE.replace(b"\r\n..", b"\r\n.")


def relay(server: Server, **changes: Any) -> Relay:
    options: dict[str, Any] = {
        "name": "main",
        "host": server.host,
        "port": server.port,
        "ca_file": server.ca_file,
        "helo": "front.example",
        "limits": SHORT,
    }
    if not server.starttls and not server.implicit:
        options["tls"] = "none"
    return Relay(RelayOptions(**(options | changes)))


def yes(answer: Answer) -> None:
    answer(True)


def no(answer: Answer) -> None:
    answer(False)


def late(answer: Answer) -> None:
    """A mark that takes its time: what the server did meanwhile must be noticed before the dot leaves."""
    asyncio.get_running_loop().call_later(0.1, answer, True)


async def connected(over: Relay) -> Connection:
    opened = await over.connect()
    assert isinstance(opened, Connection), opened
    return opened


async def until(true: Callable[[], bool]) -> None:
    """Wait for what happens in the server's thread."""
    async with asyncio.timeout(SECONDS):
        while not true():  # noqa: ASYNC110 - no event of this loop tells of it
            await asyncio.sleep(0.005)


def one(
    server: Server,
    *,
    before_dot: Callable[[Answer], None] = yes,
    message: bytes = MESSAGE,
    **changes: Any,
) -> Outcome | None:
    """The outcome of one message over a connection of its own; a failure to connect counts as one."""

    async def send() -> Outcome | None:
        opened = await relay(server, **changes).connect()
        if isinstance(opened, Outcome):
            return opened
        outcome = await opened.send(ENVELOPE, [message], before_dot=before_dot)
        await opened.close()
        return outcome

    return asyncio.run(send())


def clear(*rules: str, folder: Path, **options: Any) -> Server:
    """A server without TLS: what is tested here is the same with it, and quicker without."""
    return Server(*rules, folder=folder, starttls=False, **({"offer": OFFERED[0]} | options))


OFFERED = [OFFER]
"""What such a server offers unless a test says something else."""


@pytest.fixture(params=[OFFER, PLAIN], ids=["together", "one-by-one"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds where commands travel together must hold where each waits for its answer."""
    monkeypatch.setattr(sys.modules[__name__], "OFFERED", [request.param])
