"""How often a reader wants a digest: each edition, one slot a day, one edition a week, or breaking news only.

PURE. A reader's own hour is one of the digest's slots and never an edition of their own. An edition stands at one place of the timetable
(`Place`): its day and slot, and the timetable's own days and slots, so that nobody is lost when a slot or a day is taken out of it: who
had chosen what is there no more gets the day's, or the week's, first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from subscribers.errors import RhythmUnknown

__all__ = ["EACH", "Place", "Rhythm", "RhythmKind", "parse"]

_TEXT = re.compile(
    r"each|alerts|daily ([01]\d|2[0-3]):[0-5]\d|weekly [1-7] ([01]\d|2[0-3]):[0-5]\d", re.ASCII
)


class RhythmKind(StrEnum):
    """How often."""

    EACH = "each"
    DAILY = "daily"
    WEEKLY = "weekly"
    ALERTS = "alerts"
    """Breaking news only: no edition of the timetable."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A reader's choice; `hour` is a slot ("07:00", in the digest's zone), `weekday` its day (1 is Monday)."""

    kind: RhythmKind
    hour: str | None = None
    weekday: int | None = None

    def __str__(self) -> str:
        """As forms, files and commands write it: "each", "daily 07:00", "weekly 5 18:00", "alerts"."""
        return " ".join(str(part) for part in (self.kind.value, self.weekday, self.hour) if part is not None)


EACH = Rhythm(RhythmKind.EACH)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an edition stands in its digest's timetable.

    Attributes:
        now: its slot, two where the clocks' change makes two of them meet; none: only readers of each edition get it.
        hours, weekdays: all slots and days of the timetable, in order.
        only: an edition apart, for all of this rhythm and nobody else. weekly_apart: those who want a week's have such ones.
    """

    weekday: int
    now: tuple[str, ...]
    hours: tuple[str, ...]
    weekdays: tuple[int, ...]
    only: RhythmKind | None = None
    weekly_apart: bool = False

    @property
    def first_hour(self) -> bool:
        """Whether it is the day's first slot, which also serves those whose hour is no slot any more."""
        return self.hours[0] in self.now

    @property
    def first_day(self) -> bool:
        """Whether it is the week's first day, likewise."""
        return self.weekday == self.weekdays[0]


def parse(text: str) -> Rhythm:
    """The rhythm that `str` wrote.

    Raises:
        RhythmUnknown: it is none.
    """
    if _TEXT.fullmatch(text) is None:
        raise RhythmUnknown(text)
    kind, *rest = text.split(" ")
    hour = rest.pop() if rest else None
    return Rhythm(RhythmKind(kind), hour, int(rest[0]) if rest else None)
