"""From the parts that a format gives to a Received or a Rejected: the same rules for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from html import escape
from urllib.parse import quote, urlsplit

from publisher.intake.apart import Apart
from publisher.intake.document import Context
from publisher.intake.links import absolute, canonical, unfit
from publisher.intake.markup import lede_of, sanitise, text_digest, to_text
from publisher.intake.provenance import house_text, without_addresses
from publisher.intake.standing import ADVISORIES, ADVISORY, DESK_LINE, RIGHTS_FORBID, strictest
from publisher.intake.text import TITLE_MAX, clean, normalise
from publisher.intake.times import clamped
from publisher.legible import is_front_page
from publisher.story import (
    NO_EMBARGO,
    Embargo,
    Media,
    PubStatus,
    Reason,
    Received,
    Rejected,
    Source,
    SourceKind,
    Subject,
    unpublishable,
)

__all__ = ["Parts", "build", "read_source_line", "reject"]

MANY = 50
IPTC_SCALE = frozenset("123456789")
MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+_-]{1,80}")


@dataclass(slots=True, kw_only=True)
class Parts:
    """One item as its format gave it; every string is still raw, every list still unbounded.

    `doubts`: flags of what the item says of its own use and we cannot read (`standing`); an item with one is withheld.
    `typed`: its format has no fields, and what is said to the desk stands in the text (`apart`); elsewhere a text is a text.
    `remarks`: flags that keep nothing back. `tail`: what `{tail}` of a `story_url` stands for, where that is not what follows the id's last : or /.
    """

    guid: str = ""
    link: str = ""
    tail: str = ""
    headline: str = ""
    original_headline: str = ""
    short_headline: str = ""
    body_html: str = ""
    summary_html: str = ""
    language: str = ""
    source_name: str = ""
    source_url: str = ""
    aliases: list[str] = field(default_factory=list)
    version: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    expires: datetime | None = None
    status: PubStatus = PubStatus.USABLE
    doubts: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    embargo: Embargo = NO_EMBARGO
    urgency: str = ""
    byline: str = ""
    dateline: str = ""
    located: str = ""
    provider: str = ""
    genre: str = ""
    slugline: str = ""
    copyright_holder: str = ""
    copyright: str = ""
    usage_terms: str = ""
    signals: list[str] = field(default_factory=list)
    correction_note: str = ""
    ednote: str = ""
    categories: list[str] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    media: list[Media] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    base_url: str | None = None
    typed: bool = False
    raw: bytes = b""


def reject(parts: Parts, reason: Reason, detail: str, context: Context | None = None) -> Rejected:
    """This item, set aside; with what it says of its own use, so that the desk can hold back the story that it is about (`context` is wanted for that)."""
    restricts = (
        parts.status is not PubStatus.USABLE or parts.doubts or parts.expires or parts.embargo != NO_EMBARGO
    )
    read = build(parts, context) if context is not None and restricts else None
    return Rejected(
        reason=reason,
        detail=detail,
        raw=parts.raw[:100_000],
        source_guid=clean(parts.guid),
        headline=clean(parts.headline, TITLE_MAX),
        received=read.received if isinstance(read, Rejected) else read,
    )


def build(parts: Parts, context: Context) -> Received | Rejected:
    """The item as a version of a story, or why it waits in quarantine (with all that could be read of it)."""
    source = context.source
    base = parts.base_url or context.base_url
    link = absolute(parts.link, base)
    flags = list(parts.doubts)
    rights = _stated(parts, source)
    if rights == "none":
        flags.append(RIGHTS_FORBID)
    if clean(parts.genre).casefold() in ADVISORIES:
        flags.append(ADVISORY)
    aside = Apart(idle=parts.status is PubStatus.CANCELED, typed=parts.typed)
    headline = aside.headline(clean(parts.headline, TITLE_MAX), source)
    original = aside.headline(clean(parts.original_headline, TITLE_MAX), source) or headline
    headline = headline.removesuffix(
        f" ({parts.version})"
    )  # a version's number behind it is no part of a headline
    name, url, body, set_aside, lack, page_url = (
        _from_house(parts, context, link)
        if source.kind is SourceKind.HOUSE
        else _from_agency(parts, context, link)
    )
    body, signed = without_addresses(aside.text(body, source))
    summary = aside.text(parts.summary_html, source) if parts.body_html else body
    short = aside.headline(clean(parts.short_headline, TITLE_MAX), source)
    set_aside = (*parts.set_aside, *set_aside, *signed, *(f"<p>{escape(note)}</p>" for note in aside.notes))
    status = PubStatus.WITHHELD if flags and parts.status is PubStatus.USABLE else parts.status
    flags += [DESK_LINE] if aside.doubt else []
    flags += dict.fromkeys(parts.remarks)
    markup = sanitise(body, base_url=link or base)
    flags += markup.flags
    published, early = clamped(parts.published, context.now)
    updated, early_too = clamped(parts.updated, context.now)
    if early or early_too:
        flags.append("future-date-clamped")
    lede = clean(to_text(summary), 600) if parts.summary_html else ""
    received = Received(
        source_guid=_bounded(parts.guid or link or text_digest(parts.headline + body)),
        source_name=clean(name, 120),
        source_url=url,
        original_headline=original,
        headline="" if headline == original else headline,
        short_headline=short,
        language=_language(parts.language) or source.language,
        lede=lede if lede and not _cut_off(lede) else lede_of(markup),
        body=markup.html,
        body_digest=text_digest(body, markup),
        aliases=frozenset(_bounded(alias) for alias in (*parts.aliases, _page_of(link), url) if alias),
        source_version=clean(parts.version or "", 60) or None,
        first_created=published or updated,
        version_created=updated or published,
        pubstatus=status,
        embargo=strictest((parts.embargo, aside.embargo())),
        expires=parts.expires,
        correction_note=clean(parts.correction_note) or None,
        ednote=clean("\n".join((parts.ednote, *dict.fromkeys(aside.notes)))) or None,
        set_aside=set_aside,
        slugline=clean(parts.slugline, 120),
        byline=clean(parts.byline, 200),
        dateline=clean(parts.dateline, 120),
        located=clean(parts.located, 120),
        provider=clean(parts.provider, 120),
        page_url=page_url,
        copyright_holder=clean(parts.copyright_holder, 200),
        copyright_notice=clean(parts.copyright, 300),
        usage_terms=clean(parts.usage_terms, 600),
        rights="link" if rights == "none" else rights,
        urgency=_urgency(parts.urgency, source),
        genre=clean(parts.genre, 60),
        categories=_categories(parts, context),
        subjects=tuple(_subject(subject) for subject in parts.subjects[:MANY]),
        media=tuple(_media(parts.media[:MANY], link or base)),
        signals=tuple(dict.fromkeys(clean(signal, 80) for signal in parts.signals[:MANY] if signal)),
        flags=tuple(flags),
    )
    if parts.status is PubStatus.CANCELED:
        return received
    wrong = (Reason.NO_SOURCE_LINK, lack) if lack else unpublishable(received)
    if wrong is None:
        return received
    return Rejected(
        reason=wrong[0],
        detail=wrong[1],
        raw=parts.raw[:100_000],
        source_guid=received.source_guid[:200],
        headline=received.original_headline,
        received=received,
    )


def read_source_line(parts: Parts, context: Context) -> None:
    """Take the source line out of an agency's typed text: its link, and the name that it gives (none: the configured one)."""
    found = house_text(parts.body_html, replace(context.source, house_blocks=()), base_url=None)
    if found.source_url:
        parts.source_name, parts.source_url, parts.body_html = (
            found.source_name,
            found.source_url,
            found.html,
        )
        parts.set_aside += found.set_aside


