"""Sources seen by the desk: how each is doing, what one says when it is asked now, and a new one put into the configuration.

`listing` reads what polls remembered; `check` asks and stores nothing; `add` asks, and writes a table behind the others in sources.toml,
which is checked before: one that would not load is not written.
"""

from __future__ import annotations

import asyncio
import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from publisher import intake
from publisher.desk import clock
from publisher.desk.files import write_file
from publisher.desk.pages import Page
from publisher.errors import BadInput, Conflict
from publisher.fetch import Failed, Fetched, Memory, Result, fetch, fetch_all, values
from publisher.intake import Context, Document, sweeping
from publisher.intake.page import feeds_in
from publisher.intake.text import clean
from publisher.newsroom import Newsroom
from publisher.schedule import silence
from publisher.settings.series import SourceTable
from publisher.store import house
from publisher.store import stories as stored_stories
from publisher.story import Received, Rejected, Source

__all__ = ["Added", "Checked", "add", "check", "listing"]

SLOW = 10.0
"""Seconds for one answer; a round of polls has a minute."""
BROKEN = 3
"""So many polls in a row that failed make a source broken: one or two may have met a restart there."""


def listing(newsroom: Newsroom, *, now: datetime, limit: int = 1000, after: str | None = None) -> Page:
    """Configured sources with their number of stories, the memory of their last poll, and one word for their health."""
    with newsroom.database.read() as connection:
        states = house.source_states(connection)
        counts = Counter(stored_stories.count_by_source(connection))
    quiet = {entry.slug: silence(entry, now) for entry in clock.polled(newsroom, now=now, arrivals=True)}
    rows = []
    for source in newsroom.settings.sources:
        state = states.get(source.slug, house.SourceState(source=source.slug))
        health, why = _health(source, state, quiet.get(source.slug), now)
        rows.append(
            {
                "source": source.slug,
                "name": source.name,
                "kind": source.kind.value,
                "url": source.url,
                "folder": source.folder,
                "health": health,
                "why": why,
                "stories": counts[source.slug],
                "polled_at": state.polled_at,
                "succeeded_at": state.succeeded_at,
                "not_before": state.not_before,
                "failures": state.failures,
                "error": state.error,
                "moved_to": state.moved_to,
                "seconds": state.seconds,
            }
        )
    return Page.cut(rows, limit, by="source", after=after)


def _health(
    source: Source, state: house.SourceState, quiet: str | None, now: datetime
) -> tuple[str, str | None]:
    """One word, and what it is said for: the worst first."""
    if source.url is None and source.folder is None:
        return "files", None
    if state.polled_at is None:
        return "new", "it was not asked yet"
    if state.failures:
        if (state.error or "").startswith("tls:"):
            return "tls", state.error
        return "failing" if state.failures < BROKEN else "broken", state.error
    if state.not_before is not None and state.not_before > now:
        return "waits", f"it asked to be left alone until {state.not_before:%Y-%m-%d %H:%M} UTC"
    if state.moved_to:
        return "moved", f"for good to {state.moved_to}"
    if quiet:
        return "quiet", quiet
    if state.seconds is not None and state.seconds > SLOW:
        return "slow", f"its last answer took {state.seconds:.0f} s"
    return "good", None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a source says now. `failed`: why it cannot be used, else the counts of what it holds."""

    source: str
    failed: str | None = None
    stories: int = 0
    set_aside: tuple[str, ...] = ()
    newest: datetime | None = None
    seconds: float | None = None
    moved_to: str | None = None
    remarks: tuple[str, ...] = ()


def check(newsroom: Newsroom, sources: Sequence[Source], *, now: datetime) -> list[Checked]:
    """Ask these sources now, or look at their folders; nothing is stored, and no poll is put off by it."""
    asked = [source for source in sources if source.url is not None]
    answers = asyncio.run(
        fetch_all(
            [(source.slug, _asked_for(source, now), Memory()) for source in asked],
            now=now,
            limits=newsroom.fetch_limits,
            guard=newsroom.fetch_guard,
        )
    )
    return [
        _answered(newsroom, source, answers[source.slug], now) if source.slug in answers else _folder(source)
        for source in sources
    ]


def _asked_for(source: Source, now: datetime) -> str:
    """What a check asks: of a WordPress site with a known interface its list, else the address itself."""
    url = source.url or ""
    api = sweeping.api_in(url, ()) if source.format == "wordpress" else None
    return sweeping.listing_url(api, since=now - source.window, page=1) if api else url


def _answered(newsroom: Newsroom, source: Source, answer: Result, now: datetime) -> Checked:
    match answer:
        case Fetched():
            pass
        case Failed():
            return Checked(source=source.slug, failed=f"{answer.reason}: {answer.detail}")
        case _:
            return Checked(source=source.slug, failed="unasked-304: it says that nothing changed")
    if source.format == "wordpress":
        return _swept(source, answer)
    limit = newsroom.settings.fetch.max_items
    context = Context(
        source=source, now=now, base_url=answer.url, content_type=answer.content_type, max_items=limit
    )
    found = intake.read(answer.body, context, format=source.format)
    if not isinstance(found, Document):
        return Checked(source=source.slug, failed=f"{found.reason}: {found.detail}", seconds=answer.seconds)
    good = [item for item in found.items if isinstance(item, Received)]
    times = [at for item in good if (at := item.version_created)]
    return Checked(
        source=source.slug,
        stories=len(good),
        set_aside=tuple(
            f"{item.headline or item.source_guid}: {item.detail}"
            for item in found.items
            if isinstance(item, Rejected)
        ),
        newest=max(times, default=None),
        seconds=answer.seconds,
        moved_to=answer.moved_to,
        remarks=found.remarks,
    )


def _swept(source: Source, answer: Fetched) -> Checked:
    """A site's list, or its front page, which has to name the interface."""
    listed = sweeping.read_listing(answer.body)
    if isinstance(listed, list):
        times = [entry.published for entry in listed if entry.published]
        newest = max(times, default=None)
        return Checked(source=source.slug, stories=len(listed), newest=newest, seconds=answer.seconds)
    if sweeping.api_in(answer.url, values(answer.headers, b"link")):
        remarks = ("its REST interface was found; each poll sweeps it",)
        return Checked(source=source.slug, seconds=answer.seconds, remarks=remarks)
    return Checked(source=source.slug, failed="no-rest: the page names no REST interface")


