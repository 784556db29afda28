"""Two hundred feeds out of invented wire copy: hostile items through the real intake, selection, rendering and gate.

A seed is a house of ten sections. Its wire comes in twice: the second time some stories are edited, corrected or killed, so that the
feeds are spliced out of finished pieces and new ones. Everything depends on the seed alone.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from publisher import intake
from publisher.desk.feeds.documents import Document
from publisher.desk.feeds.finish import Finished, finish
from publisher.edition import Disclaimer, Edition, Kind, Notice
from publisher.feed import Feed
from publisher.render.feeds import FORMATS, Channel, Pieces
from publisher.selection import select_feed
from publisher.story import PubStatus, Received, Source, Story
from tests.newsrooms import NOW

SEEDS, SECTIONS = 20, 10
LATER = NOW + timedelta(hours=3)
TAG = "tag:front.example,2026:"
LANGUAGES = ("en", "fa", "ar", "he", "ckb", "ru", "zh-Hans")
WORDS = {
    "en": "bridge opens river council vote rain harbour S-300 (AP) “quoted” report 123",
    "fa": "پل رود شورا رأی باران گزارش S-300 (Reuters) «نقل» ۱۲۳ می‌رود",
    "ar": "جسر نهر مجلس تصويت مطر تقرير S-300 (AFP) ١٢٣",
    "he": "גשר נהר מועצה הצבעה גשם דיווח S-300 123",
    "ckb": "پرد ڕووبار ئەنجومەن دەنگدان باران هەواڵ S-300",
    "ru": "мост река совет голосование дождь отчёт С-300 «цитата»",
    "zh-Hans": "大桥 河流 议会 投票 下雨 报道 S-300 “引文”",
}
HOUSES = tuple(
    Disclaimer("house", 1, tag, f"{short} ({tag})", f"{full} ({tag})")
    for tag, short, full in (
        ("en", "Views are the source’s.", "Reports are retrieved from other agencies; headlines may have been changed."),
        ("fa", "دیدگاه از منبع است.", "گزارش‌ها از خبرگزاری‌های دیگر است؛ شاید عنوان عوض شده باشد."),
        ("ar", "الآراء للمصدر.", "التقارير مأخوذة من وكالات أخرى؛ وقد تكون العناوين معدلة."),
        ("he", "הדעות הן של המקור.", "הדיווחים נלקחו מסוכנויות אחרות; ייתכן שהכותרות שונו."),
    )
)  # fmt: skip
SOURCE_WORDS = {"en": "Source:", "fa": "منبع:", "ar": "المصدر:", "he": "מקור:"}
HOSTILE = (
    "<b>bold</b> & <script>alert(1)</script>",
    "control \x00\x01\x0b\x1f\x7f\x85 characters",
    "lone \ud800 surrogates \udfff and \ufffe \uffff",
    "]]> <![CDATA[ <!-- --> <?php ?> &amp; &#0; &bogus;",
    "line\u2028separator\u2029and\u00a0blank\u200b\u202e\u2066",
    "AT&T &lt;i&gt; 5 < 6 > 4 \"quotes\" 'single'",
    "{{ braces }} {% tag %} %s ${x}",
    "\U0001f4f0 \U0001f468\u200d\U0001f469\u200d\U0001f467 e\u0301\u0323",
    "</p></div></body></html>",
)
BODIES = (
    '<p>{0}</p><p><a href="/relative?a=1&b=2">{1}</a> <a href="javascript:x()">no</a></p>',
    '<p onclick="x()">{0}</p><img src="/p.jpg" srcset="/p2.jpg 2x" alt="{1}"><video poster="/v.jpg" src="v.mp4"></video>',
    "<h1>{0}</h1><ul><li>{1}</li></ul><table><tr><td>{0}</table><iframe src=/x></iframe><form action=/f><input></form>",
    '<p><a href="//cdn.example/x">{0}</a></p><blockquote cite="/q"><p>{1}</p></blockquote><p style="color:red">{0}<p>unclosed <b>{1}',
    '<p>{0}</p><a href="#top">{1}</a><img src="http://a.example/p.png"><img src="data:image/png;base64,AA">',
    "{0}\n\n{1}",
)


@dataclass(frozen=True, slots=True)
class Made:
    """One finished feed: its edition, its documents by format, and what they say of themselves."""

    seed: int
    feed: Feed
    edition: Edition
    documents: dict[str, Document]
    outputs: dict[str, bytes]
    skipped: tuple[object, ...]


def house(seed: int) -> Iterator[Made]:
    """The ten feeds of a seed."""
    dice = random.Random(seed)  # noqa: S311 - the same feeds at every run
    sources = {
        slug: Source(slug=slug, name=name, homepage=f"https://{slug}.example/", url=url, rights=rights)
        for slug, name, url, rights in (
            ("meridian", "Meridian & Co <Wire>", "https://meridian.example/rss.xml", "full"),
            ("caspian", "خبرگزاری کاسپین", None, "full"),
            ("harbour", "Harbour 新聞", None, dice.choice(["lede", "link"])),
        )
    }
    lines = {slug: [_line(dice, slug, number) for number in range(22)] for slug in sources}
    stories = _taken({}, lines, sources, now=NOW)
    pieces = Pieces()
    wires = [(_feed(number, dice), number) for number in range(SECTIONS)]
    for feed, _ in wires:
        done = _finished(seed, feed, stories, sources, pieces, now=NOW)
        for item in done.edition.items:
            story = stories[item.story_id]
            stories[item.story_id] = replace(
                story, first_published=story.first_published or NOW, link=item.link
            )
    second = {slug: [_edited(dice, entry) for entry in entries] for slug, entries in lines.items()}
    stories = _taken(stories, second, sources, now=LATER)
    for story_id in dice.sample(sorted(stories), 4):
        stories[story_id] = replace(
            stories[story_id], killed="by the desk", eligible_at=None, modified_at=LATER
        )
    for feed, _ in wires:
        done = _finished(seed, feed, stories, sources, pieces, now=LATER)
        documents = {document.fmt: document for document in _documents(feed)}
        outputs = {fmt: done.outputs[document.path] for fmt, document in documents.items()}
        yield Made(seed, feed, done.edition, documents, outputs, done.skipped)


def _feed(number: int, dice: random.Random) -> Feed:
    language = LANGUAGES[number % len(LANGUAGES)]
    title = f"{WORDS[language].split()[0]} & <{number}>"
    return Feed(
        series=f"s{number}", title=title, language=language, section=f"s{number}", maximum=dice.randint(5, 9)
    )


def _line(dice: random.Random, slug: str, number: int) -> dict[str, Any]:
    """An item as an agency would never send it."""
    language = dice.choice(LANGUAGES)
    headline = _words(dice, language)
    if dice.random() < 0.4:
        headline = f"{dice.choice(HOSTILE)} {headline}"
    text = [_words(dice, language, 12), _words(dice, language, 20) + " " + dice.choice(HOSTILE)]
    entry: dict[str, Any] = {
        "id": f"{slug}-{number if dice.random() < 0.95 else number - 1}",
        "headline": headline,
        "source_url": f"https://{slug}.example/{dice.choice(['2026', 'گزارش', 'a%20b'])}/{number}?a=1&b=2",
        "language": language,
        "body": dice.choice(BODIES).format(*text),
        "categories": [f"S{dice.randrange(SECTIONS)}", f"S{dice.randrange(SECTIONS)}", dice.choice(HOSTILE)],
        "subjects": [{"scheme": "medtop", "code": "20000344", "name": dice.choice(HOSTILE)}],
        "published": (NOW - timedelta(minutes=dice.randrange(3000))).isoformat(),
        "byline": dice.choice(["", "A. Reporter", dice.choice(HOSTILE)]),
        "copyright_notice": dice.choice(["", "© 2026 Agency", dice.choice(HOSTILE)]),
        "media": [
            {
                "url": dice.choice(["/p.jpg", "https://cdn.example/p.jpg", "https://ex.example/فیلم.mp4"]),
                "type": dice.choice(["image/jpeg", "video/mp4", "", "no type"]),
                "width": dice.choice([120, 1600, 0]),
                "caption": dice.choice(HOSTILE),
                "credit": dice.choice(HOSTILE),
            }
        ]
        * dice.randrange(3),
    }  # fmt: skip
    if dice.random() < 0.06:
        entry["published"] = "2031-01-01T00:00:00Z"
    if number == 7 and slug == "meridian" and dice.random() < 0.3:
        entry["body"] = f"<p>{'A very long report. ' * 55_000}</p>"
    if dice.random() < 0.1:
        entry["source_name"] = dice.choice(["Stringer & Sons", "新聞社"])
    return entry


def _edited(dice: random.Random, entry: dict[str, Any]) -> dict[str, Any]:
    fate = dice.random()
    if fate < 0.1:
        return {"id": entry["id"], "status": "canceled", "headline": ""}
    if fate < 0.2:
        return entry | {"version": "2", "correction_note": f"Wrong: {dice.choice(HOSTILE)}"}
    if fate < 0.35:
        return entry | {
            "version": "2",
            "headline": f"{entry['headline']} (2)",
            "body": entry["body"] + "<p>More.</p>",
        }
    return entry


def _words(dice: random.Random, language: str, count: int = 5) -> str:
    return " ".join(dice.choices(WORDS[language].split(), k=count))


def _taken(
    stories: dict[str, Story],
    lines: dict[str, list[dict[str, Any]]],
    sources: dict[str, Source],
    *,
    now: datetime,
) -> dict[str, Story]:
    """What the wire desk would make of it; the last version of an id counts, a kill takes what it finds."""
    found = dict(stories)
    for slug, entries in lines.items():
        raw = "".join(json.dumps(entry) + "\n" for entry in entries).encode()
        document = intake.read(raw, intake.Context(source=sources[slug], now=now), format="jsonl")
        assert isinstance(document, intake.Document)
        for received in document.items:
            assert isinstance(received, Received), received
            story_id = f"01{slug[:4].upper()}{received.source_guid.rpartition('-')[2].zfill(4)}"
            found[story_id] = _version(found.get(story_id), story_id, slug, received, now=now)
    return found


def _version(present: Story | None, story_id: str, slug: str, received: Received, *, now: datetime) -> Story:
    sections = tuple(name.lower() for name in received.categories if name[:1] == "S" and name[1:].isdecimal())
    if present is None:
        return Story(
            story_id=story_id,
            version=1,
            source=slug,
            received=received,
            headline=received.original_headline,
            received_at=now,
            modified_at=now,
            eligible_at=now,
            sections=sections,
        )
    if received.pubstatus is PubStatus.CANCELED:
        return replace(
            present, killed="by its source", eligible_at=None, modified_at=now, version=present.version + 1
        )
    if received == present.received:
        return present
    corrected = now if received.correction_note else present.corrected_at
    return replace(
        present,
        version=present.version + 1,
        received=received,
        headline=received.original_headline,
        modified_at=now,
        corrected_at=corrected,
    )


def _finished(
    seed: int,
    feed: Feed,
    stories: dict[str, Story],
    sources: dict[str, Source],
    pieces: Pieces,
    *,
    now: datetime,
) -> Finished:
    selection = select_feed(
        feed,
        stories.values(),
        title=f"Front: {feed.title}",
        sources=sources,
        now=now,
        notice=lambda story: Notice(
            story.modified_at, "en", f"Withdrawn: {story.source}", "Please do not use it."
        ),
        page="https://front.example/story/" if seed % 2 else "",
    )
    made = Edition(
        edition_id=f"feed-{feed.series}-1",
        kind=Kind.FEED,
        series=feed.series,
        number=1,
        revision=1,
        slot=now,
        local_date=now.date(),
        timezone="UTC",
        frozen_at=now,
        languages=tuple(house.language for house in HOUSES),
        titles=(("en", feed.title),),
        shelves=selection.shelves,
        items=selection.items,
        disclaimers=HOUSES,
        left_out=selection.left_out,
    )
    return finish(made, _documents(feed), pieces=pieces, now=now)


def _documents(feed: Feed) -> list[Document]:
    """The feed in its three formats."""
    shared = {
        "site_name": "Front & Co",
        "title": f"Front: {feed.title}",
        "description": HOUSES[0].full,
        "language": feed.language,
        "home_url": f"https://front.example/s/{feed.series}/",
        "feed_id": f"{TAG}feed/{feed.series}",
        "story_id_prefix": f"{TAG}story/",
        "source_words": SOURCE_WORDS,
        "icon": "https://front.example/icon.png",
        "hubs": ("https://hub.example/",),
    }
    return [
        Document(path, fmt, Channel(self_url=f"https://front.example/feeds/{path}", **shared))
        for fmt, (ending, _) in FORMATS.items()
        for path in [f"{feed.series}{ending}"]
    ]
