"""Files that others read: written whole or not at all, and only when their bytes change.

Bytes go into a hidden part file beside the place, which is then renamed. Whoever writes one holds a lock on it for as long, which the
system lets go when a process dies: so a part that nobody holds is what a killed process left, and the next write of that file
takes it away.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from publisher.errors import unwritable

__all__ = ["sweep", "try_folder", "write_file"]


def write_file(path: Path, body: bytes) -> bool:
    """Put `body` at `path` by a rename, so that a reader or a crash never meets half a file; False when it stood there.

    Raises:
        FolderUnwritable: the folder cannot be made or written.
    """
    try:
        _make_readable(path.parent)
        sweep(path)
        if path.is_file() and path.read_bytes() == body:
            return False
        handle, part = _part(path)
        with os.fdopen(handle, "wb") as file:
            try:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
                part.chmod(0o644)
                part.replace(path)
            except BaseException:
                part.unlink()
                raise
    except OSError as error:
        raise unwritable(path.parent, error) from error
    return True


def try_folder(folder: Path) -> None:
    """Make sure that files can be put into a folder, which is made if it is not there; nothing is left in it.

    Raises:
        FolderUnwritable: they cannot.
    """
    try:
        _make_readable(folder)
        handle, part = _part(folder / "try")
        os.close(handle)
        part.unlink()
    except OSError as error:
        raise unwritable(folder, error) from error


def sweep(path: Path) -> None:
    """Take away the parts of this file that nobody is writing any more."""
    ours = re.compile(re.escape(f".{path.name}.") + r"[a-z0-9_]{8}")
    with suppress(FileNotFoundError), os.scandir(path.parent) as found:
        for entry in found:
            if ours.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                _take_away(Path(entry.path))


def _take_away(part: Path) -> None:
    """Remove a part file, unless somebody holds it."""
    with suppress(OSError):  # it is gone, somebody else's, or held
        handle = os.open(part, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), part.lstat()):
                part.unlink()
        finally:
            os.close(handle)


def _part(path: Path) -> tuple[int, Path]:
    """A new part file for this path, open and held."""
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with suppress(OSError):  # a file system without locks: then nobody sweeps there either
            fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            if os.path.samestat(os.fstat(handle), os.lstat(name)):
                return handle, Path(name)
        except FileNotFoundError:  # swept before it was held
            pass
        os.close(handle)


def _make_readable(folder: Path) -> None:
    """Make a folder, and those above it that are missing, such that a web server may read them."""
    if folder.is_dir():
        return
    _make_readable(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
