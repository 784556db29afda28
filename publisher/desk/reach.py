"""How far a kill or a correction of a story has come: feeds, pages, hubs, mail, mailboxes that have it; and whether it stands again. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from publisher.desk import followups as desk_followups
from publisher.desk.followups import KILL, Carrier
from publisher.desk.mailing.report import halt_of, state_of
from publisher.desk.names import whole_id
from publisher.ledger import Counts, DispatchState
from publisher.newsroom import Newsroom
from publisher.revise import Change
from publisher.store import deliveries, followups, house, hubs, public

__all__ = ["report"]


def report(newsroom: Newsroom, story_id: str) -> dict[str, Any]:
    """What became of each kill, and each correction that was told at once, of a story; JSON-ready.

    Of mail to readers: `mailboxes` have the story, or may have it; `mails` were queued to them, by state; whoever is left was `not_written_to`
    because they must not be mailed any more; those of `stopped` dispatches wait until a person says so. `seconds`: from the act to each channel, as far as it got there
    and that is known. Beside the acts: where it was `mailed`, and in which mails it is only `named`, beside another agency's report of the
    same event; their readers have its name and its link, not its words, and are not written to. `again`: since when, by whom, why and in which version
    the story stands after that kill; None while it does not.
    """
    with newsroom.database.read() as connection:
        name = whole_id(connection, "story", story_id)
        path = f"site/story/{name}/index.html"
        page = public.get(connection, path)
        acts = followups.of_story(connection, name)
        done = house.events_of(connection, name)
        return {
            "id": name,
            "mailed": [_mailed(connection, carrier) for carrier in desk_followups.mailed(connection, name)],
            "named": [
                _mailed(connection, carrier)
                for carrier in desk_followups.mailed(connection, name, named=True)
            ],
            "page": {"path": path, "status": page.status, "changed_at": page.changed_at} if page else None,
            "hubs_waiting": hubs.waiting(connection),
            "acts": [
                _act(connection, row, until=min((one.at for one in acts if one.at > row.at), default=None))
                | {"again": _again(done, row) if row.act == KILL else None}
                for row in acts
            ],
        }


def _act(connection: Connection, row: Any, *, until: datetime | None) -> dict[str, Any]:
    """`until`: the next act, whose feeds are not this one's."""
    carriers = list(desk_followups.carriers(connection, row))
    sent = followups.dispatches(connection, row.id)
    counts: Counter[str] = Counter()
    stopped: list[dict[str, Any]] = []
    for one in sent:
        of_one = deliveries.counts(connection, one.id)
        counts.update(asdict(of_one))
        if of_one.waiting and one.state in {DispatchState.HALTED, DispatchState.PAUSED}:
            why = halt_of(one)
            stopped.append({"dispatch": one.id, "state": one.state, "why": why, "waiting": of_one.waiting})
    mailboxes = followups.people(connection, [part for carrier in carriers for part in carrier.parts])
    planned = sum(counts.values())
    feeds = followups.feeds_since(connection, row.story_id, row.at, until=until)
    took = row.took or {}
    first, last = followups.reached(connection, [one.id for one in sent])
    return {
        "act": row.act,
        "version": row.version,
        "at": row.at,
        "actor": row.actor,
        "public": row.told.get("public", {}),
        "feeds": [{"series": series, "at": at} for series, at in feeds.items()],
        "editions": [_edition(connection, carrier, row) for carrier in carriers],
        "mailboxes": mailboxes,
        "mails": {"planned": planned, **asdict(Counts(**counts))},
        "not_written_to": max(0, mailboxes - planned) if row.queued_at else 0,
        "dispatches": [one.id for one in sent],
        "stopped": stopped,
        "looking": row.ended_at is None,
        "seconds": {
            "public": took.get("public", _since(row.at, max(feeds.values(), default=None))),
            "queued": took.get("queued", _since(row.at, row.queued_at)),
            "hubs": took.get("hubs"),
            "first_mail": _since(row.at, first),
            "last_mail": _since(row.at, last),
        },
    }


def _again(done: Sequence[Row[Any]], kill: Any) -> dict[str, Any] | None:
    """The first release of a later version than the killed one: while a story is killed only a person's can be made of it."""
    for row in done:
        version = (row.data or {}).get("version", 0)
        if row.what == f"story.{Change.RELEASE}" and version > kill.version:
            return {"version": version, "at": row.at, "actor": row.actor, "why": row.why}
    return None


def _mailed(connection: Connection, carrier: Carrier) -> dict[str, Any]:
    """A dispatch whose mails have the story, or its name, and how many mailboxes have them."""
    return {
        "edition": carrier.head.edition_id,
        "dispatch": carrier.head.id,
        "mailboxes": followups.people(connection, carrier.parts),
    }


def _edition(connection: Connection, carrier: Carrier, row: Any) -> dict[str, Any]:
    """An edition that was mailed with it, and what became of those who still waited."""
    head = carrier.head
    held = followups.versions_in(connection, head.edition_id, row.story_id)
    return {
        "edition": head.edition_id,
        "dispatch": head.id,
        "state": state_of(head, deliveries.counts(connection, head.id)),
        "revision": head.revision,
        "stopped": row.act == KILL and head.revision not in held,
    }


def _since(start: datetime, at: datetime | None) -> float | None:
    return None if at is None else max(0.0, (at - start).total_seconds())
