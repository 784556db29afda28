"""The site: front page, section pages, the archive of editions, our own pages of stories where the house wants them, and what crawlers read.

Each page is made from a frozen edition and read by the gate before it becomes public. A story that was killed stands in editions as the
house's notice, and its own page says 410 with the same words; what was held, put under embargo or is ours to publish no more is left out and named
nowhere, and its own page says 410 until it comes back. A
page that the gate refuses keeps its last good bytes, and is reported; where those still show such a story it is taken down. A template
that cannot be rendered keeps the whole site as it is, less the pages that show or name such a story (`closing.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from publisher import gate
from publisher.desk.site.closing import close, shows
from publisher.desk.site.held import EDITIONS, SITE, Held, held, unfit_of
from publisher.desk.site.lists import HTML, Rows, around, rows_of
from publisher.desk.site.making import Page, fronts, listed, pages_of, withdrawn
from publisher.edition import Kind
from publisher.errors import GateRefused, TemplateInvalid
from publisher.newsroom import Newsroom
from publisher.render import pages
from publisher.store import house, public, stories
from publisher.store.public import Finished

__all__ = ["SiteReport", "build"]

BESIDE = timedelta(minutes=5)
"""An edition frozen so much later than now was made by another process since this one asked for the time; a later one by a clock that
went wrong."""


@dataclass(slots=True)
class SiteReport:
    """The pages whose bytes changed, what the gate or a template refused, and which pages could not even stay as they were."""

    changed: list[str] = field(default_factory=list)
    refused: list[GateRefused | TemplateInvalid] = field(default_factory=list)
    down: list[str] = field(default_factory=list)


def build(newsroom: Newsroom, *, now: datetime) -> SiteReport:
    """Make every page anew; those whose bytes changed become public."""
    with newsroom.database.read() as connection:
        found = held(newsroom, connection, now=now)
        rows = rows_of(newsroom, connection)
    now = max([now, *(at for at in found.frozen() if at <= now + BESIDE)])
    try:
        return _made(newsroom, found, rows, now=now)
    except TemplateInvalid as fault:
        with newsroom.database.write() as connection:
            down = close(newsroom, connection, found.barred, now=now)
        return SiteReport(changed=down, refused=[fault], down=[path.removeprefix(SITE) for path in down])


def _made(newsroom: Newsroom, found: Held, rows: Rows, *, now: datetime) -> SiteReport:
    """Every page, rendered and read by the gate before the first becomes public."""
    report = SiteReport()
    with newsroom.database.read() as connection:
        there = public.paths(connection, below=EDITIONS)
    files: dict[str, Finished] = {}
    kept: list[Page] = []
    shown: list[Page] = []
    left: set[str] = set()
    for page in pages_of(newsroom, found):
        if _left_alone(newsroom, page, now=now):
            left.add(f"{SITE}{page.path}")
            if listed(newsroom, page.edition):
                shown.append(page)
        elif _cleared(newsroom, page, found, report, now=now):
            files[f"{SITE}{page.path}"] = Finished(page.body, HTML)
            if page.edition.kind is Kind.DIGEST and listed(newsroom, page.edition):
                shown.append(page)
        else:
            kept.append(page)
    notices = {
        f"{SITE}{page.path}": Finished(page.body, HTML)
        for page in withdrawn(newsroom, found)
        if _cleared(newsroom, page, found, report, now=now)
    }
    for path, body, front in fronts(newsroom, found, shown):
        if front is None or _cleared(newsroom, front, found, report, now=now):
            files[f"{SITE}{path}"] = Finished(body, HTML)
        else:
            kept.append(front)
    here = left | {f"{SITE}{page.path}" for page in kept}
    files |= around(newsroom, found, rows, there=frozenset(files) | here | there, now=now)
    with newsroom.database.write() as connection:
        report.changed = public.put(connection, files, now=now)
        report.down = [page.path for page in kept if _shows_unfit(newsroom, connection, page, now=now)]
        gone = _gone(newsroom, connection, found, files, shown=frozenset(files) | here, now=now)
        gone |= dict.fromkeys(f"{SITE}{path}" for path in report.down)
        report.changed += public.withdraw(connection, gone | notices, now=now)
        for entry in report.refused:
            if isinstance(entry, GateRefused):
                data = dict(entry.facts)
                house.tell(
                    connection, "gate.refused", entry.edition_id, actor="rule:gate", now=now, data=data
                )
    return report


def _left_alone(newsroom: Newsroom, page: Page, *, now: datetime) -> bool:
    """Whether an edition's page stays as it is, because it has stories of sources that this process does not know: what they grant it cannot say."""
    if page.edition.kind is not Kind.DIGEST or not newsroom.settings.written_since:
        return False
    if all(item.source in newsroom.sources for item in page.edition.items):
        return False
    with newsroom.database.read() as connection:
        last = public.get(connection, f"{SITE}{page.path}")
        return (
            last is not None
            and last.status == public.OK
            and not shows(newsroom, connection, last.body, now=now)
        )


def _gone(
    newsroom: Newsroom,
    connection: Connection,
    found: Held,
    files: Mapping[str, Finished],
    *,
    shown: frozenset[str],
    now: datetime,
) -> dict[str, Finished | None]:
    """The pages that are to be taken down: of stories, of sections, lists and languages that there are no more, of editions with no story left.

    A process whose files were written since may only lack those: of them it takes down what shows a story that may be in no output.
    """
    closed = set(found.closed) - files.keys()
    nobodys = set(public.paths_in_folders(connection, below=SITE) - shown)  # fronts, above all
    for below in (f"{SITE}s/", f"{SITE}archive/", f"{SITE}feeds-help/"):
        nobodys |= public.paths(connection, below=below) - shown
    for entry in found.digests:
        nobodys |= public.paths(connection, below=f"{EDITIONS}{entry.edition.edition_id}/") - shown
    if newsroom.settings.written_since:
        pages_there = {path: public.get(connection, path) for path in nobodys}
        nobodys = {
            path
            for path, file in pages_there.items()
            if file is not None and shows(newsroom, connection, file.body, now=now)
        }
    return dict.fromkeys(closed | nobodys)


def _cleared(newsroom: Newsroom, page: Page, found: Held, report: SiteReport, *, now: datetime) -> bool:
    """Whether the gate lets a page pass; what stands there as a notice is not the story that was taken back."""
    noticed = {item.story_id for item in page.edition.items if item.withdrawn}
    faults = gate.check_html(
        page.body,
        page.edition,
        page.variant,
        output=page.path,
        now=now,
        barred=found.barred - noticed,
        script=pages.script_url(newsroom.settings.site.url),
    )
    try:
        gate.clear(page.edition.edition_id, faults)
    except GateRefused as refusal:
        report.refused.append(refusal)
        return False
    return True


def _shows_unfit(newsroom: Newsroom, connection: Connection, page: Page, *, now: datetime) -> bool:
    """Whether the last good bytes of a refused page show a story that may be in no output."""
    last = public.get(connection, f"{SITE}{page.path}")
    if last is None or last.status != public.OK:
        return False
    faults = gate.check_html(last.body, page.edition, page.variant, output=page.path, now=now)
    shown = {fault.story_id for fault in faults if fault.story_id and fault.rule != "missing-item"}
    return bool(unfit_of(newsroom, stories.load(connection, shown), now=now))
