"""A disk without a free byte is called full, whatever SQLite calls it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import OperationalError

from publisher.errors import StoreFull, StoreUnavailable
from publisher.store import faults
from publisher.store.db import open_database


@pytest.mark.parametrize(("free", "error"), [(0, StoreFull), (10**9, StoreUnavailable)])
def test_io_error_on_a_full_disk_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, error: type[Exception]
) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'a.sqlite3'}")
    said = OperationalError("SELECT 1", {}, sqlite3.OperationalError("disk I/O error"))
    with monkeypatch.context() as patch:
        patch.setattr(faults.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
        with pytest.raises(StoreUnavailable) as told, database.read():
            raise said
    database.close()
    assert type(told.value) is error
