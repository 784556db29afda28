"""Who is alive, without clocks: a worker lives as long as somebody holds its lock.

SQLite: each worker holds `flock` on a file of its own beside the database; the kernel drops it at any death. PostgreSQL: a
session advisory lock on a connection kept for it; the server drops it with the session. Neither a clock that jumps nor a slow
disk makes a living worker look dead. Helpers of a worker must not be forked: a child would keep the lock.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select, text

from publisher.store.db import Database, insert
from publisher.store.schema import worker

__all__ = ["alive", "dead_workers"]


@contextmanager
def alive(database: Database, worker_id: str, *, now: datetime) -> Iterator[None]:
    """Be a worker until the block ends: the lock is taken before the row is written, so nobody sees it unlocked."""
    if database.path is not None:
        path = _lock_path(database, worker_id)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _register(database, worker_id, path.name, now=now)
            yield
            with database.write() as connection:
                connection.execute(worker.delete().where(worker.c.id == worker_id))
        finally:
            path.unlink(missing_ok=True)
            os.close(handle)
        return
    with database.session() as session:
        session.execute(text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), {"name": worker_id})
        _register(database, worker_id, worker_id, now=now)
        yield
        with database.write() as connection:
            connection.execute(worker.delete().where(worker.c.id == worker_id))


def _lock_path(database: Database, worker_id: str) -> Path:
    if database.path is None:
        raise ValueError("only a SQLite worker has a lock file")
    return database.path.with_name(f"{database.path.name}.worker-{worker_id}")


def _register(database: Database, worker_id: str, lock_name: str, *, now: datetime) -> None:
    with database.write() as connection:
        connection.execute(
            insert(connection, worker).values(
                id=worker_id,
                host=socket.gethostname(),
                pid=os.getpid(),
                lock_name=lock_name,
                started_at=now,
            )
        )


def dead_workers(connection: Connection, database: Database) -> list[str]:
    """Registered workers whose lock nobody holds."""
    known = connection.execute(select(worker.c.id).order_by(worker.c.id)).scalars().all()
    return [worker_id for worker_id in known if not _locked(connection, database, worker_id)]


def _locked(connection: Connection, database: Database, worker_id: str) -> bool:
    if database.path is None:
        query = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
        return not connection.execute(query, {"name": worker_id}).scalar_one()
    try:
        handle = os.open(_lock_path(database, worker_id), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)
