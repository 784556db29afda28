"""What there is, for whoever asks: rows and records that command line and web show alike. Reads only."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher.desk.names import no_edition
from publisher.desk.names import story as get_story
from publisher.desk.pages import Page, key_of, number_in, place_in
from publisher.desk.withdrawals import killed_in
from publisher.edition import Kind
from publisher.errors import UnknownName
from publisher.newsroom import Newsroom
from publisher.store import approvals, deliveries, followups, house, quarantine, states
from publisher.store import editions as stored_editions
from publisher.store import stories as stored_stories
from publisher.story import EmbargoKind, Story

__all__ = [
    "STATES",
    "edition_head",
    "edition_record",
    "editions",
    "last_recorded",
    "quarantine_entry",
    "quarantined",
    "state_of",
    "stories",
    "story_record",
    "tally",
]


STATES = ("usable", "embargoed", "held", "killed", "withheld", "canceled")
"""Whatever keeps a story back, and nothing; the last two are the source's own."""


def state_of(story: Story, now: datetime) -> str:
    """One word for what keeps a story back, or "usable"."""
    if story.killed is not None:
        return "killed"
    if story.hold is not None:
        return "held"
    if story.embargoed(now):
        return "embargoed"
    return "usable" if story.usable(now) else story.received.pubstatus.value


def last_recorded(newsroom: Newsroom) -> datetime | None:
    """When anything was last written into this house; None in a new one."""
    with newsroom.database.read() as connection:
        return house.last_recorded(connection)


def tally(newsroom: Newsroom, *, now: datetime) -> dict[str, dict[str, int]]:
    """The house in figures: stories by what became of them, and what the gate read and refused."""
    with newsroom.database.read() as connection:
        counts = Counter(states.count(connection, now=now))
        published = states.count_published(connection)
        waiting = quarantine.waiting(connection)
        cleared = stored_editions.count_renderings(connection)
        refused = house.count_events(connection, "gate.refused")
    return {
        "stories": {
            "ingested": counts.total() + waiting,
            "published": published,
            "quarantined": waiting,
            "embargoed": counts["embargoed"],
            "killed": counts["killed"],
        },
        "gate": {"checked": cleared, "refused": refused},
    }


def stories(
    newsroom: Newsroom,
    *,
    section: str | None,
    source: str | None,
    state: str | None = None,
    limit: int,
    after: str | None = None,
    now: datetime,
) -> Page:
    """The newest stories; `state` is one of STATES. A source that is configured no longer is known as long as it has stories here."""
    slug = newsroom.section(section).slug if section else None
    wanted = (state, now) if state else None
    with newsroom.database.read() as connection:
        if source is not None and source not in stored_stories.count_by_source(connection):
            newsroom.source(source)
        found = stored_stories.listing(
            connection, section=slug, source=source, state=wanted, limit=limit + 1, after=place_in(after)
        )

    def told(story: Story) -> dict[str, Any]:
        return {
            "id": story.story_id,
            "version": story.version,
            "state": state_of(story, now),
            "urgency": story.received.urgency,
            "source": story.source,
            "source_name": story.received.source_name,
            "source_url": story.received.source_url,
            "language": story.received.language,
            "sections": story.sections,
            "headline": story.headline,
            "received_at": story.received_at,
            "published": story.received.first_created,
            "eligible_at": story.eligible_at,
        }

    return Page.of(found, limit, row=told, key=lambda story: key_of(story.modified_at, story.story_id))


