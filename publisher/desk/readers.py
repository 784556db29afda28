"""Readers: add, import, list, show, leave, erase; and who is suppressed. Addresses are checked once, here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher.desk.pages import Page, bytes_place_in, key_of, number_in
from publisher.errors import BadInput, Conflict
from publisher.newsroom import Newsroom
from publisher.store import deliveries, returned
from subscribers import audience
from subscribers.address import key, parse
from subscribers.attributes import Value
from subscribers.consent import Status
from subscribers.errors import UnknownSubscriber
from subscribers.rhythm import Rhythm, RhythmKind
from subscribers.rhythm import parse as parse_rhythm
from subscribers.segments import Rule
from subscribers.segments import parse as parse_segment
from subscribers.tokens import LENGTH, Purpose, read

__all__ = [
    "add",
    "erase",
    "everything",
    "fitting",
    "forget",
    "leave",
    "listing",
    "record",
    "suppress",
    "suppressions",
    "undo",
]


def add(
    newsroom: Newsroom,
    address: str,
    *,
    digest: str,
    language: str | None,
    sections: Sequence[str] | None,
    rhythm: str | None = None,
    attributes: Sequence[str] = (),
    basis: str,
    actor: str,
    now: datetime,
) -> dict[str, Any]:
    """Add a reader who has asked for a digest; `was` is what they got of it before, None for a new reader; `left_at`: when they had left it.

    What is None stays as they had chosen it, also before they left, as far as the digest still has it; of somebody new the first language and all
    sections. No sections at all: every one.
    """
    spoken, often = fitting(newsroom, digest, language=language, sections=sections or (), rhythm=rhythm)
    parsed = parse(address)
    addr_key = key(parsed, newsroom.address_key)
    told = _attributes(newsroom, attributes)
    wanted = newsroom.asked_for(digest)
    with newsroom.database.write() as connection:
        before = _subscription(connection, addr_key, digest)
        if before is not None and language is None and before.language in wanted.languages:
            spoken = before.language
        if sections is None:
            chosen = before.sections.split() if before is not None else ()
            sections = [slug for slug in chosen if slug in wanted.sections]
        subscriber_id = audience.add(
            connection,
            parsed,
            addr_key,
            digest=digest,
            language=spoken,
            sections=sections or None,
            rhythm=often,
            basis=basis,
            actor=actor,
            now=now,
        )
        audience.keep_attributes(connection, ((subscriber_id, name, value) for name, value in told.items()))
    return {
        "id": subscriber_id,
        "address": parsed.address,
        "digest": digest,
        "language": spoken,
        "sections": sorted(sections),
        "was": {"language": before.language, "sections": before.sections.split()}
        if before is not None and before.active
        else None,
        "left_at": before.since if before is not None and before.status == Status.LEFT else None,
    }


def fitting(
    newsroom: Newsroom, digest: str, *, language: str | None, sections: Sequence[str], rhythm: str | None
) -> tuple[str, Rhythm | None]:
    """What a reader wants of a digest, held against what there is: the language, and the rhythm if one is named.

    Raises:
        UnknownName, BadInput, RhythmUnknown: something of it is not there.
    """
    wanted = newsroom.asked_for(digest)
    spoken = language or wanted.languages[0]
    if spoken not in wanted.languages:
        raise BadInput(f"digest {digest} has no language {spoken!r}; it has {', '.join(wanted.languages)}")
    for section in sections:
        if section not in wanted.sections:
            raise BadInput(f"digest {digest} has no section {section!r}; it has {', '.join(wanted.sections)}")
    often = parse_rhythm(rhythm) if rhythm else None
    if often is not None and not wanted.has_rhythm(often):
        hours = ", ".join(f"{slot:%H:%M}" for slot in wanted.slots)
        raise BadInput(f"digest {digest} has no edition for {often}; it has those of {hours}")
    return spoken, often


def _attributes(newsroom: Newsroom, texts: Sequence[str]) -> dict[str, Value]:
    """Attributes as a command is told them: `name=value`, each once."""
    known = {attribute.name: attribute for attribute in newsroom.settings.attributes}
    told: dict[str, Value] = {}
    for text in texts:
        name, _, typed = text.partition("=")
        if name not in known:
            there = ", ".join(known) or "none: see [[attribute]] in publisher.toml"
            raise BadInput(f"{text[:80]!r} names no attribute; there are {there}")
        if name in told:
            raise BadInput(f"{name} is given twice: a reader has one value of it, so leave out the other")
        told[name] = known[name].read(typed)
    return told


def _subscription(connection: Connection, addr_key: bytes, digest: str) -> Any:
    """What this address asked for of a digest, whatever became of it; None for nothing."""
    row = audience.find(connection, addr_key)
    found = audience.subscriptions(connection, row.id) if row is not None else ()
    return next((entry for entry in found if entry.digest == digest), None)


def _find(newsroom: Newsroom, connection: Connection, address: str) -> Any:
    row = audience.find(connection, key(parse(address), newsroom.address_key))
    if row is None:
        raise UnknownSubscriber("address")
    return row


def listing(
    newsroom: Newsroom, *, digest: str | None, segment: str | None = None, after: str | None, limit: int
) -> Page:
    """Subscribers by id, with the digests they get; `segment`: those whom this rule means, as readers of a digest they get."""
    slug = newsroom.asked_for(digest).slug if digest else None
    only = _rule(newsroom, segment) if segment is not None else None
    last = number_in(after) or 0
    with newsroom.database.read() as connection:
        found = audience.listing(connection, digest=slug, only=only, after_id=last, limit=limit + 1)
    return Page.of(found, limit, row=lambda entry: _told(*entry), key=lambda entry: str(entry[0].id))


def _rule(newsroom: Newsroom, segment: str) -> Rule:
    """A segment's rule, of languages and sections that a digest has: another one would mean nobody, or everybody, without a word."""
    digests = newsroom.settings.digests
    return parse_segment(
        segment,
        newsroom.settings.attributes,
        languages=sorted({language for digest in digests for language in digest.languages}),
        sections=sorted({section for digest in digests for section in digest.sections}),
    )