def _from_agency(
    parts: Parts, context: Context, link: str | None
) -> tuple[str, str, str, tuple[str, ...], str, str | None]:
    """The item's link is the original; the name comes from the item or the configuration."""
    name = parts.source_name or context.source.name
    url = (
        absolute(parts.source_url, parts.base_url or context.base_url)
        or link
        or _placed(parts, context.source)
    )
    if url is None:
        return name, "", _body(parts), (), "the item has no absolute http(s) link to the original", None
    url = canonical(url)
    if lack := unfit(url, context.source):
        return name, "", _body(parts), (), f"the item links to {lack}", None
    return name, url, _body(parts), (), "", None


def _placed(parts: Parts, source: Source) -> str | None:
    """Where the source says that its stories stand, for an item with an id and no link."""
    guid = clean(parts.guid)
    if not guid or source.story_url is None:
        return None
    tail = clean(parts.tail) or re.split(r"[:/]", guid)[-1]
    return absolute(
        source.story_url.replace("{id}", quote(guid, safe="")).replace("{tail}", quote(tail, safe=""))
    )


def _from_house(
    parts: Parts, context: Context, link: str | None
) -> tuple[str, str, str, tuple[str, ...], str, str | None]:
    """Declared fields first, else the source line at the end of the text (decision 3)."""
    base = link or parts.base_url or context.base_url
    found = house_text(_body(parts), context.source, base_url=base)
    declared = absolute(parts.source_url, base)
    if parts.source_name and declared and not unfit(canonical(declared), context.source):
        return parts.source_name, canonical(declared), found.html, found.set_aside, "", link
    return found.source_name, found.source_url, found.html, found.set_aside, found.lack, link


