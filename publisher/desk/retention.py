"""What the house need not know any longer, by the rules of [retention]: counted first, then forgotten, in slices that hold nobody up.

The ledger's history and the evidence of consent stay; addresses and networks go out of them. Nothing is forgotten without a rule.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from publisher.newsroom import Newsroom
from publisher.store import deliveries, house
from subscribers.audience import fading
from subscribers.consent import Status

__all__ = ["tidy"]

SLICE = 500


def tidy(newsroom: Newsroom, *, dry_run: bool, actor: str, now: datetime) -> dict[str, int]:
    """Forget what is older than the rules allow; how much it was of each kind. `dry_run`: only count it."""
    rules = newsroom.settings.retention
    done = {
        "pending": _people(newsroom, Status.PENDING, rules.pending, dry_run=dry_run, now=now),
        "left": _people(newsroom, Status.LEFT, rules.left, dry_run=dry_run, now=now),
        "networks": _networks(newsroom, rules.networks, dry_run=dry_run, now=now),
        "deliveries": _ledger(newsroom, rules.ledger, dry_run=dry_run, now=now),
    }
    if any(done.values()) and not dry_run:
        with newsroom.database.write() as connection:
            house.tell(connection, "retention.tidy", "retention", actor=actor, now=now, data=dict(done))
    return done


def _people(
    newsroom: Newsroom, status: Status, kept: timedelta | None, *, dry_run: bool, now: datetime
) -> int:
    """Readers who never confirmed, or have left: their addresses, here and in the ledger."""
    count = last = 0
    while kept is not None:
        with newsroom.database.read() as connection:
            rows = fading.faded(connection, status, before=now - kept, after_id=last, limit=SLICE)
        if not rows:
            break
        count, last = count + len(rows), rows[-1].id
        if not dry_run:
            with newsroom.database.write() as connection:
                # asked again under the lock: somebody may have come back meanwhile
                still = fading.faded(
                    connection, status, before=now - kept, after_id=rows[0].id - 1, limit=len(rows)
                )
                ids = [row.id for row in still]
                deliveries.forget(connection, ids, fading.fade(connection, ids, status, now=now))
    return count


def _networks(newsroom: Newsroom, kept: timedelta | None, *, dry_run: bool, now: datetime) -> int:
    if kept is None:
        return 0
    with newsroom.database.write() as connection:
        count = fading.count_networks(connection, before=now - kept)
        if not dry_run:
            fading.forget_networks(connection, before=now - kept)
    return count


def _ledger(newsroom: Newsroom, kept: timedelta | None, *, dry_run: bool, now: datetime) -> int:
    count = 0
    while kept is not None:
        with newsroom.database.write() as connection:
            found = deliveries.of_before(connection, now - kept, limit=None if dry_run else SLICE)
            if not dry_run:
                deliveries.forget_these(connection, found)
        count += len(found)
        if dry_run or not found:
            break
    return count
