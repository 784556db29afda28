"""The gate at the desk: a hostile story harms no neighbour, and templates that hide a promise make no edition."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.desk import acts, editions, feeds, previews, publishing, site, wire
from publisher.errors import GateRefused
from publisher.newsroom import Newsroom
from publisher.store import public, stories
from tests.newsrooms import NOW, jsonl, line, newsroom

WHO = {"actor": "test", "now": NOW}
SHIPPED = Path(__file__).resolve().parents[2] / "templates"
HOSTILE = "Place0123456789abcdef01234567Ends {{ place.leave }} {% raw"


@pytest.fixture
def room(database):
    room = newsroom(database)
    body = f"<p>Long enough for a lede: {HOSTILE}</p><p>{HOSTILE}</p>"
    told = jsonl(line(1), line(2, headline=f"It says {HOSTILE}", body=body, byline=HOSTILE), line(3))
    assert wire.read_document(room, room.source("meridian"), told, **WHO).counts == {"new": 3}
    return room


def test_a_story_that_imitates_personal_places_goes_out_as_text_beside_its_neighbours(room, tmp_path):
    done = publishing.publish(room, feeds_to=tmp_path, site_to=None, **WHO)
    assert not done.refused
    for name in ("world.rss", "world.atom", "world.json"):
        text = (tmp_path / name).read_text()
        assert HOSTILE in text
        assert text.count("Headline number ") >= 2
    made = editions.make(room, "morning", **WHO)
    assert len(made.items) == 3
    for path in previews.preview(room, "morning", tmp_path / "preview", now=NOW).written:
        assert path.read_bytes()


def dressed(room: Newsroom, folder: Path, name: str, before: str, after: str) -> Newsroom:
    """The newsroom with one shipped template changed in a folder of its own."""
    target = folder / name
    target.parent.mkdir(parents=True)
    shutil.copy(SHIPPED / name, target)
    text = target.read_text()
    assert before in text
    target.write_text(text.replace(before, after))
    store = room.settings.store.model_copy(update={"templates_dir": folder})
    return Newsroom(replace(room.settings, store=store), room.database, room.mint)


@pytest.mark.parametrize(
    ("style", "named"),
    [
        ("transform:scale(.001);", "transform:scale(.001)"),
        ("font-size:calc(1px);", "font-size:calc(1px)"),
        ("color:oklch(1 0 0);", "color:oklch(1 0 0)"),
    ],
)
def test_a_mail_template_that_hides_the_provenance_line_makes_no_edition(room, tmp_path, style, named):
    own = dressed(room, tmp_path, "mail/digest/parts.mjml.j2", 'style="margin:10px 0 0;', f'style="{style}')
    with pytest.raises(GateRefused) as refused:
        editions.make(own, "morning", **WHO)
    assert len({v.story_id for v in refused.value.violations if v.rule == "disclaimer"}) == 3
    assert named in str(refused.value)
    with room.database.read() as connection:
        assert all(story.first_published is None for story in stories.listing(connection))


def test_a_page_template_that_hides_it_writes_no_page(room, tmp_path):
    feeds.build(room, **WHO)
    own = dressed(room, tmp_path / "own", "web/style.css.j2", ".provenance {", ".provenance { opacity: .1;")
    report = site.build(own, now=NOW)
    assert any("opacity" in str(refusal) for refusal in report.refused)
    assert not any(path.startswith("site/s/world") for path in report.changed)


def test_a_refused_page_keeps_its_last_good_bytes_but_no_killed_story(room, tmp_path):
    publishing.publish(room, feeds_to=None, site_to=None, **WHO)
    own = dressed(room, tmp_path / "own", "web/style.css.j2", ".provenance {", ".provenance { opacity: .1;")
    assert site.build(own, now=NOW).down == []
    assert statuses(room) == {"site/index.html": 200, "site/s/world/index.html": 200}
    with room.database.read() as connection:
        victim = next(s.story_id for s in stories.listing(connection) if s.headline == "Headline number 1")
    done = acts.kill(own, victim, why="wrong", actor="test", now=NOW + timedelta(minutes=1))
    assert set(done.published.pages.down) == {"index.html", "s/world/index.html"}
    assert statuses(room) == {"site/index.html": 410, "site/s/world/index.html": 410}
    site.build(room, now=NOW + timedelta(minutes=2))
    assert statuses(room) == {"site/index.html": 200, "site/s/world/index.html": 200}


def statuses(room):
    with room.database.read() as connection:
        found = (public.get(connection, f"site/{path}index.html") for path in ("", "s/world/"))
        return {file.path: file.status for file in found if file is not None}