def story_record(newsroom: Newsroom, story_id: str, *, now: datetime) -> dict[str, Any]:
    """Everything about a story: provenance, versions, acts, editions, and the proof that its text is unchanged."""
    from publisher.intake.markup import text_digest, to_text  # lists do without the readers of wire formats

    story = get_story(newsroom, story_id)
    received = story.received
    with newsroom.database.read() as connection:
        versions = stored_stories.versions(connection, story.story_id)
        acts = house.events_of(connection, story.story_id)
        held_by = [row.id for row in stored_editions.holding(connection, story.story_id, kind=Kind.DIGEST)]
    embargo = received.embargo
    return {
        "id": story.story_id,
        "state": state_of(story, now),
        "version": story.version,
        "headline": story.headline,
        "original_headline": received.original_headline,
        "headline_changed_by": story.headline_changed_by,
        "headline_changed_at": story.headline_changed_at,
        "headline_changed_why": story.headline_changed_why,
        "source": story.source,
        "source_name": received.source_name,
        "source_url": received.source_url,
        "source_guid": received.source_guid,
        "link": story.link,
        "language": received.language,
        "urgency": received.urgency,
        "sections": story.sections,
        "received_at": story.received_at,
        "eligible_at": story.eligible_at,
        "embargo": None if embargo.kind is EmbargoKind.NONE else (embargo.until or embargo.kind.value),
        "first_published": story.first_published,
        "corrected_at": story.corrected_at,
        "correction_note": received.correction_note,
        "byline": received.byline,
        "dateline": received.dateline,
        "located": received.located,
        "provider": received.provider,
        "genre": received.genre,
        "slugline": received.slugline,
        "signals": received.signals,
        "subjects": tuple(f"{s.scheme}:{s.code} {s.name}".strip(": ") for s in received.subjects),
        "rights": received.rights,
        "copyright": received.copyright_notice,
        "usage_terms": received.usage_terms,
        "media": tuple(medium.url for medium in received.media),
        "published": received.first_created,
        "ednote": received.ednote,
        "lede": received.lede,
        "text": to_text(received.body),
        "body": received.body,
        "body_digest": received.body_digest,
        "body_unchanged": text_digest(received.body) == received.body_digest,
        "set_aside": received.set_aside,
        "flags": received.flags,
        "editions": held_by,
        "versions": [
            {"version": n, "received_at": at, "status": r.pubstatus.value, "headline": r.original_headline}
            for n, at, r in versions
        ],
        "acts": [
            {"at": row.at, "what": row.what, "actor": row.actor, "why": row.why, "data": row.data}
            for row in acts
        ],
    }


def quarantined(newsroom: Newsroom, *, everything: bool, limit: int, after: str | None = None) -> Page:
    """What waits in quarantine (or all that ever did), newest first."""
    with newsroom.database.read() as connection:
        state = None if everything else "waiting"
        found = quarantine.listing(connection, state=state, limit=limit + 1, before=number_in(after))

    def told(row: Any) -> dict[str, Any]:
        return {
            "id": row.id,
            "state": row.state,
            "source": row.source,
            "reason": row.reason,
            "detail": row.detail,
            "headline": row.headline,
            "received_at": row.received_at,
        }

    return Page.of(found, limit, row=told, key=lambda row: str(row.id))


def quarantine_entry(newsroom: Newsroom, entry_id: int) -> dict[str, Any]:
    """One entry with what could be read of it."""
    with newsroom.database.read() as connection:
        row = quarantine.get(connection, entry_id)
    if row is None:
        raise UnknownName("quarantine entry", str(entry_id))
    received = quarantine.received_of(row)
    return {
        "id": row.id,
        "state": row.state,
        "source": row.source,
        "reason": row.reason,
        "detail": row.detail,
        "headline": row.headline,
        "source_guid": row.source_guid,
        "source_name": received.source_name if received else None,
        "source_url": received.source_url if received else None,
        "lede": received.lede if received else None,
        "received_at": row.received_at,
        "decided_by": row.decided_by,
        "decided_at": row.decided_at,
        "why": row.why,
        "story": row.story_id,
        "raw": bytes(row.raw[:2000]).decode("utf-8", "replace"),
    }


