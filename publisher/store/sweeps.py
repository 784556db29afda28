"""What sweeps of WordPress sites have seen: each post with its fingerprint, and whether it is gone, or was named to the desk as gone with many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, Update, select, update

from publisher.intake.sweeping import Known, Listed
from publisher.store.db import insert
from publisher.store.schema import swept_post

__all__ = ["gone", "known", "named", "remember"]


def known(connection: Connection, source: str) -> Mapping[int, Known]:
    """The posts of a source that sweeps have seen."""
    rows = connection.execute(select(swept_post).where(swept_post.c.source == source))
    return {
        row.post: Known(
            row.fingerprint, row.published_at, gone=row.gone_at is not None, named=row.named_at is not None
        )
        for row in rows
    }


def remember(connection: Connection, source: str, posts: Iterable[Listed], *, now: datetime) -> None:
    """These posts were listed, and what could be done for them was done."""
    for entry in posts:
        values = {
            "fingerprint": entry.fingerprint,
            "published_at": entry.published,
            "seen_at": now,
            "gone_at": None,
            "named_at": None,
        }
        connection.execute(
            insert(connection, swept_post)
            .values(source=source, post=entry.post, **values)
            .on_conflict_do_update(index_elements=["source", "post"], set_=values)
        )


def gone(connection: Connection, source: str, posts: Iterable[int], *, now: datetime) -> None:
    """These posts were withdrawn at their source."""
    connection.execute(_of(source, posts).values(gone_at=now))


def named(connection: Connection, source: str, posts: Iterable[int], *, now: datetime) -> None:
    """These posts went with more than a handful of others: the desk was told, and decides."""
    connection.execute(_of(source, posts).values(named_at=now))


def _of(source: str, posts: Iterable[int]) -> Update:
    return update(swept_post).where(swept_post.c.source == source, swept_post.c.post.in_(tuple(posts)))
