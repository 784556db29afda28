"""The composition root: settings become an open newsroom, once, and everything below is handed values.

Only this module turns `Settings` into the limits, options, key rings and templates that fetch, transport and dispatch
take. A Newsroom is frozen; what it holds is safe to share between threads. Those rooms load when they are first asked for: a
command that looks something up in the store needs neither templates nor the network.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ulid import ULID

from publisher import assets
from publisher.edition import Disclaimer, Edition
from publisher.errors import BadInput, ConfigurationInvalid, Problem, UnknownName
from publisher.feed import Feed, feeds_of
from publisher.section import Section
from publisher.series import Digest
from publisher.settings import Settings
from publisher.store import deliveries, house, migrate
from publisher.store.db import Database, open_database
from publisher.store.timeline import Kept
from publisher.story import Source
from subscribers.rhythm import RhythmKind
from subscribers.tokens import TokenKeys

if TYPE_CHECKING:
    from publisher import fetch
    from publisher.render.feeds import Pieces
    from publisher.render.templates import Templates
    from publisher.transport import RelayOptions

__all__ = ["Newsroom", "keys_gone", "need_keys", "open_newsroom", "remembered", "templates_of"]

_T = TypeVar("_T")

Mint = Callable[[datetime, bytes], str]
"""(now, what the id is for) -> a ULID. Random outside the demo, whose output must be the same everywhere."""


def mint_random(now: datetime, _what: bytes) -> str:
    """A ULID of this instant with 80 random bits."""
    return str(ULID.from_bytes(int(now.timestamp() * 1000).to_bytes(6, "big") + secrets.token_bytes(10)))


def mint_derived(now: datetime, what: bytes) -> str:
    """A ULID of this instant that depends on nothing but its arguments: for the demo only."""
    return str(
        ULID.from_bytes(int(now.timestamp() * 1000).to_bytes(6, "big") + hashlib.sha256(what).digest()[:10])
    )


@dataclass(frozen=True)
class Newsroom:
    """Everything a use case needs: settings, open database, templates, keys; `notes` are what whoever opened it has to know first."""

    settings: Settings
    database: Database
    mint: Mint = mint_random
    notes: tuple[str, ...] = ()

    @cached_property
    def templates(self) -> Templates:
        """Mail and page templates: the operator's folder first, then ours; compiled when first asked for."""
        return templates_of(self.settings)

    @cached_property
    def fetch_limits(self) -> fetch.Limits:
        """Limits of fetching, from [fetch]."""
        from publisher import fetch

        wanted = self.settings.fetch
        return fetch.Limits(
            seconds=wanted.timeout.total_seconds(),
            bytes=wanted.max_bytes,
            redirects=wanted.redirects,
            header_bytes=wanted.header_bytes,
            retry_after_cap=wanted.retry_after_cap.total_seconds(),
            total_seconds=wanted.total_timeout.total_seconds(),
            concurrency=wanted.concurrency,
        )

    @cached_property
    def fetch_guard(self) -> fetch.Guard:
        """Which addresses may be asked, from [fetch]."""
        from publisher import fetch

        wanted = self.settings.fetch
        return fetch.Guard(ports=frozenset(wanted.ports), allow_hosts=frozenset(wanted.allow_hosts))

    @cached_property
    def relays(self) -> tuple[RelayOptions, ...]:
        """The relays that take our mail, the preferred ones first.

        Raises:
            ConfigurationInvalid: none is configured.
        """
        if not self.settings.relays:
            raise ConfigurationInvalid(
                [Problem("publisher.toml", "relay", "no [[relay]] is configured: nothing can be sent")]
            )
        from publisher.newsroom.relays import relays_of

        return relays_of(self.settings)

    @cached_property
    def token_keys(self) -> TokenKeys:
        """The keys of leave and preference links."""
        return TokenKeys(self.settings.secrets.token_keys_bytes, self.settings.secrets.signing_key)

    @property
    def address_key(self) -> bytes:
        """The key under which addresses are hashed; it can never rotate."""
        return self.settings.secrets.address_key_bytes

    @property
    def form_key(self) -> bytes:
        """The key that signs forms, and under which networks are counted."""
        return self.settings.secrets.form_key.get_secret_value()

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Configured sources by slug."""
        return {source.slug: source for source in self.settings.sources}

    @cached_property
    def sections(self) -> Mapping[str, Section]:
        """Configured sections by slug, in the order of the configuration."""
        return {section.slug: section for section in self.settings.sections}

    @cached_property
    def feeds(self) -> tuple[Feed, ...]:
        """Every feed of the house."""
        return feeds_of(
            self.settings.sections,
            self.settings.sources,
            language=self.settings.site.language,
            languages=tuple(self.disclaimers),
            merge=self.settings.wire.duplicates == "merge",
        )

    @cached_property
    def pieces(self) -> Pieces:
        """Finished bytes of feed items, kept for as long as this newsroom is open."""
        from publisher.render.feeds import Pieces

        return Pieces()

    @cached_property
    def kept_stories(self) -> Kept:
        """Stories that feeds were selected from last, as they were read."""
        return Kept()

    @cached_property
    def kept_hashes(self) -> dict[str, tuple[Edition, str]]:
        """For each feed the edition that was last drafted or made, with its content hash."""
        return {}

    @cached_property
    def digests(self) -> Mapping[str, Digest]:
        """Configured digests by slug, each followed by its branches (weekly editions, alerts)."""
        every = ((digest, *digest.branches()) for digest in self.settings.digests)
        return {digest.slug: digest for family in every for digest in family}

    @cached_property
    def disclaimers(self) -> Mapping[str, Disclaimer]:
        """House texts by language."""
        return {disclaimer.language: disclaimer for disclaimer in self.settings.disclaimers}

    def disclaimer_in(self, language: str) -> Disclaimer:
        """The house text in this language, else in its base language's, else in the site's."""
        base = language.partition("-")[0]
        near = (entry for tag, entry in self.disclaimers.items() if tag.partition("-")[0] == base)
        return self.disclaimers.get(language) or next(near, self.disclaimers[self.settings.site.language])

    def source(self, slug: str) -> Source:
        """The source of this name; UnknownName lists the others."""
        return _named("source", slug, self.sources)

    def section(self, slug: str) -> Section:
        """The section of this name; UnknownName lists the others."""
        return _named("section", slug, self.sections)

    def digest(self, slug: str) -> Digest:
        """The digest of this name; UnknownName lists the others."""
        return _named("digest", slug, self.digests)

    def asked_for(self, slug: str) -> Digest:
        """The digest of this name as readers are subscribed to it: its weekly editions and alerts are a rhythm of theirs.

        Raises:
            UnknownName: there is none. BadInput: it is a branch of one; the sentence says how a reader gets that.
        """
        found = _named("digest", slug, self.digests if slug in self.digests else self._subscribed)
        if found.parent:
            often = (
                "alerts"
                if found.rhythm is RhythmKind.ALERTS
                else f"weekly {found.weekdays[0]} {found.slots[0]:%H:%M}"
            )
            raise BadInput(
                f'nobody is subscribed to {slug} by itself: it goes to those subscribers of {found.parent} whose rhythm is "{often}" '
                f"(name the digest {found.parent}, and that rhythm)"
            )
        return found

    @property
    def _subscribed(self) -> Mapping[str, Digest]:
        return {digest.slug: digest for digest in self.settings.digests}

    def data_path(self, *parts: str) -> Path:
        """A path under the data folder."""
        return self.settings.data_dir.joinpath(*parts)

    def close(self) -> None:
        """Let the database go, and the process that renders an operator's templates."""
        if "templates" in self.__dict__:
            self.templates.close()
        self.database.close()


