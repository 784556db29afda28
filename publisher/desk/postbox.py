"""Where mails that came back are read from: one file, a folder, a Maildir, an mbox, a mailbox over IMAP, or what a mail server hands over by a pipe.

Order: a mail is read, taken in (`desk.returned`, committed), and only then, in a Maildir, moved from `new` to `cur` as seen (in a mailbox: marked or moved). After a death
between the two it is read once more, and is no news. Nothing is ever deleted: what is not recognised stays where it lies and is named; what came
by a pipe has no such place, and is kept as a file in `returned` of the data folder. Links and hidden files are passed over.
"""

from __future__ import annotations

import mailbox
import os
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from publisher import fetch
from publisher.desk.returned import Taken, take
from publisher.errors import BadInput, InputUnreadable, unwritable
from publisher.newsroom import Newsroom
from publisher.newsroom.mailbox import mailbox_of
from subscribers.reports import BYTES_MAX

__all__ = ["Ingested", "ingest", "ingest_mailbox", "ingest_piped"]

READ_MAX = 10_000_000
"""Bytes of one mail that are read; what happened stands at its beginning."""
KEPT = "returned"
SEEN = ":2,S"


@dataclass(slots=True)
class Ingested:
    """What became of the mails of one place: how many had which effect, and of what kind those were; and the names of those that stayed."""

    mails: int = 0
    effects: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    unrecognised: list[str] = field(default_factory=list)

    def add(self, taken: Taken, name: str) -> None:
        """Count one."""
        self.mails += 1
        self.effects[taken.effect] += 1
        self.kinds[taken.kind] += 1
        if taken.effect == "unrecognised":
            self.unrecognised.append(name.encode("utf-8", "replace").decode())  # a name may be no text

    def data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "mails": self.mails,
            "effects": dict(sorted(self.effects.items())),
            "kinds": dict(sorted(self.kinds.items())),
            "unrecognised": self.unrecognised,
        }


def ingest(newsroom: Newsroom, path: Path, *, actor: str, now: datetime) -> Ingested:
    """Take in whatever lies there.

    Raises:
        InputUnreadable: it cannot be read, or a Maildir's mail cannot be moved.
    """
    done = Ingested()
    try:
        maildir = (path / "new").is_dir() and (path / "cur").is_dir()
        for name, raw in _mails(path / "new" if maildir else path):
            taken = take(newsroom, raw, actor=actor, now=now)
            done.add(taken, name)
            if maildir and taken.effect != "unrecognised":
                (path / "new" / name).rename(path / "cur" / f"{name.partition(':')[0]}{SEEN}")
    except OSError as error:
        raise InputUnreadable(str(path), error.strerror or str(error)) from error
    return done


def ingest_mailbox(
    newsroom: Newsroom,
    *,
    actor: str,
    now: datetime,
    passed_over: set[str] | None = None,
    stop: threading.Event | None = None,
) -> Ingested:
    """Take in what nobody has seen in the configured mailbox.

    `passed_over`: mails that were not recognised at a former look of the same process, which are not read once more; those of this one are added.

    Raises:
        BadInput: none is configured.
        MailboxUnavailable: it cannot be read; what was taken in before is taken in.
    """
    options = mailbox_of(newsroom.settings)
    if options is None:
        raise BadInput(
            "no mailbox is configured: name a PATH, or set `host` under [mailbox] in publisher.toml"
        )
    passed_over = set() if passed_over is None else passed_over
    done = Ingested()
    with fetch.opened(options, stop=stop) as box:
        for uid in box.unseen():
            if stop is not None and stop.is_set():
                break
            if uid in passed_over:
                continue
            taken = take(newsroom, box.read(uid, BYTES_MAX), actor=actor, now=now)
            done.add(taken, f"mail {uid} of {options.folder}")
            if taken.effect == "unrecognised":
                passed_over.add(uid)
            else:
                box.done(uid)
    return done


def ingest_piped(newsroom: Newsroom, stream: BinaryIO, *, actor: str, now: datetime) -> Ingested:
    """Take in the one mail that a mail server hands over.

    Raises:
        FolderUnwritable, FolderFull: it is not recognised, and cannot be kept.
    """
    raw = stream.read(READ_MAX)
    done = Ingested()
    name = f"{sha256(raw).hexdigest()[:32]}.eml"
    done.add(take(newsroom, raw, actor=actor, now=now), name)
    if done.unrecognised:
        _keep(newsroom.data_path(KEPT), name, raw)
    return done


def _keep(folder: Path, name: str, raw: bytes) -> None:
    part = folder / f".{name}.part"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(raw)
        part.rename(folder / name)
    except OSError as error:
        raise unwritable(folder, error) from error


def _mails(path: Path) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each mail, in the order of their names."""
    if path.is_dir():
        for entry in sorted(path.iterdir()):
            if entry.is_file() and not entry.is_symlink() and not entry.name.startswith("."):
                yield entry.name, _read(entry)
        return
    raw = _read(path)
    if not raw.startswith(b"From "):
        yield path.name, raw
        return
    box = mailbox.mbox(path, create=False)
    try:
        for number, place in enumerate(box.iterkeys(), 1):
            yield f"{path.name}, mail {number}", box.get_bytes(place)[:READ_MAX]
    finally:
        box.close()


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(READ_MAX)
