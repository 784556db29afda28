"""What stands in sections.toml, sources.toml and digests.toml, and `[[consumer]]`; each table gives the value that the rest knows."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, TypeAdapter

from publisher.feed import Consumer
from publisher.formats import FORMATS
from publisher.section import Section
from publisher.series import Alerts, Canary, Digest, Sender, Weekly
from publisher.settings.disk import absolute
from publisher.settings.tables import Duplicates, Table
from publisher.settings.values import (
    Domain,
    Duration,
    Language,
    Languages,
    Line,
    LineOrEmpty,
    LocalTime,
    MailAddress,
    MailAddressOrDomain,
    PathText,
    Slug,
    TermText,
    Titles,
    Urgency,
    WebUrl,
    Weekday,
    Whole,
    Zone,
    term,
)
from publisher.story import DEFAULT_URGENCY, Source, SourceKind
from subscribers.attributes import RESERVED, Attribute, Kind

__all__ = [
    "AttributeTable",
    "CanaryTable",
    "ConsumerTable",
    "DigestTable",
    "SectionTable",
    "SenderTable",
    "SourceTable",
]


def _story_url(value: str) -> str:
    """An address with a place for the id in its path or query; ValueError without one."""
    if "{id}" not in value and "{tail}" not in value:
        raise ValueError("{id} or {tail} has to stand in it, or all stories would have one address")
    TypeAdapter(WebUrl).validate_python(value.replace("{id}", "1").replace("{tail}", "1"))
    return value


def _attribute(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,47}", value):
        raise ValueError("small letters, digits and underscores are wanted, a letter first, 48 at most")
    if value in RESERVED:
        raise ValueError("lists and segments use this name themselves")
    return value


AttributeName = Annotated[str, AfterValidator(_attribute)]
Rights = Literal["full", "lede", "link", "none"]
StoryUrl = Annotated[str, AfterValidator(_story_url)]
Limit = Annotated[Whole, Field(ge=1, le=200)]
Interval = Annotated[Duration, Field(ge=timedelta(minutes=1), le=timedelta(days=7))]
Percent = Annotated[Whole, Field(ge=0, le=100)]
UpToADay = Annotated[Duration, Field(le=timedelta(days=1))]
UpToAWeek = Annotated[Duration, Field(le=timedelta(days=7))]


def _usual_refusals() -> dict[str, Rights]:
    """What agencies write under items that no customer may publish."""
    return {"may not be published": "none"}


class SectionTable(Table):
    """`[[section]]`: see `publisher.section.Section` for what each key means."""

    slug: Slug
    title: Titles
    any: tuple[TermText, ...] = ()
    none: tuple[TermText, ...] = ()
    max: Limit = 6
    window: Duration = timedelta(hours=36)
    feed_max: Limit = 50
    feed_window: Duration = timedelta(days=14)
    per_source: Limit | None = None
    order: Literal["urgency", "newest"] = "urgency"
    languages: Languages = "edition"
    duplicates: Duplicates | None = None

    def domain(self, duplicates: Duplicates) -> Section:
        """As selection knows it; `duplicates` is the newsroom's, for a section that says nothing of them."""
        return Section(
            slug=self.slug,
            titles=tuple(self.title.items()),
            any=tuple(term(text) for text in self.any),
            none=tuple(term(text) for text in self.none),
            max=self.max,
            window=self.window,
            feed_max=self.feed_max,
            feed_window=self.feed_window,
            per_source=self.per_source,
            order=self.order,
            languages=self.languages,
            merge=(self.duplicates or duplicates) == "merge",
        )


