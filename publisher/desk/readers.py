"""Readers: add, import, list, show, leave, erase; and who is suppressed. Addresses are checked once, here."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from publisher.desk.pages import Page, bytes_place_in, key_of, number_in
from publisher.errors import BadInput, Conflict, InputUnreadable, unwritable
from publisher.newsroom import Newsroom
from publisher.store import deliveries, returned
from subscribers import audience, csvfile, importing
from subscribers.address import key, parse
from subscribers.errors import UnknownSubscriber
from subscribers.rhythm import Rhythm, RhythmKind
from subscribers.rhythm import parse as parse_rhythm
from subscribers.staging import Staging
from subscribers.tokens import LENGTH, Purpose, read

__all__ = [
    "Imported",
    "add",
    "erase",
    "everything",
    "export_csv",
    "fitting",
    "forget",
    "import_csv",
    "leave",
    "listing",
    "record",
    "suppress",
    "suppressions",
    "undo",
]

PAGE = 1000
SAID = 50_000
"""About so many lines lie between two words of progress; a short list needs none."""


def add(
    newsroom: Newsroom,
    address: str,
    *,
    digest: str,
    language: str | None,
    sections: Sequence[str],
    rhythm: str | None = None,
    basis: str,
    actor: str,
    now: datetime,
) -> dict[str, Any]:
    """Add a reader who has asked for a digest; `was` is what they got of it before, None for a new reader."""
    spoken, often = fitting(newsroom, digest, language=language, sections=sections, rhythm=rhythm)
    parsed = parse(address)
    addr_key = key(parsed, newsroom.address_key)
    with newsroom.database.write() as connection:
        was = _asked(connection, addr_key, digest)
        subscriber_id = audience.add(
            connection,
            parsed,
            addr_key,
            digest=digest,
            language=spoken,
            sections=sections or None,
            rhythm=often,
            basis=basis,
            actor=actor,
            now=now,
        )
    return {
        "id": subscriber_id,
        "address": parsed.address,
        "digest": digest,
        "language": spoken,
        "sections": sorted(sections),
        "was": was,
    }


def fitting(
    newsroom: Newsroom, digest: str, *, language: str | None, sections: Sequence[str], rhythm: str | None
) -> tuple[str, Rhythm | None]:
    """What a reader wants of a digest, held against what there is: the language, and the rhythm if one is named.

    Raises:
        UnknownName, BadInput, RhythmUnknown: something of it is not there.
    """
    wanted = newsroom.digest(digest)
    spoken = language or wanted.languages[0]
    if spoken not in wanted.languages:
        raise BadInput(f"digest {digest} has no language {spoken!r}; it has {', '.join(wanted.languages)}")
    for section in sections:
        if section not in wanted.sections:
            raise BadInput(f"digest {digest} has no section {section!r}; it has {', '.join(wanted.sections)}")
    often = parse_rhythm(rhythm) if rhythm else None
    hours = [f"{slot:%H:%M}" for slot in wanted.slots]
    if often is not None and often.hour is not None and often.hour not in hours:
        raise BadInput(f"digest {digest} has no edition at {often.hour}; it has {', '.join(hours)}")
    return spoken, often


def _asked(connection: Connection, addr_key: bytes, digest: str) -> dict[str, Any] | None:
    """What this address gets of a digest at present: language and sections (none: all), or None."""
    row = audience.find(connection, addr_key)
    for entry in audience.subscriptions(connection, row.id) if row is not None else ():
        if entry.digest == digest and entry.active:
            return {"language": entry.language, "sections": entry.sections.split()}
    return None


def _find(newsroom: Newsroom, connection: Connection, address: str) -> Any:
    row = audience.find(connection, key(parse(address), newsroom.address_key))
    if row is None:
        raise UnknownSubscriber("address")
    return row


def listing(newsroom: Newsroom, *, digest: str | None, after: str | None, limit: int) -> Page:
    """Subscribers by id, with the digests they get."""
    slug = newsroom.digest(digest).slug if digest else None
    last = number_in(after) or 0
    with newsroom.database.read() as connection:
        found = audience.listing(connection, digest=slug, after_id=last, limit=limit + 1)
    return Page.of(found, limit, row=lambda entry: _told(*entry), key=lambda entry: str(entry[0].id))


def _told(row: Any, subscriptions: Sequence[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "address": row.address,
        "status": row.status,
        "digests": [entry.digest for entry in subscriptions if entry.active],
        "created_at": row.created_at,
    }


def record(newsroom: Newsroom, address: str) -> dict[str, Any]:
    """Everything about one reader."""
    with newsroom.database.read() as connection:
        return everything(connection, _find(newsroom, connection, address))


def _rhythm(entry: Any) -> str:
    """A subscription's rhythm as it is written."""
    return str(Rhythm(RhythmKind(entry.rhythm), entry.hour, entry.weekday))


