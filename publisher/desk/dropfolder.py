"""A folder that an agency pushes files into: each is picked up whole, read once, and moved to `done` or `failed`.

Order, under a lock that a process holds for the whole look and that dies with it: a file that has been left alone for a while is moved aside
(`.taken`), so that an upload under the same name cannot mix with it; it is read and stored; it is moved on. After a crash the next look begins with what was
moved aside: what had been stored is known by then and changes nothing. Two processes never look at once. Names that begin with a dot or end like an unfinished upload are
passed over, and so is a file that its sender takes back amid a look; links and folders are nobody's stories. What cannot be read is given time to become whole before it counts as failed.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from publisher.crash import crashpoint
from publisher.errors import unwritable
from publisher.intake.document import MAX_BYTES

__all__ = ["Take", "look"]

DONE, FAILED, TAKEN, LOCK = "done", "failed", ".taken", ".publisher.lock"
WHY, NAME_MAX = ".why.txt", 230
"""Octets of a name; a file system takes 255 with what stands behind it."""
UNFINISHED = (
    ".part",
    ".partial",
    ".filepart",
    ".tmp",
    ".temp",
    ".crdownload",
    ".uploading",
    ".inprogress",
    "~",
)
QUIET = timedelta(seconds=15)
"""So long a file must have lain unchanged: agencies' servers write in bursts that are closer together."""
PATIENCE = timedelta(minutes=10)
"""So long a file that cannot be read may still be one that is on its way."""
AHEAD = timedelta(minutes=5)
"""So far another machine's clock may be ahead of ours while it writes; a time beyond that was set by a server that keeps its sender's, when it had the whole file."""


Take = Callable[[str, bytes | OSError], str | None]
"""Takes a file's name, and its bytes or what kept it from being opened; gives back why it could not be read, or None."""


def look(folder: Path, take: Take, *, now: datetime) -> str | None:
    """Hand each whole file to `take`, oldest first.

    Gives back None, or why nothing was looked at.

    Raises:
        FolderUnwritable: the folder cannot be made or written.
    """
    broken: OSError | None = None
    try:
        with _held(folder) as ours:
            if not ours:
                return "another process is reading it"
            for entry in [*_left_over(folder), *_whole(folder, now)]:
                try:
                    _one(folder, entry, take, now=now)
                except OSError as error:  # the files behind it are looked at all the same
                    broken = broken or error
    except OSError as error:
        broken = error
    if broken is not None:
        raise unwritable(folder, broken) from broken
    return None


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock; False when somebody else does."""
    for name in (DONE, FAILED, TAKEN):
        (folder / name).mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def _left_over(folder: Path) -> list[Path]:
    """What a process that died had moved aside; nobody else is alive in here."""
    return sorted(entry for entry in (folder / TAKEN).iterdir() if _file(entry))


def _whole(folder: Path, now: datetime) -> list[Path]:
    """Files that nobody has written to for a while, the oldest first: versions come in their order."""
    found: list[tuple[float, str, Path]] = []
    for entry in folder.iterdir():
        name = entry.name.casefold()
        if name.startswith(".") or name.endswith(UNFINISHED) or (seen := _file(entry)) is None:
            continue
        if not _within(QUIET, seen.st_mtime, now):
            found.append((seen.st_mtime, entry.name, entry))
    return [entry for _, _, entry in sorted(found)]


def _within(span: timedelta, changed: float, now: datetime) -> bool:
    """Whether a file was last changed so shortly ago that it may be on its way still."""
    return -AHEAD.total_seconds() <= now.timestamp() - changed < span.total_seconds()


def _file(entry: Path) -> os.stat_result | None:
    """What is known of a file; None for what is none, or was taken back by its sender."""
    with suppress(FileNotFoundError):
        seen = entry.lstat()
        return seen if stat.S_ISREG(seen.st_mode) else None
    return None


def _one(folder: Path, entry: Path, take: Take, *, now: datetime) -> None:
    """Move aside, read, hand over, move on; an upload that goes on meanwhile gets its file back."""
    aside = folder / TAKEN / entry.name
    if entry != aside:
        try:
            entry.rename(aside)
        except FileNotFoundError:
            if os.path.lexists(entry):
                raise  # it is there, and where it goes is not
            return
    before = aside.stat()
    crashpoint("drop.taken")
    raw: bytes | OSError
    try:
        with aside.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raw = error
    after = aside.stat()
    young = _within(PATIENCE, after.st_mtime, now)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        _give_back(folder, aside)
        return
    why = take(entry.name, raw)
    crashpoint("drop.stored")
    if why is None:
        aside.rename(_free(folder / DONE, entry.name))
    elif young:
        _give_back(folder, aside)
    else:
        place = _free(folder / FAILED, entry.name)
        aside.rename(place)
        place.with_name(f"{place.name}{WHY}").write_text(f"{why}\n", encoding="utf-8")


def _give_back(folder: Path, aside: Path) -> None:
    """Back to where it was pushed, unless a newer one came there: then it goes on as that."""
    place = folder / aside.name
    if place.exists():
        aside.rename(_free(folder / FAILED, aside.name))
    else:
        aside.rename(place)


def _free(folder: Path, name: str) -> Path:
    """A name in this folder that is not taken, and short enough for what is put behind it."""
    name = os.fsdecode(os.fsencode(name)[:NAME_MAX])
    place, number = folder / name, 1
    while os.path.lexists(place):
        place, number = folder / f"{name}.{number}", number + 1
    return place
