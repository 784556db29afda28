"""The house in figures for a monitoring system, in the text format that Prometheus reads; and whether it is ready.

All figures come from the database: they are right whichever process is asked, after a restart, and with senders on other machines. Labels
are states, causes, and slugs of the configuration, so that there are never many. `METRICS` lists every name; docs/operating.md explains each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import version

from publisher.errors import PublisherError
from publisher.ledger import Outcome
from publisher.newsroom import Newsroom
from publisher.schedule import ARRIVED, OVERDUE, edition_id, slot_to_ask_about
from publisher.store import agenda, deliveries, house, metrics, quarantine, states
from publisher.transport import Relay

__all__ = ["METRICS", "exposition", "missing"]

METRICS: Mapping[str, str] = {
    "publisher_info": "The program's version, as a label.",
    "publisher_database_up": "Whether the database could be read; if not, nothing else is told.",
    "publisher_dispatches": "Dispatches in which somebody waits, by state.",
    "publisher_deliveries": "Deliveries of the newest dispatch of each digest, by state.",
    "publisher_due_chunks": "Chunks of deliveries that are due and that no sender has in hand.",
    "publisher_due_seconds": "How long the first of them has been due.",
    "publisher_senders": "Sender processes that are registered.",
    "publisher_digest_overdue": "Whether the latest digest has not arrived in time.",
    "publisher_stories": "Stories by what keeps them back, or nothing (usable).",
    "publisher_quarantine": "Items in quarantine that wait for a decision.",
    "publisher_source_failures": "How often a source has failed in a row.",
    "publisher_source_success_timestamp_seconds": "When a source was last read, in seconds since 1970.",
    "publisher_suppressions": "Suppressed addresses by cause.",
    "publisher_public_files": "Files that are public.",
}
"""Every metric with its help text; all are gauges."""


@dataclass(slots=True)
class _Page:
    samples: dict[str, list[tuple[dict[str, str], float]]] = field(default_factory=dict)

    def add(self, name: str, value: float, **labels: str) -> None:
        self.samples.setdefault(name, []).append((labels, value))

    def lines(self) -> Iterator[str]:
        for name, told in METRICS.items():
            if name in self.samples:
                yield f"# HELP {name} {told}"
                yield f"# TYPE {name} gauge"
            for labels, value in self.samples.get(name, []):
                shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
                yield f"{name}{{{shown}}} {value:.15g}" if shown else f"{name} {value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def exposition(newsroom: Newsroom, *, now: datetime) -> str:
    """All metrics, as they are served."""
    page = _Page()
    page.add("publisher_info", 1, version=version("wire-publisher"))
    try:
        _fill(page, newsroom, now)
        page.add("publisher_database_up", 1)
    except PublisherError:
        page.samples = {"publisher_info": page.samples["publisher_info"]}
        page.add("publisher_database_up", 0)
    return "\n".join(page.lines()) + "\n"


def _fill(page: _Page, newsroom: Newsroom, now: datetime) -> None:
    newsroom.database.file()  # figures of a file that is gone would look sound
    with newsroom.database.read() as connection:
        for state, number in sorted(metrics.open_by_state(connection).items()):
            page.add("publisher_dispatches", number, state=state)
        due, since = metrics.due_chunks(connection, now=now)
        page.add("publisher_due_chunks", due)
        page.add("publisher_due_seconds", max(0.0, (now - since).total_seconds()) if since else 0)
        page.add("publisher_senders", metrics.workers(connection))
        for digest in newsroom.settings.digests:
            head = metrics.newest_dispatch(connection, digest.slug)
            counts = asdict(deliveries.counts(connection, head.id)) if head else {}
            for state, number in counts.items():
                page.add("publisher_deliveries", number, digest=digest.slug, state=state)
            slot = slot_to_ask_about(digest, now)
            names = [edition_id(digest, slot)] if slot else []
            said = {what for what, _ in agenda.said(connection, (ARRIVED, OVERDUE), names)}
            page.add("publisher_digest_overdue", said == {OVERDUE}, digest=digest.slug)
        for state, number in sorted(states.count(connection, now=now).items()):
            page.add("publisher_stories", number, state=state)
        page.add("publisher_quarantine", quarantine.waiting(connection))
        memories = house.source_states(connection)
        for source in newsroom.settings.sources:
            if (memory := memories.get(source.slug)) is not None:
                page.add("publisher_source_failures", memory.failures, source=source.slug)
                if memory.succeeded_at is not None:
                    at = memory.succeeded_at.timestamp()
                    page.add("publisher_source_success_timestamp_seconds", at, source=source.slug)
        for cause, number in sorted(metrics.suppressed(connection).items()):
            page.add("publisher_suppressions", number, cause=cause)
        page.add("publisher_public_files", metrics.public_files(connection))


def missing(newsroom: Newsroom, *, seconds: float) -> list[str]:
    """What cannot be used at present, of "database" and "relay"; a relay is greeted as for sending, within so many seconds."""
    found = []
    try:
        newsroom.database.file()
        with newsroom.database.read() as connection:
            house.get_fact(connection, "tag_authority")
    except PublisherError:
        found.append("database")
    if newsroom.settings.relays and not asyncio.run(_greeted(newsroom, seconds)):
        found.append("relay")
    return found


async def _greeted(newsroom: Newsroom, seconds: float) -> bool:
    """Whether one of the relays takes mail, in the order in which they are preferred."""
    try:
        async with asyncio.timeout(seconds):
            for options in newsroom.relays:
                opened = await Relay(options).connect()
                if not isinstance(opened, Outcome):
                    await opened.close()
                    return True
    except TimeoutError:
        pass
    return False
