"""Making a digest's edition: select, render, clear, freeze; in this order, so that nothing uncleared is ever frozen.

An edition exists only with its renderings: the gate reads the finished bytes of every language before the one transaction
that gives the number and stores edition, renderings and first publications together. A refusal or a crash before it
leaves nothing behind but a line in the record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from math import ceil
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from publisher import gate
from publisher.desk import letters, windows
from publisher.desk.names import no_edition
from publisher.desk.withdrawals import barred
from publisher.edition import Edition, Kind, LeftOut, Variant, Why
from publisher.errors import AlreadyMade, BadInput, GateRefused, MailTooLarge, NothingToPublish, UnknownName
from publisher.newsroom import Newsroom
from publisher.render import digest as render_digest
from publisher.render import message
from publisher.schedule import edition_id, out_of_reach, present_slot, slot_by_hand
from publisher.selection import SPAN, Act, Candidate, Selection, roomier, select_digest
from publisher.series import Digest, Letter
from publisher.store import agenda, approvals, editions, house, notes, stories, ties

__all__ = [
    "SAMPLE",
    "approve",
    "as_of",
    "cleared",
    "counted_out",
    "draft",
    "edition",
    "find",
    "make",
    "present_or_draft",
    "present_or_made",
    "render_variant",
    "rendered",
    "silent",
    "subject",
]

SAMPLE = message.Personal(
    to="reader@example.org",
    message_id="<preview.0@example.org>",
    leave_url="https://example.org/u/preview",
    leave_mailto="mailto:unsubscribe@example.org",
    preferences_url="https://example.org/p/preview",
)
"""The reader of previews and of the message that the gate reads."""
SAID = {
    Why.CARRIED: "carried by an earlier edition",
    Why.WINDOW: "older than the sections' windows",
    Why.EMBARGO: "under embargo",
    Why.DROPPED: "dropped by the desk",
    Why.LANGUAGE: "in another language",
    Why.RIGHTS: "without the right to be published",
    Why.NOT_ELIGIBLE: "come in after the slot",
    Why.UNFIT: "unfit to be shown",
    Why.DUPLICATE: "another report of an event that is told",
}
"""Reasons that are no whole words by themselves, after a number: "2 carried by an earlier edition"."""


def edition(newsroom: Newsroom, wanted: str) -> Edition:
    """The edition of this id in its present revision; UnknownName otherwise."""
    with newsroom.database.read() as connection:
        found = editions.get(connection, wanted)
        if found is None:
            raise no_edition(connection, wanted)
    return found


def find(newsroom: Newsroom, name: str, *, now: datetime) -> str | None:
    """The edition that a digest's or edition's name means at `now`: the one of its present slot, or one made by hand after that.

    None when there is none yet.
    """
    with newsroom.database.read() as connection:
        if editions.head(connection, name) is not None:
            return name
        if name not in newsroom.digests:
            raise UnknownName("digest or edition", name, newsroom.digests)
        digest = newsroom.digests[name]
        slot = present_slot(digest, now)
        if slot is None:
            return None
        newest = editions.latest(connection, Kind.DIGEST, name)
        by_hand = newest is not None and slot < newest.slot <= now and slot_by_hand(digest, now) != slot
        return editions.of_slot(connection, Kind.DIGEST, name, slot) or (
            newest.id if newest and by_hand else None
        )


def present_or_draft(newsroom: Newsroom, name: str, *, at_once: bool, now: datetime) -> Edition:
    """The edition that `send` would take: made already, or as it would be made now; nothing is stored."""
    found = None if at_once and name in newsroom.digests else find(newsroom, name, now=now)
    if found is not None:
        return edition(newsroom, found)
    digest = newsroom.digest(name)
    return draft(newsroom, digest, slot=now if at_once else slot_by_hand(digest, now), now=now)


def present_or_made(newsroom: Newsroom, name: str, *, at_once: bool, actor: str, now: datetime) -> Edition:
    """The edition of this name, or the present one of this digest, made now if it was not; `at_once` ignores the slots."""
    found = None if at_once and name in newsroom.digests else find(newsroom, name, now=now)
    if found is not None:
        return edition(newsroom, found)
    return make(newsroom, name, slot=now if at_once else None, actor=actor, now=now)


def subject(newsroom: Newsroom, made: Edition, language: str) -> str:
    """The subject of the edition's mail in this language."""
    templates = newsroom.templates
    look = letters.look(letters.of_edition(newsroom, made), letters.edition_path(made, language))
    return render_digest.render(made, Variant(language), look=look, templates=templates).subject