def everything(connection: Connection, row: Any) -> dict[str, Any]:
    """The same of a subscriber's row."""
    subscriptions = audience.subscriptions(connection, row.id)
    suppression = audience.suppressed(connection, row.addr_key)
    return {
        "id": row.id,
        "address": row.address,
        "status": row.status,
        "digests": [entry.digest for entry in subscriptions if entry.active],
        "created_at": row.created_at,
        "timezone": row.timezone,
        "suppressed": suppression.cause if suppression else None,
        "subscriptions": [
            {
                "digest": entry.digest,
                "language": entry.language,
                "sections": entry.sections.split(),
                "rhythm": _rhythm(entry),
                "status": entry.status,
                "active": entry.active,
                "since": entry.since,
            }
            for entry in subscriptions
        ],
        "came_back": [
            {
                "at": fact.at,
                "kind": fact.kind,
                "effect": fact.effect,
                "dispatch": fact.dispatch_id,
                "detail": fact.detail,
            }
            for fact in returned.of_address(connection, row.addr_key)
        ],
        "consent": [
            {
                "at": step.at,
                "step": step.step,
                "digest": step.digest,
                "basis": step.basis,
                "actor": step.actor,
                "form": step.form,
                "network": step.network,
                "wording": step.wording,
            }
            for step in audience.evidence(connection, row.id)
        ],
    }


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a list: its lines, those added, known before, of these confirmed now, and refused; `refusals` can be read once."""

    lines: int
    added: int
    known: int
    confirmed: int
    refused: int
    refusals: Iterator[csvfile.RefusedLine]


@contextmanager
def import_csv(
    newsroom: Newsroom,
    path: Path,
    *,
    digest: str,
    basis: str | None,
    actor: str,
    now: datetime,
    progress: Callable[[str], None],
) -> Iterator[Imported]:
    """Take a CSV file in; the report counts its lines and names each that was refused, from a file that ends with it."""
    wanted = newsroom.digest(digest)
    read_ = 0

    def counting(lines: Iterator[csvfile.Line | csvfile.RefusedLine]) -> Iterator[Any]:
        nonlocal read_
        for line in lines:
            read_ += 1
            yield line

    def told(done: int, good: int) -> None:
        if good > importing.SLICE and done % SAID < importing.SLICE:
            progress(f"{read_:,} lines read; {done:,} of the {good:,} that can be used are in")

    with Staging(csvfile.RefusedLine._make) as refusals:
        try:
            with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
                lines = csvfile.read(
                    file,
                    address_key=newsroom.address_key,
                    digest=wanted.slug,
                    languages=wanted.languages,
                    sections=wanted.sections,
                )
                done = importing.merge(
                    counting(lines),
                    refusals=refusals,
                    write=newsroom.database.write,
                    digest=digest,
                    basis=basis,
                    actor=actor,
                    now=now,
                    progress=told,
                )
        except OSError as error:
            raise InputUnreadable(str(path), error.strerror or str(error)) from error
        yield Imported(read_, done.added, done.known, done.confirmed, refusals.taken, refusals.ordered())


def export_csv(newsroom: Newsroom, path: Path) -> int:
    """Write every subscription that is not erased, whole or not at all; returns how many lines.

    Raises:
        Conflict: a file of this name is there. FolderUnwritable, FolderFull: it cannot be written.
    """

    def rows() -> Any:
        after = 0
        while True:
            with newsroom.database.read() as connection:
                found = audience.listing(connection, after_id=after, limit=PAGE)
            for row, subscriptions in found:
                for entry in subscriptions if row.address else ():
                    active = "yes" if entry.active else "no"
                    yield (
                        row.address,
                        row.status,
                        entry.digest,
                        entry.language,
                        entry.sections,
                        active,
                        _rhythm(entry),
                    )
            if len(found) < PAGE:
                return
            after = found[-1][0].id

    heading = ("email", "status", "digest", "language", "sections", "active", "rhythm")
    part = path.with_name(f".{path.name}.part")
    try:
        if path.exists():
            raise Conflict(f"{path} is there already; nothing was written")
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            written = csvfile.export(rows(), heading, file)
        part.rename(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise unwritable(path, error) from error
    return written


def leave(newsroom: Newsroom, who: str, *, digest: str | None, actor: str, now: datetime) -> dict[str, Any]:
    """End a reader's subscriptions: by address (one digest or all), or by the token of a mail (its own digest)."""
    with newsroom.database.write() as connection:
        if "@" in who:
            row = _find(newsroom, connection, who)
            scope = newsroom.digest(digest).slug if digest else None
        else:
            claim = read(newsroom.token_keys, Purpose.LEAVE, who) if len(who) == LENGTH else None
            named = {entry.number: entry.slug for entry in newsroom.settings.digests}
            if claim is None or claim.digest not in named:
                raise UnknownSubscriber("token")
            row, scope = audience.get(connection, claim.subscriber), named[claim.digest]
        left = audience.leave(connection, row.id, digest=scope, actor=actor, now=now)
    return {"id": row.id, "address": row.address, "digests": left}


