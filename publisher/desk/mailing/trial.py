"""A test mail: what readers would get, sent to somebody of the house before anybody else.

It is an edition as it is frozen, or as it would be made now; nothing of it is stored but a line in the record. Subject and first line say
that it is a test, its links for leaving lead nowhere, and no subscriber's token is in it. It passes the same gate and the same relay as
every mail, and it is tried once: no ledger keeps it. Whoever is suppressed gets no mail of ours, not a test either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from publisher import gate
from publisher.desk import letters
from publisher.desk.editions import as_of
from publisher.edition import Edition, Variant
from publisher.errors import BadInput, RelayUnavailable
from publisher.ledger import Outcome, State
from publisher.newsroom import Newsroom
from publisher.render import digest as render_digest
from publisher.render import message
from publisher.store import house
from publisher.transport import Envelope, Relay, at_once
from subscribers import audience
from subscribers.address import Address, key, parse

__all__ = ["Trial", "trial"]


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one test mail."""

    address: str
    language: str
    accepted: bool
    said: str


def trial(
    newsroom: Newsroom,
    made: Edition,
    addresses: Sequence[str],
    *,
    languages: Sequence[str] = (),
    actor: str,
    now: datetime,
) -> list[Trial]:
    """Send the edition to these addresses, once in each of the languages (all of the edition's, if none are named).

    Raises:
        BadInput: an address is none or is suppressed, or the edition has nothing in a language; then nothing was sent.
        GateRefused: as for every mail.
        RelayUnavailable: the relay cannot be used.
        ConfigurationInvalid: the edition's dispatch was opened with a key that is gone.
    """
    readers = _readers(newsroom, addresses)
    left, _gone = as_of(newsroom, made, now=now)
    spoken = list(languages or left.languages)
    if missing := [tongue for tongue in spoken if not any(left.variant(tongue))]:
        if languages:
            raise BadInput(f"edition {left.edition_id} has nothing to show in {', '.join(missing)}")
        spoken = [tongue for tongue in spoken if tongue not in missing]
    letter = letters.of_edition(newsroom, left)
    mails: list[tuple[str, Envelope, bytes]] = []
    for tongue in spoken:
        variant = Variant(tongue)
        look = replace(letters.look(letter, letters.edition_path(left, tongue)), test=True)
        rendered = render_digest.render(left, variant, look=look, templates=newsroom.templates)
        sign = letters.signer(newsroom, letter, tongue, at=now)
        compiled = letters.compiled(letter, left, variant, rendered, date=now, sign=sign)
        voice = letter.voice(tongue)
        for reader in readers:
            personal = message.Personal(
                to=reader.address,
                message_id=f"<test.{newsroom.mint(now, f'{tongue} {reader.address}'.encode())}@{voice.address.partition('@')[2]}>",
                leave_url=f"{letter.site_url}/u/test",
                leave_mailto="",
                preferences_url=f"{letter.site_url}/p/test",
            )
            output = f"test-{tongue}.eml"
            raw = compiled.message(personal)
            found = gate.check_message(
                raw,
                left,
                variant,
                output=output,
                now=now,
                subject=rendered.subject,
                signed=letter.signed_as(tongue),
            )
            gate.clear(left.edition_id, found)
            sender = letter.return_path or voice.address
            mails.append((tongue, Envelope(sender, reader.address), raw))
    tried = asyncio.run(_sent(Relay(newsroom.relays[0]), mails))
    with newsroom.database.write() as connection:
        data = {"mails": len(tried), "accepted": sum(mail.accepted for mail in tried)}
        house.tell(connection, "edition.test", left.edition_id, actor=actor, now=now, data=data)
    return tried


def _readers(newsroom: Newsroom, addresses: Sequence[str]) -> list[Address]:
    readers = [parse(address) for address in dict.fromkeys(addresses)]
    with newsroom.database.read() as connection:
        for reader in readers:
            if found := audience.suppressed(connection, key(reader, newsroom.address_key)):
                raise BadInput(
                    f"{reader.address} is suppressed ({found.cause}) and gets no mail: `publisher suppression undo` comes first"
                )
    return readers


async def _sent(relay: Relay, mails: Sequence[tuple[str, Envelope, bytes]]) -> list[Trial]:
    """Each mail once, one after the other over as few connections as the relay's settings allow."""
    tried: list[Trial] = []
    connection = None
    try:
        for language, envelope, raw in mails:
            if connection is None or not connection.usable:
                if connection is not None:
                    await connection.close()
                found = await relay.connect()
                if isinstance(found, Outcome):
                    connection, why = None, found.reply or found.cause
                    if not tried:
                        raise RelayUnavailable(relay.options.name, why)
                    tried.append(Trial(envelope.recipient, language, accepted=False, said=why))
                    continue
                connection = found
            outcome = await connection.send(envelope, [raw], before_dot=at_once)
            tried.append(_told(envelope, language, outcome))
    finally:
        if connection is not None:
            await connection.close()
    return tried


def _told(envelope: Envelope, language: str, outcome: Outcome | None) -> Trial:
    accepted = outcome is not None and outcome.state is State.ACCEPTED
    said = (
        ""
        if outcome is None
        else " ".join(str(part) for part in (outcome.code, outcome.reply or outcome.cause) if part)
    )
    return Trial(envelope.recipient, language, accepted, said)
