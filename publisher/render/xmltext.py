"""Data made fit for a feed: no character that XML has no place for, every time in UTC. PURE.

One forbidden character takes a whole feed down (lxml raises on it), and an edition that was read back from storage has its times in
UTC: so an edition is brought into one form before anything is rendered from it, and fresh or stored it gives the same bytes.
"""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from operator import is_
from typing import Any, TypeVar, cast

__all__ = ["fit", "xml_safe"]

T = TypeVar("T")

ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (section 2.2) forbids: controls, lone surrogates, U+FFFE and U+FFFF."""


def xml_safe(text: str) -> str:
    """The text without characters that XML 1.0 forbids."""
    return ILLEGAL.sub("", text) if ILLEGAL.search(text) else text


def fit(value: T) -> T:
    """The same data (strings, times, tuples, dataclasses, however deep) with safe text and times in UTC."""
    return cast("T", _fit(value))


def _fit(value: Any) -> Any:
    if value is None or type(value) is int or type(value) is bool:
        return value
    if type(value) is str:  # not an enum's member, which is a str too
        return xml_safe(value)
    if isinstance(value, datetime):
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    if isinstance(value, tuple):
        fitted = tuple(_fit(entry) for entry in value)
        return value if all(map(is_, fitted, value)) else fitted
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fit_fields(value)
    return value


def _fit_fields(value: Any) -> Any:
    """The same dataclass; the very same object where nothing had to change, as is mostly so."""
    changes: dict[str, Any] = {}
    for name in value.__dataclass_fields__:
        given = getattr(value, name)
        fitted = _fit(given)
        if fitted is not given:
            changes[name] = fitted
    return dataclasses.replace(value, **changes) if changes else value
