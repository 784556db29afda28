"""Copies of what is public, in folders that a web server or a CDN reads.

A folder holds the public files below one path (`feeds/` or `site/`), each with its gzipped twin beside it, and with the time of its last
change as its mtime, so that a web server's own validators are right. Files are written whole or not at all; what is no longer public
is removed. Each folder is brought up for itself: one that cannot be written is named, stays behind until it can be, and keeps back no other.
On a full disk an older file makes room for the newer one, and is gone where that does not help: it may hold a story that was killed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from publisher.desk.files import sweep, try_folder, write_file
from publisher.errors import FolderFull, FolderUnwritable, UnknownName, unwritable
from publisher.newsroom import Newsroom
from publisher.store import public

__all__ = ["Copied", "copy", "folders", "forget", "remember"]


@dataclass(slots=True)
class Copied:
    """The files that changed, and why a folder is behind what is public."""

    files: list[Path] = field(default_factory=list)
    behind: list[FolderUnwritable] = field(default_factory=list)


def remember(newsroom: Newsroom, folder: Path, *, below: str) -> None:
    """This folder holds a copy of what is public below a path from now on.

    Raises:
        FolderUnwritable: it cannot be written, and is not remembered.
    """
    try_folder(folder)
    with newsroom.database.write() as connection:
        public.remember_folder(connection, name_of(newsroom, folder), below=below)


def forget(newsroom: Newsroom, folder: Path) -> None:
    """No longer keep this folder up; what stands in it stays as it is.

    Raises:
        UnknownName: it is none of them.
    """
    with newsroom.database.write() as connection:
        if not public.forget_folder(connection, name_of(newsroom, folder)):
            known = [str(newsroom.data_path(name)) for name in public.folders(connection)]
            raise UnknownName("folder", str(folder), known)


def folders(newsroom: Newsroom) -> dict[Path, str]:
    """The folders that are kept up, each with why it cannot be written ("" where it can)."""
    with newsroom.database.read() as connection:
        names = public.folders(connection)
    found = dict[Path, str]()
    for name in names:
        folder = newsroom.data_path(name)
        try:
            try_folder(folder)
        except FolderUnwritable as error:
            found[folder] = str(error)
        else:
            found[folder] = ""
    return found


def name_of(newsroom: Newsroom, folder: Path) -> str:
    """How a folder is remembered: relative to the data folder if it lies there, so that a newsroom that is moved or copied keeps its own."""
    absolute, home = folder.resolve(), newsroom.data_path().resolve()
    return str(absolute.relative_to(home) if absolute.is_relative_to(home) else absolute)


def copy(newsroom: Newsroom) -> Copied:
    """Bring every folder that holds a copy up to date; one that is gone is made anew."""
    with newsroom.database.read() as connection:
        names = public.folders(connection)
    done = Copied()
    for name, below in names.items():
        try:
            done.files += _copy(newsroom, newsroom.data_path(name), below)
        except FolderUnwritable as error:
            done.behind.append(error)
    return done


def _copy(newsroom: Newsroom, folder: Path, below: str) -> list[Path]:
    """Bring one folder up to date: what is to go first, for that needs no room and makes some."""
    stale = [
        head for head in _heads(newsroom, below) if not _stands(folder / head.path.removeprefix(below), head)
    ]
    written: list[Path] = []
    full: FolderFull | None = None
    for head in sorted(stale, key=lambda head: head.status != public.GONE):
        with newsroom.database.read() as connection:
            file = public.get(connection, head.path)
        path = folder / head.path.removeprefix(below)
        try:
            if file is not None and _put(path, file):
                written.append(path)
        except FolderFull as error:  # a smaller one may find room
            full = full or error
    if full is not None:
        raise full
    return written


def _heads(newsroom: Newsroom, below: str) -> Iterator[public.Head]:
    after = 0
    while True:
        with newsroom.database.read() as connection:
            heads = public.heads(connection, after=after, below=below)
        if not heads:
            return
        yield from heads
        after = heads[-1].seq


def _stands(path: Path, head: public.Head) -> bool:
    """Whether the copy is this change of the file: its mtime is the change's, which no other change of it has."""
    try:
        return head.status == public.OK and path.stat().st_mtime == head.changed_at.timestamp()
    except OSError:
        return head.status == public.GONE


def _put(path: Path, file: public.Public) -> bool:
    if file.status == public.GONE:
        return _take_away(path)
    try:
        return _write(path, file)
    except FolderFull:
        # What stands there may hold a story that was killed, and takes the room that what is to stand there needs.
        if not _take_away(path):
            raise
        return _write(path, file)


def _take_away(path: Path) -> bool:
    twin = _twin(path)
    try:
        there = path.exists()
        path.unlink(missing_ok=True)
        twin.unlink(missing_ok=True)
        sweep(path)
        sweep(twin)
    except OSError as error:
        raise unwritable(path.parent, error) from error
    return there


def _twin(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


def _write(path: Path, file: public.Public) -> bool:
    # The twin first: whoever is served it by a server that looks at the plain file's time alone must not get an older one.
    twin = _twin(path)
    write_file(twin, file.packed)
    changed = write_file(path, file.body)
    for written in (twin, path):
        try:
            os.utime(written, (file.changed_at.timestamp(), file.changed_at.timestamp()))
        except OSError as error:
            raise unwritable(path.parent, error) from error
    return changed
