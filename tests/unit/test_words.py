"""Dates, digits and signs in the shipped languages, as their newspapers write them, and the same everywhere."""

import os
import re
import subprocess
import sys
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from selectolax.lexbor import LexborHTMLParser

from publisher import gate
from publisher.cli import publisher
from publisher.cli.exits import told
from publisher.edition import Disclaimer, Notice, Variant
from publisher.render import digest, message, pages
from publisher.render.direction import FSI, LRI, LRM, PDI, RLI, isolated
from publisher.render.places import markers
from publisher.render.templates import load
from publisher.settings import load as load_settings
from tests.editions import HEADERS, LOOK, NOW, PERSONAL, ROOT, TEMPLATES, edition, item, persian

LANGUAGES = ("ar", "ar-EG", "en", "es", "fa", "fr", "he", "ru", "zh")
TEHRAN = ZoneInfo("Asia/Tehran")
FIRST = datetime(2026, 3, 1, 9, 10, tzinfo=TEHRAN)
SECOND = datetime(2026, 3, 2, 9, 10, tzinfo=TEHRAN)


@pytest.mark.parametrize(
    ("language", "second", "first"),
    [
        ("en", "Monday 2 March 2026", "1 Mar, 09:10 UTC+3:30"),
        ("fa", "دوشنبه ۱۱ اسفند ۱۴۰۴", f"۱۰ اسفند، ۰۹:۱۰ ({LRM}+۳:۳۰ گرینویچ)"),
        ("ar", "الاثنين، 2 مارس 2026", f"1 مارس، 09:10 غرينتش{LRM}+3:30"),
        ("ar-EG", "الاثنين، ٢ مارس ٢٠٢٦", f"١ مارس، ٠٩:١٠ غرينتش{LRM}+{LRM}٣:٣٠"),
        ("ar-SA", "الاثنين، ٢ مارس ٢٠٢٦", f"١ مارس، ٠٩:١٠ غرينتش{LRM}+{LRM}٣:٣٠"),
        ("ar-MA", "الاثنين، 2 مارس 2026", f"1 مارس، 09:10 غرينتش{LRM}+3:30"),
        ("he", "יום שני, 2 במרץ 2026", "1 במרץ, 09:10 UTC+3:30"),
        ("fr", "lundi 2 mars 2026", "1er mars, 09:10 UTC+3:30"),
        ("es", "lunes, 2 de marzo de 2026", "1 de marzo, 09:10 UTC+3:30"),
        ("ru", "понедельник, 2 марта 2026\u202fг.", "1 марта, 09:10 UTC+3:30"),
        ("zh", "2026年3月2日星期一", "3月1日，09:10 UTC+3:30"),
        ("ps", "دونۍ د ۲۰۲۶ د مارچ ۲", "مارچ ۱، ۰۹:۱۰ UTC+۳:۳۰"),
        ("ckb", "٢٠٢٦ ئازار ٢, دووشەممە", f"ئازار ١، ٠٩:١٠ گرینیچ {LRM}+{LRM}٣:٣٠"),
        ("ur", "پیر، 2 مارچ، 2026", "1 مارچ، 09:10 UTC+3:30"),
    ],
)
def test_dates_and_times_are_written_as_in_the_languages_newspapers(language, second, first):
    words = TEMPLATES.words(language)
    assert words.date(SECOND) == second
    assert f"{words.day(FIRST)}{words.signs.comma}{words.time(FIRST)}" == first


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "2 Jan 2023"),
        ("fa", "۱۲ دی ۱۴۰۱"),
        ("ar", "2 يناير 2023"),
        ("he", "2 בינואר 2023"),
        ("fr", "2 janvier 2023"),
        ("es", "2 de enero de 2023"),
        ("ru", "2 января 2023\u202fг."),
        ("zh", "2023年1月2日"),
    ],
)
def test_a_time_of_another_year_says_its_year_in_mails_and_every_time_does_on_pages(language, said):
    words, then = TEMPLATES.words(language), datetime(2023, 1, 2, 9, 10, tzinfo=TEHRAN)
    assert words.date_time(then) == f"{said}{words.signs.comma}{words.time(then)}"
    old = item("01A", language=language, time=then)
    assert f"{words.dot}{said}{words.signs.comma}" in mail(made(language, old), language).text


def test_a_subject_does_not_end_a_headline_with_a_stop_before_its_sign():
    assert (
        mail(made("en", item("01A", headline="They came."), item("01B")), "en").subject == "They came; 1 more"
    )
    whole = "Who came?"
    assert mail(made("en", item("01A", headline=whole), item("01B")), "en").subject == f"{whole}; 1 more"


