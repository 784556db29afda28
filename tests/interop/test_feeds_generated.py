"""Two hundred feeds out of hostile wire copy, through other people's eyes: libxml2, schemas, a reader program's parser, and RSS's rules."""

from __future__ import annotations

import calendar
import json
import re
import warnings
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lxml import etree
from selectolax.lexbor import LexborHTMLParser

from publisher.gate.sight import plain
from publisher.render.direction import RLM
from publisher.render.feeds import FORMATS
from publisher.render.xmltext import xml_safe
from tests.feedview import NAMES, STRICT
from tests.jsonschema import faults
from tests.wiremaker import LATER, SEEDS, TAG, house

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it still imports a module that Python gave up
    import feedparser

RFC_822 = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
)
ITEM_ORDER = ("title", "link", "description", f"{{{NAMES['c']}}}encoded", "guid")
ADDRESSES = ("href", "src", "srcset", "poster", "cite", "action", "background", "longdesc")


@pytest.fixture(scope="module", params=range(SEEDS))
def made(request):
    ten = tuple(house(request.param))
    assert len(ten) == 10
    return ten


def entries(one):
    """The feed's items in its order."""
    by_id = {item.story_id: item for item in one.edition.items}
    return [by_id[story_id] for story_id in one.edition.shelves[0].stories]


def test_no_story_was_left_out_and_every_kind_is_there(made):
    assert not [one.skipped for one in made if one.skipped]
    items = [item for one in made for item in one.edition.items]
    assert len(items) > 40
    assert len({item.language.partition("-")[0] for item in items}) >= 5
    assert any(item.withdrawn for item in items)
    assert any(item.correction_note for item in items)
    assert any(item.media for item in items)


def test_strict_xml_takes_them_and_they_are_what_they_say(made):
    for one in made:
        for fmt in ("rss", "atom"):
            raw = one.outputs[fmt]
            assert raw.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n")
            assert len(raw) < 2_000_000
            root = etree.fromstring(raw, STRICT)
            assert root.tag == {"rss": "rss", "atom": f"{{{NAMES['a']}}}feed"}[fmt]
            assert root.getroottree().docinfo.internalDTD is None


@pytest.mark.samples
def test_the_atom_feeds_are_valid_by_the_schema_of_rfc_4287(made, samples: Path):
    schema = etree.RelaxNG(etree.parse(samples / "wire-samples" / "schemas" / "atom.rng"))
    for one in made:
        schema.assertValid(etree.fromstring(one.outputs["atom"], STRICT))


@pytest.mark.samples
def test_the_json_feeds_are_valid_by_the_schema(made, samples: Path):
    path = samples / "wire-samples" / "schemas" / "jsonfeed-1.1.schema.json"
    schema = json.loads(path.read_text("utf-8"))
    for one in made:
        assert faults(json.loads(one.outputs["json"]), schema) == []


def test_a_reader_programs_parser_gives_back_what_was_put_in(made):
    for one in made:
        for fmt in ("rss", "atom"):
            parsed = read(one.outputs[fmt])
            assert not parsed.bozo, parsed.get("bozo_exception")
            channel = one.documents[fmt].channel
            assert parsed.feed.title == channel.title
            assert parsed.feed.link == channel.home_url
            assert {(link.rel, link.href) for link in parsed.feed.links} >= {
                ("self", channel.self_url),
                ("hub", "https://hub.example/"),
            }
            wanted = entries(one)
            assert [entry.id for entry in parsed.entries] == [
                f"{TAG}story/{item.story_id}" for item in wanted
            ]
            for entry, item in zip(parsed.entries, wanted, strict=True):
                gives_back(entry, item, fmt)


def read(raw):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return feedparser.parse(raw)


def gives_back(entry, item, fmt):
    """Title, links with rel, dates, source and content of one item."""
    assert entry.link == item.link
    assert calendar.timegm(entry.published_parsed) == int(item.first_published.timestamp())
    assert calendar.timegm(entry.updated_parsed) == int(item.modified_at.timestamp())
    (content,) = [part.value for part in entry.content if "html" in part.type]
    if item.withdrawn:
        assert entry.title == item.withdrawn.title
        assert [link.rel for link in entry.links] == ["alternate"]
        assert item.withdrawn.text in content
        return
    assert shown(entry.title) == shown(item.headline)
    assert not set("<>") & set(unescape(unescape(entry.title)))
    assert [link.href for link in entry.links if link.rel == "via"] == [item.source_url]
    assert [link.href for link in entry.links if link.rel == "alternate"] == [item.link]
    assert entry.source.title == item.source_name
    assert entry.author == (item.byline or item.source_name)
    said = plain(LexborHTMLParser(content).text())
    text = LexborHTMLParser(item.body).text() if item.body else item.lede
    assert plain(xml_safe(text)) in said
    assert f"({item.language if item.language in {'fa', 'ar', 'he'} else 'en'})" in said[-8:]
    if fmt == "rss":
        assert entry.source.href == (item.source_feed or item.source_homepage)


