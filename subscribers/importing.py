"""A list of readers into the audience: staged whole (`staged`), then merged in slices in the order of the address keys (`slices`).

Each slice is a transaction of some ten milliseconds, so that a running dispatch goes on; staging locks nothing. A list that was cut
short is simply imported again: who came in is known then. Nobody comes back by a list: the suppressed, and those who left, are refused by
line; and whom a list itself says that of is refused from then on, before anybody comes in.
Lines and refusals stand on the disk: memory does not grow with the list, however many of them are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert

from subscribers import staged
from subscribers.audience import refuse_gone
from subscribers.csvfile import Block, RefusedLine
from subscribers.presets import GoneLine
from subscribers.schema import batch
from subscribers.slices import Mark, Slices
from subscribers.staging import Staging

__all__ = ["Imported", "merge"]

SLICE = 5000
"""Addresses of one transaction."""
GONE = 200
"""Those who have left are kept so many at a time: some of them are readers here, whose subscriptions end."""

Transactions = Callable[[], AbstractContextManager[Connection]]


@dataclass(slots=True)
class Imported:
    """What became of a list: lines `added` and `known` before (`confirmed`: of these, pending ones whose consent it proved).

    `remembered`: of those refused, whom the list says to have left or that they must not be mailed, and who are refused from now on.
    """

    batch_id: int
    added: int = 0
    known: int = 0
    confirmed: int = 0
    remembered: int = 0


def merge(
    blocks: Iterable[Block],
    *,
    refusals: Staging,
    write: Transactions,
    aside: Transactions,
    digest: str,
    basis: str | None,
    actor: str,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Take the good lines in; what was refused goes to `refusals`, which gives it back in the list's order.

    With a `basis` (how these readers asked) they are confirmed, and known pending ones become so; without it they are pending
    and not mailed. Other known readers are not changed. `write` opens a transaction, one for each slice, and `aside` one that touches
    temporary tables alone, both on one connection; `progress` is told after each slice how many of how many addresses are through.
    """
    gone: list[GoneLine] = []
    remembered = understood = 0
    asked = 0
    with aside() as connection:
        staged.prepare(connection)
    for block in blocks:
        if block.keys:
            with aside() as connection:
                asked = staged.stage(connection, block, asked)
            understood += len(block.keys)
        for line in block.others:
            refusals.add(RefusedLine(line.line, line.text, line.why))
            if isinstance(line, GoneLine):
                gone.append(line)
            if len(gone) == GONE:
                remembered += _remember(write, gone, digest=digest, actor=actor, now=now)
    remembered += _remember(write, gone, digest=digest, actor=actor, now=now)
    with aside() as connection:
        good = staged.order(connection)
        for line in staged.twice(connection) if good < understood else ():
            refusals.add(line)
    with write() as connection:
        values = {"digest": digest, "basis": basis, "actor": actor, "at": now}
        batch_id = connection.execute(insert(batch).values(**values).returning(batch.c.id)).scalar_one()
        slices = Slices(connection, digest=digest, basis=basis, actor=actor, now=now, batch_id=batch_id)
    done = Imported(batch_id, known=good, remembered=remembered)
    through, last = 0, Mark(0, b"")
    while through < good:
        with write() as connection:
            taken = slices.take(connection, last, SLICE, b"\xff" * 17)
        last = taken.last
        done.added += taken.added
        done.known -= taken.added + len(taken.refused)
        done.confirmed += taken.confirmed
        for line in taken.refused:
            refusals.add(line)
        through = min(through + SLICE, good)
        if progress is not None:
            progress(through, good)
    return done


def _remember(
    write: Transactions,
    gone: list[GoneLine],
    *,
    digest: str,
    actor: str,
    now: datetime,
) -> int:
    """Keep what the list says of these, and forget the lines; returns how many are refused from now on."""
    if not gone:
        return 0
    with write() as connection:
        kept = refuse_gone(connection, gone, digest=digest, actor=actor, now=now)
    gone.clear()
    return kept