def test_a_year_is_another_in_the_languages_own_calendar():
    march = datetime(2026, 3, 1, tzinfo=TEHRAN).date()  # of 1404, which began in 2025
    assert TEMPLATES.words("fa").same_year(march, datetime(2025, 12, 30, tzinfo=TEHRAN).date())
    assert not TEMPLATES.words("fa").same_year(march, datetime(2026, 4, 1, tzinfo=TEHRAN).date())


def test_only_the_first_day_of_a_french_month_is_an_ordinal():
    words = TEMPLATES.words("fr")
    assert words.date(FIRST) == "dimanche 1er mars 2026"
    assert words.day(FIRST + timedelta(days=10)) == "11 mars"


@pytest.mark.parametrize(
    ("hours", "shown"),
    [(0, "UTC"), (8, "UTC+8"), (-4.5, "UTC−4:30"), (5.75, "UTC+5:45"), (-12, "UTC−12")],
)
def test_an_offset_is_told_in_hours_and_minutes(hours, shown):
    zone = timezone(timedelta(hours=hours)) if hours else UTC
    assert TEMPLATES.words("zh").time(datetime(2026, 3, 2, 6, 40, tzinfo=zone)) == f"06:40 {shown}"


@pytest.mark.parametrize(
    ("language", "winter", "summer"),
    [
        ("en", "WET", "WEST"),
        ("fa", "(گرینویچ)", f"({LRM}+۱ گرینویچ)"),
        ("ar", "غرينتش", f"غرينتش{LRM}+1"),
        ("ar-EG", "غرينتش", f"غرينتش{LRM}+{LRM}١"),
        ("he", "UTC", "UTC+1"),
    ],
)
def test_a_zones_latin_letters_stand_in_no_line_from_right_to_left(language, winter, summer):
    """But UTC, where the language has no word of its own for it."""
    words, lisbon = TEMPLATES.words(language), ZoneInfo("Europe/Lisbon")
    assert [words.zone(datetime(2026, month, 2, tzinfo=lisbon)) for month in (3, 7)] == [winter, summer]
    persian_or_arabic = language.startswith(("fa", "ar"))
    assert (isolated(summer, language) == summer) == (persian_or_arabic or language == "en")


@pytest.mark.parametrize(
    ("language", "numbers"),
    [
        ("en", {1: "1 story", 2: "2 stories"}),
        ("fa", {1: "۱ خبر", 12: "۱۲ خبر"}),
        ("ar", {0: "0 خبر", 1: "خبر واحد", 2: "خبران", 3: "3 أخبار", 11: "11 خبراً", 100: "100 خبر"}),
        ("ar-EG", {3: "٣ أخبار", 11: "١١ خبراً", 102: "١٠٢ خبر"}),
        ("he", {1: "ידיעה אחת", 2: "שתי ידיעות", 3: "3 ידיעות", 20: "20 ידיעות"}),
        ("fr", {0: "0 dépêche", 1: "1 dépêche", 2: "2 dépêches"}),
        ("es", {0: "0 noticias", 1: "1 noticia", 2: "2 noticias"}),
        (
            "ru",
            {1: "1 материал", 2: "2 материала", 5: "5 материалов", 11: "11 материалов", 21: "21 материал"},
        ),
        ("zh", {1: "1条新闻", 2: "2条新闻"}),
    ],
)
def test_every_plural_category_has_its_form(language, numbers):
    words = TEMPLATES.words(language)
    assert {n: words.ngettext("%(n)s story", "%(n)s stories", n) for n in numbers} == numbers


def made(language, *items, **fields):
    members = items or (item("01A"), item("01B"), item("01C"))
    disclaimers = (Disclaimer("house", 1, language, "Short.", "Full."),)
    titles = ((language, "Wire"),)
    return edition(*members, language=language, disclaimers=disclaimers, titles=titles, **fields)


def mail(edition_, language):
    return digest.render(edition_, Variant(language), look=LOOK, templates=TEMPLATES)


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "Head; 2 more"),
        ("fa", "Head؛ ۲ خبر دیگر"),
        ("ar", "Head؛ خبران آخران"),
        ("he", "Head; עוד שתי ידיעות"),
        ("fr", "Head\u202f; 2 autres dépêches"),
        ("es", "Head; 2 noticias más"),
        ("ru", "Head; ещё 2 материала"),
        ("zh", "Head；另有2条新闻"),
    ],
)
def test_the_subject_is_the_headline_and_how_many_more_in_the_languages_own_signs(language, subject):
    given = made(language, item("01A", headline="Head", language=language), item("01B"), item("01C"))
    assert mail(given, language).subject.lstrip("\u200f") == subject


