"""Readers that strip `dir` go by the first strong character: in right-to-left items it runs so, whatever the text begins with."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from publisher.gate.sight import see
from publisher.intake.markup import sanitise
from publisher.intake.text import clean
from publisher.render.direction import first_strong
from publisher.render.itemhtml import content, headline, summary
from tests.feedbox import channel, edition, item

WORDS = {
    "fa": ["گزارش", "می‌رود", "«کاسپین»"],
    "ar": ["تقرير", "الأخبار"],
    "he": ["דיווח", "ירושלים"],
    "ckb": ["هەواڵ", "ڕاپۆرت"],
}
MIXED = [
    "S-300",
    "(Reuters)",
    "123",
    "۱۲۳",
    "…",
    "–",
    "&",
    "<b>",
    "\u00a0",
    "新聞",
    "COVID-19:",
    "https://a.example/",
    "\U0001f4f0",
    "№",
    " ",
]
INLINE = {"a", "b", "br", "em", "i", "strong", "sub", "sup", "time"}
BLOCKS = [
    "<p>{}</p>",
    "<p><strong>{}</strong></p>",
    "<h2>{}</h2>",
    "<ul><li>{}</li></ul>",
    "<blockquote><p>{}</p></blockquote>",
]
MORE = ["{}", "{}<br>", "<p dir=ltr lang=en>{}</p>", "<figure><img src=https://a.example/p.jpg alt=Latin><figcaption>{}</figcaption></figure>",
        "<p>&nbsp;</p><p>{}</p>", "<table><tr><td>{}</td></tr></table>", "<p></p><div>{}</div>", "<pre>{}</pre>", "<p><a href=https://a.example/x>{}</a></p>"]  # fmt: skip


@st.composite
def texts(draw, language):
    """A text in this language, which may begin with anything."""
    parts = draw(st.lists(st.sampled_from(MIXED), max_size=4))
    parts.insert(draw(st.integers(0, len(parts))), draw(st.sampled_from(WORDS[language])))
    return " ".join(parts)


@st.composite
def items(draw):
    language = draw(st.sampled_from(sorted(WORDS)))
    tag = (
        draw(st.sampled_from([language, f"{language}-IR", f"{language}-Arab"]))
        if language != "he"
        else language
    )
    paragraphs = draw(
        st.lists(st.tuples(st.sampled_from([*BLOCKS, *MORE]), texts(language)), min_size=1, max_size=3)
    )
    html = "".join(
        block.format(text.replace("&", "&amp;").replace("<", "&lt;")) for block, text in paragraphs
    )
    return item(
        "01A",
        language=tag,
        headline=clean(draw(texts(language))),
        lede=clean(draw(texts(language))),
        body=sanitise(html).html,
        rights=draw(st.sampled_from(["full", "lede"])),
        correction_note=draw(st.one_of(st.none(), texts(language).map(clean))),
        copyright_notice=draw(st.sampled_from(["", "© 2026 Meridian"])),
    )


def first_paragraph(html):
    """What a reader sees first: the text of the first block that says something."""
    blocks = {}
    tree = LexborHTMLParser(html)
    for node in tree.body.traverse(include_text=True):
        if node.tag == "-text":
            block = node.parent
            while block.tag in INLINE:
                block = block.parent
            blocks.setdefault(block.mem_id, []).append(node.text_content or "")
    return next(
        text for text in ("".join(parts) for parts in blocks.values()) if text.strip(" \n\u00a0\u200f")
    )


def stripped(html):
    """The same HTML as a reader program leaves it that takes direction away."""
    tree = LexborHTMLParser(html)
    for node in tree.css("[dir]"):
        del node.attrs["dir"]
    return tree.body.html


@settings(max_examples=400, deadline=None)
@given(items())
@example(item("01A", language="fa", headline="S-300", lede="123", body="<p>123</p><p>S-300</p>"))
@example(item("01A", language="ckb", headline="(AP)", lede="AP", body="", rights="lede"))
@example(item("01A", language="ar", body="<p>&amp; تقرير</p>"))
def test_the_first_strong_character_of_title_summary_and_text_runs_right_to_left(entry):
    own = channel(source_words={"en": "Source:", "fa": "منبع:", "ar": "المصدر:", "he": "מקור:"})
    made = edition(entry)
    html = content(made, entry, own)
    assert first_strong(headline(entry)) == "rtl"
    assert first_strong(summary(entry, own)) == "rtl"
    assert first_strong(first_paragraph(html)) == "rtl"
    assert first_paragraph(stripped(html)) == first_paragraph(html)


@settings(max_examples=100, deadline=None)
@given(items())
def test_the_mark_is_all_that_is_added_to_the_text(entry):
    """The words are the source's: without marks they are the same."""
    html = content(edition(entry), entry, channel())
    if entry.rights == "full" and not entry.correction_note:
        said = "".join(run.text for run in see(html).runs).replace("\u200f", "")
        assert said.startswith("".join(run.text for run in see(entry.body).runs).replace("\u200f", ""))


@pytest.mark.parametrize("language", ["en", "zh", "ru"])
def test_left_to_right_items_get_no_mark(language):
    entry = item("01A", language=language, headline="گزارش S-300", body="<p>گزارش</p>")
    assert "\u200f" not in headline(entry) + content(edition(entry), entry, channel())
