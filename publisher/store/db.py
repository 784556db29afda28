"""The database: how it is opened, read and written, and everything in which SQLite and PostgreSQL differ.

Promises:
- `read()` and `write()` yield a Connection inside a transaction; leaving the block commits, an exception rolls back.
- On SQLite each write transaction stands under one `flock` on `<database>.lock`, and begins IMMEDIATE: the busy wait of
  SQLite starves writers, and versions before 3.51.3 can corrupt a WAL file when two connections write and checkpoint at
  the same moment. So does the first connection of a process, which may set WAL and recover a log, and the closing, which
  may write the log back; further readers find both done. WAL with synchronous=FULL: a returned commit survives a power cut.
- SQLAlchemy's and the driver's errors leave here in the house's words (`faults`) or as `StoreOutdated`; nobody else catches them. Constraints that a
  caller expects to meet are met with `insert(...).on_conflict_*`.
- A SQLite file on a read-only file system is read as it stands, without a lock; a transaction that writes is refused. A file that is
  missing while its lock file stands was there before: the new, empty one says so (`anew`).
Cannot see: that the file lies on a network file system whose `flock` holds for one machine only.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Table,
    and_,
    create_engine,
    event,
    or_,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    NoSuchModuleError,
)

from publisher.errors import (
    ConfigurationInvalid,
    FolderUnwritable,
    Problem,
    StoreUnavailable,
)
from publisher.store.faults import named
from publisher.store.writelock import LOOK_SECONDS, WRITABLE, WriteLock
from subscribers.columns import insert

__all__ = [
    "Database",
    "Transactions",
    "begun",
    "beyond",
    "insert",
    "insert_once",
    "open_database",
    "run_raw",
    "serialise",
    "sqlite_file",
]

LOCK_SECONDS = 10.0
"""How long a writer waits for the lock, ours or SQLite's own, before it gives up with `StoreLocked` (`store.lock_wait`)."""
Transactions = Callable[[], AbstractContextManager[Connection]]
"""What opens a transaction each time."""


