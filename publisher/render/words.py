"""The words of outputs in each language: interface strings, dates, numbers, plurals.

PURE. Strings come from `.po` catalogues that `templates.load` has read; what a catalogue lacks is said in English. One calendar
and one digit system per edition: Persian dates are Jalali, the rest follows CLDR, also in which digits a tag is written with.
Babel formats with Latin digits whatever the language, so the digits are turned last.
"""

from __future__ import annotations

import gettext
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from persiantools.jdatetime import JalaliDate

from publisher.render.direction import LRI, LRM, PDI, first_strong, is_rtl, isolated

__all__ = ["CatalogueUnreadable", "Words", "read_words", "zoned"]

PLACE = re.compile(r"%\((\w+)\)s")
ZEROS = {
    "adlm": "\U0001e950",
    "arab": "\u0660",
    "arabext": "\u06f0",
    "beng": "\u09e6",
    "cakm": "\U00011136",
    "deva": "\u0966",
    "hmnp": "\U0001e140",
    "latn": "0",
    "mtei": "\uabf0",
    "mymr": "\u1040",
    "nkoo": "\u07c0",
    "olck": "\u1c50",
    "tibt": "\u0f20",
}
"""The zero of every numbering system that is some language's default in CLDR; one to nine follow it."""
LIKE_A_DOT = frozenset("٠۰")
"""Zeros that are drawn as a dot: a middle dot beside such digits would be read as one."""
NARROW = "\u202f"
Day = date
"""The type, where the class below has a method of its name."""


class Signs(NamedTuple):
    """What parts things in a line, blanks included."""

    comma: str
    semicolon: str
    colon: str


WESTERN = Signs(", ", "; ", ": ")
ARABIC = Signs("، ", "؛ ", ": ")
SIGNS = {
    "fr": Signs(", ", f"{NARROW}; ", f"{NARROW}: "),
    "he": WESTERN,
    "yi": WESTERN,
    "zh": Signs("，", "；", "："),
}
"""By language; others that run right to left have the Arabic signs, the rest the Western ones."""


