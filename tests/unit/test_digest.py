import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from selectolax.lexbor import LexborHTMLParser

from publisher import gate
from publisher.edition import LeftOut, Shelf, Variant, Why
from publisher.errors import TemplateInvalid
from publisher.render import digest, digestview, message
from publisher.render.direction import LRM
from publisher.render.excerpt import excerpt, shorten
from publisher.render.mjml import to_html
from publisher.render.templates import autoescape, load
from publisher.render.words import zoned
from tests.editions import HEADERS, LOOK, NOW, PERSONAL, TEMPLATES, edition, item, persian


def render(made=None, language="en", **options):
    return digest.render(
        made or edition(language=language), Variant(language, **options), look=LOOK, templates=TEMPLATES
    )


def seen(rendered):
    """The text of the mail as another parser reads it, blanks folded."""
    body = LexborHTMLParser(rendered.html).body
    assert body is not None
    return " ".join(body.text(separator=" ").split())


def cleared(made, rendered, language="en"):
    """What the gate finds wanting in a finished message of this rendering."""
    headers = replace(HEADERS, subject=rendered.subject, language=language)
    raw = message.compile(rendered, headers, seed=made.content_hash).message(PERSONAL)
    return gate.check_message(raw, made, Variant(language), output="mail", now=NOW)


@pytest.mark.parametrize("language", ["en", "fa", "ar"])
def test_html_and_text_say_the_same_and_the_gate_clears_both(language):
    made = edition(item("01A"), persian("01B"), item("01C"), language=language)
    rendered = render(made, language)
    assert cleared(made, rendered, language) == ()
    for entry in made.items:
        assert entry.headline in rendered.text
        assert entry.headline in seen(rendered)
        assert entry.source_url in rendered.text


def test_the_same_edition_has_the_same_bytes():
    assert render() == render()


TEMPLATES_ROOT = Path(__file__).resolve().parents[2] / "templates"

LITERALS = [
    "{{ 7*191 }} {% raw %} {# c #} {{ config }}",
    "</mj-text><mj-raw>CANARY</mj-raw>",
    "<script>CANARY</script>",
    "a \"quoted\" \\backslash\\ & <b>bold</b> 'single'",
    "&amp; &#60; &lt;",
    "<mj-include path='/etc/hostname' />",
]


@pytest.mark.parametrize("literal", LITERALS)
@pytest.mark.parametrize("place", ["headline", "lede", "source_name", "dateline", "correction_note"])
def test_what_a_story_says_is_shown_letter_for_letter_and_harms_no_neighbour(literal, place):
    made = edition(item("01A", **{place: literal, "corrected_at": NOW}), item("01B"))
    rendered = render(made)
    assert literal in seen(rendered)
    assert literal in rendered.text
    assert "<script" not in rendered.html
    assert "1337" not in rendered.html
    assert cleared(made, rendered) == ()


@pytest.mark.parametrize("mark", ["\u200c", "\u200d", "\u064e", "\u05b8", "\u00a0", "👩\u200d🚀"])
def test_joiners_and_marks_survive_in_text_and_in_attributes(mark):
    made = edition(
        persian("01A", headline=f"می{mark}شود", link=f"https://front.example/{mark}x"), language="fa"
    )
    rendered = render(made, "fa")
    assert f"می{mark}شود" in rendered.html
    assert r"\u{" not in rendered.html


def test_right_to_left_is_said_everywhere_it_must_be():
    rendered = render(edition(persian("01A"), persian("01B"), language="fa"), "fa")
    assert re.search(r'<html[^>]* lang="fa"[^>]* dir="rtl"', rendered.html)
    assert "direction:rtl" in rendered.html
    assert not re.search(r'text-align:left[^"]*"[^>]*><h[123]', rendered.html)
    assert "دوشنبه ۱۱ اسفند ۱۴۰۴" in rendered.html
    assert not re.search(r"[0-9] خبر", rendered.text)


def test_a_foreign_item_keeps_its_own_direction_and_its_provenance_speaks_the_editions_language():
    made = edition(persian("01A"), item("01B"), item("01C"), language="fa")
    html = render(made, "fa").html
    english = re.search(r'<h3 id="s-01B"[^>]*>', html)
    assert english is not None
    assert 'dir="ltr"' in english[0]
    assert 'lang="en"' in english[0]
    assert html.count("متن اصلی در") == 3


def test_a_persian_headline_that_begins_with_latin_is_led_by_a_mark():
    rendered = render(edition(persian("01A", headline="S-9؛ آزمایش شد"), language="fa"), "fa")
    assert "\u200fS-9؛" in rendered.html
    assert rendered.subject.startswith("\u200fS-9")


def test_the_subject_is_the_lead_and_how_many_more():
    assert (
        render(edition(item("01A", headline="Seaway to reopen"), item("01B"), item("01C"))).subject
        == "Seaway to reopen; 2 more"
    )
    long = render(edition(item("01A", headline="word " * 100)))
    assert len(long.subject) <= digestview.SUBJECT_MAX


