"""The kinds of value that a setting may have, each with the sentence that refuses what is not one.

Pydantic types only: what a wrong value should have been is said here once, for files and environment alike.
A sentence never repeats the value: it may be a secret typed into the wrong place.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any
from unicodedata import category
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator

from publisher.legible import is_host, visible
from publisher.section import Term
from subscribers import address
from subscribers.errors import AddressRefused

__all__ = [
    "Domain",
    "DomainOrEmpty",
    "Duration",
    "Language",
    "Languages",
    "Line",
    "LineOrEmpty",
    "LocalTime",
    "MailAddress",
    "MailAddressOrEmpty",
    "Network",
    "PathText",
    "Rate",
    "RateOrEmpty",
    "SelectorOrEmpty",
    "SiteUrl",
    "Slug",
    "TagDate",
    "TaggedAddressOrEmpty",
    "TermText",
    "Text",
    "Titles",
    "Urgency",
    "WebUrl",
    "WebUrlOrEmpty",
    "Weekday",
    "Whole",
    "Zone",
    "format_duration",
    "parse_duration",
    "parse_rate",
    "selector",
    "term",
]

UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
LONGEST = timedelta(days=36_500)
"""What may be taken off any day without falling out of the calendar."""
SITE_URL_MAX = 200
"""So that a mail's longest header line, two ways of leaving with the reader's token in each, stays far below 998 octets."""
ABSOLUTE = "an absolute http(s) address is wanted, without user name and fragment"
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""As the last label of a host it makes an IPv4 address of the name, in one of the forms that only programs understand."""
SITE_URL = re.compile(r"https?://([A-Za-z0-9.-]+)(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*/*")
SELECTOR_MAX = 63
TOKEN_LENGTH = 32
LOCAL_MAX = 64
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TERM_KINDS = ("source", "category", "subject", "word", "language", "genre")


def parse_duration(text: str) -> timedelta:
    """`"90s"`, `"30m"`, `"36h"` or `"14d"` as a length of time; ValueError for anything else, zero included."""
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", text.strip())
    if match is None or int(match[1]) == 0:
        raise ValueError('a length of time is wanted, such as "90s", "30m", "36h" or "14d"')
    length = int(match[1]) * UNITS[match[2]]
    if length > LONGEST:
        raise ValueError(f'a length of time of at most "{LONGEST.days}d" is wanted')
    return length


def format_duration(length: timedelta) -> str:
    """The shortest form that `parse_duration` reads back."""
    for name, unit in reversed(UNITS.items()):
        if length and length % unit == timedelta():
            return f"{length // unit}{name}"
    raise ValueError("only whole seconds above zero can be written")


def parse_rate(text: str) -> tuple[int, float]:
    """`"14/s"`, `"300/m"`, `"1000/h"` or `"50000/d"` as (how many, in how many seconds); ValueError for anything else."""
    match = re.fullmatch(r"([0-9]{1,7})/([smhd])", text.strip())
    if match is None or int(match[1]) == 0:
        raise ValueError(
            'a number of mails in a second, minute, hour or day is wanted, such as "14/s" or "1000/h"'
        )
    return int(match[1]), UNITS[match[2]].total_seconds()


def _rate(value: str) -> str:
    parse_rate(value)
    return value.strip()


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
    if not visible(value) or any(category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in value):
        raise ValueError("one line of text that can be seen is wanted, without control characters")
    return value.strip()


def _network(value: str) -> str:
    try:
        alone = ip_address(value)
        return str(getattr(alone, "ipv4_mapped", None) or alone)
    except ValueError:
        pass
    try:
        return str(ip_network(value))
    except ValueError:
        raise ValueError('an address or a network is wanted, such as "192.0.2.1" or "10.0.0.0/8"') from None


def _text(value: str) -> str:
    if any(category(letter) in {"Cc", "Cs", "Zl", "Zp"} and letter not in "\n\t" for letter in value):
        raise ValueError("text without control characters is wanted")
    return value


def _path(value: Path) -> Path:
    _text(str(value))
    try:
        value.expanduser()
    except RuntimeError:
        raise ValueError("there is no home folder by this name") from None
    return value


