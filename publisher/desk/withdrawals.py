"""Taking a story back: out of every output that has not left, in the transaction that records the decision.

A kill or hold, or a version that may not go out, halts each open dispatch of an edition that holds the story; its mark
statement asks for the state `sending`, so no further copy leaves once this transaction has committed (decision 8).
`mailing.resume` then sends the next revision, without the story, to those who are still waiting. An editor's note that says its headline
again falls with it; one that speaks of it in other words only a person sees (`Withdrawal.noted`). What nobody tells us of,
because only time passes, is found by `barred`, before a run and while it lasts. A source that a process does not know because its files were
written since it began bars nothing: what holds such a story waits for the restart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from publisher import gate, selection
from publisher.desk.knowing import need_known
from publisher.edition import Edition, Kind, Why
from publisher.newsroom import Newsroom
from publisher.rights import Channel
from publisher.store import aliases, deliveries, editions, followups, house, notes, stories
from publisher.store.followups import NewFollowup
from publisher.story import Story

__all__ = [
    "BY_SOURCE",
    "Withdrawal",
    "barred",
    "barred_or_unknown",
    "end_corrections",
    "halt_holding",
    "killed_by_source",
    "killed_in",
    "note_source",
    "notes_without",
    "outgoing",
    "standing_in",
    "together",
    "why_barred",
    "withdraw",
]

BY_SOURCE = "by its source"
"""The reason of what no person of the house decided."""
SOURCE_TOO = "story.kill.too"
"""In the record: its source killed what we had killed."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Where a withdrawn story stood: halted dispatches, editions that were or are being mailed, feeds to rebuild.

    `act`: "kill", "hold", or what its source said of it ("embargo", "expired"). `noted`: those of the editions that have an editor's note,
    which may speak of it. `twin_of`: it is held because it says what that story says or said, which was changed or withdrawn; `same`: such stories.
    """

    story_id: str
    act: str
    halted: tuple[str, ...]
    editions: tuple[str, ...]
    feeds: tuple[str, ...]
    noted: tuple[str, ...] = ()
    twin_of: str = ""
    same: tuple[str, ...] = ()


def withdraw(
    connection: Connection,
    story: Story,
    *,
    act: str,
    why: str,
    actor: str,
    now: datetime,
    public: Mapping[str, str] | None = None,
) -> Withdrawal:
    """Record a kill (`act` "kill") or hold ("hold") and halt every dispatch that would still send the story.

    Of a kill it is written, too, that whoever has the story in a mail has to be told, and what readers are told as its reason (`public`, by
    language); its corrections are told to nobody more, and its texts do not come in again under another name.
    """
    changed = replace(story, eligible_at=None, modified_at=now)
    changed = replace(changed, killed=why) if act == "kill" else replace(changed, hold=why)
    stories.save(connection, changed)
    house.tell(connection, f"story.{act}", story.story_id, actor=actor, now=now, why=why)
    if act == "kill":
        told = {"public": dict(public or {}), "by_source": why == BY_SOURCE}
        kill = NewFollowup(story_id=story.story_id, act="kill", version=story.version, told=told)
        followups.add(connection, kill, actor=actor, now=now)
        end_corrections(connection, story.story_id, now=now)
        _clear_notes(connection, story, actor=actor, now=now)
        said = [received for _, _, received in stories.versions(connection, story.story_id)]
        aliases.keep_texts(connection, story.source, story.story_id, said)
    return halt_holding(connection, story.story_id, act=act, why=why)


def killed_by_source(connection: Connection, story_id: str) -> datetime | None:
    """When its source killed a story since a person last let it stand; None where only the desk did."""
    at = None
    for row in house.events_of(connection, story_id):
        if row.what == "story.release":
            at = None
        elif row.what in {"story.kill", SOURCE_TOO} and row.why == BY_SOURCE:
            at = at or row.at
    return at


def note_source(connection: Connection, story: Story, *, actor: str, now: datetime) -> None:
    """Record, once, that its source kills what was killed before: it changes nothing now, and whoever would take our kill back has to know."""
    if killed_by_source(connection, story.story_id) is None:
        house.tell(connection, SOURCE_TOO, story.story_id, actor=actor, now=now, why=BY_SOURCE)


def together(done: Sequence[Withdrawal]) -> Withdrawal:
    """What became of the first of these stories, with where the others stood, which are the same one."""
    return replace(
        done[0],
        halted=_all(entry.halted for entry in done),
        editions=_all(entry.editions for entry in done),
        feeds=_all(entry.feeds for entry in done),
        noted=_all(entry.noted for entry in done),
        same=tuple(entry.story_id for entry in done if entry.twin_of),
    )


def _all(found: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in found for name in names))


def _clear_notes(connection: Connection, story: Story, *, actor: str, now: datetime) -> None:
    """Notes that wait for a next edition and say a headline of the story again are taken away."""
    claims = stories.headlines(connection, story)
    for digest, language, text in notes.every(connection):
        if gate.repeats(text, claims):
            notes.clear(connection, digest, [language])
            data = {"language": language, "story": story.story_id}
            house.tell(connection, "digest.note.clear", digest, actor=actor, now=now, data=data)


def notes_without(
    connection: Connection, made: Edition, gone: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """The edition's notes, less those that say a headline of one of these stories again."""
    if not made.notes:
        return ()
    named = {other.story_id for item in made.items for other in item.also}
    claims = {
        said
        for item in made.items
        if item.story_id in gone
        for said in (item.headline, item.original_headline)
    }
    for story in stories.by_id(connection, {*(item.story_id for item in made.items), *named} & {*gone}):
        claims |= stories.headlines(connection, story)
    return tuple((language, text) for language, text in made.notes if not gate.repeats(text, claims))