def test_a_correction_says_so_at_the_item():
    made = edition(item("01A", correction_note="It was berth 7, not berth 4.", corrected_at=NOW), item("01B"))
    rendered = render(made)
    assert "Correction: It was berth 7" in seen(rendered).replace("Correction :", "Correction:")
    assert "Correction: It was berth 7" in rendered.text


def test_our_headline_is_called_ours():
    made = edition(item("01A", headline="Ours"), item("01B"))
    assert "our headline" in seen(render(made))
    assert "our headline" not in seen(render(edition()))


def test_a_reader_of_one_section_gets_that_section():
    rendered = render(sections=frozenset({"economy"}))
    assert "01C" in rendered.html
    assert "01A" not in rendered.html


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("1 Quay Street", "Example Front Page, 1 Quay Street"),
        ("Example Front Page, 1 Quay Street", "Example Front Page, 1 Quay Street"),
        ("", "Example Front Page"),
    ],
)
def test_the_houses_name_stands_once_before_its_address(address, line):
    rendered = digest.render(
        edition(), Variant("en"), look=replace(LOOK, postal_address=address), templates=TEMPLATES
    )
    assert f"\n{line}\n" in rendered.text
    assert f">{line}<" in rendered.html


def test_what_the_maximum_cut_is_counted_with_a_link():
    made = edition(item("01A"), item("01B"), cut=("01X", "01Y", "01Z"))
    rendered = render(made)
    assert "3 more in World" in seen(rendered)
    assert "https://front.example/s/world/" in rendered.text


def test_a_story_printed_further_down_is_not_promised_as_one_more():
    """It was cut from one shelf and stands on another; a reader without that other section has yet to see it."""
    made = edition(item("01A"), item("01B"), item("01C"), cut=("01C", "01X"))
    assert "1 more in World" in seen(render(made))
    assert "2 more in World" in seen(render(made, sections=frozenset({"world"})))
    assert "more in" not in seen(render(edition(item("01A"), item("01B"), item("01C"), cut=("01C",))))


def test_what_another_languages_shelf_had_no_room_for_is_not_counted():
    made = edition(item("01A"), item("01B"), cut=("01X",))
    both = replace(made, left_out=(*made.left_out, LeftOut("01Y", "world", Why.MAXIMUM, "6 items", "fa")))
    assert "1 more in World" in seen(render(both))


def test_an_edition_with_many_items_has_each_story_once():
    made = edition()
    twice = replace(
        made,
        shelves=(*made.shelves, Shelf(section="more", title="More", language="en", stories=("01A", "01C"))),
    )
    rendered = render(twice)
    assert rendered.html.count('id="s-01A"') == rendered.html.count('id="s-01C"') == 1


def test_an_excerpt_ends_at_a_sentence_or_at_a_word():
    text = "The first sentence is here. The second one is a good deal longer than that. Third."
    assert excerpt(text, 80) == "The first sentence is here. The second one is a good deal longer than that."
    assert excerpt(text, 40) == "The first sentence is here."
    assert excerpt("word " * 30, 22) == "word word word word…"
    assert excerpt("جملهٔ نخست این‌جا تمام می‌شود؟ دومی نه.", 35) == "جملهٔ نخست این‌جا تمام می‌شود؟"
    assert shorten("x" * 50, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Monday 2 March 2026"),
        ("fa", "دوشنبه ۱۱ اسفند ۱۴۰۴"),
        ("ar", "الاثنين، 2 مارس 2026"),
        ("de", "Montag, 2. März 2026"),
    ],
)
def test_dates_are_in_the_editions_own_calendar_and_digits(language, expected):
    assert TEMPLATES.words(language).date(datetime(2026, 3, 2, tzinfo=UTC)) == expected


@pytest.mark.parametrize(
    ("language", "kicker"),
    [
        ("en", "1 Mar, 19:30 UTC+3:30"),
        ("fa", f"۱۰ اسفند، ۱۹:۳۰ ({LRM}+۳:۳۰ گرینویچ)"),
        ("ar", f"1 مارس، 19:30 غرينتش{LRM}+3:30"),
    ],
)
def test_a_time_of_another_day_than_the_editions_names_its_day(language, kicker):
    """An edition of six in the morning that says 19:30 alone seems to tell the future."""
    evening_before = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    made = edition(item("01A", time=evening_before), item("01B"), language=language)
    rendered = render(made, language)
    dot = "|" if language == "fa" else "·"  # beside the digits of Persian a dot is read as their zero
    shown = seen(rendered).replace("،  ", "، ").replace(",  ", ", ")
    assert f" {dot} {kicker}\n" in rendered.text
    assert f" {dot} {kicker} " in shown
    time = LexborHTMLParser(rendered.html).css_first("time")
    way = "rtl" if language in {"fa", "ar"} else "ltr"
    assert time.attributes["dir"] == way, "or the zone would stand before the time"
    assert not re.search("[·][\\W_]{0,3}[۰-۹]|[۰-۹][\\W_]{0,3}[·]", f"{shown}{rendered.text}")
    assert cleared(made, rendered, language) == ()


