"""A new newsroom's folder: the commented defaults, new keys, and a .gitignore that keeps keys, data and previews at home."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from publisher.errors import Conflict, unwritable
from publisher.settings import starting_files

__all__ = ["begin"]


def begin(folder: Path, *, today: date) -> list[Path]:
    """Write DIR/config/*.toml, DIR/config/secrets.toml (0600) and DIR/.gitignore; returns the paths.

    Raises:
        Conflict: one of the files is there already; nothing is written then.
        FolderUnwritable: DIR cannot be made or written.
    """
    config = folder / "config"
    wanted = {config / name: text.encode() for name, text in starting_files(today).items()}
    ignore = folder / ".gitignore"
    try:
        if not ignore.exists():
            wanted[ignore] = b"/config/secrets.toml\n/config/dkim*.pem\n/var/\n/preview/\n"
        present = [str(path) for path in wanted if path.exists()]
        if present:
            verb = "stands" if len(present) == 1 else "stand"
            raise Conflict(f"{', '.join(present)} {verb} there already; nothing was written", paths=present)
        config.mkdir(parents=True, exist_ok=True)
        for path, body in wanted.items():
            mode = 0o600 if path.name == "secrets.toml" else 0o644
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(handle, "wb") as file:
                file.write(body)
            path.chmod(mode)
    except OSError as error:
        raise unwritable(folder, error) from error
    return list(wanted)
