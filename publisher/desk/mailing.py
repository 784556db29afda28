"""Mailing an edition: who gets it, the ledger opened for them, the run, and what a person can do about it afterwards.

A dispatch is frozen before anything leaves: every reader has a row, in chunks of equal variants, and each variant's rendering is
cleared and stored. A freeze that was cut short goes on where it stopped. Sending the same edition twice is a conflict.
"""

from __future__ import annotations

import hmac
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from publisher import dispatch as dispatching
from publisher import gate
from publisher.crash import crashpoint
from publisher.desk import editions as desk_editions
from publisher.edition import Digest, Edition, Variant
from publisher.errors import AlreadySent, Conflict, NothingToPublish, Refused, UnknownName
from publisher.ledger import Counts, DispatchState, Policy, State
from publisher.newsroom import Newsroom
from publisher.render import message
from publisher.store import deliveries, editions, house
from publisher.store.deliveries import NewDelivery, NewDispatch, Row
from publisher.transport import Relay
from subscribers import audience
from subscribers.address import mask, parse
from subscribers.errors import AddressRefused
from subscribers.tokens import Purpose, mint

__all__ = [
    "Plan",
    "Report",
    "begin",
    "cancel",
    "listing",
    "pause",
    "plan",
    "report",
    "resolve",
    "resume",
    "retry",
    "run",
    "uncertain",
]

FREEZE_SLICE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be sent, and to how many: shown before a person says yes."""

    edition_id: str
    number: int
    slot: datetime
    items: int
    subjects: tuple[tuple[str, str], ...]
    senders: tuple[str, ...]
    relay: str
    readers: tuple[tuple[str, int], ...]
    without: int
    """Readers whose sections have no story in this edition."""

    @property
    def total(self) -> int:
        """How many mails."""
        return sum(n for _, n in self.readers)

    def data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            **asdict(self),
            "readers": dict(self.readers),
            "subjects": dict(self.subjects),
            "total": self.total,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of a dispatch. `notable`: failed, doubtful, expired and suppressed deliveries, addresses masked."""

    dispatch_id: str
    edition_id: str
    state: str
    counts: Counts
    halt: str | None
    notable: tuple[dict[str, Any], ...]
    relay_trouble: tuple[str, str] | None = None

    @property
    def needs_a_look(self) -> bool:
        """Whether somebody failed or is in doubt, or the dispatch stopped before its end."""
        return bool(self.counts.failed or self.counts.uncertain or self.counts.expired or self.counts.waiting)

    def data(self) -> dict[str, Any]:
        """JSON-ready."""
        counts = {"planned": self.counts.planned, **asdict(self.counts)}
        return {
            "id": self.dispatch_id,
            "edition": self.edition_id,
            "state": self.state,
            "counts": counts,
            "halt": self.halt,
            "notable": list(self.notable),
        }


def plan(newsroom: Newsroom, made: Edition) -> Plan:
    """What sending this edition would mean; AlreadySent when it has a dispatch."""
    digest = newsroom.digest(made.series)
    counts: Counter[str] = Counter()
    without = 0
    with newsroom.database.read() as connection:
        _refuse_second(connection, made)
        for language, sections, readers in _groups(
            audience.segment(connection, digest.slug, digest.languages)
        ):
            number = sum(1 for _ in readers)
            if any(made.variant(language, sections)):
                counts[language] += number
            else:
                without += number
    subjects = tuple(
        (language, desk_editions.subject(newsroom, made, language))
        for language in digest.languages
        if any(made.variant(language))
    )
    relay = newsroom.relay
    return Plan(
        edition_id=made.edition_id,
        number=made.number,
        slot=made.slot,
        items=len(made.items),
        subjects=subjects,
        senders=tuple(f"{sender.name} <{sender.address}>" for sender in digest.senders),
        relay=f"{relay.name} ({relay.host}:{relay.port}, TLS {relay.tls})",
        readers=tuple(sorted(counts.items())),
        without=without,
    )


def _groups(
    readers: Iterator[audience.Reader],
) -> Iterator[tuple[str, frozenset[str] | None, Iterator[audience.Reader]]]:
    """Readers of equal variants, as `segment` orders them."""
    for (language, sections), group in groupby(
        readers, key=lambda reader: (reader.language, reader.sections)
    ):
        yield language, sections, group