@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_zone_is_named_once_in_a_section_unless_it_changes(language):
    """Beside each time it says the same ten times over; a clock change between two stories is said."""
    times = [datetime(2026, 3, 2, 1, minute, tzinfo=UTC) for minute in (40, 30, 20, 10)]
    made = edition(*(item(f"01{n}", time=time) for n, time in enumerate(times)), language=language)
    zone = TEMPLATES.words(language).zone(times[0].astimezone(ZoneInfo("Asia/Tehran")))
    rendered = render(made, language)
    for said in (rendered.text, seen(rendered)):
        assert said.count(zone) == 2, "the last story is of another section"
    assert zoned(
        datetime(2026, 3, 29, hour, tzinfo=UTC).astimezone(ZoneInfo("Europe/Paris")) for hour in (3, 2, 0)
    ) == [
        True,
        False,
        True,
    ]


def test_a_time_of_the_editions_own_day_stands_alone():
    """In the edition's zone: half past midnight in Tehran is still the day before in UTC."""
    made = edition(item("01A", time=datetime(2026, 3, 1, 21, 0, tzinfo=UTC)), item("01B"))
    assert " · 00:30 UTC+3:30\n" in render(made).text


@pytest.mark.parametrize(
    ("language", "day"),
    [("en", "1 Mar"), ("fa", "۱۰ اسفند"), ("de", "1. März"), ("zh", "3月1日"), ("tlh", "1 Mar")],
)
def test_a_short_day_follows_the_language(language, day):
    assert TEMPLATES.words(language).day(datetime(2026, 3, 1, tzinfo=UTC)) == day


@pytest.mark.parametrize(
    ("n", "arabic"), [(1, "خبر واحد"), (2, "خبران"), (3, "3 أخبار"), (11, "11 خبراً"), (100, "100 خبر")]
)
def test_plurals_follow_the_language(n, arabic):
    assert TEMPLATES.words("ar").ngettext("%(n)s story", "%(n)s stories", n) == arabic


def test_a_missing_catalogue_speaks_english():
    assert TEMPLATES.words("is").gettext("Unsubscribe") == "Unsubscribe"


@pytest.mark.parametrize(
    "source",
    [
        "<mjml><mj-body><mj-include path='x' /></mj-body></mjml>",
        "<mjml><mj-body><mj-section></mjml>",
        r"<mjml><mj-head><mj-style>a{content:'\201C'}</mj-style></mj-head><mj-body></mj-body></mjml>",
        "<mjml><mj-body><mj-section><mj-column><mj-text>&lt;mj-x</mj-text></mj-column></mj-section><mj-nothing>x</mj-nothing></mj-body></mjml>",
    ],
)
def test_mjml_that_cannot_be_trusted_is_refused(source):
    with pytest.raises(TemplateInvalid):
        to_html(source, template="test")


def in_text(*contents):
    texts = "".join(f"<mj-text>{content}</mj-text>" for content in contents)
    source = f"<mjml><mj-body><mj-section><mj-column>{texts}</mj-column></mj-section></mj-body></mjml>"
    return to_html(source, template="test")


def test_what_a_text_holds_comes_out_as_it_stands_and_in_its_place():
    first = '<p title="می\u200cخواهم \\u{1} &amp; &#1740;">A<br>b<!--[if mso]><i>c</i><![endif]--></p>'
    second = "<p>second</p>"
    html = in_text(first, second)
    assert html.index(f"{first}</div>") < html.index(f"{second}</div>")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<p>a<b>b</p>", "</p> ends nothing"),
        ("<div><p>a</p>", "<div> is not closed"),
        ("a</p>", "</p> ends nothing"),
        ("<mj-button>a</mj-button>", "inside mj-text"),
    ],
)
def test_an_element_that_does_not_end_in_its_text_is_named(content, words):
    with pytest.raises(TemplateInvalid, match=re.escape(words)):
        in_text("<p>well</p>", content)


def test_escaping_follows_the_ending_and_an_unknown_ending_is_refused():
    assert autoescape("mail/x/body.mjml.j2")
    assert not autoescape("mail/x/body.txt.j2")
    with pytest.raises(ValueError, match="ending"):
        autoescape("mail/x/body.mjml")


def test_an_operators_template_wins_and_its_faults_are_named(tmp_path):
    own = tmp_path / "mail" / "digest"
    own.mkdir(parents=True)
    (own / "subject.txt.j2").write_text("Today: {{ subject }}")
    templates = load([tmp_path, TEMPLATES_ROOT])
    made = edition()
    assert digest.render(made, Variant("en"), look=LOOK, templates=templates).subject.startswith("Today: ")
    (own / "subject.txt.j2").write_text("{{ subject\n}} {{ nothing }}")
    with pytest.raises(TemplateInvalid, match="nothing"):
        digest.render(made, Variant("en"), look=LOOK, templates=load([tmp_path, TEMPLATES_ROOT]))
    (own / "subject.txt.j2").write_text("\n{% if %}")
    with pytest.raises(TemplateInvalid, match=r"subject\.txt\.j2:2"):
        digest.render(made, Variant("en"), look=LOOK, templates=load([tmp_path, TEMPLATES_ROOT]))