def test_a_headline_of_the_other_direction_is_kept_together_in_a_line():
    """Its own words first in its own order, then ours: the base direction is the edition's, whatever begins the line."""
    english = made("he", item("01A", headline="Bridge opens (again)"), item("01B"))
    assert mail(english, "he").subject == f"\u200f{LRI}Bridge opens (again){PDI}; עוד ידיעה אחת"
    farsi = made("en", persian("01A", headline="پل باز شد"), persian("01B", headline="راه (نو)"))
    rendered = mail(farsi, "en")
    assert rendered.subject == f"{RLI}پل باز شد{PDI}; 1 more"
    assert f"Also: {RLI}راه (نو){PDI}\n" in rendered.text


def test_the_first_line_has_whole_headlines_as_many_as_fit():
    quotation = 'Parliament votes on harbour law: "a compromise nobody wanted", says the mayor'
    given = made(
        "en",
        item("01A"),
        item("01B", headline=quotation),
        item("01C", headline="Dam holds, so far"),
        item("01D", headline="x" * 40),
    )
    assert f"Also: {quotation}; Dam holds, so far\n" in mail(given, "en").text


@pytest.mark.parametrize(
    ("language", "comma", "colon"),
    [("en", ", ", ": "), ("fa", "، ", ": "), ("fr", ", ", "\u202f: "), ("zh", "，", "：")],
)
def test_a_mail_has_the_languages_own_comma_and_colon(language, comma, colon):
    noted = item("01A", corrected_at=NOW, correction_note="Berth 7.")
    rendered = mail(made(language, noted, item("01B"), cut=("01X",)), language)
    words = TEMPLATES.words(language)
    corrected, leave = words.gettext("Correction"), words.gettext("Unsubscribe")
    assert f"<title>Wire{comma}{words.date(NOW.astimezone(TEHRAN))}</title>" in rendered.html
    assert f"{corrected}</b>{colon}Berth 7." in rendered.html
    assert f"{corrected}{colon}Berth 7.\n" in rendered.text
    assert f"{leave}{colon.rstrip(' ')}\n" in rendered.text


@pytest.mark.parametrize("language", ["fa", "ar", "he"])
def test_a_latin_name_is_kept_together_among_right_to_left_words(language):
    name = "Agence Exemple (AEX)"
    given = made(language, item("01A", source_name=name, dateline="GENÈVE"), item("01B"))
    rendered = mail(given, language)
    dot = TEMPLATES.words(language).dot
    assert f"\u200f{FSI}{name}{PDI}{dot}{FSI}GENÈVE{PDI}{dot}" in rendered.text
    assert f": {FSI}{name}{PDI}\n" in rendered.text
    assert f"{FSI}{name}{PDI}</a>" in rendered.html
    site = pages.Site(
        name="Front",
        url="https://front.example",
        language=language,
        timezone="UTC",
        postal_address="",
        sections=(),
        disclaimer="Full.",
    )
    page = pages.front_page(given, site, feeds=(), editions=(), templates=TEMPLATES).decode()
    assert f"{FSI}{name}{PDI}</a>" in page


def test_what_runs_the_same_way_is_left_alone():
    assert isolated("خبرگزاری کویر", "fa") == "خبرگزاری کویر"
    assert isolated("Agence (AEX)", "fr") == "Agence (AEX)"
    assert isolated("S-9؛ آزمایش", "fa", own="fa") == "S-9؛ آزمایش"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_in_every_language_is_cleared_and_has_digits_of_one_system(language):
    plain = {"headline": "Bridge opens to lorries", "lede": "The bridge opened."}
    entries = (item("01A", **plain), item("01B", **plain | {"headline": "Road"}), item("01C", **plain))
    given = made(language, replace(entries[0], time=FIRST), *entries[1:], cut=("01X", "01Y"))
    look = replace(LOOK, postal_address="Quay Street")
    rendered = digest.render(given, Variant(language), look=look, templates=TEMPLATES)
    headers = replace(HEADERS, subject=rendered.subject, language=language)
    raw = message.compile(rendered, headers, seed=given.content_hash).message(PERSONAL)
    assert gate.check_message(raw, given, Variant(language), output="mail", now=NOW) == ()
    body = LexborHTMLParser(rendered.html).body
    assert body is not None
    shown = " ".join((body.text(separator=" "), rendered.text, rendered.subject))
    personal = "|".join(map(re.escape, markers(given.content_hash).values()))
    shown = re.sub(rf"{personal}|https?://\S+", "", shown)
    digits = {sign for sign in shown if unicodedata.category(sign) == "Nd"}
    assert digits
    assert digits <= set(TEMPLATES.words(language).digits("0123456789"))


