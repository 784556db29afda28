"""What sending an edition would mean, before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from publisher.desk import editions as desk_editions
from publisher.desk import letters
from publisher.desk.mailing.report import state_of
from publisher.edition import Edition
from publisher.errors import AlreadySent
from publisher.ledger import DispatchState
from publisher.newsroom import Newsroom
from publisher.schedule import place_of
from publisher.series import Canary, Digest
from publisher.settings import format_duration
from publisher.store import deliveries
from subscribers import audience
from subscribers.address import key, parse
from subscribers.rhythm import Place
from subscribers.segments import Rule
from subscribers.segments import parse as parse_segment

__all__ = [
    "Plan",
    "groups",
    "named_by",
    "plan",
    "readers_of",
    "refuse_second",
]


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
    """Readers for whose sections and language this edition has no story."""
    not_meant: tuple[tuple[str, int], ...]
    """(why, how many): who asked for the digest and does not get this edition: unconfirmed, suppressed, segment, rhythm."""
    barred: tuple[tuple[str, str], ...]
    """(story, why): what the frozen edition holds and may not go out any more."""
    canary: dict[str, Any] | None = None
    """Who is sent to first: how many of the readers are named, the share of the others in per cent, and how long the rest waits."""

    @property
    def total(self) -> int:
        """How many mails."""
        return sum(n for _, n in self.readers)

    def data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            **asdict(self),
            "readers": dict(self.readers),
            "not_meant": dict(self.not_meant),
            "subjects": dict(self.subjects),
            "barred": dict(self.barred),
            "total": self.total,
        }


def plan(newsroom: Newsroom, made: Edition, *, now: datetime, canary: bool = True) -> Plan:
    """What sending this edition would mean at `now`. `canary`: with the digest's canary, if it has one.

    Raises:
        AlreadySent: it has a dispatch. NothingToPublish: no story of it is left.
    """
    digest = newsroom.digest(made.series)
    made, barred = desk_editions.as_of(newsroom, made, now=now)
    counts: Counter[str] = Counter()
    without = named = 0
    rule = digest.canary if canary else None
    is_named = named_by(newsroom, rule)
    with newsroom.database.read() as connection:
        refuse_second(connection, made)
        for language, sections, readers in groups(readers_of(newsroom, connection, digest, made.slot)):
            firsts = [is_named(reader) for reader in readers]
            number = len(firsts)
            if any(made.variant(language, sections)):
                counts[language] += number
                named += sum(firsts)
            else:
                without += number
        at, only = _meant(newsroom, digest, made.slot)
        others = audience.not_meant(connection, digest.audience, at=at, only=only)
    subjects = tuple(
        (language, desk_editions.subject(newsroom, made, language))
        for language in digest.languages
        if any(made.variant(language))
    )
    relays = newsroom.relays
    letter = letters.of_edition(newsroom, made)
    voices = dict.fromkeys(f"{voice.name} <{voice.address}>" for voice in letter.voices)
    return Plan(
        edition_id=made.edition_id,
        number=made.number,
        slot=made.slot,
        items=len(made.items),
        subjects=subjects,
        senders=tuple(voices),
        relay=", ".join(f"{relay.name} ({relay.host}:{relay.port}, TLS {relay.tls})" for relay in relays),
        readers=tuple(sorted(counts.items())),
        without=without,
        not_meant=tuple(others.items()),
        barred=tuple((story_id, why.value) for story_id, why in barred.items()),
        canary={"named": named, "share": rule.share, "wait": format_duration(rule.wait)} if rule else None,
    )


def readers_of(
    newsroom: Newsroom, connection: Connection, digest: Digest, slot: datetime
) -> Iterator[audience.Reader]:
    """Who is meant by a digest's edition of this slot: by their rhythm, and by the digest's segment."""
    at, only = _meant(newsroom, digest, slot)
    return audience.segment(connection, digest.audience, digest.languages, at=at, only=only)


def _meant(newsroom: Newsroom, digest: Digest, slot: datetime) -> tuple[Place, Rule | None]:
    only = parse_segment(digest.segment, newsroom.settings.attributes) if digest.segment else None
    return place_of(digest, slot), only


def named_by(newsroom: Newsroom, canary: Canary | None) -> Callable[[audience.Reader], bool]:
    """Whether a reader is named in the canary: by address, or by domain."""
    entries = canary.addresses if canary else ()
    named = {key(parse(entry), newsroom.address_key) for entry in entries if entry[0] != "@"}
    domains = {entry[1:] for entry in entries if entry[0] == "@"}
    return lambda reader: reader.addr_key in named or reader.address.rpartition("@")[2] in domains


def groups(
    readers: Iterator[audience.Reader],
) -> Iterator[tuple[str, frozenset[str] | None, Iterator[audience.Reader]]]:
    """Readers of equal variants, as `segment` orders them."""
    for (language, sections), group in groupby(
        readers, key=lambda reader: (reader.language, reader.sections)
    ):
        yield language, sections, group


def refuse_second(connection: Any, made: Edition) -> None:
    """AlreadySent when the edition has a dispatch whose freeze is finished."""
    present = deliveries.dispatch_of(connection, made.edition_id)
    if present is not None and present.state != DispatchState.FREEZING:
        state = state_of(present, deliveries.counts(connection, present.id))
        raise AlreadySent(made.edition_id, present.id, state)