def _whole(value: Any) -> Any:
    """An integer as TOML has it, or the digits that the environment can give; neither true nor 2.0."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value.strip()):
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("a whole number is wanted")  # noqa: TRY004 - pydantic makes sentences of ValueError only
    return value


def _host_fits(host: str) -> bool:
    """Whether it is a name that can exist (IDNA checks one in another script when it is asked for), or an address in its usual form."""
    try:
        ip_address(host)
    except ValueError:
        last = host.removesuffix(".").rpartition(".")[2]
        return bool(host) and not NUMBER.fullmatch(last) and (not host.isascii() or is_host(host))
    return True


def _absolute(value: str) -> str:
    try:
        parts = urlsplit(value)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits, parts = False, urlsplit("")
    unfit = set(value) & set(' <>"\\^`{|}')
    if not fits or "@" in parts.netloc or parts.fragment or not value.isprintable() or unfit:
        raise ValueError(ABSOLUTE)
    return value


def _web_url(value: str) -> str:
    if not _host_fits(urlsplit(_absolute(value)).hostname or ""):
        raise ValueError(f"{ABSOLUTE}, and of a host that can exist")
    return value


def _site_url(value: str) -> str:
    if urlsplit(_absolute(value)).query:
        raise ValueError("the address of the site has no query")
    found = SITE_URL.fullmatch(value)
    if found is None or not is_host(found[1].lower()):
        raise ValueError(
            "the address of the site stands in mail headers: a host name (xn-- form), and a path of letters, digits and ._~-"
        )
    if len(value) > SITE_URL_MAX:
        raise ValueError(
            f"the address of the site has at most {SITE_URL_MAX} characters, so that mail headers hold it"
        )
    return value.rstrip("/")


def _domain(value: str) -> str:
    label = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    if len(value) > 253 or not re.fullmatch(rf"(?:{label}\.)+{label}", value):
        raise ValueError('a domain name in small letters is wanted, such as "lists.news.example"')
    return value


def _whole_domain(value: str) -> str:
    """Everybody at a domain: `@news.example`."""
    if not value.startswith("@"):
        return _mail_address(value)
    return f"@{_domain(value[1:])}"


def selector(value: str) -> str:
    """A DKIM selector (RFC 6376 section 3.1), or ValueError."""
    label = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    if len(value) > SELECTOR_MAX or not re.fullmatch(rf"{label}(?:\.{label})*", value):
        raise ValueError(
            f'a selector stands in a DNS name: small letters, digits, hyphens and dots, {SELECTOR_MAX} at most, such as "wire2026"'
        )
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


def _tagged_address(value: str) -> str:
    found = _mail_address(value)
    local = found.rpartition("@")[0]
    longest = LOCAL_MAX - TOKEN_LENGTH - 1
    if len(local) > longest or not re.fullmatch(r"[A-Za-z0-9._-]+", local):
        raise ValueError(
            f"a token is added before the @: letters, digits and ._- are wanted there, {longest} at most"
        )
    return found


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
    if isinstance(value, date) and not isinstance(value, datetime):
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
Rate = Annotated[str, AfterValidator(_rate)]
RateOrEmpty = Annotated[str, AfterValidator(lambda value: value and _rate(value))]
Slug = Annotated[str, AfterValidator(_slug)]
Language = Annotated[str, AfterValidator(_language)]
Languages = Annotated[str | tuple[str, ...], PlainValidator(_languages)]
Zone = Annotated[str, AfterValidator(_zone)]
Line = Annotated[str, AfterValidator(_line)]
LineOrEmpty = Annotated[str, AfterValidator(lambda value: value and _line(value))]
Network = Annotated[str, AfterValidator(_network)]
Text = Annotated[str, AfterValidator(_text)]
PathText = Annotated[Path, AfterValidator(_path)]
Whole = Annotated[int, BeforeValidator(_whole)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
WebUrlOrEmpty = Annotated[str, AfterValidator(lambda value: value and _web_url(value))]
SiteUrl = Annotated[str, AfterValidator(_site_url)]
Domain = Annotated[str, AfterValidator(_domain)]
DomainOrEmpty = Annotated[str, AfterValidator(lambda value: value and _domain(value))]
SelectorOrEmpty = Annotated[str, AfterValidator(lambda value: value and selector(value))]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
MailAddressOrDomain = Annotated[str, AfterValidator(_whole_domain)]
MailAddressOrEmpty = Annotated[str, AfterValidator(lambda value: value and _mail_address(value))]
TaggedAddressOrEmpty = Annotated[str, AfterValidator(lambda value: value and _tagged_address(value))]
LocalTime = Annotated[
    time, BeforeValidator(_local_time), PlainSerializer(lambda value: value.strftime("%H:%M"))
]
Weekday = Annotated[int, BeforeValidator(_weekday), PlainSerializer(lambda value: WEEKDAYS[value - 1])]
TagDate = Annotated[str, BeforeValidator(_tag_date)]
TermText = Annotated[str, AfterValidator(_term_text)]
Titles = Annotated[dict[Language, Line], Field(min_length=1)]
Urgency = Annotated[Whole, Field(ge=1, le=9)]
