"""Values as JSON, and one byte form for equal data: what is hashed, and what is stored to be read back.

PURE.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

__all__ = ["canonical_json", "plain"]


def canonical_json(data: Any) -> bytes:
    """One byte form for equal data: sorted keys, no blanks, UTF-8."""
    return json.dumps(
        data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def plain(value: Any) -> Any:
    """JSON-ready: times as ISO 8601 in UTC, enums as their words, tuples as lists, dataclasses with slots as objects."""
    if value is None or type(value) in {str, int, bool}:
        return value
    if isinstance(value, date):
        return (value.astimezone(UTC) if isinstance(value, datetime) else value).isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if is_dataclass(value):
        return {name: plain(getattr(value, name)) for name in value.__slots__}  # type: ignore[union-attr]  # ours have them
    return value
