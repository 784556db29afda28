"""What a person can do about a dispatch: pause, resume, cancel, retry, resolve; each recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher.desk import editions as desk_editions
from publisher.desk import followups as desk_followups
from publisher.desk.mailing import following, notices
from publisher.desk.mailing.freeze import begin
from publisher.desk.mailing.report import CANCEL, DONE, PAUSE, RESEND, doubtful, head_of, recover, state_of
from publisher.desk.mailing.revising import NO_STORY, give_up, set_right
from publisher.desk.withdrawals import barred
from publisher.edition import Edition, Why
from publisher.errors import Conflict, NothingToPublish, Refused
from publisher.ledger import DispatchState, State
from publisher.newsroom import Newsroom, need_keys
from publisher.store import deliveries, house, relays
from publisher.store.followups import KIND

__all__ = [
    "cancel",
    "pause",
    "resolve",
    "resume",
    "retry",
    "try_relays",
]

ENDS_AFTER = {notices.KIND: notices.EXPIRES, KIND: desk_followups.EXPIRES}
"""How long a dispatch without an edition is given."""
GONE = frozenset({Why.KILLED, Why.EXPIRED})


def pause(newsroom: Newsroom, dispatch_id: str, *, why: str, actor: str, now: datetime) -> None:
    """Stop a dispatch, wherever it runs; Conflict when it is not sending, or done."""
    head = head_of(newsroom, dispatch_id)
    with newsroom.database.write() as connection:
        _refuse_done(connection, head)
        if not deliveries.pause(connection, head.id):
            raise Conflict(f"dispatch {head.id} is {head.state}, not sending")
        house.tell(connection, PAUSE, head.id, actor=actor, now=now, why=why)


def resume(
    newsroom: Newsroom,
    dispatch_id: str,
    *,
    actor: str,
    now: datetime,
    prolong: bool = True,
    canary: bool = True,
) -> None:
    """Let a dispatch go on; without the stories that were withdrawn since, as the next revision of its edition.

    One that is done stays as it is: there is nobody to revise the edition for. `prolong`: one whose time is over gets as much again.
    `canary`: whether what the canary says is still waited for; one that it halted goes on with everybody.
    """
    head = head_of(newsroom, dispatch_id)
    if head.state == DispatchState.CANCELLED:
        raise Conflict(f"dispatch {head.id} was cancelled: that is for good")
    with newsroom.database.read() as connection:
        if state_of(head, deliveries.counts(connection, head.id)) == DONE:
            return
    need_keys(newsroom.settings, head)  # before it is said to be sending
    if head.kind in ENDS_AFTER:
        _resume_plain(newsroom, head, actor=actor, now=now, prolong=prolong)
        return
    made = desk_editions.edition(newsroom, head.edition_id)
    if head.state == DispatchState.FREEZING:
        begin(newsroom, made, actor=actor, now=now)
        if not canary:
            with newsroom.database.write() as connection:
                deliveries.open_all(connection, head.id)
        return

    def go_on(connection: Connection, made: Edition) -> None:
        over = prolong and head.expires_at <= now and deliveries.counts(connection, head.id).waiting
        expires = now + newsroom.digest(made.series).expires if over else None
        if not canary or (
            head.state == DispatchState.HALTED and head.halt_reason == deliveries.HALTED_BY_CANARY
        ):
            deliveries.open_all(connection, head.id)
        deliveries.resume(connection, head.id, expires_at=expires)
        data = {"revision": made.revision}
        house.tell(connection, "dispatch.resume", head.id, actor=actor, now=now, data=data)

    if not set_right(newsroom, head.id, made.edition_id, now=now, then=go_on).items:
        give_up(newsroom, head.id, now=now)
    elif head_of(newsroom, head.id).state == DispatchState.FREEZING:  # the halt had interrupted the freeze
        begin(newsroom, made, actor=actor, now=now)


def try_relays(newsroom: Newsroom, *, now: datetime) -> None:
    """A person sends, and has perhaps mended a relay: those that were left alone may be tried at once."""
    with newsroom.database.read() as connection:
        if not relays.breakers(connection):
            return
    with newsroom.database.write() as connection:
        relays.try_now(connection, now=now)


def _resume_plain(newsroom: Newsroom, head: Any, *, actor: str, now: datetime, prolong: bool) -> None:
    """The same without an edition: there is nothing to revise. A correction of a story that may not go out any more is told to nobody."""
    if head.state == DispatchState.FREEZING:
        return  # whoever finds its readers lets it go
    made = following.corrected(newsroom, head) if head.kind == KIND else None
    with newsroom.database.write() as connection:
        gone = barred(newsroom, connection, made, now) if made else {}
        if gone and set(gone.values()) <= GONE:
            deliveries.cancel(connection, head.id, actor="rule:kill", why=NO_STORY, now=now)
            return
        if gone:
            told = ", ".join(f"{story_id} ({why})" for story_id, why in gone.items())
            raise Refused(
                f"dispatch {head.id} tells a correction of what may not go out at present: story {told}"
            )
    expires = now + ENDS_AFTER[head.kind] if prolong and head.expires_at <= now else None
    with newsroom.database.write() as connection:
        deliveries.resume(connection, head.id, expires_at=expires)
        house.tell(connection, "dispatch.resume", head.id, actor=actor, now=now)


def cancel(newsroom: Newsroom, dispatch_id: str, *, why: str, actor: str, now: datetime) -> int:
    """Give up on everybody who waits; returns how many. Conflict when nobody does."""
    recover(newsroom, now=now)
    head = head_of(newsroom, dispatch_id)
    if head.state == DispatchState.CANCELLED:
        raise Conflict(f"dispatch {head.id} was cancelled before")
    with newsroom.database.write() as connection:
        _refuse_done(connection, head)
        given_up = deliveries.cancel(connection, head.id, actor=actor, why=why, now=now)
        house.tell(connection, CANCEL, head.id, actor=actor, now=now, why=why)
    return given_up


def _refuse_done(connection: Connection, head: Any) -> None:
    if state_of(head, deliveries.counts(connection, head.id)) == DONE:
        raise Conflict(f"dispatch {head.id} is done: nobody waits")


def retry(newsroom: Newsroom, dispatch_id: str, *, why: str, actor: str, now: datetime) -> tuple[int, int]:
    """Let those who failed wait again, for the edition without what was withdrawn since.

    Returns how many, and how many stay failed because they must not be mailed.

    Raises:
        Conflict: it was cancelled, nobody failed, or nobody of them may be mailed.
        NothingToPublish: no story of the edition is left.
    """
    head = head_of(newsroom, dispatch_id)
    if head.state == DispatchState.CANCELLED:
        raise Conflict(f"dispatch {head.id} was cancelled: that is for good")
    again = left = 0

    def queue(connection: Connection, made: Edition | None) -> None:
        nonlocal again, left
        failed = deliveries.counts(connection, head.id).failed
        again = deliveries.retry_failed(connection, head.id, actor=actor, now=now)
        left = failed - again
        if not again and failed:
            raise Conflict(
                f"those who failed in dispatch {head.id} ({failed}) are suppressed or have left: if their suppression is a "
                f"mistake, `publisher suppression undo --dispatch {head.id}` comes first"
            )
        if not again:
            raise Conflict(f"nobody failed in dispatch {head.id}")
        more = newsroom.digest(made.series).expires if made is not None else ENDS_AFTER[head.kind]
        deliveries.resume(connection, head.id, expires_at=now + more)
        data = {"again": again}
        house.tell(connection, "dispatch.retry", head.id, actor=actor, now=now, why=why, data=data)

    with newsroom.database.read() as connection:
        failed = deliveries.counts(connection, head.id).failed
    if not failed:  # before anything is revised for nobody
        raise Conflict(f"nobody failed in dispatch {head.id}")
    if head.kind in ENDS_AFTER:
        with newsroom.database.write() as connection:
            queue(connection, None)
    elif not set_right(newsroom, head.id, head.edition_id, now=now, then=queue).items:
        raise NothingToPublish(f"edition {head.edition_id}", NO_STORY)
    return again, left


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
    """Settle deliveries in doubt ("sent", "failed", "resend"), all or `only` these; returns how many.

    What dead workers left is in doubt, too. Who is to be sent again already can be settled as sent or failed.

    Raises:
        Conflict: nobody could be settled so, and why.
    """
    recover(newsroom, now=now)
    head = head_of(newsroom, dispatch_id)
    with newsroom.database.write() as connection:
        settled = deliveries.resolve(
            connection, head.id, VERDICTS[verdict], deliveries=only, actor=actor, now=now
        )
        if settled:
            data = {"verdict": verdict, "settled": settled}
            house.tell(connection, "dispatch.resolve", head.id, actor=actor, now=now, why=why, data=data)
    if not settled:
        raise Conflict(_why_not_settled(newsroom, head, only=only))
    return settled


def _why_not_settled(newsroom: Newsroom, head: Any, *, only: Sequence[int]) -> str:
    """What kept a verdict from settling anybody. Where somebody is in doubt it was "resend": the others settle everybody who is."""
    every = doubtful(newsroom, head.id)
    named = [row for row in every if not only or row["delivery"] in only]
    if not named:
        whom = "none of those named" if every else "nobody"
        return (
            f"{whom} is in doubt in dispatch {head.id}: `publisher dispatch resolve {head.id}` lists who is"
        )
    if all(row["state"] == RESEND for row in named):
        return f"those in doubt in dispatch {head.id} are to be sent again already"
    instead = "settle them with --sent or --failed"
    if head.state == DispatchState.CANCELLED:
        return f"dispatch {head.id} was cancelled, and nobody is sent to any more: {instead}"
    return (
        f"dispatch {head.id} has gone on as revision {head.revision} of its edition, and whoever may have a former one gets no other mail "
        f"in its place: {instead}"
    )
