"""Two stories of ours that are one, as their source says: an item that names both by their ids, which agencies do that give each version an id of its own.

One stands for both from then on, and every name leads to it: the one that the item belongs to, or one that was killed, for a kill wins over everything.
The other is held, so that readers have the story once; where the one was killed, or the item kills it, it goes the same way. The desk is told, and may release what it holds to be two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from publisher.desk.sourcereport import SourceReport
from publisher.desk.withdrawals import BY_SOURCE, Withdrawal, withdraw
from publisher.revise import killed
from publisher.store import aliases, house, stories
from publisher.story import PubStatus, Received, Story

__all__ = ["kill", "settle"]


def settle(
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
            report.withdrawals += kill(connection, found[name], why=BY_SOURCE, actor=actor, now=now)
            report.remarks.append(f"{told}, and that one was killed: so is this one now")
        elif found[name].hold is None:
            why = f"one story with {into}, {BY_SOURCE}"
            report.withdrawals.append(
                withdraw(connection, found[name], act="hold", why=why, actor=actor, now=now)
            )
            report.remarks.append(f"{told}: it is held, and what comes goes to that one")
    return into


def kill(
    connection: Connection,
    story: Story,
    *,
    why: str,
    actor: str,
    now: datetime,
    public: Mapping[str, str] | None = None,
) -> list[Withdrawal]:
    """Kill a story, and those that are the same one: whoever has one of them has it."""
    done = [withdraw(connection, story, act="kill", why=why, actor=actor, now=now, public=public)]
    for name in aliases.joined(connection, story.story_id):
        other = stories.locked(connection, name)
        if other is not None and other.killed is None:
            done.append(withdraw(connection, other, act="kill", why=why, actor=actor, now=now, public=public))
    return done
