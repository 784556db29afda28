"""Feeds: splicing against feedgen from scratch, and a big house on SQLite."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from publisher.desk import feeds as desk
from publisher.edition import Edition, Item
from publisher.newsroom import Newsroom, mint_derived, open_newsroom
from publisher.render import feeds
from publisher.render.feeds import Channel, Pieces
from publisher.revise import content_hash
from publisher.store import stories
from publisher.story import Story
from tests.bench.clock import line, median
from tests.feedbox import channel, edition, item
from tests.newsrooms import NOW, settings
from tests.stories import received

TEXT = "<p>" + "Some words of a report that an agency sent. " * 12 + "</p>"
SECTIONS, EACH, AGENCIES = 40, 250, 10


def splicing() -> None:
    """A feed after one new story, against feedgen making all of it; the bytes are compared."""
    for entries in (50, 500):
        old = edition(*(_item(number) for number in range(entries)))
        new = edition(replace(_item(entries), story_id="01Z"), *old.items[:-1])
        for fmt in feeds.FORMATS:
            own = channel(fmt)
            kept = Pieces()
            feeds.splice(old, own, fmt, kept)
            last = dict(kept.of(own, fmt))

            def spliced(fmt: str = fmt, own: Channel = own, last: dict = last, new: Edition = new) -> bytes:
                pieces = Pieces()
                pieces.keep(own, fmt, last)
                return feeds.splice(new, own, fmt, pieces)

            def anew(fmt: str = fmt, own: Channel = own, new: Edition = new) -> bytes:
                return feeds.render(new, own, fmt)

            same = "equal bytes" if spliced() == anew() else "OTHER BYTES"
            ours, peer = median(spliced), median(anew)
            line(f"feed of {entries}, one new, {fmt}: {same}", ours, ("from scratch", peer))


def _item(number: int) -> Item:
    when = NOW - timedelta(minutes=number)
    return item(
        f"01A{number:023}",
        body=TEXT * 8,
        first_published=when,
        modified_at=when,
        time=when,
        byline="A. Reporter",
    )


def big_house() -> None:
    """10,000 stories in 40 sections: all feeds, then one story more at a time."""
    with _house() as newsroom:
        _once("10,000 stories in 40 sections: every feed", newsroom, minute=0)
        _once("nothing new", newsroom, minute=1)
        for minute in range(2, 5):
            _bring(newsroom, [_story(SECTIONS * EACH + minute, minutes=-minute)])
            _once("one story more: every feed looked at", newsroom, minute=minute)
        for minute in range(5, 8):
            new = _story(SECTIONS * EACH + minute, minutes=-minute)
            _bring(newsroom, [new])
            _once("one story more: its section alone", newsroom, minute=minute, only=new.sections)
        for minute in range(8, 10):
            _bring(newsroom, [_story(SECTIONS * EACH + minute, minutes=-minute)])
            fresh = Newsroom(settings=newsroom.settings, database=newsroom.database)
            _once("one story more, nothing kept in memory", fresh, minute=minute)


def _once(what: str, newsroom: Newsroom, *, minute: int, only: Sequence[str] | None = None) -> None:
    """One build, and what came of it."""
    began, busy = time.perf_counter(), time.process_time()
    reports = desk.build(newsroom, only=only, actor="bench", now=NOW + timedelta(minutes=minute))
    took, busy = time.perf_counter() - began, time.process_time() - busy
    kept_back = sum(bool(report.refused or report.skipped) for report in reports)
    changed = sum(len(report.changed) for report in reports)
    items = sum(report.items for report in reports)
    told = f"{len(reports)} feeds, {items} items, {changed} documents changed, {kept_back} kept back"
    sys.stdout.write(f"{what:<46}{took * 1e3:>10,.0f} ms (CPU {busy * 1e3:,.0f})   {told}\n")


@contextmanager
def _house() -> Iterator[Newsroom]:
    with tempfile.TemporaryDirectory() as folder:
        chosen = settings(
            tables={"store": {"data_dir": folder}},
            sections=[
                {"slug": f"s{number}", "title": {"en": f"Section {number}"}, "any": [f"category:S{number}"]}
                for number in range(SECTIONS)
            ],
            sources=[
                {"slug": f"a{number}", "name": f"Agency {number}", "homepage": f"https://a{number}.example/"}
                for number in range(AGENCIES)
            ],
        )
        newsroom = open_newsroom(chosen, mint=mint_derived)
        every = (_story(number, minutes=number) for number in range(SECTIONS * EACH))
        _bring(newsroom, every)
        try:
            yield newsroom
        finally:
            newsroom.close()


def _story(number: int, *, minutes: int) -> Story:
    """A story that came so many minutes ago."""
    when = NOW - timedelta(minutes=minutes)
    section, agency = number % SECTIONS, number % AGENCIES
    version = received(
        f"m-{number}",
        source_name=f"Agency {agency}",
        source_url=f"https://a{agency}.example/{number}",
        body=TEXT * 8,
        categories=(f"S{section}",),
        first_created=when,
        version_created=when,
    )
    return Story(
        story_id=mint_derived(when, str(number).encode()),
        version=1,
        source=f"a{agency}",
        received=version,
        headline=version.original_headline,
        received_at=when,
        modified_at=when,
        eligible_at=when,
        sections=(f"s{section}",),
    )


def _bring(newsroom: Newsroom, new: Iterable[Story]) -> None:
    with newsroom.database.write() as connection:
        for entry in new:
            stories.add(connection, entry, content_hash(entry.received))
