"""What SQLAlchemy and the drivers raise, in the house's words: whose fault it is decides what whoever asked does next.

`StoreUnavailable`, `StoreLocked` and `StoreFull` are the database's, and whoever goes on by itself tries again; `Unstorable` is a value's that no
database holds (NUL, half a character). Anything else is a fault of ours and leaves as it is. No error shows a statement's values: they are
people's addresses, and errors go to logs.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from publisher.errors import StoreFull, StoreLocked, StoreUnavailable, Unstorable

__all__ = ["named"]

PAGE_BYTES = 4096
AT_FAULT = ("25006", "42501", "XX")
"""Read-only transaction, no privilege, internal error (PostgreSQL's appendix A)."""


@contextmanager
def named(where: str, file: Path | None) -> Iterator[None]:
    """Name what goes wrong within; `where` says which database, `file` is that of SQLite."""
    try:
        yield
    except (DataError, UnicodeEncodeError) as error:
        raise Unstorable(where) from error
    except (DBAPIError, sqlite3.Error) as error:
        own = error.orig if isinstance(error, DBAPIError) and error.orig else error
        said = str(own).strip().splitlines()[0]
        low = said.casefold()
        if "is full" in low or "no space" in low or ("disk i/o error" in low and _is_full(file)):
            raise StoreFull(
                where, "the disk is full; free some space, nothing half-written remains"
            ) from error
        if "is locked" in low or "busy" in low:
            raise StoreLocked(where, "another program holds it; try again") from error
        if "lock timeout" in low:
            raise StoreLocked(where, "another program holds what this changes; try again") from error
        if "deadlock" in low:
            raise StoreLocked(where, "two wanted the same rows at once; try again") from error
        if _is_operational(error, said):
            raise StoreUnavailable(where, said) from error
        raise
    except PoolTimeout as error:
        raise StoreUnavailable(where, "all connections are in use") from error


def _is_full(file: Path | None) -> bool:
    """Whether there is no room for one page: SQLite then often knows of an I/O error only."""
    return file is not None and shutil.disk_usage(file.parent).free < PAGE_BYTES


def _is_operational(error: DBAPIError | sqlite3.Error, said: str) -> bool:
    """Whether the database, and not our statement, is at fault (PEP 249: OperationalError and what descends from it, corrupt files included; `unknown`: an option that the driver does not know).

    Of PostgreSQL's own errors that drivers class otherwise: what a standby, a role without the right and a damaged server say (`AT_FAULT`).
    """
    if "malformed" in said or "not a database" in said:
        return True
    if isinstance(error, sqlite3.Error):
        return isinstance(error, sqlite3.OperationalError | sqlite3.InterfaceError)
    unknown = type(error.orig).__name__ == "ProgrammingError" and error.statement is None
    state = getattr(error.orig, "sqlstate", None) or ""
    away = error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return unknown or away or state.startswith(AT_FAULT)
