"""This machine: the database library, who can read our files, room on the disk. Looks, and writes nothing."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from publisher.desk.doctor.findings import FAULT, OK, WARNING, Finding
from publisher.settings import Settings
from publisher.store.db import sqlite_file

__all__ = ["disk_of", "examine", "room"]

SOUND_SQLITE = (3, 51, 3)
"""Before it, two connections that write and checkpoint at one moment could spoil a WAL database; our lock rules that moment out."""
LOW, SCARCE = 1 << 30, 100 << 20
"""Bytes of free space below which it should be seen to, and below which mail stops soon."""


def examine(settings: Settings) -> Iterator[Finding]:
    """SQLite's version, modes of files, free space."""
    file = sqlite_file(settings.store_url)
    if file is not None:
        yield _sqlite()
    yield from _modes(settings, file)
    yield room(settings.data_dir)


def _sqlite() -> Finding:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info >= SOUND_SQLITE:
        return Finding("sqlite", OK, f"SQLite {version}")
    wanted = ".".join(map(str, SOUND_SQLITE))
    return Finding(
        "sqlite",
        WARNING,
        f"SQLite {version}: before {wanted} writing and checkpointing at once could spoil a database",
        "Nothing is in danger as long as only Publisher opens the file; let no other program write to it, or run a Python with a newer SQLite",
    )


def _modes(settings: Settings, file: Path | None) -> Iterator[Finding]:
    """Addresses and keys are for the account that runs Publisher alone."""
    private = [] if file is None else [file, *(file.with_name(file.name + end) for end in ("-wal", ".lock"))]
    private += sorted(settings.data_dir.glob("*.sqlite3*")) if settings.data_dir.is_dir() else []
    private += [settings.folder / "secrets.toml"]
    read = [path for path in dict.fromkeys(private) if path.is_file() and _others(path) & stat.S_IRWXO]
    group = [path for path in dict.fromkeys(private) if path.is_file() and _others(path) & stat.S_IRWXG]
    if not read and not group:
        yield Finding("file modes", OK, "database and secrets are readable by this account alone")
    for path in dict.fromkeys([*read, *group]):
        who = "everybody" if path in read else "its group"
        yield Finding(
            "file modes", FAULT, f"{who} can open {path} (mode {_mode(path):04o})", f"chmod 600 {path}"
        )


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _others(path: Path) -> int:
    return _mode(path) & (stat.S_IRWXG | stat.S_IRWXO)


def disk_of(folder: Path) -> int:
    """Which disk a folder is on, or will be once it is made."""
    return _there(folder).stat().st_dev


def _there(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def room(
    folder: Path, but: str = "Make room: a full disk stops intake and mail, and loses nobody"
) -> Finding:
    """The free space under a folder, and what is to be done where there is little (`but`)."""
    there = _there(folder)
    free = shutil.disk_usage(there).free
    said = f"{free / (1 << 30):.1f} GB free in {there}"
    if free >= LOW:
        return Finding("free space", OK, said)
    return Finding("free space", WARNING if free >= SCARCE else FAULT, said, but)