class SourceTable(Table):
    """`[[source]]`: see `publisher.story.Source` for what each key means."""

    slug: Slug
    name: Line
    homepage: WebUrl
    kind: Literal["agency", "house"] = "agency"
    url: WebUrl | None = None
    folder: PathText | None = None
    story_url: StoryUrl | None = None
    format: Literal[FORMATS] = "auto"  # type: ignore[valid-type]  # a list of words
    language: Language | None = None
    timezone: Zone | None = None
    rights: Rights = "full"
    rights_feeds: Rights | None = None
    rights_mail: Rights | None = None
    rights_map: dict[str, Rights] = Field(default_factory=_usual_refusals)
    rights_line: LineOrEmpty = ""
    default_urgency: Urgency = DEFAULT_URGENCY
    urgency_map: dict[str, Urgency] = Field(default_factory=dict)
    category_map: dict[str, Line] = Field(default_factory=dict)
    empty_embargo: Literal["hold", "none"] = "hold"
    source_line: tuple[Line, ...] = ("Source:", "منبع:", "المصدر:", "מקור:")
    source_name_field: Line | None = None
    source_url_field: Line | None = None
    source_hosts: dict[str, Line] = Field(default_factory=dict)
    house_blocks: tuple[Line, ...] = ()
    house_hosts: tuple[Domain, ...] = ()
    media: bool = True
    window: Duration = timedelta(days=14)
    every: Interval = timedelta(minutes=5)
    priority: Urgency = 5
    recheck: bool | None = None

    def own_hosts(self) -> tuple[str, ...]:
        """The hosts that this source says are the newsroom's own."""
        return (*self.house_hosts, urlsplit(self.homepage).hostname or "") if self.kind == "house" else ()

    def domain(
        self, *, language: str, timezone: str, own_hosts: tuple[str, ...] = (), config: Path = Path()
    ) -> Source:
        """As the intake knows it; `language` and `timezone` are the site's, for a source that states none.

        `own_hosts` are those of the site and of every house source; `config`: what a relative folder is taken from.
        """
        return Source(
            slug=self.slug,
            name=self.name,
            homepage=self.homepage,
            kind=SourceKind(self.kind),
            url=self.url,
            story_url=self.story_url,
            folder=str(absolute(config, self.folder)) if self.folder else None,
            format=self.format,
            language=self.language or language,
            timezone=self.timezone or timezone,
            source_line=self.source_line,
            source_name_field=self.source_name_field,
            source_url_field=self.source_url_field,
            house_blocks=self.house_blocks,
            house_hosts=self.house_hosts,
            source_hosts=tuple((host.lower(), name) for host, name in self.source_hosts.items()),
            category_map=tuple((name.casefold(), ours) for name, ours in self.category_map.items()),
            urgency_map=tuple((mark.casefold(), ours) for mark, ours in self.urgency_map.items()),
            default_urgency=self.default_urgency,
            empty_embargo=self.empty_embargo,
            rights_line=self.rights_line,
            rights=self.rights,
            rights_feeds=self.rights_feeds,
            rights_mail=self.rights_mail,
            rights_map=tuple(
                (" ".join(words.casefold().split()), allows) for words, allows in self.rights_map.items()
            ),
            own_hosts=own_hosts,
            media=self.media,
            window=self.window,
            every=self.every,
            priority=self.priority,
            recheck=self.url is not None if self.recheck is None else self.recheck,
        )


class ConsumerTable(Table):
    """`[[consumer]]` in publisher.toml: see `publisher.feed.Consumer` for what each key means."""

    slug: Slug
    feeds: tuple[Line, ...] = ()
    formats: Annotated[tuple[Literal["rss", "atom", "json"], ...], Field(min_length=1)] = ("rss",)
    text: Literal["full", "lede", "link"] = "full"
    source: Literal["link", "text"] = "link"
    redate_withdrawn: bool = False

    def domain(self) -> Consumer:
        """As feeds know it."""
        return Consumer(**self.model_dump())


class SenderTable(Table):
    """`sender.<language>`: display name, and an address on the domain whose DMARC policy covers the mail."""

    name: Line
    address: MailAddress


