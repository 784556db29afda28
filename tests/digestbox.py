"""Digests as hard as they come, for judges from outside: every edition mixes English, Persian, Arabic and Hebrew stories.

All of it is invented. Each language has four stories: a long headline, a correction, a headline of ours with quotes and a backslash,
a story of another day; joiners, harakat, niqqud and emoji sequences stand in text, in links and in the digest's title, which
the mail repeats in an attribute.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

from publisher.edition import Edition, Item, Kind, LeftOut, Shelf, Variant, Why
from publisher.render import digest, message, withdrawal
from publisher.render.templates import Templates
from publisher.render.withdrawal import Withdrawal
from tests.editions import DISCLAIMERS, HEADERS, LOOK, NOW, PERSONAL, TEMPLATES, item

READER = replace(PERSONAL, to="somebody.with.a.very.long.name.and.many.titles@mail.far-away.example.org")

LANGUAGES = ("en", "fa", "ar", "he")
RTL = frozenset({"fa", "ar", "he"})
TITLES = {
    "en": 'The "Morning" Wire & C:\\wire 👩\u200d🚀',
    "fa": 'خبرنامهٔ بامداد: می\u200cخوانیم "نقل" \\ 👩🏽\u200d🚀',
    "ar": 'نَشْرَةُ الصَّباحِ "مُقتبَس" \\ أإؤئ',
    "he": 'יְדִיעוֹת הַבֹּקֶר "ציטוט" \\ 👨\u200d👩\u200d👧',
}
SECTIONS = {
    "world": {"en": "World", "fa": "جهان", "ar": "العالم", "he": "עולם"},
    "economy": {"en": "Economy & trade", "fa": "اقتصاد", "ar": "اقتصاد", "he": "כלכלה"},
}
AGENCIES = {
    "en": "Meridian",
    "fa": "خبرگزاری کویر",
    "ar": "وكالة الرافدين",
    "he": "סוכנות הגליל",
}
LEDES = {
    "en": "The bridge at Port Alma opened on Monday after a year of repairs. Lorries may use it at night, and the "
    "harbour master said “nobody will wait longer than an hour”. Fares stay as they were until the summer.",
    "fa": "پل بندر آلما پس از یک سال تعمیر روز دوشنبه باز شد. کامیون\u200cها شب\u200cها از آن می\u200cگذرند و مدیر بندر گفت: "
    "«هیچ\u200cکس بیش از یک ساعت منتظر نمی\u200cماند». بهای گذر تا تابستان تغییر نمی\u200cکند.",
    "ar": "افتُتح جسر ميناء ألما يوم الاثنين بعد عام من الإصلاح. تعبره الشاحنات ليلًا، وقال مدير الميناء: «لن ينتظر أحد أكثر "
    "من ساعة». وتبقى الأجرة على حالها حتى الصيف.",
    "he": "הגשר בנמל אלמה נפתח ביום שני אחרי שנה של תיקונים. משאיות יעברו בו בלילה, ומנהל הנמל אמר: „איש לא ימתין יותר "
    "משעה”. המחיר לא ישתנה עד הקיץ.",
}
HEADLINES = {
    "en": (
        (
            "Port Alma’s bridge opens to lorries at night after a year of repairs that cost the town its ferry, its market and "
            "most of the patience of those who live on the far bank"
        ),
        "Grain harvest beats the ten-year mean by 4.5%",
        'Minister: "we said \\no\\ & meant it" <again>',
        "Two crews 👩\u200d🚀👨🏽\u200d🚒 train for #TheLongestPolarNightThatAnybodyInPortAlmaCanRemember",
    ),
    "fa": (
        (
            "پلِ بندر آلما پس از یک سال تعمیر، که شهر را از کشتیِ گذر و بازار و شکیباییِ مردمِ آن\u200cسوی رود محروم کرد، شب\u200cها برای "
            "کامیون\u200cها باز می\u200cشود"
        ),
        "برداشت گندم ۴٫۵٪ بیش از میانگینِ ده\u200cساله شد",
        'وزیر: "گفتیم \\نه\\ و منظورمان همین بود" <باز هم>',
        "S-9؛ دو گروه 👩\u200d🚀👨🏽\u200d🚒 برای شب قطبی تمرین می\u200cکنند!",
    ),
    "ar": (
        "جِسرُ ميناءِ ألما يُفتَحُ ليلًا أمامَ الشاحناتِ بعدَ عامٍ من الإصلاحِ كلَّفَ المدينةَ عبّارتَها وسوقَها وصبرَ أهلِ الضفةِ الأخرى",
        "محصول القمح يتجاوز متوسط عشر سنوات بنسبة 4.5%",
        'الوزير: "قلنا \\لا\\ وعنيناها" <مجددًا>',
        "S-9: فريقان 👩\u200d🚀👨🏽\u200d🚒 يتدربان لليل القطب!",
    ),
    "he": (
        (
            "גֶּשֶׁר נמל אלמה נפתח בלילה למשאיות אחרי שנה של תיקונים שעלתה לעיר במעבורת, בשוק וברוב סבלנותם של תושבי הגדה "
            "הרחוקה"
        ),
        "יבול החיטה עלה על ממוצע עשר השנים ב-4.5%",
        'השר: "אמרנו \\לא\\ והתכוונו" <שוב>',
        "S-9: שני צוותים 👩\u200d🚀👨🏽\u200d🚒 מתאמנים ללילה הקוטבי!",
    ),
}
NOTES = {
    "en": "An earlier version gave the mean as 5.4%.",
    "fa": "نسخهٔ پیشین میانگین را ۵٫۴٪ نوشته بود.",
    "ar": "ذكرت نسخة سابقة أن المتوسط 5.4%.",
    "he": 'גרסה קודמת נקבה בממוצע 5.4%, לפי הדו"ח.',
}


@dataclass(frozen=True)
class Finished:
    """One digest mail in each of its forms."""

    name: str
    language: str
    edition: Edition
    mjml: str
    html: str
    text: str
    subject: str
    raw: bytes


class _Kept:
    """Our templates, keeping what went to the MJML engine, so that its reference can judge the same document."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self.mjml = ""

    def render(self, name: str, context: dict[str, object]) -> str:
        made = self._templates.render(name, context)
        if name.endswith(".mjml.j2"):
            self.mjml = made
        return made

    def words(self, language: str) -> object:
        return self._templates.words(language)


