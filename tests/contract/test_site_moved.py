"""A site that moves to another host, or stands below a path of one: its pages go on being made, and their script is its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.desk import acts, editions, publishing, wire
from publisher.newsroom import Newsroom, mint_derived
from publisher.store import public, stories
from tests.newsrooms import NOW, jsonl, line, settings

OLD, NEW = "https://front.example", "https://new.example/wire"


def room(database, url):
    own = settings(site={"url": url, "pages": True, "canonical": "own"})
    return Newsroom(settings=own, database=database, mint=mint_derived)


def publish(opened, now):
    done = publishing.publish(opened, feeds_to=None, site_to=None, actor="test", now=now)
    assert not done.refused
    return done


def page(opened, path):
    with opened.database.read() as connection:
        file = public.get(connection, f"site/{path}index.html")
    assert file is not None
    assert file.status == public.OK
    return file.body.decode()


@pytest.fixture
def house(database):
    opened = room(database, OLD)
    wire.read_document(opened, opened.source("meridian"), jsonl(line(1)), actor="test", now=NOW)
    publish(opened, NOW)
    return database


def only(database):
    with database.read() as connection:
        (story,) = stories.listing(connection)
    return story


def test_the_page_of_an_old_story_is_still_made_after_a_move(house):
    story_id = only(house).story_id
    moved = room(house, NEW)
    publish(moved, NOW + timedelta(minutes=1))
    assert f'<link rel="canonical" href="{NEW}/story/{story_id}">' in page(moved, f"story/{story_id}/")
    acts.headline(
        moved, story_id, "Another headline", why="style", actor="test", now=NOW + timedelta(minutes=2)
    )
    assert "Another headline" in page(moved, f"story/{story_id}/")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_story_page_says_what_we_changed_and_takes_reports_of_mistakes(house):
    story_id = only(house).story_id
    opened = room(house, OLD)
    assert "<q>" not in page(opened, f"story/{story_id}/")
    later = NOW + timedelta(minutes=1)
    acts.headline(opened, story_id, "Ours, <b>now</b>", why="style", actor="test", now=later)
    publish(opened, later)
    shown = page(opened, f"story/{story_id}/")
    assert "<q>Headline number 1</q>" in shown
    assert "Ours, " in shown
    assert (
        f'<a href="mailto:desk@front.example?subject=story%20{story_id}%2C%20version%201">Report a mistake</a>'
        in shown
    )


def test_pages_have_the_script_of_their_own_site_also_below_a_path(house):
    for url in (OLD, NEW):
        publish(room(house, url), NOW + timedelta(minutes=1))
        with house.read() as connection:
            paths = public.paths(connection, below="site/")
        shown = [path.removeprefix("site/") for path in paths if path.endswith("index.html")]
        for path in shown:
            assert f'<script src="{url}/assets/copy.js" defer></script>' in page(
                room(house, url), path.removesuffix("index.html")
            )
        assert len(shown) >= 5


def test_a_page_with_another_script_is_refused(house, tmp_path):
    base = tmp_path / "web" / "base.html.j2"
    base.parent.mkdir()
    opened = room(house, NEW)
    base.write_text(
        opened.templates.source("web/base.html.j2").replace("{{ page.script }}", "/assets/copy.js")
    )
    store = opened.settings.store.model_copy(update={"templates_dir": tmp_path})
    own = Newsroom(replace(opened.settings, store=store), house, mint_derived)
    done = publishing.publish(own, feeds_to=None, site_to=None, actor="test", now=NOW + timedelta(minutes=1))
    assert any("a script could change" in str(refusal) for refusal in done.pages.refused)


def test_an_edition_that_waits_for_approval_is_on_no_page(database):
    opened = Newsroom(settings=settings(approval="required"), database=database, mint=mint_derived)
    wire.read_document(opened, opened.source("meridian"), jsonl(line(1)), actor="test", now=NOW)
    made = editions.make(opened, "morning", actor="test", now=NOW)
    publish(opened, NOW)
    with database.read() as connection:
        assert f"site/e/{made.edition_id}/index.html" not in public.paths(connection, below="site/")
    assert made.edition_id not in page(opened, "")
    editions.approve(opened, made.edition_id, actor="test", now=NOW)
    publish(opened, NOW)
    assert line(1)["headline"] in page(opened, f"e/{made.edition_id}/")
    assert made.edition_id in page(opened, "")
