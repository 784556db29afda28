"""What became of a dispatch, read from the ledger; addresses are masked unless they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher.desk.names import whole_id
from publisher.desk.pages import Page, key_of, place_in
from publisher.errors import UnknownName
from publisher.ledger import Counts, DispatchState, State
from publisher.newsroom import Newsroom
from publisher.store import deliveries, followups, house, relays, returned
from publisher.store.deliveries import Wave
from publisher.store.liveness import dead_workers
from subscribers.address import mask, parse
from subscribers.errors import AddressRefused

__all__ = [
    "CANCEL",
    "DONE",
    "PAUSE",
    "Report",
    "counts",
    "doubtful",
    "follows_of",
    "halt_of",
    "head_of",
    "listing",
    "recover",
    "report",
    "state_of",
    "subject_of",
]

DONE = "done"
NOTICES = "notices"
"""What a dispatch sends that has no edition: confirmations, and other answers to what readers asked on a page."""
ACTS = {"kill": "kill notices", "correction": "corrections"}
"""What one of a follow-up sends, by its act."""
PAUSE, CANCEL = "dispatch.pause", "dispatch.cancel"
"""A person's acts that stop a dispatch, in the record."""
RESEND = "resend"
"""How the state of a delivery is told that was in doubt and waits to be sent again; in the ledger it is queued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of a dispatch.

    Attributes:
        edition_id: None of a dispatch of notices or of a follow-up.
        halt: why a rule stopped it. stopped: of one that a person paused or cancelled: "why", by whom, when.
        follows: of a follow-up: "act", "story", and the dispatch that it "answers".
        resend: how many of those who wait are in doubt, and are to be sent the same bytes again.
        deferred: of the others who wait, those whose try was put off, by reason: how many, when the first is due.
        workers: who has a part of it in hand; empty: nobody is sending it.
        notable: failed, doubtful, expired and suppressed deliveries, addresses masked; `resend` is the state of those above.
        left_alone: relays, and recipients' domains, that get nothing for a while: what, until when, and why.
        relay_trouble: (relay, why) when it could not be used.
        canary: of a dispatch that goes to some first, how these stand; its `state` is "sending", "waiting", "halted" or "passed".
        came_back: mails of it that came back, by what they were; the counts do not change with them.
        senders_lost: whether its sender processes died so often that none was begun any more.
    """

    dispatch_id: str
    edition_id: str | None
    state: str
    created_at: datetime
    counts: Counts
    halt: str | None
    stopped: dict[str, Any] | None
    resend: int
    deferred: tuple[dict[str, Any], ...]
    workers: tuple[dict[str, Any], ...]
    notable: tuple[dict[str, Any], ...]
    left_alone: tuple[dict[str, Any], ...] = ()
    relay_trouble: tuple[str, str] | None = None
    ailing: tuple[tuple[str, str], ...] = ()
    senders_lost: bool = False
    canary: dict[str, Any] | None = None
    came_back: dict[str, int] = field(default_factory=dict)
    follows: dict[str, str] | None = None

    @property
    def subject(self) -> str:
        """What is sent, in words."""
        return self.edition_id or subject_of(self.follows)

    @property
    def in_trouble(self) -> bool:
        """Whether somebody failed, was too late, or is in doubt."""
        return bool(self.counts.failed or self.counts.expired or self.counts.uncertain or self.resend)

    @property
    def needs_a_look(self) -> bool:
        """The same, or it stopped before its end, and no person wanted it. Whoever waits for their time, or for another worker, needs none."""
        stopped = self.state in {DispatchState.FREEZING, DispatchState.HALTED}
        return self.in_trouble or (self.goes_on and (stopped or self.senders_lost))

    @property
    def canary_until(self) -> datetime | None:
        """Until when a dispatch that is sending waits for its canary; None when it does not."""
        waits = self.canary is not None and self.state == DispatchState.SENDING
        return self.canary["until"] if self.canary is not None and waits else None

    @property
    def canary_said(self) -> str:
        """How the canary stands, in a few words; nothing when there is none, or it is over."""
        wave = self.canary
        if wave is None or wave["state"] not in {"sending", "waiting"}:
            return ""
        said = f"canary: {wave['accepted']} of {wave['planned']} accepted"
        said += f", {wave['refused']} refused" if wave["refused"] else ""
        said += f", {wave['complaints']} complained" if wave["complaints"] else ""
        return said + (f", going on at {wave['until']:%H:%M}Z" if wave["until"] else "")

    @property
    def only_deferred(self) -> bool:
        """Whether it is sending in name only: nobody has it in hand, and all who wait were put off."""
        put_off = sum(entry["deliveries"] for entry in self.deferred)
        return _only_deferred(self.state, self.counts, bool(self.workers), put_off)

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
            "follows": self.follows,
            "state": self.state,
            "created_at": self.created_at,
            "counts": counts,
            "resend": self.resend,
            "deferred": list(self.deferred),
            "workers": list(self.workers),
            "only_deferred": self.only_deferred,
            "halt": self.halt,
            "stopped": self.stopped,
            "canary": self.canary,
            "came_back": self.came_back,
            "left_alone": list(self.left_alone),
            "relay": self.relay_trouble[0] if self.relay_trouble else None,
            "relay_trouble": self.relay_trouble[1] if self.relay_trouble else None,
            "ailing": [{"relay": name, "reason": why} for name, why in self.ailing],
            "notable": list(self.notable),
        }