def stories(language: str) -> tuple[Item, ...]:
    """The four stories of a language."""
    long, plain, ours, other_day = HEADLINES[language]
    mine = {"language": language, "source_name": AGENCIES[language], "lede": LEDES[language]}
    made = (
        (
            "1",
            {"headline": long, "original_headline": long, "dateline": {"en": "Port Alma"}.get(language, "")},
        ),
        (
            "2",
            {
                "headline": plain,
                "original_headline": plain,
                "corrected_at": NOW,
                "correction_note": NOTES[language],
                "rights_line": f"{AGENCIES[language]} © 2026",
            },
        ),
        ("3", {"headline": ours, "original_headline": plain}),
        (
            "4",
            {
                "headline": other_day,
                "original_headline": other_day,
                "time": NOW - timedelta(days=2),
                "link": f"https://front.example/می\u200cشود/{language}/בְּ/👩\u200d🚀?a=1&b='2'",
            },
        ),
    )
    return tuple(item(f"{language.upper()}{n}", **(mine | fields)) for n, fields in made)


def _edition(language: str, shelves: dict[str, tuple[Item, ...]], cut: tuple[str, ...] = ()) -> Edition:
    return Edition(
        edition_id="morning-2026-03-02",
        kind=Kind.DIGEST,
        series="morning",
        number=1,
        revision=1,
        slot=NOW,
        local_date=NOW.date(),
        timezone="Asia/Tehran",
        frozen_at=NOW,
        languages=(language,),
        titles=((language, TITLES[language]),),
        shelves=tuple(
            Shelf(
                section=section,
                title=SECTIONS[section][language],
                language=language,
                stories=tuple(entry.story_id for entry in members),
                more=len(cut) if section == "world" else 0,
            )
            for section, members in shelves.items()
        ),
        items=tuple(entry for members in shelves.values() for entry in members),
        disclaimers=DISCLAIMERS,
        left_out=tuple(LeftOut(name, "world", Why.MAXIMUM, "8 items", language) for name in cut),
    )


def mixed(language: str) -> Edition:
    """An edition in this language: its own four stories first, then three foreign ones, five more on the second shelf."""
    others = [entry for other in LANGUAGES if other != language for entry in stories(other)]
    return _edition(
        language,
        {
            "world": (*stories(language), *others[0::4]),
            "economy": tuple(others[n] for n in (1, 2, 3, 6, 9, 11)),
        },
        cut=("CUT1", "CUT2"),
    )


def full(language: str) -> Edition:
    """Forty ordinary stories, as many as a digest is meant to hold, each excerpt as long as it may be."""
    lede = " ".join([LEDES[language]] * 3)
    plain = stories(language)[1].original_headline
    many = tuple(
        item(
            f"{language.upper()}{n:02}",
            headline=f"{plain} ({n})",
            original_headline=f"{plain} ({n})",
            language=language,
            source_name=AGENCIES[language],
            lede=lede,
        )
        for n in range(40)
    )
    return _edition(language, {"world": many[:20], "economy": many[20:]})


def finish(name: str, edition: Edition) -> Finished:
    """The edition's mail as one reader gets it, without the signature."""
    (language,) = edition.languages
    kept = _Kept(TEMPLATES)
    rendered = digest.render(edition, Variant(language), look=LOOK, templates=kept)  # type: ignore[arg-type]  # stands in
    headers = replace(
        HEADERS,
        subject=rendered.subject,
        language=language,
        from_name=AGENCIES[language],
        list_name=TITLES[language],
        list_id=f"morning-{language}.lists.front.example",
    )
    compiled = message.compile(rendered, headers, seed=edition.content_hash)
    html, text = compiled.bodies(READER)
    return Finished(
        name=name,
        language=language,
        edition=edition,
        mjml=kept.mjml,
        html=html.decode(),
        text=text.decode(),
        subject=rendered.subject,
        raw=compiled.message(READER),
    )


@cache
def kill_notices() -> tuple[tuple[str, str, str], ...]:
    """The notice of a kill in each language: (name, MJML, HTML as one reader gets it)."""
    made = []
    for language in LANGUAGES:
        kept = _Kept(TEMPLATES)
        said = Withdrawal(
            title=TITLES[language],
            slot=NOW,
            at=NOW,
            timezone="Asia/Tehran",
            source_name=AGENCIES[language],
            by_source=True,
            reason=TITLES[language],
            page_url="https://front.example/story/01",
            section=TITLES[language],
            number=2,
            time=NOW,
        )
        rendered = withdrawal.render(said, language, look=LOOK, templates=kept)  # type: ignore[arg-type]  # stands in
        compiled = message.compile(rendered, HEADERS, seed=withdrawal.seed_of(said, language))
        made.append((f"kill-{language}", kept.mjml, compiled.bodies(READER)[0].decode()))
    return tuple(made)


@cache
def mixed_mails() -> tuple[Finished, ...]:
    """The mixed edition of each language."""
    return tuple(finish(language, mixed(language)) for language in LANGUAGES)
