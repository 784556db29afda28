"""The process of `publisher run`: its threads, its signals, and its end."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from socket import socket
from types import FrameType
from typing import Any

from publisher import web
from publisher.daemon.errands import Errand
from publisher.daemon.rounds import ALL, CLOCK, FOLLOWUPS, NOTICES, SENDER, Rounds
from publisher.daemon.steps import Done, Steps
from publisher.daemon.telling import tell
from publisher.daemon.watching import Watch
from publisher.schedule import Intent

__all__ = ["once", "run"]

TICK = 0.2


class _Signals:
    """SIGINT and SIGTERM, kept until somebody asks: the first stops, the second hurries, the third has its usual meaning."""

    def __init__(self, steps: Steps, say: Callable[[str], None]) -> None:
        self._steps, self._say = steps, say
        self._come: queue.SimpleQueue[int] = queue.SimpleQueue()  # may be put to in the middle of anything
        self._before: dict[int, Any] = {}
        self.first = 0

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Catch them until the block ends."""
        self._before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number in self._before:
            signal.signal(number, self._take)
        try:
            yield
        finally:
            self._give_back()

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self._come.put(number)

    def _give_back(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def watch(self, busy: Sequence[Future[Any]], *, or_of: Sequence[Future[Any]]) -> None:
        """Obey them until these threads have come to their end; one that ends by itself, of these `or_of` others, stops them."""
        while not all(future.done() for future in busy):
            if any(future.done() for future in or_of):
                self._steps.stop.set()
            try:
                self._obey(self._come.get(timeout=TICK))
            except queue.Empty:
                continue

    def _obey(self, number: int) -> None:
        if not self.first:
            self.first = number
            self._steps.stop.set()
            self._say("Stopping: the present step is finished and open replies are read. Again to hurry.")
        elif not self._steps.hurry.is_set():
            self._steps.hurry.set()
            self._give_back()
            self._say(
                "Hurrying: connections are dropped; whoever is in doubt is named by `publisher dispatch list`."
            )


def once(
    steps: Steps,
    *,
    tell: Callable[[Done], None],
    say: Callable[[str], None],
    kinds: tuple[type[Intent], ...] = ALL,
    errands: Sequence[Errand] = (),
) -> int:
    """Do the errands, and everything (of these kinds) that is due now, and whatever that makes due; returns the number of the signal that ended it before, or 0.

    Raises:
        StoreUnavailable and its kin: the database cannot be read.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="publisher") as threads:
        signals = _Signals(steps, say)
        with signals.caught():
            rounds = Rounds(steps=steps, kinds=kinds, tell=tell)

            def all_of_it() -> None:
                for errand in errands:
                    errand.once(tell)
                rounds.until_nothing_is_due()

            work = threads.submit(all_of_it)
            signals.watch([work], or_of=())
    work.result()
    return signals.first


def run(
    steps: Steps,
    sockets: Sequence[socket],
    *,
    say: Callable[[str], None],
    log_requests: bool,
    threads_of: Sequence[tuple[type[Intent], ...]] = (CLOCK, SENDER, NOTICES, FOLLOWUPS),
    watch: bool = False,
    errands: Sequence[Errand] = (),
) -> int:
    """Clock, sender, notices, follow-ups (or a thread for each of these kinds) and, with sockets, the web, until a signal comes; returns its number.

    `errands`: in a thread for each. `watch`: in one more thread, look whether digests arrive. The web answers until the others have drained: readers may follow the links of mails that are just leaving.
    """
    drained = threading.Event()
    most = len(threads_of) + 2 + len(errands)
    with ThreadPoolExecutor(max_workers=most, thread_name_prefix="publisher") as threads:
        signals = _Signals(steps, say)
        with signals.caught():
            busy = [
                threads.submit(Rounds(steps=steps, kinds=kinds, tell=tell).until_stopped)
                for kinds in threads_of
            ]
            busy += [threads.submit(errand.until_stopped, steps, tell) for errand in errands]
            if watch:
                watching = Watch(newsroom=steps.newsroom, clock=steps.clock, stop=steps.stop, tell=tell)
                busy.append(threads.submit(watching.until_stopped))
            everybody: list[Future[Any]] = list(busy)
            if sockets:
                serve = partial(
                    web.serve, steps.newsroom, sockets, say=say, log_requests=log_requests, at_home=False
                )
                everybody.append(threads.submit(serve, until=drained))
            signals.watch(busy, or_of=everybody)
            drained.set()
            signals.watch(everybody, or_of=())
    for future in everybody:
        future.result()
    return signals.first
