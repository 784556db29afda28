"""Whether a slot's digest has reached its readers, as a dead man's switch asks it: what does not answer yes is said. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from publisher.schedule.slots import present_slot
from publisher.series import Digest

__all__ = ["ARRIVED", "OVERDUE", "Standing", "missing", "slot_to_ask_about"]

ARRIVED, OVERDUE = "clock.arrived", "clock.overdue"
"""What is recorded of a slot, once each: that its digest was accepted, and that it was not in time."""
TOLERATED = 1
"""Per cent of the readers who may be refused, or still wait after a deferral of their own server, of a digest that has arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What became of a slot: its edition, the dispatch's state (none: it was not sent) with its counts, and why something stopped."""

    made: bool = False
    state: str = ""
    why: str = ""
    planned: int = 0
    accepted: int = 0
    waiting: int = 0
    failed: int = 0
    expired: int = 0
    uncertain: int = 0


def slot_to_ask_about(digest: Digest, now: datetime) -> datetime | None:
    """The latest slot whose digest should have arrived by `now`."""
    return present_slot(digest, now - digest.alarm_after)


def missing(standing: Standing) -> str:
    """What keeps the digest from having arrived; nothing when it has."""
    because = f": {standing.why}" if standing.why else ""
    if not standing.made:
        return f"no edition was made{because}"
    if not standing.state:
        return f"its edition was not sent{because}"
    short = standing.waiting + standing.failed + standing.expired + standing.uncertain
    if short * 100 <= standing.planned * TOLERATED:
        return ""
    told = f"{standing.accepted} of {standing.planned} accepted, {standing.waiting} wait, {standing.failed} failed"
    told += f", {standing.expired} too late" if standing.expired else ""
    told += f", {standing.uncertain} in doubt" if standing.uncertain else ""
    return f"{told}; its dispatch is {standing.state}{because}"
