"""Whatever the language, month, time and zone: one digit system, one calendar, and the same words each time."""

import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from babel import Locale
from babel.localedata import locale_identifiers
from hypothesis import given
from hypothesis import strategies as st
from persiantools.jdatetime import JalaliDate

from publisher.render.words import ZEROS
from tests.editions import TEMPLATES

SHIPPED = ("ar", "ar-EG", "ar-MA", "en", "es", "fa", "fr", "he", "ru", "zh")
KNOWN = tuple(tag.replace("_", "-") for tag in locale_identifiers() if tag not in {"root", "en_US_POSIX"})
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(lambda when: when.replace(tzinfo=UTC))  # noqa: DTZ001 - the zone comes in the map
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
PERSIAN = [
    "فروردین",
    "اردیبهشت",
    "خرداد",
    "تیر",
    "مرداد",
    "شهریور",
    "مهر",
    "آبان",
    "آذر",
    "دی",
    "بهمن",
    "اسفند",
]


def digits(text: str) -> set[str]:
    return {sign for sign in text if unicodedata.category(sign) == "Nd"}


def own_digits(language: str) -> set[str]:
    return set(TEMPLATES.words(language).digits("0123456789"))


@given(st.sampled_from(KNOWN), INSTANTS, OFFSETS, st.integers(0, 10**6))
def test_no_digit_of_another_system_stands_in_any_language(language, instant, offset, n):
    words = TEMPLATES.words(language)
    local = instant.astimezone(offset)
    told = (words.date(local), words.date_time(local), words.number(n))
    assert digits("".join(told)) <= own_digits(language)
    assert told == (words.date(local), words.date_time(local), words.number(n))


@given(st.sampled_from(SHIPPED), INSTANTS, OFFSETS)
def test_a_time_reads_back(language, instant, offset):
    local = instant.astimezone(offset)
    hour, minute = TEMPLATES.words(language).time(local)[:5].split(":")
    assert (int(hour), int(minute)) == (local.hour, local.minute)


@pytest.mark.parametrize("language", SHIPPED)
@pytest.mark.parametrize("month", range(1, 13))
def test_every_month_of_both_calendars_has_its_name_and_its_day(language, month):
    words = TEMPLATES.words(language)
    if language == "fa":
        for day in (1, 29):
            local = datetime.combine(JalaliDate(1404, month, day).to_gregorian(), datetime.min.time(), UTC)
            number = words.number(day)
            assert words.day(local) == f"{number} {PERSIAN[month - 1]}"
            assert words.date(local).endswith(f" {number} {PERSIAN[month - 1]} ۱۴۰۴")
        return
    days = [words.day(datetime(2026, m, 28, tzinfo=UTC)) for m in range(1, 13)]
    assert len(set(days)) == 12
    full = words.date(datetime(2026, month, 28, tzinfo=UTC))
    assert words.number(2026) in full
    assert words.number(28) in days[month - 1]
    assert days[month - 1] in full or language == "en"


@pytest.mark.parametrize("language", SHIPPED)
def test_every_weekday_has_its_name(language):
    words = TEMPLATES.words(language)
    week = [words.date(datetime(2026, 3, day, tzinfo=UTC)) for day in range(2, 9)]
    assert len({"".join(sign for sign in text if sign not in own_digits(language)) for text in week}) == 7


def test_every_default_numbering_system_has_ten_digits_in_a_row():
    wanted = {Locale.parse(tag.replace("-", "_")).default_numbering_system for tag in KNOWN}
    assert wanted == set(ZEROS)
    for zero in ZEROS.values():
        assert [unicodedata.decimal(chr(ord(zero) + n), None) for n in range(10)] == list(range(10))


@given(st.dates(date(1930, 1, 1), date(2090, 1, 1)))
def test_the_persian_calendar_is_a_rearrangement_of_days(day):
    words = TEMPLATES.words("fa")
    here, next_ = (datetime(d.year, d.month, d.day, tzinfo=UTC) for d in (day, day + timedelta(days=1)))
    assert words.date(here) != words.date(next_)