def templates_of(settings: Settings) -> Templates:
    """Templates and words of this configuration; close them."""
    from publisher.render.templates import load as load_templates

    own = settings.templates_dir
    return load_templates([*([own] if own else []), assets.root() / "templates"])


def _named(kind: str, slug: str, known: Mapping[str, _T]) -> _T:
    try:
        return known[slug]
    except KeyError:
        raise UnknownName(kind, slug, known) from None


def open_newsroom(settings: Settings, *, mint: Mint = mint_random) -> Newsroom:
    """Open the database, make a missing SQLite one, and hold the configuration against what the database remembers.

    A key of links or signatures that is gone is a note, no refusal: only sending needs it, and a kill must work without.

    Raises:
        ConfigurationInvalid: tag authority, tag date or address key are not those that this database began with.
        StoreOutdated, StoreUnavailable, FolderUnwritable: see `store`.
    """
    database = open_database(settings.store_url, lock_seconds=settings.store.lock_wait.total_seconds())
    try:
        migrate.ready(database)
        _settle(database, settings)
        notes = [*_begun_anew(database), *map(str, keys_gone(database, settings))]
    except BaseException:
        database.close()
        raise
    return Newsroom(settings=settings, database=database, mint=mint, notes=tuple(notes))


def _begun_anew(database: Database) -> Iterator[str]:
    if database.anew:
        gone = f"the database {database.where} was here before and is gone: this one is new and empty."
        yield f"{gone} If that is not meant, put the old file or a backup in its place before anything is sent"


