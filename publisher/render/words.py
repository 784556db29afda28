"""The words of outputs in each language: interface strings, dates, numbers, plurals.

PURE. Strings come from `.po` catalogues that `templates.load` has read; what a catalogue lacks is said in English. One calendar
and one digit system per edition: Persian dates are Jalali with Persian digits, the rest follows CLDR.
"""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from persiantools.jdatetime import JalaliDate

from publisher.render.direction import is_rtl

__all__ = ["CatalogueUnreadable", "Words", "own_name", "read_words"]

PLACE = re.compile(r"%\((\w+)\)s")
PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
DAY_MONTH_YEAR = {"en": "EEEE d MMMM y", "zh": "y年M月d日EEEE"}


class Words:
    """The words of one language."""

    def __init__(self, language: str, catalogue: gettext.NullTranslations) -> None:
        self.language = language
        self._catalogue = catalogue
        self._base = language.partition("-")[0]
        try:
            self._locale = Locale.parse(language.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            self._locale = Locale.parse("en")

    def gettext(self, text: str) -> str:
        """The string in this language, else as it stands."""
        return self._catalogue.gettext(text)

    def ngettext(self, one: str, many: str, n: int) -> str:
        """The plural form for `n`, with `%(n)s` filled in in the language's digits."""
        return self._catalogue.ngettext(one, many, n) % {"n": self.number(n)}

    def number(self, n: int) -> str:
        """A number in the language's digits."""
        return self.digits(str(n))

    def digits(self, text: str) -> str:
        """Latin digits in a text of ours, turned into the language's own."""
        return text.translate(PERSIAN_DIGITS) if self._base == "fa" else text

    def date(self, local: datetime) -> str:
        """Weekday and full date of a local time in the language's calendar: "Monday 2 March 2026"."""
        if self._base == "fa":
            jalali = JalaliDate(local.date())
            day = self.number(jalali.day)
            return f"{jalali.strftime('%A', locale='fa')} {day} {jalali.strftime('%B %Y', locale='fa')}"
        return format_date(local.date(), DAY_MONTH_YEAR.get(self._base, "full"), locale=self._locale)

    def time(self, local: datetime) -> str:
        """Hour and minute with the zone's short name or offset: "06:40 GMT"."""
        return f"{self.digits(f'{local:%H:%M}')} {self.zone(local)}"

    def day(self, local: datetime) -> str:
        """Day and month of a local time in the language's calendar: "2 Mar"."""
        if self._base == "fa":
            jalali = JalaliDate(local.date())
            return f"{self.number(jalali.day)} {jalali.strftime('%B', locale='fa')}"
        if self._locale.language == "en":  # CLDR's English is American and would say "Mar 2"
            return format_date(local.date(), "d MMM", locale=self._locale)
        return format_skeleton("MMMd", local.date(), locale=self._locale)

    @property
    def comma(self) -> str:
        """The comma in a line, blank included: the Arabic one in Arabic script."""
        return "، " if is_rtl(self.language) and self._base != "he" else ", "

    def date_time(self, local: datetime) -> str:
        """A short date and the time."""
        return f"{self.day(local)}{self.comma}{self.time(local)}"

    def zone(self, local: datetime) -> str:
        """The zone as readers know it: its letters, else "UTC+3:30" in the language's digits."""
        name = local.tzname() or ""
        if name.isalpha():
            return name
        minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
        sign = "+" if minutes >= 0 else "−"
        hours, rest = divmod(abs(minutes), 60)
        return f"UTC{sign}{self.digits(f'{hours}:{rest:02}' if rest else str(hours))}"


def own_name(language: str) -> str:
    """A language's name in itself ("فارسی"), else its tag."""
    try:
        return Locale.parse(language.replace("-", "_")).get_display_name() or language
    except (UnknownLocaleError, ValueError):
        return language


class CatalogueUnreadable(Exception):
    """A `.po` file is none, or a string of it cannot be filled in; `line` where it is known."""

    def __init__(self, why: str, line: int | None) -> None:
        super().__init__(why)
        self.line = line


def read_words(language: str, po: bytes | None) -> Words:
    """The words of a language from its `.po` file; English needs none.

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
        return Words(language, gettext.GNUTranslations(compiled))
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
    """The words for this tag, else for its base language, else English strings with this language's numbers."""
    return (
        catalogues.get(language)
        or catalogues.get(language.partition("-")[0])
        or Words(language, gettext.NullTranslations())
    )
