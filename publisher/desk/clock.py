"""What a clock asks of the desk: the facts it decides by, polls that are its own, and what it says once in the record.

Two clocks may run on one database: each reads these facts and decides for itself, and the database lets one of them do it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from publisher.desk import publishing, wire
from publisher.desk.publishing import Published
from publisher.desk.wire import SourceReport
from publisher.newsroom import Newsroom
from publisher.schedule import (
    LATE,
    LOOKBACK,
    QUIET,
    SKIPPED,
    UNSENT,
    Made,
    Polled,
    Series,
    edition_id,
    slots_between,
)
from publisher.series import Digest
from publisher.store import agenda, editions, house, public
from subscribers import audience

__all__ = [
    "ACTOR",
    "DOUBT",
    "confirm",
    "confirmed_at",
    "doubt",
    "newest",
    "poll",
    "polled",
    "publish",
    "put_in_doubt",
    "said",
    "say",
    "series",
]

ACTOR = "clock"
CLOCK, DOUBT, CONFIRMED = "clock", "clock.doubt", "clock.confirmed"
"""The subject under which it is recorded that the wall clock was moved, and that a person said that it is right."""
ARRIVALS, ARRIVALS_WITHIN = 20, timedelta(days=30)
SPARE = timedelta(days=1)
"""Read beyond what is decided about: an edition at the border must not look as if it were not there."""


def series(newsroom: Newsroom, *, now: datetime) -> list[Series]:
    """Each digest with the editions of its last slots."""
    with newsroom.database.read() as connection:
        digests = [digest for digest in newsroom.digests.values() if _read(connection, digest)]
        keys = {digest.slug: _began(digest) for digest in digests}
        since = {slug: house.get_fact(connection, key) for slug, key in keys.items()}
        rows = {slug: agenda.editions_since(connection, slug, now - LOOKBACK - SPARE) for slug in keys}
    unknown = [slug for slug, at in since.items() if at is None]
    if unknown:
        with newsroom.database.write() as connection:
            for slug in unknown:
                since[slug] = house.settle_fact(connection, keys[slug], now.isoformat())
    found: list[Series] = []
    for digest in digests:
        began = datetime.fromisoformat(since[digest.slug] or now.isoformat())
        made = {row.slot: Made(row.id, row.approved, row.dispatched) for row in rows[digest.slug]}
        slots = tuple(made)
        if digest.urgency is not None and (slot := _breaking(newsroom, digest, made, began, now)):
            slots = (*slots, slot)
        found.append(Series(digest, began, made, slots if digest.urgency is not None else ()))
    return found


def _read(connection: Connection, digest: Digest) -> bool:
    """Whether anybody may want its editions: of one apart, somebody of that rhythm."""
    return digest.rhythm is None or audience.anybody_apart(connection, digest.audience, digest.rhythm)


def _breaking(
    newsroom: Newsroom, digest: Digest, made: Collection[datetime], began: datetime, now: datetime
) -> datetime | None:
    """The slot of the alert that is due: the minute in which the newest urgent story came that no alert has carried; None: none is.

    A minute that has an alert gives way to the next; so does one that was given up, but only for what came after that.
    """
    zone = ZoneInfo(digest.timezone)
    today = [slot for slot in made if slot.astimezone(zone).date() == now.astimezone(zone).date()]
    if digest.urgency is None or len(today) >= digest.a_day:
        return None
    since = max(began, now - digest.deadline)
    with newsroom.database.read() as connection:
        urgent = agenda.urgent_since(connection, since, now, urgency=digest.urgency, sections=digest.sections)
        carried = editions.carried(connection, digest.slug) if urgent else {}
    fresh = [at for story_id, at in urgent.items() if story_id not in carried]
    if not fresh:
        return None
    slot = max(fresh).replace(second=0, microsecond=0)
    given_up = _given_up(newsroom, digest, slot)
    while slot in made or slot in given_up:
        if slot in given_up and max(fresh) <= given_up[slot]:
            return None
        slot += timedelta(minutes=1)
    return slot


def _given_up(newsroom: Newsroom, digest: Digest, slot: datetime) -> dict[datetime, datetime]:
    """The alerts of this hour and the next that were given up, each with the time when that was said."""
    names = {edition_id(digest, at): at for at in (slot + timedelta(minutes=n) for n in range(120))}
    with newsroom.database.read() as connection:
        said_of = agenda.said(connection, [SKIPPED], names)
    return {names[name]: at for (_, name), at in said_of.items()}


def _began(digest: Digest) -> str:
    """The fact that remembers since when the clock knows this timetable: it missed no slot of another one."""
    table = f"{digest.timezone} {digest.weekdays} {[f'{at:%H:%M}' for at in digest.slots]}"
    return f"clock.{digest.slug}.{crc32(table.encode()):08x}"


def polled(newsroom: Newsroom, *, now: datetime, arrivals: bool) -> list[Polled]:
    """The sources that have an address or a folder, with the memory of their polls; when stories came only if that is asked for."""
    asked = [source for source in newsroom.settings.sources if source.url or source.folder]
    slugs = [source.slug for source in asked]
    with newsroom.database.read() as connection:
        states = house.source_states(connection)
        came: Mapping[str, tuple[datetime, ...]] = {}
        if arrivals:
            came = agenda.arrivals(connection, now - ARRIVALS_WITHIN, most=ARRIVALS, sources=slugs)
    return [
        Polled(
            slug=source.slug,
            every=source.every,
            polled_at=state.polled_at,
            not_before=state.not_before,
            failures=state.failures,
            arrivals=came.get(source.slug, ()),
        )
        for source in asked
        for state in [states.get(source.slug, house.SourceState(source=source.slug))]
    ]


def said(newsroom: Newsroom, digests: Sequence[Series], *, now: datetime) -> dict[tuple[str, str], datetime]:
    """What the clock has said of the last slots and of the sources."""
    subjects = [source.slug for source in newsroom.settings.sources]
    for entry in digests:
        subjects += [made.edition for made in entry.made.values()]
        ahead = now + entry.digest.lead
        slots = entry.slots or slots_between(entry.digest, now - LOOKBACK, ahead)
        subjects += [edition_id(entry.digest, slot) for slot in slots]
    with newsroom.database.read() as connection:
        return agenda.said(connection, (SKIPPED, UNSENT, LATE, QUIET), subjects)


def newest(newsroom: Newsroom) -> datetime | None:
    """The time of the newest thing on record; once a person has confirmed the clock, of what was done last."""
    confirmed = confirmed_at(newsroom) is not None
    with newsroom.database.read() as connection:
        return agenda.newest(connection, polls=not confirmed)


def confirmed_at(newsroom: Newsroom) -> datetime | None:
    """When a person said that the clock is right, if it was not put in doubt since."""
    with newsroom.database.read() as connection:
        last = agenda.last_act(connection, CLOCK)
    return last.at if last is not None and last.what == CONFIRMED else None


def doubt(newsroom: Newsroom) -> str:
    """Why this house's clock is in doubt; nothing when it is not, or was confirmed since."""
    with newsroom.database.read() as connection:
        last = agenda.last_act(connection, CLOCK)
    return last.why if last is not None and last.what == DOUBT else ""


