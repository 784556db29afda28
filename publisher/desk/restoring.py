"""Letting a killed story stand again, by a person's word alone: the kill was a mistake, and its source has nothing new to send of it.

The killed version stays killed in all that was frozen with it. What stands again is a version of its own with the same words, made as one is whose
source rewrote it and whom a person brought in (`nextversion.brought_back`): so editions, feeds and pages show it as released, and say that it had been withdrawn.
What its source killed wants a word more; if the source says so again, it is killed again. Twins that were held with it stay held.
"""

from __future__ import annotations

from datetime import datetime

from publisher.desk import publishing
from publisher.desk.acts import Changed
from publisher.desk.names import story_in
from publisher.desk.nextversion import brought_back, next_version
from publisher.desk.withdrawals import killed_by_source
from publisher.errors import Conflict, Refused
from publisher.newsroom import Newsroom
from publisher.revise import Change, content_hash, killed, version_hash
from publisher.selection import belongs
from publisher.store import aliases, house, stories
from publisher.story import PubStatus

__all__ = ["restore"]


def restore(
    newsroom: Newsroom, story_id: str, *, why: str, against_source: bool = False, actor: str, now: datetime
) -> Changed:
    """Let a killed story stand again as it last was, in feeds and pages at once, and in the next edition. What held it before the kill holds it again.

    Raises:
        Conflict: it was not killed.
        Refused: it is another one by its source's word: what that says of it later would not be heard; its source killed it, and that is not said to be known (`against_source`); or nothing but its kill ever came.
        UnknownName: its source is configured no more.
    """
    with newsroom.database.write() as connection:
        present = story_in(connection, story_id)
        if not killed(present):
            raise Conflict(f"story {present.story_id} was not killed")
        if (other := aliases.same_as(connection, present.story_id)) is not None:
            raise Refused(
                f"its source says that story {present.story_id} is story {other}, and whatever it says of it reaches that one alone: "
                f"`publisher story restore {other}`"
            )
        told = stories.versions(connection, present.story_id)
        texts = [received for _, _, received in told if received.pubstatus is not PubStatus.CANCELED]
        if not texts:
            raise Refused(f"nothing but its kill ever came of story {present.story_id}")
        at = killed_by_source(connection, present.story_id)
        if at is not None and not against_source:
            raise Refused(
                f"story {present.story_id} was killed by its source at {at:%Y-%m-%d %H:%M} UTC, not by us alone: "
                "ask there whether the kill was meant. "
                f'`publisher story restore {present.story_id} --yes --why "..."` lets it stand all the same, until its source kills it again'
            )
        source = newsroom.source(present.source)
        before, received = brought_back(newsroom, present, texts[-1], now=now)
        sections = tuple(s.slug for s in newsroom.settings.sections if belongs(received, source.slug, s))
        revised = next_version(
            newsroom, before, source, received, kind=Change.RELEASE, sections=sections, now=now
        )
        known = stories.known_hashes(connection, present.story_id)
        stories.add_version(connection, revised, version_hash(content_hash(received), revised.version, known))
        data = {"version": revised.version}
        house.tell(connection, "story.release", revised.story_id, actor=actor, now=now, why=why, data=data)
    done = publishing.at_once(newsroom, [revised.story_id], unseen=True, actor=actor, now=now)
    return Changed(revised, done)