def editions(
    newsroom: Newsroom, *, series: str | None, feeds: bool, limit: int, after: str | None = None
) -> Page:
    """The newest editions, with the dispatch of each where it has one. A series that is configured no longer keeps its own."""
    kind = Kind.FEED if feeds else Kind.DIGEST
    with newsroom.database.read() as connection:
        if series is not None and stored_editions.latest(connection, kind, series) is None:
            _series(newsroom, series, feeds=feeds)
        found = stored_editions.listing(
            connection, kind=kind, series=series, limit=limit + 1, after=place_in(after)
        )
        return Page.of(
            found,
            limit,
            row=lambda row: _edition(connection, row),
            key=lambda row: key_of(row.frozen_at, row.id),
        )


def _series(newsroom: Newsroom, name: str, *, feeds: bool) -> None:
    """UnknownName, unless a digest or (with `feeds`) a feed of this name is configured."""
    if not feeds:
        newsroom.digest(name)
    elif name not in (known := [feed.series for feed in newsroom.feeds]):
        raise UnknownName("feed", name, known)


def _edition(connection: Connection, row: Any) -> dict[str, Any]:
    """What every answer about an edition tells of it; `row` is its head."""
    mailed = deliveries.dispatch_of(connection, row.id)
    return {
        "id": row.id,
        "kind": row.kind,
        "series": row.series,
        "number": row.number,
        "revision": row.revision,
        "slot": row.slot,
        "frozen_at": row.frozen_at,
        "stories": row.stories,
        "content_hash": row.content_hash,
        "approved_by": approvals.approver(connection, row.id, row.content_hash),
        "dispatch": mailed.id if mailed else None,
    }


def edition_head(newsroom: Newsroom, edition_id: str) -> dict[str, Any]:
    """An edition as lists show it, without its stories."""
    with newsroom.database.read() as connection:
        row = stored_editions.head(connection, edition_id)
        if row is None:
            raise no_edition(connection, edition_id)
        return _edition(connection, row)


def _withdrawn(story: Story | None) -> str | None:
    """Whether a story that an edition holds was taken back since: "killed" or "held"."""
    if story is None:
        return None
    return "killed" if story.killed is not None else "held" if story.hold is not None else None


def edition_record(newsroom: Newsroom, edition_id: str) -> dict[str, Any]:
    """An edition: its editor's notes by language, its shelves with their items and what was taken back since, and the reasons of those left out.

    An item's `printed_under` names an earlier section of its language, in which it is printed for whoever chose both.
    """
    head = edition_head(newsroom, edition_id)
    with newsroom.database.read() as connection:
        made = stored_editions.get(connection, edition_id, revision=head["revision"])
        present = stored_stories.load(connection, (item.story_id for item in made.items) if made else ())
        dead = followups.killed_versions(connection, present)
        called = stored_stories.called(connection, (out.story_id for out in made.left_out) if made else ())
    if made is None:
        raise UnknownName("edition", edition_id)
    killed = killed_in(made, dead)
    first: dict[tuple[str | None, str], str] = {}
    for shelf in made.shelves:
        for name in shelf.stories:
            first.setdefault((shelf.language, name), shelf.title)
    return {
        **head,
        "languages": made.languages,
        "notes": dict(made.notes),
        "shelves": [
            {
                "section": shelf.section,
                "title": shelf.title,
                "language": shelf.language,
                "more": shelf.more,
                "items": [
                    {
                        "id": item.story_id,
                        "version": item.version,
                        "headline": item.headline,
                        "original_headline": item.original_headline,
                        "source_name": item.source_name,
                        "source_url": item.source_url,
                        "link": item.link,
                        "language": item.language,
                        "withdrawn": "killed"
                        if item.story_id in killed
                        else _withdrawn(present.get(item.story_id)),
                        "printed_under": title
                        if (title := first[shelf.language, item.story_id]) != shelf.title
                        else "",
                    }
                    for item in map(made.item, shelf.stories)
                ],
            }
            for shelf in made.shelves
        ],
        "left_out": [
            {
                "id": entry.story_id,
                "headline": called.get(entry.story_id, ""),
                "section": entry.section,
                "language": entry.language,
                "why": entry.why.value,
                "detail": entry.detail,
            }
            for entry in made.left_out
        ],
    }
