"""Showing a dispatch while it runs: a live bar on a terminal, a plain line every few seconds in a log. Ctrl-C drains."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import FrameType
from typing import Any

from publisher.cli.context import Door

__all__ = ["Watch", "sending"]

LINE_SECONDS = 5.0
RATE_SECONDS = 10.0
"""Over how long the rate is told: one that began hours ago says little of now, and nothing of when it will be over."""
MOVES = 0.01
"""Messages a second below which nothing is said of when it will be over."""
ID_CELLS = 12
"""As much of an id as tells dispatches apart, and every command takes."""


@dataclass(slots=True)
class Watch:
    """Takes the counts as they change; `stop` is set by the first Ctrl-C or SIGTERM."""

    show: Any
    stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def sending(door: Door, dispatch_id: str) -> Iterator[Watch]:
    """Progress of one dispatch until the block ends; signals ask it to drain, and are given back afterwards."""
    if door.quiet or not sys.stderr.isatty():
        watch = Watch(_lines(door, dispatch_id))
        with _draining(door, watch.stop):
            yield watch
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=12),
        TextColumn("{task.fields[done]}"),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[rest]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(dispatch_id[:ID_CELLS], total=None, done="", rate="", left="", rest="")
        rate_of = _Rate()

        def show(counts: Any) -> None:
            done = counts.planned - counts.waiting
            rate = rate_of(done)
            bar.update(
                task,
                total=counts.planned,
                completed=done,
                done=f"{done}/{counts.planned}",
                rate=f"{rate:,.0f}/s",
                left=time_left(counts.waiting, rate),
                rest=rest(counts),
            )

        watch = Watch(show)
        with _draining(door, watch.stop):
            yield watch


class _Rate:
    """How many a second, lately."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def __call__(self, done: int) -> float:
        now = time.monotonic()
        while len(self._seen) > 1 and self._seen[1][0] <= now - RATE_SECONDS:
            self._seen.popleft()
        self._seen.append((now, done))
        began, before = self._seen[0]
        return (done - before) / (now - began) if now > began else 0.0


def time_left(waiting: int, rate: float) -> str:
    """How long it takes if it goes on so; unknown where nothing moves."""
    return str(timedelta(seconds=round(waiting / rate))) if rate >= MOVES else "-:--:--"


def rest(counts: Any) -> str:
    """What the bar does not show: who waits, who was put off, failed or is in doubt, if anybody is, and each relay's part."""
    told = [f"waiting {counts.waiting}"]
    told += [f"deferred {counts.deferred}"] if getattr(counts, "deferred", 0) else []
    told += [f"failed {counts.failed}"] if counts.failed else []
    told += [f"in doubt {counts.uncertain}"] if counts.uncertain else []
    return " ".join([*told, *by_relay(counts)])


def by_relay(counts: Any) -> list[str]:
    """What each relay has accepted in this run, where there are several."""
    relays = getattr(counts, "relays", {})
    return [f"{name} {number}" for name, number in relays.items()] if len(relays) > 1 else []


def _lines(door: Door, dispatch_id: str) -> Any:
    last = [time.monotonic()]
    rate_of = _Rate()

    def show(counts: Any) -> None:
        done, now = counts.planned - counts.waiting, time.monotonic()
        rate = rate_of(done)
        if now - last[0] < LINE_SECONDS:
            return
        last[0] = now
        told = [
            f"{done} of {counts.planned}",
            f"{rate:,.0f}/s",
            f"accepted {counts.accepted}",
            f"waiting {counts.waiting}",
            f"deferred {getattr(counts, 'deferred', 0)}",
            f"failed {counts.failed}",
            f"uncertain {counts.uncertain}",
            *by_relay(counts),
        ]
        door.say(f"{dispatch_id}: {', '.join(told)}")

    return show


@contextmanager
def _draining(door: Door, stop: threading.Event) -> Iterator[None]:
    """The first signal asks to drain; the second is the person's way to insist, and keeps its usual meaning."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def drain(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        for number, handler in before.items():
            signal.signal(number, handler)
        door.say("Stopping here: reading the open replies; nobody else is begun. Again to insist.")

    for number in before:
        signal.signal(number, drain)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
