"""Text wires, mailed stories and article pages on samples of our making."""

from datetime import UTC, datetime

import pytest

from publisher import intake
from publisher.intake import Context
from publisher.story import EmbargoKind, PubStatus, Rejected
from tests.typedbox import mail
from tests.wirebox import AGENCY, NOW, SECRET, items, one, read, shown

WIRE = (
    "\x01eca062 3 i 211 dpa 061\r\n\r\nTestland-port/\r\n\x02{marks}Port talks resume after\r\na long pause\r\nBy Jo Doe =\r\n\r\n   Testville (xyz) - Talks were killed\r\n"
    "and resumed.\r\n\r\n   More followed.\r\n\r\n# xyz NOTEBOOK\r\n\r\n* * *\r\nThe following information is not for publication\r\nTel: "
    + SECRET
    + "\r\n\r\n\x03012230 GMT Mar 31\r\n\x04"
)


def wire(marks="", again=""):
    (item,) = items((WIRE.replace("{marks}", marks) + again).encode())
    return item.received if isinstance(item, Rejected) else item


def test_a_text_wire_is_read_up_to_its_notebook():
    item = wire()
    assert (item.original_headline, item.byline, item.dateline) == (
        "Port talks resume after a long pause",
        "By Jo Doe",
        "Testville (xyz)",
    )
    assert item.body == "<p>Testville (xyz) - Talks were killed and resumed.</p><p>More followed.</p>"
    assert (item.urgency, item.slugline) == (3, "Testland-port")
    assert item.pubstatus is PubStatus.USABLE
    assert SECRET in item.ednote
    assert SECRET not in shown(item)


@pytest.mark.parametrize(
    ("marks", "status", "embargo", "signals"),
    [
        ("MANDATORY KILL\r\n", PubStatus.CANCELED, EmbargoKind.NONE, ()),
        ("HOLD\r\n", PubStatus.WITHHELD, EmbargoKind.NONE, ()),
        ("REFILE\r\n1ST LEAD\r\n", PubStatus.USABLE, EmbargoKind.NONE, ("refile", "update")),
        ("CORRECTED\r\n", PubStatus.USABLE, EmbargoKind.NONE, ("correction",)),
        ("EMBARGOED\r\n", PubStatus.USABLE, EmbargoKind.OPEN, ()),
        ("EMBARGOED UNTIL 0001 FRIDAY\r\n", PubStatus.USABLE, EmbargoKind.UNREADABLE, ()),
        ("Embargo until 2031-03-09T06:00Z\r\n", PubStatus.USABLE, EmbargoKind.UNTIL, ()),
    ],
)
def test_whole_lines_above_a_headline_are_marks(marks, status, embargo, signals):
    item = wire(marks)
    assert (item.pubstatus, item.embargo.kind, item.signals) == (status, embargo, signals)
    assert item.original_headline == "Port talks resume after a long pause"
    assert item.aliases & wire().aliases  # a later mark finds its story


def test_a_mailed_story_leaves_its_signature_behind():
    item = one(
        mail(
            f"CORRECTED\r\nTalks resumed\r\non Monday.\r\n\r\nSource: Example Agency (https://agency.example/m)\r\n\r\n-- \r\nJo {SECRET}\r\n"
        )
    )
    assert (item.original_headline, item.source_guid, item.byline) == (
        "Port talks resume – again",
        "m1@agency.example",
        "Jo Doe",
    )
    assert (item.source_name, item.source_url) == ("Example Agency", "https://agency.example/m")
    assert item.body == "<p>Talks resumed on Monday.</p>"
    assert item.signals == ("correction",)
    assert SECRET not in shown(item)


PAGE = """<!doctype html><html lang="en"><head><title>Port | Agency</title><link rel="canonical" href="https://wire.example/port">
<link rel="alternate" hreflang="en-GB" href="https://wire.example/port"><link rel="alternate" hreflang="fr" href="https://wire.example/le-port">
<script type="application/ld+json">{"@graph":[{"@type":"WebSite"},{"@type":["NewsArticle"],"headline":"Port talks resume","datePublished":"2031-03-01T08:00:00Z",
"author":[{"name":"Jo Doe"}],"articleSection":"World"}]}</script></head><body><nav><p>Home and much else that stands in a list of links</p></nav>
<div itemprop="articleBody"><h1>Port talks resume</h1><p>%s</p><aside>Buy now</aside><p>By phone. jo@wire.example (END)</p></div><footer><p>Imprint</p></footer></body></html>""" % (
    "Talks resumed in the port on Saturday. " * 8
)


def test_a_page_is_read_by_what_it_declares():
    item = one(PAGE)
    assert (item.original_headline, item.source_url, item.byline) == (
        "Port talks resume",
        "https://wire.example/port",
        "Jo Doe",
    )
    assert (item.language, item.categories) == ("en-GB", ("World",))
    assert item.first_created == datetime(2031, 3, 1, 8, tzinfo=UTC)
    assert all(word not in item.body for word in ("Buy now", "Imprint", "Home and", "jo@wire.example"))
    assert "jo@wire.example" in " ".join(item.set_aside)


def test_a_page_that_stands_where_a_feed_should_is_a_broken_source():
    polled = Context(source=AGENCY, now=NOW, base_url="https://wire.example/feed")
    assert intake.read(PAGE.encode(), polled).reason == "html-page"
    assert read("<!doctype html><title>502</title><p>Bad gateway</p>").reason == "html-page"
