"""The run of a dispatch: the newsroom turned into the values and functions that the sending loop takes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from publisher import dispatch as dispatching
from publisher import gate
from publisher.desk import editions as desk_editions
from publisher.desk.mailing.report import Report, head_of, report
from publisher.edition import Digest, Variant
from publisher.errors import UnknownName
from publisher.ledger import Counts, Policy
from publisher.newsroom import Newsroom
from publisher.render import message
from publisher.store import editions
from publisher.store.deliveries import Row
from publisher.transport import Relay
from subscribers.tokens import Purpose, mint

__all__ = [
    "run",
]


def run(
    newsroom: Newsroom,
    dispatch_id: str,
    *,
    clock: Callable[[], datetime],
    progress: Callable[[Counts], None] | None = None,
    stop: threading.Event | None = None,
) -> Report:
    """Send what is due now; returns the report."""
    head = head_of(newsroom, dispatch_id)
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
            dispatch_id=head.id,
            revision=head.revision,
            policy=Policy(head.policy),
            prepare=prepare,
            personal=_personal(newsroom, digest, key_id=head.token_key),
            read_back=read_back,
            retry_key=newsroom.address_key,
            clock=clock,
            progress=progress,
            stop=stop or threading.Event(),
            drain=newsroom.settings.mail.drain.total_seconds(),
        ),
    )
    return report(newsroom, dispatch_id, relay_trouble=ended.trouble)


def _personal(newsroom: Newsroom, digest: Digest, *, key_id: int) -> Callable[[Row], message.Personal]:
    root = newsroom.settings.site.url
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
