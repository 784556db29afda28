"""Telling other programs what happened: signed, tried again for a day, and with no more of a person than is configured.

Order: messages are made of the records of acts and of consent (`store.webhooks`), taken with a lease, posted side by side, and what came of it is
recorded. Each has an id that stays over all tries and is the same however often it is made; so a program that sees one twice knows it. A webhook that is
new, or comes back to the configuration, is told what happens from then on. Each is told for itself, so that none waits for a slow one, and of kills first. Which order they arrive in is not promised. A dispatch is finished when nobody waits any more: no record says so,
so it is looked for, once a minute.
Signed as "Standard Webhooks" has it: HMAC-SHA256 over id, time and body. The guard of `fetch` holds: no private address unless `private` says so, no redirect.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection

from publisher import fetch
from publisher.desk.pages import Page
from publisher.errors import UnknownName
from publisher.newsroom import Newsroom
from publisher.settings import Webhook
from publisher.store import deliveries, editions, house, stories, webhooks
from subscribers.address import mask, parse
from subscribers.errors import AddressRefused

__all__ = ["Looked", "WebhookReport", "forget_others", "listing", "pause", "signed", "tell", "test"]

ACTS = ("edition.make", "edition.approve", "story.kill", "story.release")
STEPS = {
    "confirmed": "subscriber.confirmed",
    "left": "subscriber.left",
    "suppressed": "subscriber.suppressed",
    "restored": "subscriber.restored",
    "erased": "subscriber.erased",
}
"""What is told of a reader's consent; that somebody asked for something in their name is nobody's business."""
AT_ONCE, AT_MOST = 8, 100
"""Messages that are on their way together, of which so many come twice if we die meanwhile; rows of one page."""
EACH = 10.0
LEASE = timedelta(minutes=1)
FINISHED_EVERY = timedelta(minutes=1)
LOOKBACK = timedelta(days=6)
"""How long ago a dispatch that finishes now may have begun."""
_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480, 600))


@dataclass(slots=True)
class Looked:
    """What one process remembers between two looks: when it looked for finished dispatches."""

    finished_at: datetime | None = None


@dataclass(slots=True)
class WebhookReport:
    """How many messages were taken, and a sentence for each that was not."""

    taken: int = 0
    failures: list[str] = field(default_factory=list)


def pause(failures: int) -> timedelta | None:
    """How long to wait after this many failures; None when it is time to give up, after about a day."""
    return _PAUSES[failures - 1] if failures <= len(_PAUSES) else None


def forget_others(newsroom: Newsroom, *, now: datetime) -> None:
    """Let go of webhooks that are configured no more: what waits for them is given up, and if they come back they are new."""
    names = [hook.name for hook in newsroom.settings.webhooks]
    with newsroom.database.read() as connection:
        if not webhooks.others(connection, names):
            return
    with newsroom.database.write() as connection:
        webhooks.drop_others(connection, names, why="it is configured no more", now=now)


def tell(newsroom: Newsroom, hook: Webhook, looked: Looked, *, now: datetime) -> WebhookReport:
    """Make what is new into messages of this webhook, and tell what is due; who fails is asked no more in this look.

    Raises:
        StoreUnavailable: the database cannot be asked or written; what was told may be told once more.
    """
    report = WebhookReport()
    finished = looked.finished_at is None or now - looked.finished_at >= FINISHED_EVERY
    _make(newsroom, hook, now=now, finished=finished)
    if finished:
        looked.finished_at = now
    begun = time.monotonic()
    while time.monotonic() - begun < EACH:  # then it is looked anew: there may be a kill
        with newsroom.database.read() as connection:
            if not webhooks.any_due(connection, hook.name, now=now):
                break
        with newsroom.database.write() as connection:
            webhooks.forget_old(connection, now=now)
            rows = webhooks.take(connection, hook.name, now=now, until=now + LEASE, limit=AT_ONCE)
        answers = _posted(newsroom, hook, [(row.id, row.body) for row in rows], now=now)
        with newsroom.database.write() as connection:
            for place, row in enumerate(rows):
                if place in answers:  # who had no turn comes back when the lease runs out
                    _record(connection, row, answers[place], now=now, report=report)
        if report.failures or not rows:
            break
    return report


def _record(
    connection: Connection,
    row: Any,
    answer: fetch.Taken | fetch.Failed,
    *,
    now: datetime,
    report: WebhookReport,
) -> None:
    if isinstance(answer, fetch.Taken):
        webhooks.told(connection, row, now=now)
        report.taken += 1
        return
    why = f"{answer.reason}: {answer.detail}"
    gone = answer.reason == "http-410"
    wait = None if gone else pause(row.failures + 1)
    if wait is None:
        webhooks.given_up(connection, row, why=why, now=now)
        data = {"type": row.type, "id": row.id}
        house.tell(
            connection, "webhook.given-up", row.webhook, actor="rule:webhook", now=now, why=why, data=data
        )
        how = "says that it is gone" if gone else f"was not told of {row.type} for a day"
        report.failures.append(f"{row.webhook} {how}, and is given up: {why}")
        return
    due_at = max(now + wait, answer.not_before or now)
    webhooks.failed(connection, row, why=why, due_at=due_at)
    report.failures.append(f"{row.webhook} was not told of {row.type} ({why}); again at {due_at:%H:%M} UTC")


# ------------------------------------------------------------------------------------------------------- the messages


def _make(newsroom: Newsroom, hook: Webhook, *, now: datetime, finished: bool) -> None:
    """What was recorded since the last look, as messages."""
    with newsroom.database.read() as connection:
        newest, kept = webhooks.newest(connection), webhooks.get_place(connection, hook.name)
    if kept is None:
        with newsroom.database.write() as connection:
            begun = {"since": now.isoformat(), "begin": newest, "last": newest}
            webhooks.keep_place(connection, hook.name, json.dumps(begun))
        return
    place = json.loads(kept)
    if tuple(place["last"]) == newest and not finished:
        return
    with newsroom.database.write() as connection:
        place = json.loads(webhooks.get_place(connection, hook.name) or kept)
        begin, last = place["begin"], place["last"]
        acts = webhooks.acts(connection, ACTS, begin=begin[0], last=last[0], now=now, limit=AT_MOST)
        steps = webhooks.steps(connection, begin=begin[1], last=last[1], now=now, limit=AT_MOST)
        made = [*_of_acts(newsroom, connection, acts), *_of_steps(newsroom, hook, steps)]
        if finished and "dispatch.finished" in hook.wanted:
            since = max(datetime.fromisoformat(place["since"]), now - LOOKBACK)
            made += _finished(connection, hook, since=since, now=now)
        webhooks.make(
            connection,
            (_message(hook, one, now=now) for one in made if one[1] in hook.wanted),
        )
        # of a page that is full the rest comes at the next look
        place["last"] = [
            max(was, rows[-1].id) if len(rows) >= AT_MOST else max(was, high)
            for was, rows, high in zip(last, (acts, steps), newest, strict=True)
        ]
        webhooks.keep_place(connection, hook.name, json.dumps(place))


Told = tuple[str, str, datetime, dict[str, Any]]
"""(key, type, when it happened, data)."""


def _of_acts(newsroom: Newsroom, connection: Connection, rows: list[Any]) -> Iterator[Told]:
    site = newsroom.settings.site.url
    for row in rows:
        if row.what in {"story.kill", "story.release"}:
            yield from _of_story(connection, row)
            continue
        head = editions.head(connection, row.subject)
        digest = newsroom.digests.get(head.series) if head is not None else None
        if (
            head is None
            or digest is None
            or (digest.approval == "required") != (row.what == "edition.approve")
        ):
            continue
        data = {
            "edition": head.id,
            "digest": head.series,
            "number": head.number,
            "stories": head.stories,
            "url": f"{site}/e/{head.id}/",
        }
        yield f"edition {head.id}", "edition.published", row.at, data


def _of_story(connection: Connection, row: Any) -> Iterator[Told]:
    """A kill, or a killed story that a person lets stand again; no other release. Each kill after that is one of its own."""
    killed, times = False, 0
    for act in house.events_of(connection, row.subject):
        if act.id == row.id:
            break
        if act.what == "story.kill":
            killed = True
        elif killed and _of_a_version(act):
            killed, times = False, times + 1
    which = f" {times + 1}" if times else ""
    story = stories.get(connection, row.subject)
    source = {"source": story.source, "source_url": story.received.source_url} if story else {}
    if row.what == "story.kill":
        yield f"kill {row.subject}{which}", "story.killed", row.at, {"story": row.subject, **source}
    elif killed and _of_a_version(row):
        yield f"restore {row.subject}{which}", "story.restored", row.at, {"story": row.subject, **source}


def _of_a_version(act: Any) -> bool:
    """Whether a release made a version: while a story is killed only a person's can."""
    return act.what == "story.release" and "version" in (act.data or {})


