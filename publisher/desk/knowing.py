"""What a process does not know: sources that came into the configuration after it had begun.

A source that is in no configuration any more bars its stories. But a process whose files were written since it read them cannot tell that from
a source that is new; so to it such a story is neither barred nor to be shown. It leaves what is public of it as it is, and what would be
mailed with it waits; whoever reads the files anew, a restart above all, goes on. A kill needs no source, and holds everywhere at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from publisher import selection
from publisher.edition import Why
from publisher.errors import ConfigurationOutdated
from publisher.newsroom import Newsroom
from publisher.rights import Channel
from publisher.story import Story

__all__ = ["need_known", "unfit", "unknown"]


def unknown(newsroom: Newsroom, story: Story) -> bool:
    """Whether this process cannot say what its source grants."""
    return story.source not in newsroom.sources and bool(newsroom.settings.written_since)


def need_known(newsroom: Newsroom, found: Collection[Story]) -> None:
    """Refuse to decide about stories of sources that this process does not know.

    Raises:
        ConfigurationOutdated: with those sources, and the files that were written since.
    """
    strange = [story for story in found if unknown(newsroom, story)]
    if strange:
        raise ConfigurationOutdated(
            {story.source for story in strange},
            newsroom.settings.written_since,
            story_id=strange[0].story_id,
        )


def unfit(newsroom: Newsroom, found: Iterable[Story], *, now: datetime) -> dict[str, Why]:
    """Those of these stories that may be in nothing public, each with what bars it; what only this process does not know is not among them."""
    return {
        story.story_id: why[0]
        for story in found
        if (why := selection.barred(story, newsroom.sources, now, Channel.FEEDS)) is not None
        and not (why[0] is Why.RIGHTS and unknown(newsroom, story))
    }
