"""A rate that is kept by all who send, on whatever machines: slots that the database grants, each used at its time or not at all.

A slot may be used from its instant on for a moment (`LATE` of the rate's length of time), and slots are so far apart that even
the latest use of one and the earliest of another never make one message too many in any window of that length. At most a
second's slots are asked for at once; what is not used lapses. How the database's clock and ours go together is learnt from each
grant: it stood somewhere between our asking and its answer, and the narrowest of these bounds counts.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from publisher.transport import Rate

__all__ = ["Pace"]

LATE = 0.05
Ask = Callable[[int, float], Awaitable[tuple[float, float]]]
"""(slots, seconds apart) -> (instant of the first, the present), on the database's clock."""


class Pace:
    """The slots of one bucket that this run was granted."""

    def __init__(self, rate: Rate, ask: Ask) -> None:
        self.apart = rate.seconds * (1 + LATE) / rate.count
        self._grace = rate.seconds * LATE
        self._slice = max(1, int(1 / self.apart))
        self._ask = ask
        self._slots: deque[float] = deque()
        self._behind, self._ahead = float("-inf"), float("inf")
        self._turn = asyncio.Lock()

    def now(self) -> bool:
        """Use a slot, if there is one for this moment."""
        if not self.ready():
            return False
        self._slots.popleft()
        return True

    def ready(self) -> bool:
        """Whether there is one."""
        present = time.monotonic()
        while self._slots and present + self._ahead > self._slots[0] + self._grace:
            self._slots.popleft()
        return bool(self._slots) and self._slots[0] <= present + self._behind

    async def slot(self, wait: Callable[[float], Awaitable[bool]]) -> bool:
        """Wait for a slot and use it; False when `wait`, which is given the seconds, says that it is all over."""
        async with self._turn:
            while not self.now():
                seconds = self._slots[0] - time.monotonic() - self._behind if self._slots else 0.0
                if not self._slots:
                    await self._more()
                elif await wait(max(seconds, 0.001)):
                    return False
            return True

    async def coming(self) -> float:
        """Seconds until the next slot, which is asked for if there is none."""
        async with self._turn:
            if not self.ready() and not self._slots:
                await self._more()
            return max(0.001, self._slots[0] - time.monotonic() - self._behind)

    async def _more(self) -> None:
        began = time.monotonic()
        first, present = await self._ask(self._slice, self.apart)
        self._compare(present - time.monotonic(), present - began)
        self._slots.extend(first + number * self.apart for number in range(self._slice))

    def _compare(self, low: float, high: float) -> None:
        """What the database's clock is ahead of ours lies between these; a clock that was set makes what was known worthless."""
        self._behind, self._ahead = max(self._behind, low), min(self._ahead, high)
        if self._behind > self._ahead:
            self._behind, self._ahead = low, high
