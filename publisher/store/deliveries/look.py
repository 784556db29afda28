"""The last look at a leased chunk: who need not be tried at all. The mark looks again, and only it decides."""

from __future__ import annotations

from sqlalchemy import Connection, not_, select

from publisher.store.deliveries.lease import Lease
from publisher.store.schema import delivery, dispatch
from subscribers import audience

__all__ = ["unwanted"]


def unwanted(connection: Connection, lease: Lease) -> frozenset[int]:
    """Deliveries of the lease whose reader must not be mailed any more; of a test send and of notices, nobody's."""
    query = (
        select(delivery.c.id)
        .join(dispatch, dispatch.c.id == delivery.c.dispatch_id)
        .where(
            delivery.c.id.in_([row.delivery_id for row in lease.rows]),
            dispatch.c.kind.not_in(["test", "tx"]),
            not_(audience.mailable(delivery.c.subscriber_id, dispatch.c.digest)),
        )
    )
    return frozenset(connection.execute(query).scalars())
