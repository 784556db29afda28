"""What a command is given: where the configuration is, who acts, what time it is, and how to speak.

This door asks the clock; everything behind it is told.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import reduce
from itertools import chain, islice
from operator import getitem
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:  # these would cost `publisher --help` its 80 ms
    from publisher.newsroom import Newsroom
    from publisher.settings import Settings

__all__ = ["Door", "as_shown", "door", "in_utf8", "now", "uptime"]


def now() -> datetime:
    """The present instant, aware."""
    return datetime.now(UTC)  # noqa: TID251 - this is the door that asks the clock


def uptime() -> float:
    """Seconds of a clock that nobody sets; where the system has one, it goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class Door:
    """What the common options of one run said."""

    config: Path | None = None
    as_json: bool = False
    actor: str | None = None
    quiet: bool = False
    verbose: bool = False

    @property
    def who(self) -> str:
        """The actor for the record: --as, else `cli:<login>`."""
        import getpass

        try:
            who = self.actor or f"cli:{getpass.getuser()}"
        except (KeyError, OSError):  # a container without a password entry
            who = f"cli:uid-{os.getuid()}"
        return who.encode("utf-8", "replace").decode()  # an environment may hold bytes that are no text

    def settings(self) -> Settings:
        """The effective configuration; ConfigurationInvalid with every problem."""
        from publisher.settings import load

        return load(self.config, os.environ)

    @contextmanager
    def newsroom(self) -> Iterator[Newsroom]:
        """The open newsroom, closed when the command ends."""
        from publisher.newsroom import open_newsroom

        settings = self.settings()
        opened = open_newsroom(settings)
        for note in opened.notes:
            click.echo(f"publisher: {note}", err=True)
        try:
            if self.verbose:
                where = f"publisher: configuration {settings.folder}, database {opened.database.where}"
                click.echo(where, err=True)
            yield opened
        finally:
            opened.close()

    def say(self, text: str) -> None:
        """A message for a person: to stdout, or to stderr when stdout holds JSON."""
        if self.quiet:
            return
        stream = sys.stderr if self.as_json else sys.stdout
        # above a live bar by rich's stand-in, which has no encoding: click by itself would write past it, into the bar
        above = stream if hasattr(stream, "rich_proxied_file") else None
        click.echo(as_shown(text, stream), file=above, err=self.as_json)

    def show(self, data: Mapping[str, Any], text: str) -> None:
        """One thing: as JSON, or as text."""
        if self.as_json:
            click.echo(json.dumps(plain(data), ensure_ascii=not in_utf8(sys.stdout), indent=2))
        else:
            click.echo(as_shown(text, sys.stdout))

    def show_long(
        self,
        data: Mapping[str, Any],
        key: str,
        entries: Iterator[Mapping[str, Any]],
        *,
        line: Callable[[Mapping[str, Any]], str],
        text: str,
    ) -> None:
        """One thing with entries that may be many, as they come: the JSON of `show` with a list under `key`, or lines and then `text`."""
        if not self.as_json:
            _echo_all(f"{line(entry)}\n" for entry in entries)
            click.echo(text)
            return
        options: dict[str, Any] = {"ensure_ascii": not in_utf8(sys.stdout), "indent": 2}
        before, after = json.dumps(plain({**data, key: [0]}), **options).rsplit("0", 1)
        indent = before[before.rindex("\n") :]
        first = next(entries, None)
        if first is None:
            self.show({**data, key: []}, "")
            return
        whole = (
            json.dumps(plain(entry), **options).replace("\n", indent) for entry in chain([first], entries)
        )
        _echo_all(chain([before, next(whole)], (f",{indent}{entry}" for entry in whole), [f"{after}\n"]))

    def table(self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, empty: str) -> None:
        """A list: as `{"items": […], "next": …}`, or as a table with these columns (key -> heading).

        A key with a point reaches into a row: `counts.failed`. `next` is the key of a page (`desk.pages`) that is not the last;
        null when there is no more.
        """
        more: str | None = getattr(rows, "next", None)
        if self.as_json:
            ascii_only = not in_utf8(sys.stdout)
            click.echo(json.dumps({"items": plain(rows), "next": more}, ensure_ascii=ascii_only, indent=2))
            return
        if not rows:
            click.echo(empty)
            return
        from publisher.cli.tables import drawn

        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        texts = [[cell(reduce(getitem, key.split("."), row)) for key in columns] for row in rows]
        for number, lines in enumerate(drawn(list(columns.values()), texts, width=width)):
            text = "\n".join(lines)
            click.echo(text if number else click.style(text, bold=True))
        if more:
            import shlex

            self.say(f"There are more: --after {shlex.quote(more)}")


def as_shown(text: str, stream: TextIO) -> str:
    """Running text as a terminal shows it, broken between words; a file or a pipe gets it as it is."""
    if not stream.isatty():
        return text
    from publisher.cli.tables import paragraph

    width = shutil.get_terminal_size().columns
    return "\n".join(line for row in text.split("\n") for line in paragraph(row, width))


def _echo_all(parts: Iterator[str]) -> None:
    """Texts one after another, as they stand; some thousand at a time, for each echo flushes."""
    while some := "".join(islice(parts, 1000)):
        click.echo(some, nl=False)


JOINERS = "\u200c\u200d"
"""They part and join letters in Persian and in Hindi, for example: without them words are misspelt."""


def in_utf8(stream: TextIO) -> bool:
    """Whether a stream takes every character as it is; JSON for another is written in ASCII, for an escape of ours is none of its."""
    return "utf" in (stream.encoding or "utf-8").casefold()


def cell(value: Any) -> str:
    """A value as a table shows it: local-looking UTC times, a dash for nothing, no control characters."""
    if value is None or value in ("", (), []):
        return "–"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}Z"
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(entry) for entry in value)
    return "".join(c if c.isprintable() or c in JOINERS else " " for c in str(value))


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 source", "2 sources"; `many` where the plural is not made by an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def plain(value: Any) -> Any:
    """JSON-ready: times in ISO 8601 with Z, tuples as lists, bytes as hex."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(entry) for entry in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Path):
        return str(value)
    return value


door = click.make_pass_decorator(Door)
"""Gives a command the global options as its first argument."""
