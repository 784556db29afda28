"""Threads for what asks the database on behalf of a request: apart for who only reads and for who may have to wait for another writer.

Promises: each door has its own, so that who waits at one holds up nobody at another; reading never waits behind writing; and whoever has not got a thread within
`PATIENCE` is refused as `StoreLocked`, which the doors answer by 503, instead of standing in a queue without end. A crowd that is served quickly is served.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from publisher.errors import StoreLocked

__all__ = ["Turns"]

READERS, WRITERS = 6, 6
PATIENCE = 5.0
SAFE = frozenset({"GET", "HEAD"})

P = ParamSpec("P")
T = TypeVar("T")


class _Threads:
    def __init__(self, most: int) -> None:
        self._pool = ThreadPoolExecutor(most)
        self._free = asyncio.Semaphore(most)

    async def do(self, act: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._free.acquire()
        except TimeoutError as error:
            raise StoreLocked("the database", "too many wait for it; try again") from error
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, act)
        finally:
            self._free.release()


class Turns:
    """The threads of one door."""

    def __init__(self) -> None:
        self._reading, self._writing = _Threads(READERS), _Threads(WRITERS)

    async def do(self, method: str, act: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """What `act` gives, done in a thread for requests of this method.

        Raises:
            StoreLocked: no thread got free in time.
        """
        threads = self._reading if method in SAFE else self._writing
        return await threads.do(partial(act, *args, **named))
