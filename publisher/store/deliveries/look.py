"""The last look at a leased chunk: who need not be tried at all. The mark looks again, and only it decides."""

from __future__ import annotations

from sqlalchemy import BigInteger, Connection, Executable, not_, select

from publisher.store.deliveries.hot import Hot, group
from publisher.store.deliveries.lease import Lease
from publisher.store.schema import delivery, dispatch
from subscribers import audience

__all__ = ["unwanted"]


_COLUMNS = {"delivery_id": BigInteger()}


def _unwanted(connection: Connection) -> Executable:
    entry = group(connection, _COLUMNS)
    return (
        select(delivery.c.id)
        .join(dispatch, dispatch.c.id == delivery.c.dispatch_id)
        .where(
            delivery.c.id.in_(select(entry.c.delivery_id)),
            dispatch.c.kind != "test",
            dispatch.c.kind != "tx",
            not_(audience.mailable(delivery.c.subscriber_id, dispatch.c.digest)),
        )
    )


_UNWANTED = Hot(_unwanted, _COLUMNS)


def unwanted(connection: Connection, lease: Lease) -> frozenset[int]:
    """Deliveries of the lease whose reader must not be mailed any more; of a test send and of notices, nobody's."""
    rows = [(row.delivery_id,) for row in lease.rows]
    return frozenset(row[0] for row in _UNWANTED.run(connection, rows)) if rows else frozenset()
