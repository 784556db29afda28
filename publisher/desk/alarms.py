"""The dead man's switch: whether each digest has arrived, and whoever is to be told when one has not.

Asked by somebody who does not send: a thread of `publisher run`, or `publisher watch` on another machine. Order for one slot: the alarm is
recorded, once; then each channel is told, once: whoever tells takes the channel for some minutes first, and records that it was told
afterwards, so that two watchers do not tell twice, and one that dies leaves the other to tell. A channel that fails is tried again. The
webhook comes first: a relay that hangs may be why the digest is late, and the mail gives it seconds, not the minutes of a delivery.
The mail goes straight to the relay, outside the ledger, in the operator's language like the log; each address is told, recorded and tried again
by itself. Only an address whose mail was handed over and never answered for may be told twice. Webhook and ping pass the address guard.
The ping says that all is well: it is left out while a digest is overdue, and cannot come from a machine that is dead.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

from publisher import fetch
from publisher.desk import clock
from publisher.desk.mailing.report import state_of
from publisher.errors import ConfigurationInvalid
from publisher.ledger import Action, Outcome, State
from publisher.newsroom import Newsroom
from publisher.render.headers import mailbox, structured, text_header
from publisher.render.quoted import quoted_printable
from publisher.schedule import (
    ARRIVED,
    OVERDUE,
    SKIPPED,
    UNSENT,
    Series,
    Standing,
    edition_id,
    missing,
    slot_to_ask_about,
)
from publisher.store import agenda, deliveries, house
from publisher.transport import Envelope, Limits, Relay, at_once
from subscribers.address import key, parse

__all__ = ["Overdue", "Told", "look", "ping", "post", "tell"]

ACTOR = "watch"
LEASE = timedelta(minutes=5)
SECONDS = 10.0
LIMITS = Limits(
    connect=SECONDS, banner=SECONDS, command=SECONDS, data=SECONDS, block=SECONDS, dot=3 * SECONDS
)
CHANNELS = ("webhook", "mail")


@dataclass(frozen=True, slots=True)
class Overdue:
    """A digest that should have arrived. `fresh`: it was recorded just now, and by us."""

    edition: str
    digest: str
    slot: datetime
    reason: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A channel that was told; `failure` says why it was not."""

    channel: str
    failure: str = ""


def look(newsroom: Newsroom, *, now: datetime) -> list[Overdue]:
    """The latest slot of each digest that should have arrived and has not; both ends are recorded, once."""
    return list(_overdue(newsroom, now))


def _overdue(newsroom: Newsroom, now: datetime) -> Iterator[Overdue]:
    for series in clock.series(newsroom, now=now):
        slot = slot_to_ask_about(series.digest, now)
        if slot is None or slot < series.since:
            continue
        made = series.made.get(slot)
        name = made.edition if made else edition_id(series.digest, slot)
        with newsroom.database.read() as connection:
            known = agenda.said(connection, (ARRIVED,), [name])
        if known:
            continue
        reason = missing(_standing(newsroom, series, slot, name))
        what = OVERDUE if reason else ARRIVED
        with newsroom.database.write() as connection:
            fresh = agenda.say_once(
                connection, what, name, since=slot, actor=ACTOR, now=now, why=reason or "accepted"
            )
        if reason:
            yield Overdue(name, series.digest.slug, slot, reason, fresh)


def _standing(newsroom: Newsroom, series: Series, slot: datetime, name: str) -> Standing:
    made = series.made.get(slot)
    with newsroom.database.read() as connection:
        why = house.last_why(connection, (SKIPPED, UNSENT), name) or ""
    why = why or clock.doubt(newsroom)
    with newsroom.database.read() as connection:
        head = deliveries.dispatch_of(connection, name) if made else None
        if head is None:
            return Standing(made=made is not None, why=why)
        counts = deliveries.counts(connection, head.id)
    state = state_of(head, counts)
    halted = f"{head.halt_reason}: {head.halt_detail}" if state == "halted" and head.halt_reason else ""
    return Standing(
        made=True,
        state=state,
        why=halted or why,
        planned=counts.planned,
        accepted=counts.accepted,
        waiting=counts.waiting,
        failed=counts.failed,
        expired=counts.expired,
        uncertain=counts.uncertain,
    )


def tell(newsroom: Newsroom, overdue: Overdue, *, now: datetime) -> list[Told]:
    """Tell each channel that has not been told of this slot; what was done, and what failed."""
    wanted = newsroom.settings.alarms
    configured = [channel for channel in CHANNELS if getattr(wanted, channel)]
    told: list[Told] = []
    for channel in configured:
        if not _ours(newsroom, channel, overdue, now=now):
            continue
        failure = (
            _mailed(newsroom, overdue, now=now) if channel == "mail" else _posted(newsroom, overdue, now=now)
        )
        if not failure:
            with newsroom.database.write() as connection:
                house.tell(connection, f"alarm.{channel}", overdue.edition, actor=ACTOR, now=now)
        told.append(Told(channel, failure))
    return told


def _ours(newsroom: Newsroom, channel: str, overdue: Overdue, *, now: datetime) -> bool:
    """Whether the channel is still to be told, and nobody else is about to."""
    done, trying = f"alarm.{channel}", f"alarm.{channel}.try"
    with newsroom.database.write() as connection:
        if agenda.said(connection, (done,), [overdue.edition]):
            return False
        since = now - LEASE
        return agenda.say_once(connection, trying, overdue.edition, since=since, actor=ACTOR, now=now, why="")


