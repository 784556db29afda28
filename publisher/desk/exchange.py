"""Lists of readers in and out: a CSV file is looked at, taken in, or written.

A list that was cut short is simply imported again: who came in is known then. What is written can be read back exactly, and no
spreadsheet takes a cell of it for a formula (`subscribers.csvfile`).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from publisher.errors import Conflict, InputUnreadable, unwritable
from publisher.newsroom import Newsroom
from subscribers import audience, cells, csvfile, importing
from subscribers.consent import Status
from subscribers.rhythm import Rhythm, RhythmKind
from subscribers.staging import Staging

__all__ = ["Imported", "export_csv", "import_csv"]

PAGE = 1000
SAID = 50_000
"""About so many lines lie between two words of progress; a short list needs none."""
JSON = frozenset({".jsonl", ".ndjson", ".json"})
"""What files of JSON objects, one a line, are called."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a list, or would: how its columns are taken, its lines, those added, known before, of these confirmed now, and refused (`remembered`: of these, for good); `refusals` can be read once."""

    mapped: csvfile.Mapped

    lines: int
    added: int
    known: int
    confirmed: int
    refused: int
    remembered: int
    refusals: Iterator[csvfile.RefusedLine]


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            yield file
    except OSError as error:
        raise InputUnreadable(str(path), error.strerror or str(error)) from error


def _read(
    newsroom: Newsroom,
    file: TextIO,
    *,
    digest: str,
    preset: str | None,
    told: Callable[[csvfile.Mapped], None],
) -> Iterator[csvfile.Block]:
    wanted = newsroom.asked_for(digest)
    return csvfile.read(
        file,
        address_key=newsroom.address_key,
        digest=wanted.slug,
        languages=wanted.languages,
        sections=wanted.sections,
        attributes=newsroom.settings.attributes,
        preset=preset,
        json_lines=Path(file.name).suffix in JSON,
        told=told,
    )


@contextmanager
def import_csv(
    newsroom: Newsroom,
    path: Path,
    *,
    digest: str,
    preset: str | None = None,
    basis: str | None,
    actor: str,
    now: datetime,
    progress: Callable[[str], None],
    dry_run: bool = False,
) -> Iterator[Imported]:
    """Take a CSV file in; the report counts its lines and names each that was refused, from a file that ends with it.

    `dry_run`: say the same of it, and change nothing; what others do before the import may yet change it.

    Raises:
        InputUnreadable: the file cannot be read. ListUnreadable: it is no list.
    """
    read_ = 0
    mapped: list[csvfile.Mapped] = []

    def counting(blocks: Iterator[csvfile.Block]) -> Iterator[csvfile.Block]:
        nonlocal read_
        for block in blocks:
            read_ += len(block)
            yield block

    def told(done: int, good: int) -> None:
        if good > importing.SLICE and done % SAID < importing.SLICE:
            so_far = "looked at" if dry_run else "in"
            progress(f"{read_:,} lines read; {done:,} of the {good:,} that can be used are {so_far}")

    with Staging() as refusals:
        about: dict[str, Any] = {"refusals": refusals, "digest": digest, "basis": basis, "actor": actor}
        about |= {"now": now, "progress": told}
        database = newsroom.database
        with _opened(path) as file, database.pinned() as (write, aside), database.beside() as beside:
            lines = counting(_read(newsroom, file, digest=digest, preset=preset, told=mapped.append))
            if dry_run:
                done = importing.foresee(lines, pair=(write, aside), **about)
            else:
                done = importing.merge(lines, write=write, aside=aside, beside=beside, **about)
        yield Imported(
            mapped[0],
            read_,
            done.added,
            done.known,
            done.confirmed,
            refusals.taken,
            done.remembered,
            refusals.ordered(),
        )


def export_csv(newsroom: Newsroom, path: Path) -> int:
    """Write every subscription that is not erased, whole or not at all, as CSV or by the file's name as JSON; returns how many lines.

    Raises:
        Conflict: a file of this name is there. FolderUnwritable, FolderFull: it cannot be written.
    """
    names = [attribute.name for attribute in newsroom.settings.attributes]

    def rows() -> Any:
        after = 0
        while True:
            with newsroom.database.read() as connection:
                found = audience.listing(connection, after_id=after, limit=PAGE)
                known = audience.attributes_of(connection, (row.id for row, _ in found)) if names else {}
            for row, subscriptions in found:
                for entry in subscriptions if row.address else ():
                    active = "yes" if entry.active else "left" if entry.status == Status.LEFT else "no"
                    yield (
                        row.address,
                        row.status,
                        entry.digest,
                        entry.language,
                        entry.sections,
                        active,
                        str(Rhythm(RhythmKind(entry.rhythm), entry.hour, entry.weekday)),
                        *(known.get(row.id, {}).get(name, "") for name in names),
                    )
            if len(found) < PAGE:
                return
            after = found[-1][0].id

    heading = ("email", "status", "digest", "language", "sections", "active", "rhythm", *names)
    part = path.with_name(f".{path.name}.part")
    try:
        if path.exists():
            raise Conflict(f"{path} is there already; nothing was written")
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            write = cells.export_json if path.suffix in JSON else cells.export
            written = write(rows(), heading, file)
        part.rename(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise unwritable(path, error) from error
    return written
