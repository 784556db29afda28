"""What a source's page says of a story that we have published: nothing, or that a person should look. PURE.

Agencies that deliver by feed never send kills: the page goes, leads home, or says something else, and the feed is silent. The first look
sees what the page calls itself and how long it is; later ones compare with that. Most withdrawals come before it, so it finds fault as well: with a
headline that has next to nothing in common with the story's or calls it withdrawn (a feed's and a page's differ often), and with a page that
is no article where those of its source are. Whatever may have a harmless cause (a server in trouble, a source whose pages cannot be
read) is no finding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from publisher.intake import page
from publisher.intake.document import Context, Unreadable
from publisher.intake.markup import to_text
from publisher.legible import is_front_page
from publisher.story import Rejected, Source

__all__ = ["AFTER", "Finding", "Seen", "answered", "led_home", "seen", "verdict"]

AFTER = (timedelta(minutes=15), timedelta(hours=2), timedelta(hours=24))
"""When a page is looked at, from the first publication on."""
IN_COMMON = 0.2
AS_A_RULE = 0.9
"""So many of a source's pages are articles that we can read, where one that is none means something."""
WITHDRAWN = re.compile(
    r"(?<!\w)(?:retract(?:ed|ion)|withdrawn|rétracté\w*|retirad[oa]|отозван\w*|опроверг\w*|опровержение|تکذیب|پس گرفته|سحب|הוסר\w*)(?!\w)|撤回|撤稿",
    re.IGNORECASE,
)
EDITION = re.compile(r"/[a-z]{2}(?:-[a-z]{2,4})?/?", re.IGNORECASE)
CAME_FROM = re.compile(r"(?:(?:ref|from|src|source|status|error|redirect(?:ed)?|utm_\w+)=[^&]*(?:&|$))*")
"""A front page may be one of several, and be told where a reader came from."""
MUCH, MANY = 0.5, 400
"""A text that lost or gained half of its length, and so many characters."""
GONE = {
    "http-404": "the page is gone (status 404)",
    "http-410": "the page is gone (status 410)",
    "http-451": "the page was taken down for legal reasons (status 451)",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page called itself, and how many characters its text has; None: it was no article that we can read."""

    headline: str
    length: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What a person should look at: a stable word, and a sentence without capital and stop."""

    word: str
    detail: str


def seen(raw: bytes, source: Source, *, url: str, now: datetime) -> Seen | None:
    """What the page says."""
    told = page.read(raw, Context(source=source, now=now, base_url=url))
    if isinstance(told, Unreadable):
        return None
    (item,) = told.items
    received = item.received if isinstance(item, Rejected) else item
    return Seen(received.original_headline, len(to_text(received.body))) if received else None


def answered(reason: str) -> Finding | None:
    """What a failed request says: that the page is gone, or nothing."""
    return Finding("gone", GONE[reason]) if reason in GONE else None


def led_home(asked: str, final: str) -> Finding | None:
    """Whether a redirect led from the story to the front page."""
    there = urlsplit(final)
    path = "/" if EDITION.fullmatch(there.path) else there.path
    query = "" if CAME_FROM.fullmatch(there.query) else there.query
    if asked != final and is_front_page(path, query):
        return Finding("front-page", f"the page leads to the front page {final}")
    return None


def verdict(headline: str, before: Seen | None, present: Seen | None, *, others: float = 0) -> Finding | None:
    """What has changed; `headline` is the story's as its source last sent it, `before` what an earlier look saw (None: there was none).

    `others`: how many of the source's other pages are articles, 1 being all; 0 when none was looked at.
    """
    if present is None and before is not None:
        return Finding("no-article", "the page is no longer an article")
    if present is None:
        told = "the page is no article, and the others of its source are"
        return Finding("no-article", told) if others >= AS_A_RULE else None
    if before is None:
        little = _in_common(headline, present.headline) < IN_COMMON
        withdrawn = WITHDRAWN.search(present.headline) and not WITHDRAWN.search(headline)
        if present.headline and (little or withdrawn):
            return Finding("headline", f"the page has another headline: {present.headline}")
        return None
    if _plain(before.headline) != _plain(present.headline) and not _taken(headline, before, present):
        return Finding("headline", f"the headline was {before.headline!r} and is {present.headline!r}")
    change = abs(present.length - before.length)
    if change > MANY and change > MUCH * max(before.length, 1):
        return Finding("length", f"the text had {before.length:,} characters and has {present.length:,}")
    return None


def _taken(headline: str, before: Seen, present: Seen) -> bool:
    """Whether the page now has the story's headline, with nothing behind it but what stood at the end before (the site's name)."""
    ours, was, is_ = map(_plain, (headline, before.headline, present.headline))
    return bool(ours) and is_.startswith(ours) and was.endswith(is_.removeprefix(ours))


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _in_common(one: str, other: str) -> float:
    """How many words of the shorter headline the other has."""
    words = [{word for word in _plain(text).split() if len(word) > 2} for text in (one, other)]
    shorter = min(map(len, words))
    return len(words[0] & words[1]) / shorter if shorter else 1.0
