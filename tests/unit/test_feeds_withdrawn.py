"""A killed story in feeds, element by element: the same item, the house's notice, and no word of what it claimed."""

from __future__ import annotations

from dataclasses import replace
from email.utils import parsedate_to_datetime

import pytest
from lxml import etree

from publisher import gate
from publisher.edition import Notice
from publisher.render import feeds
from publisher.render.direction import RLM
from tests.feedbox import GONE, ITEMS, NOTICE, NOW, OLD, TAG, channel, edition
from tests.feedview import NAMES, atom, contents, data, rss, titles, tree

FORMATS = tuple(feeds.FORMATS)
AT = NOTICE.at
MADE = edition(GONE, *ITEMS[1:])
MEDIA = {"m": NAMES["m"], **NAMES, "at": "http://purl.org/atompub/tombstones/1.0"}


def checked(fmt, raw, made=MADE, **options):
    return gate.check_feed(raw, fmt, made, output=fmt, now=NOW, **options)


def test_in_rss_it_keeps_id_link_and_date_and_says_deleted_in_each_way_that_consumers_read():
    (entry,) = rss("item[1]", MADE)
    assert [etree.QName(child).localname for child in entry] == [
        "title",
        "link",
        "description",
        "encoded",
        "guid",
        "pubDate",
        "modified",
        "valid",
        "updated",
        "status",
    ]
    assert entry.findtext("title") == NOTICE.title
    assert entry.findtext("guid") == f"{TAG}story/01A"
    assert entry.findtext("link") == ITEMS[0].link
    assert entry.findtext("description") == NOTICE.text
    assert parsedate_to_datetime(entry.findtext("pubDate")) == ITEMS[0].first_published
    assert entry.findtext("dcterms:modified", namespaces=NAMES) == AT.isoformat()
    assert entry.findtext("dcterms:valid", namespaces=NAMES) == f"end={AT.isoformat()}; scheme=W3C-DTF"
    assert entry.findtext("a:updated", namespaces=NAMES) == AT.isoformat()
    assert dict(entry.find("m:status", NAMES).attrib) == {"state": "deleted"}


def test_in_atom_it_keeps_id_link_and_publication_and_has_a_tombstone_beside_it():
    (entry,) = atom("a:entry[1]", MADE)
    assert [etree.QName(child).localname for child in entry] == [
        "id",
        "title",
        "updated",
        "author",
        "content",
        "link",
        "summary",
        "published",
    ]
    assert entry.findtext("a:id", namespaces=NAMES) == f"{TAG}story/01A"
    assert entry.findtext("a:title", namespaces=NAMES) == NOTICE.title
    assert entry.findtext("a:updated", namespaces=NAMES) == AT.isoformat()
    assert entry.findtext("a:published", namespaces=NAMES) == ITEMS[0].first_published.isoformat()
    assert entry.find("a:link", NAMES).get("href") == ITEMS[0].link
    assert entry.findtext("a:summary", namespaces=NAMES) == NOTICE.text
    assert entry.findtext("a:author/a:name", namespaces=NAMES) == "Meridian"
    (stone,) = tree("atom", MADE).xpath("/a:feed/at:deleted-entry", namespaces=MEDIA)
    assert dict(stone.attrib) == {"ref": f"{TAG}story/01A", "when": AT.isoformat()}
    assert stone.findtext("at:comment", namespaces=MEDIA) == NOTICE.text


def test_in_json_it_keeps_id_and_url_and_its_status_is_canceled():
    entry = data(MADE)["items"][0]
    assert entry == {
        "id": f"{TAG}story/01A",
        "url": ITEMS[0].link,
        "title": NOTICE.title,
        "content_html": f'<div lang="en" dir="ltr"><p lang="en" dir="ltr">{NOTICE.text}</p></div>',
        "summary": NOTICE.text,
        "date_published": ITEMS[0].first_published.isoformat(),
        "date_modified": AT.isoformat(),
        "authors": [{"name": "Meridian"}],
        "language": "en",
        "_wire": {"source": "Meridian", "status": "canceled"},
    }


def test_the_tombstones_namespace_stands_there_only_when_there_is_one():
    """Validators warn of it."""
    with_stone, without = (
        feeds.render(made, channel("atom"), "atom") for made in (MADE, edition(*ITEMS[1:]))
    )
    assert b"tombstones" in with_stone
    assert b"tombstones" not in without
    assert b"tombstones" not in feeds.render(MADE, channel("rss"), "rss")


@pytest.mark.parametrize("fmt", FORMATS)
def test_nothing_of_the_story_is_left(fmt):
    raw = feeds.render(MADE, channel(fmt), fmt).decode()
    for word in (OLD, "arrested", "Other claim", "B. Photographer", "p.jpg", "A. Reporter", "road transport"):
        assert word not in raw
    assert checked(fmt, raw.encode()) == ()


def test_its_date_moves_only_for_those_who_look_at_nothing_else():
    for fmt in FORMATS:
        plain, moved = (
            feeds.render(MADE, channel(fmt, redate_withdrawn=redate), fmt).decode()
            for redate in (False, True)
        )
        assert plain != moved
        assert checked(fmt, moved.encode()) == ()
    (date,) = rss("item[1]/pubDate/text()", MADE, redate_withdrawn=True)
    assert parsedate_to_datetime(date) == AT
    (date,) = atom("a:entry[1]/a:published/text()", MADE, redate_withdrawn=True)
    assert date == AT.isoformat()
    assert data(MADE, redate_withdrawn=True)["items"][0]["date_published"] == AT.isoformat()
    others = rss("item/pubDate/text()", MADE, redate_withdrawn=True)[1:]
    assert others == rss("item/pubDate/text()", MADE)[1:]


def test_a_notice_in_a_right_to_left_language_runs_so_everywhere():
    notice = Notice(AT, "fa", "S-300: پس گرفته شد", "«کاسپین» این گزارش را پس گرفت.")
    made = edition(replace(ITEMS[1], withdrawn=notice, lede="", body=""))
    for fmt in FORMATS:
        assert titles(fmt, made) == [f"{RLM}S-300: پس گرفته شد"]
        (text,) = contents(fmt, made)
        assert text == f'<div lang="fa" dir="rtl"><p lang="fa" dir="rtl">{notice.text}</p></div>'
        assert checked(fmt, feeds.render(made, channel(fmt), fmt), made) == ()
