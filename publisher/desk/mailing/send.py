"""The run of a dispatch: the newsroom turned into the values and functions that the sending loop takes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from publisher import dispatch as dispatching
from publisher import gate
from publisher.desk import editions as desk_editions
from publisher.desk import letters
from publisher.desk.followups import EXPIRES
from publisher.desk.mailing import following, notices
from publisher.desk.mailing.parts import Parts
from publisher.desk.mailing.report import Report, head_of, report
from publisher.desk.withdrawals import barred, why_barred
from publisher.edition import Edition, Variant, Why
from publisher.errors import UnknownName
from publisher.ledger import Counts, DispatchState, Policy
from publisher.newsroom import Newsroom, need_keys
from publisher.render import message
from publisher.series import Letter
from publisher.store import deliveries, editions, followups
from publisher.store.deliveries import Row
from publisher.transport import Relay
from subscribers.tokens import Purpose, bounce_minter, minter

__all__ = ["Sender", "run"]


class Sender(Protocol):
    """Whoever sends what is due of a dispatch: `run`, or something that hands it out to others."""

    def __call__(
        self,
        newsroom: Newsroom,
        dispatch_id: str,
        *,
        clock: Callable[[], datetime],
        progress: Callable[[Counts], None] | None = None,
        stop: threading.Event | None = None,
        hurry: threading.Event | None = None,
    ) -> Report:
        """Send; returns the report."""


def run(
    newsroom: Newsroom,
    dispatch_id: str,
    *,
    clock: Callable[[], datetime],
    progress: Callable[[Counts], None] | None = None,
    stop: threading.Event | None = None,
    hurry: threading.Event | None = None,
    senders: int = 1,
) -> Report:
    """Send what is due now; returns the report. `stop` drains, and `hurry` after it drops connections.

    `senders`: how many processes share the work on this machine, and its cores.

    Raises:
        ConfigurationInvalid: somebody waits, and a key of the dispatch is gone.
        GateRefused, StoreUnavailable and its kin: see `dispatch.run`.
    """
    head = head_of(newsroom, dispatch_id)
    with newsroom.database.read() as connection:
        waits = bool(deliveries.variants(connection, head.id))
    if waits:
        need_keys(newsroom.settings, head)
    letter = letters.of_dispatch(newsroom, head)

    def return_path(language: str) -> Callable[[Row], str]:
        return _return_path(newsroom, letter, language, key_id=head.token_key)

    made = None
    if head.kind == notices.KIND:
        parts = notices.parts(newsroom, head, letter, return_path=return_path)
    elif head.kind == followups.KIND:
        _give_time(newsroom, head, now=clock())
        made = following.corrected(newsroom, head)
        personal = _personal(newsroom, letter, key_id=head.token_key)
        parts = following.parts(
            newsroom, head, letter, return_path=return_path, personal=personal, clock=clock
        )
    else:
        with newsroom.database.read() as connection:
            made = editions.get(connection, head.edition_id, revision=head.revision)
        if made is None:
            raise UnknownName("edition", head.edition_id)
        parts = _parts(newsroom, head, letter, made, return_path=return_path, clock=clock)

    def look() -> None:
        if made is not None:
            _halt_if_barred(newsroom, head.id, made, now=clock())
        _step_canary(newsroom, head.id, now=clock())

    look()
    ended = dispatching.run(
        newsroom.database,
        [Relay(options) for options in newsroom.relays],
        dispatching.Work(
            dispatch_id=head.id,
            revision=head.revision,
            policy=Policy(head.policy),
            prepare=parts.prepare,
            personal=parts.personal,
            read_back=parts.read_back,
            look=look,
            retry_key=newsroom.address_key,
            clock=clock,
            progress=progress,
            stop=stop or threading.Event(),
            hurry=hurry or threading.Event(),
            drain=newsroom.settings.mail.drain.total_seconds(),
            signers=dispatching.signing_threads(senders) if letter.signatures else 0,
        ),
    )
    _step_canary(newsroom, head.id, now=clock())
    trouble, after = ended.trouble, head_of(newsroom, head.id)
    if trouble is None and after.state == DispatchState.HALTED and after.halt_reason == "relay":
        trouble = (newsroom.relays[0].name, after.halt_detail)
    return report(newsroom, dispatch_id, relay_trouble=trouble, ailing=ended.ailing)


def _give_time(newsroom: Newsroom, head: Any, *, now: datetime) -> None:
    """A follow-up's time is for readers' servers: while nothing was sent here nobody had any of it."""
    if head.expires_at <= now:
        with newsroom.database.write() as connection:
            deliveries.prolong_untried(connection, head.id, until=now + EXPIRES, now=now)


def _parts(
    newsroom: Newsroom,
    head: Any,
    letter: Letter,
    made: Edition,
    *,
    return_path: Callable[[str], Callable[[Row], str]],
    clock: Callable[[], datetime],
) -> Parts:
    """How the mails of this edition are made."""
    with newsroom.database.read() as connection:
        variants = editions.variants_of(connection, made.edition_id)

    def prepare(key: str) -> dispatching.Prepared | None:
        variant = variants.get(key) or Variant(key)
        rendered = desk_editions.cleared(newsroom, made, variant, letter=letter, now=clock())
        if rendered is None:
            return None
        sign = letters.signer(newsroom, letter, variant.language, at=head.date)
        compiled = letters.compiled(letter, made, variant, rendered, date=head.date, sign=sign)
        return dispatching.Prepared(compiled, return_path(variant.language))

    def read_back(key: str, raw: bytes) -> None:
        variant = variants.get(key) or Variant(key)
        output = f"digest-{key}.eml"
        now = clock()
        signed = letter.signed_as(variant.language)
        with newsroom.database.read() as connection:
            gone = frozenset(barred(newsroom, connection, made, now))
        found = gate.check_message(raw, made, variant, output=output, now=now, barred=gone, signed=signed)
        gate.clear(made.edition_id, found)

    return Parts(prepare, _personal(newsroom, letter, key_id=head.token_key), read_back)


def _halt_if_barred(newsroom: Newsroom, dispatch_id: str, made: Edition, *, now: datetime) -> None:
    """Stop a dispatch one of whose stories may not go out any more: a kill halts it by itself, time that passes does not."""
    with newsroom.database.read() as connection:
        if not barred(newsroom, connection, made, now):
            return
    with newsroom.database.write() as connection:
        deliveries.lock(connection, dispatch_id)
        head = deliveries.get_dispatch(connection, dispatch_id)
        if head is None or head.revision != made.revision or not deliveries.variants(connection, dispatch_id):
            return  # it goes on without them already, or nobody waits
        gone = why_barred(newsroom, connection, made, now)
        if gone:
            detail = ", ".join(
                f"story {story_id} may not go out any more: {why}" for story_id, (_, why) in gone.items()
            )
            first = next(iter(gone.values()))[0]
            if first is Why.RIGHTS:
                detail = f"{detail}. Mend sources.toml and restart what runs, then `publisher dispatch resume {dispatch_id}`"
            deliveries.halt(connection, dispatch_id, reason=first.value, detail=detail)


def _step_canary(newsroom: Newsroom, dispatch_id: str, *, now: datetime) -> None:
    """While only the canary is sent to: wait for its answers, open the rest, or halt, if it is time."""
    with newsroom.database.read() as connection:
        head = deliveries.get_dispatch(connection, dispatch_id)
    if head is None or head.wave or head.state != DispatchState.SENDING:
        return
    with newsroom.database.write() as connection:
        deliveries.step(connection, dispatch_id, now=now)


def _personal(newsroom: Newsroom, letter: Letter, *, key_id: int) -> Callable[[Row], message.Personal]:
    root, mailbox = letter.site_url, letter.unsubscribe_address
    local, _, domain = mailbox.partition("@")

    @cache  # at the first reader: where nobody waits, the key may be gone
    def minters() -> list[Callable[[int], str]]:
        return [
            minter(newsroom.token_keys, purpose, digest=letter.number, key_id=key_id)
            for purpose in (Purpose.LEAVE, Purpose.PREFERENCES)
        ]

    def personal(row: Row) -> message.Personal:
        leaving, preferring = minters()
        who = row.subscriber_id or 0
        leave = leaving(who)
        return message.Personal(
            to=row.rcpt,
            message_id=row.message_id,
            leave_url=f"{root}/u/{leave}",
            leave_mailto=f"mailto:{local}+{leave}@{domain}" if mailbox else "",
            preferences_url=f"{root}/p/{preferring(who)}",
        )

    return personal


def _return_path(newsroom: Newsroom, letter: Letter, language: str, *, key_id: int) -> Callable[[Row], str]:
    """`bounce+TOKEN@domain`: a bounce says which delivery it is about, and a greylister knows its second try again."""
    mailbox = letter.return_path or letter.voice(language).address
    local, _, domain = mailbox.partition("@")

    @cache
    def token() -> Callable[[int], str]:
        return bounce_minter(newsroom.token_keys, key_id=key_id)

    def sender(row: Row) -> str:
        return f"{local}+{token()(row.delivery_id)}@{domain}"

    return sender if letter.tagged else lambda _row: mailbox
