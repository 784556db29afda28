"""The house's own things: configuration, templates, database, clock, sources, and what waits for a person. Asks, and writes nothing that stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from publisher.desk import clock, copies, keeping, mailing, sources
from publisher.desk.doctor.findings import FAULT, OK, SKIPPED, WARNING, Finding
from publisher.desk.doctor.machine import disk_of, room
from publisher.errors import PublisherError
from publisher.newsroom import Newsroom, open_newsroom
from publisher.settings import Settings, leftovers
from publisher.store import stories
from publisher.store.db import begun
from subscribers import audience
from subscribers.limits import is_private

__all__ = ["examine"]

BESIDE = timedelta(minutes=1)
"""Clocks of two machines may lie so far apart."""
SICK = frozenset({"failing", "broken", "tls", "quiet", "moved"})
"""Words for a source's health that somebody should see to."""


def examine(settings: Settings, *, now: datetime) -> Iterator[Finding]:
    """Configuration and templates; and, once there is a database, what it holds."""
    yield _configuration(settings)
    yield _languages(settings)
    yield from _templates(settings)
    yield _signing(settings)
    if not begun(settings.store_url):
        yield Finding(
            "database", SKIPPED, "there is none yet: `publisher ingest`, or any other command, makes it"
        )
        return
    try:
        faults = keeping.check(settings)
        newsroom = open_newsroom(settings)
    except PublisherError as error:
        yield Finding("database", FAULT, str(error))  # which says itself what to do
        return
    try:
        yield from (
            Finding("database", FAULT, fault, "Put a backup in its place: docs/operating.md")
            for fault in faults
        )
        if not newsroom.database.writable():
            advice = (
                "Nothing is taken in or mailed until it can be written; a standby has to be promoted first"
            )
            yield Finding("database", FAULT, f"{newsroom.database.where} is read-only", advice)
        elif not faults:
            yield Finding("database", OK, f"{newsroom.database.where} is sound and up to date")
        yield from (Finding("keys", FAULT, note) for note in newsroom.notes)
        yield _clock(newsroom)
        yield from _ahead(newsroom, now)
        yield from _sources(newsroom, now)
        yield from _folders(newsroom)
        yield from _halted(newsroom)
        yield from _readers(newsroom)
        yield from _proxies(newsroom)
    except (
        PublisherError
    ) as error:  # a table is gone, or the disk: what else there is to see is looked at all the same
        yield Finding("database", FAULT, str(error), "Put a backup in its place: docs/operating.md")
    finally:
        newsroom.close()


def _configuration(settings: Settings) -> Finding:
    left = leftovers(settings)
    if not left:
        return Finding("configuration", OK, f"{settings.folder} is sound")
    first = f"{left[0].where} {left[0].key}".strip()
    more = f" and {len(left) - 1} more" if len(left) > 1 else ""
    return Finding(
        "configuration",
        WARNING,
        f"still as the template has it: {first}{more}",
        "`publisher config check` names each; make them yours before you publish",
    )


def _languages(settings: Settings) -> Finding:
    """A language without a house text of its own gets another's."""
    spoken = {language for digest in settings.digests for language in digest.languages} | {
        settings.site.language
    }
    told = {entry.language.partition("-")[0] for entry in settings.disclaimers}
    without = sorted(language for language in spoken if language.partition("-")[0] not in told)
    if not without:
        return Finding("disclaimer", OK, f"in {', '.join(sorted(spoken))}")
    return Finding(
        "disclaimer",
        WARNING,
        f"none in {', '.join(without)}: the text in {settings.site.language} stands there",
        "Add a [[disclaimer]] for each to publisher.toml",
    )


def _templates(settings: Settings) -> Iterator[Finding]:
    try:
        unsaid = keeping.check_templates(settings)
    except PublisherError as error:
        yield Finding(
            "templates", FAULT, str(error), "Mend the file, or take it away: ours stands in its place then"
        )
        return
    own = f"those in {settings.templates_dir} and ours" if settings.templates_dir else "ours"
    if not unsaid:
        yield Finding("templates", OK, f"{own} compile and keep every source and disclaimer")
    yield from (
        Finding("templates", WARNING, str(problem), "Translate them in that file") for problem in unsaid
    )


