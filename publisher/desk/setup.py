"""A new newsroom's folder: the commented defaults, new keys, and a .gitignore that keeps the keys at home; its templates, checked."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from publisher.errors import Conflict, FolderUnwritable
from publisher.newsroom import templates_of
from publisher.settings import Settings, starting_files

__all__ = ["begin", "check_templates"]


def check_templates(settings: Settings) -> None:
    """Read every catalogue and compile every template of the operator's own, before a mail needs them.

    Raises:
        TemplateInvalid: with file and line, of the first that is wrong.
    """
    templates = templates_of(settings)
    try:
        templates.check()
    finally:
        templates.close()


def begin(folder: Path, *, today: date) -> list[Path]:
    """Write DIR/config/*.toml, DIR/config/secrets.toml (0600) and DIR/.gitignore; returns the paths.

    Raises:
        Conflict: one of the files is there already; nothing is written then.
        FolderUnwritable: DIR cannot be made or written.
    """
    config = folder / "config"
    wanted = {config / name: text.encode() for name, text in starting_files(today).items()}
    ignore = folder / ".gitignore"
    if not ignore.exists():
        wanted[ignore] = b"/config/secrets.toml\n/var/\n"
    present = [path for path in wanted if path.exists()]
    if present:
        listed = ", ".join(str(path) for path in present)
        raise Conflict(
            f"{listed} stands there already; nothing was written", paths=[str(path) for path in present]
        )
    try:
        config.mkdir(parents=True, exist_ok=True)
        for path, body in wanted.items():
            mode = 0o600 if path.name == "secrets.toml" else 0o644
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(handle, "wb") as file:
                file.write(body)
            path.chmod(mode)
    except OSError as error:
        raise FolderUnwritable(str(folder), error.strerror or str(error)) from error
    return list(wanted)