def erase(newsroom: Newsroom, address: str, *, actor: str, now: datetime) -> None:
    """Forget a person, here and in the ledger; the refusal stays by its hash."""
    with newsroom.database.write() as connection:
        forget(connection, _find(newsroom, connection, address), actor=actor, now=now)


def forget(connection: Connection, row: Any, *, actor: str, now: datetime) -> None:
    """The same of a subscriber's row."""
    audience.erase(connection, row.id, actor=actor, now=now)
    audience.forget_asked(connection, row.id, row.addr_key, now=now)
    deliveries.forget(connection, row.addr_key)


def suppressions(newsroom: Newsroom, *, limit: int, after: str | None = None) -> Page:
    """The newest suppressions."""

    def told(row: Any) -> dict[str, Any]:
        return {
            "address": row.address or f"#{row.addr_key.hex()[:8]}",
            "cause": row.cause,
            "dispatch": row.dispatch_id,
            "detail": row.detail,
            "actor": row.actor,
            "at": row.at,
        }

    with newsroom.database.read() as connection:
        found = audience.suppressions(connection, limit=limit + 1, after=bytes_place_in(after))
    return Page.of(found, limit, row=told, key=lambda row: key_of(row.at, row.addr_key.hex()))


def suppress(newsroom: Newsroom, address: str, *, why: str, actor: str, now: datetime) -> dict[str, Any]:
    """Never mail this address; the suppression as `suppressions` lists it. Conflict when there is one already."""
    addr_key = key(parse(address), newsroom.address_key)
    with newsroom.database.write() as connection:
        if not audience.suppress(connection, addr_key, "manual", actor=actor, now=now, detail=why):
            raise Conflict(f"{address} is suppressed already")
    return {
        "address": address,
        "cause": "manual",
        "dispatch": None,
        "detail": why,
        "actor": actor,
        "at": now,
    }


def undo(
    newsroom: Newsroom, *, address: str | None, dispatch_id: str | None, why: str, actor: str, now: datetime
) -> int:
    """Take suppressions back; Conflict when there was none."""
    addr_key = key(parse(address), newsroom.address_key) if address else None
    with newsroom.database.write() as connection:
        undone = audience.undo_suppression(
            connection, addr_key=addr_key, dispatch_id=dispatch_id, why=why, actor=actor, now=now
        )
    if not undone:
        raise Conflict(f"{address or f'dispatch {dispatch_id}'} has no suppression to take back")
    return undone
