"""Whether an item may be used, by what it says of itself: what is unknown or of the wrong kind is never taken for nothing."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from publisher import intake
from publisher.intake import Context, Document
from publisher.story import EmbargoKind, PubStatus, Reason, Received, Rejected, Source, SourceKind

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
AGENCY = Source(slug="agency", name="Agency", homepage="https://wire.example/")
HOUSE = Source(
    slug="house", name="House", homepage="https://front.example/", kind=SourceKind.HOUSE, source_url_field="u"
)
NO_TEXT = [["canceled"], {"a": 1}, True, False, 1.5, 10**30]


def read(raw, source=AGENCY, **options):
    raw = raw if isinstance(raw, str) else json.dumps(raw)
    return intake.read(raw.encode(), Context(source=source, now=NOW), **options)


def one(raw, source=AGENCY, **options):
    found = read(raw, source, **options)
    assert isinstance(found, Document), found
    (item,) = found.items
    return item


def line(**fields):
    return one(
        {"id": "1", "headline": "News", "source_url": "https://wire.example/1"} | fields, format="jsonl"
    )


def in_json_feed(**fields):
    item = {"id": "1", "title": "News", "url": "https://wire.example/1"} | fields
    return one({"version": "https://jsonfeed.org/version/1.1", "items": [item]})


def post(**fields):
    body = '<p>Text.</p><p>Source: <a href="https://agency.example/1">Example Agency</a></p>'
    given = {
        "id": 7,
        "link": "https://front.example/7",
        "title": {"rendered": "News"},
        "content": {"rendered": body, "protected": False},
    }
    return one([given | fields], HOUSE, format="wordpress")


def rss(inner):
    space = (
        'xmlns:media="http://search.yahoo.com/mrss/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    return (
        f"<rss version='2.0' {space}><channel><item><title>News</title><link>https://wire.example/1</link>"
        f"<guid>1</guid>{inner}</item></channel></rss>"
    )


def withheld(item, flag):
    return isinstance(item, Received) and item.pubstatus is PubStatus.WITHHELD and item.flags == (flag,)


@pytest.mark.parametrize("value", [*NO_TEXT, "perhaps", "cancelled", 0, 1, []])
def test_a_status_that_is_none_withholds_the_story_and_says_why(value):
    assert withheld(line(status=value), "status-unknown")
    assert withheld(in_json_feed(_wire={"status": value}), "status-unknown")


@pytest.mark.parametrize("value", [["canceled"], True, False, 1.5, "usable", [], ""])
def test_an_extension_of_another_shape_withholds_the_item(value):
    assert withheld(in_json_feed(_wire=value), "status-unknown")


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (None, "usable"),
        ("", "usable"),
        ("usable", "usable"),
        ("Withheld", "withheld"),
        (" CANCELED ", "canceled"),
    ],
)
def test_a_known_status_is_read_in_any_spelling(value, status):
    assert line(status=value).pubstatus.value == status
    assert in_json_feed(_wire={"status": value}).pubstatus.value == status
    assert line(status=value).flags == ()


@pytest.mark.parametrize("value", [*NO_TEXT, "garbage", "31 February", 20260302, []])
def test_an_expiry_that_cannot_be_read_withholds_the_story(value):
    assert withheld(line(expires=value), "expires-unreadable")


def test_an_expiry_that_can_be_read_is_kept_and_none_is_none():
    assert line(expires="2026-03-02T12:00:00Z").expires == datetime(2026, 3, 2, 12, tzinfo=UTC)
    for value in (None, ""):
        item = line(expires=value)
        assert (item.expires, item.pubstatus) == (None, PubStatus.USABLE)


@pytest.mark.parametrize("value", [*NO_TEXT, [], 20260302, "soon", "\ud800"])
@pytest.mark.parametrize("empty", ["hold", "none"])
def test_an_embargo_of_the_wrong_kind_is_unreadable_and_holds(value, empty):
    source = Source(slug="agency", name="Agency", homepage="https://wire.example/", empty_embargo=empty)
    entry = {"id": "1", "headline": "News", "source_url": "https://wire.example/1", "embargo": value}
    item = one(entry, source, format="jsonl")
    assert item.embargo.kind is EmbargoKind.UNREADABLE
    assert item.embargo.holds(NOW)


@pytest.mark.parametrize("field", ["id", "source_name", "body", "language", "usage_terms", "correction_note"])
@pytest.mark.parametrize("value", NO_TEXT)
def test_a_field_of_the_wrong_kind_sets_the_line_aside(field, value):
    item = line(**{field: value})
    assert isinstance(item, Rejected)
    assert (item.reason, item.headline) == (Reason.MALFORMED, "News")
    assert field in item.detail


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("aliases", "x"),
        ("aliases", [{"a": 1}]),
        ("categories", "World"),
        ("categories", [True]),
        ("subjects", [1]),
        ("subjects", [{"code": ["x"]}]),
        ("media", {"url": "https://wire.example/p.jpg"}),
        ("media", [{"url": "https://wire.example/p.jpg", "credit": ["C. Photo"]}]),
    ],
)
def test_a_list_of_the_wrong_kind_sets_the_line_aside(field, value):
    item = line(**{field: value})
    assert isinstance(item, Rejected)
    assert field in item.detail


def test_a_line_that_is_set_aside_still_says_what_it_says_of_its_own_use():
    for said in ({"embargo": ""}, {"expires": "2026-03-01T00:00:00Z"}):
        item = line(media=[{"url": "https://wire.example/p.jpg", "caption": ["x"]}], **said)
        assert isinstance(item, Rejected)
        assert item.received.source_guid == "1"
        assert item.received.embargo.holds(NOW) or item.received.expires < NOW
        assert item.received.media == ()
    assert line(body=["x"]).received is None
    for said in ({"embargo": ""}, {"expires": "2026-03-01T00:00:00Z"}):
        item = one({"id": "1", **said}, format="jsonl")
        assert item.received.embargo.holds(NOW) or item.received.expires < NOW


def test_a_kill_counts_whatever_else_is_wrong_with_its_line():
    assert line(status="canceled", body=["x"], headline={}).pubstatus is PubStatus.CANCELED
    assert withheld(line(status=["canceled"], body=["x"]), "status-unknown")


def test_a_kill_counts_wherever_its_id_stands_in_the_document():
    lines = [
        {"id": "1", "headline": "News", "source_url": "https://wire.example/1", "status": status}
        for status in ("usable", "canceled", "usable")
    ]
    found = read("\n".join(map(json.dumps, lines)), format="jsonl")
    assert [item.pubstatus for item in found.items] == [PubStatus.CANCELED]


def test_of_lines_with_one_id_the_last_counts_and_a_hold_leaves_the_text():
    story = {"id": "1", "headline": "News", "source_url": "https://wire.example/1", "body": "Text."}
    hold = {"id": "1", "status": "withheld", "version": "3"}
    corrected = story | {"body": "Right.", "correction_note": "Corrects all."}

    def told(*lines):
        (item,) = read("\n".join(map(json.dumps, lines)), format="jsonl").items
        return item.pubstatus.value, item.body, item.source_version

    assert told(story | {"version": "2"}, hold) == ("withheld", "<p>Text.</p>", "3")
    assert told(story, {"id": "1", "embargo": ""})[0] == "usable"
    assert told(hold, story | {"version": "4"}) == ("usable", "<p>Text.</p>", "4")
    assert told(story, corrected) == ("usable", "<p>Right.</p>", None)
    assert told(story | {"version": "2"}, corrected | {"version": "1"})[1] == "<p>Text.</p>"
    (item,) = read("\n".join(map(json.dumps, (story, {"id": "1", "embargo": ""})))).items
    assert item.embargo.kind is EmbargoKind.OPEN


def test_what_takes_a_story_back_is_read_beyond_the_limit():
    lines = [
        {"id": str(n), "headline": "News", "source_url": f"https://wire.example/{n}"} for n in range(5)
    ] + [{"id": "1", "status": "canceled"}, {"id": "9", "status": "usable"}]
    raw = "\n".join(map(json.dumps, lines)).encode()
    found = intake.read(raw, Context(source=AGENCY, now=NOW, max_items=3), format="jsonl")
    assert [(item.source_guid, item.pubstatus.value) for item in found.items] == [
        ("0", "usable"),
        ("1", "canceled"),
        ("2", "usable"),
    ]
    assert found.left_out == 3


@pytest.mark.parametrize("name", ["source", "source_url"])
def test_a_source_of_the_wrong_kind_is_not_replaced_by_the_feed_s_own(name):
    item = in_json_feed(_wire={name: ["Other Agency"]})
    assert isinstance(item, Rejected)
    assert name in item.detail


@pytest.mark.parametrize("status", [["draft"], {}, True, None, 0, "", "future"])
def test_a_post_with_any_status_but_publish_waits(status):
    item = post(status=status)
    assert isinstance(item, Rejected)
    assert item.reason is Reason.UNPUBLISHED
    assert isinstance(post(status="publish"), Received)
    assert isinstance(post(), Received)


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "x"},
        {"content": {"rendered": "x", "protected": "yes"}},
        {"content": {"rendered": "x", "protected": None}},
        {"excerpt": {"rendered": "x", "protected": True}},
    ],
)
def test_a_post_that_is_not_plainly_open_is_taken_for_protected(fields):
    item = post(**fields)
    assert isinstance(item, Rejected)
    assert item.reason is Reason.PROTECTED


def test_custom_fields_that_name_the_source_are_text_or_one_text_in_a_list():
    meta = {"source_name": "Declared Agency", "u": ["https://declared.example/1"]}
    assert post(meta=meta).source_url == "https://declared.example/1"
    for wrong in ({**meta, "source_name": ["A", "B"]}, {**meta, "u": {"a": 1}}):
        item = post(meta=wrong)
        assert isinstance(item, Rejected)
        assert item.reason is Reason.MALFORMED


@pytest.mark.parametrize("broken", ["", "<p>&"])
@pytest.mark.parametrize(
    ("inner", "status", "flags"),
    [
        ('<media:status state="deleted"/>', "canceled", ()),
        ('<media:status state="DELETED" reason="x"/>', "canceled", ()),
        ('<media:status state="active"/>', "usable", ()),
        ('<media:status state="blocked"/>', "withheld", ()),
        ('<media:status state="perhaps"/>', "withheld", ("status-unknown",)),
        ("<media:status/>", "withheld", ("status-unknown",)),
        ("<media:status>deleted</media:status>", "withheld", ("status-unknown",)),
        ("<dcterms:valid>start=2026-01-01; scheme=W3C-DTF</dcterms:valid>", "usable", ()),
        ("<dcterms:valid>end=2027-01-01; scheme=W3C-DTF</dcterms:valid>", "usable", ()),
        ("<dcterms:valid>end=never</dcterms:valid>", "withheld", ("expires-unreadable",)),
        ("<dcterms:valid>whenever</dcterms:valid>", "withheld", ("expires-unreadable",)),
    ],
)
def test_a_feed_item_says_whether_it_may_be_used_also_in_a_broken_feed(inner, status, flags, broken):
    document = rss(inner).replace("</rss>", broken and "<junk></rss>")
    found = read(document, format="rss") if broken else read(rss(inner), format="rss")
    assert isinstance(found, Document), found
    assert bool(found.remarks) is bool(broken)
    (item,) = found.items
    assert (item.pubstatus.value, item.flags) == (status, flags)


def test_atom_and_rdf_items_are_held_to_the_same_rules():
    media = 'xmlns:media="http://search.yahoo.com/mrss/" xmlns:app="http://www.w3.org/2007/app"'
    entry = "<entry><id>1</id><title>News</title><link href='https://wire.example/1'/>{}</entry>"
    feed = f"<feed xmlns='http://www.w3.org/2005/Atom' {media}>{entry}</feed>"
    for inner, status in (
        ('<media:status state="gone"/>', PubStatus.WITHHELD),
        ("<app:control><app:draft>yes</app:draft></app:control>", PubStatus.WITHHELD),
        ("<app:control><app:draft>no</app:draft></app:control>", PubStatus.USABLE),
    ):
        assert one(feed.format(inner)).pubstatus is status
    rdf = (
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/' "
        f"{media}><item rdf:about='https://wire.example/1'><title>News</title><link>https://wire.example/1</link>"
        "<media:status state='deleted'/></item></rdf:RDF>"
    )
    assert one(rdf).pubstatus is PubStatus.CANCELED


def test_no_field_brings_what_a_database_or_a_feed_cannot_hold():
    item = line(
        version="\ud800\x00v",
        subjects=[{"scheme": "\ud800", "code": "\x00c", "name": "\udfff"}],
        media=[{"url": "https://wire.example/\ud800p.jpg", "credit": "\x00C.\ud800"}],
        embargo="\x00soon\ud800",
    )
    (subject,), (medium,) = item.subjects, item.media
    for text in (
        *(item.source_version, item.embargo.text),
        *(subject.scheme, subject.code, subject.name, medium.url, medium.credit),
    ):
        text.encode()
        assert "\x00" not in text


@pytest.mark.parametrize(
    ("said", "until", "end"),
    [
        ("2027-10-31T01:30:00", "2027-10-31T01:30", "2027-10-31T00:30"),
        ("31 Oct 2027 01:30", "2027-10-31T01:30", "2027-10-31T00:30"),
        ("2027-03-28T01:30", "2027-03-28T01:30", "2027-03-28T00:30"),
        ("2027-10-31T01:30:00+01:00", "2027-10-31T00:30", "2027-10-31T00:30"),
        ("2027-11-26", "2027-11-27T00:00", "2027-11-26T00:00"),
        ("20271126", "2027-11-27T00:00", "2027-11-26T00:00"),
    ],
)
def test_a_time_with_two_readings_holds_back_longer_and_ends_earlier(said, until, end):
    source = replace(AGENCY, timezone="Europe/Lisbon")
    entry = {"id": "1", "headline": "News", "source_url": "https://wire.example/1"}
    item = one(entry | {"embargo": said, "expires": said}, source, format="jsonl")
    assert (item.embargo.until, item.expires) == tuple(
        datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (until, end)
    )
    assert one(entry | {"embargo": "2027-11"}, source, format="jsonl").embargo.kind is EmbargoKind.UNREADABLE