class Database:
    """An open database. Connections are synchronous; async code calls its functions in a thread.

    `frozen`: a SQLite file that nobody can write. `anew`: the file was made just now, in the place of one that is gone.
    """

    def __init__(
        self, url: URL, *, lock_seconds: float = LOCK_SECONDS, frozen: bool = False, anew: bool = False
    ) -> None:
        self.frozen, self.anew = frozen, anew
        self.url = url
        self.dialect = url.get_backend_name()
        self.where = url.render_as_string(hide_password=True)
        self.path: Path | None = None
        if self.dialect == "sqlite":
            if not url.database or url.database == ":memory:":
                raise ConfigurationInvalid(
                    [Problem("publisher.toml", "store.url", "name a file: a ledger in memory loses people")]
                )
            self.path = Path(url.database)
            self.where = str(self.path)
        lock_path = _lock_of(self.path) if self.path and not frozen else None
        self._lock_seconds = lock_seconds
        self._lock = WriteLock(lock_path, lock_seconds)
        self._reader = self._engine(begin="BEGIN")
        self._writer = self._engine(begin="BEGIN IMMEDIATE") if self.path else self._reader
        self._only: Connection | None = None
        self._patient = True

    def _engine(self, *, begin: str) -> Engine:
        if self.path is None:
            engine = create_engine(
                self.url, pool_pre_ping=True, pool_size=8, max_overflow=8, hide_parameters=True
            )
            event.listen(engine, "connect", _settle, insert=True)  # before SQLAlchemy asks for anything
            return engine
        engine = create_engine(
            self.url,
            pool_size=1 if begin == "BEGIN IMMEDIATE" else 8,
            max_overflow=0 if begin == "BEGIN IMMEDIATE" else 8,
            hide_parameters=True,
            connect_args={"timeout": self._lock_seconds, "check_same_thread": False},
            **({"creator": self._connect_frozen} if self.frozen else {}),
        )
        pragmas = [] if self.frozen else ["journal_mode=WAL", "synchronous=FULL"]
        pragmas += ["foreign_keys=ON"]

        @event.listens_for(engine, "connect")
        def _connect(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # transactions are begun below, not by the driver
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")
            connection.execute(_busy_timeout(self._lock_seconds))

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            run_raw(connection, connection.get_execution_options().get("begin", begin))

        return engine

    def _connect_frozen(self) -> sqlite3.Connection:
        """`immutable`: a database in WAL mode is opened without the files beside it, which cannot be made there."""
        name = quote(str(self.path))
        return sqlite3.connect(f"file:{name}?mode=ro&immutable=1", uri=True, check_same_thread=False)

    def open(self) -> None:
        """Make the first connection; it stays in the pool, so that every later one finds the file ready."""
        with self._named(), self.locked(), self._reader.connect():
            pass

    def file(self) -> tuple[int, int] | None:
        """Which file this is now, by device and number: one that is open outlives its name. None where that is the server's business.

        Raises:
            StoreUnavailable: there is no file of that name any more.
        """
        if self.path is None:
            return None
        try:
            found = self.path.stat()
        except OSError as error:
            raise StoreUnavailable(self.where, f"the file is gone: {error.strerror}") from error
        return found.st_dev, found.st_ino

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads: one consistent view, never in a writer's way."""
        with self._named(), self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, *, wait: bool = True) -> Iterator[Connection]:
        """A transaction that writes: committed when the block ends, rolled back by any exception.

        Without `wait` StoreLocked at once, and nothing done, where another thread or process is writing a SQLite file.
        """
        self._thawed()
        with self._named(), self.locked(wait=wait), self._writing() as connection:
            self._be_patient(connection, wait=wait)
            with connection.begin():
                yield connection

    def _thawed(self) -> None:
        if self.frozen:
            raise FolderUnwritable(self.where, "the file system is read-only; only what reads can be done")

    def _writing(self) -> AbstractContextManager[Connection]:
        """A connection to write with; SQLite's one writer stays open, for whoever has the lock has it alone."""
        if self.path is None:
            return self._writer.connect()
        if self._only is None:
            self._only, self._patient = self._writer.connect(), True
        return nullcontext(self._only)

    def _be_patient(self, connection: Connection, *, wait: bool) -> None:
        """Whether SQLite's one writer waits for a program that knows nothing of our lock."""
        if self._patient is not wait and self.path is not None:
            run_raw(connection, _busy_timeout(self._lock_seconds if wait else 0.0))
            self._patient = wait

    @contextmanager
    def pinned(self) -> Iterator[tuple[Transactions, Transactions]]:
        """Transactions on one connection, so that temporary tables last from one to the next: such as write, and such as touch no other tables and lock nothing.

        The connection ends with the block, and the tables with it. On SQLite it holds no foreign keys, which are looked up row by row: who writes
        many asks once for each slice whether all have their parents.
        """
        with self._named(), self._reader.connect() as connection:
            connection.detach()
            if self.path is not None:
                run_raw(connection, "PRAGMA foreign_keys=OFF")

            @contextmanager
            def write() -> Iterator[Connection]:
                self._thawed()
                with self.locked(), connection.execution_options(begin="BEGIN IMMEDIATE").begin():
                    yield connection
                if self._lock.wanted:  # whoever waits would else hardly ever see it free
                    time.sleep(LOOK_SECONDS)

            @contextmanager
            def aside() -> Iterator[Connection]:
                with connection.execution_options(begin="BEGIN").begin():
                    yield connection

            try:
                yield write, aside
            finally:
                with self.locked():
                    connection.close()

    def beside(self) -> AbstractContextManager[tuple[Transactions, Transactions] | None]:
        """As `pinned`, for who works on two connections at once; None on SQLite, where one writes at a time."""
        return nullcontext() if self.path is not None else self.pinned()

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection of its own that commits each statement: for locks that live as long as it does."""
        with (
            self._named(),
            self._reader.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        ):
            yield connection

    def locked(self, *, wait: bool = True) -> AbstractContextManager[None]:
        """The write lock alone. A thread that holds it must not ask for it again."""
        return self._lock.held(self.where, wait=wait)

    def writable(self) -> bool:
        """Whether it may be written at all: no standby, and no read-only file system."""
        if self.path is not None:
            return not self.frozen
        with self.read() as connection:
            return bool(connection.execute(text("SHOW transaction_read_only")).scalar_one() == "off")

    def close(self) -> None:
        """Let all connections go; the last one to close a WAL file checkpoints it, hence the lock."""
        with self._named(), self.locked():
            if self._only is not None:
                self._only.close()
                self._only = None
            self._reader.dispose()
            self._writer.dispose()
        self._lock.close()

    def abandon(self) -> None:
        """Let go what could not be opened; nothing has been written, so that no lock is wanted."""
        self._reader.dispose()
        self._lock.close()

    def _named(self) -> AbstractContextManager[None]:
        return named(self.where, self.path)


SESSION = "SET datestyle TO ISO; SET idle_in_transaction_session_timeout TO '60s'; SET lock_timeout TO '75s'"
"""A process that was stopped in the middle of a transaction loses it, and what waited for its rows goes on: a kill must not wait for a debugger.
Nobody here thinks so long between two statements."""


def _settle(connection: Any, _record: Any) -> None:
    """See that a server's database can hold every script, and tells times as its driver reads them; nobody holds a lock for ever."""
    status = connection.info.parameter_status
    if (encoding := status("server_encoding")) != "UTF8":
        why = f"the database is in {encoding}, and names and news need UTF8: createdb --template template0 --encoding UTF8 NAME"
        raise ConfigurationInvalid([Problem("publisher.toml", "store.url", why)])
    with connection.cursor() as cursor:
        cursor.execute(SESSION)
    connection.commit()


