"""The lock under which a SQLite file is written: `flock` on a file beside it, which the kernel drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from publisher.errors import FolderUnwritable, StoreLocked

__all__ = ["LOOK_SECONDS", "WRITABLE", "WriteLock"]

LOOK_SECONDS = 0.005
"""Whoever waits for the lock looks at least so often whether it is free."""
WRITABLE = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC


class WriteLock:
    """One writer at a time: threads of this process by a mutex, processes by `flock` (the kernel drops it at death).

    Nobody is told who waits for a `flock`. So whoever waits dates the file anew, and the holder can see when it lets go that it was `wanted`.
    """

    def __init__(self, path: Path | None, seconds: float) -> None:
        self._mutex = threading.Lock()
        self._path, self._seconds = path, seconds
        self._fd: int | None = None
        self._asked = self.wanted = False
        """Whether a thread waits now; whether anybody waited when it was held last."""

    @contextmanager
    def held(self, where: str, *, wait: bool = True) -> Iterator[None]:
        """Hold it for a block. Raises StoreLocked for `where` when others hold it for too long, or at all if not to `wait`."""
        if self._path is None:
            yield
            return
        seconds = self._seconds if wait else 0.0
        deadline = time.monotonic() + seconds
        if not self._mutex.acquire(blocking=False) and not self._asked_for(seconds):
            raise StoreLocked(where, f"another thread has been writing for over {self._seconds:g} s")
        try:
            if self._fd is None:
                self._fd = self._opened(self._path)
            pause = 0.0005
            while True:
                try:
                    fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise StoreLocked(
                            where, f"another process has been writing for over {self._seconds:g} s; try again"
                        ) from None
                    now = time.time_ns()
                    os.utime(self._fd, ns=(now, now))
                    time.sleep(pause)
                    pause = min(pause * 1.5, LOOK_SECONDS)
            dated = os.fstat(self._fd).st_mtime_ns
            try:
                yield
            finally:
                self.wanted = self._asked or os.fstat(self._fd).st_mtime_ns != dated
                self._asked = False
                fcntl.flock(self._fd, fcntl.LOCK_UN)
        finally:
            self._mutex.release()

    def _asked_for(self, seconds: float) -> bool:
        """Wait for the thread that has it; whether it came."""
        self._asked = True
        return self._mutex.acquire(timeout=seconds)

    @staticmethod
    def _opened(path: Path) -> int:
        try:
            return os.open(path, WRITABLE, 0o600)
        except OSError as error:
            raise FolderUnwritable(str(path), error.strerror or str(error)) from error

    def close(self) -> None:
        """Let the file go."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