class Words:
    """The words of one language."""

    def __init__(
        self, language: str, catalogue: gettext.NullTranslations, strings: frozenset[str] = frozenset()
    ) -> None:
        self.language = language
        self.strings = strings
        """What the catalogue translates."""
        self._catalogue = catalogue
        try:
            self._locale = Locale.parse(language.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            self._locale = Locale.parse("en")
        base = language.partition("-")[0]
        self._jalali = base == "fa"
        self.signs = SIGNS.get(base) or (ARABIC if is_rtl(language) else WESTERN)
        zero = ord(ZEROS.get(self._locale.default_numbering_system, "0"))
        self._digits = {ord("0") + n: chr(zero + n) for n in range(10)} if zero != ord("0") else {}
        self._offsets: dict[timedelta, str] = {}
        self._rtl = is_rtl(language)
        self._apart = False
        self._greenwich = self._local_greenwich()
        self.dot = " | " if chr(zero) in LIKE_A_DOT else " · "
        """What parts the things of a line that are told beside each other, blanks included."""
        self._before_digits = LRM if unicodedata.bidirectional(chr(zero)) == "AN" else ""

    def spoken_as(self, language: str) -> Words:
        """The same strings with the calendar and digits of another tag: "ar-EG" of "ar"."""
        return Words(language, self._catalogue, self.strings)

    @cached_property
    def apart(self) -> Words:
        """The same words for a page or a mail: from right to left, a string said in English for want of a translation is kept together."""
        if not self._rtl:
            return self
        words = Words(self.language, self._catalogue, self.strings)
        words._apart = True
        return words

    def gettext(self, text: str) -> str:
        """The string in this language, else as it stands."""
        return self._as_told(text, self._catalogue.gettext(text))

    def _as_told(self, text: str, said: str) -> str:
        return f"{LRI}{said}{PDI}" if self._apart and text not in self.strings else said

    def fill(self, text: str, **values: str) -> str:
        """The string with its places filled in, each value kept together in a language that runs the other way."""
        return self.gettext(text) % self._kept_together(values)

    def ngettext(self, one: str, many: str, n: int, **values: str) -> str:
        """The plural form for `n`, with `%(n)s` filled in in the language's digits, and its other places."""
        filled = {"n": self.number(n), **self._kept_together(values)}
        return self._as_told(one, self._catalogue.ngettext(one, many, n) % filled)

    def _kept_together(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: isolated(value, self.language) for name, value in values.items()}

    def number(self, n: int) -> str:
        """A number in the language's digits."""
        return self.digits(str(n))

    def digits(self, text: str) -> str:
        """Latin digits in a text of ours, turned into the language's own."""
        return text.translate(self._digits) if self._digits else text

    def date(self, local: datetime) -> str:
        """Weekday and full date of a local time in the language's calendar: "Monday 2 March 2026"."""
        if self._jalali:
            jalali = JalaliDate(local.date())
            weekday, month = (jalali.strftime(part, locale="fa") for part in ("%A", "%B"))
            return self.digits(f"{weekday} {jalali.day} {month} {jalali.year}")
        return self._formatted(local, {"en": "EEEE d MMMM y"}.get(self._locale.language, "full"))

    def time(self, local: datetime, *, zone: bool = True) -> str:
        """Hour and minute with the zone, or without: "06:40 GMT"."""
        said = self.digits(f"{local.hour:02}:{local.minute:02}")
        return f"{said} {self.zone(local)}" if zone else said

    def weekday(self, number: int) -> str:
        """The name of a day of the week; 1 is Monday."""
        that = datetime(2024, 1, number)  # noqa: DTZ001 - the first of that January was a Monday
        if self._jalali:
            return str(JalaliDate(that.date()).strftime("%A", locale="fa"))
        return self._formatted(that, "cccc")

    def day(self, local: datetime, *, year: bool = False) -> str:
        """Day and month of a local time in the language's calendar: "2 Mar"; with `year`, "2 Mar 2023"."""
        if self._jalali:
            jalali = JalaliDate(local.date())
            said = f"{jalali.day} {jalali.strftime('%B', locale='fa')}"
            return self.digits(f"{said} {jalali.year}" if year else said)
        if self._locale.language == "en":  # CLDR's English is American and would say "Mar 2"
            return self._formatted(local, "d MMM y" if year else "d MMM")
        return self._formatted(local, "long") if year else self._formatted(local, skeleton="MMMMd")

    def month(self, local: datetime) -> str:
        """Month and year of a local time in the language's calendar: "March 2026"."""
        if self._jalali:
            jalali = JalaliDate(local.date())
            return self.digits(f"{jalali.strftime('%B', locale='fa')} {jalali.year}")
        return self._formatted(local, skeleton="yMMMM")

    def same_year(self, one: Day, other: Day) -> bool:
        """Whether both days are of one year of the language's calendar."""
        if self._jalali:
            return bool(JalaliDate(one).year == JalaliDate(other).year)
        return one.year == other.year

    def _formatted(self, local: datetime, form: str = "", *, skeleton: str = "") -> str:
        """A date by CLDR in our digits. French calls the first day of a month "1er", which CLDR leaves out."""
        text = (
            format_skeleton(skeleton, local.date(), locale=self._locale)
            if skeleton
            else format_date(local.date(), form, locale=self._locale)
        )
        if self._locale.language == "fr" and local.day == 1:
            text = re.sub(r"\b1\b", "1er", text, count=1)
        return self.digits(text)

    def date_time(self, local: datetime, *, zone: bool = True) -> str:
        """A short date and the time, with the year: a page may be read long after it was made."""
        return f"{self.day(local, year=True)}{self.signs.comma}{self.time(local, zone=zone)}"

    def zone(self, local: datetime) -> str:
        """The zone as readers know it: its letters, else "UTC+3:30" in the language's digits.

        From right to left the letters, which are Latin, would be a foreign word: there it is the offset, from Greenwich where the language says so.
        A sign beside such words, or before Arabic-Indic digits, would be pulled to the other side: a mark holds it.
        """
        name = local.tzname() or ""
        if name.isalpha() and not self._rtl:
            return name
        offset = local.utcoffset() or timedelta()
        said = self._offsets.get(offset)
        if said is None:
            said = self._offsets[offset] = self._offset(int(offset.total_seconds()) // 60)
        return said

    def _offset(self, minutes: int) -> str:
        shown = ""
        if minutes:
            sign = "+" if minutes > 0 else "−"
            hours, rest = divmod(abs(minutes), 60)
            hour = self.digits(f"{hours}:{rest:02}" if rest else str(hours))
            shown = f"{LRM if self._greenwich else ''}{sign}{self._before_digits}{hour}"
        if not self._greenwich:
            return f"UTC{shown}"
        said = (self._greenwich % shown).strip()
        # beside the time a number would be read with it: CLDR has the zone in brackets in these languages
        return f"({said})" if "(z" in self._locale.time_formats["long"].pattern else said

    def _local_greenwich(self) -> str:
        """How the language says an offset in words of its own, from right to left: "%s گرینویچ"; "" where it does not."""
        said = str(self._locale.zone_formats["gmt"])
        return said if self._rtl and first_strong(said % "") == "rtl" else ""


def zoned(times: Iterable[datetime]) -> list[bool]:
    """Which of the local times of a list name their zone: the first one, and one whose zone is another than that before it."""
    before: timedelta | None = None
    named: list[bool] = []
    for local in times:
        named.append(local.utcoffset() != before)
        before = local.utcoffset()
    return named


class CatalogueUnreadable(Exception):
    """A `.po` file is none, or a string of it cannot be filled in; `line` where it is known."""

    def __init__(self, why: str, line: int | None) -> None:
        super().__init__(why)
        self.line = line


@lru_cache(maxsize=32)
def read_words(language: str, po: bytes | None) -> Words:
    """The words of a language from its `.po` file; English needs none. The same bytes are read once in a process.

    Raises:
        CatalogueUnreadable: with the line, where it is known.
    """
    if po is None:
        return Words(language, gettext.NullTranslations())
    compiled = io.BytesIO()
    try:
        catalogue = read_po(io.BytesIO(po), locale=language.replace("-", "_"), abort_invalid=True)
        for message in catalogue:
            _fillable(message)
        write_mo(compiled, catalogue)
        compiled.seek(0)
        return Words(language, gettext.GNUTranslations(compiled), frozenset(_translated(catalogue)))
    except PoFileError as error:
        why = str(error).removesuffix(f" on {error.lineno}")  # Babel counts lines from 0
        raise CatalogueUnreadable(why, error.lineno + 1) from error
    except UnicodeDecodeError as error:
        raise CatalogueUnreadable("it is not UTF-8", None) from error
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
    ) as error:  # Babel and gettext announce little by name
        raise CatalogueUnreadable(f"it is no catalogue: {error}", None) from error


def _translated(catalogue: Catalog) -> Iterator[str]:
    for message in catalogue:
        one = message.id[0] if isinstance(message.id, (list, tuple)) else message.id
        said = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
        if one and all(said):
            yield one


def _fillable(message: Message) -> None:
    """A translation of a string with places has no other places: it is filled in with the same values."""
    ids = message.id if isinstance(message.id, (list, tuple)) else [message.id]
    names = {name for text in ids for name in PLACE.findall(text)}
    strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    for text in strings if names else ():
        try:
            (text or "") % dict.fromkeys(names, "")
        except (ValueError, TypeError, KeyError):
            places = ", ".join(f"%({name})s" for name in sorted(names))
            raise CatalogueUnreadable(f"{text!r} has other places than {places}", message.lineno) from None


def words_of(catalogues: Mapping[str, Words], language: str) -> Words:
    """The words for this tag, else for its base language, else English strings; always with this tag's own dates and digits."""
    if found := catalogues.get(language):
        return found
    base = catalogues.get(language.partition("-")[0])
    return base.spoken_as(language) if base else Words(language, gettext.NullTranslations())
