"""Lists of readers as CSV: read line by line with a reason for each refusal; written so that no spreadsheet runs them.

An import is staged first (every line checked, nothing written), then merged in slices in the order of the address keys:
index pages are touched once, and the write lock is held shortly, so that a running dispatch goes on.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TextIO

from sqlalchemy import Connection, select

from subscribers.address import Address, key, parse
from subscribers.audience import insert, stored_sections
from subscribers.consent import Status, Step, after
from subscribers.errors import AddressRefused, ListUnreadable
from subscribers.schema import batch, subscriber, subscription, suppression

__all__ = ["Imported", "RefusedLine", "export", "guard", "merge", "read", "unguard"]

SLICE = 500
LINE_MAX = 10_000
HEADINGS = {
    "email": "email",
    "e-mail": "email",
    "address": "email",
    "language": "language",
    "sections": "sections",
}
FORMULA_STARTS = "=+-@\t\r＝＋－＠"


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that was not taken in, and why."""

    line: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was understood."""

    line: int
    address: Address
    addr_key: bytes
    language: str
    sections: str | None


@dataclass(slots=True)
class Imported:
    """What became of a list."""

    added: int = 0
    known: int = 0
    refused: list[RefusedLine] = field(default_factory=list)


def read(
    text: TextIO,
    *,
    address_key: bytes,
    languages: Sequence[str],
    sections: Collection[str],
) -> Iterator[Line | RefusedLine]:
    """The lines of a CSV file with a heading (`email`, optionally `language` and `sections`, in any order).

    Raises:
        ListUnreadable: no heading names the addresses, or the file is not CSV in UTF-8.
    """
    try:
        reader = csv.reader(text, strict=True)
        heading = [HEADINGS.get(name.strip().casefold().lstrip("\ufeff")) for name in next(reader, [])]
        if "email" not in heading:
            raise ListUnreadable(
                "the first line must name the columns, one of them `email`", sorted(HEADINGS)
            )
        seen: set[bytes] = set()
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            cells = {name: unguard(cell).strip() for name, cell in zip(heading, row, strict=False) if name}
            yield _line(
                reader.line_num, cells, seen, address_key=address_key, languages=languages, sections=sections
            )
    except (csv.Error, UnicodeDecodeError) as error:
        raise ListUnreadable(f"it is not CSV in UTF-8: {error}") from error


def _line(
    number: int,
    cells: dict[str, str],
    seen: set[bytes],
    *,
    address_key: bytes,
    languages: Sequence[str],
    sections: Collection[str],
) -> Line | RefusedLine:
    typed = cells.get("email", "")
    try:
        address = parse(typed[:LINE_MAX])
    except AddressRefused as refusal:
        return RefusedLine(number, typed[:80], refusal.why)
    language = cells.get("language") or languages[0]
    if language not in languages:
        return RefusedLine(number, typed, f"the digest has no language {language!r} ({', '.join(languages)})")
    chosen = cells.get("sections", "").split()
    if unknown := [name for name in chosen if name not in sections]:
        return RefusedLine(number, typed, f"the digest has no section {', '.join(unknown)}")
    addr_key = key(address, address_key)
    if addr_key in seen:
        return RefusedLine(number, typed, "the address stands further up already")
    seen.add(addr_key)
    return Line(number, address, addr_key, language, stored_sections(chosen))


def merge(
    lines: Iterable[Line | RefusedLine],
    *,
    write: Callable[[], AbstractContextManager[Connection]],
    digest: str,
    basis: str | None,
    actor: str,
    now: datetime,
    progress: Callable[[int], None] | None = None,
) -> Imported:
    """Take the good lines in; readers are confirmed with a `basis`, pending without. Known readers are not changed.

    Suppressed addresses are refused by line. `progress` is told the number of lines done after each slice.
    """
    done = Imported()
    good: list[Line] = []
    for line in lines:
        if isinstance(line, Line):
            good.append(line)
        else:
            done.refused.append(line)
    good.sort(key=lambda line: line.addr_key)
    with write() as connection:
        values = {"digest": digest, "basis": basis, "actor": actor, "at": now}
        batch_id = connection.execute(
            insert(connection, batch).values(**values).returning(batch.c.id)
        ).scalar_one()
    for start in range(0, len(good), SLICE):
        part = good[start : start + SLICE]
        with write() as connection:
            _merge_slice(connection, part, done, batch_id=batch_id, digest=digest, basis=basis, now=now)
        if progress is not None:
            progress(min(start + SLICE, len(good)))
    done.refused.sort(key=lambda line: line.line)
    return done


def _merge_slice(
    connection: Connection,
    part: Sequence[Line],
    done: Imported,
    *,
    batch_id: int,
    digest: str,
    basis: str | None,
    now: datetime,
) -> None:
    keys = [line.addr_key for line in part]
    causes = {
        bytes(row.addr_key): row.cause
        for row in connection.execute(select(suppression).where(suppression.c.addr_key.in_(keys)))
    }
    done.refused += [
        RefusedLine(line.line, line.address.address, f"the address is suppressed ({causes[line.addr_key]})")
        for line in part
        if line.addr_key in causes
    ]
    welcome = [line for line in part if line.addr_key not in causes]
    if not welcome:
        return
    status = after(None, Step.CONFIRMED if basis else Step.REQUESTED)
    rows: list[dict[str, Any]] = [
        {
            "addr_key": line.addr_key,
            "address": line.address.address,
            "status": status.value,
            "mailable": status is Status.CONFIRMED,
            "created_at": now,
            "changed_at": now,
        }
        for line in welcome
    ]
    connection.execute(insert(connection, subscriber).on_conflict_do_nothing(), rows)
    ids = {
        bytes(row.addr_key): row.id
        for row in connection.execute(
            select(subscriber.c.id, subscriber.c.addr_key).where(
                subscriber.c.addr_key.in_([line.addr_key for line in welcome])
            )
        )
    }
    known = set(
        connection.execute(
            select(subscription.c.subscriber_id).where(
                subscription.c.digest == digest, subscription.c.subscriber_id.in_(ids.values())
            )
        ).scalars()
    )
    new = [line for line in welcome if ids[line.addr_key] not in known]
    done.known += len(welcome) - len(new)
    done.added += len(new)
    if new:
        connection.execute(
            insert(connection, subscription).on_conflict_do_nothing(),
            [
                {
                    "subscriber_id": ids[line.addr_key],
                    "digest": digest,
                    "language": line.language,
                    "sections": line.sections,
                    "active": True,
                    "since": now,
                    "batch_id": batch_id,
                }
                for line in new
            ],
        )


def guard(cell: str) -> str:
    """The cell as a spreadsheet takes it for text: a leading quote before what it would take for a formula."""
    start = cell.lstrip(" ")
    return f"'{cell}" if start[:1] and (start[0] in FORMULA_STARTS or start[0] == "'") else cell


def unguard(cell: str) -> str:
    """`guard` taken back, exactly."""
    return cell[1:] if cell[:1] == "'" and guard(cell[1:]) == cell else cell


def export(rows: Iterable[Sequence[str]], heading: Sequence[str], text: TextIO) -> int:
    """Write rows, all cells quoted and guarded; returns how many."""
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(heading)
    written = 0
    for row in rows:
        writer.writerow([guard(cell) for cell in row])
        written += 1
    return written