def shown(title):
    """A title as a person sees it, however often it was unescaped on the way."""
    return unescape(unescape(title)).translate(str.maketrans("<>", "‹›")).lstrip(RLM)


# RSS by its own rules


def test_rss_channels_have_what_is_required_in_an_order_that_validators_take(made):
    for one in made:
        (channel,) = etree.fromstring(one.outputs["rss"], STRICT).findall("channel")
        for name in ("title", "link", "description", "language", "lastBuildDate", "generator", "ttl"):
            assert len(channel.findall(name)) == 1
            assert channel.findtext(name).strip()
        assert 5 <= int(channel.findtext("ttl")) <= 15
        assert channel.findtext("image/title") == channel.findtext("title")
        assert channel.findtext("image/link") == channel.findtext("link")
        names = [child.tag for child in channel]
        assert set(names[names.index("item") :]) == {"item"}
        self_links = [link for link in channel.findall("a:link", NAMES) if link.get("rel") == "self"]
        assert [link.get("href") for link in self_links] == [one.documents["rss"].channel.self_url]


def test_rss_items_have_each_thing_once_and_the_description_before_the_content(made):
    for one in made:
        for item in etree.fromstring(one.outputs["rss"], STRICT).iter("item"):
            names = [child.tag for child in item]
            assert [name for name in names if name in ITEM_ORDER] == list(ITEM_ORDER)
            for name in ("pubDate", "source", "enclosure"):
                assert names.count(name) <= 1
            assert names.count("pubDate") == 1
            guid = item.find("guid")
            assert guid.get("isPermaLink") == "false"
            assert guid.text.startswith(f"{TAG}story/")
            assert "<" not in item.findtext("title")
            assert all(child.get("url") for child in item.findall("source"))


def test_dates_are_rfc_822_with_the_right_weekday_and_none_lies_ahead(made):
    for one in made:
        root = etree.fromstring(one.outputs["rss"], STRICT)
        dates = [*root.iter("pubDate"), *root.iter("lastBuildDate")]
        for date in dates:
            assert RFC_822.fullmatch(date.text)
            when = parsedate_to_datetime(date.text)
            assert date.text[:3] == calendar.day_abbr[when.weekday()]
            assert when <= LATER
        for fmt in ("atom", "json"):
            found = re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00", one.outputs[fmt].decode())
            assert found
            assert all(datetime.fromisoformat(text) <= LATER for text in found)
    assert LATER.tzinfo is UTC


def test_each_id_stands_once_and_newest_comes_first(made):
    for one in made:
        root = etree.fromstring(one.outputs["rss"], STRICT)
        ids = [guid.text for guid in root.iter("guid")]
        assert len(set(ids)) == len(ids)
        dates = [parsedate_to_datetime(date.text) for date in root.iter("pubDate")]
        assert dates == sorted(dates, reverse=True)
        assert [entry["id"] for entry in json.loads(one.outputs["json"])["items"]] == ids


def test_every_address_is_absolute_inside_bodies_too(made):
    for one in made:
        for fmt in FORMATS:
            for address in addresses(fmt, one.outputs[fmt]):
                parts = urlsplit(address)
                assert parts.scheme in {"http", "https"}, address
                assert parts.hostname, address
                assert address.isascii(), address


def addresses(fmt, raw):
    """Everything in a feed that is an address: elements, attributes, keys, and attributes in the HTML of items."""
    bodies = []
    if fmt == "json":
        feed = json.loads(raw)
        yield from (feed[name] for name in ("home_page_url", "feed_url", "icon"))
        for entry in feed["items"]:
            bodies.append(entry["content_html"])
            yield from (entry[name] for name in ("url", "external_url", "image") if name in entry)
            yield from (attachment["url"] for attachment in entry.get("attachments", ()))
            if "source_url" in entry["_wire"]:
                yield entry["_wire"]["source_url"]
    else:
        root = etree.fromstring(raw, STRICT)
        for element in root.iter():
            yield from (
                element.get(name) for name in ("href", "url", "domain", "scheme") if element.get(name)
            )
        for path in (
            "//link/text()",
            "//url/text()",
            "//dc:source/text()",
            "//a:icon/text()",
            "//a:source/a:id/text()",
        ):
            yield from root.xpath(path, namespaces=NAMES)
        bodies += root.xpath("//c:encoded/text() | //a:content/text()", namespaces=NAMES)
    for body in bodies:
        for node in LexborHTMLParser(body).css("*"):
            yield from (node.attributes[name] or "" for name in ADDRESSES if name in node.attributes)


def test_bodies_have_nothing_that_runs_or_that_readers_strip(made):
    for one in made:
        for entry in json.loads(one.outputs["json"])["items"]:
            tree = LexborHTMLParser(entry["content_html"])
            assert (
                tree.css(
                    "script, style, iframe, form, input, object, embed, video, audio, link, meta[http-equiv]"
                )
                == []
            )
            for node in tree.css("body *"):
                assert not [
                    name
                    for name in node.attributes
                    if name.startswith("on") or name in {"style", "class", "id"}
                ]