def draft(newsroom: Newsroom, digest: Digest, *, slot: datetime, now: datetime) -> Edition:
    """The edition that would be made at `now`, numbered as the next; nothing is stored.

    Raises:
        NothingToPublish: no story is a candidate; the sentence says what kept the others back.
    """
    with newsroom.database.read() as connection:
        selection, seen = _select(newsroom, connection, digest, slot=slot, now=now)
        said = notes.waiting(connection, digest.slug)
        number = editions.next_number(connection, Kind.DIGEST, digest.slug)
        if not selection.items:
            alerts = digest.urgency is not None  # what is not urgent may be as new as can be
            old = "" if seen or alerts else windows.past(newsroom, connection, digest, slot=slot)
            raise NothingToPublish(f"digest {digest.slug}", _reasons(selection.left_out, digest, seen, old))
    made = Edition(
        edition_id=edition_id(digest, slot),
        kind=Kind.DIGEST,
        series=digest.slug,
        number=number,
        revision=1,
        slot=slot,
        local_date=slot.astimezone(ZoneInfo(digest.timezone)).date(),
        timezone=digest.timezone,
        frozen_at=now,
        languages=digest.languages,
        titles=digest.titles,
        shelves=selection.shelves,
        items=selection.items,
        disclaimers=tuple(newsroom.disclaimers[language] for language in digest.languages),
        left_out=selection.left_out,
        notes=tuple((language, said[language]) for language in digest.languages if language in said),
    )
    return _fitted(newsroom, made)


def _fitted(newsroom: Newsroom, made: Edition) -> Edition:
    """The edition with as many stories as fit into a mail of each language."""
    letter = letters.of_digest(newsroom, newsroom.digest(made.series))
    for language in made.languages:
        look = letters.look(letter, letters.edition_path(made, language))
        while any(made.variant(language)):
            try:
                render_digest.render(made, Variant(language), look=look, templates=newsroom.templates)
                break
            except MailTooLarge as refusal:
                printed = sum(len(items) for _, items in made.variant(language))
                if printed == 1:
                    raise
                too_many = ceil(printed * (refusal.size - refusal.limit) / refusal.size)
                made = roomier(made, language, too_many)
    return made


def _select(
    newsroom: Newsroom, connection: Connection, digest: Digest, *, slot: datetime, now: datetime
) -> tuple[Selection, int]:
    """The selection, and how many stories it was chosen from."""
    sections = windows.sections_of(newsroom, digest)
    marks = stories.marks_in_force(connection, now=now)
    pinned = [mark.story_id for mark in marks if mark.act is Act.PIN]
    since = min(slot - section.reach for section in sections)
    carried = editions.carried(connection, digest.slug)
    before = since - SPAN if any(section.merge for section in sections) else since
    urgent: Mapping[str, datetime] = {}
    if digest.urgency is not None:  # news of these are as old as their urgency
        urgent = agenda.urgent_since(connection, since, now, urgency=digest.urgency, sections=digest.sections)
    found = [
        Candidate(
            replace(story, eligible_at=urgent[story.story_id]) if story.story_id in urgent else story,
            carried.get(story.story_id),
        )
        for story in stories.candidates(connection, since=before, also=[*pinned, *urgent])
        if digest.urgency is None or story.received.urgency <= digest.urgency
    ]
    pool = [entry for entry in found if stories.recent(entry.story, since) or entry.story.story_id in pinned]
    taken = {entry.story.story_id for entry in pool}
    site = newsroom.settings.site
    chosen = select_digest(
        digest,
        sections,
        pool,
        earlier=[entry for entry in found if entry.story.story_id not in taken],
        ties=ties.every(connection),
        marks=marks,
        sources=newsroom.sources,
        slot=slot,
        now=now,
        page=f"{site.url}/story/" if site.pages else "",
    )
    return chosen, len(pool)


