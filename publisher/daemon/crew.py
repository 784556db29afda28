"""Several sender processes for one dispatch, on this machine: begun, watched, replaced when they die, and stopped.

Each is `publisher worker --dispatch ID`, started anew and never forked, so that none inherits another's lock or database connection.
They share nothing but the ledger: it hands chunks out, and what a dead one held is taken back. There are never more of them than chunks
to be had now; for one chunk the sending is done here. Order: begin, watch, stop (SIGTERM drains, the end of their standard input after it
hurries), and the report from the ledger once all have ended. A process that dies without a word is replaced, some times in all; what it said goes to
our standard error. Whatever they refused for a reason that holds for all of them is met again by the last try, which is made here.
Never: a child that outlives its parent by more than its drain, for its standard input ends with us.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import IO, Any

from publisher.desk import mailing
from publisher.errors import Refused
from publisher.ledger import Counts
from publisher.newsroom import Newsroom

__all__ = ["Crew"]

TICK = 0.1
SHOW_SECONDS, SHOW_SHARE = 0.5, 10
"""Counts are read from the ledger twice a second, and more seldom where that takes over a tenth of the time."""
REPLACEMENTS = 10
"""How many dead ones are replaced: a row that kills its sender takes three, and is then known."""
PAUSE, PAUSE_MAX = 0.25, 8.0
"""Before a replacement begins, doubled from one to the next."""
INSIST_SECONDS = 5.0
REFUSED, LATER, CONFIGURATION = 3, 75, 78
SPOKEN = frozenset({0, 5, REFUSED, LATER, CONFIGURATION, 130})
"""Exit codes of a sender that ended by itself; anything else is a death."""


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[str]
    said: IO[str]
    complained: IO[str]

    def hurry(self) -> None:
        """Its standard input ends: a sender that drains already drops its connections."""
        if self.process.stdin is not None:
            self.process.stdin.close()

    def document(self) -> dict[str, Any]:
        """What it reported; nothing when it died before."""
        self.said.seek(0)
        try:
            found: dict[str, Any] = json.loads(self.said.read())
        except ValueError:
            return {}
        return found


@dataclass(slots=True)
class _Watch:
    """The state of one run: how many shall work, who does, how many died, what was heard."""

    wanted: int
    children: list[_Child] = field(default_factory=list)
    deaths: int = 0
    begin_at: list[float] = field(default_factory=list)
    trouble: tuple[str, str] | None = None
    ailing: dict[str, str] = field(default_factory=dict)
    refused: str | None = None
    once_more: bool = False


@dataclass(frozen=True, slots=True)
class Crew:
    """Up to `size` senders; called like `mailing.run`. `say`: is told of deaths."""

    size: int
    say: Callable[[str], None]

    def __call__(
        self,
        newsroom: Newsroom,
        dispatch_id: str,
        *,
        clock: Callable[[], datetime],
        progress: Callable[[Counts], None] | None = None,
        stop: threading.Event | None = None,
        hurry: threading.Event | None = None,
    ) -> mailing.Report:
        """Send what is due now; returns the report. Raises what `mailing.run` raises.

        Raises:
            Refused: the gate refused a finished message; the dispatch is halted.
        """
        stop, hurry = stop or threading.Event(), hurry or threading.Event()

        def alone() -> mailing.Report:
            return mailing.run(newsroom, dispatch_id, clock=clock, progress=progress, stop=stop, hurry=hurry)

        wanted = mailing.ready(newsroom, dispatch_id, most=self.size, now=clock())
        if wanted <= 1:
            return alone()
        watch = _Watch(wanted, begin_at=[0.0] * wanted)
        with _ended(watch):
            self._keep(newsroom, dispatch_id, watch, progress=progress, stop=stop, hurry=hurry)
        mailing.recover(newsroom, now=clock())
        if watch.refused is not None:
            raise Refused(watch.refused)
        if watch.once_more and not stop.is_set():
            return alone()
        ailing = tuple(watch.ailing.items())
        told = mailing.report(newsroom, dispatch_id, relay_trouble=watch.trouble, ailing=ailing)
        return replace(told, senders_lost=watch.deaths > REPLACEMENTS)

    def _keep(
        self,
        newsroom: Newsroom,
        dispatch_id: str,
        watch: _Watch,
        *,
        progress: Callable[[Counts], None] | None,
        stop: threading.Event,
        hurry: threading.Event,
    ) -> None:
        """Keep them at work until all have ended and none is to be replaced."""
        show = _shown(newsroom, dispatch_id, progress)
        stopped = hurried = False
        while watch.children or (watch.begin_at and not stop.is_set()):
            now = time.monotonic()
            if not stop.is_set():
                for at in [at for at in watch.begin_at if at <= now]:
                    watch.begin_at.remove(at)
                    watch.children.append(_begun(newsroom, dispatch_id, senders=watch.wanted))
            elif not stopped:
                stopped = True
                for child in watch.children:
                    child.process.send_signal(signal.SIGTERM)
            if hurry.is_set() and not hurried:
                hurried = True
                for child in watch.children:
                    child.hurry()
            for child in [child for child in watch.children if child.process.poll() is not None]:
                watch.children.remove(child)
                self._heed(child, watch, stopped=stopped)
            next(show)
            stop.wait(TICK) if not stop.is_set() else time.sleep(TICK)

    def _heed(self, child: _Child, watch: _Watch, *, stopped: bool) -> None:
        """What the end of one means for the run. One that we stopped while it still loaded had begun nothing."""
        code, document = child.process.returncode, child.document()
        error = document.get("error", {}).get("message", "")
        if why := document.get("relay_trouble"):
            watch.trouble = watch.trouble or (document["relay"], why)
        for entry in document.get("ailing", ()):  # one that leaves it alone by then has nothing to say of it
            watch.ailing.setdefault(entry["relay"], entry["reason"])
        if code == REFUSED:
            watch.refused = watch.refused or error
        elif error and code in SPOKEN:
            watch.once_more = (
                True  # a store or a configuration that is wrong for all: it is said by the try made here
            )
        elif code not in SPOKEN and not (stopped and code == -signal.SIGTERM):
            watch.deaths += 1
            child.complained.seek(0)
            sys.stderr.write(child.complained.read())
            how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
            again = watch.deaths <= REPLACEMENTS
            follows = "another one takes its place" if again else "no other one is begun"
            self.say(f"Sender process {child.process.pid} ended {how}; {follows}.")
            if again:
                watch.begin_at.append(time.monotonic() + min(PAUSE * 2 ** (watch.deaths - 1), PAUSE_MAX))
        child.said.close()
        child.complained.close()


def _begun(newsroom: Newsroom, dispatch_id: str, *, senders: int) -> _Child:
    """A process of its own, in a process group of its own: Ctrl-C at the terminal is for us to hand on."""
    command = [sys.executable, "-m", "publisher", "--config", str(newsroom.settings.folder), "--json", "-q"]
    said, complained = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as it lives
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module, an id of ours
        [*command, "worker", "--dispatch", dispatch_id, "--attached", "--senders", str(senders)],
        stdin=subprocess.PIPE,
        stdout=said,
        stderr=complained,
        text=True,
        process_group=0,
    )
    return _Child(process, said, complained)


@contextmanager
def _ended(watch: _Watch) -> Iterator[None]:
    """See to it that no child is left behind: who is there when an exception comes through has to hurry, or is killed."""
    try:
        yield
    finally:
        for child in watch.children:
            child.process.send_signal(signal.SIGTERM)
            child.hurry()
        end = time.monotonic() + INSIST_SECONDS
        for child in watch.children:
            try:
                child.process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()


def _shown(newsroom: Newsroom, dispatch_id: str, progress: Callable[[Counts], None] | None) -> Iterator[None]:
    """At each step: show the ledger's counts, if it is time for them."""
    show_at = 0.0
    while True:
        began = time.monotonic()
        if progress is not None and began >= show_at:
            progress(mailing.counts(newsroom, dispatch_id))
            took = time.monotonic() - began
            show_at = time.monotonic() + max(SHOW_SECONDS, took * SHOW_SHARE)
        yield
