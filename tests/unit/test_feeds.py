"""Feeds element by element, from data alone."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from lxml import etree

from publisher.story import Media, Subject
from tests.feedbox import ENGLISH, ITEMS, NOW, TAG, edition, item
from tests.feedview import NAMES, atom, data, rss, tree


def test_the_channel_says_what_it_is_and_when_it_changed():
    (chan,) = tree("rss").xpath("/rss[@version='2.0']/channel")
    assert chan.findtext("title") == "Front: World"
    assert chan.findtext("link") == "https://front.example/s/world/"
    assert chan.findtext("description") == ENGLISH.full
    assert chan.findtext("language") == "en"
    assert chan.findtext("ttl") == "15"
    assert chan.findtext("generator") == "Publisher"
    assert chan.findtext("sy:updatePeriod", namespaces=NAMES) == "hourly"
    assert chan.findtext("sy:updateFrequency", namespaces=NAMES) == "4"
    assert parsedate_to_datetime(chan.findtext("lastBuildDate")) == NOW
    (self_link,) = chan.findall("a:link", NAMES)
    assert dict(self_link.attrib) == {
        "href": "https://front.example/feeds/world.rss",
        "rel": "self",
        "type": "application/rss+xml",
    }


def test_an_rss_item_carries_its_provenance_in_every_slot_that_readers_look_at():
    (entry,) = rss("item[1]")
    assert entry.findtext("guid") == f"{TAG}story/01A"
    assert entry.find("guid").get("isPermaLink") == "false"
    assert entry.findtext("link") == "https://front.example/story/01A"
    assert entry.findtext("pubDate") == "Mon, 02 Mar 2026 01:25:00 +0000"
    assert entry.findtext("source") == "Meridian"
    assert entry.find("source").get("url") == "https://meridian.example/"
    assert entry.findtext("dc:source", namespaces=NAMES) == ITEMS[0].source_url
    assert entry.findtext("dc:creator", namespaces=NAMES) == "A. Reporter"
    assert entry.findtext("dc:rights", namespaces=NAMES) == "© 2026 Meridian"
    assert entry.findtext("dcterms:modified", namespaces=NAMES) == "2026-03-02T01:25:00+00:00"
    assert entry.findtext("a:updated", namespaces=NAMES) == "2026-03-02T01:25:00+00:00"
    assert dict(entry.find("a:link", NAMES).attrib) == {
        "rel": "via",
        "href": ITEMS[0].source_url,
        "title": "Meridian",
    }
    assert entry.findtext("description").endswith("Source: Meridian")
    assert entry.find("author") is None


def test_in_an_rss_item_the_description_stands_before_the_content():
    (entry,) = rss("item[1]")
    names = [child.tag for child in entry]
    assert names.index("description") < names.index(f"{{{NAMES['c']}}}encoded")


def test_the_byline_stands_for_the_author_and_else_the_agency():
    assert rss("item/dc:creator/text()") == ["A. Reporter", "خبرگزاری کاسپین", "Meridian", "Meridian"]
    assert atom("a:entry/a:author/a:name/text()") == rss("item/dc:creator/text()")
    assert [entry["authors"] for entry in data()["items"]] == [
        [{"name": name}] for name in rss("item/dc:creator/text()")
    ]


def test_an_rss_description_is_html_and_so_a_lone_bracket_is_escaped_in_it():
    (text,) = rss("item[3]/description/text()")
    assert "Prices rose by &lt;5%." in text
    (summary,) = atom("a:entry[3]/a:summary/text()")
    assert "Prices rose by <5%." in summary


def test_categories_and_subjects_keep_their_names_and_schemes():
    assert rss("item[1]/category/text()") == ["World", "Bridges & roads", "road transport"]
    assert rss("item[1]/category/@domain") == ["http://cv.iptc.org/newscodes/mediatopic/"]
    assert atom("a:entry[1]/a:category/@term") == ["World", "Bridges & roads", "20000344"]
    assert atom("a:entry[1]/a:category/@label") == ["World", "Bridges & roads", "road transport"]
    assert atom("a:entry[1]/a:category/@scheme") == ["http://cv.iptc.org/newscodes/mediatopic/"]
    assert data()["items"][0]["tags"] == ["World", "Bridges & roads", "road transport"]


def test_a_scheme_that_is_no_address_is_left_out():
    made = edition(item("01A", subjects=(Subject("house codes", "7"),)))
    assert atom("a:entry/a:category/@scheme", made) == []
    assert rss("item/category/text()", made) == ["7"]


def test_media_come_with_their_credit_and_without_those_too_small_to_show():
    for found in (rss("item/m:content"), atom("a:entry/m:content")):
        (content,) = found
        assert dict(content.attrib) == {
            "url": "https://meridian.example/p.jpg",
            "medium": "image",
            "type": "image/jpeg",
            "width": "1600",
            "height": "900",
            "fileSize": "250000",
        }
        assert content.findtext("m:credit", namespaces=NAMES) == "B. Photographer/Meridian"
        assert content.findtext("m:description", namespaces=NAMES) == "The bridge on Monday"
    (enclosed,) = rss("item/enclosure")
    assert dict(enclosed.attrib) == {
        "url": "https://meridian.example/p.jpg",
        "length": "250000",
        "type": "image/jpeg",
    }
    first = data()["items"][0]
    assert first["image"] == "https://meridian.example/p.jpg"
    assert first["attachments"][0]["size_in_bytes"] == 250_000


def test_a_medium_without_a_size_is_no_enclosure():
    made = edition(item("01A", media=(Media(url="https://meridian.example/a.mp3", type="audio/mpeg"),)))
    assert rss("item/enclosure", made) == []
    assert atom("a:entry/a:link[@rel='enclosure']", made) == []
    assert rss("item/m:content/@medium", made) == ["audio"]
    assert "image" not in data(made)["items"][0]


# Atom


def test_the_atom_feed_says_what_it_is_before_its_first_entry():
    (root,) = tree("atom").xpath("/a:feed", namespaces=NAMES)
    names = [etree.QName(child).localname for child in root]
    assert "entry" not in names[: names.index("entry")]
    assert set(names[names.index("entry") :]) == {"entry"}
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    assert root.findtext("a:id", namespaces=NAMES) == f"{TAG}feed/world"
    assert root.findtext("a:updated", namespaces=NAMES) == "2026-03-02T02:30:00+00:00"
    assert root.findtext("a:subtitle", namespaces=NAMES) == ENGLISH.full
    assert root.findtext("a:author/a:name", namespaces=NAMES) == "Front"
    assert [
        (link.get("rel"), link.get("type"), link.get("href")) for link in root.findall("a:link", NAMES)
    ] == [
        ("self", "application/atom+xml", "https://front.example/feeds/world.atom"),
        ("alternate", "text/html", "https://front.example/s/world/"),
    ]


def test_an_atom_entry_has_one_alternate_and_the_original_as_via():
    (entry,) = atom("a:entry[1]")
    links = [(link.get("rel", "alternate"), link.get("href")) for link in entry.findall("a:link", NAMES)]
    assert links == [
        ("alternate", "https://front.example/story/01A"),
        ("via", ITEMS[0].source_url),
        ("enclosure", "https://meridian.example/p.jpg"),
    ]
    assert entry.find("a:link[@rel='via']", NAMES).get("title") == "Meridian"
    assert entry.findtext("a:published", namespaces=NAMES) == "2026-03-02T01:25:00+00:00"
    assert entry.findtext("a:rights", namespaces=NAMES) == "© 2026 Meridian"
    assert entry.find("a:content", NAMES).get("type") == "html"


def test_an_atom_source_has_id_title_and_updated_and_follows_the_entrys_own_links():
    (entry,) = atom("a:entry[1]")
    assert etree.QName(entry[-1]).localname == "source"
    source = entry[-1]
    assert source.findtext("a:id", namespaces=NAMES) == "https://meridian.example/"
    assert source.findtext("a:title", namespaces=NAMES) == "Meridian"
    assert source.findtext("a:updated", namespaces=NAMES) == "2026-03-02T01:25:00+00:00"


# JSON Feed


def test_the_json_feed_has_the_formats_own_slots_and_ours():
    feed = data()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["home_page_url"] == "https://front.example/s/world/"
    assert feed["feed_url"] == "https://front.example/feeds/world.json"
    entry = feed["items"][1]
    assert entry["id"] == f"{TAG}story/01B"
    assert entry["url"] == "https://front.example/story/01B"
    assert entry["external_url"] == "https://caspian.example/news/1"
    assert entry["language"] == "fa"
    assert entry["_wire"] == {
        "source": "خبرگزاری کاسپین",
        "source_url": "https://caspian.example/news/1",
        "original_headline": "گزارش از مرز",
        "urgency": 5,
        "status": "usable",
        "correction": None,
        "usage_terms": "",
    }
    assert data()["items"][2]["_wire"]["correction"] == "An earlier version gave a wrong year."
