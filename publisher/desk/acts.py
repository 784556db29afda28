"""What an editor does to a story: headline, pin, drop, hold, release, kill; and to what waits in quarantine.

Each act asks for a reason, is recorded with its actor, and is one transaction. A frozen edition is never edited.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from publisher import gate
from publisher.desk import onestory, publishing
from publisher.desk.names import story_in
from publisher.desk.nextversion import headlined
from publisher.desk.propagation import propagate
from publisher.desk.publishing import Published
from publisher.desk.sourcereport import SourceReport
from publisher.desk.taking import ByHand, take_item
from publisher.desk.withdrawals import Withdrawal, outgoing, together, withdraw
from publisher.errors import BadInput, Conflict, Refused, UnknownName
from publisher.feed import base
from publisher.intake.links import absolute, canonical, unfit
from publisher.intake.text import clean
from publisher.legible import visible
from publisher.newsroom import Newsroom
from publisher.revise import eligible_at
from publisher.selection import Act, Candidate, Mark
from publisher.store import aliases, editions, house, quarantine, stories
from publisher.story import Reason, Source, Story, lacks

__all__ = [
    "Changed",
    "Marked",
    "Withdrawn",
    "drop_quarantined",
    "headline",
    "hold",
    "kill",
    "mark",
    "release",
    "release_quarantined",
]


PUBLIC_MAX = 500
"""Characters of a kill's public reason."""
SUPPLIED = {
    Reason.NO_SOURCE_NAME: "--source-name",
    Reason.NO_SOURCE_LINK: "--source-url",
    Reason.NO_HEADLINE: "--headline",
}
"""What an item lacks, and what supplies it on release."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A pin or drop that was made, and what should be said of it: sentences without capital and stop."""

    mark: Mark
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """A story with what was decided of it, and what was made anew with it.

    `frozen`: the editions of digests that were frozen with another headline and still go out.
    """

    story: Story
    published: Published
    frozen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A story taken back: where it stood, and what was made anew without it."""

    withdrawal: Withdrawal
    published: Published


def _alive(present: Story) -> Story:
    """The story itself, unless it was killed: nothing else is done to it before a person lets it stand again."""
    if present.killed is not None:
        raise Refused(
            f"story {present.story_id} was killed ({present.killed}): no source brings it back, and time does not. "
            f"Where the kill was a mistake, `publisher story restore {present.story_id}` lets it stand again. "
            "What its source sends of it in another text waits in `publisher quarantine list`; the same again is no news"
        )
    return present


def headline(newsroom: Newsroom, story_id: str, text: str, *, why: str, actor: str, now: datetime) -> Changed:
    """Give the story a house headline, also in the feeds that have it; the original stays beside it.

    An empty text takes the house headline back.

    Raises:
        BadInput: the text is not empty and yet shows nothing.
        Refused: the story was killed, or its source wrote no headline to go back to.
    """
    wanted = clean(text, limit=500)
    if text.strip() and not visible(wanted):
        raise BadInput("the headline has no visible character; an empty one takes the house headline back")
    with newsroom.database.write() as connection:
        present = _alive(story_in(connection, story_id))
        before = present.headline
        if wanted:
            changed = headlined(present, wanted, why=why, actor=actor, now=now)
        elif original := present.received.headline or present.received.original_headline:
            changed = replace(
                present,
                headline=original,
                headline_changed_by=None,
                headline_changed_at=None,
                headline_changed_why=None,
                modified_at=now,
            )
        else:
            raise Refused(f"story {present.story_id} has no headline but ours: its source wrote none")
        stories.save(connection, changed)
        data = {"before": before, "after": changed.headline}
        house.tell(connection, "story.headline", changed.story_id, actor=actor, now=now, why=why, data=data)
        frozen = outgoing(connection, changed.story_id) if changed.headline != before else ()
    published = publishing.at_once(newsroom, [changed.story_id], actor=actor, now=now)
    return Changed(changed, published, frozen)


def mark(
    newsroom: Newsroom,
    story_id: str,
    act: Act,
    *,
    section: str,
    place: int | None = None,
    until: datetime | None = None,
    why: str,
    actor: str,
    now: datetime,
) -> Marked:
    """Pin a story in a section or drop it from it; without `until` for the next edition of that section.

    Raises:
        BadInput: `until` has passed, or a story is dropped from a section that it is not in.
        Refused: the story was killed.
    """
    slug = newsroom.section(section).slug
    if until is not None and until <= now:
        raise BadInput(f"--until {until:%Y-%m-%d %H:%M} lies in the past")
    with newsroom.database.write() as connection:
        present = _alive(story_in(connection, story_id))
        made = Mark(present.story_id, slug, act, place)
        remarks = tuple(_remarks(newsroom, connection, present, made, now=now))
        stories.mark(connection, made, until=until, actor=actor, why=why, now=now)
        data = {"section": slug, "place": place}
        house.tell(connection, f"story.{act}", present.story_id, actor=actor, now=now, why=why, data=data)
    return Marked(made, remarks)


def _remarks(
    newsroom: Newsroom, connection: Connection, present: Story, made: Mark, *, now: datetime
) -> Iterator[str]:
    """What the editor may not expect of this pin or drop."""
    slug = made.section
    if slug not in present.sections:
        where = f"it is in {', '.join(present.sections)}" if present.sections else "it is in no section"
        if made.act is Act.PIN:
            yield f"it does not belong to {slug} ({where}): this pin alone brings it there"
        elif not any(
            (mark.story_id, mark.section) == (present.story_id, slug)
            for mark in stories.marks_in_force(connection, now=now)
        ):
            raise BadInput(f"story {present.story_id} is not in {slug}: {where}")
    if not present.usable(now):
        yield "no edition takes it as it is: see its state in `publisher story show`"
    digests = [digest.slug for digest in newsroom.settings.digests if slug in digest.sections]
    if not digests and made.act is Act.PIN:
        yield f"no digest has the section {slug}, and feeds know no pins"
    carriers = {row.series: row for row in editions.carriers(connection, present.story_id)}
    for digest in digests:
        if (row := carriers.get(digest)) and Candidate(present, row.frozen_at).spent:
            yield f"{row.id} has carried it: {digest} does not show it again unless it is corrected"


def hold(newsroom: Newsroom, story_id: str, *, why: str, actor: str, now: datetime) -> Withdrawn:
    """Stop using a story until it is released: out of feeds and pages at once, and of every mail that has not left."""
    with newsroom.database.write() as connection:
        present = story_in(connection, story_id)
        if present.killed is not None:
            raise Conflict(f"story {present.story_id} was killed: a kill cannot become a hold")
        if present.hold is not None:
            raise Conflict(f"story {present.story_id} is held already: {present.hold}")
        done = [withdraw(connection, present, act="hold", why=why, actor=actor, now=now)]
        done += onestory.hold_twins(connection, present, [present.received], act="held", actor=actor, now=now)
    gone = [entry.story_id for entry in done]
    return Withdrawn(together(done), publishing.at_once(newsroom, gone, actor=actor, now=now))


def kill(
    newsroom: Newsroom,
    story_id: str,
    *,
    why: str,
    public: Mapping[str, str] | None = None,
    actor: str,
    now: datetime,
) -> Withdrawn:
    """Withdraw a story for good: feeds that had it show a notice in its place at once, and whoever has it in a mail is told.

    `public`: the reason that these readers are told, by language; "" is the story's, or the site's where the house does not speak that.

    Raises:
        BadInput: nobody is told anything in a language of these, or two are given in one.
        Refused: that reason repeats a headline of the story, or could not stand in a mail.
    """
    with newsroom.database.write() as connection:
        present = story_in(connection, story_id)
        if present.killed is not None:
            raise Conflict(f"story {present.story_id} was killed before: {present.killed}")
        one = [present, *stories.by_id(connection, aliases.joined(connection, present.story_id))]
        claims = frozenset().union(*(stories.headlines(connection, story) for story in one))
        said = _public(newsroom, present, public or {})
        for text in said.values():
            if faults := gate.unsayable(text, claims):
                raise Refused(
                    f"the public reason {faults[0]}: readers could not be told it, and nothing was done"
                )
        done = onestory.kill(newsroom, connection, present, why=why, actor=actor, now=now, public=said)
    return Withdrawn(
        together(done), propagate(newsroom, [entry.story_id for entry in done], actor=actor, now=now)
    )


def _public(newsroom: Newsroom, story: Story, given: Mapping[str, str]) -> dict[str, str]:
    """The public reason in each of the house's languages that is meant, by the house's own tags."""
    spoken = {tag for digest in newsroom.digests.values() for tag in digest.languages}
    spoken |= {*newsroom.disclaimers, newsroom.settings.site.language}

    def meant(language: str) -> set[str]:
        return {language} & spoken or {tag for tag in spoken if base(tag) == base(language)}

    own = story.received.language if meant(story.received.language) else newsroom.settings.site.language
    said: dict[str, str] = {}
    for language, text in given.items():
        tags = meant(language or own)
        if not tags:
            known = ", ".join(sorted(spoken))
            raise BadInput(f"nobody is told a reason in {language!r} here; there are {known}")
        if twice := tags & said.keys():
            raise BadInput(f"two public reasons are given in {min(twice)}, and each language is told one")
        said |= dict.fromkeys(tags, clean(text, limit=PUBLIC_MAX))
    return said


def release(newsroom: Newsroom, story_id: str, *, why: str, actor: str, now: datetime) -> Changed:
    """Let a held story, or one under an embargo without a readable end, go out from now on, and into its feeds at once."""
    with newsroom.database.write() as connection:
        present = _alive(story_in(connection, story_id))
        if present.hold is None and not present.embargoed(now):
            raise Conflict(f"story {present.story_id} is neither held nor under embargo")
        if present.received.embargo.until is not None and present.embargoed(now):
            until = present.received.embargo.until
            raise Refused(
                f"story {present.story_id} is under embargo until {until:%Y-%m-%d %H:%M} UTC by its source"
            )
        changed = replace(present, hold=None, released_at=now, modified_at=now)
        changed = replace(changed, eligible_at=eligible_at(changed))
        stories.save(connection, changed)
        aliases.part(connection, changed.story_id)
        house.tell(connection, "story.release", changed.story_id, actor=actor, now=now, why=why)
    done = publishing.at_once(newsroom, [changed.story_id], unseen=True, actor=actor, now=now)
    return Changed(changed, done)


def release_quarantined(
    newsroom: Newsroom,
    entry_id: int,
    *,
    source_name: str | None,
    source_url: str | None,
    headline: str | None = None,
    why: str,
    actor: str,
    now: datetime,
) -> str:
    """Bring an item in, supplied with the source name, link and headline that it lacked; returns its story's id.

    A headline is one of the house: that the source wrote none is not hidden.

    Raises:
        UnknownName, Conflict: no such entry, or it was decided before.
        Refused: it cannot be read, or it still lacks something; the sentence names all of it.
    """
    with newsroom.database.write() as connection:
        entry = quarantine.get(connection, entry_id)
        if entry is None:
            raise UnknownName("quarantine entry", str(entry_id))
        if entry.state != "waiting":
            raise Conflict(f"quarantine entry {entry_id} was {entry.state} by {entry.decided_by}")
        received = quarantine.received_of(entry)
        if received is None:
            raise Refused(
                f"quarantine entry {entry_id} cannot be read as a story ({entry.detail}): drop it, or mend the source"
            )
        source = newsroom.source(entry.source)
        received = replace(
            received,
            source_name=clean(source_name) if source_name else received.source_name,
            source_url=_source_link(source_url, source) if source_url else received.source_url,
        )
        ours = clean(headline or "", limit=500)
        missing = [lack for lack in lacks(received) if not (lack[0] is Reason.NO_HEADLINE and ours)]
        if missing:
            raise Refused(
                f"quarantine entry {entry_id} cannot be released: {' and '.join(said for _, said in missing)}; "
                f"give {' and '.join(SUPPLIED[reason] for reason, _ in missing)}"
            )
        report = SourceReport(source.slug)
        story_id = take_item(
            newsroom,
            connection,
            source,
            received,
            report=report,
            actor=actor,
            now=now,
            by_hand=ByHand(why, ours),
        )
        if story_id is None:
            raise Conflict(f"quarantine entry {entry_id} brings nothing new: {', '.join(report.counts)}")
        if later := quarantine.released_after(connection, entry, story_id):
            raise Conflict(
                f"quarantine entry {entry_id} is older than entry {later}, which is story {story_id} now: drop it"
            )
        quarantine.decide(connection, entry_id, "released", actor=actor, why=why, now=now, story_id=story_id)
        house.tell(
            connection,
            "quarantine.release",
            str(entry_id),
            actor=actor,
            now=now,
            why=why,
            data={
                "story": story_id,
                "supplied": {
                    name: value
                    for name, value in (
                        ("source_name", source_name),
                        ("source_url", source_url),
                        ("headline", ours),
                    )
                    if value
                },
            },
        )
    return story_id


def _source_link(typed: str, source: Source) -> str:
    """The link that a person supplied, held to the same rules as one that came with an item."""
    url = absolute(typed)
    if url is None:
        raise Refused(f"{clean(typed, 200)!r} is no absolute http(s) link to the original")
    if lack := unfit(canonical(url), source):
        raise Refused(f"the source link leads to {lack}; give another with --source-url")
    return canonical(url)


def drop_quarantined(newsroom: Newsroom, entry_id: int, *, why: str, actor: str, now: datetime) -> None:
    """Decide that an item stays out; its bytes are kept."""
    with newsroom.database.write() as connection:
        entry = quarantine.get(connection, entry_id)
        if entry is None:
            raise UnknownName("quarantine entry", str(entry_id))
        if not quarantine.decide(connection, entry_id, "dropped", actor=actor, why=why, now=now):
            raise Conflict(f"quarantine entry {entry_id} was {entry.state} by {entry.decided_by}")
        house.tell(connection, "quarantine.drop", str(entry_id), actor=actor, now=now, why=why)
