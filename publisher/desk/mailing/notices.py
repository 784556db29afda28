"""Notices: the mails that answer what readers asked on the public pages, through the same ledger as every mail.

Order: in one transaction a request becomes the pending reader with its evidence, the link of one use, and a delivery of kind `tx`; only then is
the request answered. A crash before the commit leaves it waiting, one after it leaves a mail that is due. Requests for one digest and of one
kind that wait at the same time share a dispatch. A repeat has the same bytes: the link is derived from the Message-ID.
Refused, without a word to whoever asked: addresses that must not be mailed, and those written to too often (`subscribers.limits`).
Not asked: the gate, for there is no story in them; their form is read back all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from publisher import dispatch as dispatching
from publisher import gate
from publisher.crash import crashpoint
from publisher.desk import letters
from publisher.desk.mailing.parts import Parts
from publisher.newsroom import Newsroom
from publisher.render import message, notice
from publisher.render.notice import Kind
from publisher.series import Letter, Voice
from publisher.store import agenda, deliveries
from publisher.store.deliveries import NewDelivery, NewDispatch, Row
from subscribers import audience
from subscribers.address import Address, parse
from subscribers.consent import Origin
from subscribers.limits import REMEMBERED, may_write
from subscribers.rhythm import parse as parse_rhythm
from subscribers.tokens import Purpose, mint, mint_once

__all__ = ["EXPIRES", "KIND", "TOO_MANY", "answer", "parts"]

_log = logging.getLogger("publisher.notices")

KIND = "tx"
"""The kind of their dispatches and deliveries."""
ACTOR = "web:reader"
EXPIRES = timedelta(hours=24)
AT_ONCE = 200
TOO_MANY = "notices.too-many"
"""What the record says, once an hour, when more mails were asked for than `web.notices_an_hour`."""
LIVES = {Kind.CONFIRM: timedelta(days=7), Kind.ACCOUNT: timedelta(hours=1), Kind.ADDRESS: timedelta(hours=1)}
PURPOSES = {Kind.CONFIRM: Purpose.CONFIRM, Kind.ACCOUNT: Purpose.ACCOUNT, Kind.ADDRESS: Purpose.ADDRESS}
PATHS = {Kind.CONFIRM: "confirm", Kind.ACCOUNT: "account", Kind.ADDRESS: "address", Kind.KNOWN: "p"}


@dataclass(frozen=True, slots=True)
class _Due:
    """A notice to be mailed."""

    digest: str
    kind: Kind
    language: str
    subscriber_id: int
    address: Address
    addr_key: bytes


def answer(newsroom: Newsroom, *, now: datetime) -> int:
    """Answer what waits; returns how many mails came of it. They are due at once."""
    mailed = 0
    while True:
        with newsroom.database.read() as connection:
            if not audience.anybody_waits(connection):
                return mailed
        with newsroom.database.write() as connection:
            rows = audience.waiting(connection, limit=AT_ONCE)
            due: list[_Due] = []
            answered = 0
            room = newsroom.settings.web.notices_an_hour - audience.mailed_since(
                connection, now - timedelta(hours=1)
            )
            for row in rows:
                if len(due) >= room:
                    _tell_too_many(connection, now=now)
                    break
                found = _decided(newsroom, connection, row, now=now)
                audience.answer(connection, row.id, mailed=found is not None, now=now)
                answered += 1
                due += [found] if found is not None else []
            _open(newsroom, connection, due, now=now)
            audience.forget_old(connection, now=now)
            crashpoint("before-notices")
        mailed += len(due)
        if not answered:
            return mailed


def _tell_too_many(connection: Connection, *, now: datetime) -> None:
    why = "more mails are asked for on the public pages than web.notices_an_hour allows: the others wait"
    since = now - timedelta(hours=1)
    if agenda.say_once(connection, TOO_MANY, "signups", since=since, actor="rule:limits", now=now, why=why):
        _log.warning("%s", why)


def _decided(newsroom: Newsroom, connection: Connection, row: Any, *, now: datetime) -> _Due | None:
    """What a request comes to: a notice, or nothing."""
    key = bytes(row.addr_key)
    digest = newsroom.digests.get(row.digest)
    refused = audience.suppressed(connection, key)
    written = audience.written_to(connection, key, since=now - REMEMBERED)
    if digest is None or (refused is not None and refused.cause != "left"):
        return None
    if not may_write(written, now, form=row.form):
        return None
    address = parse(row.address)
    language = row.language if row.language in digest.languages else digest.languages[0]
    if row.what != "join":
        person = audience.get(connection, row.subscriber_id)
        other = audience.find(connection, key)
        if person.address is None:
            return None
        if (
            row.what == "account"
        ):  # they may have moved since they asked, and somebody else may read the former mailbox
            address, key = parse(person.address), bytes(person.addr_key)
        elif other is not None and other.id != person.id and audience.taken(connection, other.id):
            return None
        return _Due(digest.slug, Kind(row.what), language, person.id, address, key)
    known = audience.find(connection, key)
    if known is not None and known.address is not None:
        address = parse(known.address)  # the mailbox that is known, however its name was typed
    if known is not None and known.mailable:
        entries = {entry.digest: entry for entry in audience.subscriptions(connection, known.id)}
        have = entries.get(digest.slug)
        if have is not None and have.active:
            spoken = have.language if have.language in digest.languages else digest.languages[0]
            return _Due(digest.slug, Kind.KNOWN, spoken, known.id, address, key)
    subscriber_id = audience.add(
        connection,
        address,
        key,
        digest=digest.slug,
        language=language,
        sections=row.sections.split() or None,
        rhythm=parse_rhythm(row.rhythm),
        basis=None,
        actor=ACTOR,
        now=row.at,
        origin=Origin(row.form, row.network, row.text_version),
    )
    return _Due(digest.slug, Kind.CONFIRM, language, subscriber_id, address, key)


def _open(newsroom: Newsroom, connection: Connection, due: list[_Due], *, now: datetime) -> None:
    """A dispatch for each digest and kind, ready to be sent."""

    def order(one: _Due) -> tuple[str, str, str]:
        return one.digest, one.kind.value, one.language

    for (slug, kind), group in groupby(sorted(due, key=order), key=lambda one: (one.digest, one.kind)):
        members = list(group)
        dispatch_id = newsroom.mint(
            now, f"notices {slug} {kind} ".encode() + b"".join(sorted(one.addr_key for one in members))
        )
        letter = _letter(newsroom, slug, kind)
        deliveries.open_dispatch(
            connection,
            NewDispatch(
                id=dispatch_id,
                edition_id=None,
                kind=KIND,
                digest=slug,
                revision=1,
                policy="resend",
                token_key=newsroom.token_keys.signing,
                date=now,
                expires_at=now + EXPIRES,
                actor=ACTOR,
                created_at=now,
                letter=letter.data(),
            ),
        )
        rows = [_delivery(newsroom, connection, one, letter, dispatch_id, now=now) for one in members]
        deliveries.add_deliveries(connection, dispatch_id, rows, due_at=now)
        deliveries.finish_freeze(connection, dispatch_id, now=now)


def _delivery(
    newsroom: Newsroom,
    connection: Connection,
    one: _Due,
    letter: Letter,
    dispatch_id: str,
    *,
    now: datetime,
) -> NewDelivery:
    domain = letter.voice(one.language).address.rpartition("@")[2]
    message_id = letters.message_id(newsroom, dispatch_id, one.addr_key, domain)
    if one.kind in PURPOSES:
        purpose = PURPOSES[one.kind]
        token = mint_once(newsroom.token_keys, purpose, message_id, key_id=newsroom.token_keys.signing)
        audience.issue(
            connection,
            purpose,
            token,
            subscriber_id=one.subscriber_id,
            digest=one.digest,
            expires_at=now + LIVES[one.kind],
            address=one.address.address if one.kind is Kind.ADDRESS else None,
        )
    return NewDelivery(
        variant=one.language,
        subscriber_id=one.subscriber_id,
        addr_key=one.addr_key,
        rcpt=one.address.address,
        message_id=message_id,
    )


def _letter(newsroom: Newsroom, slug: str, kind: Kind) -> Letter:
    letter = letters.of_digest(newsroom, newsroom.digest(slug))
    own = newsroom.settings.mail.notice_address
    voices = letter.voices
    if own:
        name = newsroom.settings.site.name
        voices = tuple(Voice(voice.language, name, own, voice.list_id) for voice in voices)
    return replace(letter, notice=kind.value, voices=voices)


def parts(
    newsroom: Newsroom, head: Any, letter: Letter, *, return_path: Callable[[str], Callable[[Row], str]]
) -> Parts:
    """How the mails of this dispatch (its row) are made; a variant is a language."""
    kind = Kind(letter.notice)
    keys = newsroom.token_keys
    look = letters.look(letter)

    def title(language: str) -> str:
        digest = newsroom.digests.get(letter.digest)
        return digest.title(language) if digest is not None else letter.voice(language).name

    def prepare(language: str) -> dispatching.Prepared:
        rendered = notice.render(
            kind, language, digest=title(language), look=look, templates=newsroom.templates
        )
        voice = letter.voice(language)
        headers = message.NoticeHeaders(
            from_name=voice.name,
            from_address=voice.address,
            subject=rendered.subject,
            language=language,
            reply_to=letter.reply_to,
            feedback_id=f"{head.id.lower()}:{letter.digest}:{kind}:{letters.sender_id(letter)}",
            date=head.date,
        )
        seed = notice.seed_of(kind, language, title(language))
        sign = letters.signer(newsroom, letter, language, at=head.date)
        compiled = message.compile_notice(rendered, headers, seed=seed, sign=sign)
        return dispatching.Prepared(compiled, return_path(language))

    def link(row: Row) -> str:
        if kind in PURPOSES:
            token = mint_once(keys, PURPOSES[kind], row.message_id, key_id=head.token_key)
        else:
            token = mint(
                keys,
                Purpose.PREFERENCES,
                subscriber=row.subscriber_id or 0,
                digest=letter.number,
                key_id=head.token_key,
            )
        return f"{letter.site_url}/{PATHS[kind]}/{token}"

    def personal(row: Row) -> message.Personal:
        return message.Personal(to=row.rcpt, message_id=row.message_id, action_url=link(row))

    def read_back(language: str, raw: bytes) -> None:
        found = gate.check_notice(
            raw, output=f"{kind}-{language}.eml", root=letter.site_url, signed=letter.signed_as(language)
        )
        gate.clear(f"{kind} of {letter.digest}", found)

    return Parts(prepare, personal, read_back)