def _sentence(newsroom: Newsroom, overdue: Overdue) -> str:
    name = newsroom.settings.site.name
    return f"{name}: {overdue.edition} of {overdue.slot:%Y-%m-%d %H:%M}Z has not arrived: {overdue.reason}."


def _mailed(newsroom: Newsroom, overdue: Overdue, *, now: datetime) -> str:
    """One mail to each address that was not told yet, straight to the first relay that takes it; who was not told, and why."""
    try:
        relays = [Relay(replace(options, limits=LIMITS)) for options in newsroom.relays]
    except ConfigurationInvalid as error:
        return str(error)
    failures: list[str] = []
    broken: dict[Relay, str] = {}
    for place, address in enumerate(newsroom.settings.alarms.mail, 1):
        mark = f"alarm.mail {key(parse(address), newsroom.address_key).hex()}"
        with newsroom.database.read() as connection:
            if agenda.said(connection, (mark,), [overdue.edition]):
                continue
        envelope, message = _mail(newsroom, overdue, address, place, now=now)
        failure = ""
        for relay in relays:
            failure = broken.get(relay) or asyncio.run(_handed_over(relay, envelope, message, broken))
            if not failure:
                with newsroom.database.write() as connection:
                    house.tell(connection, mark, overdue.edition, actor=ACTOR, now=now)
                break
        if failure:
            failures.append(f"{address}: {failure}")
    return "; ".join(failures)


def _mail(
    newsroom: Newsroom, overdue: Overdue, address: str, place: int, *, now: datetime
) -> tuple[Envelope, bytes]:
    site = newsroom.settings.site
    number = newsroom.mint(now, f"alarm {overdue.edition}".encode()).lower()
    domain = site.contact.rpartition("@")[2]
    text = (
        f"{_sentence(newsroom, overdue)}\n\n`publisher dispatch list` and `publisher edition list` say more; "
        f"`publisher send {overdue.edition}` or `publisher dispatch resume` goes on.\n"
    )
    parts = [
        mailbox("From", f"{site.name} (Publisher)", site.contact),
        structured("To", address),
        text_header("Subject", f"Overdue: {overdue.edition}"),
        structured("Date", format_datetime(now)),
        structured("Message-ID", f"<alarm.{number}.{place}@{domain}>"),
        structured("Auto-Submitted", "auto-generated"),
        structured("MIME-Version", "1.0"),
        structured("Content-Type", "text/plain; charset=utf-8"),
        structured("Content-Transfer-Encoding", "quoted-printable"),
        b"\r\n",
        quoted_printable(text),
        b"\r\n",
    ]
    return Envelope(site.contact, address), b"".join(parts)


async def _handed_over(relay: Relay, envelope: Envelope, message: bytes, broken: dict[Relay, str]) -> str:
    """Why the relay did not take it; one that is no use to other addresses either is noted as broken."""
    opened = await relay.connect()
    if isinstance(opened, Outcome):
        broken[relay] = f"relay {relay.options.name}: {opened.reply or opened.cause}"
        return broken[relay]
    try:
        outcome = await opened.send(envelope, [message], before_dot=at_once)
    finally:
        await opened.close()
    if outcome is not None and outcome.state is State.ACCEPTED:
        return ""
    why = f"relay {relay.options.name}: {(outcome.reply or outcome.cause) if outcome else 'not sent'}"
    if outcome is not None and outcome.action is Action.RECONNECT:
        broken[relay] = why
    return why


def _posted(newsroom: Newsroom, overdue: Overdue, *, now: datetime) -> str:
    said = _sentence(newsroom, overdue)
    document = {
        "event": "digest-overdue",
        "site": newsroom.settings.site.name,
        "digest": overdue.digest,
        "edition": overdue.edition,
        "slot": overdue.slot.isoformat(),
        "reason": overdue.reason,
        "text": said,
    }
    body = json.dumps(document, ensure_ascii=False).encode()
    return _asked(newsroom, newsroom.settings.alarms.webhook, body, now=now)


def post(newsroom: Newsroom, document: bytes, *, now: datetime) -> str:
    """Post a document of another matter to the webhook, once, where there is one; why it was not taken."""
    webhook = newsroom.settings.alarms.webhook
    return _asked(newsroom, webhook, document, now=now) if webhook else ""


def ping(newsroom: Newsroom, *, now: datetime) -> Told | None:
    """Tell the heartbeat's address that all is well; None when there is none."""
    url = newsroom.settings.alarms.ping
    return Told("ping", _asked(newsroom, url, b"{}", now=now)) if url else None


def _asked(newsroom: Newsroom, url: str, body: bytes, *, now: datetime) -> str:
    """Post it; why it was not taken. The address is in the configuration: its port is meant, its network is private only by `allow_hosts`."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    guard = fetch.Guard(
        ports=frozenset({port}),
        allow_hosts=frozenset(newsroom.settings.alarms.allow_hosts),
        resolver=newsroom.fetch_guard.resolver,
    )
    limits = replace(newsroom.fetch_limits, seconds=SECONDS, total_seconds=SECONDS + 1)
    answers = asyncio.run(fetch.post_all({0: (url, body)}, now=now, limits=limits, guard=guard))
    answer = answers.get(0)
    if isinstance(answer, fetch.Taken):
        return ""
    return f"{parts.hostname}: {answer.reason}: {answer.detail}" if answer else f"{parts.hostname}: no answer"
