"""When editions are due: slots of a digest in its own time zone, through clock changes.

PURE. A slot that does not exist locally runs at the first minute after the gap, an ambiguous one at its first occurrence
(decision 23).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from publisher.series import Digest
from subscribers.rhythm import Place

__all__ = [
    "edition_id",
    "local_instant",
    "next_slot",
    "out_of_reach",
    "place_of",
    "present_slot",
    "slot_by_hand",
    "slots_between",
]

AHEAD = timedelta(days=1)
"""How long before its slot an edition may be made."""
EIGHT_DAYS = timedelta(days=8)
"""A week, and a day for what clock changes and days off shift."""


@lru_cache(maxsize=4096)
def local_instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant (UTC) of a local wall time; after the gap when it does not exist, the first when it is ambiguous."""
    wall = datetime.combine(day, at, tzinfo=zone)
    instant = wall.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return instant
    # The wall time was skipped: the change stands where the offset before it meets the offset after it.
    before = wall.replace(fold=0).utcoffset() or timedelta()
    after = wall.replace(fold=1).utcoffset() or timedelta()
    low, high = sorted((wall.replace(tzinfo=UTC) - before, wall.replace(tzinfo=UTC) - after))
    step = timedelta(minutes=1)
    while low < high:
        middle = low + (high - low) // 2 // step * step
        if middle.astimezone(zone).utcoffset() == high.astimezone(zone).utcoffset():
            high = middle
        elif middle == low:
            break
        else:
            low = middle
    return high


def present_slot(digest: Digest, now: datetime) -> datetime | None:
    """The latest slot at or before `now` (UTC), looking back eight days; None when the timetable has none there."""
    return max(slots_between(digest, now - EIGHT_DAYS, now), default=None)


def slot_by_hand(digest: Digest, now: datetime) -> datetime:
    """What an edition that a person makes at `now` is for: the present slot on its day and up to its deadline, else this moment.

    Readers see the day on top, and the clock has given up what is older.
    """
    present = present_slot(digest, now)
    zone = ZoneInfo(digest.timezone)
    if present is None or now - present <= digest.deadline:
        return present or now
    return present if present.astimezone(zone).date() == now.astimezone(zone).date() else now


def next_slot(digest: Digest, now: datetime) -> datetime | None:
    """The first slot after `now` (UTC), looking eight days ahead; None when the timetable has none there."""
    return min((due for due in slots_between(digest, now, now + EIGHT_DAYS) if due > now), default=None)


def slots_between(digest: Digest, start: datetime, end: datetime) -> list[datetime]:
    """The slots from `start` to `end`, both included, in order; two local times that meet after a gap are one slot."""
    zone = ZoneInfo(digest.timezone)
    # From the day before: a slot in a gap at midnight runs on the next day.
    first, last = (moment.astimezone(zone).date() for moment in (start, end))
    days = (first + timedelta(days=number) for number in range(-1, (last - first).days + 1))
    found = {
        local_instant(day, at, zone)
        for day in days
        if day.isoweekday() in digest.weekdays
        for at in digest.slots
    }
    return sorted(slot for slot in found if start <= slot <= end)


def place_of(digest: Digest, slot: datetime) -> Place:
    """Where an edition of this instant stands in the timetable: whose rhythm it serves."""
    zone = ZoneInfo(digest.timezone)
    local = slot.astimezone(zone).date()
    hours = tuple(f"{at:%H:%M}" for at in digest.slots)
    here = Place(
        local.isoweekday(), (), hours, digest.weekdays, digest.rhythm, weekly_apart=digest.weekly is not None
    )
    for day in (local, local - timedelta(days=1)):  # a slot in a gap at midnight runs on the next day
        now = tuple(f"{at:%H:%M}" for at in digest.slots if local_instant(day, at, zone) == slot)
        if now and day.isoweekday() in digest.weekdays:
            return replace(here, weekday=day.isoweekday(), now=now)
    return here


def out_of_reach(slot: datetime, *, window: timedelta, now: datetime) -> str:
    """Why no edition is made for this instant, or nothing: it would use stories up for a day on which nobody reads it.

    `window` is the shortest of the digest's sections: an older slot has none of its stories any more.
    """
    if slot < now - window:
        return f"the slot {slot:%Y-%m-%d %H:%M}Z lies more than {_hours(window)} back, longer than a story waits for this digest"
    if slot > now + AHEAD:
        return f"the slot {slot:%Y-%m-%d %H:%M}Z lies more than {_hours(AHEAD)} ahead, and its stories have not come in yet"
    return ""


def _hours(length: timedelta) -> str:
    hours = int(length.total_seconds()) // 3600
    return f"{hours} hours" if hours < 72 else f"{hours // 24} days"


def edition_id(digest: Digest, slot: datetime) -> str:
    """`<digest>-<local date>`, with `-<HHMM>` when the digest has several slots a day or the slot is none of them.

    In the hour that a clock change repeats the second time gets a `b`: no slot runs then, but alerts do.
    """
    local = slot.astimezone(ZoneInfo(digest.timezone))
    base = f"{digest.slug}-{local:%Y-%m-%d}"
    only = (
        len(digest.slots) == 1
        and local_instant(local.date(), digest.slots[0], ZoneInfo(digest.timezone)) == slot
    )
    return base if only else f"{base}-{local:%H%M}{'b' if local.fold else ''}"
