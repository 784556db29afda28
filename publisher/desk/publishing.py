"""Everything that is public, brought up to date: feeds, pages, the folders that hold copies, the hubs that want to hear of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from publisher.desk import copies, feeds, hubs, site
from publisher.desk.feeds import FeedReport
from publisher.desk.hubs import HubReport
from publisher.desk.site import SiteReport
from publisher.desk.withdrawals import standing_in
from publisher.errors import FolderUnwritable
from publisher.newsroom import Newsroom
from publisher.store import public, stories

__all__ = ["Published", "at_once", "before_mail", "publish"]

FEEDS, SITE = "feeds/", "site/"


@dataclass(slots=True)
class Published:
    """What was made: each feed, the pages, the files written to folders, the folders that are behind; and which hubs heard of it."""

    feeds: list[FeedReport] = field(default_factory=list)
    pages: SiteReport = field(default_factory=SiteReport)
    files: list[Path] = field(default_factory=list)
    behind: list[FolderUnwritable] = field(default_factory=list)
    hubs: HubReport = field(default_factory=HubReport)

    def copied(self, newsroom: Newsroom) -> None:
        """Bring the folders up to date."""
        found = copies.copy(newsroom)
        self.files += found.files
        self.behind += found.behind

    @property
    def partly(self) -> bool:
        """Whether something is not as it should be: kept back, or not in its folder."""
        return self.refused or bool(self.behind)

    @property
    def faults(self) -> list[str]:
        """The same, a sentence each."""
        kept_back = [*(report.refused for report in self.feeds if report.refused), *self.pages.refused]
        skipped = [fault for report in self.feeds for fault in report.skipped]
        return [*self.unknown, *map(str, (*kept_back, *skipped, *self.behind))]

    @property
    def unknown(self) -> list[str]:
        """That feeds were left as they are, because they hold stories of sources that this process does not know; a sentence, or none."""
        left = [report.series for report in self.feeds if report.unknown]
        if not left:
            return []
        sources = sorted({slug for report in self.feeds for slug in report.unknown})
        why = f"the configuration was written since this process began, and it does not know the source {', '.join(sources)}: restart it"
        return [
            f"{why}. Until then the feeds that hold its stories are left as they are, less what may not be shown: {', '.join(left)}"
        ]

    @property
    def refused(self) -> bool:
        """Whether anything was kept back: a page, a feed, or a story of a feed."""
        return bool(self.pages.refused) or any(report.refused or report.skipped for report in self.feeds)


def publish(
    newsroom: Newsroom, *, feeds_to: Path | None, site_to: Path | None, actor: str, now: datetime
) -> Published:
    """Make feeds and pages anew where something changed; these folders hold a copy of them from now on.

    Raises:
        FolderUnwritable: one of these cannot be written, and is not remembered; what is public is public all the same, in every other folder too.
    """
    done = Published()
    done.feeds = feeds.build(newsroom, actor=actor, now=now)
    done.pages = site.build(newsroom, now=now)
    unfit: list[FolderUnwritable] = []
    for folder, below in ((feeds_to, FEEDS), (site_to, SITE)):
        try:
            if folder is not None:
                copies.remember(newsroom, folder, below=below)
        except FolderUnwritable as error:
            unfit.append(error)
    done.copied(newsroom)
    done.hubs = hubs.tell_now(newsroom, now=now)
    if unfit:
        raise unfit[0]
    return done


def before_mail(newsroom: Newsroom, *, actor: str, now: datetime) -> list[str]:
    """Everything that a mail's links lead to, in public before the first mail leaves; what could not be is said, and keeps no mail back.

    Hubs are not told here: a slow one would hold the mail up, and who serves or builds next tells them.
    """
    made = Published(feeds=feeds.build(newsroom, actor=actor, now=now), pages=site.build(newsroom, now=now))
    made.copied(newsroom)
    return made.faults


def at_once(
    newsroom: Newsroom,
    story_ids: Iterable[str],
    *,
    unseen: bool = False,
    actor: str,
    now: datetime,
    tell: bool = True,
) -> Published:
    """What was decided of these stories, in public: their feeds, months of archives and pages anew, where there are any, at once.

    A story that no reader has had waits for the next build, unless it was let out on purpose (`unseen`). Hubs are told at once,
    too, unless the caller has more to do first and tells them then (`tell`).
    """
    done = Published()
    with newsroom.database.read() as connection:
        has_site = bool(public.paths(connection, below=SITE))
        found = stories.load(connection, story_ids)
        series = {name for story_id in found for name in standing_in(connection, story_id)}
    # Also feeds that it had left before: a story that was held shows its notice once it is killed, and comes back once it is released.
    for story in found.values():
        if story.first_published is not None or unseen:
            series |= feeds.that_may_show(newsroom, story)
    if series:
        done.feeds = feeds.build(newsroom, only=series, actor=actor, now=now)
    if has_site:
        done.pages = site.build(newsroom, now=now)
    done.copied(newsroom)
    if tell:
        done.hubs = hubs.tell_now(newsroom, now=now)
    return done
