"""What no single reply can say: that they refuse us, that a domain answers nonsense, that the relay is of no use.

Decides, and touches nothing; what is decided here lives as long as the run. A restart forgets it and soon hears it again,
because the rows that were turned away carry their own later time in the ledger.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from publisher.ledger import Action, Outcome

__all__ = ["Domains", "Hold", "Refusals", "RelayWatch"]

BLOCKS_IN_A_ROW = 3
BLOCK_SHARE, BLOCK_WINDOW = 0.02, 200
HARD_SHARE, HARD_ROWS = 0.05, 20
"""Hard refusals of one domain beyond which we believe that the domain, not the mailboxes, is at fault."""
HOLD, HOLD_MAX = timedelta(minutes=15), timedelta(hours=4)
RELAY_FAILURES = 5
RELAY_OPEN, RELAY_OPEN_MAX = timedelta(minutes=1), timedelta(minutes=30)
PAUSE, PAUSE_MAX = 0.5, 8.0
"""Seconds between two tries of a relay in trouble: doubled from one to the next."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A domain that is left alone: until when, for the how manieth time in a row, and why."""

    until: datetime
    times: int
    reason: str


class Refusals:
    """Counts policy refusals about us: three in a row, or two per cent of the last 200, and the dispatch is to halt."""

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=BLOCK_WINDOW)
        self._in_a_row = 0

    def enough(self, outcome: Outcome) -> bool:
        """Take an answer in; whether it makes the refusals too many. Lost connections and requests to slow down say nothing."""
        if outcome.code is None or outcome.action in {Action.SLOW, Action.RECONNECT}:
            return False
        block = outcome.action is Action.COUNT_BLOCK
        self._recent.append(block)
        self._in_a_row = self._in_a_row + 1 if block else 0
        full = len(self._recent) == BLOCK_WINDOW
        return self._in_a_row >= BLOCKS_IN_A_ROW or (full and sum(self._recent) > BLOCK_SHARE * BLOCK_WINDOW)


class Domains:
    """Recipients' domains that are left alone for a while, and why."""

    def __init__(self) -> None:
        self._holds: dict[str, Hold] = {}
        self._tried: Counter[str] = Counter()
        self._hard: Counter[str] = Counter()

    def held(self, domain: str, now: datetime) -> Hold | None:
        """What holds a domain back now."""
        known = self._holds.get(domain)
        return known if known is not None and known.until > now else None

    def hold(self, domain: str, now: datetime, *, why: str, long: bool = False) -> Hold:
        """Leave a domain alone: 15 minutes, doubling to 4 hours each time it goes wrong again; `long`: 4 hours.

        What other connections hear while it is held already is the same news, and lengthens nothing.
        """
        if (known := self.held(domain, now)) is not None and not long:
            return known
        before = self._holds.get(domain)
        times = (before.times if before else 0) + 1
        length = HOLD_MAX if long else min(HOLD * 2 ** min(times - 1, 8), HOLD_MAX)
        self._holds[domain] = Hold(now + length, times, why)
        return self._holds[domain]

    def well(self, domain: str) -> None:
        """A message was taken: what was before is forgotten."""
        self._holds.pop(domain, None)

    def incredible(self, domain: str, outcome: Outcome) -> bool:
        """Take an answer in; whether this hard refusal is one too many to be believed."""
        self._tried[domain] += 1
        if outcome.action is not Action.SUPPRESS:
            return False
        self._hard[domain] += 1
        return self._hard[domain] > HARD_ROWS and self._hard[domain] > HARD_SHARE * self._tried[domain]

    def all_held(self, now: datetime) -> tuple[tuple[str, str], ...]:
        """(domain, reason) of all that are held back now."""
        return tuple(
            (domain, hold.reason) for domain, hold in sorted(self._holds.items()) if hold.until > now
        )


class RelayWatch:
    """Whether the relay can be used. In trouble it is tried by one connection at a time, more and more seldom.

    Connections that fail together fail once: `era` is the number of failures counted so far, and a failure counts only if
    its attempt began in the present one. After five in a row it is left alone for a minute, then two, to half an hour.
    """

    def __init__(self) -> None:
        self.era = 0
        self._failures = 0
        self._times = 0
        self._next_try = 0.0

    @property
    def in_trouble(self) -> bool:
        """Whether the last thing that the relay did was to fail."""
        return self._failures > 0

    def failed(self, era: int) -> bool:
        """Take a failure in; whether it was one too many."""
        if era != self.era:
            return False
        self.era += 1
        self._failures += 1
        if self._failures < RELAY_FAILURES:
            self._next_try = time.monotonic() + min(PAUSE * 2 ** (self._failures - 1), PAUSE_MAX)
            return False
        self._times += 1
        length = min(RELAY_OPEN * 2 ** min(self._times - 1, 8), RELAY_OPEN_MAX)
        self._next_try = time.monotonic() + length.total_seconds()
        self._failures -= 1  # when that time is over, one try decides
        return True

    def well(self) -> None:
        """A real answer came."""
        self._failures = self._times = 0

    def pause(self) -> float:
        """Seconds until the next try."""
        return max(0.0, self._next_try - time.monotonic())
