"""Refused lines put in the list's order, on the disk and not in memory: a million of them take a few megabytes.

They are sorted in runs, each written to one temporary file that has no name (nobody else can open it, and it ends with the process),
and the runs are read side by side.
"""

from __future__ import annotations

import heapq
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Self

from subscribers.csvrows import RefusedLine
from subscribers.errors import StagingFailed

__all__ = ["Staging"]

RUN = 20_000
"""Lines sorted at a time."""
BLOCK = 250
"""Lines read back at a time, of each run."""


class Staging:
    """Takes lines in any order and gives them back sorted, once. `taken`: how many so far."""

    def __init__(self) -> None:
        self.taken = 0
        self._run: list[RefusedLine] = []
        self._places: list[list[tuple[int, int]]] = []  # of each run's blocks: where, and how long
        try:
            self._file = tempfile.TemporaryFile(prefix="publisher-import-")  # noqa: SIM115 - closed by __exit__
        except OSError as error:
            raise StagingFailed(error.strerror or str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # what a full disk did not take is of no use any more
            self._file.close()

    def add(self, line: RefusedLine) -> None:
        """One more.

        Raises:
            StagingFailed: the disk is full.
        """
        self._run.append(line)
        self.taken += 1
        if len(self._run) >= RUN:
            self._write()

    def _write(self) -> None:
        self._run.sort()
        places: list[tuple[int, int]] = []
        try:
            for start in range(0, len(self._run), BLOCK):
                block = pickle.dumps([tuple(line) for line in self._run[start : start + BLOCK]])
                places.append((self._file.tell(), len(block)))
                self._file.write(block)
            self._file.flush()
        except OSError as error:
            raise StagingFailed(error.strerror or str(error)) from error
        self._places.append(places)
        self._run = []

    def ordered(self) -> Iterator[RefusedLine]:
        """All lines, sorted; nothing can be added any more."""
        if self._run:
            self._write()
        yield from heapq.merge(*(self._blocks(places) for places in self._places))

    def _blocks(self, places: list[tuple[int, int]]) -> Iterator[RefusedLine]:
        for place, size in places:
            self._file.seek(place)
            yield from map(RefusedLine._make, pickle.loads(self._file.read(size)))  # noqa: S301 - written by ourselves, above
