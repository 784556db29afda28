"""Former addresses: by which other hashes a reader was known, so that they are forgotten and refused as what they are, the same person's.

A reader who moves leaves an address behind in the ledger and on old lists. Its hash stays with them until its mailbox says yes
for itself. As long as it does, no list brings it in, and whatever forgets the reader forgets that address, too.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from subscribers.audience.rows import insert
from subscribers.schema import former_key, subscriber

__all__ = ["hand_over", "keys_of", "remember", "somebodys_own"]


def keys_of(connection: Connection, subscriber_ids: Collection[int]) -> list[bytes]:
    """The hashes by which these readers are, or were, known: the present ones first."""
    now = select(subscriber.c.addr_key).where(subscriber.c.id.in_(subscriber_ids))
    once = select(former_key.c.addr_key).where(former_key.c.subscriber_id.in_(subscriber_ids))
    return [
        bytes(key)
        for query in (now.order_by(subscriber.c.id), once.order_by(former_key.c.addr_key))
        for key in connection.execute(query).scalars()
    ]


def remember(connection: Connection, subscriber_id: int, addr_key: bytes, *, now: datetime) -> None:
    """This address is the reader's no more."""
    values = {"subscriber_id": subscriber_id, "at": now}
    connection.execute(
        insert(connection, former_key)
        .values(addr_key=addr_key, **values)
        .on_conflict_do_update(index_elements=["addr_key"], set_=values)
    )


def somebodys_own(connection: Connection, addr_key: bytes) -> None:
    """Whoever has this address said yes for it: it is nobody's former one."""
    connection.execute(delete(former_key).where(former_key.c.addr_key == addr_key))


def hand_over(connection: Connection, frm: int, to: int) -> None:
    """The former addresses of one reader are another's now."""
    connection.execute(update(former_key).where(former_key.c.subscriber_id == frm).values(subscriber_id=to))
