"""What a request asks for in its headers: whether it has the bytes already, and whether it takes them gzipped (RFC 9110).

No I/O. A header that cannot be read is no condition: whoever sent it gets the whole answer.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

__all__ = ["http_date", "named", "seconds_of", "takes_gzip"]

_TAG = rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")'
_TAGS = re.compile(rb"[ \t,]*" + _TAG + rb"(?:[ \t]*,[ \t,]*" + _TAG + rb")*[ \t,]*")
_ONE_TAG = re.compile(_TAG)
_LONG_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAYS = tuple(day[:3] for day in _LONG_DAYS)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_DATES = (
    re.compile(
        rf"(?P<day>{'|'.join(_DAYS)}), (?P<date>\d\d) {_MONTH} (?P<year>\d{{4}}) {_TIME} GMT", re.ASCII
    ),
    re.compile(
        rf"(?P<day>{'|'.join(_LONG_DAYS)}), (?P<date>\d\d)-{_MONTH}-(?P<year>\d\d) {_TIME} GMT", re.ASCII
    ),
    re.compile(rf"(?P<day>{'|'.join(_DAYS)}) {_MONTH} (?P<date>[ \d]\d) {_TIME} (?P<year>\d{{4}})", re.ASCII),
)
"""Section 5.6.7: the one form to send, and the two old ones (RFC 850, asctime) that have to be understood."""
_QUALITY = re.compile(r"[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*", re.ASCII | re.IGNORECASE)


def named(header: bytes, tag: bytes) -> bool:
    """Whether If-None-Match names this entity tag (in its strong form); compared weakly (section 8.8.3.2)."""
    if header.strip() == b"*":
        return True
    # The whole list has to be sound: half a header may have been another one.
    return _TAGS.fullmatch(header) is not None and tag in _ONE_TAG.findall(header)


def http_date(moment: datetime) -> str:
    """The one form of a date that is sent (IMF-fixdate)."""
    at = moment.astimezone(UTC)
    return f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at.year:04} {at:%H:%M:%S} GMT"


def seconds_of(header: bytes, *, now: float) -> float | None:
    """The date of If-Modified-Since in seconds since 1970; None when it is no date, or lies ahead of `now`.

    A date that has not come yet is nothing we ever said; to honour it would hide every change until then.
    """
    text = header.decode("latin-1").strip()
    for form in _DATES:
        if found := form.fullmatch(text):
            moment = _moment(found, now)
            return moment.timestamp() if moment is not None and moment.timestamp() <= now else None
    return None


def _moment(found: re.Match[str], now: float) -> datetime | None:
    year = int(found["year"])
    if len(found["year"]) == 2:  # of the last hundred years, half a century ahead at most
        this = datetime.fromtimestamp(now, UTC).year
        year += this // 100 * 100
        year -= 100 if year > this + 50 else 0
    try:
        moment = datetime(
            year,
            _MONTHS.index(found["month"]) + 1,
            int(found["date"]),
            int(found["hour"]),
            int(found["minute"]),
            min(int(found["second"]), 59),  # a leap second
            tzinfo=UTC,
        )
    except ValueError:
        return None
    return moment if _DAYS[moment.weekday()] == found["day"][:3] and int(found["second"]) <= 60 else None


@lru_cache(maxsize=256)
def takes_gzip(header: bytes) -> bool:
    """Whether Accept-Encoding prefers gzip to the bytes as they are, or at least takes it (section 12.5.3)."""
    wanted: dict[str, float] = {}
    for entry in header.decode("latin-1").split(","):
        name, _, rest = entry.partition(";")
        quality = 1.0
        if rest:
            found = _QUALITY.fullmatch(rest)
            if found is None:
                continue
            quality = float(found[1])
        wanted[name.strip().lower()] = quality
    gzip = wanted.get("gzip", wanted.get("x-gzip", wanted.get("*", 0.0)))
    return gzip > 0 and gzip >= wanted.get("identity", 0.0)