def _refuse_second(connection: Any, made: Edition) -> None:
    present = deliveries.dispatch_of(connection, made.edition_id)
    if present is not None and present.state != DispatchState.FREEZING:
        raise AlreadySent(made.edition_id, present.id, present.state)


def begin(newsroom: Newsroom, made: Edition, *, actor: str, now: datetime) -> str:
    """Freeze the audience of an edition into a dispatch; returns its id.

    Raises:
        AlreadySent: it has one. Refused: it is not approved, or holds a story that was withdrawn since.
        NothingToPublish: nobody has asked for it.
    """
    digest = newsroom.digest(made.series)
    with newsroom.database.read() as connection:
        _refuse_second(connection, made)
        present = deliveries.dispatch_of(connection, made.edition_id)
        if digest.approval == "required" and not editions.approved(
            connection, made.edition_id, made.content_hash
        ):
            raise Refused(
                f"edition {made.edition_id} waits for approval: `publisher edition approve {made.edition_id}`"
            )
        gone = editions.killed_since(connection, made.edition_id, made.revision)
    if gone:
        made = revise(newsroom, made, gone, now=now)
    if present is None:
        dispatch_id = newsroom.mint(now, f"dispatch {made.edition_id}".encode())
        _open(newsroom, made, digest, dispatch_id, actor=actor, now=now)
    else:
        dispatch_id = present.id
    _freeze(newsroom, made, digest, dispatch_id, actor=actor, now=now)
    return dispatch_id


