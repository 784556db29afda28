"""Kinds of command-line argument that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from publisher.cli.context import now

__all__ = [
    "ACCESS_LOG",
    "HOST",
    "INSTANT",
    "LOG_JSON",
    "NO_CANARY",
    "NUMBER",
    "PAST",
    "PORT",
    "REASON",
    "SPAN",
    "WHY",
    "WORKERS",
    "paged",
]

YEARS = range(2000, 2101)
"""Within these an instant is meant; beyond them it is a slip, and the calendar's own ends are not far."""
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
        try:
            if re.fullmatch(r"\d{1,5}[mhdw]", text):
                instant = now() + self.direction * SPAN.convert(text, param, ctx)
            else:
                instant = datetime.fromisoformat(text)
            utc = instant.astimezone(UTC) if instant.tzinfo else None
        except (ValueError, OverflowError):  # OverflowError: the year 1, in a zone east of Greenwich
            utc = None
        if utc is None:
            self.fail(
                f"{text!r} is not a time; write 2026-03-02T07:00+03:30, 2026-03-02T03:30Z or 2h", param, ctx
            )
        if utc.year not in YEARS:
            self.fail(f"{text!r} lies outside the years {YEARS[0]} to {YEARS[-1]}", param, ctx)
        return utc


class Reason(click.ParamType[str]):
    """One line for the record that says something."""

    name = "TEXT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """To cleaned text."""
        from publisher.intake.text import clean
        from publisher.legible import visible

        text = clean(str(value))
        if not visible(text):
            self.fail("it has no visible character; the record wants a reason", param, ctx)
        return text


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
REASON = Reason()
NUMBER = click.IntRange(1, 2**63 - 1)
"""A row's number: what a database can hold."""
PAST = Instant(direction=-1)
WHY = click.option("--why", required=True, type=REASON, metavar="TEXT", help="The reason, for the record.")
HOST = click.option(
    "--host", metavar="ADDRESS", help="Where to listen. Default: web.host, 127.0.0.1 unless configured."
)
PORT = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Default: web.port, 8080 unless configured; 0 takes a free one.",
)
ACCESS_LOG = click.option(
    "--access-log",
    is_flag=True,
    help="A line per request on stderr, without addresses of readers and without tokens.",
)
LOG_JSON = click.option("--log-json", is_flag=True, help="Log a JSON object a line.")
NO_CANARY = click.option(
    "--no-canary",
    is_flag=True,
    help="Send to everybody at once, though the digest has a canary: for breaking news.",
)
WORKERS = click.option(
    "--workers",
    type=click.IntRange(1, 32),
    default=1,
    show_default=True,
    metavar="N",
    help="Send with up to N processes; each signs and hands over by itself.",
)
