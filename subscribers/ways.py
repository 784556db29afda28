"""The ways that a list takes into the audience: one, or two at once, each on a connection of its own.

Two ways part the lines by their address keys, so that they have no reader in common, and each is staged, put in order and merged in a
thread of its own: PostgreSQL serves them side by side, and stages lines while the next ones are read. Of what a way's thread
tells, each word is told by itself (`Told`). An error on one way ends the other after the slice that it is at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager
from itertools import compress
from threading import Event, Lock
from typing import Any, TypeVar

from sqlalchemy import Connection

from subscribers import staged
from subscribers.csvfile import Block, RefusedLine
from subscribers.slices import Mark, Slices, Taken
from subscribers.staging import Staging

__all__ = ["Told", "Transactions", "Way", "crew", "parted", "settle"]

Transactions = Callable[[], AbstractContextManager[Connection]]
"""What opens a transaction each time."""
Pair = tuple[Transactions, Transactions]
"""Those that write, and those that touch temporary tables alone, on one connection."""
MIDDLE, END = b"\x7f" + b"\xff" * 16, b"\xff" * 17
"""Keys have 16 bytes: half of them are greater than the one, none than the other."""


T = TypeVar("T")


class Told:
    """What became of a list so far, told by its ways: lines refused, and slices merged."""

    def __init__(self, refusals: Staging, progress: Callable[[int, int], None] | None) -> None:
        self.added = self.confirmed = self.refused = 0
        self.ended = Event()
        """Whether it goes on no more: an error, or the end."""
        self._refusals, self._progress = refusals, progress
        self._good = self._through = 0
        self._lock = Lock()

    def ordered(self, good: int) -> None:
        """A way has so many addresses."""
        with self._lock:
            self._good += good

    def refuse(self, line: RefusedLine) -> None:
        """A line that does not come in."""
        with self._lock:
            self._refusals.add(line)

    def merged(self, taken: Taken, lines: int) -> None:
        """A slice of so many lines is through; an error here ends all ways before the next one is told."""
        with self._lock, _ending(self.ended):
            self.added += taken.added
            self.confirmed += taken.confirmed
            self.refused += len(taken.refused)
            self._through += lines
            for line in taken.refused:
                self._refusals.add(line)
            if self._progress is not None:
                self._progress(self._through, self._good)


@contextmanager
def _ending(ended: Event) -> Iterator[None]:
    """Set it unless the block is left as it should be."""
    well = False
    try:
        yield
        well = True
    finally:
        if not well:
            ended.set()


class Way:
    """One connection, and the lines that it takes: those whose keys are over `low` and up to `high`. Used by one thread at a time."""

    def __init__(self, pair: Pair, low: bytes = b"", high: bytes = END) -> None:
        self.write, self._aside = pair
        self._low, self._high = low, high
        self._asked = self._staged = self.good = 0
        with self._aside() as connection:
            staged.prepare(connection)

    def stage(self, block: Block) -> None:
        """Take its lines of a block in."""
        part = block
        if self._high is not END or self._low:
            part = _part(block, [self._low < key <= self._high for key in block.keys])
        with self._aside() as connection:
            self._asked = staged.stage(connection, part, self._asked)
        self._staged += len(part.keys)

    def order(self, told: Told) -> None:
        """Put the lines in order, and tell those whose address stands in an earlier one; `good` is from then on how many addresses there are."""
        with self._aside() as connection:
            self.good = staged.order(connection)
            for line in staged.twice(connection) if self.good < self._staged else ():
                told.refuse(line)
        told.ordered(self.good)

    def merge(self, told: Told, most: int, about: dict[str, Any]) -> None:
        """Merge the lines by slices of at most so many."""
        with self.write() as connection:
            slices = Slices(connection, **about)
        self._through(told, most, self.write, slices.take)

    def look(self, told: Told, most: int, about: dict[str, Any]) -> None:
        """Tell what `merge` would make of the lines; changes nothing."""
        with self._aside() as connection:
            slices = Slices(connection, **about)
        self._through(told, most, self._aside, slices.look)

    def _through(
        self,
        told: Told,
        most: int,
        transaction: Transactions,
        step: Callable[[Connection, Mark, int, bytes], Taken],
    ) -> None:
        left, last = self.good, Mark(0, self._low)
        while left > 0 and not told.ended.is_set():
            with transaction() as connection:
                taken = step(connection, last, most, self._high)
            last = taken.last
            told.merged(taken, min(most, left))
            left -= most


def _part(block: Block, chosen: Sequence[bool]) -> Block:
    """Some lines of a block."""
    lines = list(compress(block.lines, chosen))
    return Block(
        block.asked,
        list(compress(block.keys, chosen)),
        lines,
        list(compress(block.addresses, chosen)),
        list(compress(block.wishes, chosen)),
        {line: block.known[line] for line in lines if line in block.known} if block.known else {},
    )


def parted(pair: Pair, beside: Pair | None) -> list[Way]:
    """All lines on one connection, or half of them on each of two."""
    return [Way(pair, high=MIDDLE), Way(beside, MIDDLE)] if beside else [Way(pair)]


class _AtOnce(Executor):
    """Does what it is given when it is given: a thread for what nobody does meanwhile costs as much as a tenth of a list."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        done: Future[T] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def crew(ways: Sequence[Way]) -> Executor:
    """Whoever works on these: a thread for each, where there are several."""
    return ThreadPoolExecutor(len(ways)) if len(ways) > 1 else _AtOnce()


def settle(futures: Iterable[Future[None]]) -> None:
    """Wait for these; the first error is raised at once."""
    for future in as_completed(futures):
        future.result()
