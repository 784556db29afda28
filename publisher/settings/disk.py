"""What stands on the disk, asked without waiting and without surprise: a pipe is not opened, a loop of links is only a path."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

__all__ = ["absolute", "blocked", "bytes_of", "is_kind", "stamps", "text_of"]


def text_of(path: Path, encoding: str = "utf-8") -> str:
    """The text of a regular file.

    Raises:
        OSError: it cannot be read, or it is no file; `strerror` says which.
        UnicodeDecodeError: it is not text.
    """
    return bytes_of(path).decode(encoding)


def bytes_of(path: Path, size: int = -1) -> bytes:
    """The bytes of a regular file, so many of them at most.

    Raises:
        OSError: it cannot be read, or it is no file; `strerror` says which.
        ValueError: no file can have this name.
    """
    handle = os.open(
        path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    )  # a pipe without a writer would make us wait
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise OSError(0, "it is a folder" if stat.S_ISDIR(mode) else "it is no regular file")
    with os.fdopen(handle, "rb") as file:
        return file.read(size)


def is_kind(path: Path, kind: int) -> bool:
    """Whether something of this kind (`stat.S_IFREG`, `stat.S_IFDIR`) can be seen there; False for what cannot be asked."""
    try:
        return stat.S_IFMT(path.stat().st_mode) == kind
    except (OSError, ValueError):
        return False


def stamps(folder: Path, names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """When the files of these names there were last written, and their sizes; those that cannot be asked are left out."""
    found: dict[str, tuple[int, int]] = {}
    for name in names:
        try:
            seen = (folder / name).stat()
        except (OSError, ValueError):
            continue
        found[name] = (seen.st_mtime_ns, seen.st_size)
    return found


def blocked(folder: Path) -> Path | None:
    """What stands in the way of making this folder: the nearest thing on its path, when it is no folder."""
    for place in (folder, *folder.parents):
        if os.path.lexists(place):
            return None if is_kind(place, stat.S_IFDIR) else place
    return None


def absolute(folder: Path, path: Path) -> Path:
    """The path from this folder, links resolved as far as they can be."""
    whole = folder / path.expanduser()
    try:
        return whole.resolve()
    except (OSError, RuntimeError):  # a loop of links: whoever opens it will say so
        return Path(os.path.abspath(whole))  # noqa: PTH100 - Path.absolute keeps the ".."
