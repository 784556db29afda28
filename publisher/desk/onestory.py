"""Two stories of ours that are one, as their source says: an item that names both by their ids, which agencies do that give each version an id of its own.

One stands for both from then on, and every name leads to it: the one that the item belongs to, or one that was killed, for a kill wins over everything.
The other is held, so that readers have the story once; where the one was killed, or the item kills it, it goes the same way. The desk is told, and may release what it holds to be two.

What a source sent twice under two ids that nothing joins, word for word, is printed once (`selection.grouping`), and stays two. So when one is killed, held
or changed, the other would come up with the words that were taken back: it is held, and a person decides. An agency also kills what it sent twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from publisher.desk.sourcereport import SourceReport
from publisher.desk.withdrawals import BY_SOURCE, Withdrawal, withdraw
from publisher.newsroom import Newsroom
from publisher.revise import Change, killed
from publisher.selection import belongs
from publisher.store import aliases, house, stories, twins
from publisher.story import PubStatus, Received, Story

__all__ = ["after_change", "hold_twins", "kill", "settle"]

AROUND = timedelta(days=1)
"""How far from a story its source's others are looked at, for one that says the same."""
CHANGED = "changed"
BECAME = {Change.HOLD: "held", Change.UPDATE: CHANGED, Change.CORRECTION: CHANGED}
"""What becomes of a story by such a version, in a word: another one of its source may stand for what it said before."""


def settle(
    newsroom: Newsroom,
    connection: Connection,
    received: Received,
    named: Sequence[str],
    *,
    report: SourceReport,
    actor: str,
    now: datetime,
) -> str | None:
    """The one of these stories that stands for all of them from now on; None where there is none."""
    if len(named) < 2:
        return named[0] if named else None
    found = {name: story for name in sorted(named) if (story := stories.locked(connection, name))}
    dead = [name for name in named if killed(found[name])]
    into = dead[0] if dead else named[0]
    for name in named:
        if name == into:
            continue
        aliases.join(connection, name, into, now=now)
        house.tell(connection, "story.same", name, actor=actor, now=now, why=BY_SOURCE, data={"as": into})
        told = f"{found[name].headline}: story {name} is one with story {into}, its source says"
        if name in dead or received.pubstatus is PubStatus.CANCELED:
            continue  # this item's kill goes to all that are joined
        if dead:
            report.withdrawals += kill(newsroom, connection, found[name], why=BY_SOURCE, actor=actor, now=now)
            report.remarks.append(f"{told}, and that one was killed: so is this one now")
        elif found[name].hold is None:
            why = f"one story with {into}, {BY_SOURCE}"
            report.withdrawals.append(
                withdraw(connection, found[name], act="hold", why=why, actor=actor, now=now)
            )
            report.remarks.append(f"{told}: it is held, and what comes goes to that one")
    return into


def kill(
    newsroom: Newsroom,
    connection: Connection,
    story: Story,
    *,
    why: str,
    actor: str,
    now: datetime,
    public: Mapping[str, str] | None = None,
) -> list[Withdrawal]:
    """Kill a story, and those that are the same one: whoever has one of them has it. The notice comes wherever a version of it has stood."""
    done: list[Withdrawal] = []
    others = (stories.locked(connection, name) for name in aliases.joined(connection, story.story_id))
    for one in (story, *(other for other in others if other is not None and other.killed is None)):
        done.append(withdraw(connection, one, act="kill", why=why, actor=actor, now=now, public=public))
        stories.set_sections(connection, one.story_id, _stood(newsroom, connection, one))
        versions = [received for _, _, received in stories.versions(connection, one.story_id)]
        done += hold_twins(connection, one, versions, act="killed", actor=actor, now=now)
    return done


def after_change(
    connection: Connection, present: Story, revised: Story, found: Change, *, actor: str, now: datetime
) -> list[Withdrawal]:
    """Hold what still says what this story said before a version that changed or withholds it."""
    act = BECAME.get(found)
    if act is None:
        return []
    return hold_twins(connection, revised, [present.received], act=act, actor=actor, now=now)


def hold_twins(
    connection: Connection,
    story: Story,
    versions: Sequence[Received],
    *,
    act: str,
    actor: str,
    now: datetime,
) -> list[Withdrawal]:
    """Hold its source's other stories that say word for word what these versions said, and the story itself says no more.

    `act`: what became of the story, in a word. What any story may say does not count.
    """
    says = act == CHANGED and story.usable(now)  # under an embargo it says nothing
    still = (story.received.original_headline, story.received.body_digest) if says else None
    gone = [
        one for one in versions if aliases.texts(one) and (one.original_headline, one.body_digest) != still
    ]
    found = twins.saying(connection, story, gone, within=AROUND)
    why = f"word for word story {story.story_id}, which was {act}"
    held = (
        withdraw(connection, twin, act="hold", why=why, actor=actor, now=now)
        for one in found
        if (twin := stories.locked(connection, one.story_id)) is not None and not (twin.killed or twin.hold)
    )
    return [replace(entry, twin_of=story.story_id) for entry in held]


def _stood(newsroom: Newsroom, connection: Connection, story: Story) -> Iterator[str]:
    """The sections that a story is in, and those that its versions belonged to; what its kill says of sections is nothing."""
    yield from story.sections
    for _, _, received in stories.versions(connection, story.story_id):
        if received.pubstatus is not PubStatus.CANCELED:
            yield from (s.slug for s in newsroom.settings.sections if belongs(received, story.source, s))
