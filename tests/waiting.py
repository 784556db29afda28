"""Waiting for what happens elsewhere: bounded, and over as soon as it cannot happen any more."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

__all__ = ["SECONDS", "Aside", "until"]

T = TypeVar("T")

SECONDS = 60.0
"""Far more than anything here takes: a busy machine makes a test slow, not red."""


class Aside(threading.Thread, Generic[T]):
    """Something done in a thread of its own, begun at once; what it gives or raises is handed over by `result`."""

    def __init__(self, act: Callable[..., T], *args: Any, **kwargs: Any) -> None:
        super().__init__(daemon=True)
        self._act, self._with, self._named = act, args, kwargs
        self._given: list[T] = []
        self._raised: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._given.append(self._act(*self._with, **self._named))
        except BaseException as error:  # noqa: BLE001 - raised again where somebody waits for it
            self._raised = error

    def result(self) -> T:
        """What it gave, once it has come to its end; that must be soon."""
        self.join(SECONDS)
        assert not self.is_alive(), "it does not come to its end"
        if self._raised is not None:
            raise self._raised
        return self._given[0]


def until(
    true: Callable[[], bool],
    *,
    thread: threading.Thread | None = None,
    process: subprocess.Popen[Any] | None = None,
    seconds: float = SECONDS,
) -> None:
    """Come back when it is true; fail when it is not in time, or when the thread or process that it depends on has ended."""
    end = time.monotonic() + seconds
    while not true():
        over = (thread is not None and not thread.is_alive()) or (
            process is not None and process.poll() is not None
        )
        if over:
            assert true(), "who should have brought it about has ended"
            return
        assert time.monotonic() < end, f"it has not come about in {seconds:g} s"
        time.sleep(0.005)
