"""Times as feeds write them: RFC 822 and RFC 3339 with their common faults; aware, in UTC, or None."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

__all__ = ["SKEW", "clamped", "parse", "spoken"]

SKEW = timedelta(minutes=10)
"""How far ahead of our clock a source's may be."""
ISO = re.compile(r"\d{4}-\d{2}(-\d{2})?([T ]\d{2}:\d{2}.*)?|\d{8}(T\d{4}.*)?")
"""Also in the basic form, as NewsML 1.2 and NITF write it: 20310301T180000+0000."""
DAY = re.compile(r"\d{4}-\d{2}(-\d{2})?|\d{8}")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
SPOKEN = re.compile(
    rf"(?:(\d{{1,2}})(?:st|nd|rd|th)?\s+({'|'.join(MONTHS)})[a-z]*|({'|'.join(MONTHS)})[a-z]*\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?),?\s+(20\d\d)\b",
    re.IGNORECASE,
)
CLOCK = re.compile(r"(\d{1,2})(?:[:.h]?(\d{2}))?\s*([ap])?\.?(?:m\.?)?\s*(?:h|hrs|hours|uhr)?", re.IGNORECASE)
BESIDE = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|on|at|the)\b|[,.]\s*$|^\s*,", re.IGNORECASE
)


def parse(text: str | None, *, zone: str, late: bool = False, early: bool = False) -> datetime | None:
    """The instant; a time without zone is in `zone`. None for what is no time.

    Where a clock shows a time twice, or not at all, the first reading counts; with `late` the later of the two, and a day without a time means
    its end; with `early` the earlier.
    """
    if not text:
        return None
    text = text.strip()[:64]
    try:
        if ISO.fullmatch(text):
            stamp = re.sub(r"(\.\d{6})\d+", r"\1", text.replace(" ", "T", 1))
            found = datetime.fromisoformat(stamp if len(stamp) > 7 else f"{stamp}-01")
            if late and DAY.fullmatch(text):
                if len(text) == 7:
                    return None
                found += timedelta(days=1)
        else:
            found = parsedate_to_datetime(text)
            if found.tzinfo is None and text.endswith(("-0000", "UTC", "GMT", "Z")):
                found = found.replace(tzinfo=UTC)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
        local = ZoneInfo(zone)
        first, second = (found.replace(tzinfo=local, fold=fold).astimezone(UTC) for fold in (0, 1))
        return max(first, second) if late else min(first, second) if early else first
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def spoken(text: str, *, zone: str) -> datetime | None:
    """The end of an embargo as desks write it, "0600 GMT 1 JAN 2027"; a day without a time means its end. None where a word is left that we do not know."""
    found = SPOKEN.search(text)
    if found is None:
        return None
    day, month, year = found[1] or found[4], (found[2] or found[3]).casefold(), found[5]
    rest = BESIDE.sub(" ", f"{text[: found.start()]} {text[found.end() :]}").strip(" ,.;()")
    zoned = re.fullmatch(r"(?:(.*?)\s*)?\b(GMT|UTC)", rest, re.IGNORECASE)
    clock = CLOCK.fullmatch((zoned[1] or "" if zoned else rest).strip(" ,.;"))
    date = f"{year}-{MONTHS.index(month) + 1:02}-{int(day):02}"
    where = "UTC" if zoned else zone
    if not rest:
        return parse(date, zone=where, late=True)
    if clock is None:
        return None
    hour = int(clock[1])
    if clock[3]:
        hour = hour % 12 + (12 if clock[3] in "pP" else 0)
    return parse(f"{date}T{hour:02}:{clock[2] or '00'}", zone=where, late=True)


def clamped(moment: datetime | None, now: datetime) -> tuple[datetime | None, bool]:
    """The moment, or `now` when it lies ahead of our clock by more than the skew; whether it was changed."""
    if moment is not None and moment > now + SKEW:
        return now, True
    return moment, False
