"""The demo: the whole way on a newsroom made for it, with invented agencies, a fixed clock and a mail catcher on loopback.

It uses the same use cases as everybody. Its clock stands at 2026-03-02 06:00 +03:30, and its ids are derived instead of drawn, so that
its feeds, previews and report are the same everywhere; only keys, certificate and the tokens in its mails are its own. A second run finds
everything done: nothing new is ingested, nobody is mailed twice, the report is the same. After somebody has worked in its newsroom by
the real clock it begins anew.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from publisher import assets
from publisher.demo.catcher import Catcher, certificate, present
from publisher.demo.folder import clear, prepare
from publisher.desk import acts, editions, exchange, mailing, names, previews, publishing, wire
from publisher.desk.files import write_file
from publisher.desk.overview import last_recorded, tally
from publisher.errors import AlreadyMade, AlreadySent
from publisher.newsroom import Newsroom, mint_derived, open_newsroom
from publisher.selection import Act

__all__ = ["NOW", "Result", "run"]

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
"""06:00 in Tehran on 2 March 2026."""
ACTOR = "demo"
DIGEST = "morning"
HOUSE_HEADLINE = ("meridian-m103", "A second ring around Tamsin puzzles astronomers")
PINNED = ("agence-nord-n301", "world")


@dataclass(frozen=True, slots=True)
class Result:
    """What the demo left: its folder, and the report that stands in it."""

    folder: Path
    report: dict[str, Any]
    dispatch_id: str


def run(folder: Path, *, say: Callable[[str], None]) -> Result:
    """Run the demo in `folder`; `say` is told each step.

    Raises:
        Conflict: the folder holds a newsroom that is not a demo's.
        FolderUnwritable: the folder cannot be written.
    """
    newsroom = _opened(folder, say=say)
    tls = certificate(folder / "tls", now=present())
    try:
        say("Ingesting the agencies' files")
        _ingest(newsroom)
        _desk(newsroom)
        say("Making the edition in English, Persian and Arabic")
        edition_id = _edition(newsroom)
        previews.preview(newsroom, edition_id, folder / "preview", now=NOW)
        say("Building feeds and pages; the provenance gate reads each")
        publishing.publish(newsroom, feeds_to=folder / "feeds", site_to=folder / "site", actor=ACTOR, now=NOW)
        _readers(newsroom)
        say("Sending the digest over SMTP with STARTTLS to a catcher on loopback")
        with Catcher(folder / "mail", tls) as catcher:
            dispatch_id = _send(newsroom, catcher, edition_id)
        report = _report(newsroom, folder, edition_id, dispatch_id)
    finally:
        newsroom.close()
    write_file(folder / "report.json", json.dumps(report, indent=2).encode() + b"\n")
    return Result(folder, report, dispatch_id)


def _opened(folder: Path, *, say: Callable[[str], None]) -> Newsroom:
    """The demo's newsroom; a new one, when it was used since by the real clock: its morning cannot come after that."""
    newsroom = open_newsroom(prepare(folder), mint=mint_derived)
    last = last_recorded(newsroom)
    if last is None or last <= NOW:
        return newsroom
    newsroom.close()
    say(f"The newsroom in {folder} was used after the demo's morning: beginning anew")
    clear(folder)
    return open_newsroom(prepare(folder), mint=mint_derived)


def _ingest(newsroom: Newsroom) -> None:
    """Each agency's file, then its later one: corrections and kills come after what they mend."""
    files = sorted(
        (assets.root() / "config" / "demo" / "wire").glob("*.jsonl"),
        key=lambda p: (p.stem.endswith("-later"), p.name),
    )
    for path in files:
        source = newsroom.source(path.stem.removesuffix("-later"))
        wire.read_document(newsroom, source, path.read_bytes(), actor=ACTOR, now=NOW)


def _desk(newsroom: Newsroom) -> None:
    """What an editor does on such a morning: a headline of our own, and a pin."""
    guid, headline = HOUSE_HEADLINE
    story_id = _story_id(newsroom, guid)
    if names.story(newsroom, story_id).headline != headline:
        acts.headline(newsroom, story_id, headline, why="shorter", actor=ACTOR, now=NOW)
    guid, section = PINNED
    pinned = _story_id(newsroom, guid)
    if editions.find(newsroom, DIGEST, now=NOW) is None:
        acts.mark(newsroom, pinned, Act.PIN, section=section, why="our lead in World", actor=ACTOR, now=NOW)


def _story_id(newsroom: Newsroom, guid: str) -> str:
    return newsroom.mint(NOW, f"story {guid.rpartition('-')[0]} {guid}".encode())


def _edition(newsroom: Newsroom) -> str:
    try:
        return editions.make(newsroom, DIGEST, actor=ACTOR, now=NOW).edition_id
    except AlreadyMade as made:
        return made.edition_id


def _readers(newsroom: Newsroom) -> None:
    path = assets.root() / "config" / "demo" / "subscribers.csv"
    with exchange.import_csv(
        newsroom,
        path,
        digest=DIGEST,
        basis="the demo's invented readers",
        actor=ACTOR,
        now=NOW,
        progress=lambda _: None,
    ):
        pass  # the demo's list has no line that is refused


def _send(newsroom: Newsroom, catcher: Catcher, edition_id: str) -> str:
    """Send the edition, or go on with what an interrupted run left; returns the dispatch's id."""
    here = {"host": catcher.host, "port": catcher.port}
    relays = tuple(relay.model_copy(update=here) for relay in newsroom.settings.relays)
    settings = dataclasses.replace(newsroom.settings, relays=relays)
    newsroom = Newsroom(settings=settings, database=newsroom.database, mint=newsroom.mint)
    try:
        dispatch_id = mailing.begin(newsroom, editions.edition(newsroom, edition_id), actor=ACTOR, now=NOW)
    except AlreadySent as sent:
        dispatch_id = sent.dispatch_id
    mailing.run(newsroom, dispatch_id, clock=lambda: NOW)
    return dispatch_id


def _report(newsroom: Newsroom, folder: Path, edition_id: str, dispatch_id: str) -> dict[str, Any]:
    """The figures, read from the database and the folder, so that a second run says the same."""
    figures = tally(newsroom, now=NOW)
    report = mailing.report(newsroom, dispatch_id).data()
    counts = {key: value for key, value in report["counts"].items() if key != "waiting"}
    built = sorted(
        path for path in (folder / "feeds").rglob("*") if path.suffix in {".rss", ".atom", ".json"}
    )
    return {
        "stories": figures["stories"],
        "feeds": len(built),
        "editions": [edition_id],
        "deliveries": counts,
        "gate": figures["gate"],
    }
