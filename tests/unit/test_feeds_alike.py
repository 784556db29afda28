"""What the three formats have in common: their bytes depend on data alone, and they say the same."""

from __future__ import annotations

import json
import locale
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta, timezone
from email.utils import parsedate_to_datetime

import pytest
from lxml import etree
from selectolax.lexbor import LexborHTMLParser

from publisher import gate
from publisher.editiondata import from_data, to_data
from publisher.gate.sight import plain, see
from publisher.render import feeds
from publisher.render.direction import RLM
from publisher.story import Media, Subject
from tests.feedbox import ENGLISH, ITEMS, NOW, PERSIAN, TAG, channel, edition, item
from tests.feedview import NAMES, STRICT, atom, contents, data, rss, titles
from tests.golden.make import HERE, outputs

FORMATS = tuple(feeds.FORMATS)
XML = ("rss", "atom")


@pytest.mark.parametrize("name", [*(f"world.{fmt}" for fmt in FORMATS), "index.opml"])
def test_the_bytes_are_those_kept_in_golden(name):
    """A change here reaches every reader: when it is meant, `python -m tests.golden.make`."""
    assert outputs()[name] == (HERE / name).read_bytes()


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_edition_read_back_from_storage_gives_the_same_bytes(fmt):
    tehran = timezone(timedelta(hours=3, minutes=30))
    fresh = edition(
        *(
            replace(
                entry, time=entry.time.astimezone(tehran), modified_at=entry.modified_at.astimezone(tehran)
            )
            for entry in ITEMS
        )
    )
    stored = from_data(json.loads(json.dumps(to_data(fresh))))
    assert feeds.render(fresh, channel(fmt), fmt) == feeds.render(stored, channel(fmt), fmt)


@pytest.mark.parametrize("fmt", FORMATS)
def test_neither_clock_nor_zone_nor_locale_nor_hash_seed_changes_the_bytes(fmt):
    program = (
        "import locale, sys\n"
        "try: locale.setlocale(locale.LC_ALL, '')\n"
        "except locale.Error: pass\n"
        "from tests.golden.make import outputs\n"
        f"sys.stdout.buffer.write(outputs()['world.{fmt}'])\n"
    )
    for environment in (
        {"TZ": "Asia/Tehran", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
        {"TZ": "America/St_Johns", "LC_ALL": "C.UTF-8", "LANG": "fa_IR.UTF-8", "PYTHONHASHSEED": "2"},
    ):
        run = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            cwd=HERE.parents[1],
            capture_output=True,
            check=True,
        )
        assert run.stdout == (HERE / f"world.{fmt}").read_bytes()


def test_threads_that_render_at_once_leave_the_locale_as_it_was():
    before = locale.setlocale(locale.LC_ALL)
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: feeds.render(edition(), channel("rss"), "rss"), range(40)))
    assert len(made) == 1
    assert locale.setlocale(locale.LC_ALL) == before


@pytest.mark.parametrize("fmt", XML)
def test_xml_begins_with_its_declaration_and_has_no_doctype_or_instruction(fmt):
    raw = feeds.render(edition(), channel(fmt), fmt)
    assert raw.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<")
    assert raw.count(b"<?") == 1
    assert b"<!DOCTYPE" not in raw


@pytest.mark.parametrize("fmt", FORMATS)
def test_characters_that_xml_has_no_place_for_are_taken_out_wherever_they_stand(fmt):
    bad = "\x00\x0b\x1f\ud800\udfff\ufffe\uffff"
    spoiled = item(
        "01A",
        headline=f"He{bad}adline",
        original_headline=f"{bad}original",
        source_name=f"Meri{bad}dian",
        lede=f"L{bad}ede",
        body=f"<p>B{bad}ody</p>",
        byline=f"{bad}A. Reporter",
        categories=(f"W{bad}orld",),
        subjects=(Subject("medtop", f"1{bad}", f"n{bad}ame"),),
        media=(
            Media(url="https://meridian.example/p", type="image/png", credit=f"c{bad}", caption=f"{bad}d"),
        ),
        correction_note=f"n{bad}ote",
        copyright_notice=f"©{bad}",
        rights_line=f"r{bad}",
        usage_terms=f"u{bad}",
    )
    text = feeds.render(edition(spoiled), channel(fmt, title=f"T{bad}itle"), fmt).decode()
    if fmt != "json":
        etree.fromstring(text.encode(), STRICT)
    for word in ("Headline", "Meridian", "Body", "A. Reporter", "World", "Title", "note"):
        assert word in text
    assert not any(character in text for character in bad)