def end_corrections(connection: Connection, story_id: str, *, but: str = "", now: datetime) -> None:
    """Corrections of the story (`but` this one) are overtaken: nobody more is told them."""
    followups.end(connection, story_id, "correction", but=but, now=now)
    for dispatch_id in followups.waiting(connection, story_id, "correction", but=but):
        deliveries.cancel(connection, dispatch_id, actor="rule:followup", why="it was overtaken", now=now)


def halt_holding(connection: Connection, story_id: str, *, act: str, why: str) -> Withdrawal:
    """Halt every open dispatch of an edition that holds the story, and say where it stands."""
    mailed = editions.holding(connection, story_id, kind=Kind.DIGEST)
    halted: list[str] = []
    for row in mailed:
        for dispatch in deliveries.open_dispatches(connection, edition_id=row.id):
            detail = f"story {story_id} was withdrawn ({act}): {why}"
            deliveries.halt(connection, dispatch.id, reason=act, detail=detail)
            halted.append(dispatch.id)
    for dispatch_id in followups.waiting(connection, story_id, "correction"):
        deliveries.halt(
            connection, dispatch_id, reason=act, detail=f"story {story_id} was withdrawn ({act}): {why}"
        )
    found = tuple(row.id for row in mailed)
    noted = tuple(name for name in found if (made := editions.get(connection, name)) and made.notes)
    return Withdrawal(story_id, act, tuple(halted), found, standing_in(connection, story_id), noted)


def standing_in(connection: Connection, story_id: str) -> tuple[str, ...]:
    """The series of feeds whose newest edition holds the story."""
    return tuple(
        row.series
        for row in editions.holding(connection, story_id, kind=Kind.FEED)
        if (newest := editions.latest(connection, Kind.FEED, row.series)) is not None and newest.id == row.id
    )


def outgoing(connection: Connection, story_id: str) -> tuple[str, ...]:
    """The frozen editions of digests that hold the story and may still reach somebody: not sent yet, or readers wait for them."""
    return tuple(
        row.id
        for row in editions.holding(connection, story_id, kind=Kind.DIGEST, named=False)
        if (head := deliveries.dispatch_of(connection, row.id)) is None
        or deliveries.counts(connection, head.id).waiting > 0
    )


def killed_in(made: Edition, dead: Mapping[str, int]) -> frozenset[str]:
    """The stories that an edition holds in a version that was killed; `dead`: the last such version by story (`followups.killed_versions`)."""
    return frozenset(item.story_id for item in made.items if item.version <= dead.get(item.story_id, 0))


def barred(newsroom: Newsroom, connection: Connection, made: Edition, now: datetime) -> dict[str, Why]:
    """The stories that an edition holds or names and that may not go out at `now`, each with what bars it.

    An edition is frozen, what it holds is not: asked again at every step on which bytes leave (wire.md 2.2). A version that was killed stays so, also
    when a person has brought a later one in.

    Raises:
        ConfigurationOutdated: this process cannot say it of one of them.
    """
    return {name: why for name, (why, _) in why_barred(newsroom, connection, made, now).items()}


def why_barred(
    newsroom: Newsroom, connection: Connection, made: Edition, now: datetime
) -> dict[str, tuple[Why, str]]:
    """The same, each with the detail. Raises what `barred` raises."""
    gone, without_rights = _barred(newsroom, connection, made, now)
    need_known(newsroom, without_rights)
    return gone


def barred_or_unknown(
    newsroom: Newsroom, connection: Connection, made: Edition, now: datetime
) -> dict[str, Why]:
    """What `barred` says, and what this process cannot say counts as barred: to know which dispatches to leave alone."""
    return {name: why for name, (why, _) in _barred(newsroom, connection, made, now)[0].items()}


def _barred(
    newsroom: Newsroom, connection: Connection, made: Edition, now: datetime
) -> tuple[dict[str, tuple[Why, str]], list[Story]]:
    """Each story with what bars it; and which of them have no right to go out."""
    named = [other.story_id for item in made.items for other in item.also]
    found = stories.by_id(connection, {*(item.story_id for item in made.items), *named})
    dead = followups.killed_versions(connection, [item.story_id for item in made.items])
    why = {story.story_id: selection.barred(story, newsroom.sources, now, Channel.MAIL) for story in found}
    gone = dict.fromkeys(killed_in(made, dead), (Why.KILLED, "the version in this edition was killed"))
    gone |= {name: reason for name, reason in why.items() if reason is not None}
    return gone, [story for story in found if gone.get(story.story_id, ("",))[0] is Why.RIGHTS]