def _reasons(left_out: Sequence[LeftOut], digest: Digest, seen: int, old: str) -> str:
    if not left_out and seen:
        return (
            f"of the stories that came in ({seen}) none belongs to its sections {', '.join(digest.sections)}; "
            "see `any` in sections.toml, and `sections` in digests.toml"
        )
    return (
        counted_out(left_out)
        or old
        or "no story has come in within the sections' windows; run `publisher ingest`"
    )


def counted_out(left_out: Sequence[LeftOut]) -> str:
    """How many stories were left out, by reason: "2 carried by an earlier edition, 55 older than the sections' windows"."""
    counts: dict[Why, set[str]] = {}
    for entry in left_out:
        counts.setdefault(entry.why, set()).add(entry.story_id)
    return ", ".join(f"{len(ids)} {SAID.get(why, why)}" for why, ids in sorted(counts.items()))


def silent(made: Edition) -> list[str]:
    """The languages in which the edition says nothing, so that who reads only these gets no mail."""
    return [language for language in made.languages if not any(made.variant(language))]


def make(
    newsroom: Newsroom, name: str, *, slot: datetime | None = None, actor: str, now: datetime
) -> Edition:
    """Make the digest's edition for a slot (None: the present one by its timetable, or this moment when that was on another day).

    Raises:
        AlreadyMade: the slot has an edition. NothingToPublish: no candidates. GateRefused: nothing was frozen.
        BadInput: a slot that the timetable does not give now, and that lies too far off.
    """
    digest = newsroom.digest(name)
    present = present_slot(digest, now)
    if slot is not None and slot != present:
        window = min(section.reach for section in windows.sections_of(newsroom, digest))
        if why := out_of_reach(slot, window=window, now=now):
            raise BadInput(why)
    wanted = slot or slot_by_hand(digest, now)
    with newsroom.database.read() as connection:
        made_before = editions.of_slot(connection, Kind.DIGEST, digest.slug, wanted)
    if made_before is not None:
        raise AlreadyMade(made_before)
    made = draft(newsroom, digest, slot=wanted, now=now)
    outputs: dict[str, bytes] = {}
    letter = letters.of_digest(newsroom, digest)
    for language in digest.languages:
        outputs |= render_variant(newsroom, made, Variant(language), letter=letter, now=now)
    if not outputs:
        raise NothingToPublish(f"digest {digest.slug}", "no section has a story in the digest's languages")
    with newsroom.database.write() as connection:
        number = editions.next_number(connection, Kind.DIGEST, digest.slug)
        if number != made.number or not editions.freeze(connection, made, actor=actor):
            raise AlreadyMade(
                editions.of_slot(connection, Kind.DIGEST, digest.slug, wanted) or made.edition_id
            )
        editions.keep_renderings(connection, made, outputs, now=now)
        stories.publish(connection, ((item.story_id, item.link) for item in made.items), now=now)
        if not digest.parent:  # an order for the section's next edition is none for those apart
            stories.spend_marks(connection, digest.sections)
        notes.clear(connection, digest.slug, dict(made.notes))
        data = {"items": len(made.items), "number": made.number, "content_hash": made.content_hash}
        house.tell(connection, "edition.make", made.edition_id, actor=actor, now=now, data=data)
    return made


