"""Building the feeds: one rolling edition per section and one of all, in three formats, written atomically.

A feed is made from a frozen feed edition, never from live rows. Equal content keeps the last edition and its cleared
bytes; a feed that the gate refuses, or that cannot be rendered, keeps its last good file and is reported, and the others
go on.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from publisher import gate
from publisher.desk.files import write_file
from publisher.edition import Edition, Kind
from publisher.errors import GateRefused
from publisher.newsroom import Newsroom
from publisher.render import feeds as render_feeds
from publisher.render import opml
from publisher.selection import select_feed
from publisher.store import editions, house, stories
from publisher.story import Section

__all__ = ["FeedReport", "build", "overview", "rebuild"]


@dataclass(slots=True)
class FeedReport:
    """One feed: its edition, how many items, which files changed, and the gate's refusal if there was one."""

    series: str
    edition_id: str = ""
    items: int = 0
    files: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    refused: GateRefused | None = None


def build(newsroom: Newsroom, out: Path, *, actor: str, now: datetime) -> list[FeedReport]:
    """Make every feed anew where something changed, and write the files below `out`."""
    reports = [
        _build_one(newsroom, section, out, actor=actor, now=now)
        for section in [*newsroom.settings.sections, None]
    ]
    outlines = [
        opml.Outline(
            title=_title(newsroom, section),
            xml_url=_feed_url(newsroom, section, "rss"),
            html_url=_home_url(newsroom, section),
            language=newsroom.settings.site.language,
        )
        for section in [*newsroom.settings.sections, None]
    ]
    write_file(out / "index.opml", opml.render(newsroom.settings.site.name, outlines))
    return reports


def rebuild(newsroom: Newsroom, series: Collection[str], *, actor: str, now: datetime) -> list[FeedReport]:
    """Make these feeds anew in the data folder, where they have been built before: a kill must not wait for the next build."""
    out = newsroom.data_path("feeds")
    chosen = [
        section
        for section in [*newsroom.settings.sections, None]
        if (section.slug if section else "all") in series
    ]
    if not chosen or not out.is_dir():
        return []
    return [_build_one(newsroom, section, out, actor=actor, now=now) for section in chosen]


def _build_one(
    newsroom: Newsroom, section: Section | None, out: Path, *, actor: str, now: datetime
) -> FeedReport:
    series = section.slug if section else "all"
    report = FeedReport(series)
    try:
        made, outputs = _edition(newsroom, section, actor=actor, now=now)
    except GateRefused as refusal:
        report.refused = refusal
        with newsroom.database.write() as connection:
            data = dict(refusal.facts)
            house.tell(connection, "gate.refused", refusal.edition_id, actor="rule:gate", now=now, data=data)
        return report
    report.edition_id, report.items = made.edition_id, len(made.items)
    for name, body in sorted(outputs.items()):
        report.files.append(name)
        if write_file(out / name, body):
            report.changed.append(name)
    return report


def _edition(
    newsroom: Newsroom, section: Section | None, *, actor: str, now: datetime
) -> tuple[Edition, dict[str, bytes]]:
    """The present edition of a feed with its cleared bytes: the last one if nothing changed, else the next, frozen."""
    series = section.slug if section else "all"
    with newsroom.database.read() as connection:
        made = _draft(newsroom, connection, section, now=now)
        last = editions.latest(connection, Kind.FEED, series)
        if last is not None and last.content_hash == made.content_hash:
            known = editions.get(connection, last.id)
            outputs = editions.renderings(connection, last.id, last.revision)
            if known is not None and outputs:
                return known, outputs
    outputs = _render(newsroom, made, section, now=now)
    with newsroom.database.write() as connection:
        if editions.next_number(connection, Kind.FEED, series) == made.number and editions.freeze(
            connection, made, actor=actor
        ):
            editions.keep_renderings(connection, made, outputs, now=now)
            stories.publish(connection, ((item.story_id, item.link) for item in made.items), now=now)
            editions.prune_feeds(connection, series)
    return made, outputs