@pytest.mark.parametrize("fmt", FORMATS)
def test_items_stand_in_the_editions_order_under_permanent_ids(fmt):
    made = edition(shelves=(replace(edition().shelves[0], stories=("01C", "01A", "01D", "01B")),))
    ids = {
        "rss": lambda: rss("item/guid/text()", made),
        "atom": lambda: atom("a:entry/a:id/text()", made),
        "json": lambda: [entry["id"] for entry in data(made)["items"]],
    }[fmt]()
    assert ids == [f"{TAG}story/{story_id}" for story_id in ("01C", "01A", "01D", "01B")]


def test_the_three_formats_carry_the_same_text():
    made = edition()
    assert contents("rss", made) == contents("atom", made) == contents("json", made)
    assert titles("rss", made) == titles("atom", made) == titles("json", made)


def test_the_source_line_and_the_whole_disclaimer_close_each_item_in_its_language():
    for text, story in zip(contents("rss", edition()), ITEMS, strict=True):
        house, word = (PERSIAN, "منبع:") if story.language == "fa" else (ENGLISH, "Source:")
        runs = [run for run in see(text).runs if plain(run.text)]
        assert plain(runs[-1].text) == plain(house.full)
        assert (runs[-2].text, runs[-2].link) == (story.source_name, story.source_url)
        assert plain(runs[-3].text) == word


def test_a_language_that_the_house_has_no_words_for_speaks_the_editions_first():
    (text,) = contents("rss", edition(item("01A", language="zh-Hant")))
    assert '<p lang="en" dir="ltr">Source: <a' in text
    assert f'<p lang="en" dir="ltr">{ENGLISH.full}</p>' in text
    (text,) = contents("rss", edition(item("01A", language="fa-AF")))
    assert '<p lang="fa" dir="rtl">منبع: <a' in text
    (word,) = [e["summary"] for e in data(edition(item("01A")), source_words={}, language="xx")["items"]]
    assert word.endswith("Source: Meridian")


def test_the_correction_stands_on_top_with_its_date_and_in_the_summary():
    text = contents("rss", edition())[2]
    assert plain("".join(run.text for run in see(text).runs)).startswith(
        "An earlier version gave a wrong year. (2026-03-02)"
    )
    assert data()["items"][2]["summary"].startswith("An earlier version gave a wrong year. Prices")


def test_the_dates_of_a_correction_are_those_of_publication_and_of_the_change():
    (entry,) = rss("item[3]")
    assert parsedate_to_datetime(entry.findtext("pubDate")) == ITEMS[2].first_published
    assert entry.findtext("dcterms:modified", namespaces=NAMES) == "2026-03-02T02:29:00+00:00"


@pytest.mark.parametrize(
    ("rights", "body", "lede"),
    [("full", True, False), ("lede", False, True), ("link", False, False), ("none", False, False)],
)
def test_no_more_text_goes_out_than_the_rights_allow(rights, body, lede):
    """Even if the edition held more than it should."""
    made = edition(item("01A", rights=rights, lede="The lede.", body="<p>The body.</p>"))
    for fmt in FORMATS:
        (text,) = contents(fmt, made)
        assert ("The body." in text) is body
        assert ("The lede." in text) is lede
    assert ("The lede." in data(made)["items"][0]["summary"]) is (rights in {"full", "lede"})


def test_copyright_and_licence_lines_stand_with_the_item():
    text = contents("rss", edition())[0]
    assert "© 2026 Meridian" in text
    assert "Meridian, used under licence" in text


@pytest.mark.parametrize(
    ("note", "lede", "summary"),
    [
        ("", "Met with open contempt", "Met with open contempt — Source: Meridian"),
        ("", "They said: “Never!”", "They said: “Never!” Source: Meridian"),
        ("", "گفت نه؟", "گفت نه؟ Source: Meridian"),
        ("", "", "Source: Meridian"),
        ("The year was wrong", "It is done.", "The year was wrong — It is done. Source: Meridian"),
    ],
)
def test_the_source_stands_apart_from_a_text_without_an_end(note, lede, summary):
    made = edition(item("01A", correction_note=note or None, lede=lede))
    assert data(made)["items"][0]["summary"].lstrip("\u200f") == summary


def test_a_long_lede_is_cut_in_the_summary_but_not_in_the_text():
    made = edition(item("01A", lede="A sentence of the lede. " * 60, body=""))
    entry = data(made)["items"][0]
    assert len(entry["summary"]) < 540
    assert entry["summary"].endswith("lede. Source: Meridian")
    assert entry["content_html"].count("A sentence of the lede.") == 60


