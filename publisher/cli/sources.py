"""`ingest` and `source`: bring stories in, and see how the sources are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from publisher.cli.context import Door, door, now
from publisher.cli.exits import PARTLY
from publisher.cli.params import paged
from publisher.formats import FORMATS, TOLD

if TYPE_CHECKING:
    from publisher.desk.sourcereport import SourceReport

__all__ = ["COMMANDS"]

READERS = "it is a list of readers: `publisher subscriber import` takes it; nothing of it was kept"
"""Their addresses would stay in quarantine."""
DONE = {
    "after-kill": "after a kill",
    "hold": "held",
    "kill": "killed",
    "release": "released",
    "correction": "corrected",
    "still-quarantined": "still quarantined",
    "update": "updated",
}
"""How a change is told of stories by number; programs are told it by its name."""
Told: TypeAlias = "tuple[str | None, SourceReport]"
"""What came of a source, or of one file for it: the file's name, None for the network."""


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--file", "path", metavar="PATH", help="Read a file, every file of a folder, or - for stdin.")
@click.option("--source", "slug", metavar="SLUG", help="Whose stories the file holds (with --file).")
@click.option(
    "--format",
    "format_",
    metavar="F",
    help=f"Format of the file: {TOLD}. Default: the source's.",
)
@click.option(
    "--backlog",
    is_flag=True,
    help="Count the file's stories from the time that they claim (with --file); else they are news of today.",
)
@door
def ingest(
    door_: Door,
    sources: tuple[str, ...],
    path: str | None,
    slug: str | None,
    format_: str | None,
    backlog: bool,
) -> int:
    """Bring stories in: poll sources, or read a file.

    Without SOURCEs all are polled that have a `url`, or a `folder` that files are pushed into.

    \b
    Examples:
      publisher ingest
      publisher ingest meridian caspian-press
      publisher ingest --file stories.jsonl --source meridian
      curl -s https://agency.example/feed | publisher ingest --file - --source agency --format rss

    A story without a source name or link waits in `publisher quarantine list`. A source that cannot be read is
    reported and keeps its stories; the exit code is then 5. So it is when a file pushed into a folder cannot be read, or a file holds more
    items than `fetch.max_items`: those beyond are left out. (A feed's oldest items are no loss: it was read before.) And when a
    feed, page or folder could not be brought up after a source took a story back.
    A correction or update does not change mail that is frozen: the editions are named that still go out with the version before.

    What a feed or folder holds when it is read for the first time is no news of today: each story counts from the time that it claims. What a file
    holds is, unless it is called a --backlog.
    """
    if path is not None:
        if slug is None or sources:
            raise click.UsageError("--file needs --source SLUG, and takes no other SOURCE")
        reports = _from_path(door_, path, slug, format_, backlog=backlog)
    else:
        if slug is not None or format_ is not None or backlog:
            raise click.UsageError("--source, --format and --backlog go with --file")
        reports = _from_network(door_, sources)
    _tell(door_, reports)
    partly = any(
        report.failed or report.unread or report.behind or (path is not None and report.left_out)
        for _, report in reports
    )
    return PARTLY if partly else 0


def _from_network(door_: Door, names: tuple[str, ...]) -> list[Told]:
    from publisher.desk import wire

    with door_.newsroom() as newsroom:
        chosen = [newsroom.source(name) for name in names] or [
            s for s in newsroom.settings.sources if s.url or s.folder
        ]
        if not chosen:
            raise click.UsageError(
                "no source has a `url` to poll or a `folder` to look into: see config/sources.toml, or use --file"
            )
        total = len(chosen)
        done = 0

        def progress(report: SourceReport) -> None:
            nonlocal done
            done += 1
            door_.say(f"[{done}/{total}] {report.source}: {sentence(report)}")

        reports = wire.poll(newsroom, chosen, actor=door_.who, now=now(), progress=progress)
        return [(None, report) for report in reports]


