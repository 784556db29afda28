"""What mails say of the house: read from the configuration until a dispatch is opened, and from the dispatch ever after.

Everything that is neither the edition's text nor the reader's own stands in a `Letter`. A dispatch that an older program opened has none:
it takes the one of the configuration when it is first asked for, and keeps it.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime
from typing import Any

from publisher.edition import Edition, Variant
from publisher.errors import ConfigurationInvalid, Problem
from publisher.newsroom import Newsroom
from publisher.render import digest as render_digest
from publisher.render import message
from publisher.series import Digest, Letter, Signature, Voice
from publisher.store import deliveries

__all__ = [
    "compiled",
    "edition_path",
    "headers_of",
    "look",
    "message_id",
    "of_digest",
    "of_dispatch",
    "of_edition",
    "sender_id",
    "signer",
]


def of_digest(newsroom: Newsroom, digest: Digest) -> Letter:
    """The letter of a dispatch that would be opened now."""
    site, mail = newsroom.settings.site, newsroom.settings.mail
    senders = [(language, digest.sender(language)) for language in digest.languages]
    return Letter(
        digest=digest.audience,
        number=digest.number,
        voices=tuple(
            Voice(language, sender.name, sender.address, digest.list_id(language))
            for language, sender in senders
        ),
        reply_to=digest.reply_to,
        site_name=site.name,
        site_url=site.url,
        authority=site.tag_authority,
        contact=site.contact,
        postal_address=site.postal_address,
        unsubscribe_address=mail.unsubscribe_address,
        return_path=mail.bounce_address,
        tagged=bool(mail.bounce_address),
        theme=newsroom.settings.theme,
        signatures=tuple(
            Signature(key.selector, newsroom.settings.dkim.domain, key.fingerprint)
            for key in newsroom.settings.dkim.keys
        ),
    )


def of_dispatch(newsroom: Newsroom, head: Any) -> Letter:
    """The letter that a dispatch (its row) was opened with."""
    if head.letter is not None:
        return Letter.from_data(head.letter)
    present = of_digest(newsroom, newsroom.digest(head.digest))
    with newsroom.database.write() as connection:
        return Letter.from_data(deliveries.settle_letter(connection, head.id, present.data()))


def of_edition(newsroom: Newsroom, made: Edition) -> Letter:
    """The letter of the edition's dispatch; when it has none yet, that of one that would be opened now."""
    with newsroom.database.read() as connection:
        head = deliveries.dispatch_of(connection, made.edition_id)
    if head is not None:
        return of_dispatch(newsroom, head)
    return of_digest(newsroom, newsroom.digest(made.series))


def edition_path(made: Edition, language: str) -> str:
    """Where the edition stands in one of its languages, below the site's address: its first language has the short one."""
    return f"e/{made.edition_id}/" + ("" if language == made.languages[0] else f"{language}/")


def look(letter: Letter, page: str = "") -> render_digest.Look:
    """What the templates may know of the house; `page` is where the mail stands online, below its address."""
    return render_digest.Look(
        site_name=letter.site_name,
        site_url=letter.site_url,
        postal_address=letter.postal_address,
        contact=letter.contact,
        archive_url=f"{letter.site_url}/{page}",
        theme=letter.theme,
    )


def signer(newsroom: Newsroom, letter: Letter, language: str, *, at: datetime) -> message.Sign | None:
    """What signs mails of this letter in this language, dated `at`; None when they carry no signature.

    Raises:
        ConfigurationInvalid: a key that the letter names is gone.
    """
    if not letter.signatures:
        return None
    from publisher.dkim import Signer  # a house that does not sign spares itself the import

    there = {key.fingerprint: key for key in newsroom.settings.dkim.keys}
    gone = [signature.selector for signature in letter.signatures if signature.key not in there]
    if gone:
        why = f'the key of selector "{gone[0]}" is not there, and mails of this dispatch are signed with it: put it back'
        raise ConfigurationInvalid([Problem("publisher.toml", "dkim", why)])
    keys = tuple(replace(there[one.key], selector=one.selector) for one in letter.signatures)
    ((domain, _), *_others) = letter.signed_as(language)
    return Signer(keys, domain, at).over


def compiled(
    letter: Letter,
    made: Edition,
    variant: Variant,
    rendered: render_digest.Rendered,
    *,
    date: datetime | None = None,
    sign: message.Sign | None = None,
) -> message.Compiled:
    """The variant's message, ready to be filled per recipient; `date` is the dispatch's, else the slot.

    What is sent is signed (`signer`); what is only looked at need not be.
    """
    headers = headers_of(
        letter,
        variant.language,
        subject=rendered.subject,
        title=made.title(variant.language),
        archive_url=f"{letter.site_url}/{edition_path(made, variant.language)}",
        about=f"{made.edition_id}:{letter.digest}:digest",
        date=date or made.slot,
    )
    return message.compile(rendered, headers, seed=made.content_hash, sign=sign)


def headers_of(
    letter: Letter,
    language: str,
    *,
    subject: str,
    title: str,
    archive_url: str,
    about: str,
    date: datetime,
    answers: str = "",
) -> message.Headers:
    """What stands above every mail of a list; `about` begins its Feedback-ID, `answers` is the dispatch that it follows."""
    voice = letter.voice(language)
    return message.Headers(
        from_name=voice.name,
        from_address=voice.address,
        subject=subject,
        list_name=title,
        list_id=voice.list_id,
        language=language,
        reply_to=letter.reply_to,
        help_url=letter.site_url,
        archive_url=archive_url,
        owner=letter.contact,
        feedback_id=f"{about}:{sender_id(letter)}",
        date=date,
        answers=answers,
    )


def sender_id(letter: Letter) -> str:
    """The last field of Feedback-ID: the same in every mail of the house."""
    return "".join(c for c in letter.authority if c.isalnum())[:15]


def message_id(newsroom: Newsroom, dispatch_id: str, addr_key: bytes, domain: str) -> str:
    """`<dispatch.HMAC(delivery)@domain>`: fixed before the first try, kept over retries and resends."""
    drawn = hmac.digest(
        newsroom.address_key, b"message-id " + dispatch_id.encode() + addr_key, "sha256"
    ).hex()[:24]
    return f"<{dispatch_id.lower()}.{drawn}@{domain}>"
