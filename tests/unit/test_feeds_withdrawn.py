"""A killed story in feeds, element by element: the same item, the house's notice, and no word of what it claimed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from html import escape

import pytest
from lxml import etree

from publisher import gate
from publisher.edition import Notice
from publisher.render import feeds
from publisher.render.direction import RLM
from tests.feedbox import ITEMS, NOW, TAG, channel, edition, item
from tests.feedview import NAMES, atom, contents, data, rss, titles, tree

FORMATS = tuple(feeds.FORMATS)
AT = NOW - timedelta(minutes=3)
OLD = "Minister & aide “arrested” <today>"
NOTICE = Notice(
    AT, "en", "Withdrawn: a story from Meridian", "This story was withdrawn. Please do not use it."
)
GONE = replace(
    ITEMS[0],
    headline=OLD,
    original_headline="Other claim",
    lede="",
    body="",
    withdrawn=NOTICE,
    modified_at=AT,
)
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


# What the gate sees


def spoiled(fmt, element, text):
    """The finished bytes with this text in one more or one other element of the withdrawn item."""
    raw = feeds.render(MADE, channel(fmt), fmt)
    if fmt == "json":
        feed = json.loads(raw)
        entry = feed["items"][0]
        match element:
            case "title" | "summary" | "content_html":
                entry[element] = text
            case "tags":
                entry["tags"] = [text]
            case "_wire":
                entry["_wire"]["original_headline"] = text
            case "attachments":
                entry["attachments"] = [
                    {"url": "https://a.example/x", "mime_type": "image/png", "title": text}
                ]
        return json.dumps(feed).encode()
    root = etree.fromstring(raw)
    (entry,) = root.xpath("/rss/channel/item[1] | /a:feed/a:entry[1]", namespaces=NAMES)
    name, _, attribute = element.partition("@")
    prefix, _, local = name.rpartition(":")
    tag = f"{{{MEDIA[prefix]}}}{local}" if prefix else local
    found = entry.find(tag)
    if found is None:
        found = etree.SubElement(entry, tag)
    if attribute:
        found.set(attribute, text)
    else:
        found.text = text
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


@pytest.mark.parametrize(
    "claim", [OLD, "Other claim", f"{OLD.upper()}", "Minister &\n aide “arrested” ‹today›"]
)
@pytest.mark.parametrize(
    ("fmt", "element"),
    [
        *(("rss", name) for name in ("title", "description", "c:encoded", "category", "m:description")),
        *(("rss", name) for name in ("dc:subject", "a:link@title", "m:content@url", "comments")),
        *(("atom", f"a:{name}") for name in ("title", "summary", "content", "rights", "category@label")),
        *(("json", name) for name in ("title", "summary", "content_html", "tags", "_wire", "attachments")),
    ],
)
def test_an_old_headline_is_refused_wherever_it_is_left(fmt, element, claim):
    assert "withdrawn" in {fault.rule for fault in checked(fmt, spoiled(fmt, element, claim))}


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_old_headline_in_an_attribute_inside_the_text_is_refused(fmt):
    """A reader program shows it, although nothing on the page does."""
    hidden = f'<div lang="en" dir="ltr"><p title="{escape(OLD)}">{NOTICE.text}</p></div>'
    element = {"rss": "c:encoded", "atom": "a:content", "json": "content_html"}[fmt]
    raw = spoiled(fmt, element, hidden)
    assert [fault.rule for fault in checked(fmt, raw)] == ["withdrawn"]


def test_an_old_headline_in_the_tombstone_is_refused():
    raw = feeds.render(MADE, channel("atom"), "atom").decode()
    before, comment, after = raw.partition("<at:comment>")
    raw = f"{before}{comment}Other claim: {after}"
    assert [(fault.story_id, fault.rule) for fault in checked("atom", raw.encode())] == [("01A", "withdrawn")]


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_notice_that_says_more_or_less_is_refused(fmt):
    element = {"rss": "c:encoded", "atom": "a:content", "json": "content_html"}[fmt]
    for text in ("", "<p>Withdrawn.</p>", f"<p>{NOTICE.text}</p><p>But read this.</p>"):
        assert "withdrawn" in {fault.rule for fault in checked(fmt, spoiled(fmt, element, text))}


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_story_that_stands_there_as_if_nothing_had_happened_is_refused(fmt):
    alive = edition(replace(GONE, withdrawn=None, body="<p>The claim.</p>"), *ITEMS[1:])
    assert "withdrawn" in {f.rule for f in checked(fmt, feeds.render(alive, channel(fmt), fmt))}


@pytest.mark.parametrize("fmt", FORMATS)
def test_words_of_the_house_may_stand_in_a_headline(fmt):
    """A story that was called like the notice is withdrawn like any other."""
    made = edition(item("01A", headline=NOTICE.title, lede="", body="", withdrawn=NOTICE))
    assert checked(fmt, feeds.render(made, channel(fmt), fmt), made) == ()


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("word", ["Front", "Meridian", "Story", "Example"])
def test_a_headline_of_one_word_is_not_found_in_our_own_addresses_and_the_sources_name(fmt, word):
    made = edition(item("01A", headline=word, original_headline=word, lede="", body="", withdrawn=NOTICE))
    assert checked(fmt, feeds.render(made, channel(fmt), fmt), made) == ()