def _open(
    newsroom: Newsroom, made: Edition, digest: Digest, dispatch_id: str, *, actor: str, now: datetime
) -> None:
    new = NewDispatch(
        id=dispatch_id,
        edition_id=made.edition_id,
        kind="digest",
        digest=digest.slug,
        revision=made.revision,
        policy=digest.uncertain,
        token_key=newsroom.token_keys.signing,
        date=now,
        expires_at=now + digest.expires,
        actor=actor,
        created_at=now,
        send_token=None,
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
    """Write the deliveries in slices; render and clear each variant as it comes."""
    with newsroom.database.read() as connection:
        rows = _rows(
            newsroom,
            made,
            digest,
            audience.segment(connection, digest.slug, digest.languages),
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
    with newsroom.database.write() as connection:
        deliveries.finish_freeze(connection, dispatch_id, now=now)
        data = {"dispatch": dispatch_id, "deliveries": planned}
        house.tell(connection, "edition.send", made.edition_id, actor=actor, now=now, data=data)
        if not planned:
            deliveries.cancel(
                connection, dispatch_id, actor="rule:empty", why="nobody has asked for it", now=now
            )
    if not planned:
        raise NothingToPublish(
            f"edition {made.edition_id}", f"nobody gets digest {digest.slug}: `publisher subscriber add`"
        )


def _rows(
    newsroom: Newsroom,
    made: Edition,
    digest: Digest,
    readers: Iterator[audience.Reader],
    *,
    dispatch_id: str,
    now: datetime,
) -> Iterator[NewDelivery]:
    for language, sections, group in _groups(readers):
        variant = Variant(language, sections)
        if not _cleared(newsroom, made, variant, now=now):
            continue
        domain = digest.sender(language).address.rpartition("@")[2]
        for reader in group:
            yield NewDelivery(
                variant=variant.key,
                subscriber_id=reader.subscriber_id,
                addr_key=reader.addr_key,
                rcpt=reader.address,
                message_id=_message_id(newsroom, dispatch_id, reader.addr_key, domain),
            )


def _message_id(newsroom: Newsroom, dispatch_id: str, addr_key: bytes, domain: str) -> str:
    """`<dispatch.HMAC(delivery)@domain>`: fixed before the first try, kept over retries and resends."""
    drawn = hmac.digest(
        newsroom.address_key, b"message-id " + dispatch_id.encode() + addr_key, "sha256"
    ).hex()[:24]
    return f"<{dispatch_id.lower()}.{drawn}@{domain}>"


def _cleared(newsroom: Newsroom, made: Edition, variant: Variant, *, now: datetime) -> bool:
    """Make sure that the variant's cleared rendering is stored; False when it has no story."""
    with newsroom.database.read() as connection:
        names = editions.rendering_names(connection, made.edition_id, made.revision)
    if f"digest-{variant.key}.html" in names:
        return True
    outputs = desk_editions.render_variant(newsroom, made, variant, now=now)
    if not outputs:
        return False
    with newsroom.database.write() as connection:
        editions.keep_renderings(connection, made, outputs, now=now)
        editions.name_variant(connection, made.edition_id, variant)
    return True


def run(
    newsroom: Newsroom,
    dispatch_id: str,
    *,
    clock: Callable[[], datetime],
    progress: Callable[[Counts], None] | None = None,
    stop: threading.Event | None = None,
) -> Report:
    """Send what is due now; returns the report."""
    head = _head(newsroom, dispatch_id)
    with newsroom.database.read() as connection:
        made = editions.get(connection, head.edition_id, revision=head.revision)
        outputs = editions.renderings(connection, head.edition_id, head.revision)
        variants = editions.variants_of(connection, head.edition_id)
        barred = editions.killed_since(connection, head.edition_id, head.revision)
    if made is None:
        raise UnknownName("edition", head.edition_id)
    digest = newsroom.digest(made.series)

    def prepare(key: str) -> dispatching.Prepared:
        variant = variants.get(key) or Variant(key)
        compiled = desk_editions.compile_message(
            newsroom, made, variant, desk_editions.rendered(outputs, key), date=head.date
        )
        sender = newsroom.settings.mail.bounce_address or digest.sender(variant.language).address
        return dispatching.Prepared(compiled, sender)

    def read_back(key: str, raw: bytes) -> None:
        variant = variants.get(key) or Variant(key)
        output = f"digest-{key}.eml"
        gate.clear(
            made.edition_id, gate.check_message(raw, made, variant, output=output, now=clock(), barred=barred)
        )

    ended = dispatching.run(
        newsroom.database,
        Relay(newsroom.relay),
        dispatching.Work(
            dispatch_id=dispatch_id,
            policy=Policy(head.policy),
            prepare=prepare,
            personal=_personal(newsroom, digest, key_id=head.token_key),
            read_back=read_back,
            retry_key=newsroom.address_key,
            clock=clock,
            progress=progress,
            stop=stop or threading.Event(),
        ),
    )
    return report(newsroom, dispatch_id, relay_trouble=ended.trouble)


def _personal(newsroom: Newsroom, digest: Digest, *, key_id: int) -> Callable[[Row], message.Personal]:
    root = newsroom.settings.site.url.rstrip("/")
    mailbox = newsroom.settings.mail.unsubscribe_address
    local, _, domain = mailbox.partition("@")
    keys = newsroom.token_keys

    def personal(row: Row) -> message.Personal:
        who = row.subscriber_id or 0
        leave = mint(keys, Purpose.LEAVE, subscriber=who, digest=digest.number, key_id=key_id)
        preferences = mint(keys, Purpose.PREFERENCES, subscriber=who, digest=digest.number, key_id=key_id)
        return message.Personal(
            to=row.rcpt,
            message_id=row.message_id,
            leave_url=f"{root}/u/{leave}",
            leave_mailto=f"mailto:{local}+{leave}@{domain}" if mailbox else "",
            preferences_url=f"{root}/p/{preferences}",
        )

    return personal


def _head(newsroom: Newsroom, dispatch_id: str) -> Any:
    with newsroom.database.read() as connection:
        head = deliveries.get_dispatch(connection, dispatch_id.upper())
    if head is None:
        raise UnknownName("dispatch", dispatch_id)
    return head


def report(newsroom: Newsroom, dispatch_id: str, *, relay_trouble: tuple[str, str] | None = None) -> Report:
    """The report of a dispatch, read from the ledger."""
    head = _head(newsroom, dispatch_id)
    with newsroom.database.read() as connection:
        counts = deliveries.counts(connection, head.id)
        rows = deliveries.notable(connection, head.id)
    done = head.state == DispatchState.SENDING and not counts.waiting
    return Report(
        dispatch_id=head.id,
        edition_id=head.edition_id,
        state="done" if done else head.state,
        counts=counts,
        halt=f"{head.halt_reason}: {head.halt_detail}" if head.halt_reason else None,
        notable=tuple(_notable(newsroom, rows)),
        relay_trouble=relay_trouble,
    )


def _notable(newsroom: Newsroom, rows: Sequence[Any]) -> Iterator[dict[str, Any]]:
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


def listing(newsroom: Newsroom, *, limit: int) -> list[dict[str, Any]]:
    """The newest dispatches with their counts."""
    with newsroom.database.read() as connection:
        rows = deliveries.list_dispatches(connection, limit=limit)
        found = []
        for row in rows:
            counts = deliveries.counts(connection, row.id)
            done = row.state == DispatchState.SENDING and not counts.waiting
            found.append(
                {
                    "id": row.id,
                    "edition": row.edition_id,
                    "state": "done" if done else row.state,
                    "created_at": row.created_at,
                    "planned": counts.planned,
                    **asdict(counts),
                }
            )
    return found


def pause(newsroom: Newsroom, dispatch_id: str, *, why: str, actor: str, now: datetime) -> None:
    """Stop a dispatch, wherever it runs; Conflict when it is not sending."""
    head = _head(newsroom, dispatch_id)
    with newsroom.database.write() as connection:
        if not deliveries.pause(connection, head.id):
            raise Conflict(f"dispatch {head.id} is {head.state}, not sending")
        house.tell(connection, "dispatch.pause", head.id, actor=actor, now=now, why=why)


def resume(newsroom: Newsroom, dispatch_id: str, *, actor: str, now: datetime) -> None:
    """Let a dispatch go on; without the stories that were withdrawn since, as the next revision of its edition."""
    head = _head(newsroom, dispatch_id)
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
        deliveries.revise(connection, head.id, made.revision)
        over = head.expires_at <= now and waiting
        expires = now + newsroom.digest(made.series).expires if over else None
        deliveries.resume(connection, head.id, expires_at=expires)
        house.tell(
            connection, "dispatch.resume", head.id, actor=actor, now=now, data={"revision": made.revision}
        )


def revise(newsroom: Newsroom, made: Edition, gone: frozenset[str], *, now: datetime) -> Edition:
    """The edition's next revision without these stories, rendered and cleared for every variant it has."""
    revised = made.without(gone, now=now)
    outputs: dict[str, bytes] = {}
    with newsroom.database.read() as connection:
        variants = editions.variants_of(connection, made.edition_id)
    for variant in [*(Variant(language) for language in made.languages), *variants.values()]:
        outputs |= desk_editions.render_variant(newsroom, revised, variant, now=now)
    with newsroom.database.write() as connection:
        editions.add_revision(connection, revised)
        editions.keep_renderings(connection, revised, outputs, now=now)
        data = {"revision": revised.revision, "withdrawn": sorted(gone)}
        house.tell(connection, "edition.revise", revised.edition_id, actor="rule:kill", now=now, data=data)
    return revised


def cancel(newsroom: Newsroom, dispatch_id: str, *, why: str, actor: str, now: datetime) -> int:
    """Give up on everybody who waits; returns how many."""
    head = _head(newsroom, dispatch_id)
    if head.state == DispatchState.CANCELLED:
        raise Conflict(f"dispatch {head.id} was cancelled before")
    with newsroom.database.write() as connection:
        given_up = deliveries.cancel(connection, head.id, actor=actor, why=why, now=now)
        house.tell(connection, "dispatch.cancel", head.id, actor=actor, now=now, why=why)
    return given_up


def retry(newsroom: Newsroom, dispatch_id: str, *, why: str, actor: str, now: datetime) -> int:
    """Let those who failed wait again; returns how many. Conflict when nobody failed."""
    head = _head(newsroom, dispatch_id)
    with newsroom.database.write() as connection:
        again = deliveries.retry_failed(connection, head.id, actor=actor, now=now)
        if not again:
            raise Conflict(f"nobody failed in dispatch {head.id}")
        deliveries.resume(connection, head.id, expires_at=now + newsroom.digest(head.digest).expires)
        house.tell(
            connection, "dispatch.retry", head.id, actor=actor, now=now, why=why, data={"again": again}
        )
    return again


def uncertain(newsroom: Newsroom, dispatch_id: str) -> list[dict[str, Any]]:
    """The deliveries in doubt."""
    head = _head(newsroom, dispatch_id)
    with newsroom.database.read() as connection:
        rows = deliveries.notable(connection, head.id, limit=10_000)
    return [entry for entry in _notable(newsroom, rows) if entry["state"] == State.UNCERTAIN]


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
    head = _head(newsroom, dispatch_id)
    with newsroom.database.write() as connection:
        settled = deliveries.resolve(
            connection, head.id, VERDICTS[verdict], deliveries=only, actor=actor, now=now
        )
        data = {"verdict": verdict, "settled": settled}
        house.tell(connection, "dispatch.resolve", head.id, actor=actor, now=now, why=why, data=data)
    return settled
