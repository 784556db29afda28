"""What became of a dispatch, read from the ledger; addresses are masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from publisher.desk.names import whole_id
from publisher.desk.pages import Page, key_of, place_in
from publisher.errors import UnknownName
from publisher.ledger import Counts, DispatchState
from publisher.newsroom import Newsroom
from publisher.store import deliveries
from subscribers.address import mask, parse
from subscribers.errors import AddressRefused

__all__ = [
    "DONE",
    "Report",
    "head_of",
    "listing",
    "report",
    "state_of",
    "uncertain",
]

DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of a dispatch. `notable`: failed, doubtful, expired and suppressed deliveries, addresses masked."""

    dispatch_id: str
    edition_id: str
    state: str
    created_at: datetime
    counts: Counts
    halt: str | None
    notable: tuple[dict[str, Any], ...]
    relay_trouble: tuple[str, str] | None = None

    @property
    def needs_a_look(self) -> bool:
        """Whether somebody failed or is in doubt, or the dispatch stopped before its end."""
        counts = self.counts
        return self.goes_on or bool(counts.failed or counts.uncertain or counts.expired or counts.waiting)

    @property
    def goes_on(self) -> bool:
        """Whether somebody waits, or is not even in it yet: `resume` goes on with them."""
        if self.state == DispatchState.CANCELLED:
            return False
        return bool(self.counts.waiting) or self.state == DispatchState.FREEZING

    def data(self) -> dict[str, Any]:
        """JSON-ready."""
        counts = {"planned": self.counts.planned, **asdict(self.counts)}
        return {
            "id": self.dispatch_id,
            "edition": self.edition_id,
            "state": self.state,
            "created_at": self.created_at,
            "counts": counts,
            "halt": self.halt,
            "notable": list(self.notable),
        }


def head_of(newsroom: Newsroom, dispatch_id: str) -> Any:
    """The dispatch's row by its id, or enough of its beginning, in any case; UnknownName otherwise."""
    with newsroom.database.read() as connection:
        head = deliveries.get_dispatch(connection, whole_id(connection, "dispatch", dispatch_id))
    if head is None:
        raise UnknownName("dispatch", dispatch_id)
    return head


def state_of(head: Any, counts: Counts) -> str:
    """A dispatch's state, or "done" when everybody is in it and nobody waits: computed, never stored.

    It is done however it came to its end: the rule that would have halted it may have come after the last message.
    """
    over = head.frozen_at is not None and not counts.waiting and head.state != DispatchState.CANCELLED
    return DONE if over else str(head.state)


def report(newsroom: Newsroom, dispatch_id: str, *, relay_trouble: tuple[str, str] | None = None) -> Report:
    """The report of a dispatch, read from the ledger."""
    head = head_of(newsroom, dispatch_id)
    with newsroom.database.read() as connection:
        counts = deliveries.counts(connection, head.id)
        rows = deliveries.notable(connection, head.id)
    state = state_of(head, counts)
    return Report(
        dispatch_id=head.id,
        edition_id=head.edition_id,
        state=state,
        created_at=head.created_at,
        counts=counts,
        halt=_halt(head) if state == DispatchState.HALTED else None,
        notable=tuple(notable_rows(newsroom, rows)),
        relay_trouble=relay_trouble,
    )


def _halt(row: Any) -> str | None:
    return f"{row.halt_reason}: {row.halt_detail}" if row.halt_reason else None


def notable_rows(newsroom: Newsroom, rows: Sequence[Any]) -> Iterator[dict[str, Any]]:
    for row in rows:
        try:
            address = mask(parse(row.rcpt), newsroom.address_key)
        except AddressRefused:
            address = "(erased)"
        yield {
            "delivery": row.delivery_id,
            "state": row.state,
            "address": address,
            "message_id": row.message_id,
            "code": row.code,
            "reply": row.reply,
            "cause": row.cause,
            "at": row.at,
        }


def listing(newsroom: Newsroom, *, limit: int, after: str | None = None) -> Page:
    """The newest dispatches with their counts."""
    with newsroom.database.read() as connection:

        def told(row: Any) -> dict[str, Any]:
            counts = deliveries.counts(connection, row.id)
            state = state_of(row, counts)
            return {
                "id": row.id,
                "edition": row.edition_id,
                "state": state,
                "created_at": row.created_at,
                "counts": {"planned": counts.planned, **asdict(counts)},
                "halt": _halt(row) if state == DispatchState.HALTED else None,
            }

        found = deliveries.list_dispatches(connection, limit=limit + 1, after=place_in(after))
        return Page.of(found, limit, row=told, key=lambda row: key_of(row.created_at, row.id))


def uncertain(newsroom: Newsroom, dispatch_id: str) -> list[dict[str, Any]]:
    """The deliveries in doubt."""
    head = head_of(newsroom, dispatch_id)
    with newsroom.database.read() as connection:
        rows = deliveries.uncertain(connection, head.id)
    return list(notable_rows(newsroom, rows))