def _draft(newsroom: Newsroom, connection: Connection, section: Section | None, *, now: datetime) -> Edition:
    site = newsroom.settings.site
    series = section.slug if section else "all"
    sections = [section] if section else list(newsroom.settings.sections)
    window = max((entry.feed_window for entry in sections), default=Section(slug="", titles=()).feed_window)
    maximum = max((entry.feed_max for entry in sections), default=Section(slug="", titles=()).feed_max)
    selection = select_feed(
        section,
        stories.candidates(connection, since=now - window),
        title=_title(newsroom, section),
        sources=newsroom.sources,
        now=now,
        maximum=maximum,
        window=window,
        marks=stories.marks_in_force(connection, now=now),
    )
    number = editions.next_number(connection, Kind.FEED, series)
    languages = (site.language, *(language for language in newsroom.disclaimers if language != site.language))
    return Edition(
        edition_id=f"feed-{series}-{number}",
        kind=Kind.FEED,
        series=series,
        number=number,
        revision=1,
        slot=now,
        local_date=now.date(),
        timezone="UTC",
        frozen_at=now,
        languages=languages,
        titles=((site.language, _title(newsroom, section)),),
        shelves=selection.shelves,
        items=selection.items,
        disclaimers=tuple(newsroom.disclaimers[language] for language in languages),
        left_out=selection.left_out,
    )


def _render(newsroom: Newsroom, made: Edition, section: Section | None, *, now: datetime) -> dict[str, bytes]:
    """The three formats of a feed edition, each read back by the gate."""
    site = newsroom.settings.site
    outputs: dict[str, bytes] = {}
    violations: list[gate.Violation] = []
    tag = f"tag:{site.tag_authority},{site.tag_date}"
    for fmt in ("rss", "atom", "json"):
        channel = render_feeds.Channel(
            site_name=site.name,
            title=_title(newsroom, section),
            description=made.disclaimer(site.language).full,
            language=site.language,
            home_url=_home_url(newsroom, section),
            self_url=_feed_url(newsroom, section, fmt),
            feed_id=f"{tag}:feed/{made.series}",
            story_id_prefix=f"{tag}:story/",
            source_words={
                language: newsroom.templates.words(language)
                .gettext("Source: %(source)s")
                .partition("%(")[0]
                .strip()
                for language in made.languages
            },
        )
        name = f"{made.series}.{fmt}"
        outputs[name] = render_feeds.render(made, channel, fmt)
        violations += gate.check_feed(outputs[name], fmt, made, output=name, now=now)
    gate.clear(made.edition_id, violations)
    return outputs


def _title(newsroom: Newsroom, section: Section | None) -> str:
    site = newsroom.settings.site
    return f"{site.name}: {section.title(site.language)}" if section else site.name


def _home_url(newsroom: Newsroom, section: Section | None) -> str:
    root = newsroom.settings.site.url.rstrip("/")
    return f"{root}/s/{section.slug}/" if section else f"{root}/"


def _feed_url(newsroom: Newsroom, section: Section | None, fmt: str) -> str:
    return f"{newsroom.settings.site.url.rstrip('/')}/feeds/{section.slug if section else 'all'}.{fmt}"


def overview(newsroom: Newsroom) -> list[dict[str, object]]:
    """The feeds with their addresses and newest edition."""
    rows: list[dict[str, object]] = []
    with newsroom.database.read() as connection:
        for section in [*newsroom.settings.sections, None]:
            series = section.slug if section else "all"
            last = editions.latest(connection, Kind.FEED, series)
            rows.append(
                {
                    "feed": series,
                    "title": _title(newsroom, section),
                    "rss": _feed_url(newsroom, section, "rss"),
                    "atom": _feed_url(newsroom, section, "atom"),
                    "json": _feed_url(newsroom, section, "json"),
                    "edition": last.id if last else None,
                    "changed_at": last.frozen_at if last else None,
                }
            )
    return rows
