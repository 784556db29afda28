"""Public files: finished, cleared bytes by the path under which readers ask for them.

This table is what is out. Whoever serves (a server process, a folder for a web server) copies from it, and asks for what changed by
`seq`. A path keeps its row for ever: taken away, it says 410. `changed_at` is a whole second and moves at least one second forward
with every change, so that it can stand as Last-Modified: after any change, no older validator matches (feeds.md 2).
"""

from __future__ import annotations

import gzip
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from publisher.store.db import insert, serialise
from publisher.store.schema import out_folder, public_file

__all__ = [
    "GONE",
    "OK",
    "Finished",
    "Public",
    "changes",
    "folders",
    "forget_folder",
    "get",
    "heads",
    "newest",
    "paths",
    "paths_in_folders",
    "put",
    "remember_folder",
    "since",
    "withdraw",
]

OK, GONE = 200, 410


@dataclass(frozen=True, slots=True)
class Finished:
    """Bytes that the gate has cleared, and what they are."""

    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Everything of a public file but its bytes: the number and the time (whole seconds) of its last change."""

    path: str
    seq: int
    status: int
    sha256: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    """A file as it is out. `packed` is its body, gzipped; `sha256` is of the body itself."""

    path: str
    seq: int
    status: int
    media_type: str
    sha256: str
    changed_at: datetime
    packed: bytes

    @property
    def body(self) -> bytes:
        """The bytes themselves."""
        return gzip.decompress(self.packed)


def put(connection: Connection, files: Mapping[str, Finished], *, now: datetime) -> list[str]:
    """Make these files public; returns the paths whose bytes changed, in order of path."""
    return _change(connection, {path: (OK, file) for path, file in files.items()}, now=now)


def withdraw(
    connection: Connection, paths: Collection[str] | Mapping[str, Finished | None], *, now: datetime
) -> list[str]:
    """Let these paths say 410 from now on, with these bytes where there are some; returns those that said it otherwise."""
    nothing = Finished(b"This is no longer here.\n", "text/plain; charset=utf-8")
    told = paths if isinstance(paths, Mapping) else dict[str, Finished | None].fromkeys(paths)
    return _change(connection, {path: (GONE, file or nothing) for path, file in told.items()}, now=now)


def _change(connection: Connection, files: Mapping[str, tuple[int, Finished]], *, now: datetime) -> list[str]:
    serialise(connection, "public_file")
    known = {
        row.path: row
        for start in range(0, len(files), 500)
        for row in connection.execute(
            select(
                public_file.c.path, public_file.c.status, public_file.c.sha256, public_file.c.changed_at
            ).where(public_file.c.path.in_(sorted(files)[start : start + 500]))
        )
    }
    seq = newest(connection)
    changed: list[str] = []
    for path, (status, file) in sorted(files.items()):
        digest = sha256(file.body).hexdigest()
        row = known.get(path)
        if row is not None and (row.status, row.sha256) == (status, digest):
            continue
        seq += 1
        at = now.replace(microsecond=0)
        values = {
            "seq": seq,
            "status": status,
            "media_type": file.media_type,
            "sha256": digest,
            "changed_at": at if row is None else max(at, row.changed_at + timedelta(seconds=1)),
            "body": gzip.compress(file.body, mtime=0),
        }
        connection.execute(
            insert(connection, public_file)
            .values(path=path, **values)
            .on_conflict_do_update(index_elements=["path"], set_=values)
        )
        changed.append(path)
    return changed


def heads(connection: Connection, *, after: int = 0, below: str = "", limit: int = 500) -> list[Head]:
    """Paths that changed after this `seq`, oldest change first, without their bytes."""
    query = (
        select(
            public_file.c.path,
            public_file.c.seq,
            public_file.c.status,
            public_file.c.sha256,
            public_file.c.changed_at,
        )
        .where(public_file.c.seq > after)
        .order_by(public_file.c.seq)
        .limit(limit)
    )
    if below:
        query = query.where(public_file.c.path.startswith(below, autoescape=True))
    return [Head(**row._asdict()) for row in connection.execute(query)]


def get(connection: Connection, path: str) -> Public | None:
    """The file at this path as it is out (also one that says 410), or None."""
    row = connection.execute(select(public_file).where(public_file.c.path == path)).one_or_none()
    return None if row is None else _public(row)


def since(connection: Connection, seq: int, *, limit: int) -> list[Public]:
    """What changed after this `seq`, oldest change first, with its bytes."""
    rows = connection.execute(
        select(public_file).where(public_file.c.seq > seq).order_by(public_file.c.seq).limit(limit)
    )
    return [_public(row) for row in rows]


def newest(connection: Connection) -> int:
    """The `seq` of the last change; 0 before the first."""
    return int(connection.execute(select(func.coalesce(func.max(public_file.c.seq), 0))).scalar_one())


def _public(row: Row[Any]) -> Public:
    return Public(
        path=row.path,
        seq=row.seq,
        status=row.status,
        media_type=row.media_type,
        sha256=row.sha256,
        changed_at=row.changed_at,
        packed=row.body,
    )


def paths(connection: Connection, *, below: str) -> frozenset[str]:
    """The public paths below this one that are there."""
    query = select(public_file.c.path).where(
        public_file.c.path.startswith(below, autoescape=True), public_file.c.status == OK
    )
    return frozenset(connection.execute(query).scalars())


def paths_in_folders(connection: Connection, *, below: str) -> frozenset[str]:
    """The public paths that are there in the folders just below this one, and no deeper."""
    path = public_file.c.path
    inside = path.startswith(below, autoescape=True), path.like(f"{below}%/%"), ~path.like(f"{below}%/%/%")
    query = select(path).where(*inside, public_file.c.status == OK)
    return frozenset(connection.execute(query).scalars())


def changes(connection: Connection, *, below: str) -> dict[str, tuple[int, datetime]]:
    """All paths that there ever were below this one, each with what it says now (`OK`, `GONE`) and since when."""
    query = select(public_file.c.path, public_file.c.status, public_file.c.changed_at).where(
        public_file.c.path.startswith(below, autoescape=True)
    )
    return {row.path: (row.status, row.changed_at) for row in connection.execute(query)}


def remember_folder(connection: Connection, path: str, *, below: str) -> None:
    """A folder holds a copy of what is public below this path, and is kept up from now on."""
    connection.execute(
        insert(connection, out_folder)
        .values(path=path, below=below)
        .on_conflict_do_update(index_elements=["path"], set_={"below": below})
    )


def forget_folder(connection: Connection, path: str) -> bool:
    """No longer keep a folder up; False when it was none."""
    return connection.execute(delete(out_folder).where(out_folder.c.path == path)).rowcount > 0


def folders(connection: Connection) -> dict[str, str]:
    """The folders that hold copies: path -> what of (a path's beginning)."""
    return {row.path: row.below for row in connection.execute(select(out_folder).order_by(out_folder.c.path))}
