"""Files that others read: written whole or not at all, and only when their bytes change."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from publisher.errors import unwritable

__all__ = ["write_file"]


def write_file(path: Path, body: bytes) -> bool:
    """Put `body` at `path` by a rename, so that a reader or a crash never meets half a file; False when it stood there.

    Raises:
        FolderUnwritable: the folder cannot be made or written.
    """
    try:
        _make_readable(path.parent)
        if path.is_file() and path.read_bytes() == body:
            return False
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
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


def _make_readable(folder: Path) -> None:
    """Make a folder, and those above it that are missing, such that a web server may read them."""
    if folder.is_dir():
        return
    _make_readable(folder.parent)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