def render_variant(
    newsroom: Newsroom, made: Edition, variant: Variant, *, letter: Letter, now: datetime
) -> dict[str, bytes]:
    """Render a variant and let the gate read a finished message of it; outputs by name, none when it has no item.

    Raises:
        GateRefused: with every violation; it is also told in the record.
    """
    if not any(made.variant(variant.language, variant.sections)):
        return {}
    look = letters.look(letter, letters.edition_path(made, variant.language))
    rendered_ = render_digest.render(made, variant, look=look, templates=newsroom.templates)
    raw = letters.compiled(letter, made, variant, rendered_).message(SAMPLE)
    name = f"digest-{variant.key}"
    violations = gate.check_message(raw, made, variant, output=f"{name}.eml", now=now)
    with _told(newsroom, made, now=now):
        gate.clear(made.edition_id, violations)
    return {
        f"{name}.subject": rendered_.subject.encode(),
        f"{name}.html": rendered_.html.encode(),
        f"{name}.txt": rendered_.text.encode(),
    }


def cleared(
    newsroom: Newsroom, made: Edition, variant: Variant, *, letter: Letter, now: datetime
) -> render_digest.Rendered | None:
    """The variant's cleared rendering: the stored one, or rendered, read by the gate and stored now.

    None when the variant has no item.

    Raises:
        GateRefused: see `render_variant`.
    """
    names = [f"digest-{variant.key}.{part}" for part in ("subject", "html", "txt")]
    with newsroom.database.read() as connection:
        outputs = editions.renderings(connection, made.edition_id, made.revision, names=names)
    if not outputs:
        outputs = render_variant(newsroom, made, variant, letter=letter, now=now)
        if not outputs:
            return None
        with newsroom.database.write() as connection:
            editions.keep_renderings(connection, made, outputs, now=now)
            editions.name_variant(connection, made.edition_id, variant)
    return rendered(outputs, variant.key)


@contextmanager
def _told(newsroom: Newsroom, made: Edition, *, now: datetime) -> Iterator[None]:
    """A refusal of the gate goes on record before it ends the command."""
    try:
        yield
    except GateRefused as refusal:
        with newsroom.database.write() as connection:
            data = dict(refusal.facts)
            house.tell(connection, "gate.refused", made.edition_id, actor="rule:gate", now=now, data=data)
        raise


def rendered(outputs: dict[str, bytes], key: str) -> render_digest.Rendered:
    """A variant's rendering from the stored, cleared outputs."""
    name = f"digest-{key}"
    return render_digest.Rendered(
        subject=outputs[f"{name}.subject"].decode(),
        html=outputs[f"{name}.html"].decode(),
        text=outputs[f"{name}.txt"].decode(),
    )


def approve(newsroom: Newsroom, wanted: str, *, actor: str, now: datetime) -> Edition:
    """Approve exactly this content of an edition."""
    made = edition(newsroom, wanted)
    with newsroom.database.write() as connection:
        approvals.approve(connection, made.edition_id, made.content_hash, actor=actor, now=now)
        data = {"content_hash": made.content_hash}
        house.tell(connection, "edition.approve", made.edition_id, actor=actor, now=now, data=data)
    return made


def as_of(newsroom: Newsroom, made: Edition, *, now: datetime) -> tuple[Edition, dict[str, Why]]:
    """An edition as it may go out at `now`: itself, or without what is barred since it was frozen, and why. Stores nothing.

    Raises:
        NothingToPublish: no story of it is left.
    """
    with newsroom.database.read() as connection:
        gone = barred(newsroom, connection, made, now)
    if not gone:
        return made, gone
    left = made.without(gone, why=gone, now=now)
    if not left.items:
        reasons = ", ".join(f"{number} {why}" for why, number in sorted(Counter(gone.values()).items()))
        raise NothingToPublish(f"edition {made.edition_id}", f"no story of it is left: {reasons}")
    return left, gone
