"""Feeds for consumers that forbid links owe the source's name in their text, and its address in their metadata."""

from __future__ import annotations

import pytest

from publisher import gate
from publisher.render import feeds
from tests.feedbox import NOW, channel, edition, item
from tests.gatebox import FEEDS, rules

MADE = edition()


def made_for(fmt, text, source, made=MADE):
    return feeds.render(made, channel(fmt, text=text, source=source), fmt)


def judged(fmt, raw, source, made=MADE):
    return gate.check_feed(raw, fmt, made, output=fmt, now=NOW, source=source)


@pytest.mark.parametrize("fmt", FEEDS)
def test_a_text_profile_does_not_pass_where_links_are_owed(fmt):
    raw = made_for(fmt, "full", "text")
    assert rules(judged(fmt, raw, "link")) == {"source-link"}
    assert judged(fmt, made_for(fmt, "full", "link"), "text") == ()


@pytest.mark.parametrize("fmt", FEEDS)
@pytest.mark.parametrize("text", ["full", "link"])
def test_a_text_profile_without_the_sources_name_is_refused(fmt, text):
    """Neither the story's own words nor the metadata make up for it."""
    only = edition(item("01A", body="<p>Meridian reports.</p>"))
    raw = made_for(fmt, text, "text", made=only).decode()
    end = "</p>" if fmt == "json" else "&lt;/p&gt;"
    assert f"Source: Meridian{end}" in raw
    broken = raw.replace(f"Source: Meridian{end}", f"Source: Nobody{end}")
    assert rules(judged(fmt, broken.encode(), "text", only)) == {"source-name"}


@pytest.mark.parametrize(
    ("fmt", "before", "after"),
    [
        ("rss", "<dc:source>", "<dc:relation>"),
        ("rss", "<dc:source>https://meridian", "<dc:source>https://other"),
        ("atom", 'rel="via"', 'rel="related"'),
        ("json", '"external_url": "https://meridian', '"external_url": "https://other'),
        ("json", '"source_url": "https://meridian', '"source_url": "https://other'),
    ],
)
def test_a_text_profile_whose_metadata_does_not_give_the_address_is_refused(fmt, before, after):
    only = edition(item("01A"))
    raw = made_for(fmt, "full", "text", made=only).decode()
    assert before in raw
    if before == "<dc:source>" and after == "<dc:relation>":  # and the link that says it too
        raw = raw.replace("</dc:source>", "</dc:relation>").replace('rel="via"', 'rel="related"')
    assert rules(judged(fmt, raw.replace(before, after).encode(), "text", only)) == {"source-metadata"}


@pytest.mark.parametrize("fmt", FEEDS)
@pytest.mark.parametrize("source", ["link", "text"])
def test_no_profile_gets_by_without_the_disclaimer(fmt, source):
    only = edition(item("01A"))
    raw = made_for(fmt, "link", source, made=only).decode()
    words = only.disclaimers[0].full
    at = raw.rindex(words)
    broken = f"{raw[:at]}Views are theirs.{raw[at + len(words) :]}"
    assert rules(judged(fmt, broken.encode(), source, only)) == {"disclaimer"}
