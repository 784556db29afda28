"""Digest editions for tests of rendering and gate: invented items in English, Persian and Arabic on their shelves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from publisher.edition import Disclaimer, Edition, Item, Kind, LeftOut, Shelf, Why
from publisher.render.digest import Look
from publisher.render.message import Headers, Personal
from publisher.render.templates import load

NOW = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = load([ROOT / "templates"])

LOOK = Look(
    site_name="Example Front Page",
    site_url="https://front.example",
    postal_address="1 Quay Street, Port Example",
    contact="desk@front.example",
    archive_url="https://front.example/e/morning-2026-03-02/",
)
LANGUAGES = ("en", "fa", "ar", "he", "fr", "es", "ru", "zh")
"""Those that have a catalogue, English first."""
TITLES = {
    "en": ("The Morning Wire", "World", "Economy"),
    "fa": ("خبرنامهٔ بامداد", "جهان", "اقتصاد"),
    "ar": ("نشرة الصباح", "العالم", "اقتصاد"),
    "he": ("ידיעות הבוקר", "עולם", "כלכלה"),
    "fr": ("La Dépêche du matin", "Monde", "Économie"),
    "es": ("La Mañana", "Mundo", "Economía"),
    "ru": ("Утренняя лента", "Мир", "Экономика"),
    "zh": ("晨间快讯", "国际", "经济"),
}
"""What the digest and its two sections are called."""
DISCLAIMERS = tuple(
    Disclaimer("house", 1, language, short, full)
    for language, short, full in (
        ("en", "The views are the source’s.", "Reports were retrieved from other agencies."),
        ("fa", "دیدگاه‌ها از آنِ منبع است.", "گزارش‌ها از خبرگزاری‌های دیگر گرفته شده است."),
        ("ar", "الآراء للمصدر.", "التقارير منقولة عن وكالات أخرى."),
        ("he", "הדעות הן של המקור.", "הידיעות נלקחו מסוכנויות אחרות."),
        ("fr", "Les opinions sont celles de la source.", "Les articles viennent d’autres agences."),
        ("es", "Las opiniones son de la fuente.", "Las noticias proceden de otras agencias."),
        ("ru", "Мнения принадлежат источнику.", "Сообщения взяты у других агентств."),
        ("zh", "观点属于消息来源。", "报道取自其他通讯社。"),
    )
)
HEADERS = Headers(
    from_name="The Morning Wire",
    from_address="wire@front.example",
    subject="Seaway to reopen on Friday; 2 more",
    list_name="The Morning Wire",
    list_id="morning-en.lists.front.example",
    language="en",
    reply_to="desk@front.example",
    help_url="https://front.example",
    archive_url="https://front.example/e/morning-2026-03-02/",
    owner="desk@front.example",
    feedback_id="morning-2026-03-02:morning:digest:frontexample",
    date=NOW,
)
PERSONAL = Personal(
    to="reader@example.org",
    message_id="<01abc.0123456789abcdef@front.example>",
    leave_url="https://front.example/u/AQAAAAAEAAEfJvAb6AXj9726rPsjEpwR",
    leave_mailto="mailto:leave+AQAAAAAEAAEfJvAb6AXj9726rPsjEpwR@front.example",
    preferences_url="https://front.example/p/AQAAAAAEAAEfJvAb6AXj9726rPsjEpwX",
)


def item(story_id: str, **fields: Any) -> Item:
    """A plausible English item; every field can be named."""
    given: dict[str, Any] = {
        "story_id": story_id,
        "version": 1,
        "headline": f"Bridge {story_id} opens to lorries",
        "original_headline": f"Bridge {story_id} opens to lorries",
        "source": "meridian",
        "source_name": "Meridian",
        "source_url": f"https://meridian.example/2026/{story_id.lower()}",
        "source_homepage": "https://meridian.example/",
        "link": f"https://front.example/story/{story_id}",
        "language": "en",
        "lede": f"The bridge {story_id} opened on Monday after a year. Lorries may use it at night.",
        "body": f"<p>The bridge {story_id} opened on Monday.</p>",
        "time": NOW - timedelta(hours=3),
        "first_published": NOW,
        "modified_at": NOW,
        "urgency": 5,
    }
    return Item(**(given | fields))


def persian(story_id: str, **fields: Any) -> Item:
    """A Persian item."""
    given: dict[str, Any] = {
        "headline": "پلِ بندر آلما برای کامیون‌ها باز شد",
        "original_headline": "پلِ بندر آلما برای کامیون‌ها باز شد",
        "source_name": "خبرگزاری کویر",
        "language": "fa",
        "lede": "پل بندر آلما پس از یک سال باز شد. کامیون‌ها شب‌ها از آن می‌گذرند.",
    }
    return item(story_id, **(given | fields))


def edition(*items: Item, language: str = "en", cut: Sequence[str] = (), **fields: Any) -> Edition:
    """An edition in one language: the first items on the shelf World, which had no room for the `cut`, the last on Economy."""
    members = items or (item("01A"), item("01B"), item("01C"))
    ids = tuple(entry.story_id for entry in members)
    head, tail = (ids[:-1], ids[-1:]) if len(ids) > 1 else (ids, ())
    _, world, economy = TITLES.get(language, TITLES["en"])
    shelves = [Shelf(section="world", title=world, language=language, stories=head, more=len(cut))]
    if tail:
        shelves.append(Shelf(section="economy", title=economy, language=language, stories=tail))
    given: dict[str, Any] = {
        "edition_id": "morning-2026-03-02",
        "kind": Kind.DIGEST,
        "series": "morning",
        "number": 1,
        "revision": 1,
        "slot": NOW,
        "local_date": NOW.date(),
        "timezone": "Asia/Tehran",
        "frozen_at": NOW,
        "languages": (language,),
        "titles": tuple((spoken, titles[0]) for spoken, titles in TITLES.items()),
        "shelves": tuple(shelves),
        "items": members,
        "disclaimers": DISCLAIMERS,
        "left_out": tuple(LeftOut(name, "world", Why.MAXIMUM, "2 items", language) for name in cut),
    }
    return Edition(**(given | fields))
