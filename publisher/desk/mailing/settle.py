"""What a person can do about a dispatch: pause, resume, cancel, retry, resolve; each recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from publisher.desk import editions as desk_editions
from publisher.desk.mailing.freeze import begin, revise
from publisher.desk.mailing.report import head_of
from publisher.errors import Conflict
from publisher.ledger import DispatchState, State
from publisher.newsroom import Newsroom
from publisher.store import deliveries, editions, house

__all__ = [
    "cancel",
    "pause",
    "resolve",
    "resume",
    "retry",
]


def pause(newsroom: Newsroom, dispatch_id: str, *, why: str, actor: str, now: datetime) -> None:
    """Stop a dispatch, wherever it runs; Conflict when it is not sending."""
    head = head_of(newsroom, dispatch_id)
    with newsroom.database.write() as connection:
        if not deliveries.pause(connection, head.id):
            raise Conflict(f"dispatch {head.id} is {head.state}, not sending")
        house.tell(connection, "dispatch.pause", head.id, actor=actor, now=now, why=why)


def resume(newsroom: Newsroom, dispatch_id: str, *, actor: str, now: datetime) -> None:
    """Let a dispatch go on; without the stories that were withdrawn since, as the next revision of its edition."""
    head = head_of(newsroom, dispatch_id)
    if head.state == DispatchState.CANCELLED:
        raise Conflict(f"dispatch {head.id} was cancelled: that is for good")
    made = desk_editions.edition(newsroom, head.edition_id)
    if head.state == DispatchState.FREEZING:
        begin(newsroom, made, actor=actor, now=now)
        return
    with newsroom.database.read() as connection:
        gone = editions.killed_since(connection, made.edition_id, made.revision)
        waiting = deliveries.counts(connection, head.id).waiting
    if gone:
        made = revise(newsroom, made, gone, now=now)
    with newsroom.database.write() as connection:
        if not made.items:
            deliveries.cancel(
                connection, head.id, actor="rule:kill", why="no story of the edition is left", now=now
            )
            return
        deliveries.revise(connection, head.id, made.revision, now=now)
        over = head.expires_at <= now and waiting
        expires = now + newsroom.digest(made.series).expires if over else None
        deliveries.resume(connection, head.id, expires_at=expires)
        house.tell(
            connection, "dispatch.resume", head.id, actor=actor, now=now, data={"revision": made.revision}
        )


def cancel(newsroom: Newsroom, dispatch_id: str, *, why: str, actor: str, now: datetime) -> int:
    """Give up on everybody who waits; returns how many."""
    head = head_of(newsroom, dispatch_id)
    if head.state == DispatchState.CANCELLED:
        raise Conflict(f"dispatch {head.id} was cancelled before")
    with newsroom.database.write() as connection:
        given_up = deliveries.cancel(connection, head.id, actor=actor, why=why, now=now)
        house.tell(connection, "dispatch.cancel", head.id, actor=actor, now=now, why=why)
    return given_up


def retry(newsroom: Newsroom, dispatch_id: str, *, why: str, actor: str, now: datetime) -> int:
    """Let those who failed wait again; returns how many. Conflict when nobody failed."""
    head = head_of(newsroom, dispatch_id)
    with newsroom.database.write() as connection:
        again = deliveries.retry_failed(connection, head.id, actor=actor, now=now)
        if not again:
            raise Conflict(f"nobody failed in dispatch {head.id}")
        deliveries.resume(connection, head.id, expires_at=now + newsroom.digest(head.digest).expires)
        house.tell(
            connection, "dispatch.retry", head.id, actor=actor, now=now, why=why, data={"again": again}
        )
    return again


VERDICTS = {"sent": State.ACCEPTED, "failed": State.FAILED, "resend": State.QUEUED}


def resolve(
    newsroom: Newsroom,
    dispatch_id: str,
    verdict: str,
    *,
    only: Sequence[int] = (),
    why: str,
    actor: str,
    now: datetime,
) -> int:
    """Settle deliveries in doubt ("sent", "failed", "resend"), all or `only` these; returns how many."""
    head = head_of(newsroom, dispatch_id)
    with newsroom.database.write() as connection:
        settled = deliveries.resolve(
            connection, head.id, VERDICTS[verdict], deliveries=only, actor=actor, now=now
        )
        data = {"verdict": verdict, "settled": settled}
        house.tell(connection, "dispatch.resolve", head.id, actor=actor, now=now, why=why, data=data)
    return settled
