"""The shared hostile set as wire copy in a digest: what it says stands there as text, and its neighbours are unharmed."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from publisher.desk import editions, wire
from publisher.edition import Why
from publisher.gate.sight import plain
from publisher.newsroom import Newsroom, mint_derived
from publisher.store import migrate
from publisher.store.db import open_database
from publisher.store.editions import renderings
from tests.newsrooms import NOW, jsonl, line, settings

WIRES = ("*.rss", "*.atom", "json-*.json", "mjml-*.mjml", "newsml-*.xml", "html-*")
ACTIVE = "script, iframe, form, object, embed, input, img, mj-text, mj-raw, link[rel=stylesheet]"
MANY = {"xml-many-items.rss"}
"""Ordinary stories in a great number: they would only crowd the others out."""
NOT_OURS = "javascript:", "data:", "vbscript:"


@pytest.fixture
def room(tmp_path):
    """A newsroom whose first section takes everything, and whose source is read in whatever format it comes."""
    database = open_database(f"sqlite:///{tmp_path / 'publisher.sqlite3'}")
    migrate.ready(database)
    base = settings(
        sources=[
            {"slug": f"wire-{n}", "name": f"Wire {n}", "homepage": "https://wire.example/", "format": "auto"}
            for n in range(100)
        ]
    )
    everything = replace(base.sections[0], any=(), max=200, window=timedelta(days=3650), languages="all")
    yield Newsroom(
        settings=replace(base, sections=(everything, base.sections[1])), database=database, mint=mint_derived
    )
    database.close()


def taken_in(room: Newsroom, number: int, raw: bytes) -> None:
    """Each document comes from a source of its own: their ids are the same in many."""
    wire.read_document(room, room.source(f"wire-{number}"), raw, actor="test", now=NOW)


def test_hostile_copy_is_text_in_a_digest_and_harms_no_neighbour(samples: Path, room: Newsroom) -> None:
    files = sorted({path for kind in WIRES for path in (samples / "hostile-samples").glob(kind)})
    assert len(files) > 30
    for number, path in enumerate(files):
        if path.name not in MANY:
            taken_in(room, number, path.read_bytes())
    taken_in(room, 99, jsonl(line(1, headline="A quiet neighbour", urgency=1, lede="Nothing happened here.")))
    made = editions.make(room, "morning", slot=None, actor="test", now=NOW)
    assert len(made.items) > 25, len(made.items)
    assert [entry for entry in made.left_out if entry.why is Why.SIZE] == []
    with room.database.read() as connection:
        outputs = renderings(connection, made.edition_id, 1)
    html, text = (outputs[f"digest-en.{kind}"].decode() for kind in ("html", "txt"))
    tree = LexborHTMLParser(html)
    assert tree.css(ACTIVE) == []
    assert [a for a in tree.css("a") if (a.attributes["href"] or "").startswith(NOT_OURS)] == []
    assert [node for node in tree.css("*") for name in node.attributes if name.startswith("on")] == []
    seen, lines = plain(tree.body.text()), {plain(entry) for entry in text.split("\n")}
    for item in made.items:
        assert plain(item.headline) in seen
        assert f"* {plain(item.headline)}" in lines
        assert item.source_url in lines
    assert "A quiet neighbour" in seen
    assert "Nothing happened here." in seen
