"""How the mails of a follow-up are made: what is said of a kill, and a corrected story once more. Every mail answers the one that its reader has.

A kill notice is read by a rule of the gate of its own; a correction is an edition of one story to it, like any other. What they say comes
from rows that never change (the follow-up, the edition in which the story came, the dispatch's letter), so that a repeat has the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from publisher import dispatch as dispatching
from publisher import gate
from publisher.desk import letters
from publisher.desk.followups import KILL, Carrier, carriers
from publisher.desk.mailing.parts import Parts
from publisher.desk.withdrawals import barred
from publisher.edition import Edition, Item, Shelf, Variant
from publisher.editiondata import item_from_data
from publisher.newsroom import Newsroom
from publisher.render import digest as render_digest
from publisher.render import message, withdrawal
from publisher.render.templates import Templates
from publisher.render.withdrawal import Withdrawal
from publisher.series import Letter
from publisher.store import followups, stories
from publisher.store.deliveries import Row

__all__ = ["corrected", "of_one_story", "parts"]


@dataclass(frozen=True, slots=True)
class _Kill:
    """What is told of a kill: the story as it was mailed, where its page is, and the headlines that it had."""

    carrier: Carrier
    item: Item
    row: Any
    link: str
    claims: frozenset[str]


def corrected(newsroom: Newsroom, head: Any) -> Edition | None:
    """The edition of one story that a dispatch of a correction mails; None when it tells a kill."""
    row, carrier = _told(newsroom, head)
    if row.act == KILL:
        return None
    return of_one_story(
        carrier.made,
        item_from_data(row.told["item"]),
        edition_id=row.id,
        at=row.at,
        revision=head.revision,
        templates=newsroom.templates,
    )


def of_one_story(
    made: Edition, story: Item, *, edition_id: str, at: datetime, revision: int, templates: Templates
) -> Edition:
    """The edition of this story alone, where its readers found it in `made`; on top it says what it corrects, and nothing else."""
    found = {language: _shelf(made, story.story_id, language) for language in made.languages}
    return Edition(  # made anew: what else an edition says in the morning is no part of a correction
        edition_id=edition_id,
        kind=made.kind,
        series=made.series,
        number=made.number,
        revision=revision,
        slot=at,
        local_date=at.astimezone(ZoneInfo(made.timezone)).date(),
        timezone=made.timezone,
        frozen_at=at,
        languages=made.languages,
        titles=made.titles,
        shelves=tuple(
            Shelf(section=shelf.section, title=shelf.title, language=language, stories=(story.story_id,))
            for language, shelf in found.items()
            if shelf is not None
        ),
        items=(story,),
        disclaimers=made.disclaimers,
        notes=tuple(
            (
                language,
                withdrawal.correction_note(
                    made.title(language), made.slot, made.timezone, templates.words(language).apart
                ),
            )
            for language in made.languages
        ),
    )


def _told(newsroom: Newsroom, head: Any) -> tuple[Any, Carrier]:
    """What the dispatch tells, and the dispatch that it follows."""
    with newsroom.database.read() as connection:
        row = followups.get(connection, head.followup_id)
        found = next(one for one in carriers(connection, row) if one.head.id == head.answers)
    return row, found


def _shelf(made: Edition, story_id: str, language: str) -> Shelf | None:
    """The shelf on which readers of this language found the story first."""
    return next(
        (
            shelf
            for shelf, items in made.variant(language)
            if any(item.story_id == story_id for item in items)
        ),
        None,
    )


def parts(
    newsroom: Newsroom,
    head: Any,
    letter: Letter,
    *,
    return_path: Callable[[str], Callable[[Row], str]],
    personal: Callable[[Row], message.Personal],
    clock: Callable[[], datetime],
) -> Parts:
    """How the mails of this dispatch (its row) are made; a variant is a language."""
    made = corrected(newsroom, head)
    if made is not None:
        prepare, read_back = _correction(newsroom, head, letter, made, clock=clock)
    else:
        prepare, read_back = _kill(newsroom, head, letter)

    def prepared(language: str) -> dispatching.Prepared:
        return dispatching.Prepared(prepare(language), return_path(language))

    return Parts(prepared, personal, read_back)


_Prepare = Callable[[str], message.Compiled]
_ReadBack = Callable[[str, bytes], None]


def _correction(
    newsroom: Newsroom, head: Any, letter: Letter, made: Edition, *, clock: Callable[[], datetime]
) -> tuple[_Prepare, _ReadBack]:
    (story,) = made.items
    _, carrier = _told(newsroom, head)

    def prepare(language: str) -> message.Compiled:
        page = _page(letter, carrier.made, story.story_id, story.link, language)
        words = newsroom.templates.words(language).apart
        look = replace(letters.look(letter), archive_url=page, label=words.gettext("Correction"))
        variant = Variant(language)
        rendered = render_digest.render(made, variant, look=look, templates=newsroom.templates)
        headers = letters.headers_of(
            letter,
            language,
            subject=rendered.subject,
            title=made.title(language),
            archive_url=page.partition("#")[0],
            about=f"{made.edition_id}:{letter.digest}:correction",
            date=head.date,
            answers=head.answers,
        )
        sign = letters.signer(newsroom, letter, language, at=head.date)
        return message.compile(rendered, headers, seed=made.content_hash, sign=sign)

    def read_back(language: str, raw: bytes) -> None:
        now = clock()
        with newsroom.database.read() as connection:
            gone = frozenset(barred(newsroom, connection, made, now))
        found = gate.check_message(
            raw,
            made,
            Variant(language),
            output=f"correction-{language}.eml",
            now=now,
            barred=gone,
            signed=letter.signed_as(language),
            follows=True,
        )
        gate.clear(made.edition_id, found)

    return prepare, read_back


def _kill(newsroom: Newsroom, head: Any, letter: Letter) -> tuple[_Prepare, _ReadBack]:
    told = _withdrawn(newsroom, head)

    def said(language: str) -> Withdrawal:
        made = told.carrier.made
        places = told.carrier.places[language]
        (_, number), *others = places
        return Withdrawal(
            title=made.title(language),
            slot=made.slot,
            at=told.row.at,
            timezone=made.timezone,
            source_name=told.item.source_name,
            by_source=told.row.told["by_source"],
            reason=told.row.told["public"].get(language, ""),
            page_url=_page(letter, made, told.item.story_id, told.link, language),
            section=" / ".join(sorted({title for title, _ in places})),
            number=0 if others else number,
            time=told.item.time,
        )

    def prepare(language: str) -> message.Compiled:
        what = said(language)
        look = letters.look(letter)
        rendered = withdrawal.render(what, language, look=look, templates=newsroom.templates)
        headers = letters.headers_of(
            letter,
            language,
            subject=rendered.subject,
            title=what.title,
            archive_url=f"{letter.site_url}/",
            about=f"{told.row.id}:{letter.digest}:kill",
            date=head.date,
            answers=head.answers,
        )
        sign = letters.signer(newsroom, letter, language, at=head.date)
        return message.compile(rendered, headers, seed=withdrawal.seed_of(what, language), sign=sign)

    @cache
    def house(language: str) -> str:
        """What the notice says whatever the desk says of the story: the source's name and our titles are no claims of it."""
        own = replace(said(language), reason="")
        made = withdrawal.render(own, language, look=letters.look(letter), templates=newsroom.templates)
        return gate.words_of(made.subject, made.text, made.html)

    def read_back(language: str, raw: bytes) -> None:
        found = gate.check_withdrawal(
            raw,
            output=f"kill-{language}.eml",
            root=letter.site_url,
            source_name=told.item.source_name,
            claims=told.claims,
            house=house(language),
            signed=letter.signed_as(language),
        )
        gate.clear(told.row.id, found)

    return prepare, read_back


def _page(letter: Letter, made: Edition, story_id: str, link: str, language: str) -> str:
    """Where it stands what became of a story: on its own page, if it has or had one here, else in the edition in which it came."""
    if link.startswith(f"{letter.site_url}/"):
        return link
    return f"{letter.site_url}/{letters.edition_path(made, language)}#s-{story_id}"


def _withdrawn(newsroom: Newsroom, head: Any) -> _Kill:
    row, carrier = _told(newsroom, head)
    with newsroom.database.read() as connection:
        present = stories.get(connection, row.story_id)
        claims = stories.headlines(connection, present) if present else frozenset()
    had = carrier.made.item(row.story_id)
    link = (present and present.link) or had.link
    return _Kill(carrier, had, row, link, claims | {had.headline, had.original_headline})