def _of_steps(newsroom: Newsroom, hook: Webhook, rows: list[Any]) -> Iterator[Told]:
    for row in rows:
        again = row.step == row.before == "confirmed"  # more evidence of what was told
        if row.step in STEPS and not again:
            data: dict[str, Any] = {"subscriber": row.subscriber_id, "digest": row.digest}
            if hook.addresses == "masked":
                data["address"] = _masked(newsroom, row.address)
            yield f"consent {row.id}", STEPS[row.step], row.at, data


def _masked(newsroom: Newsroom, address: str | None) -> str | None:
    try:
        return mask(parse(address), newsroom.address_key) if address else None
    except AddressRefused:  # of an older program that took it
        return None


def _finished(connection: Connection, hook: Webhook, *, since: datetime, now: datetime) -> Iterator[Told]:
    for row in webhooks.perhaps_finished(connection, hook.name, since=since):
        counts = deliveries.counts(connection, row.id)
        if counts.waiting == 0:
            data = {
                "dispatch": row.id,
                "edition": row.edition_id,
                "digest": row.digest,
                "cancelled": row.state == "cancelled",
                "counts": {
                    "planned": counts.planned,
                    "accepted": counts.accepted,
                    "failed": counts.failed,
                    "suppressed": counts.suppressed,
                    "expired": counts.expired,
                    "cancelled": counts.cancelled,
                    "uncertain": counts.uncertain,
                },
            }
            yield f"dispatch {row.id}", "dispatch.finished", now, data