def _told(row: Any, subscriptions: Sequence[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "address": row.address,
        "status": _standing(row, subscriptions),
        "digests": [entry.digest for entry in subscriptions if entry.active],
        "created_at": row.created_at,
    }


def _standing(row: Any, subscriptions: Sequence[Any]) -> str:
    """Where a reader stands: who may be mailed, and gets nothing any more, has left, or waits for a yes."""
    here = {entry.status for entry in subscriptions}
    if row.status != Status.CONFIRMED or not here or Status.CONFIRMED in here:
        return str(row.status)
    return str(Status.PENDING if Status.PENDING in here else Status.LEFT)


def record(newsroom: Newsroom, address: str) -> dict[str, Any]:
    """Everything about one reader."""
    with newsroom.database.read() as connection:
        return everything(connection, _find(newsroom, connection, address))


def _rhythm(entry: Any) -> str:
    """A subscription's rhythm as it is written."""
    return str(Rhythm(RhythmKind(entry.rhythm), entry.hour, entry.weekday))


def everything(connection: Connection, row: Any) -> dict[str, Any]:
    """The same of a subscriber's row."""
    subscriptions = audience.subscriptions(connection, row.id)
    suppression = audience.suppressed(connection, row.addr_key)
    return {
        "id": row.id,
        "address": row.address,
        "status": _standing(row, subscriptions),
        "digests": [entry.digest for entry in subscriptions if entry.active],
        "created_at": row.created_at,
        "timezone": row.timezone,
        "suppressed": suppression.cause if suppression else None,
        "attributes": audience.attributes_of(connection, [row.id]).get(row.id, {}),
        "subscriptions": [
            {
                "digest": entry.digest,
                "language": entry.language,
                "sections": entry.sections.split(),
                "rhythm": _rhythm(entry),
                "status": entry.status,
                "active": entry.active,
                "since": entry.since,
            }
            for entry in subscriptions
        ],
        "came_back": [
            {
                "at": fact.at,
                "kind": fact.kind,
                "effect": fact.effect,
                "dispatch": fact.dispatch_id,
                "detail": fact.detail,
            }
            for fact in returned.of_addresses(connection, audience.keys_of(connection, [row.id]))
        ],
        "consent": [
            {
                "at": step.at,
                "step": step.step,
                "digest": step.digest,
                "basis": step.basis,
                "actor": step.actor,
                "form": step.form,
                "network": step.network,
                "wording": step.wording,
            }
            for step in audience.evidence(connection, row.id)
        ],
    }


def leave(newsroom: Newsroom, who: str, *, digest: str | None, actor: str, now: datetime) -> dict[str, Any]:
    """End a reader's subscriptions: by address (one digest or all), or by the token of a mail (its own digest)."""
    with newsroom.database.write() as connection:
        if "@" in who:
            row = _find(newsroom, connection, who)
            scope = newsroom.asked_for(digest).slug if digest else None
        else:
            claim = read(newsroom.token_keys, Purpose.LEAVE, who) if len(who) == LENGTH else None
            named = {entry.number: entry.slug for entry in newsroom.settings.digests}
            if claim is None or claim.digest not in named:
                raise UnknownSubscriber("token")
            row, scope = audience.get(connection, claim.subscriber), named[claim.digest]
        left = audience.leave(connection, row.id, digest=scope, actor=actor, now=now)
    return {"id": row.id, "address": row.address, "digests": left}


def erase(newsroom: Newsroom, address: str, *, actor: str, now: datetime) -> None:
    """Forget a person, here and in the ledger; the refusal stays by its hash."""
    with newsroom.database.write() as connection:
        forget(connection, _find(newsroom, connection, address), actor=actor, now=now)


def forget(connection: Connection, row: Any, *, actor: str, now: datetime) -> None:
    """The same of a subscriber's row."""
    keys = audience.erase(connection, row.id, actor=actor, now=now)
    deliveries.forget(connection, [row.id], keys)


def suppressions(newsroom: Newsroom, *, limit: int, after: str | None = None) -> Page:
    """The newest suppressions."""

    def told(row: Any) -> dict[str, Any]:
        return {
            "address": row.address or f"#{row.addr_key.hex()[:8]}",
            "cause": row.cause,
            "dispatch": row.dispatch_id,
            "detail": row.detail,
            "actor": row.actor,
            "at": row.at,
        }

    with newsroom.database.read() as connection:
        found = audience.suppressions(connection, limit=limit + 1, after=bytes_place_in(after))
    return Page.of(found, limit, row=told, key=lambda row: key_of(row.at, row.addr_key.hex()))


def suppress(newsroom: Newsroom, address: str, *, why: str, actor: str, now: datetime) -> dict[str, Any]:
    """Never mail this address; the suppression as `suppressions` lists it. Conflict when there is one already."""
    addr_key = key(parse(address), newsroom.address_key)
    with newsroom.database.write() as connection:
        if not audience.suppress(connection, addr_key, "manual", actor=actor, now=now, detail=why):
            raise Conflict(f"{address} is suppressed already")
    return {
        "address": address,
        "cause": "manual",
        "dispatch": None,
        "detail": why,
        "actor": actor,
        "at": now,
    }


def undo(
    newsroom: Newsroom, *, address: str | None, dispatch_id: str | None, why: str, actor: str, now: datetime
) -> int:
    """Take suppressions back; Conflict when there was none."""
    addr_key = key(parse(address), newsroom.address_key) if address else None
    with newsroom.database.write() as connection:
        undone = audience.undo_suppression(
            connection, addr_key=addr_key, dispatch_id=dispatch_id, why=why, actor=actor, now=now
        )
    if not undone:
        raise Conflict(f"{address or f'dispatch {dispatch_id}'} has no suppression to take back")
    return undone
