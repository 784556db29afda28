"""JSON from outside: bounded, without duplicate names, NaN, or numbers that break the parser."""

from __future__ import annotations

import json
from typing import Any

from publisher.intake.document import MAX_BYTES, Unreadable

__all__ = ["is_text", "load", "objects", "text"]


class _Twice(ValueError):
    """A name stands twice in one object: two readers could disagree."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice("a name stands twice in one object")
    return found


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def load(raw: bytes) -> Any | Unreadable:
    """The data, or Unreadable."""
    if len(raw) > MAX_BYTES:
        return Unreadable("too-large", f"the document has more than {MAX_BYTES // 1_000_000} MB")
    if not raw.strip():
        return Unreadable("empty", "the document is empty")
    try:
        return json.loads(raw.decode("utf-8-sig", "replace"), object_pairs_hook=_once, parse_constant=_refuse)
    except _Twice as error:
        return Unreadable("duplicate-name", str(error))
    except RecursionError:
        return Unreadable("too-deep", "values are nested too deeply")
    except ValueError as error:
        said = str(error).partition("; use sys.")[
            0
        ]  # Python's advice for a number with too many digits is not the operator's
        return Unreadable("not-json", f"not JSON: {said[:160]}")


def objects(values: Any) -> list[dict[str, Any] | None]:
    """The entries of a list; None for each that is no object."""
    return (
        [value if isinstance(value, dict) else None for value in values] if isinstance(values, list) else []
    )


def is_text(value: Any) -> bool:
    """Whether a value can stand for text: a string, or a whole number of sane length."""
    return isinstance(value, str) or (
        isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18
    )


def text(value: Any) -> str:
    """A string as it is, a number as its digits, anything else empty."""
    return str(value) if is_text(value) else ""