def _message(hook: Webhook, one: Told, *, now: datetime) -> dict[str, Any]:
    key, kind, at, data = one
    told = {"type": kind, "timestamp": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "data": data}
    return {
        "webhook": hook.name,
        "key": key,
        "id": f"msg_{sha256(f'{hook.name} {key}'.encode()).hexdigest()[:32]}",
        "type": kind,
        "body": json.dumps(told, ensure_ascii=False),
        "at": now,
        "due_at": now,
    }


# -------------------------------------------------------------------------------------------------------- the telling


def signed(secret: bytes, message_id: str, body: bytes, *, now: datetime) -> list[tuple[bytes, bytes]]:
    """The headers that prove a message to be ours and of this time."""
    at = str(int(now.timestamp()))
    mac = hmac.digest(secret, f"{message_id}.{at}.".encode() + body, "sha256")
    return [
        (b"webhook-id", message_id.encode()),
        (b"webhook-timestamp", at.encode()),
        (b"webhook-signature", b"v1," + base64.b64encode(mac)),
    ]


def _posted(
    newsroom: Newsroom, hook: Webhook, messages: list[tuple[str, str]], *, now: datetime
) -> dict[int, fetch.Taken | fetch.Failed]:
    wanted = newsroom.fetch_limits
    limits = replace(wanted, seconds=min(EACH, wanted.seconds), total_seconds=3 * EACH, concurrency=AT_ONCE)
    secret = newsroom.settings.secrets.webhook_secret(hook.name)
    posts = {place: (hook.url, body.encode()) for place, (_, body) in enumerate(messages)}
    headers = {
        place: signed(secret, message_id, posts[place][1], now=now)
        for place, (message_id, _) in enumerate(messages)
    }
    return asyncio.run(
        fetch.post_all(posts, now=now, limits=limits, guard=_guard(newsroom, hook), headers=headers)
    )


def _guard(newsroom: Newsroom, hook: Webhook) -> fetch.Guard:
    """The port of a configured address is meant; its network is private only where that is said."""
    parts = urlsplit(hook.url)
    return fetch.Guard(
        ports=frozenset({parts.port or (443 if parts.scheme == "https" else 80)}),
        allow_hosts=frozenset({parts.hostname or ""} if hook.private else ()),
        resolver=newsroom.fetch_guard.resolver,
    )


def test(newsroom: Newsroom, name: str, *, now: datetime) -> str:
    """Send a message of the type "test" at once; why it was not taken, or "".

    Raises:
        UnknownName: no webhook is called so.
    """
    hooks = {hook.name: hook for hook in newsroom.settings.webhooks}
    if name not in hooks:
        raise UnknownName("webhook", name, hooks)
    data = {"site": newsroom.settings.site.name}
    message = _message(hooks[name], (f"test {now.isoformat()}", "test", now, data), now=now)
    answer = _posted(newsroom, hooks[name], [(message["id"], message["body"])], now=now).get(0)
    if isinstance(answer, fetch.Taken):
        return ""
    return f"{answer.reason}: {answer.detail}" if answer else "it had no turn in time"


def listing(newsroom: Newsroom, *, limit: int = AT_MOST, after: str | None = None) -> Page:
    """The configured webhooks and how each stands; of an address only the host, for its path may be a secret."""
    with newsroom.database.read() as connection:
        rows = [
            {
                "name": hook.name,
                "host": urlsplit(hook.url).hostname,
                "events": list(hook.wanted),
                **webhooks.standing(connection, hook.name),
            }
            for hook in newsroom.settings.webhooks
        ]
    return Page.cut(rows, limit, by="name", after=after)
