"""Copies of what is public, in folders that a web server or a CDN reads.

A folder holds the public files below one path (`feeds/` or `site/`), each with its gzipped twin beside it, and with the time of its last
change as its mtime, so that a web server's own validators are right. Files are written whole or not at all; what is no longer public
is removed.
"""

from __future__ import annotations

import os
from pathlib import Path

from publisher.desk.files import sweep, write_file
from publisher.errors import FolderUnwritable
from publisher.newsroom import Newsroom
from publisher.store import public

__all__ = ["copy", "name_of"]


def name_of(newsroom: Newsroom, folder: Path) -> str:
    """How a folder is remembered: relative to the data folder if it lies there, so that a newsroom that is moved or copied keeps its own."""
    absolute, home = folder.resolve(), newsroom.data_path().resolve()
    return str(absolute.relative_to(home) if absolute.is_relative_to(home) else absolute)


def copy(newsroom: Newsroom) -> list[Path]:
    """Bring every folder that holds a copy up to date; returns the files that changed. A folder that is gone is left out.

    Raises:
        FolderUnwritable: a folder is there and cannot be written.
    """
    with newsroom.database.read() as connection:
        folders = public.folders(connection)
    written: list[Path] = []
    for folder, below in folders.items():
        written += _copy(newsroom, newsroom.data_path(folder), below)
    return written


def _copy(newsroom: Newsroom, folder: Path, below: str) -> list[Path]:
    written: list[Path] = []
    after = 0
    while True:
        with newsroom.database.read() as connection:
            heads = public.heads(connection, after=after, below=below)
        if not heads:
            return written
        stale = [head for head in heads if not _stands(folder / head.path.removeprefix(below), head)]
        for head in stale:
            with newsroom.database.read() as connection:
                file = public.get(connection, head.path)
            if file is not None and _put(folder / file.path.removeprefix(below), file):
                written.append(folder / file.path.removeprefix(below))
        after = heads[-1].seq


def _stands(path: Path, head: public.Head) -> bool:
    """Whether the copy is this change of the file: its mtime is the change's, which no other change of it has."""
    try:
        return head.status == public.OK and path.stat().st_mtime == head.changed_at.timestamp()
    except OSError:
        return head.status == public.GONE


def _put(path: Path, file: public.Public) -> bool:
    twin = path.with_name(f"{path.name}.gz")
    if file.status == public.GONE:
        try:
            there = path.exists()
            path.unlink(missing_ok=True)
            twin.unlink(missing_ok=True)
            sweep(path)
            sweep(twin)
        except OSError as error:
            raise FolderUnwritable(str(path.parent), error.strerror or str(error)) from error
        return there
    # The twin first: whoever is served it by a server that looks at the plain file's time alone must not get an older one.
    write_file(twin, file.packed)
    changed = write_file(path, file.body)
    for written in (twin, path):
        try:
            os.utime(written, (file.changed_at.timestamp(), file.changed_at.timestamp()))
        except OSError as error:
            raise FolderUnwritable(str(path.parent), error.strerror or str(error)) from error
    return changed
