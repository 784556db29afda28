"""Real agencies' files against answers made by hand, and what of them must never get out.

The texts are the agencies': so the table holds the beginnings of their SHA-256 digests, and they stay where they are.
"""

from __future__ import annotations

import csv
import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from publisher import intake
from publisher.intake import Context, Document, Unreadable
from publisher.story import EmbargoKind, Received, Rejected, Source

pytestmark = pytest.mark.samples
NOW = datetime(2031, 3, 5, tzinfo=UTC)
AGENCY = Source(
    slug="agency",
    name="Agency",
    homepage="https://wire.example/",
    timezone="Europe/Brussels",
    rights_map=(("may not be published", "none"),),
)
FIELDS = ("headline", "original", "version", "status", "embargo", "source", "url", "language", "byline")
FOLDERS = ("article-html", "email", "newsml-1.2", "newsml-g2", "ninjs", "nitf", "synthetic", "text-wire")
PRIVATE = re.compile(
    r"@[a-z]+\.(?:com|no|de|kr)|\+49 30|030285|not (?:intended )?for publication|Notizblock", re.IGNORECASE
)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10] if text else ""


def versions(path: Path) -> list[Received]:
    found = intake.read(path.read_bytes(), Context(source=AGENCY, now=NOW))
    items = found.items if isinstance(found, Document) else ()
    read = [item.received if isinstance(item, Rejected) else item for item in items]
    return [item for item in read if item is not None]


def answer(item: Received) -> dict[str, str]:
    until = item.embargo.until
    return {
        "headline": digest(item.headline or item.original_headline),
        "original": digest(item.original_headline),
        "version": item.source_version or "",
        "status": item.pubstatus.value,
        "embargo": until.isoformat()
        if item.embargo.kind is EmbargoKind.UNTIL and until
        else item.embargo.kind.value,
        "source": "" if item.source_name == AGENCY.name else digest(item.source_name),
        "url": digest(item.source_url),
        "language": item.language,
        "byline": digest(item.byline),
    }


def test_every_field_of_every_file_is_as_it_was_read_by_hand(samples: Path) -> None:
    table = Path(__file__).with_name("wire_answers.tsv").read_text(encoding="utf-8")
    wrong = []
    for row in csv.DictReader(table.splitlines(), delimiter="\t"):
        found = answer(versions(samples / "wire-samples" / row["file"])[0])
        wrong += [(row["file"], name, found[name]) for name in FIELDS if found[name] != row[name]]
    assert not wrong


def test_what_is_private_is_in_nothing_that_is_shown(samples: Path) -> None:
    for folder in FOLDERS:
        for path in sorted((samples / "wire-samples" / folder).iterdir()):
            for item in versions(path):
                said = f"{item.lede} {item.body} {item.byline} {item.correction_note} {item.headline} {item.usage_terms}"
                assert PRIVATE.search(said) is None, (path.name, PRIVATE.search(said))


def test_hostile_documents_of_agencies_formats_do_as_their_index_says(samples: Path) -> None:
    def read(name: str) -> Document | Unreadable:
        return intake.read((samples / "hostile-samples" / name).read_bytes(), Context(source=AGENCY, now=NOW))

    attack = read("newsml-xxe.xml")
    assert isinstance(attack, Unreadable)
    assert attack.reason == "entity"
    killed, embargoed, hostile = (
        versions(samples / "hostile-samples" / name)[0]
        for name in ("newsml-cancelled.xml", "newsml-embargoed.xml", "json-ninjs-hostile.json")
    )
    assert killed.pubstatus.value == "canceled"
    assert embargoed.embargo.kind is not EmbargoKind.NONE
    assert "\n" not in hostile.byline
    assert "<img" not in hostile.body
    wrong = read("json-wrong-types.json")
    assert isinstance(wrong, Document)
    assert any(
        "LITERAL-OK" in (item.headline if isinstance(item, Rejected) else item.original_headline)
        for item in wrong.items
    )
