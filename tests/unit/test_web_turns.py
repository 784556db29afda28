"""Threads of a door: who reads does not wait behind who writes, and nobody stands in a queue without end."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest

from publisher.errors import StoreLocked
from publisher.web import turns


def test_reading_goes_on_while_writers_wait_and_one_too_many_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    free = Event()

    async def door() -> None:
        own = turns.Turns()
        waiting = [asyncio.create_task(own.do("POST", free.wait, 60)) for _ in range(turns.WRITERS)]
        await asyncio.sleep(0)  # each has begun, and so has its thread
        with pytest.raises(StoreLocked):
            await own.do("POST", str)
        assert await own.do("GET", str, 7) == "7"
        free.set()
        assert all(await asyncio.gather(*waiting))
        assert await own.do("POST", str, 7) == "7"

    asyncio.run(door())
