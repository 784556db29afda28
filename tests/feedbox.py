"""An invented feed edition that has one of everything, for tests of feeds and of the gate."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from publisher.edition import Disclaimer, Edition, Item, Kind, Notice, Shelf
from publisher.render.feeds import Channel
from publisher.story import Media, Subject

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
TAG = "tag:front.example,2026:"

ENGLISH = Disclaimer(
    "house",
    1,
    "en",
    "Views are the source’s.",
    "Reports are retrieved from other agencies. Views are theirs; headlines may have been changed, content was not.",
)
PERSIAN = Disclaimer(
    "house",
    1,
    "fa",
    "دیدگاه‌ها از آنِ منبع است.",
    "گزارش‌ها از خبرگزاری‌های دیگر گرفته شده است. شاید عنوان عوض شده باشد، متن نه.",
)


def item(story_id: str, **fields: Any) -> Item:
    """A plausible item; every field can be named."""
    number = ord(story_id[-1])
    given: dict[str, Any] = {
        "story_id": story_id,
        "version": 1,
        "headline": f"Bridge {story_id} opens",
        "original_headline": f"Bridge {story_id} opens",
        "source": "meridian",
        "source_name": "Meridian",
        "source_url": f"https://meridian.example/2026/{story_id.lower()}?a=1&b=2",
        "source_homepage": "https://meridian.example/",
        "link": f"https://front.example/story/{story_id}",
        "language": "en",
        "lede": f"The bridge {story_id} opened on Monday.",
        "body": f"<p>The bridge {story_id} opened on Monday.</p><p>It had been closed for a year.</p>",
        "time": NOW - timedelta(minutes=number),
        "first_published": NOW - timedelta(minutes=number),
        "modified_at": NOW - timedelta(minutes=number),
        "urgency": 5,
    }
    return Item(**(given | fields))


ITEMS = (
    item(
        "01A",
        byline="A. Reporter",
        categories=("World", "Bridges & roads"),
        subjects=(Subject("medtop", "20000344", "road transport"),),
        copyright_notice="© 2026 Meridian",
        rights_line="Meridian, used under licence",
        media=(
            Media(
                url="https://meridian.example/p.jpg",
                type="image/jpeg",
                width=1600,
                height=900,
                size=250_000,
                alt="A bridge",
                caption="The bridge on Monday",
                credit="B. Photographer/Meridian",
            ),
            Media(url="https://meridian.example/small.jpg", type="image/jpeg", width=120, height=90),
        ),
    ),
    item(
        "01B",
        headline="S-300 در مرز: گزارش",
        original_headline="گزارش از مرز",
        source="caspian",
        source_name="خبرگزاری کاسپین",
        source_url="https://caspian.example/news/1",
        source_homepage="https://caspian.example/",
        language="fa",
        lede="S-300 در مرز دیده شد.",
        body='<p>S-300 در مرز دیده شد.</p><p dir="ltr">(S-300)</p><p>پایان گزارش.</p>',
    ),
    item(
        "01C",
        correction_note="An earlier version gave a wrong year.",
        corrected_at=NOW - timedelta(minutes=1),
        modified_at=NOW - timedelta(minutes=1),
        headline="Prices rise by <5% & fall",
        rights="lede",
        lede="Prices rose by <5%.",
        body="",
    ),
    item("01D", rights="link", lede="", body=""),
)

OLD = "Minister & aide “arrested” <today>"
NOTICE = Notice(
    NOW - timedelta(minutes=3),
    "en",
    "Withdrawn: a story from Meridian",
    "This story was withdrawn. Please do not use it.",
)
GONE = replace(
    ITEMS[0],
    headline=OLD,
    original_headline="Other claim",
    lede="",
    body="",
    withdrawn=NOTICE,
    modified_at=NOTICE.at,
)
"""The first of the items when it has been withdrawn."""


def edition(*items: Item, **fields: Any) -> Edition:
    """A frozen feed edition of these items, by default of `ITEMS`."""
    chosen = items or ITEMS
    given: dict[str, Any] = {
        "edition_id": "feed-world-7",
        "kind": Kind.FEED,
        "series": "world",
        "number": 7,
        "revision": 1,
        "slot": NOW,
        "local_date": NOW.date(),
        "timezone": "UTC",
        "frozen_at": NOW,
        "languages": ("en", "fa"),
        "titles": (("en", "Front: World"),),
        "shelves": (
            Shelf(
                section="world",
                title="Front: World",
                language=None,
                stories=tuple(entry.story_id for entry in chosen),
            ),
        ),
        "items": chosen,
        "disclaimers": (ENGLISH, PERSIAN),
    }
    return Edition(**(given | fields))


def channel(fmt: str = "rss", **fields: Any) -> Channel:
    """What the feed of `edition` says of itself."""
    given: dict[str, Any] = {
        "site_name": "Front",
        "title": "Front: World",
        "description": ENGLISH.full,
        "language": "en",
        "home_url": "https://front.example/s/world/",
        "self_url": f"https://front.example/feeds/world.{fmt}",
        "feed_id": f"{TAG}feed/world",
        "story_id_prefix": f"{TAG}story/",
        "source_words": {"en": "Source:", "fa": "منبع:"},
    }
    return Channel(**(given | fields))