def _only_deferred(state: str, counts: Counts, held: bool, put_off: int) -> bool:
    return state == DispatchState.SENDING and not held and 0 < put_off == counts.waiting


def recover(newsroom: Newsroom, *, now: datetime) -> None:
    """Settle what dead workers left, so that whoever is in doubt is known before anybody looks; the living are left alone."""
    with newsroom.database.read() as connection:
        if not dead_workers(connection, newsroom.database):
            return
    with newsroom.database.write() as connection:
        deliveries.recover(connection, dead_workers(connection, newsroom.database), now=now)


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


def counts(newsroom: Newsroom, dispatch_id: str) -> Counts:
    """How a dispatch stands, by the ledger."""
    with newsroom.database.read() as connection:
        return deliveries.counts(connection, dispatch_id)


def report(
    newsroom: Newsroom,
    dispatch_id: str,
    *,
    relay_trouble: tuple[str, str] | None = None,
    ailing: Sequence[tuple[str, str]] = (),
) -> Report:
    """The report of a dispatch, read from the ledger, and what a run that has just ended can say of relays (name, why).

    `ailing`: of no use to the end. They are named though others have done their work: the day they are needed is a bad day to hear of it.
    """
    head = head_of(newsroom, dispatch_id)
    with newsroom.database.read() as connection:
        found = deliveries.counts(connection, head.id)
        rows = deliveries.notable(connection, head.id)
        resend = deliveries.resends(connection, head.id) if found.waiting else 0
        deferred = deliveries.deferred(connection, head.id) if found.waiting else []
        workers = deliveries.workers(connection, head.id)
        canary = None
        if head.canary:
            canary = _canary(head, deliveries.canary_wave(connection, head.id), waiting=found.waiting)
        known = relays.breakers(connection) if found.waiting else {}
        came_back = returned.counts(connection, head.id)
        follows = follows_of(connection, head)
        state = state_of(head, found)
        stopped = _stopped(connection, head.id, state)
    return Report(
        dispatch_id=head.id,
        edition_id=head.edition_id,
        state=state,
        created_at=head.created_at,
        counts=found,
        halt=halt_of(head) if state == DispatchState.HALTED else None,
        stopped=stopped,
        resend=resend,
        deferred=tuple(
            {
                "deliveries": row.n,
                "cause": row.cause,
                "code": row.code,
                "reply": row.reply,
                "next_at": row.next_at,
            }
            for row in deferred
        ),
        workers=tuple(worker_rows(workers)),
        notable=tuple(notable_rows(newsroom, rows)),
        left_alone=tuple(_left_alone(known, head.id)),
        relay_trouble=relay_trouble,
        ailing=tuple(ailing),
        canary=canary,
        came_back=came_back,
        follows=follows,
    )


def _stopped(connection: Connection, dispatch_id: str, state: str) -> dict[str, Any] | None:
    """Which person's act a dispatch stands still by; None where it is none."""
    what = {DispatchState.PAUSED.value: PAUSE, DispatchState.CANCELLED.value: CANCEL}.get(state)
    acts = [row for row in house.events_of(connection, dispatch_id) if row.what == what]
    return {"why": acts[-1].why, "actor": acts[-1].actor, "at": acts[-1].at} if acts else None


