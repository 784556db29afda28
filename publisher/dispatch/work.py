"""What a run is given, and what it gives back. Values and functions only: a run knows no settings and no newsroom."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from publisher.ledger import Counts, Policy
from publisher.render.message import Compiled, Personal
from publisher.store.deliveries import Row

__all__ = ["Ended", "Prepared", "Work"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A variant ready to be filled, and the return path of each of its messages: always the same one for a row."""

    compiled: Compiled
    sender: Callable[[Row], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One dispatch, and everything about it that depends on the newsroom.

    Attributes:
        revision: the edition's revision that `prepare` gives; a dispatch that sends another one is left alone.
        prepare: variant key -> the compiled variant, or None when this revision has no story for its readers; called in
            a thread, once per variant as long as it is remembered.
        personal: a row -> the reader's own values.
        read_back: reads a finished message of a variant; raises GateRefused. Called in a thread.
        look: called in a thread about once a second while the run lasts; may halt the dispatch, which ends the run.
        retry_key: draws the jitter of retries.
        clock: the present instant; asked here and nowhere below, from several threads.
        progress: is shown the counts while they change, some times a second; the report at the end is the ledger's.
        stop: once set, nothing more is begun; replies that are awaited are waited for.
        wait: whether to stay until rows that are due later have been sent, too.
        hurry: once set after `stop`, connections are dropped at once.
        drain: seconds after `stop` until connections are dropped; who is at the dot then is in doubt.
        signers: threads that make slow signatures beside the loop (`signing_threads`); 0: it makes them itself.
    """

    dispatch_id: str
    revision: int
    policy: Policy
    prepare: Callable[[str], Prepared | None]
    personal: Callable[[Row], Personal]
    read_back: Callable[[str, bytes], None]
    retry_key: bytes
    clock: Callable[[], datetime]
    look: Callable[[], None] = lambda: None
    progress: Callable[[Counts], None] | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    hurry: threading.Event = field(default_factory=threading.Event)
    wait: bool = False
    drain: float = 60.0
    signers: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        counts: the dispatch's report, from the ledger.
        trouble: (relay, reason) when the relay could not be used and everybody else waits.
        held: (domain, reason) of those to whom nothing is sent for a while.
        ailing: (relay, reason) of those that were of no use to the end, whoever did their work.
    """

    counts: Counts
    trouble: tuple[str, str] | None = None
    held: tuple[tuple[str, str], ...] = ()
    ailing: tuple[tuple[str, str], ...] = ()
