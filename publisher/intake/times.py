"""Times as feeds write them: RFC 822 and RFC 3339 with their common faults; aware, in UTC, or None."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

__all__ = ["SKEW", "clamped", "parse"]

SKEW = timedelta(minutes=10)
"""How far ahead of our clock a source's may be."""
ISO = re.compile(r"\d{4}-\d{2}(-\d{2})?([T ]\d{2}:\d{2}.*)?|\d{8}(T\d{4}.*)?")
"""Also in the basic form, as NewsML 1.2 and NITF write it: 20310301T180000+0000."""


def parse(text: str | None, *, zone: str) -> datetime | None:
    """The instant; a time without zone is in `zone`. None for what is no time."""
    if not text:
        return None
    text = text.strip()[:64]
    try:
        if ISO.fullmatch(text):
            stamp = re.sub(r"(\.\d{6})\d+", r"\1", text.replace(" ", "T", 1))
            found = datetime.fromisoformat(stamp if len(stamp) > 7 else f"{stamp}-01")
        else:
            found = parsedate_to_datetime(text)
            if found.tzinfo is None and not text.endswith(("-0000", "UTC", "GMT", "Z")):
                found = found.replace(tzinfo=ZoneInfo(zone))
        aware = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
        return aware.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def clamped(moment: datetime | None, now: datetime) -> tuple[datetime | None, bool]:
    """The moment, or `now` when it lies ahead of our clock by more than the skew; whether it was changed."""
    if moment is not None and moment > now + SKEW:
        return now, True
    return moment, False