class AttributeTable(Table):
    """`[[attribute]]`: see `subscribers.attributes.Attribute` for what each key means."""

    name: AttributeName
    kind: Kind = "text"
    values: tuple[Line, ...] = ()

    def domain(self) -> Attribute:
        """As lists and segments know it."""
        return Attribute(self.name, self.kind, self.values)


class CanaryTable(Table):
    """`canary`: see `publisher.series.Canary` for what each key means."""

    addresses: tuple[MailAddressOrDomain, ...] = ()
    share: Percent = 1
    wait: UpToADay = timedelta(minutes=10)
    refusals: Percent = 10
    complaints: Annotated[Whole, Field(ge=0, le=1_000_000)] = 0

    def domain(self) -> Canary:
        """As a freeze knows it."""
        return Canary(
            addresses=self.addresses,
            share=self.share,
            wait=self.wait,
            refusals=self.refusals,
            complaints=self.complaints,
        )


class WeeklyTable(Table):
    """`weekly`: see `publisher.series.Weekly` for what each key means."""

    day: Weekday
    at: LocalTime
    title: Titles

    def domain(self) -> Weekly:
        """As a digest knows it."""
        return Weekly(self.day, self.at, tuple(self.title.items()))


class AlertsTable(Table):
    """`alerts`: see `publisher.series.Alerts` for what each key means."""

    title: Titles
    urgency: Urgency = 2
    a_day: Annotated[Whole, Field(ge=1, le=50)] = 5

    def domain(self) -> Alerts:
        """As a digest knows it."""
        return Alerts(self.urgency, self.a_day, tuple(self.title.items()))


class DigestTable(Table):
    """`[[digest]]`: see `publisher.series.Digest` for what each key means."""

    slug: Slug
    number: Annotated[Whole, Field(ge=1, le=65535)]
    title: Titles
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    sections: Annotated[tuple[str, ...], Field(min_length=1)]
    slots: Annotated[tuple[LocalTime, ...], Field(min_length=1)]
    sender: Annotated[dict[Language, SenderTable], Field(min_length=1)]
    timezone: Zone | None = None
    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1)] = (1, 2, 3, 4, 5, 6, 7)
    reply_to: MailAddress | None = None
    list_domain: Domain | None = None
    approval: Literal["none", "required"] = "none"
    uncertain: Literal["resend", "keep"] = "resend"
    expires: Duration = timedelta(hours=24)
    lead: UpToADay = timedelta(minutes=30)
    deadline: UpToAWeek = timedelta(hours=2)
    alarm_after: UpToADay = timedelta(hours=1)
    canary: CanaryTable | None = None
    corrections_at_once: Annotated[Whole, Field(ge=0, le=9)] = 0
    public: bool = True
    segment: str = ""
    weekly: WeeklyTable | None = None
    alerts: AlertsTable | None = None

    def domain(self, *, timezone: str, reply_to: str, list_domain: str) -> Digest:
        """As editions know it; the arguments are the site's, for a digest that states none."""
        return Digest(
            slug=self.slug,
            number=self.number,
            titles=tuple(self.title.items()),
            languages=self.languages,
            sections=self.sections,
            slots=tuple(sorted(self.slots)),
            timezone=self.timezone or timezone,
            senders=tuple(
                Sender(language, entry.name, entry.address) for language, entry in self.sender.items()
            ),
            list_domain=self.list_domain or list_domain,
            reply_to=self.reply_to or reply_to,
            weekdays=tuple(sorted(self.weekdays)),
            approval=self.approval,
            uncertain=self.uncertain,
            expires=self.expires,
            lead=self.lead,
            deadline=self.deadline,
            alarm_after=self.alarm_after,
            corrections_at_once=self.corrections_at_once,
            canary=self.canary.domain() if self.canary else None,
            public=self.public,
            segment=self.segment,
            weekly=self.weekly.domain() if self.weekly else None,
            alerts=self.alerts.domain() if self.alerts else None,
        )