def _signing(settings: Settings) -> Finding:
    if not settings.digests:
        return Finding("signatures", SKIPPED, "no digest, no mail to sign")
    if settings.dkim.keys:
        kinds = ", ".join(f"{key.selector} ({key.algorithm})" for key in settings.dkim.keys)
        return Finding("signatures", OK, f"mails are signed: {kinds}")
    if made := sorted(settings.folder.glob("dkim-*.pem")):
        return Finding(
            "signatures",
            WARNING,
            f"mails are not signed here, and the key {made[0].name} lies unused beside publisher.toml",
            f'Name it under [dkim]: `selector = "{made[0].stem.removeprefix("dkim-")}"` and `key_file = "{made[0].name}"`',
        )
    return Finding(
        "signatures",
        WARNING,
        "mails are not signed here",
        "`publisher dkim keygen` makes a key, unless your relay signs for your domain (docs/mail-dns.md)",
    )


def _clock(newsroom: Newsroom) -> Finding:
    doubt = clock.doubt(newsroom)
    if not doubt:
        return Finding("clock", OK, "not in doubt")
    return Finding("clock", FAULT, f"in doubt: {doubt}", "`publisher clock confirm --why …` once it is right")


def _ahead(newsroom: Newsroom, now: datetime) -> Iterator[Finding]:
    """What came in while the clock lay ahead, and was published perhaps: it is of a time to come since the clock was set right."""
    with newsroom.database.read() as connection:
        rows = stories.ahead(connection, now + BESIDE)
    if rows:
        first, last = rows[0].eligible_at, rows[-1].eligible_at
        until = f"{first:%Y-%m-%d %H:%M}Z" + (
            "" if last == first else f", the last one before {last:%Y-%m-%d %H:%M}Z"
        )
        some = ", ".join(row.id for row in rows[:3]) + (f" and {len(rows) - 3} more" if len(rows) > 3 else "")
        yield Finding(
            "stories",
            WARNING,
            f"{len(rows)} came in while the clock lay ahead, and nothing shows them before {until}",
            f"With their next version from the source they stand now: {some}",
        )


def _sources(newsroom: Newsroom, now: datetime) -> Iterator[Finding]:
    rows = sources.listing(newsroom, now=now)
    sick = [row for row in rows if row["health"] in SICK]
    if not sick:
        yield Finding("sources", OK, f"{len(rows)} configured, none in trouble")
    for row in sick:
        slug = row["source"]
        yield Finding(
            "sources",
            WARNING,
            f"{slug} is {row['health']}: {row['why']}",
            f"`publisher source check {slug}` asks it now",
        )


def _folders(newsroom: Newsroom) -> Iterator[Finding]:
    disks = {disk_of(newsroom.data_path())}
    for folder, why in copies.folders(newsroom).items():
        if not why and (disk := disk_of(folder)) not in disks:
            disks.add(disk)
            yield room(folder, "Make room: on a full disk pages and feeds go missing from this folder")
        if why:
            advice = (
                f"Until it can be written no kill reaches it. `publisher feed forget {folder}` gives it up"
            )
            yield Finding("folders", FAULT, why, advice)


def _halted(newsroom: Newsroom) -> Iterator[Finding]:
    for dispatch_id, subject, why in mailing.halted(newsroom):
        yield Finding(
            "dispatches",
            FAULT,
            f"{dispatch_id} of {subject} stands halted, and readers wait: {why}",
            f"Once that is mended, `publisher dispatch resume {dispatch_id}`",
        )


def _readers(newsroom: Newsroom) -> Iterator[Finding]:
    """Whom a change of the sections left with nothing: they asked for no other."""
    for digest in newsroom.settings.digests:
        with newsroom.database.read() as connection:
            chosen = audience.section_choices(connection, digest.slug)
        lost = [(sections, number) for sections, number in chosen if not sections & set(digest.sections)]
        if lost:
            names = ", ".join(sorted(frozenset().union(*(sections for sections, _ in lost))))
            yield Finding(
                "readers",
                WARNING,
                f"{sum(number for _, number in lost)} of {digest.slug} chose sections that it has no more, and get nothing: {names}",
                "Let the digest have them again, or ask these readers what they want instead",
            )


def _proxies(newsroom: Newsroom) -> Iterator[Finding]:
    """A web server in front that nobody named is taken for every reader; it is as a rule the only one whose network is private."""
    with newsroom.database.read() as connection:
        network = audience.newest_network(connection)
    if is_private(network):
        yield Finding(
            "proxies",
            WARNING,
            f"the last reader came from {network}, a private network: a web server that web.proxies do not name, perhaps",
            "Name it there, for all its readers share one limit and one network as evidence (docs/serving.md); if your readers are in that network, all is well",
        )
