"""Opening a dispatch: a ledger row for each reader, each variant rendered and cleared; resumable at any instant."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection

from publisher.crash import crashpoint
from publisher.desk import editions as desk_editions
from publisher.desk import letters
from publisher.desk.mailing.plan import groups, named_by, readers_of, refuse_second
from publisher.desk.mailing.revising import NO_STORY, give_up, revise, set_right
from publisher.desk.withdrawals import barred
from publisher.edition import Edition, Variant
from publisher.errors import AlreadySent, NothingToPublish, Refused
from publisher.newsroom import Newsroom, need_keys
from publisher.series import Canary, Digest
from publisher.store import approvals, deliveries, house
from publisher.store.deliveries import NewDelivery, NewDispatch
from subscribers import audience

__all__ = ["begin"]


FREEZE_SLICE = 10_000


def begin(newsroom: Newsroom, made: Edition, *, actor: str, now: datetime, canary: bool = True) -> str:
    """Freeze the audience of an edition into a dispatch, or go on with a freeze that was cut short; returns its id.

    The edition is taken as it stands now, and without what may not go out any more: it may have been shown a while ago. `canary`: whether
    the digest's canary, if it has one, is sent to first.

    Raises:
        AlreadySent: it has one. Refused: it is not approved. ConfigurationInvalid: a key of it is gone.
        NothingToPublish: nobody has asked for it, or no story of it is left.
    """
    made = desk_editions.edition(newsroom, made.edition_id)
    digest = newsroom.digest(made.series)
    with newsroom.database.read() as connection:
        refuse_second(connection, made)
        present = deliveries.dispatch_of(connection, made.edition_id)
        if digest.approval == "required" and not approvals.approved(
            connection, made.edition_id, made.content_hash
        ):
            raise Refused(
                f"edition {made.edition_id} waits for approval: `publisher edition approve {made.edition_id}`"
            )
        gone = barred(newsroom, connection, made, now)
    if gone:
        made = revise(newsroom, made, gone, now=now)
    if present is not None:
        need_keys(newsroom.settings, present)
    if not made.items:
        if present is not None:
            give_up(newsroom, present.id, now=now)
        raise NothingToPublish(f"edition {made.edition_id}", NO_STORY)
    if present is None:
        if nobody := _why_nobody(
            newsroom, made, digest
        ):  # a dispatch to nobody would end the edition for good
            raise NothingToPublish(f"edition {made.edition_id}", nobody)
        dispatch_id = newsroom.mint(now, f"dispatch {made.edition_id}".encode())
        _open(newsroom, made, digest, dispatch_id, actor=actor, now=now, canary=canary)
    else:
        dispatch_id = present.id
    _freeze(newsroom, made, digest, dispatch_id, actor=actor, now=now)
    return dispatch_id


def _open(
    newsroom: Newsroom,
    made: Edition,
    digest: Digest,
    dispatch_id: str,
    *,
    actor: str,
    now: datetime,
    canary: bool,
) -> None:
    rule = digest.canary if canary else None
    new = NewDispatch(
        id=dispatch_id,
        edition_id=made.edition_id,
        kind="digest",
        digest=digest.audience,
        revision=made.revision,
        policy=digest.uncertain,
        token_key=newsroom.token_keys.signing,
        date=now,
        expires_at=now + digest.expires,
        actor=actor,
        created_at=now,
        letter=letters.of_digest(newsroom, digest).data(),
        wave=0 if rule else 1,
        canary=rule.data() if rule else None,
    )
    with newsroom.database.write() as connection:
        if not deliveries.open_dispatch(connection, new):
            present = deliveries.dispatch_of(connection, made.edition_id)
            raise AlreadySent(
                made.edition_id, present.id if present else "", present.state if present else ""
            )


def _freeze(
    newsroom: Newsroom, made: Edition, digest: Digest, dispatch_id: str, *, actor: str, now: datetime
) -> None:
    """Write the deliveries in slices, rendering and clearing each variant as it comes; then let the dispatch send."""
    with newsroom.database.read() as connection:
        rows = _rows(
            newsroom,
            made,
            readers_of(newsroom, connection, digest, made.slot),
            dispatch_id=dispatch_id,
            now=now,
        )
        planned = 0
        while part := list(islice(rows, FREEZE_SLICE)):
            with newsroom.database.write() as writing:
                deliveries.add_deliveries(writing, dispatch_id, part, due_at=now)
            planned += len(part)
            crashpoint("after-freeze-chunk")
    crashpoint("before-sending")

    def finish(connection: Connection, _made: Edition) -> None:
        deliveries.finish_freeze(connection, dispatch_id, now=now)
        data = {"dispatch": dispatch_id, "deliveries": planned}
        house.tell(connection, "edition.send", made.edition_id, actor=actor, now=now, data=data)
        if not planned:
            deliveries.cancel(
                connection, dispatch_id, actor="rule:empty", why="nobody to send it to", now=now
            )

    if not set_right(newsroom, dispatch_id, made.edition_id, now=now, then=finish).items:
        give_up(newsroom, dispatch_id, now=now)
        raise NothingToPublish(f"edition {made.edition_id}", NO_STORY)
    if not planned:
        raise NothingToPublish(f"edition {made.edition_id}", "whoever was to get it has left meanwhile")


def _why_nobody(newsroom: Newsroom, made: Edition, digest: Digest) -> str:
    """Why this edition has no reader at present; nothing when it has one."""
    anybody = False
    with newsroom.database.read() as connection:
        readers = readers_of(newsroom, connection, digest, made.slot)
        for language, sections, _ in groups(readers):
            if any(made.variant(language, sections)):
                return ""
            anybody = True
    if anybody:
        return f"those who get digest {digest.slug} have no story in their sections and language"
    return (
        f"nobody gets digest {digest.slug} yet: `publisher subscriber add ADDRESS --digest {digest.slug}` or "
        f"`import`; the edition waits for `publisher send {made.edition_id}`, and no later one repeats its stories"
    )


def _rows(
    newsroom: Newsroom,
    made: Edition,
    readers: Iterator[audience.Reader],
    *,
    dispatch_id: str,
    now: datetime,
) -> Iterator[NewDelivery]:
    letter = letters.of_edition(newsroom, made)
    first = _first(newsroom, newsroom.digest(made.series).canary, dispatch_id)
    for language, sections, group in groups(readers):
        variant = Variant(language, sections)
        if desk_editions.cleared(newsroom, made, variant, letter=letter, now=now) is None:
            continue
        domain = letter.voice(language).address.rpartition("@")[2]
        for reader in group:
            yield NewDelivery(
                variant=variant.key,
                subscriber_id=reader.subscriber_id,
                addr_key=reader.addr_key,
                rcpt=reader.address,
                message_id=letters.message_id(newsroom, dispatch_id, reader.addr_key, domain),
                wave=0 if first(reader) else 1,
            )


def _first(newsroom: Newsroom, canary: Canary | None, dispatch_id: str) -> Callable[[audience.Reader], bool]:
    """Who belongs to the canary: those named, and a share drawn from the dispatch's id, the same when the freeze goes on elsewhere."""
    if canary is None:
        return lambda _reader: False
    named = named_by(newsroom, canary)

    def first(reader: audience.Reader) -> bool:
        if named(reader):
            return True
        drawn = hmac.digest(
            newsroom.address_key, b"canary " + dispatch_id.encode() + reader.addr_key, "sha256"
        )
        return int.from_bytes(drawn[:4], "big") * 100 < canary.share * 2**32

    return first
