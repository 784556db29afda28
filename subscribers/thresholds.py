"""When what came back is enough to mail an address no more.

PURE. Proof about the mailbox is enough at once, and so is a complaint. A host nobody knows, and "no such mailbox" in words alone, want a second
report of another day. A full mailbox wants five, of which the last came two weeks after the first, or later. Nothing else ever suppresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from subscribers.bounces import Kind

__all__ = ["COUNTED", "REMEMBERED", "enough"]

COUNTED = frozenset({Kind.HARD, Kind.UNKNOWN_HOST, Kind.FULL})
FULL_TIMES = 5
FULL_SPAN = timedelta(days=14)
REMEMBERED = timedelta(days=60)
"""What was reported longer ago says nothing of a mailbox of today."""


def enough(kind: Kind, *, proved: bool, before: Sequence[datetime], now: datetime) -> bool:
    """Whether a report of this kind suppresses, after those of the same kind for the same address."""
    times = [at for at in before if now - REMEMBERED <= at <= now]
    if kind is Kind.HARD and proved:
        return True
    if kind in {Kind.HARD, Kind.UNKNOWN_HOST}:
        return any(at.date() != now.date() for at in times)
    if kind is Kind.FULL:
        return len(times) + 1 >= FULL_TIMES and now - min(times) >= FULL_SPAN
    return False
