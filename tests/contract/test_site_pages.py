"""The public archive: what stories, editions and lists show after a day in which one was rewritten, one corrected, one killed, one held."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from publisher import gate
from publisher.desk import acts, editions, publishing, site, wire
from publisher.desk.site.held import alone, held
from publisher.desk.site.making import front_languages, house
from publisher.edition import Variant
from publisher.newsroom import Newsroom, mint_derived
from publisher.store import public, stories
from publisher.store.db import open_database
from publisher.web.shelf import Shelf
from tests.contract.conftest import make_tables
from tests.newsrooms import NOW, jsonl, line, newsroom, settings

WHO = {"actor": "test"}
LATER = NOW + timedelta(hours=1)
ROOT = "https://front.example"
NOTE = "It was berth 7, not 4."


def room(database, **about):
    own = settings(
        site={"url": ROOT, "pages": True, "corrections": "errors@front.example", **about.pop("site", {})},
        sources=[
            {"slug": slug, "name": name, "homepage": f"https://{slug}.example/", "format": "jsonl", **rights}
            for slug, name, rights in (
                ("meridian", "Meridian", {}),
                ("short", "Short Wire", {"rights": "lede"}),
                ("mailed", "Mail Only", {"rights_feeds": "none"}),
                ("headed", "Headed", {"rights_feeds": "link"}),
                ("kavir", "Kavir", {"language": "fa"}),
            )
        ],
        **about,
    )
    return Newsroom(settings=own, database=database, mint=mint_derived)


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('day')}/p.sqlite3")
    make_tables(database)
    opened = room(database)
    wide = {"urgency": 1, "byline": "By A. Reporter", "dateline": "PORT ALMA"}
    told = [line(1, **wide), line(2), line(3), line(4, language="fa", headline="پل باز شد"), line(5)]
    wire.read_document(opened, opened.source("meridian"), jsonl(*told), **WHO, now=NOW)
    for number, slug in ((6, "short"), (7, "mailed"), (8, "headed")):
        entry = line(number, source_url=f"https://{slug}.example/2026/{number}", categories=["Economy"])
        wire.read_document(opened, opened.source(slug), jsonl(entry), **WHO, now=NOW)
    made = editions.make(opened, "morning", **WHO, now=NOW)
    publishing.publish(opened, feeds_to=None, site_to=None, **WHO, now=NOW)
    with database.read() as connection:
        ids = {story.received.source_guid: story.story_id for story in stories.listing(connection)}
    ids = {int(guid.rpartition("-")[2]): name for guid, name in ids.items()}
    acts.headline(opened, ids[1], 'Ours </script> & "more"', why="style", **WHO, now=LATER)
    acts.kill(opened, ids[2], why="libel", public={"en": "The source was wrong."}, **WHO, now=LATER)
    mended = line(3, version="2", body="It was berth seven. And more.", correction_note=NOTE)
    wire.read_document(opened, opened.source("meridian"), jsonl(mended), **WHO, now=LATER)
    acts.hold(opened, ids[5], why="asked", **WHO, now=LATER)
    assert not publishing.publish(opened, feeds_to=None, site_to=None, **WHO, now=LATER).refused
    yield SimpleNamespace(room=opened, ids=ids, edition=made, database=database)
    database.close()


def file(day, path):
    with day.database.read() as connection:
        return public.get(connection, f"site/{path}")


def page(day, path):
    found = file(day, f"{path}index.html")
    assert found is not None
    assert found.status == public.OK, path
    return found.body.decode()


def linked(text):
    return json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)[1])


def test_a_story_page_says_where_it_comes_from_what_we_changed_and_whom_to_tell(day):
    name = day.ids[1]
    text = page(day, f"story/{name}/")
    data = linked(text)
    assert data["headline"] == 'Ours </script> & "more"'
    assert data["alternativeHeadline"] == "Headline number 1"
    assert data["isBasedOn"] == "https://meridian.example/2026/1"
    assert (data["creditText"], data["author"]["name"]) == ("Meridian", "By A. Reporter")
    assert data["publisher"]["name"] == "Example Front Page"
    assert '<link rel="canonical" href="https://meridian.example/2026/1">' in text
    assert '<p class="byline">By A. Reporter</p>' in text
    for name_of in ('name="description"', 'property="og:description"'):
        assert f'<meta {name_of} content="Meridian: ' in text, (
            "where its link is shared the source stands with it"
        )
    assert "The headline is ours (Example Front Page, 2 Mar 2026, 03:30 UTC)" in text
    assert f'href="mailto:errors@front.example?subject={quote(f"story {name}, version 1")}"' in text
    assert 'lang="fa" dir="rtl">\n<head>' not in text


def test_a_story_is_told_in_its_own_language(day):
    text = page(day, f"story/{day.ids[4]}/")
    assert '<html lang="fa" dir="rtl">' in text
    assert "آنچه تغییر داده‌ایم" in text


def test_a_correction_stands_on_top_of_its_page_and_beside_the_text_that_it_mends(day):
    text = page(day, f"story/{day.ids[3]}/")
    assert text.index(NOTE, text.index("</h1>")) < text.index('class="provenance"')
    assert linked(text)["correction"]["text"] == NOTE
    edition = page(day, f"e/{day.edition.edition_id}/")
    assert "1 story of this edition was corrected later." in edition
    assert "Corrected on 2 Mar 2026</b>: " + NOTE in edition
    assert "The first paragraph of story 3" in edition


def test_a_killed_story_is_a_notice_in_its_edition_and_on_its_own_page_and_a_held_one_is_named_nowhere(day):
    edition = page(day, f"e/{day.edition.edition_id}/")
    assert "1 story of this edition was withdrawn later." in edition
    assert "Withdrawn: a story from Meridian" in edition
    assert "Headline number 2" not in edition
    assert "Headline number 5" not in edition
    shelf = Shelf(site_url=ROOT, hubs=())
    with day.database.read() as connection:
        shelf = shelf.prepared(public.since(connection, 0, limit=1000))
    path = f"/story/{day.ids[2]}".encode()
    told = shelf.gone(shelf.find(path), path)
    body = told.body["body"].decode()
    assert told.start["status"] == 410
    assert (b"x-robots-tag", b"noindex") in told.start["headers"]
    assert "Withdrawn: a story from Meridian" in body
    assert "What our desk says of it: The source was wrong." in body
    assert not [word for word in ("number 2", "libel") if word in body]
    held = f"/story/{day.ids[5]}".encode()
    assert b"taken back" in shelf.gone(shelf.find(held), held).body["body"]


def test_a_section_counts_its_stories_and_not_the_notices_of_killed_ones(day):
    text = page(day, "s/world/")
    assert text.count("<article") == 4
    assert "Withdrawn: a story from Meridian" in text
    assert '<p class="about">3 stories</p>' in text


def test_where_nothing_is_a_visitor_is_told_so_in_the_language_of_the_address(day):
    shelf = Shelf(site_url=ROOT, hubs=())
    with day.database.read() as connection:
        shelf.take(shelf.prepared(public.since(connection, 0, limit=1000)), instead=True)

    def told(path, status=404):
        answer = shelf.error(status, path)
        assert answer.start["status"] == status
        return answer.body["body"].decode()

    for path in (b"/fa/nothing", b"/fa/", b"/s/nothing/fa/", b"/e/none/fa"):
        assert '<html lang="fa" dir="rtl">' in told(path), path
        assert '<html lang="fa" dir="rtl">' in told(path, 410), path
        assert f'<p><a href="{ROOT}/fa/">' in told(path), path
    for path in (b"/nothing", b"/de/nothing", b"/far/", b"/", b"//", b"/story/fab"):
        assert '<html lang="en" dir="ltr">' in told(path), path
    assert told(b"/feeds/lang/fa") == "There is nothing at this address.\n"
    assert shelf.find(b"/fa/404.html") is None


def test_what_a_feed_is_is_told_in_the_language_of_the_page_that_leads_there(day):
    persian = page(day, "feeds-help/fa/")
    assert '<html lang="fa" dir="rtl">' in persian
    assert "<h1>فید چیست؟</h1>" in persian
    assert f'href="{ROOT}/feeds/lang/fa.rss"' in persian
    for path in ("fa/", f"story/{day.ids[4]}/"):
        assert f'href="{ROOT}/feeds-help/fa/">فید چیست؟</a>' in page(day, path), path
    for text in (persian, page(day, "feeds-help/")):
        assert f'href="{ROOT}/feeds-help/fa/" lang="fa" dir="rtl" hreflang="fa"' in text
        assert f'href="{ROOT}/feeds-help/" lang="en" dir="ltr" hreflang="en"' in text
        assert "feeds-help/" not in text[text.index('<ul class="ways">') :], "it does not lead to itself"
    assert f'href="{ROOT}/feeds-help/">What is a feed?</a>' in page(day, "s/world/")


def helped(database, path="", **about):
    """The page that says what a feed is, of such a newsroom: its main part, and the rest."""
    opened = room(database, **about)
    publishing.publish(opened, feeds_to=None, site_to=None, **WHO, now=NOW)
    with database.read() as connection:
        found = public.get(connection, f"site/feeds-help/{path}index.html")
    main, _, rest = found.body.decode().partition("</main>")
    return main, rest


@pytest.mark.parametrize(
    ("path", "tail", "heading"),
    [("", "en", "All stories in English"), ("fa/", "fa", "همهٔ خبرها به زبان فارسی")],
)
def test_what_a_feed_is_gives_each_sections_address_and_says_what_the_last_box_holds(
    database, path, tail, heading
):
    both = {"slug": "world", "title": {"en": "World", "fa": "جهان"}, "any": ["category:World"]}
    plain = {"slug": "economy", "title": {"en": "Economy"}, "any": ["category:Economy"]}
    main, rest = helped(database, path, sections=[both, plain])
    for page_of, feed in ((f"world/{tail}", f"world.{tail}"), ("economy", "economy")):
        assert f'<li><a href="{ROOT}/s/{page_of}/">' in main
        assert f">{ROOT}/feeds/{feed}.rss</div>" in main
        assert f'data-copy="{ROOT}/feeds/{feed}.rss"' in main
    assert f">{heading}</h2>" in rest
    assert f">{ROOT}/feeds/lang/{tail}.rss</div>" in rest
    assert "nobody learns" not in main


def test_a_sections_page_has_the_sections_title_and_its_feeds_name_their_language(database):
    both = {"slug": "world", "title": {"en": "World", "fa": "جهان"}, "any": ["category:World"]}
    opened = room(database, sections=[both])
    wire.read_document(opened, opened.source("meridian"), jsonl(line(1)), **WHO, now=NOW)
    publishing.publish(opened, feeds_to=None, site_to=None, **WHO, now=NOW)
    with database.read() as connection:
        shown = public.get(connection, "site/s/world/en/index.html").body.decode()
        listed = public.get(connection, "feeds/index.opml").body.decode()
    assert "<h1>World</h1>" in shown
    assert "<title>Example Front Page: World</title>" in shown
    assert (
        'title="Example Front Page: World – English" href="https://front.example/feeds/world.en.rss"' in shown
    )
    titles = re.findall(r' title="([^"]*)"', listed)
    assert len(set(titles)) == len(titles), titles


def test_a_language_that_has_only_a_disclaimer_is_listed_once_it_has_a_story(database):
    """Its address stands from the beginning: whoever follows it loses nothing."""
    disclaimers = [
        {"id": "d", "version": 1, "language": tag, "short": f"{tag}.", "full": f"{tag}."}
        for tag in ("en", "fa", "ar")
    ]
    opened = room(database, tables={"disclaimer": disclaimers})

    def listed():
        publishing.publish(opened, feeds_to=None, site_to=None, **WHO, now=NOW)
        with database.read() as connection:
            assert public.get(connection, "feeds/lang/ar.rss").status == public.OK
            return re.findall(
                r"feeds/(lang/\w+).rss", public.get(connection, "feeds/index.opml").body.decode()
            )

    assert listed() == ["lang/en", "lang/fa"]
    arabic = line(1, language="ar", headline="فُتح الجسر", body="فُتح الجسر يوم الاثنين.")
    wire.read_document(opened, opened.source("meridian"), jsonl(arabic), **WHO, now=NOW)
    assert listed() == ["lang/en", "lang/fa", "lang/ar"]


def test_where_there_is_one_language_the_last_box_holds_everything(database):
    one = {"id": "d", "version": 1, "language": "en", "short": "Theirs.", "full": "Theirs alone."}
    _, rest = helped(database, tables={"disclaimer": [one]})
    assert ">All stories</h2>" in rest
    assert f">{ROOT}/feeds/all.rss</div>" in rest


def test_a_language_from_right_to_left_without_a_translation_has_pages_that_the_gate_passes(database):
    words = [
        {"id": "d", "version": 1, "language": tag, "short": short, "full": short}
        for tag, short in (("en", "Theirs alone."), ("ur", "یہ خیالات ماخذ کے ہیں۔"))
    ]
    opened = room(
        database,
        tables={"disclaimer": words},
        sections=[{"slug": "world", "title": {"en": "World", "ur": "دنیا"}, "any": ["category:World"]}],
    )
    told = [line(1), line(2, language="ur", headline="پل دوبارہ کھل گیا", body="پل پیر کو کھلا۔")]
    wire.read_document(opened, opened.source("meridian"), jsonl(*told), **WHO, now=NOW)
    done = publishing.publish(opened, feeds_to=None, site_to=None, **WHO, now=NOW)
    assert not done.refused
    with database.read() as connection:
        for path in ("ur/", "s/world/ur/", "feeds-help/ur/"):
            text = public.get(connection, f"site/{path}index.html").body.decode()
            assert "\u2066What is a feed?\u2069</" in text, path
            assert ">What is a feed?" not in text, path


def test_pages_show_no_more_than_a_sources_rights_for_them(day):
    short = page(day, f"story/{day.ids[6]}/")
    assert '<meta name="robots" content="noindex">' in short
    assert "no more than the beginning" in short
    assert "The second says why" not in short
    assert file(day, f"story/{day.ids[7]}/index.html") is None
    edition = page(day, f"e/{day.edition.edition_id}/")
    assert "Mail Only" not in edition
    assert "story 8 says" not in edition
    assert "https://headed.example/2026/8" in edition
    links = {item.story_id: item.link for item in day.edition.items}
    assert links[day.ids[7]] == "https://mailed.example/2026/7"
    assert links[day.ids[1]] == f"{ROOT}/story/{day.ids[1]}"


def test_fronts_lists_and_sitemap_lead_to_everything_public_in_each_language(day):
    front, persian = page(day, ""), page(day, "fa/")
    for text in (front, persian):
        assert f'hreflang="fa" href="{ROOT}/fa/"' in text
        assert f'hreflang="en" href="{ROOT}/"' in text
    assert re.search(r'<article class="lead"[^>]*>\s*<h3 id="s-' + day.ids[1], front)
    assert "پل باز شد" in persian
    assert f'href="{ROOT}/e/{day.edition.edition_id}/"' in page(day, "archive/morning/")
    told = file(day, "sitemap.xml").body.decode()
    for path in ("", "fa/", "s/world/", "archive/morning/", f"e/{day.edition.edition_id}/"):
        assert f"<loc>{ROOT}/{path}</loc>" in told
    assert "/story/" not in told
    assert f"Sitemap: {ROOT}/sitemap.xml" in file(day, "robots.txt").body.decode()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"isBasedOn": "https://meridian.example/2026/1"', '"isBasedOn": "https://x.example/"', "no story"),
        ('"creditText": "Meridian"', '"creditText": "Us"', "does not credit"),
        ('"headline": "Ours', '"headline": "Theirs', "another headline"),
        ('"@context"', '"@type": 1, "@context"', "twice"),
    ],
)
def test_the_gate_reads_linked_data(day, old, new, said):
    body = page(day, f"story/{day.ids[1]}/")
    assert old in body
    with day.database.read() as connection:
        found = held(day.room, connection, now=LATER)
    (item,) = (item for item in found.stories if item.story_id == day.ids[1])
    made = alone(day.room, found.feeds["all"], item)
    asked = {"output": "x", "now": LATER, "script": f"{ROOT}/assets/copy.js"}
    assert gate.check_html(body.encode(), made, Variant("en"), **asked) == ()
    (fault,) = gate.check_html(body.replace(old, new, 1).encode(), made, Variant("en"), **asked)
    assert said in str(fault)


def test_a_page_of_its_own_is_for_search_engines_and_a_digest_that_is_not_public_is_not(day):
    """Last: it changes what is public."""
    own = room(day.database, site={"canonical": "own"}, public=False)
    site.build(own, now=LATER)
    told = file(day, "sitemap.xml").body.decode()
    assert f"<loc>{ROOT}/story/{day.ids[1]}</loc>" in told
    assert '<news:title>Ours &lt;/script&gt; &amp; "more"</news:title>' in told
    assert day.ids[6] not in told
    assert "/e/" not in told
    assert file(day, "archive/morning/index.html").status == public.GONE
    assert day.edition.edition_id not in page(day, "")
    assert '<meta name="robots" content="noindex">' in page(day, f"e/{day.edition.edition_id}/")
    for number in (1, 3, 4, 6, 8):
        acts.hold(own, day.ids[number], why="asked", **WHO, now=LATER + timedelta(minutes=1))
    acts.kill(own, day.ids[3], why="wrong", **WHO, now=LATER + timedelta(minutes=2))
    assert "Withdrawn" in page(day, f"e/{day.edition.edition_id}/")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_disclaimer_alone_publishes_no_language(database):
    """What `init` writes has one in Arabic, which a house may never need; a digest in Persian does."""
    own = newsroom(database, site={"pages": True})
    assert front_languages(own) == ["en"]
    sender = {"name": "سیم", "address": "wire@front.example"}
    spoken = {
        "languages": ["en", "fa"],
        "title": {"en": "Wire", "fa": "سیم"},
        "sender": {"en": sender, "fa": sender},
    }
    assert front_languages(newsroom(database, **spoken)) == ["en", "fa"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_menu_leads_to_sections_in_the_pages_own_language(database):
    """Also the site's own: the page of a section as a whole has the stories of all its languages."""
    titles = {"en": "World", "fa": "جهان"}
    own = newsroom(database, sections=[{"slug": "world", "title": titles, "any": ["category:World"]}])
    for language in titles:
        (link,) = house(own, language).sections
        assert link.url == f"{ROOT}/s/world/{language}/"