def _folder(source: Source) -> Checked:
    """A folder that is pushed into; a source of neither kind is fed by hand, and always well."""
    if source.folder is None:
        return Checked(source=source.slug, remarks=("it has no `url` and no `folder`: it is fed by hand",))
    place = Path(source.folder)
    try:
        waiting = sum(1 for entry in place.iterdir() if entry.is_file() and not entry.name.startswith("."))
    except OSError as error:
        return Checked(source=source.slug, failed=f"folder: {place}: {error.strerror or error}")
    return Checked(source=source.slug, remarks=(f"files that wait in its folder: {waiting}",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The new table, where it was written, and what the source says."""

    source: str
    table: str
    path: Path
    stories: int
    set_aside: int


def add(
    newsroom: Newsroom, url: str, *, slug: str | None, name: str | None, kind: str, now: datetime
) -> Added:
    """Ask an address, or the feed that its page names, and put it into sources.toml.

    Raises:
        BadInput: nothing that can be read was found there.
        Conflict: a source of this slug or address is configured.
    """
    feed, format_ = asyncio.run(_found(newsroom, url, now))
    host = urlsplit(feed.url).hostname or ""
    short = (
        slug
        or re.sub(r"[^a-z0-9]+", "-", host.removeprefix("www.").rpartition(".")[0].casefold()).strip("-")[:48]
    )
    known = newsroom.settings.sources
    if there := next((source.slug for source in known if source.url == feed.url), None):
        raise Conflict(f"the source {there} in sources.toml has the address {feed.url} already")
    if any(source.slug == short for source in known):
        raise Conflict(f"a source named {short!r} is in sources.toml: give another --slug")
    parts = urlsplit(feed.url)
    home = f"{parts.scheme}://{parts.netloc}/"
    address = home if format_ == "wordpress" else feed.url
    probe = Source(slug=short or "new", name=name or host, homepage=home, url=address, format=format_)
    seen = Checked(source=short) if format_ == "wordpress" else _answered(newsroom, probe, feed, now)
    if seen.failed:
        raise BadInput(f"{feed.url} cannot be read: {seen.failed}")
    lines = {"slug": short, "name": clean(name or host, 120), "homepage": home, "url": address}
    lines |= {"kind": kind} if kind != "agency" else {}
    lines |= {"format": format_} if format_ != "auto" else {}
    table = "\n[[source]]\n" + "".join(f"{key} = {_quoted(value)}\n" for key, value in lines.items())
    path = newsroom.settings.folder / "sources.toml"
    _written(path, lines, table)
    return Added(source=short, table=table, path=path, stories=seen.stories, set_aside=len(seen.set_aside))


async def _found(newsroom: Newsroom, url: str, now: datetime) -> tuple[Fetched, str]:
    """The answer of a feed: the address itself, the feed that its page names first, or the page of a WordPress site."""
    answer = await _asked(newsroom, url, now)
    if not _is_page(answer):
        return answer, "auto"
    for feed in feeds_in(answer.body, answer.url):
        found = await _asked(newsroom, feed, now)
        if not _is_page(found):
            return found, "auto"
    if sweeping.api_in(answer.url, values(answer.headers, b"link")):
        return answer, "wordpress"
    raise BadInput(f"{url} is a page that names no feed: give the address of the feed itself")


async def _asked(newsroom: Newsroom, url: str, now: datetime) -> Fetched:
    answer = await fetch(
        url, memory=Memory(), now=now, limits=newsroom.fetch_limits, guard=newsroom.fetch_guard
    )
    if isinstance(answer, Fetched):
        return answer
    why = (
        f"{answer.reason}: {answer.detail}" if isinstance(answer, Failed) else "it says that nothing changed"
    )
    raise BadInput(f"{url} cannot be fetched: {why}")


def _is_page(answer: Fetched) -> bool:
    return answer.body[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html"))


def _quoted(value: str) -> str:
    """A TOML string of one line."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _written(path: Path, lines: Mapping[str, str], table: str) -> None:
    """Behind what stands there, once it is known that it can be read again."""
    try:
        SourceTable.model_validate(lines)
        tomllib.loads(table)
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"that makes no source: {' '.join(str(error).split())[:200]}") from error
    before = path.read_bytes() if path.exists() else b""
    write_file(path, before.rstrip(b"\n") + b"\n" + table.encode() if before else table.lstrip("\n").encode())