def test_neither_zone_nor_locale_nor_hash_seed_of_the_process_changes_a_word():
    program = (
        "import locale\n"
        "try: locale.setlocale(locale.LC_ALL, '')\n"
        "except locale.Error: pass\n"
        "from tests.unit.test_words import LANGUAGES, SECOND, made, mail\n"
        "from tests.editions import TEMPLATES\n"
        "import sys\n"
        "for language in LANGUAGES:\n"
        "    words = TEMPLATES.words(language)\n"
        "    told = (words.date(SECOND), words.date_time(SECOND), mail(made(language), language))\n"
        "    sys.stdout.buffer.write(repr(told).encode())\n"
    )

    def run(**environment: str) -> bytes:
        given = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
        done = subprocess.run([sys.executable, "-c", program], env=given, capture_output=True, check=True)
        return done.stdout

    first = run(TZ="UTC", LC_ALL="C.UTF-8", PYTHONHASHSEED="1")
    assert len(first) > 10_000
    assert first == run(TZ="Asia/Kathmandu", LC_ALL="fa_IR.UTF-8", LANGUAGE="ru:fa", PYTHONHASHSEED="2")


def test_the_manuals_example_of_another_language_works(tmp_path):
    page = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    assert told(publisher, ["-q", "init", str(tmp_path)]) == 0
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-e", "-c", example],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    settings = load_settings(tmp_path / "config", {})
    assert settings.digests[0].languages == ("en", "it")
    assert "it" in {disclaimer.language for disclaimer in settings.disclaimers}
    words = load([settings.templates_dir, ROOT / "templates"]).words("it")
    assert words.ngettext("%(n)s story", "%(n)s stories", 2) == "2 notizie"
    assert words.fill("Source: %(source)s", source="Meridian") == "Fonte: Meridian"
    assert words.date(SECOND) == "lunedì 2 marzo 2026"


def test_what_a_catalogue_lacks_is_counted(tmp_path):
    folder = tmp_path / "locale" / "it"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text(
        'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
        'msgid "Corrected"\nmsgstr "Corretto"\n\nmsgid "Unsubscribe"\nmsgstr ""\n\n'
        'msgid "%(n)s story"\nmsgid_plural "%(n)s stories"\nmsgstr[0] "%(n)s notizia"\nmsgstr[1] ""\n'
    )
    templates = load([tmp_path, Path(__file__).resolve().parents[2] / "templates"])
    missing, every = templates.unsaid("it")
    shipped = (Path(__file__).resolve().parents[2] / "templates/locale/fa/messages.po").read_text(
        encoding="utf-8"
    )
    assert every == len(re.findall(r'(?m)^msgid "', shipped)) - 1  # less its head
    assert missing == every - 1
    assert templates.unsaid("pt") == (every, every)
    assert {templates.unsaid(language) for language in ("en", "en-GB", "fa", "he", "zh")} == {(0, every)}
    templates.close()


def test_what_a_language_from_right_to_left_lacks_stands_apart_on_a_page():
    """The mark at its end would jump to its beginning: "?What is a feed"."""
    urdu = TEMPLATES.words("ur").apart
    assert urdu.gettext("What is a feed?") == f"{LRI}What is a feed?{PDI}"
    assert urdu.ngettext("%(n)s story", "%(n)s stories", 2).startswith(LRI)
    assert urdu.fill("Source: %(source)s", source="بی بی سی") == f"{LRI}Source: بی بی سی{PDI}"
    assert TEMPLATES.words("ur").gettext("What is a feed?") == "What is a feed?", "feeds have their own ways"
    for language in ("fa", "de", "en"):
        assert LRI not in TEMPLATES.words(language).apart.gettext("What is a feed?")
    page = pages.help_page(site_in("ur"), feeds=[], templates=TEMPLATES).decode()
    assert f"<h1>{LRI}What is a feed?{PDI}</h1>" in page
    assert f"<p>{LRI}A feed is an address" in page


def site_in(language):
    return pages.Site(
        name="Front",
        url="https://front.example",
        language=language,
        timezone="UTC",
        postal_address="",
        sections=(),
        disclaimer="Full.",
    )


def test_a_list_of_stories_on_a_page_names_the_zone_once_and_not_on_a_notice():
    notice = Notice(NOW, "en", "Withdrawn: a story from Meridian", "This story was withdrawn.")
    shown = [item("01A", withdrawn=notice), *(item(f"01{n}") for n in "BCD")]
    made = edition(*shown)
    site = replace(site_in("en"), timezone="Asia/Tehran")
    said = {"heading": "World", "url": f"{site.url}/s/world/", "feeds": [], "templates": TEMPLATES}
    page = pages.section_page(made, site, **said).decode()
    times = re.findall(r"<time [^>]*>([^<]*)</time>", page)
    assert [time.endswith(" UTC+3:30") for time in times] == [True, False, False]
    assert len({time.removesuffix(" UTC+3:30") for time in times}) == 1
