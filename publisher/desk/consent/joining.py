"""Asking for a digest: what is offered, and the one row that a request leaves, whoever the address is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from publisher.desk.consent.links import Standing
from publisher.feed import own_name
from publisher.newsroom import Newsroom
from publisher.render.direction import isolated
from publisher.render.readers import Choices, Option
from publisher.render.words import Words
from publisher.schedule import local_instant
from publisher.series import Digest
from subscribers import audience
from subscribers.address import key, parse
from subscribers.audience import Asked, stored_sections
from subscribers.errors import RhythmUnknown
from subscribers.limits import may_ask, network_key, network_of
from subscribers.rhythm import EACH, Rhythm, RhythmKind
from subscribers.rhythm import parse as parse_rhythm

__all__ = [
    "Join",
    "Joined",
    "ask",
    "back",
    "choices",
    "offered",
    "own_link",
    "save",
    "write_down",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """What a form says, as it came; only the address can be wrong, the rest falls back to what is offered."""

    email: str
    language: str = ""
    sections: Sequence[str] = ()
    rhythm: str = ""


class Joined(StrEnum):
    """What became of a request."""

    NOTED = "noted"
    BUSY = "busy"
    """Too many have come from this network."""


def offered(newsroom: Newsroom) -> tuple[Digest, ...]:
    """The digests that anybody may ask for."""
    return tuple(digest for digest in newsroom.settings.digests if digest.public)


def choices(
    newsroom: Newsroom,
    digest: Digest,
    words: Words,
    *,
    language: str,
    sections: Collection[str] | None,
    rhythm: Rhythm,
    timezone: str | None,
    now: datetime,
) -> Choices:
    """What there is to choose in a digest, and what is chosen; hours are said in this time zone (None: the digest's).

    `sections`: empty for all of them, None for none.
    """
    zone = ZoneInfo(timezone or digest.timezone)
    rhythms = list(_rhythms(digest, words, zone, now))
    same = [text for text, _ in rhythms if text == str(rhythm)]
    alike = [text for text, _ in rhythms if digest.weekly and text.split()[0] == rhythm.kind.value]
    chosen = next(iter((*same, *alike)), rhythms[0][0])
    return Choices(
        sections=[
            Option(
                slug,
                newsroom.section(slug).title(words.language),
                sections is not None and (not sections or slug in sections),
            )
            for slug in digest.sections
        ],
        languages=[Option(tag, own_name(tag), tag == language) for tag in digest.languages],
        rhythms=[Option(value, label, value == chosen) for value, label in rhythms],
    )


def _rhythms(digest: Digest, words: Words, zone: ZoneInfo, now: datetime) -> Iterator[tuple[str, str]]:
    """The rhythms of a digest by the text that names them, each as a reader knows it."""
    own, today = ZoneInfo(digest.timezone), now.astimezone(ZoneInfo(digest.timezone)).date()
    local = {f"{at:%H:%M}": local_instant(today, at, own).astimezone(zone) for at in digest.slots}
    times = {hour: words.digits(f"{at:%H:%M}") for hour, at in local.items()}
    colon, comma = words.signs.colon, words.signs.comma
    *_, (last, at) = local.items()
    name = isolated(words.zone(at), words.language)
    yield str(EACH), f"{words.gettext('Each edition')}{colon}{comma.join(times.values())} {name}"
    for hour, said in times.items() if len(times) > 1 else ():
        yield str(Rhythm(RhythmKind.DAILY, hour)), f"{words.gettext('Once a day')}{colon}{said} {name}"
    if (week := digest.weekly) is not None:
        due = local_instant(today, week.at, own).astimezone(zone)
        said = f"{words.weekday(_day_there(week.weekday, today, due))}{comma}{words.digits(f'{due:%H:%M}')} {name}"
        label = f"{words.gettext('Once a week')}{colon}{said}"
        yield str(Rhythm(RhythmKind.WEEKLY, f"{week.at:%H:%M}", week.weekday)), label
    if digest.alerts is not None:
        yield str(Rhythm(RhythmKind.ALERTS)), words.gettext("Breaking news only")
    for day in digest.weekdays if len(digest.weekdays) > 1 and digest.weekly is None else ():
        day_there = words.weekday(_day_there(day, today, local[last]))
        weekly = f"{words.gettext('Once a week')}{colon}{day_there}{comma}{times[last]} {name}"
        yield str(Rhythm(RhythmKind.WEEKLY, last, day)), weekly


def _day_there(weekday: int, today: date, due: datetime) -> int:
    """A digest's weekday as its readers' calendar has it, where what is due `today` is due at that moment: perhaps a day on, or back."""
    return (weekday - 1 + (due.date() - today).days) % 7 + 1


def chose_nothing(digest: Digest, wanted: Join) -> bool:
    """Whether a form that offers sections came back without one."""
    return len(digest.sections) > 1 and not set(wanted.sections) & set(digest.sections)


def chosen(digest: Digest, wanted: Join) -> tuple[str, str, Rhythm]:
    """Language, sections (as they are stored) and rhythm of a form, as far as the digest has them."""
    language = wanted.language if wanted.language in digest.languages else digest.languages[0]
    sections = {slug for slug in wanted.sections if slug in digest.sections}
    every = not sections or len(sections) == len(digest.sections)
    try:
        rhythm = parse_rhythm(wanted.rhythm or "each")
    except RhythmUnknown:
        rhythm = EACH
    if not digest.has_rhythm(rhythm):
        rhythm = EACH
    return language, "" if every else stored_sections(sections), rhythm


def ask(
    newsroom: Newsroom,
    digest: Digest,
    wanted: Join,
    *,
    wording: tuple[str, str, str],
    client: str,
    now: datetime,
) -> Joined:
    """Note that somebody asked for a digest; the answer goes to the mailbox.

    `wording`: under which words they asked (language, text and its version). `client`: the network address of whoever sent the form.

    Raises:
        AddressRefused: it is no address.
    """
    parsed = parse(wanted.email)
    language, sections, rhythm = chosen(digest, wanted)
    spoken, text, version = wording
    with newsroom.database.write() as connection:
        audience.keep_text(connection, version, spoken, text, now=now)
        return write_down(
            newsroom,
            connection,
            what="join",
            address=parsed.address,
            digest=digest.slug,
            language=language,
            sections=sections,
            rhythm=rhythm,
            form="subscribe",
            text_version=version,
            client=client,
            now=now,
        )


def save(newsroom: Newsroom, standing: Standing, wanted: Join, *, timezone: str | None) -> None:
    """Keep what a reader chose."""
    language, sections, rhythm = chosen(standing.digest, wanted)
    with newsroom.database.write() as connection:
        audience.choose(
            connection,
            standing.subscriber_id,
            standing.digest.slug,
            language=language,
            sections=sections.split() or None,
            rhythm=rhythm,
        )
        audience.set_timezone(connection, standing.subscriber_id, timezone)


def back(newsroom: Newsroom, standing: Standing, *, client: str, now: datetime) -> Joined:
    """Note that a reader who left wants to come back; they confirm it like everybody."""
    with newsroom.database.write() as connection:
        return write_down(
            newsroom,
            connection,
            what="join",
            address=standing.address,
            digest=standing.digest.slug,
            language=standing.language,
            sections=standing.sections,
            rhythm=standing.rhythm,
            form="back",
            client=client,
            now=now,
        )


def own_link(newsroom: Newsroom, standing: Standing, *, client: str, now: datetime) -> Joined:
    """Note that a reader wants the link to their own data."""
    with newsroom.database.write() as connection:
        return write_down(
            newsroom,
            connection,
            what="account",
            address=standing.address,
            digest=standing.digest.slug,
            language=standing.language,
            form="preferences",
            subscriber_id=standing.subscriber_id,
            client=client,
            now=now,
        )


def write_down(
    newsroom: Newsroom,
    connection: Connection,
    *,
    what: str,
    address: str,
    digest: str,
    language: str,
    form: str,
    client: str,
    now: datetime,
    sections: str = "",
    rhythm: Rhythm = EACH,
    subscriber_id: int | None = None,
    text_version: str | None = None,
) -> Joined:
    """One row, unless this network has asked too often within the hour."""
    network = network_of(client)
    counted = network_key(network, newsroom.form_key)
    asked = audience.asked_by(connection, counted, since=now - timedelta(hours=1))
    if not may_ask(network, asked):
        return Joined.BUSY
    audience.ask(
        connection,
        Asked(
            what=what,
            addr_key=key(parse(address), newsroom.address_key),
            address=address,
            digest=digest,
            language=language,
            sections=sections,
            rhythm=str(rhythm),
            network_key=counted,
            network=network,
            form=form,
            at=now,
            subscriber_id=subscriber_id,
            text_version=text_version,
        ),
    )
    return Joined.NOTED
