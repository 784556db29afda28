"""Each format on samples of our own making: what comes out, field by field. Needs nothing but the clone."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import intake
from publisher.formats import FORMATS
from publisher.intake import Context, Document, Unreadable
from publisher.intake.markup import text_digest
from publisher.story import EmbargoKind, PubStatus, Reason, Received, Rejected, Source, SourceKind

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
AGENCY = Source(slug="agency", name="Agency", homepage="https://wire.example/", timezone="Asia/Tehran")
HOUSE = Source(
    slug="house",
    name="House",
    homepage="https://front.example/",
    kind=SourceKind.HOUSE,
    house_hosts=("front.example",),
    house_blocks=("Reports and views published here",),
    source_hosts=(("plain.example", "Plain Press"),),
)


def read(raw, source=AGENCY, **options):
    raw = raw.encode() if isinstance(raw, str) else raw
    return intake.read(raw, Context(source=source, now=NOW, base_url="https://wire.example/feed"), **options)


def one(raw, source=AGENCY, **options):
    found = read(raw, source, **options)
    assert isinstance(found, Document), found
    (item,) = found.items
    return item


def rss(inner, head="", space=""):
    return f"<?xml version='1.0'?><rss version='2.0' {space}><channel><title>t</title>{head}<item>{inner}</item></channel></rss>"


MODULES = (
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:atom="http://www.w3.org/2005/Atom"'
)


def test_an_rss_item_with_all_its_modules():
    item = one(
        rss(
            "<title>Oil &amp;amp; gas</title><link>https://wire.example/a?utm_source=x&amp;id=7#top</link>"
            "<guid isPermaLink='false'>g-7</guid><pubDate>Mon, 02 Mar 2026 01:00:00 +0330</pubDate>"
            "<description>Short.</description><content:encoded><![CDATA[<p onclick='x'>Long <b>text</b>.</p><script>x</script>]]></content:encoded>"
            "<dc:creator>A. Writer</dc:creator><category>World</category><category>Energy</category>"
            "<source url='https://other.example/feed'>Other Agency</source><dcterms:modified>2026-03-01T23:00:00Z</dcterms:modified>"
            "<enclosure url='https://wire.example/p.jpg' type='image/jpeg' length='1'/>"
            "<media:content url='https://wire.example/q.jpg' width='800'><media:credit>C. Photo</media:credit></media:content>",
            head="<language>en-GB</language><copyright>© Agency</copyright>",
            space=MODULES,
        )
    )
    assert isinstance(item, Received)
    assert item.original_headline == "Oil & gas"
    assert (item.source_guid, item.source_url) == ("g-7", "https://wire.example/a?id=7")
    assert (item.source_name, item.byline, item.language) == ("Other Agency", "A. Writer", "en-GB")
    assert (item.lede, item.body) == ("Short.", "<p>Long <b>text</b>.</p>")
    assert item.body_digest == text_digest(item.body)
    assert item.first_created == datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
    assert item.version_created == datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    assert item.categories == ("World", "Energy")
    assert [m.credit for m in item.media] == ["", "C. Photo"]
    assert item.copyright_notice == "© Agency"


def test_an_atom_entry_with_via_source_and_xhtml():
    item = one(
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='he' xml:base='https://wire.example/x/'><title>t</title><id>f</id>"
        "<entry><id>urn:1</id><title type='html'>&lt;em&gt;Big&lt;/em&gt; news</title><updated>2026-03-01T20:00:00Z</updated>"
        "<published>2026-03-01T19:00:00Z</published><link href='story'/><link rel='via' href='https://agency.example/1'/>"
        "<author><name>B. Writer</name></author><source><title>Agency One</title></source>"
        "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'><p>Text <script>x</script>here</p></div></content></entry></feed>"
    )
    assert isinstance(item, Received)
    assert (item.original_headline, item.language) == ("Big news", "he")
    assert (item.source_name, item.source_url) == ("Agency One", "https://agency.example/1")
    assert "https://wire.example/x/story" in item.aliases
    assert item.body == "<p>Text here</p>"
    assert item.first_created < item.version_created


def test_a_json_feed_item_points_at_the_original():
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [
            {
                "id": "1",
                "url": "https://wire.example/ours",
                "external_url": "https://agency.example/theirs",
                "title": "News",
                "content_text": "One.\n\nTwo <b>literal</b>.",
                "authors": [{"name": "C. Writer"}],
                "tags": ["World", 7],
                "date_published": "2026-03-01T10:00:00+03:30",
            },
            "not an item",
        ],
    }
    found = read(json.dumps(feed))
    assert isinstance(found, Document)
    item, bad = found.items
    assert isinstance(item, Received)
    assert item.source_url == "https://agency.example/theirs"
    assert item.body == "<p>One.</p><p>Two &lt;b&gt;literal&lt;/b&gt;.</p>"
    assert (item.byline, item.categories) == ("C. Writer", ("World",))
    assert isinstance(bad, Rejected)
    assert bad.reason is Reason.MALFORMED


def post(**fields):
    given = {
        "id": 7,
        "date_gmt": "2026-03-01T20:00:00",
        "modified_gmt": "2026-03-01T21:00:00",
        "guid": {"rendered": "https://front.example/?p=7"},
        "status": "publish",
        "link": "https://front.example/wire/seven/",
        "title": {"rendered": "Talks &#8216;resume&#8217; &#038; widen"},
        "content": {
            "rendered": "<p>Talks resumed on Saturday, officials said, after a week.</p>"
            "<p>Reports and views published here are not ours.</p>"
            '<p>Source: <a href="https://agency.example/talks?utm_medium=x">Example Agency</a></p>',
            "protected": False,
        },
        "excerpt": {"rendered": "<p>Talks resumed on Saturday [&hellip;]</p>"},
        "categories": [3],
    }
    return json.dumps([given | fields])


def test_a_wordpress_post_gives_its_source_and_the_houses_blocks_are_set_aside():
    item = one(post(), HOUSE)
    assert isinstance(item, Received)
    assert item.original_headline == "Talks ‘resume’ & widen"
    assert (item.source_name, item.source_url) == ("Example Agency", "https://agency.example/talks")
    assert item.page_url == "https://front.example/wire/seven/"
    assert item.body == "<p>Talks resumed on Saturday, officials said, after a week.</p>"
    assert item.lede == "Talks resumed on Saturday, officials said, after a week."
    assert len(item.set_aside) == 2
    assert item.first_created == datetime(2026, 3, 1, 20, tzinfo=UTC)
    assert {"https://front.example/?p=7", "https://front.example/wire/seven/"} <= item.aliases


def content(html, *, protected=False):
    return {"content": {"rendered": html, "protected": protected}}


@pytest.mark.parametrize(
    ("fields", "reason", "words"),
    [
        (content("<p>No source at all in this text.</p>"), Reason.NO_SOURCE_LINK, "no source line"),
        (
            content(
                '<p>Source: <a href="https://a.example/1">A</a> and <a href="https://b.example/1">B</a></p>'
            ),
            Reason.NO_SOURCE_LINK,
            "2 links",
        ),
        (content('<p>Source: <a href="https://a.example/">A</a></p>'), Reason.NO_SOURCE_LINK, "front page"),
        (
            content('<p>Source: <a href="https://front.example/x">A</a></p>'),
            Reason.NO_SOURCE_LINK,
            "our own site",
        ),
        (content("<p>Source: Example Agency</p>"), Reason.NO_SOURCE_LINK, "no link"),
        ({"status": "draft"}, Reason.UNPUBLISHED, "draft"),
        (content("", protected=True), Reason.PROTECTED, "password"),
        ({"title": {"rendered": "Untitled"}}, Reason.NO_HEADLINE, "headline"),
        ({"id": None}, Reason.MALFORMED, "id"),
    ],
)
def test_a_wordpress_post_that_must_wait_says_why(fields, reason, words):
    item = one(post(**fields), HOUSE)
    assert isinstance(item, Rejected)
    assert item.reason is reason
    assert words in item.detail


def test_a_source_named_by_its_host_takes_the_name_from_the_register():
    html = '<p>Text.</p><p>Source: <a href="https://plain.example/1">https://plain.example/1</a></p>'
    item = one(post(**content(html)), HOUSE)
    assert isinstance(item, Received)
    assert item.source_name == "Plain Press"


@pytest.mark.parametrize(
    ("html", "name", "url"),
    [
        (
            '<p>Text.</p><div><a href="https://a.example/1">Original report at Example Agency</a></div><p>Tags</p>',
            "Example Agency",
            "https://a.example/1",
        ),
        ("<p>Text.</p><p>https://plain.example/1</p>", "Plain Press", "https://plain.example/1"),
        (
            "<p>Text.</p><p>Source: Example Agency, https://a.example/1.</p>",
            "Example Agency",
            "https://a.example/1",
        ),
        (
            '<p>Text that goes on.\n\nVia: <a href="https://a.example/1">Example Agency</a></p>',
            "Example Agency",
            "https://a.example/1",
        ),
        (
            '<p>Text.</p><p>Sources: <a href="https://a.example/1">A</a>, <a href="https://b.example/2">B</a></p>',
            "A; B",
            "https://a.example/1",
        ),
    ],
)
def test_a_pointer_at_the_end_of_a_post_is_its_source_line(html, name, url):
    item = one(post(**content(html)), HOUSE)
    assert isinstance(item, Received), item
    assert (item.source_name, item.source_url) == (name, url)
    assert item.body.startswith("<p>Text")
    assert url not in item.body


@pytest.mark.parametrize(
    "html",
    [
        '<p>Text.</p><p><a href="https://a.example/data">All figures as a table</a></p>',
        '<p><a href="https://a.example/1">Original report at Example Agency</a></p><p>A.</p><p>B.</p><p>C.</p>',
        '<p>Text.</p><p>More at <a href="https://a.example/1">Example Agency</a> and elsewhere.</p>',
    ],
)
def test_a_link_of_the_text_is_no_source_line(html):
    assert isinstance(one(post(**content(html)), HOUSE), Rejected)


@pytest.mark.parametrize("word", ["Source:", "منبع:", "المصدر:", "מקור:"])
def test_the_source_line_is_known_in_each_language_of_the_desk(word):
    html = f'<p>Text of the story.</p><p>{word} <a href="https://agency.example/1">آژانس</a></p>'
    item = one(post(**content(html)), HOUSE)
    assert isinstance(item, Received)
    assert item.source_name == "آژانس"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("خبر می‌شود که گزارش", "fa"),
        ("استئناف المحادثات", "ar"),
        ("שיחות חודשו", "he"),
        ("Сезон начался", "ru"),
        ("Talks", "en"),
    ],
)
def test_the_language_of_a_post_is_told_by_its_script(text, language):
    html = f'<p>{text} {text} {text}</p><p>Source: <a href="https://agency.example/1">A</a></p>'
    item = one(post(title={"rendered": text}, **content(html)), HOUSE)
    assert isinstance(item, Received)
    assert item.language == language


def test_a_rest_error_is_a_broken_source_not_an_empty_one():
    found = read(
        '{"code":"rest_no_route","message":"No route","data":{"status":404}}', HOUSE, format="wordpress"
    )
    assert isinstance(found, Unreadable)
    assert found.reason == "rest-error"


def jsonl(**fields):
    given = {"id": "1", "headline": "News", "source_url": "https://wire.example/1", "body": "One.\n\nTwo."}
    return json.dumps(given | fields)


@pytest.mark.parametrize(
    ("embargo", "kind"),
    [
        (None, EmbargoKind.NONE),
        ("", EmbargoKind.OPEN),
        ("2026-03-03T00:01:00+03:30", EmbargoKind.UNTIL),
        ("after the speech", EmbargoKind.UNREADABLE),
    ],
)
def test_an_embargo_has_four_states(embargo, kind):
    item = one(jsonl(embargo=embargo), format="jsonl")
    assert isinstance(item, Received)
    assert item.embargo.kind is kind
    assert item.embargo.holds(NOW) is (kind is not EmbargoKind.NONE)


def test_an_unknown_status_fails_closed():
    item = one(jsonl(status="perhaps"), format="jsonl")
    assert isinstance(item, Received)
    assert item.pubstatus is PubStatus.WITHHELD


def test_a_bad_line_harms_no_other():
    found = read(jsonl() + "\n{broken\n[1]\n" + jsonl(id="2") + "\n", format="jsonl")
    assert isinstance(found, Document)
    assert [type(item) for item in found.items] == [Received, Rejected, Rejected, Received]


def test_private_notes_are_kept_apart():
    item = one(jsonl(ednote="Call +49 30 1234", correction_note="Seven, not four."), format="jsonl")
    assert isinstance(item, Received)
    assert item.ednote == "Call +49 30 1234"
    assert "1234" not in item.body + item.lede + (item.correction_note or "")


def test_a_scraped_page_with_a_source_line_is_a_story():
    page = (
        "World\n\nBridge over the strait opens to lorries at night\n\nThe bridge opened on Monday after a year of work.\n\n"
        "Source: Example Agency https://agency.example/bridge\n\nShare\nRelated stories\nSomething else entirely\n"
    )
    item = one(page, HOUSE, format="text")
    assert isinstance(item, Received)
    assert item.original_headline == "Bridge over the strait opens to lorries at night"
    assert (item.source_name, item.source_url) == ("Example Agency", "https://agency.example/bridge")
    assert item.categories == ("World",)
    assert "Something else" not in item.body


@pytest.mark.parametrize(
    ("raw", "format_"),
    [
        (rss("<title>x</title>"), "rss"),
        ("<feed xmlns='http://www.w3.org/2005/Atom'/>", "atom"),
        ("<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>", "rdf"),
        ('{"version": "https://jsonfeed.org/version/1", "items": []}', "json-feed"),
        (post(), "wordpress"),
        (jsonl(), "jsonl"),
        ("Headline of some length here\nText\nMore text\n", "text"),
    ],
)
def test_auto_tells_the_formats_apart_by_content(raw, format_):
    assert repr(read(raw, HOUSE)) == repr(read(raw, HOUSE, format=format_))


@pytest.mark.parametrize("raw", [b"", b"  \n", b"\x00\x01\x02", b"{", b"[]", b"<a><b></a>", b"\xff\xfe\x00"])
@pytest.mark.parametrize("format_", FORMATS)
def test_what_is_nothing_is_refused_by_name_in_every_format(raw, format_):
    found = read(raw, format=format_)
    assert isinstance(found, (Unreadable, Document))
    if isinstance(found, Unreadable):
        assert found.reason
        assert found.detail


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_no_bytes_raise(raw):
    for format_ in ("auto", "json-feed", "wordpress", "jsonl", "text"):
        assert isinstance(read(raw, format=format_), (Unreadable, Document))


def test_a_time_ahead_of_our_clock_is_ours_and_said():
    ahead = (NOW + timedelta(days=9)).isoformat()
    item = one(jsonl(published=ahead), format="jsonl")
    assert isinstance(item, Received)
    assert item.first_created == NOW
    assert "future-date-clamped" in item.flags


@pytest.mark.parametrize(
    ("body", "lede"),
    [
        (
            "The line opened on Monday.\n\nIt runs hourly, and costs four euros.\n\nThird.",
            "The line opened on Monday. It runs hourly, and costs four euros.",
        ),
        ("خط کشتی روز دوشنبه آغاز به کار کرد.", "خط کشتی روز دوشنبه آغاز به کار کرد."),
        (
            "By Jo Ferris\n\n\u201cIt opened.\u201d\n\n" + "A longer paragraph says why. " * 2,
            "\u201cIt opened.\u201d" + " A longer paragraph says why." * 2,
        ),
        (
            "By Jo Ferris\n\nA line of text that is long enough to be a paragraph",
            "A line of text that is long enough to be a paragraph",
        ),
    ],
    ids=["short", "persian", "signed", "unstopped"],
)
def test_a_lede_leaves_no_first_sentence_out(body, lede):
    entry = {"headline": "Ferry", "source_url": "https://wire.example/ferry", "body": body}
    assert one(json.dumps(entry), AGENCY, format="jsonl").lede == lede
