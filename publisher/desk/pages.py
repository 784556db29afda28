"""A list in pages: so many rows, and the key after which the next page begins.

The key is the place of a page's last row in the list's order, not a count of rows: what comes in or goes between two pages
neither repeats a row nor hides one. Whoever asks hands it back unread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from publisher.errors import BadInput

__all__ = ["Page", "bytes_place_in", "key_of", "number_in", "place_in"]

_T = TypeVar("_T")
TIME = "%Y%m%dT%H%M%S.%fZ"


class Page(list[dict[str, Any]]):
    """The rows of a page. `next`: the key for the page after it; None when this is the last."""

    def __init__(self, rows: Iterable[dict[str, Any]] = (), *, next_key: str | None = None) -> None:
        super().__init__(rows)
        self.next = next_key

    @classmethod
    def of(
        cls, found: Sequence[_T], limit: int, *, row: Callable[[_T], dict[str, Any]], key: Callable[[_T], str]
    ) -> Page:
        """The first `limit` of what was found; one more than that had to be asked for, to know whether there is one."""
        return cls(map(row, found[:limit]), next_key=key(found[limit - 1]) if len(found) > limit else None)

    @classmethod
    def cut(cls, rows: Sequence[Mapping[str, Any]], limit: int, *, by: str, after: str | None) -> Page:
        """A page of rows that are all at hand, each known by its value of `by`."""
        names = [str(row[by]) for row in rows]
        if after and after not in names:
            raise _unknown(after)
        start = names.index(after) + 1 if after else 0
        return cls.of([dict(row) for row in rows[start:]], limit, row=dict, key=lambda row: str(row[by]))


def key_of(at: datetime, name: str) -> str:
    """The key of a row in a list ordered by time, then by name."""
    return f"{at.astimezone(UTC):{TIME}}_{name}"


def place_in(key: str | None) -> tuple[datetime, str] | None:
    """What `key_of` was given; None for no key. BadInput for anything else."""
    if not key:
        return None
    at, _, name = key.partition("_")
    try:
        moment = datetime.strptime(at, TIME).replace(tzinfo=UTC)
    except ValueError:
        raise _unknown(key) from None
    if not name or not name.isascii():
        raise _unknown(key)
    return moment, name


def bytes_place_in(key: str | None) -> tuple[datetime, bytes] | None:
    """The same for rows that are named by bytes: `key_of` had them in hex."""
    place = place_in(key)
    try:
        return (place[0], bytes.fromhex(place[1])) if place else None
    except ValueError:
        raise _unknown(str(key)) from None


def number_in(key: str | None) -> int | None:
    """The key of a list ordered by a number; None for no key. BadInput for anything else."""
    if not key:
        return None
    if not (key.isascii() and key.isdigit() and len(key) < 19):
        raise _unknown(key)
    return int(key)


def _unknown(key: str) -> BadInput:
    return BadInput(f"{key!r} is not the `next` of a page of this list")
