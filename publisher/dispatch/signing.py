"""Signatures of a run's mails, made beside the event loop: an RSA signature takes several times as long as all else of a mail.

A message is handed over once it is filled and hashed; a thread makes its signature, for which the interpreter's lock is let go
(cryptography 47 and later), and puts it in its place. Who waits is told on the loop, all that are done by one call of it. Nothing is
promised about the order. A message that cannot be signed is not to be sent (ValueError); any other error is ours, and raised where the
message is sent. Threads begin with the first message and end with the run; what is not signed by then was not sent either.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

from publisher.transport import Answer

__all__ = ["Signature", "Signers", "signing_threads"]

MOST = 8
"""Threads of one process, at most: its one loop makes no more mails than these can sign."""


def signing_threads(senders: int = 1) -> int:
    """How many are worth it where so many processes send on this machine: one for each core that falls to each of them.

    None for a single core: there the loop may as well sign by itself.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = usable // senders
    return min(cores, MOST) if cores > 1 else 0


class Signature:
    """One message's, which is made or will be. `error`: why it could not be."""

    __slots__ = ("_answer", "_fault", "_make", "_pieces", "_place", "done", "error")

    def __init__(self, make: Callable[[], bytes], pieces: list[bytes], place: int) -> None:
        self._make, self._pieces, self._place = make, pieces, place
        self._answer: Answer | None = None
        self.done = False
        self.error: ValueError | None = None
        self._fault: Exception | None = None

    def when_done(self, answer: Answer) -> None:
        """Tell it, now or later: the message may go (True), it must not (False), or what fault of ours there is."""
        self._answer = answer
        if self.done:
            self.tell()

    async def wait(self) -> None:
        """Come back when it is done; raises a fault of ours."""
        here = asyncio.get_running_loop().create_future()
        self.when_done(here.set_result)
        if isinstance(told := await here, Exception):
            raise told

    def make(self) -> None:
        """In a thread: make it, and put it in its place."""
        try:
            self._pieces[self._place] = self._make()
        except ValueError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - raised by whoever wants to send the message
            self._fault = error
        self.done = True

    def tell(self) -> None:
        """On the loop: tell whoever waits."""
        if self._answer is not None:
            answer, self._answer = self._answer, None
            answer(self._fault or self.error is None)


class Signers:
    """The threads of one run; used on its loop."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._loop = asyncio.get_running_loop()
        self._coming: SimpleQueue[Signature | None] = SimpleQueue()
        self._done: deque[Signature] = deque()
        self._called = self._over = False
        self._threads: list[threading.Thread] = []

    def sign(self, make: Callable[[], bytes], pieces: list[bytes], *, place: int) -> Signature:
        """Have it made, and put into the pieces at this place."""
        if not self._threads:
            for _ in range(self.number):
                self._threads.append(threading.Thread(target=self._work, name="signer"))
                self._threads[-1].start()
        signature = Signature(make, pieces, place)
        self._coming.put(signature)
        return signature

    def close(self) -> None:
        """Leave what is not begun, and wait for the threads: for one signature at most."""
        self._over = True
        self._coming.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (signature := self._coming.get()) is not None and not self._over:
            signature.make()
            self._done.append(signature)
            if self._called:  # and will see this one, too
                continue
            # what is told together goes on together, into one commit of the ledger; as long as the other threads have enough to do
            if len(self._done) * 2 * self.number > self._coming.qsize():
                self._called = True
                self._loop.call_soon_threadsafe(self._tell)
        self._coming.put(None)  # for the next thread

    def _tell(self) -> None:
        self._called = False
        while self._done:
            self._done.popleft().tell()