def _page_of(link: str | None) -> str:
    """The link, unless it is a front page: under that all of a source's stories would be one."""
    parts = urlsplit(link or "")
    return "" if link is None or is_front_page(parts.path, parts.query) else link


def _stated(parts: Parts, source: Source) -> str:
    """What the item's own statement of its rights allows, by the words that the source's `rights_map` knows."""
    return source.stated(normalise(f"{parts.copyright} {parts.usage_terms}"))


def _urgency(said: str, source: Source) -> int:
    """The source's own mark by its `urgency_map`, else a number of the IPTC scale, else the source's usual one."""
    word = said.strip().casefold()
    known = dict(source.urgency_map).get(word)
    return known or (int(word) if word in IPTC_SCALE else source.default_urgency)


def _body(parts: Parts) -> str:
    return parts.body_html or parts.summary_html


def _cut_off(lede: str) -> bool:
    """Whether an excerpt ends in the middle: such a one is made anew from the body."""
    tail = lede.rstrip(" ]»”\"'")
    return tail.endswith(("…", "...", "[…", "[...")) or "continue reading" in tail[-60:].casefold()


def _categories(parts: Parts, context: Context) -> tuple[str, ...]:
    mapped = dict(context.source.category_map)
    names = (clean(name, 80) for name in parts.categories[:MANY])
    return tuple(dict.fromkeys(mapped.get(name.casefold(), name) for name in names if name))


def _subject(subject: Subject) -> Subject:
    return Subject(clean(subject.scheme, 200), clean(subject.code, 200), clean(subject.name, 200))


def _media(media: Iterable[Media], base: str | None) -> Iterator[Media]:
    """Media with an absolute address, resolved against the story's; what has none is dropped, a type that is none is forgotten."""
    for medium in media:
        if url := absolute(medium.url, base):
            kind = medium.type.strip().lower()
            yield replace(
                medium,
                url=url,
                type=kind if MEDIA_TYPE.fullmatch(kind) else "",
                alt=clean(medium.alt, 500),
                caption=clean(medium.caption, 500),
                credit=clean(medium.credit, 200),
                rights=clean(medium.rights, 600),
            )


def _language(tag: str) -> str:
    tag = tag.strip().replace("_", "-")
    head = tag.partition("-")[0]
    return tag[:35] if 2 <= len(head) <= 3 and head.isalpha() and head.isascii() and head != "und" else ""


def _bounded(name: str) -> str:
    """An id as text of bounded length: long ones by their beginning and a digest."""
    shown = clean(name, 10_000)
    return shown if len(shown) <= 500 else f"{shown[:80]}#{text_digest(shown)}"
