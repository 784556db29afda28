"""The promise "content is not changed": what a reader is shown, less our note, source line and disclaimer, are the words that came."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher.intake import Context, Document, read
from publisher.intake.markup import sanitise, text_digest, to_text
from publisher.intake.text import normalise
from publisher.render.itemhtml import content
from publisher.story import Received
from tests import feedbox
from tests.stories import MERIDIAN

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NAMES = (
    *(
        "p",
        "div",
        "section",
        "article",
        "header",
        "h1",
        "h2",
        "h5",
        "ul",
        "li",
        "ol",
        "dl",
        "dt",
        "dd",
        "table",
        "tr",
        "td",
    ),
    *(
        "blockquote",
        "figure",
        "figcaption",
        "pre",
        "span",
        "b",
        "em",
        "a",
        "center",
        "address",
        "main",
        "x-y",
        "font",
        "nav",
    ),
    *("script", "style", "form", "title", "svg", "textarea", "noscript", "iframe", "hl2"),
)
TEXT = st.text(alphabet="abc 12.é«»\u200cپ\n\t&<>'\"", min_size=1, max_size=8)
PIECE = st.one_of(
    TEXT,
    st.sampled_from([f"<{name}>" for name in NAMES] + [f"</{name}>" for name in NAMES]),
    st.sampled_from(
        [
            "<br>",
            "<hr/>",
            "<img src='https://a.example/i.png'>",
            "<!-- note -->",
            "&amp;",
            "&nbsp;",
            "&#8212;",
            "<p class=x>",
            "<![CDATA[x]]>",
        ]
    ),
)
SOUP = st.lists(PIECE, max_size=14).map("".join)


def words(text: str) -> str:
    return normalise(text.replace("\u200f", ""))


@given(SOUP)
@example("<div>One</div><div>Two</div>")
@example("<section><h5>Head</h5>Text</section><dl><dt>a<dd>b</dl>")
@settings(max_examples=120, deadline=None)
def test_sanitising_loses_no_word_and_runs_none_together(html: str) -> None:
    kept = sanitise(html)
    assert words(kept.text) == words(to_text(html))
    assert text_digest(kept.html) == text_digest(html)


@given(SOUP, st.sampled_from(["en", "fa"]), st.sampled_from([None, "Seven, not five."]))
@settings(max_examples=60, deadline=None)
def test_what_readers_get_are_the_words_that_came(html: str, language: str, note: str | None) -> None:
    story = {
        "headline": "x",
        "source_url": "https://meridian.example/1",
        "body": f"<p>Begin.</p>{html}",
        "language": language,
    }
    found = read(json.dumps(story).encode(), Context(source=MERIDIAN, now=NOW), format="jsonl")
    assert isinstance(found, Document)
    (received,) = found.items
    assert isinstance(received, Received)
    item = replace(feedbox.item("01A"), body=received.body, lede="", language=language, correction_note=note)
    made = feedbox.edition(item)
    ours = words(to_text(content(made, replace(item, body=""), feedbox.channel())))
    first = words(note or "")
    shown = words(to_text(content(made, item, feedbox.channel())))
    assert shown.startswith(first)
    assert shown.endswith(ours.removeprefix(first))
    assert words(shown[len(first) : len(shown) - len(ours.removeprefix(first))]) == words(
        to_text(f"<p>Begin.</p>{html}")
    )
