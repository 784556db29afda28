"""Who is alive, without clocks: a worker lives as long as somebody holds its lock.

SQLite: each worker holds `flock` on a file of its own beside the database; the kernel drops it at any death. PostgreSQL: a
session advisory lock on a connection kept for it; the server drops it with the session, and asks a silent host whether it is
there (TCP keepalive: a host that is gone is dead after a minute). Neither a clock that jumps nor a slow disk makes a living
worker look dead. Helpers of a worker must not be forked: a child would keep the lock. On PostgreSQL the connection must
not pass a pooler in transaction mode.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, delete, exists, select, text

from publisher.errors import StoreUnavailable
from publisher.store.db import Database, insert
from publisher.store.faults import named
from publisher.store.schema import chunk, worker

__all__ = ["Held", "alive", "dead_workers"]

KEEPALIVE = "SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 4"
"""The server drops the session of a host that is gone after 20 + 4 x 10 seconds (no effect on a Unix socket)."""
OWN_LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"


Held = Callable[[], None]
"""Raises StoreUnavailable once the lock is lost: the others take the worker for dead then, and settle what it holds."""


@contextmanager
def alive(database: Database, worker_id: str, *, now: datetime) -> Iterator[Held]:
    """Be a worker until the block ends: the lock is taken before the row is written, so nobody sees it unlocked.

    A block that ends in an exception leaves its row behind with the lock gone: a dead worker, for the next recovery. So
    does one that still holds leases.
    """
    path = None if database.path is None else _lock_path(database.path, worker_id)
    with _session_lock(database, worker_id) if path is None else _lock_file(database, path) as held:
        with database.write() as connection:
            _register(connection, worker_id, path.name if path else worker_id, now=now)
        yield held
        _leave(database, worker_id)


@contextmanager
def _lock_file(database: Database, path: Path) -> Iterator[Held]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def held() -> None:
        if not os.fstat(handle).st_nlink:
            raise StoreUnavailable(
                database.where, f"{path.name} was taken away, by which this worker is seen to live"
            )

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield held
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


@contextmanager
def _session_lock(database: Database, worker_id: str) -> Iterator[Held]:
    """A session of its own, closed and not given back to the pool: with it goes the lock, whatever happens."""

    def held() -> None:
        with named(database.where, None):
            locks = 0 if session.invalidated else session.execute(text(OWN_LOCKS)).scalar_one()
        if not locks:  # none: a pooler gave the session to somebody else
            raise StoreUnavailable(
                database.where, "the session has ended by which this worker is seen to live"
            )

    with database.session() as session:
        session.detach()
        session.execute(text(KEEPALIVE))
        session.execute(text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), {"name": worker_id})
        yield held


def _lock_path(database: Path, worker_id: str) -> Path:
    return database.with_name(f"{database.name}.worker-{worker_id}")


def _register(connection: Connection, worker_id: str, lock_name: str, *, now: datetime) -> None:
    connection.execute(
        insert(connection, worker).values(
            id=worker_id, host=socket.gethostname(), pid=os.getpid(), lock_name=lock_name, started_at=now
        )
    )


def _leave(database: Database, worker_id: str) -> None:
    """Take the worker's row away, unless it still holds a chunk: then it is dead to the others, and will be recovered."""
    held = exists(select(chunk.c.id).where(chunk.c.worker_id == worker_id))
    with database.write() as connection:
        connection.execute(delete(worker).where(worker.c.id == worker_id, ~held))


def dead_workers(connection: Connection, database: Database) -> list[str]:
    """Workers that are registered or hold a lease, and whose lock nobody holds; their lock files are removed.

    On PostgreSQL the dead one's lock is taken until the transaction ends, so that two recoveries never share a worker.
    """
    leases = select(chunk.c.worker_id).where(chunk.c.worker_id.is_not(None))
    known = connection.execute(select(worker.c.id).union(leases).order_by("id")).scalars().all()
    if database.path is None:
        query = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
        return [id_ for id_ in known if connection.execute(query, {"name": id_}).scalar_one()]
    return [id_ for id_ in known if _unlocked(_lock_path(database.path, id_))]


def _unlocked(path: Path) -> bool:
    """Whether nobody holds this file's lock. Asked under the row that its holder wrote after locking it, so free is dead."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(
            handle, fcntl.LOCK_SH | fcntl.LOCK_NB
        )  # shared: two who ask at once do not mislead each other
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    path.unlink(missing_ok=True)
    return True