def _from_path(door_: Door, path: str, slug: str, format_: str | None, *, backlog: bool) -> list[Told]:
    from publisher.desk import wire
    from publisher.desk.sourcereport import SourceReport
    from publisher.errors import BadInput
    from subscribers.csvfile import is_list

    if format_ is not None and format_ not in FORMATS:
        raise BadInput(f"no format named {format_!r}; known: {', '.join(FORMATS)}")
    with door_.newsroom() as newsroom:
        source = newsroom.source(slug)
        reports: list[Told] = []
        for name, raw in _documents(path):
            unfit = raw if isinstance(raw, str) else READERS if is_list(raw) else ""
            report = (
                SourceReport(source.slug, failed=unfit)
                if isinstance(raw, str) or unfit
                else wire.read_document(
                    newsroom, source, raw, actor=door_.who, now=now(), format=format_, backlog=backlog
                )
            )
            door_.say(f"{name}: {sentence(report)}")
            reports.append((name, report))
        return reports


def _documents(path: str) -> Iterator[tuple[str, bytes | str]]:
    """Each document with its name, one at a time and no more of it than is ever read; for one that cannot be read, why."""
    from publisher.errors import InputUnreadable
    from publisher.intake.document import MAX_BYTES

    if path == "-":
        yield "stdin", sys.stdin.buffer.read(MAX_BYTES + 1)
        return
    place = Path(path)
    try:
        within = sorted(entry for entry in place.iterdir() if entry.is_file()) if place.is_dir() else None
        if within is None:
            yield place.name, _start(place, MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputUnreadable(path, _why(error)) from error
    files = [entry for entry in within or () if not entry.name.startswith(".")]
    if within is not None and not files:
        raise InputUnreadable(path, "the folder holds no files")
    for file in files:
        try:
            found: bytes | str = _start(file, MAX_BYTES + 1)
        except OSError as error:
            found = f"cannot be read: {_why(error)}"
        yield file.name, found


def _start(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _why(error: OSError | ValueError) -> str:
    """In words; a ValueError is a NUL in a path."""
    return getattr(error, "strerror", None) or str(error)


def sentence(report: SourceReport) -> str:
    """What came of a source, in one line."""
    if report.failed:
        return f"failed: {report.failed}"
    if report.unchanged:
        return "not changed since the last poll"
    counts = (
        ", ".join(f"{number} {DONE.get(word, word)}" for word, number in sorted(report.counts.items()))
        or "no stories"
    )
    return counts + (f", {report.left_out} beyond the limit left out" if report.left_out else "")


def _tell(door_: Door, reports: list[Told]) -> None:
    for _, report in reports:
        for line in report.quarantined:
            door_.say(f"  {report.source}: quarantined: {line}")
        for line in (*report.remarks, *report.unread):
            door_.say(f"  {report.source}: {line}")
        for story in report.outgoing:
            door_.say(
                f"  {report.source}: story {story.story} has a new version ({story.headline}). Frozen before, and goes out as it was: "
                f"{', '.join(story.editions)}."
            )
        for withdrawal in report.withdrawals:
            halted = f"; halted: {', '.join(withdrawal.halted)}" if withdrawal.halted else ""
            mailed = (
                f"; mailed, or on its way, in {', '.join(withdrawal.editions)}" if withdrawal.editions else ""
            )
            name, act = withdrawal.story_id, withdrawal.act
            if withdrawal.twin_of:
                what = f"says word for word what story {withdrawal.twin_of} said, and is held: `publisher story release {name}` or `kill {name}`"
            else:
                what = f"was withdrawn by its source ({act})"
            door_.say(f"  {report.source}: story {name} {what}{halted}{mailed}")
            if mailed and act == "kill":
                door_.say(
                    "    Who has it is told by `publisher run`, or by `publisher dispatch resume` without a name; "
                    f"`publisher story reach {name}` shows who."
                )
    for where in dict.fromkeys(where for _, report in reports for where in report.behind):
        click.echo(f"publisher: what a source took back may still stand there: {where}", err=True)
    if door_.as_json:
        rows = [
            {
                "source": report.source,
                "file": name,
                "counts": report.counts,
                "quarantined": report.quarantined,
                "remarks": report.remarks,
                "outgoing": [asdict(story) for story in report.outgoing],
                "withdrawn": [asdict(withdrawal) for withdrawal in report.withdrawals],
                "unread": report.unread,
                "behind": report.behind,
                "left_out": report.left_out,
                "not_modified": report.unchanged,
                "failed": report.failed,
            }
            for name, report in reports
        ]
        door_.table(rows, {}, empty="")


@click.group()
def source() -> None:
    """The agencies and sites that stories come from."""


@source.command("list")
@paged
@door
def list_(door_: Door, limit: int, after: str | None) -> None:
    """List the configured sources and their health.

    One word each: good, new (not asked yet), quiet (nothing new for long), slow, moved (for good, to another address), failing (its last
    poll, or last two), broken (three or more), tls (its certificate is not valid), waits (it asked for a pause), files (fed by hand). A source that fails is asked less and less, an hour
    apart at most.

    \b
    Example:
      publisher source list
    """
    from publisher.desk.sources import listing

    with door_.newsroom() as newsroom:
        rows = listing(newsroom, now=now(), limit=limit, after=after)
    door_.table(
        rows,
        {
            "source": "Source",
            "name": "Name",
            "health": "Health",
            "stories": "Stories",
            "succeeded_at": "Last success",
            "failures": "Failures",
            "why": "Why",
        },
        empty="No source is configured: see config/sources.toml.",
    )


@source.command()
@click.argument("names", nargs=-1, metavar="[SOURCE]...")
@door
def check(door_: Door, names: tuple[str, ...]) -> int:
    """Ask sources now what they have.

    Nothing is stored. Without SOURCEs all are asked. Exit code 5 when one of them cannot be read.

    \b
    Examples:
      publisher source check
      publisher source check harbour-news
    """
    from publisher.desk import sources

    with door_.newsroom() as newsroom:
        chosen = [newsroom.source(name) for name in names] or list(newsroom.settings.sources)
        found = sources.check(newsroom, chosen, now=now())
    for entry in found:
        for line in (*entry.set_aside, *entry.remarks):
            door_.say(f"  {entry.source}: {line}")
    rows = [
        asdict(entry) | {"set_aside": len(entry.set_aside), "state": "failed" if entry.failed else "good"}
        for entry in found
    ]
    columns = {
        "source": "Source",
        "state": "State",
        "stories": "Stories",
        "set_aside": "Set aside",
        "newest": "Newest",
    }
    door_.table(rows, {**columns, "moved_to": "Moved to", "failed": "Why"}, empty="No source is configured.")
    return PARTLY if any(entry.failed for entry in found) else 0


@source.command()
@click.argument("url")
@click.option("--slug", metavar="SLUG", help="Permanent name in commands. Default: from the host.")
@click.option("--name", metavar="TEXT", help="The name that readers see. Default: the host.")
@click.option(
    "--kind", type=click.Choice(["agency", "house"]), default="agency", help="house: your own site."
)
@door
def add(door_: Door, url: str, slug: str | None, name: str | None, kind: str) -> None:
    """Put a source into sources.toml.

    URL is a feed, or a page that names one; a WordPress site without a feed is swept. It is asked first. What stands in the file stays.

    \b
    Examples:
      publisher source add https://agency.example/feed.xml --name "Example Agency"
      publisher source add https://www.news.example/ --kind house --slug our-site
    """
    from publisher.desk import sources

    with door_.newsroom() as newsroom:
        added = sources.add(newsroom, url, slug=slug, name=name, kind=kind, now=now())
    record = asdict(added) | {"path": str(added.path)}
    told = f"{added.stories} stories there, {added.set_aside} of them without a source, link or headline."
    lines = [f"Written to {added.path}:", added.table.strip(), "", told]
    door_.show(record, "\n".join([*lines, f"Look it through, then: publisher ingest {added.source}"]))


COMMANDS = (ingest, source)
