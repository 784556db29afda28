"""What a house knows of its readers beyond the address: attributes of its own choice, each with a kind that its values are held against.

PURE. A value is kept as text, in one form for equal values ("3", "2026-03-02", "yes"), so that texts can be compared; a number also as one.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from subscribers.errors import AttributeRefused

__all__ = ["RESERVED", "Attribute", "Kind", "Value"]

Kind = Literal["text", "number", "date", "yes-no", "choice"]
KINDS: tuple[str, ...] = get_args(Kind)
NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
LONGEST, WHOLE = 200, 10**15
"""Characters of a text; and from where on a number is not kept to its last digit before the point."""
ZWNJ, ZWJ = "\u200c", "\u200d"
"""What parts and joins letters in Persian words and others: not printed, and part of the spelling."""
RESERVED = frozenset(
    [
        "active",
        "address",
        "and",
        "digest",
        "email",
        "hour",
        "id",
        "in",
        "language",
        "not",
        "or",
        "rhythm",
        "section",
        "sections",
        "source",
        "status",
        "timezone",
    ]
)
"""Names that lists and segments use themselves."""
YES_NO = {
    **dict.fromkeys(("yes", "true", "1", "on", "y"), "yes"),
    **dict.fromkeys(("no", "false", "0", "off", "n"), "no"),
}


@dataclass(frozen=True, slots=True)
class Value:
    """A value in its one form; `number` where it is one."""

    text: str
    number: float | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute by its name. `values`: of a choice, all that it may be."""

    name: str
    kind: Kind = "text"
    values: tuple[str, ...] = ()

    def read(self, typed: str) -> Value:
        """The value of what somebody typed.

        Raises:
            AttributeRefused: it is none of this kind.
        """
        text = " ".join(typed.split())
        shown = text.replace(ZWNJ, "").replace(ZWJ, "")
        if not shown or len(text) > LONGEST or not shown.isprintable():
            raise AttributeRefused(self.name, f"a text of 1 to {LONGEST} characters is wanted")
        match self.kind:
            case "number":
                return self._number(text)
            case "date":
                return self._date(text)
            case "yes-no":
                if text.casefold() not in YES_NO:
                    raise AttributeRefused(self.name, '"yes" or "no" is wanted')
                return Value(YES_NO[text.casefold()])
            case "choice":
                if text not in self.values:
                    raise AttributeRefused(self.name, f"one of {', '.join(self.values)} is wanted")
        return Value(text)

    def _number(self, text: str) -> Value:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or not text.isascii() or "_" in text:
            raise AttributeRefused(self.name, 'a number such as "3" or "2.5" is wanted')
        number = float(f"{number:.15g}") + 0.0  # of two zeros one
        if ("." not in text or abs(number) >= WHOLE) and Decimal(text) != Decimal(number):
            raise AttributeRefused(self.name, "it has more than 15 digits: an attribute of text keeps them")
        return Value(f"{number:.15g}", number)

    def _date(self, text: str) -> Value:
        try:
            return Value(date.fromisoformat(text).isoformat())
        except ValueError:
            raise AttributeRefused(self.name, 'a date such as "2026-03-02" is wanted') from None
