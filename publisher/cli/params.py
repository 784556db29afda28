"""Kinds of command-line argument that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from publisher.cli.context import now

__all__ = ["INSTANT", "PAST", "SPAN", "WHY", "paged"]

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Span(click.ParamType[timedelta]):
    """A length of time: `90m`, `2h`, `3d`, `1w`."""

    name = "SPAN"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """To a timedelta."""
        if isinstance(value, timedelta):
            return value
        match = re.fullmatch(r"(\d{1,5})([mhdw])", str(value))
        if match is None:
            self.fail(f"{value!r} is not a length of time; write 90m, 2h, 3d or 1w", param, ctx)
        return timedelta(**{UNITS[match[2]]: int(match[1])})


class Instant(click.ParamType[datetime]):
    """An instant: ISO 8601 with an offset (`2026-03-02T07:00+03:30`, `…Z`), or a length of time from now (`2h`).

    `direction`: 1 counts such a length onwards from now, -1 back.
    """

    name = "TIME"

    def __init__(self, direction: int = 1) -> None:
        self.direction = direction

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """To an aware datetime in UTC."""
        if isinstance(value, datetime):
            return value
        text = str(value)
        if re.fullmatch(r"\d{1,5}[mhdw]", text):
            return now() + self.direction * SPAN.convert(text, param, ctx)
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None:
            self.fail(
                f"{text!r} is not a time; write 2026-03-02T07:00+03:30, 2026-03-02T03:30Z or 2h", param, ctx
            )
        return instant.astimezone(UTC)


def paged(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--limit` and `--after`, which every list takes."""
    limit = click.option(
        "--limit",
        default=50,
        show_default=True,
        type=click.IntRange(1, 10_000),
        help="At most so many.",
    )
    after = click.option(
        "--after", metavar="KEY", help="Go on after a page: KEY is the `next` that it ended with."
    )
    return limit(after(command))


SPAN = Span()
INSTANT = Instant()
PAST = Instant(direction=-1)
WHY = click.option("--why", required=True, metavar="TEXT", help="The reason, for the record.")
