"""A list of readers into the audience: staged whole (`staged`), then merged in slices in the order of the address keys (`slices`).

It may go two ways at once (`ways`).

Each slice is a transaction of some ten milliseconds, so that a running dispatch goes on; staging locks nothing. A list that was cut
short is simply imported again: who came in is known then. Nobody comes back by a list: the suppressed, and those who left, are refused by
line; and whom a list itself says that of is refused from then on, before anybody comes in.
Lines and refusals stand on the disk: memory does not grow with the list, however many of them are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import insert

from subscribers.audience import refuse_gone
from subscribers.audience.joining import gone_lines
from subscribers.audience.refusing import CAUSES
from subscribers.csvfile import Block, RefusedLine
from subscribers.presets import GoneLine
from subscribers.schema import batch
from subscribers.staged import barred
from subscribers.staging import Staging
from subscribers.ways import Told, Transactions, Way, crew, parted, settle

__all__ = ["Imported", "foresee", "merge"]

SLICE = 8000
"""Addresses of one transaction."""
GONE = 200
"""Those who have left are kept so many at a time: some of them are readers here, whose subscriptions end."""


@dataclass(slots=True)
class Imported:
    """What became of a list: lines `added` and `known` before (`confirmed`: of these, pending ones whose consent it proved).

    `batch_id`: None of a list that was only looked at. `remembered`: of those refused, whom the list says to have left or that they must not be mailed, and who are refused from now on.
    """

    batch_id: int | None
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
    beside: tuple[Transactions, Transactions] | None = None,
    digest: str,
    basis: str | None,
    actor: str,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """Take the good lines in; what was refused goes to `refusals`, which gives it back in the list's order.

    With a `basis` (how these readers asked) they are confirmed, and known pending ones become so; without it they are pending
    and not mailed. Other known readers are not changed. `write` opens a transaction, one for each slice, and `aside` one that touches
    temporary tables alone, both on one connection; `beside`: such a pair on another one, which takes half of the list. `progress` is
    told after each slice how many of how many addresses are through, by whichever thread merged it.
    """
    ways = parted((write, aside), beside)
    told = Told(refusals, progress)
    remember = partial(_remember, write, digest=digest, actor=actor, now=now)
    with crew(ways) as workers:
        try:
            remembered = _stage(blocks, ways, workers, refusals, remember)
            settle([workers.submit(way.order, told) for way in ways])
            with write() as connection:
                values = {"digest": digest, "basis": basis, "actor": actor, "at": now}
                batch_id = connection.execute(
                    insert(batch).values(**values).returning(batch.c.id)
                ).scalar_one()
            about = {"digest": digest, "basis": basis, "actor": actor, "now": now, "batch_id": batch_id}
            settle(
                [
                    workers.submit(way.merge, told, SLICE, about | {"half": half if beside else None})
                    for half, way in enumerate(ways)
                ]
            )
        finally:
            told.ended.set()
    known = sum(way.good for way in ways) - told.added - told.refused
    return Imported(batch_id, told.added, known, told.confirmed, remembered)


def foresee(
    blocks: Iterable[Block],
    *,
    refusals: Staging,
    pair: tuple[Transactions, Transactions],
    digest: str,
    basis: str | None,
    actor: str,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> Imported:
    """What `merge` would make of a list: the same lines go to `refusals`, and the same are counted. Nothing is written but to temporary tables."""
    way, told = Way(pair), Told(refusals, progress)
    bar = partial(_bar, pair[1], digest=digest)
    with crew([way]) as workers:
        remembered = _stage(blocks, [way], workers, refusals, bar)
    way.order(told)
    way.look(
        told,
        SLICE,
        {"digest": digest, "basis": basis, "actor": actor, "now": now, "batch_id": 0, "half": None},
    )
    known = way.good - told.added - told.refused
    return Imported(None, told.added, known, told.confirmed, remembered)


def _stage(
    blocks: Iterable[Block],
    ways: list[Way],
    workers: Executor,
    refusals: Staging,
    remember: Callable[[list[GoneLine]], int],
) -> int:
    """Lines to their ways, while the next ones are read; returns of how many others it is remembered that they must not be mailed."""
    gone: list[GoneLine] = []
    remembered = 0
    staging: list[Future[None]] = []
    for block in blocks:
        settle(staging)
        staging = [workers.submit(way.stage, block) for way in ways] if block.keys else []
        for line in block.others:
            refusals.add(RefusedLine(line.line, line.text, line.why))
            if isinstance(line, GoneLine):
                gone.append(line)
            if len(gone) == GONE:
                settle(staging)  # their connection is in use
                remembered += remember(gone)
    settle(staging)
    return remembered + remember(gone)


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


def _bar(aside: Transactions, gone: list[GoneLine], *, digest: str) -> int:
    """As `_remember`, for as long as the list is looked at."""
    with aside() as connection:
        lines = [line for line, _ in gone_lines(connection, gone, digest=digest)]
        if lines:
            weights = (CAUSES.index("left" if line.here else line.cause) for line in lines)
            connection.execute(
                insert(barred),
                [
                    {"addr_key": line.addr_key, "weight": weight}
                    for line, weight in zip(lines, weights, strict=True)
                ],
            )
    gone.clear()
    return len(lines)