def follows_of(connection: Connection, head: Any) -> dict[str, str] | None:
    """What a dispatch (its row) of a follow-up tells of which story, and the dispatch that it answers; None of any other."""
    if head.followup_id is None:
        return None
    row = followups.get(connection, head.followup_id)
    return {"act": row.act, "story": row.story_id, "answers": head.answers}


def subject_of(follows: Mapping[str, str] | None) -> str:
    """What a dispatch without an edition sends, in words."""
    return f"{ACTS[follows['act']]} of {follows['story']}" if follows else NOTICES


def _canary(head: Any, wave: Wave, *, waiting: int) -> dict[str, Any] | None:
    if not wave.planned:
        return None
    state = "waiting" if head.canary_until else "sending"
    if head.wave:
        state = "passed"
    elif head.state in {DispatchState.HALTED, DispatchState.CANCELLED}:
        state = "halted"
    elif head.frozen_at is not None and not waiting:
        state = "passed"
    return {**asdict(wave), "state": state, "until": head.canary_until if state == "waiting" else None}


def _left_alone(known: Mapping[str, relays.Breaker], dispatch_id: str) -> Iterator[dict[str, Any]]:
    """Breakers that concern this dispatch. A domain whose hard refusals are not believed is named by that, and once."""
    burst = f"burst:{dispatch_id}:"
    disbelieved = {key.removeprefix(burst) for key in known if key.startswith(burst)}
    for key, breaker in known.items():
        kind, _, name = key.partition(":")
        if kind in {"relay", "domain"}:
            yield {
                "what": kind,
                "name": name,
                "until": breaker.until,
                "times": breaker.times,
                "reason": breaker.reason,
                "probing": breaker.probing,
                "disbelieved": kind == "domain" and name in disbelieved,
            }


def worker_rows(rows: Sequence[Any]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {"host": row.host, "pid": row.pid, "since": row.started_at}


def halt_of(row: Any) -> str | None:
    """Why a rule stopped this dispatch (its row); None where none did."""
    return f"{row.halt_reason}: {row.halt_detail}" if row.halt_reason else None


def notable_rows(newsroom: Newsroom, rows: Sequence[Any], *, masked: bool = True) -> Iterator[dict[str, Any]]:
    for row in rows:
        try:
            parsed = parse(row.rcpt)
        except AddressRefused:
            address = "(erased)"
        else:
            address = mask(parsed, newsroom.address_key) if masked else row.rcpt
        yield {
            "delivery": row.delivery_id,
            "state": RESEND if row.state == State.QUEUED else row.state,
            "address": address,
            "message_id": row.message_id,
            "code": row.code,
            "reply": row.reply,
            "cause": row.cause,
            "at": row.at,
            "next_at": row.next_at,
        }


def listing(newsroom: Newsroom, *, limit: int, after: str | None = None, notices: bool = False) -> Page:
    """The newest dispatches with their counts: those of editions, or of notices."""
    with newsroom.database.read() as connection:

        def told(row: Any) -> dict[str, Any]:
            tally = deliveries.counts(connection, row.id)
            state = state_of(row, tally)
            workers = deliveries.workers(connection, row.id)
            put_off = (
                sum(entry.n for entry in deliveries.deferred(connection, row.id)) if tally.waiting else 0
            )
            return {
                "id": row.id,
                "edition": row.edition_id,
                "follows": follows_of(connection, row),
                "state": state,
                "created_at": row.created_at,
                "counts": {"planned": tally.planned, **asdict(tally)},
                "halt": halt_of(row) if state == DispatchState.HALTED else None,
                "workers": list(worker_rows(workers)),
                "only_deferred": _only_deferred(state, tally, bool(workers), put_off),
            }

        found = deliveries.list_dispatches(
            connection, limit=limit + 1, after=place_in(after), notices=notices
        )
        return Page.of(found, limit, row=told, key=lambda row: key_of(row.created_at, row.id))


def doubtful(newsroom: Newsroom, dispatch_id: str, *, masked: bool = True) -> list[dict[str, Any]]:
    """The deliveries in doubt, also those that wait to be sent again; addresses in full only if they are asked for."""
    head = head_of(newsroom, dispatch_id)
    with newsroom.database.read() as connection:
        rows = deliveries.doubtful(connection, head.id)
    return list(notable_rows(newsroom, rows, masked=masked))
