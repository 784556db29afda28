"""Whether the wall clock was moved, told by a clock that nobody sets. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Reading", "behind", "jump"]

BACK, FORWARD = timedelta(seconds=60), timedelta(hours=1)
"""What may be corrected without a word: a leap second, a clock that was set after the start."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Both clocks at one moment; `steady` counts seconds since some beginning, also while the machine sleeps."""

    wall: datetime
    steady: float


def jump(before: Reading, now: Reading, *, confirmed: datetime | None = None) -> str:
    """How the wall clock was moved between two readings, if it was moved far; else nothing.

    `confirmed`: when a person said last that the clock is right. If that was after the first reading, by the clock as it goes now, they have
    seen what is seen here.
    """
    spent = timedelta(seconds=now.steady - before.steady)
    if confirmed is not None and timedelta(0) <= now.wall - confirmed <= spent:
        return ""
    moved = now.wall - before.wall - spent
    if moved < -BACK:
        return f"the clock was set back by {_length(-moved)}, to {now.wall:%Y-%m-%d %H:%M}Z"
    if moved > FORWARD:
        return f"the clock was set forward by {_length(moved)}, to {now.wall:%Y-%m-%d %H:%M}Z"
    return ""


def behind(recorded: datetime | None, now: datetime) -> str:
    """The same against the newest thing on record, of which nothing may lie ahead; else nothing."""
    if recorded is None or now >= recorded - BACK:
        return ""
    return f"the clock says {now:%Y-%m-%d %H:%M}Z, and the newest thing on record was at {recorded:%Y-%m-%d %H:%M}Z"


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 72 * 60 else f"{minutes // 1440} days"
