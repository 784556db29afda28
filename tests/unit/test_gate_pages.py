"""Where an item begins on a page and where it ends, and what is told of it when it is refused."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from publisher import gate
from tests.feedbox import GONE, NOTICE
from tests.gatebox import ITEMS, check, digest, html_of, rules

MADE = digest()
HTML = html_of(MADE)
LINE = '<p class="provenance"'


def broken(html: str) -> set[tuple[str | None, str]]:
    assert html != HTML
    return {(one.story_id, one.rule) for one in check("html", html.encode(), MADE)}


def test_the_headlines_of_a_page_are_those_with_a_storys_id():
    page = "<h1 id=s-1>A <b>B</b></h1><h2 id=s-2>C</h2><h3 id=s-3>D<i hidden>x</i></h3>x<h3>E</h3><h3 id=x-s-4>F</h3><h4 id=s-5>G</h4>"
    assert gate.headlines_of(page) == {"1": "A B", "3": "D"}


@pytest.mark.parametrize(
    "end", ["<h1>x</h1>", "<h2>x</h2>", "<h3>x</h3>", "<div id=end></div>", "<div id=end>x</div>"]
)
def test_an_item_reaches_to_the_next_heading_or_the_end(end):
    lost = {("01A", rule) for rule in ("source-link", "source-name", "disclaimer")}
    assert broken(HTML.replace(LINE, end + LINE, 1)) == lost


@pytest.mark.parametrize("no_end", ["<h4>x</h4>", "<div id=ended>x</div>", "<h5>x</h5>", "<hr>"])
def test_it_goes_on_over_everything_else(no_end):
    assert broken(HTML.replace(LINE, no_end + LINE, 1)) == set()


def test_a_heading_whose_text_may_not_be_seen_is_no_headline():
    assert broken(HTML.replace("Bridge 01A opens</a>", '<i style="opacity:0">Bridge 01A opens</i></a>')) == {
        ("01A", "headline")
    }


def test_a_place_in_an_address_within_an_item_is_that_items():
    html = HTML.replace("<p>Lede of B", '<a href="{{ place }}">x</a><p>Lede of B')
    assert broken(html) == {(ITEMS[1].story_id, "placeholder")}


def test_bytes_that_are_no_text_are_named():
    (only,) = check("html", b"\xff", MADE)
    assert (only.story_id, only.rule, only.detail) == (None, "unreadable", "is not UTF-8")
    assert rules(check("text", b"\xff", MADE)) == {"unreadable"}


def test_a_withdrawn_headline_counts_although_it_may_not_be_seen():
    """Where a text must be, it has to be seen for certain; where it must not be, it is enough that it may."""
    gone = digest(replace(GONE, link=ITEMS[0].link), *ITEMS[1:])
    notice = f'<h3 id="s-01A">{NOTICE.title}</h3><p>{NOTICE.text}</p>'
    whole = re.sub('<h3 id="s-01A">.*?</div>', f"{notice}</div>", HTML, count=1)
    assert check("html", whole.encode(), gone) == ()
    for said in ("<p>{}</p>", "<p style='opacity:.5'>{}</p>", "<p style='color:#eee'>{}</p>"):
        raw = whole.replace(notice, notice + said.format("Other claim")).encode()
        assert {(one.story_id, one.rule) for one in check("html", raw, gone)} == {("01A", "withdrawn")}, said
