"""The kinds of value that a setting may have, each with the sentence that refuses what is not one.

Pydantic types only: what a wrong value should have been is said here once, for files and environment alike.
A sentence never repeats the value: it may be a secret typed into the wrong place.
"""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Annotated, Any
from unicodedata import category
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator

from publisher.story import Term
from subscribers import address
from subscribers.errors import AddressRefused

__all__ = [
    "Domain",
    "DomainOrEmpty",
    "Duration",
    "Language",
    "Languages",
    "Line",
    "LocalTime",
    "MailAddress",
    "MailAddressOrEmpty",
    "SiteUrl",
    "Slug",
    "TagDate",
    "TermText",
    "Titles",
    "Urgency",
    "WebUrl",
    "WebUrlOrEmpty",
    "Weekday",
    "Zone",
    "format_duration",
    "parse_duration",
    "term",
]

UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TERM_KINDS = ("source", "category", "subject", "word", "language", "genre")


def parse_duration(text: str) -> timedelta:
    """`"90s"`, `"30m"`, `"36h"` or `"14d"` as a length of time; ValueError for anything else, zero included."""
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", text.strip())
    if match is None or int(match[1]) == 0:
        raise ValueError('a length of time is wanted, such as "90s", "30m", "36h" or "14d"')
    return int(match[1]) * UNITS[match[2]]


def format_duration(length: timedelta) -> str:
    """The shortest form that `parse_duration` reads back."""
    for name, unit in reversed(UNITS.items()):
        if length and length % unit == timedelta():
            return f"{length // unit}{name}"
    raise ValueError("only whole seconds above zero can be written")


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    return parse_duration(value if isinstance(value, str) else "")


def _slug(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?", value) or "--" in value:
        raise ValueError(
            "small letters, digits and single hyphens are wanted, 48 at most; it is permanent, so choose it well"
        )
    return value


def _language(value: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?", value):
        raise ValueError('a language tag (BCP 47) is wanted, such as "en", "fa" or "zh-Hant"')
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            'no such time zone: an IANA name is wanted, such as "Asia/Tehran" or "UTC"'
        ) from None
    return value


def _line(value: str) -> str:
    if not value.strip() or any(category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in value):
        raise ValueError("one line of text is wanted, not empty, without control characters")
    return value.strip()


def _web_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits, parts = False, urlsplit("")
    if not fits or "@" in parts.netloc or parts.fragment or not value.isprintable() or " " in value:
        raise ValueError("an absolute http(s) address is wanted, without user name and fragment")
    return value


def _site_url(value: str) -> str:
    if urlsplit(_web_url(value)).query:
        raise ValueError("the address of the site has no query")
    return value.rstrip("/")


def _domain(value: str) -> str:
    label = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    if not re.fullmatch(rf"(?:{label}\.)+{label}", value):
        raise ValueError('a domain name in small letters is wanted, such as "lists.news.example"')
    return value


def _mail_address(value: str) -> str:
    try:
        found = address.parse(value)
    except AddressRefused as error:
        raise ValueError(f"not a mail address: {error.why}") from None
    if found.needs_smtputf8:
        raise ValueError(
            "a mail address of ours has an ASCII part before the @, so that every server takes it"
        )
    return found.address


def _languages(value: Any) -> str | tuple[str, ...]:
    if value in ("edition", "all"):
        return str(value)
    if (
        not isinstance(value, (list, tuple))
        or not value
        or not all(isinstance(entry, str) for entry in value)
    ):
        raise ValueError('"edition", "all" or a list of language tags is wanted')
    return tuple(_language(entry) for entry in value)


def _local_time(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", value)
        if match is not None:
            return time(int(match[1]), int(match[2]))
    if not isinstance(value, time) or value.tzinfo or value.second or value.microsecond:
        raise ValueError('a local time of day is wanted, such as "07:00"')
    return value


def _weekday(value: Any) -> Any:
    if value not in WEEKDAYS and value not in range(1, 8):
        raise ValueError(f"a day is wanted: {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(value) + 1 if isinstance(value, str) else value


def _tag_date(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError("a day is wanted on which the domain was yours, such as 2026-01-01") from None


def term(text: str) -> Term:
    """`"category:world"` as a condition of a section rule; ValueError when the kind is unknown or the value empty."""
    kind, _, value = text.partition(":")
    if kind not in TERM_KINDS or not value.strip():
        raise ValueError(f'"kind:value" is wanted, where kind is one of {", ".join(TERM_KINDS)}')
    return Term(kind, value.strip())


def _term_text(value: str) -> str:
    term(value)
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(format_duration)]
Slug = Annotated[str, AfterValidator(_slug)]
Language = Annotated[str, AfterValidator(_language)]
Languages = Annotated[str | tuple[str, ...], PlainValidator(_languages)]
Zone = Annotated[str, AfterValidator(_zone)]
Line = Annotated[str, AfterValidator(_line)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
WebUrlOrEmpty = Annotated[str, AfterValidator(lambda value: value and _web_url(value))]
SiteUrl = Annotated[str, AfterValidator(_site_url)]
Domain = Annotated[str, AfterValidator(_domain)]
DomainOrEmpty = Annotated[str, AfterValidator(lambda value: value and _domain(value))]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
MailAddressOrEmpty = Annotated[str, AfterValidator(lambda value: value and _mail_address(value))]
LocalTime = Annotated[
    time, BeforeValidator(_local_time), PlainSerializer(lambda value: value.strftime("%H:%M"))
]
Weekday = Annotated[int, BeforeValidator(_weekday), PlainSerializer(lambda value: WEEKDAYS[value - 1])]
TagDate = Annotated[str, BeforeValidator(_tag_date)]
TermText = Annotated[str, AfterValidator(_term_text)]
Titles = Annotated[dict[Language, Line], Field(min_length=1)]
Urgency = Annotated[int, Field(ge=1, le=9)]
