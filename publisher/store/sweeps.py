"""What sweeps of WordPress sites have seen: each post with its fingerprint, and whether it is gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, select, update

from publisher.intake.sweeping import Known, Listed
from publisher.store.db import insert
from publisher.store.schema import swept_post

__all__ = ["gone", "known", "remember"]


def known(connection: Connection, source: str) -> Mapping[int, Known]:
    """The posts of a source that sweeps have seen."""
    rows = connection.execute(select(swept_post).where(swept_post.c.source == source))
    return {row.post: Known(row.fingerprint, row.published_at, row.gone_at is not None) for row in rows}


def remember(connection: Connection, source: str, posts: Iterable[Listed], *, now: datetime) -> None:
    """These posts were listed, and what could be done for them was done."""
    for entry in posts:
        values = {
            "fingerprint": entry.fingerprint,
            "published_at": entry.published,
            "seen_at": now,
            "gone_at": None,
        }
        connection.execute(
            insert(connection, swept_post)
            .values(source=source, post=entry.post, **values)
            .on_conflict_do_update(index_elements=["source", "post"], set_=values)
        )


def gone(connection: Connection, source: str, posts: Iterable[int], *, now: datetime) -> None:
    """These posts were withdrawn at their source."""
    connection.execute(
        update(swept_post)
        .where(swept_post.c.source == source, swept_post.c.post.in_(tuple(posts)))
        .values(gone_at=now)
    )
