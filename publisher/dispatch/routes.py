"""The relays of a run: how the work is shared among them, how many connections each may have, how fast it may go.

Shares are kept by weight among relays of the first order of which one can be used, as long as they keep pace: a relay that is in
trouble, waits for its rate or has taken nothing for a moment is not waited for, and what it missed is not made up for. A relay
that is left alone hands its share to the others; only when none is left the run is at its end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from publisher.dispatch.guards import Refusals, RelayWatch
from publisher.dispatch.pace import Pace
from publisher.transport import Relay

__all__ = ["Room", "Route", "Routes"]

GROWTH = 50
"""Messages accepted in a row after which a relay is given one connection more."""
STUCK = 2.0
"""Seconds without a message after which the other relays do not wait for one."""


class Room:
    """How many connections a relay may have now: it grows with what is accepted, and is halved when the relay asks for less."""

    def __init__(self, start: int, most: int) -> None:
        self.limit, self._most = min(start or most, most), most
        self._in_a_row = 0

    def accepted(self) -> bool:
        """Whether there is room for one more now."""
        self._in_a_row += 1
        if self._in_a_row < GROWTH or self.limit == self._most:
            return False
        self._in_a_row, self.limit = 0, self.limit + 1
        return True

    def slowed(self) -> None:
        """The relay asks for less."""
        self._in_a_row, self.limit = 0, max(1, self.limit // 2)


@dataclass(slots=True, eq=False)
class Route:
    """A relay in use. `out`: it is of no use to this run any more."""

    relay: Relay
    room: Room
    pace: Pace | None = None
    paces: dict[str, Pace] = field(default_factory=dict)
    watch: RelayWatch = field(default_factory=RelayWatch)
    refusals: Refusals = field(default_factory=Refusals)
    probing: asyncio.Lock = field(default_factory=asyncio.Lock)
    out: bool = False
    slow: bool = False
    share: float = 0.0
    took_at: float = 0.0

    @property
    def name(self) -> str:
        """The relay's name."""
        return self.relay.options.name

    @property
    def key(self) -> str:
        """Under which its breaker is remembered."""
        return f"relay:{self.name}"

    @property
    def usable(self) -> bool:
        """Whether it is neither out nor left alone for minutes."""
        return not self.out and not self.watch.times

    @property
    def waits(self) -> bool:
        """Whether it may not even be tried now."""
        return self.out or (self.watch.times > 0 and self.watch.pause() > 0)


class Routes:
    """All of them. `moved` is set whenever one may have to look again."""

    def __init__(self, relays: Sequence[Relay]) -> None:
        self.all = [Route(relay, Room(relay.options.start, relay.options.connections)) for relay in relays]
        self.moved = asyncio.Event()

    def __iter__(self) -> Iterator[Route]:
        return iter(self.all)

    @property
    def connections(self) -> int:
        """How many connections there may be at most."""
        return sum(route.relay.options.connections for route in self.all)

    def left(self, route: Route) -> bool:
        """Whether another relay than this one can be used, or is being tried just now."""
        return any(not other.waits for other in self.all if other is not route)

    def hopeful(self, route: Route) -> bool:
        """Whether time alone may bring another relay than this one back: it was not refused what nothing but a person can mend."""
        return any(not other.out for other in self.all if other is not route)

    def may_take(self, route: Route) -> bool:
        """Whether it is this relay's turn to take a message."""
        if len(self.all) == 1:
            return True
        usable = [other for other in self.all if other.usable]
        first = min((other.relay.options.order for other in usable), default=route.relay.options.order)
        if route.relay.options.order > first:
            return False
        rivals = self._rivals(route, usable)
        step = 1 / min(other.relay.options.weight for other in (route, *rivals))
        next_ = route.share + 1 / route.relay.options.weight
        return all(next_ <= other.share + 1 / other.relay.options.weight + step for other in rivals)

    def took(self, route: Route) -> None:
        """It has taken one."""
        if len(self.all) > 1:
            route.took_at = time.monotonic()
            rivals = self._rivals(route, [other for other in self.all if other.usable])
            floor = min((other.share for other in rivals), default=route.share)
            route.share = max(route.share, floor - 1) + 1 / route.relay.options.weight
            self.wake()

    def wake(self) -> None:
        """Let everybody who waits for a turn look again."""
        self.moved.set()
        self.moved = asyncio.Event()

    def _rivals(self, route: Route, usable: Sequence[Route]) -> list[Route]:
        """Those whose share counts against this one's."""
        present = time.monotonic()
        return [
            other
            for other in usable
            if other is not route
            and other.relay.options.order == route.relay.options.order
            and not other.watch.in_trouble
            and not other.slow
            and present - other.took_at < STUCK
        ]
