"""What no single reply can say: that they refuse us, that a domain answers nonsense, that the relay is of no use.

Decides, and touches nothing. What is left alone for minutes or more is remembered in the database by whoever asks here, and
`learn` takes it in again: after a restart, and from those who send at the same time.
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
        self._answers = self._in_a_row = 0
        self._blocks: deque[int] = deque()

    @property
    def some(self) -> bool:
        """Whether there were any lately."""
        return bool(self._blocks)

    def enough(self, outcome: Outcome) -> bool:
        """Take an answer in; whether it makes the refusals too many. Lost connections and requests to slow down say nothing."""
        action = outcome.action
        if outcome.code is None or action is Action.SLOW or action is Action.RECONNECT:
            return False
        self._answers += 1
        if action is not Action.COUNT_BLOCK:
            self._in_a_row = 0
            if not self._blocks:
                return False
        else:
            self._in_a_row += 1
            self._blocks.append(self._answers)
        while self._blocks and self._blocks[0] <= self._answers - BLOCK_WINDOW:
            self._blocks.popleft()
        full = self._answers >= BLOCK_WINDOW
        return self._in_a_row >= BLOCKS_IN_A_ROW or (full and len(self._blocks) > BLOCK_SHARE * BLOCK_WINDOW)


class Domains:
    """Recipients' domains that are left alone for a while, and why."""

    def __init__(self) -> None:
        self._odd: set[str] = set()
        self._holds: dict[str, Hold] = {}
        self._tried: Counter[str] = Counter()
        self._hard: Counter[str] = Counter()

    def known(self, domain: str) -> bool:
        """Whether it is held back, or was; most never were, and need no look at the clock."""
        return domain in self._holds

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

    def well(self, domain: str) -> bool:
        """A message was taken: what was before is forgotten. Whether there was something."""
        return self._holds.pop(domain, None) is not None

    def learn(self, domain: str, known: Hold) -> None:
        """What is remembered of a domain, if it is news."""
        mine = self._holds.get(domain)
        if mine is None or mine.until < known.until:
            self._holds[domain] = known

    def disbelieve(self, domain: str) -> None:
        """Hard refusals of this domain were too many in this dispatch before: no further one is believed."""
        self._odd.add(domain)

    def incredible(self, domain: str, outcome: Outcome) -> bool:
        """Take an answer in; whether this hard refusal is one too many to be believed."""
        self._tried[domain] += 1
        if outcome.action is not Action.SUPPRESS:
            return False
        self._hard[domain] += 1
        if self._hard[domain] > HARD_ROWS and self._hard[domain] > HARD_SHARE * self._tried[domain]:
            self._odd.add(domain)
        return domain in self._odd

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
        self.reason = ""
        self._failures = 0
        self._times = 0
        self._next_try = 0.0

    @property
    def in_trouble(self) -> bool:
        """Whether the last thing that the relay did was to fail."""
        return self._failures > 0

    @property
    def times(self) -> int:
        """How often in a row it was left alone for minutes; 0: it is not."""
        return self._times

    def failed(self, era: int, why: str = "") -> bool:
        """Take a failure in; whether it was one too many."""
        if era != self.era:
            return False
        self.era += 1
        self.reason = why
        self._failures += 1
        if self._failures < RELAY_FAILURES:
            self._next_try = time.monotonic() + min(PAUSE * 2 ** (self._failures - 1), PAUSE_MAX)
            return False
        self._times += 1
        length = min(RELAY_OPEN * 2 ** min(self._times - 1, 8), RELAY_OPEN_MAX)
        self._next_try = time.monotonic() + length.total_seconds()
        self._failures = RELAY_FAILURES - 1  # when that time is over, one try decides
        return True

    def give_up(self, why: str) -> None:
        """No retry can help before somebody has changed something: half an hour."""
        self._failures, self._times, self.reason = RELAY_FAILURES - 1, max(self._times, 6), why
        self._next_try = time.monotonic() + RELAY_OPEN_MAX.total_seconds()
        self.era += 1

    def learn(self, times: int, seconds: float, why: str) -> None:
        """It is left alone for so many seconds more, say others, or those who were here before."""
        if times > self._times or seconds > self.pause() + 1.0:
            self._failures, self._times, self.reason = RELAY_FAILURES - 1, times, why
            self._next_try = time.monotonic() + max(0.0, seconds)

    def well(self) -> bool:
        """A real answer came. Whether it had been left alone."""
        was = self._times > 0
        self._failures = self._times = 0
        return was

    def pause(self) -> float:
        """Seconds until the next try."""
        return max(0.0, self._next_try - time.monotonic())