@pytest.mark.parametrize("fmt", FORMATS)
def test_nothing_in_a_title_can_be_taken_for_markup(fmt):
    made = edition(item("01A", headline="<b>Bold</b> & <script>alert(1)</script> a < b"))
    assert titles(fmt, made) == ["‹b›Bold‹/b› & ‹script›alert(1)‹/script› a ‹ b"]


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_escaped_bracket_in_a_title_cannot_become_markup_either(fmt):
    """Readers that unescape twice would make a tag of it."""
    made = edition(item("01A", headline="&lt;b&gt; &LT;i&#62; &#x3C;u&#x003e; &lt a &amp; &ltimes; 5"))
    assert titles(fmt, made) == ["‹b› ‹i› ‹u› ‹ a &amp; &ltimes; 5"]
    raw = feeds.render(made, channel(fmt), fmt)
    assert gate.check_feed(raw, fmt, made, output=fmt, now=NOW) == ()


@pytest.mark.parametrize("fmt", FORMATS)
def test_names_and_notes_from_outside_are_escaped_in_the_text(fmt):
    made = edition(
        item(
            "01A",
            source_name='<img src=x onerror="1">',
            source_url="https://a.example/?\"onmouseover='x'&<>",
            correction_note="<b>",
            rights_line="</div><script>",
            lede="<i>",
            rights="lede",
        )
    )
    (text,) = contents(fmt, made)
    assert "<img" not in text
    assert "<script" not in text
    assert "<b>" not in text
    assert "<i>" not in text
    links = [run for run in see(text).runs if run.link]
    assert [(run.link, run.text) for run in links] == [
        ("https://a.example/?\"onmouseover='x'&<>", '<img src=x onerror="1">')
    ]


@pytest.mark.parametrize("fmt", FORMATS)
def test_right_to_left_text_keeps_its_direction_where_readers_strip_the_markup(fmt):
    made = edition()
    title, text = titles(fmt, made)[1], contents(fmt, made)[1]
    assert title == f"{RLM}S-300 در مرز: گزارش"
    assert text.startswith(
        f'<div lang="fa" dir="rtl"><p dir="rtl">{RLM}S-300 در مرز دیده شد.</p><p dir="ltr">(S-300)</p><p dir="rtl">'
    )
    assert RLM not in titles(fmt, made)[0] + contents(fmt, made)[0]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("<p>گزارش</p>", '<p dir="rtl">گزارش</p>'),
        ("<p lang=en dir=ltr>S-300</p>", f"<p lang=en dir=ltr>{RLM}S-300</p>"),
        ("<pre>S</pre>", f"<pre>{RLM}S</pre>"),
        ("S-300 <p>x", f'{RLM}S-300 <p dir="rtl">x'),
        ('<figure><img alt="a > گ">\n<figcaption>S گ', f'<figure><img alt="a > گ">\n<figcaption>{RLM}S گ'),
        ("<p>123. گزارش</p>", '<p dir="rtl">123. گزارش</p>'),
    ],
)
def test_only_what_begins_with_latin_gets_a_mark_and_only_bare_paragraphs_a_direction(body, wanted):
    (text,) = contents("json", edition(item("01A", language="fa", body=body)))
    assert text.startswith(f'<div lang="fa" dir="rtl">{wanted}')


def test_an_item_in_another_language_than_the_feed_says_so():
    assert rss("item[2]/dc:language/text()") == ["fa"]
    assert rss("item/dc:language/text()") == ["fa"]
    assert atom("a:entry/@xml:lang") == ["fa"]
    assert rss("item/dc:language/text()", language="fa") == ["en", "en", "en"]


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_empty_feed_is_a_feed(fmt):
    empty = edition(items=(), shelves=(replace(edition().shelves[0], stories=()),))
    assert titles(fmt, empty) == []
    if fmt == "rss":
        assert parsedate_to_datetime(rss("lastBuildDate/text()", empty)[0]) == NOW
    if fmt == "atom":
        assert atom("a:updated/text()", empty) == [NOW.isoformat()]


def test_another_format_is_a_mistake_of_the_caller():
    with pytest.raises(KeyError):
        feeds.render(edition(), channel(), "rss1")


@pytest.mark.parametrize(
    ("language", "word", "line"),
    [
        ("zh", "来源：", "来源：Agence Exemple (AEX)"),
        ("fr", "Source\u202f:", "Source\u202f: Agence Exemple (AEX)"),
        ("he", "מקור:", "מקור: \u2068Agence Exemple (AEX)\u2069"),
    ],
)
def test_the_source_line_is_set_as_the_language_sets_it(language, word, line):
    """No blank after a full-width colon; a Latin name among right-to-left words keeps its bracket."""
    made = edition(item("01A", language=language, source_name="Agence Exemple (AEX)"))
    (entry,) = data(made, source_words={language: word}, language=language)["items"]
    assert entry["summary"].endswith(line)
    text = LexborHTMLParser(entry["content_html"]).body
    assert text is not None
    assert line in text.text()
