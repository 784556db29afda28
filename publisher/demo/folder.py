"""The demo's folder: made, told from other people's folders, and cleared when the demo has to begin anew."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from publisher import assets
from publisher.demo.catcher import certificate, present
from publisher.errors import Conflict, unwritable
from publisher.settings import Settings, load, new_secrets

__all__ = ["clear", "prepare"]

CONFIG = ("publisher.toml", "sections.toml", "sources.toml", "digests.toml")
MADE = ("feeds", "mail", "preview", "site", "tls")


def prepare(folder: Path) -> Settings:
    """Copy the demo's configuration into its folder, with keys and a certificate of its own, and load it.

    Raises:
        Conflict: the folder holds a newsroom that is not the demo's; nothing is touched.
        FolderUnwritable: the folder cannot be written.
    """
    config = folder / "config"
    shipped = assets.root() / "config" / "demo"
    try:
        _refuse_others(folder, shipped)
        config.mkdir(parents=True, exist_ok=True)
        for name in CONFIG:
            shutil.copyfile(shipped / name, config / name)
        secrets = config / "secrets.toml"
        if not secrets.exists():
            handle = os.open(secrets, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(new_secrets())
        (folder / "tls").mkdir(exist_ok=True)
        certificate(folder / "tls", now=present())
    except OSError as error:
        raise unwritable(folder, error) from error
    return load(config, {})


def clear(folder: Path) -> None:
    """Take away what the demo made, and nothing else that may stand beside it.

    Raises:
        Conflict: the folder is not a demo's.
        FolderUnwritable: something in it cannot be removed.
    """
    try:
        _refuse_others(folder, assets.root() / "config" / "demo")
        for name in MADE:
            if (folder / name).is_dir():
                shutil.rmtree(folder / name)
        for path in [*folder.glob("publisher.sqlite3*"), folder / "report.json"]:
            path.unlink(missing_ok=True)
        for name in (*CONFIG, "secrets.toml"):
            (folder / "config" / name).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def _refuse_others(folder: Path, shipped: Path) -> None:
    """The first line of the demo's own configuration says whose it is; a folder without any is free."""
    name = CONFIG[0]
    present_one = folder / "config" / name
    if present_one.exists() and _first_line(present_one) != _first_line(shipped / name):
        raise Conflict(
            f"{folder} holds a newsroom that is not a demo's: choose another folder with --dir",
            folder=str(folder),
        )


def _first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline()