def keys_gone(database: Database, settings: Settings) -> list[Problem]:
    """The keys that dispatches with somebody waiting name, and that are not there."""
    with database.read() as connection:
        return [
            *_gone(settings, deliveries.token_keys(connection)),
            *_unsigned(settings, deliveries.letters(connection)),
        ]


def need_keys(settings: Settings, head: Any) -> None:
    """Refuse to go on with a dispatch (its row) without its keys: a resend must have the same bytes (decision 30).

    Raises:
        ConfigurationInvalid: names each key that is not there, and what to do.
    """
    problems = [*_gone(settings, {head.token_key: head.id}), *_unsigned(settings, {head.id: head.letter})]
    if problems:
        raise ConfigurationInvalid(problems)


def _gone(settings: Settings, named: Mapping[int, str]) -> list[Problem]:
    return [
        Problem(
            "secrets.toml",
            f"token_keys.{number}",
            f"is not there, and dispatch {dispatch_id} writes its links with it and cannot be sent: put it back until "
            "that one is done",
        )
        for number, dispatch_id in sorted(named.items())
        if number not in settings.secrets.token_keys
    ]


def _unsigned(settings: Settings, letters: Mapping[str, Mapping[str, Any] | None]) -> list[Problem]:
    """The same of keys that sign (id of a dispatch -> its letter); one that an older program opened names none."""
    there = {key.fingerprint for key in settings.dkim.keys}
    named = {
        (signature["selector"], signature["key"]): dispatch_id
        for dispatch_id, letter in letters.items()
        for signature in (letter or {}).get("signatures", ())
    }
    return [
        Problem(
            "publisher.toml",
            "dkim",
            f'the key of selector "{selector}" is not there, and dispatch {dispatch_id} signs with it and cannot be sent: put it '
            "back until that one is done",
        )
        for (selector, key), dispatch_id in sorted(named.items())
        if key not in there
    ]


def _wanted(settings: Settings) -> dict[str, str]:
    """What the database remembers of the configuration it began with."""
    check = hmac.digest(settings.secrets.address_key_bytes, b"publisher address key check", "sha256").hex()[
        :32
    ]
    return {
        "tag_authority": settings.site.tag_authority,
        "tag_date": settings.site.tag_date,
        "address_key_check": check,
    }


TAGS = ("tag_authority", "tag_date")
"""Facts that only ids hang on: while there are none, another value is no harm."""


def _settle(database: Database, settings: Settings) -> None:
    """Ids and address hashes would silently change their meaning if these could: refuse instead (decisions 2 and 15)."""
    wanted = _wanted(settings)
    with database.read() as connection:
        stored = {key: house.get_fact(connection, key) for key in wanted}
    if stored != wanted:
        with database.write() as connection:
            if house.unused(connection):
                for key in TAGS:
                    house.change_fact(connection, key, wanted[key])
            stored = {key: house.settle_fact(connection, key, value) for key, value in wanted.items()}
    _hold(stored, wanted)


def remembered(database: Database, settings: Settings) -> None:
    """The same comparison for a database that is only asked; what it does not remember yet is no difference.

    Raises:
        ConfigurationInvalid: what must never change was changed.
    """
    wanted = _wanted(settings)
    with database.read() as connection:
        if migrate.present(connection) is None:
            return
        stored = {key: house.get_fact(connection, key) for key in wanted}
        if house.unused(connection):
            stored |= dict.fromkeys(TAGS)
    _hold({key: value for key, value in stored.items() if value is not None}, wanted)


def _hold(stored: Mapping[str, str | None], wanted: Mapping[str, str]) -> None:
    named = {
        "tag_authority": ("publisher.toml", "site.tag_authority"),
        "tag_date": ("publisher.toml", "site.tag_date"),
        "address_key_check": ("secrets.toml", "address_key"),
    }
    problems = [
        Problem(
            *named[key],
            f'"{wanted[key]}" differs from what this database began with: put the old value "{value}" back (feed and story ids '
            "hang on it), or begin with a database of its own (another store.data_dir, or store.url)",
        )
        if key != "address_key_check"
        else Problem(
            *named[key],
            "is not the key this database began with; every address hash would be lost: put the old key back",
        )
        for key, value in stored.items()
        if value != wanted[key]
    ]
    if problems:
        raise ConfigurationInvalid(problems)