def _busy_timeout(seconds: float) -> str:
    return f"PRAGMA busy_timeout={int(seconds * 1000)}"


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite URL; None for another database or no URL at all."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is none
        return None
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def begun(url: str) -> bool:
    """Whether a database of this URL is there or was there before: of a SQLite file that is gone, its lock file tells."""
    path = sqlite_file(url)
    return path is None or os.path.lexists(path) or os.path.lexists(_lock_of(path))


def _placed(path: Path, *, create: bool) -> tuple[bool, bool]:
    """See that a SQLite file is there; whether it cannot be written at all, and whether it is new in the place of one that is gone."""
    missing = not os.path.lexists(path)
    if missing and not create:
        raise StoreUnavailable(str(path), "there is no such file")
    anew = missing and os.path.lexists(_lock_of(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, WRITABLE, 0o600))
    except OSError as error:
        if error.errno != errno.EROFS or missing:
            raise FolderUnwritable(str(path), error.strerror or str(error)) from error
        wal = path.with_name(f"{path.name}-wal")
        if wal.exists() and wal.stat().st_size:
            why = f"the file system is read-only, and the newest changes stand in {wal.name}: copy both to where they can be merged"
            raise FolderUnwritable(str(path), why) from error
        return True, False
    return False, anew


def open_database(url: str, *, lock_seconds: float = LOCK_SECONDS, create: bool = True) -> Database:
    """Open the database of this URL; a missing SQLite file is made empty with mode 0600 (its schema is not), if `create` says so.

    A SQLite file is connected to here, a server at the first use.

    Raises:
        StoreUnavailable: the SQLite file is missing and not to be made.
        ConfigurationInvalid: the URL cannot be read, or its driver is not installed.
        FolderUnwritable: the SQLite file's folder cannot be written.
        StoreUnavailable, StoreLocked: the SQLite file is not a database, or somebody writes for too long.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        elif parsed.get_backend_name() != "sqlite":
            raise ConfigurationInvalid(
                [Problem("publisher.toml", "store.url", "sqlite:///… or postgresql://… is wanted")]
            )
        if "@" in (parsed.host or ""):
            why = "has an @ in its password: write it as %40"
            raise ConfigurationInvalid([Problem("publisher.toml", "store.url", why)])
        frozen = anew = False
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            frozen, anew = _placed(Path(parsed.database), create=create)
        database = Database(parsed, lock_seconds=lock_seconds, frozen=frozen, anew=anew)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:  # ValueError: a port that is none
        # its text is never repeated: passwords stand there
        problem = Problem("publisher.toml", "store.url", "is not a database URL")
        raise ConfigurationInvalid([problem]) from error
    except ModuleNotFoundError as error:
        why = f"PostgreSQL needs an extra: pip install 'wire-publisher[postgres]' ({error.name} is missing)"
        raise ConfigurationInvalid([Problem("publisher.toml", "store.url", why)]) from error

    if database.path is not None:
        try:
            database.open()
        except BaseException:
            database.abandon()
            raise
    return database


def beyond(
    query: Select[Any], place: tuple[datetime, Any] | None, *, at: ColumnElement[Any], key: ColumnElement[Any]
) -> Select[Any]:
    """Of a list by time, newest first, then by key downwards: the rows after this place; all, when none is named."""
    ordered = query.order_by(at.desc(), key.desc())
    if place is None:
        return ordered
    moment, last = place
    return ordered.where(or_(at < moment, and_(at == moment, key < last)))


def run_raw(connection: Connection, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
    """A statement straight to SQLite's driver, in this connection's transaction: SQLAlchemy's layers cost as much as a statement."""
    driver: Any = connection.connection.dbapi_connection
    cursor: sqlite3.Cursor = driver.execute(sql, values)
    return cursor


def insert_once(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless a constraint has one already; whether it is new (a row count does not tell on PostgreSQL)."""
    statement = insert(connection, table).values(**values).on_conflict_do_nothing()
    return connection.execute(statement.returning(*table.primary_key.columns)).first() is not None


def serialise(connection: Connection, key: str) -> None:
    """Let one transaction at a time pass for this key; SQLite's write lock has seen to it already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": key})