def put_in_doubt(newsroom: Newsroom, why: str, *, now: datetime) -> bool:
    """Record that the wall clock was moved; whether it was not in doubt before."""
    with newsroom.database.write() as connection:
        last = agenda.last_act(connection, CLOCK)
        if last is not None and last.what == DOUBT:
            return False
        house.tell(connection, DOUBT, CLOCK, actor=ACTOR, now=now, why=why)
    return True


def confirm(newsroom: Newsroom, *, why: str, actor: str, now: datetime) -> bool:
    """A person says that the clock is right; whether it was in doubt."""
    with newsroom.database.write() as connection:
        last = agenda.last_act(connection, CLOCK)
        if last is None or last.what != DOUBT:
            return False
        house.tell(connection, CONFIRMED, CLOCK, actor=actor, now=now, why=why)
    return True


def poll(newsroom: Newsroom, seen: Mapping[str, datetime | None], *, now: datetime) -> list[SourceReport]:
    """Ask those of these sources that no other clock has asked since they were seen; one report each.

    `seen`: when each was asked last, as the decision knew it.
    """
    with newsroom.database.write() as connection:
        ours = agenda.claim_polls(connection, seen, now=now)
    return wire.poll(newsroom, [newsroom.source(slug) for slug in ours], actor=ACTOR, now=now)


def publish(newsroom: Newsroom, *, now: datetime) -> Published:
    """Feeds and pages anew where something changed, into the folders that `feed build` named; into its own where it named none."""
    with newsroom.database.read() as connection:
        named = bool(public.folders(connection))
    feeds_to, site_to = (None, None) if named else (newsroom.data_path("feeds"), newsroom.data_path("site"))
    return publishing.publish(newsroom, feeds_to=feeds_to, site_to=site_to, actor=ACTOR, now=now)


def say(newsroom: Newsroom, what: str, subject: str, why: str, *, now: datetime) -> bool:
    """Put this on record, once; whether it was not there yet. A source that is quiet again is said again."""
    since = now - LOOKBACK - SPARE
    with newsroom.database.write() as connection:
        if what == QUIET:
            came = agenda.arrivals(connection, now - ARRIVALS_WITHIN, most=1, sources=[subject])
            since = max(came.get(subject, (since,)))
        return agenda.say_once(connection, what, subject, since=since, actor=ACTOR, now=now, why=why)
