"""A wire story: what a source sent, what the house made of it, and what makes it publishable.

PURE. `Received` is one version of a story as its source sent it, before it has an identity here; `Story` is that version
under our permanent id, with the house headline and the desk's decisions. Field names follow ninjs 3 and NewsML-G2
where these have one. All times are aware; all text has been through `intake.text`, all HTML through `intake.markup`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from publisher.legible import is_front_page, is_host, visible
from publisher.rights import Channel, strictest

__all__ = [
    "Embargo",
    "EmbargoKind",
    "Media",
    "PubStatus",
    "Reason",
    "Received",
    "Rejected",
    "Source",
    "SourceKind",
    "Story",
    "Subject",
    "lacks",
    "unpublishable",
]

DEFAULT_URGENCY = 5  # in the middle of the IPTC scale: 1 is a flash, 9 the least urgent


class PubStatus(StrEnum):
    """IPTC publishing status (NewsML-G2 `pubStatus`)."""

    USABLE = "usable"
    WITHHELD = "withheld"
    """Held by the source or by our desk: may come back."""
    CANCELED = "canceled"
    """Killed: never to be used, to be withdrawn wherever it was."""


class EmbargoKind(StrEnum):
    """The four states of an embargo; a nullable date could not tell the last two from none."""

    NONE = "none"
    UNTIL = "until"
    OPEN = "open"
    """Under embargo without a stated end: held until the desk releases it."""
    UNREADABLE = "unreadable"
    """The source states an embargo that we cannot read: fails closed."""


@dataclass(frozen=True, slots=True)
class Embargo:
    """Not before this instant, in any output."""

    kind: EmbargoKind = EmbargoKind.NONE
    until: datetime | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        if (self.kind is EmbargoKind.UNTIL) != (self.until is not None):
            raise ValueError("an embargo has an end if and only if its kind is `until`")

    def holds(self, now: datetime) -> bool:
        """Whether the story must not be shown at `now`."""
        if self.kind is EmbargoKind.NONE:
            return False
        return self.until is None or now < self.until


NO_EMBARGO = Embargo()


class SourceKind(StrEnum):
    """Where provenance stands (decision 3)."""

    AGENCY = "agency"
    """The item's link is the original; the name comes from configuration or the item's own source element."""
    HOUSE = "house"
    """Our own site: the item's link is our page, the source line at the end of the text names the original."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An agency or site that stories are retrieved from, as `sources.toml` has it.

    Attributes:
        slug, name: permanent name in commands and paths; the name that readers see. homepage: of its front page, never a story's source link.
        format: a name of `formats.FORMATS`. url, folder: what is polled, or where files are pushed (absolute).
        language, timezone: BCP 47 tag for items, and IANA zone for times, that state none.
        story_url: where a story without a link stands, with {id} or {tail} (what follows the id's last : or /, or what its format has for that) in it; None: nowhere.
        source_line, house_blocks: openings of a page's source block ("Source:"), and of others that are the house's own.
        source_hosts: host -> agency name, for source links without a name.
        category_map: the source's category (casefolded) -> our category name, applied before sections see it.
        urgency_map: the source's urgency value (casefolded) -> ours (1 to 9).
        empty_embargo: what an empty embargo element means: "hold" (default) or "none" for agencies known to send it so.
        rights_line: printed with the agency's stories (copyright, licence).
        rights: what may be published of a story: "full", "lede", "link" or "none".
        rights_feeds, rights_mail: the same for feeds and our pages, and for mail; None: as `rights` says.
        rights_map: words in an item's own rights statement (casefolded) -> what they allow; of several the strictest counts.
        own_hosts: hosts of the newsroom itself, which are nobody's source. priority: 1 to 9, the lowest leads where several report one event.
        recheck: look again at its pages of what is out. media: whether pictures may be shown with its texts. every: how often it is polled. window: how far back a site is swept.
    """

    slug: str
    name: str
    homepage: str
    kind: SourceKind = SourceKind.AGENCY
    url: str | None = None
    folder: str | None = None
    story_url: str | None = None
    format: str = "auto"
    language: str = "en"
    timezone: str = "UTC"
    source_line: tuple[str, ...] = ("Source:", "منبع:", "المصدر:", "מקור:")
    source_name_field: str | None = None
    source_url_field: str | None = None
    house_blocks: tuple[str, ...] = ()
    house_hosts: tuple[str, ...] = ()
    source_hosts: tuple[tuple[str, str], ...] = ()
    category_map: tuple[tuple[str, str], ...] = ()
    urgency_map: tuple[tuple[str, int], ...] = ()
    default_urgency: int = DEFAULT_URGENCY
    empty_embargo: str = "hold"
    rights_line: str = ""
    rights: str = "full"
    rights_feeds: str | None = None
    rights_mail: str | None = None
    rights_map: tuple[tuple[str, str], ...] = ()
    media: bool = True
    window: timedelta = timedelta(days=14)
    every: timedelta = timedelta(minutes=5)
    own_hosts: tuple[str, ...] = ()
    priority: int = 5
    recheck: bool = False

    def allows(self, channel: Channel) -> str:
        """How much of its texts may be published there."""
        there = self.rights_feeds if channel is Channel.FEEDS else self.rights_mail
        return there or self.rights

    def stated(self, rights: str) -> str:
        """What a statement of rights allows, by the words of it that are known here; the strictest counts."""
        said = " ".join(rights.casefold().split())
        return strictest("full", *(allows for words, allows in self.rights_map if words in said))


@dataclass(frozen=True, slots=True)
class Subject:
    """A controlled subject: scheme ("medtop"), code ("20000344") and the name as sent."""

    scheme: str
    code: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture, clip or file that belongs to a story; its rights, as sent, are separate from the text's."""

    url: str
    type: str = ""
    width: int | None = None
    height: int | None = None
    size: int | None = None
    alt: str = ""
    caption: str = ""
    credit: str = ""
    rights: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One version of a story as its source sent it.

    Attributes:
        source_guid: the source's own id, as received (matching only; never shown, never used as a link).
        aliases: other ids under which the same story may come (link, guid of an earlier version).
        source_version: the source's version mark, if it has one.
        original_headline: plain text, as the source first wrote it; what the house headline is held against.
        headline, short_headline: the source's present headline, where it differs from its original one; empty: it does not.
        lede: plain text; what lists and digests show.
        body: sanitised HTML of the source's text, without the blocks in `set_aside`.
        body_digest: SHA-256 hex of the received text after `intake.text.normalise`: what the promise "content is not
            changed" is held against.
        set_aside: HTML of the source line and house blocks taken out of the body.
        correction_note: public note that the source wants readers to see.
        ednote: internal notes; never rendered.
        byline, dateline, located: who wrote it; the line printed before the text; where it comes from.
        provider: who delivered it, where that is not its source.
        signals: kinds of change and warnings as sent ("sig:correction", "refile").
        rights: how much of its text the item itself lets us publish: "full", "lede" or "link". One that allows nothing is withheld.
        source_url: absolute http(s) URL of this story at the source.
        page_url: our own page of the story, where the newsroom's site has one.
        categories: names as received, in the source's order.
    """

    source_guid: str
    source_name: str
    source_url: str
    original_headline: str
    language: str
    lede: str = ""
    body: str = ""
    body_digest: str = ""
    aliases: frozenset[str] = frozenset()
    source_version: str | None = None
    first_created: datetime | None = None
    version_created: datetime | None = None
    pubstatus: PubStatus = PubStatus.USABLE
    embargo: Embargo = NO_EMBARGO
    expires: datetime | None = None
    correction_note: str | None = None
    ednote: str | None = None
    set_aside: tuple[str, ...] = ()
    slugline: str = ""
    byline: str = ""
    dateline: str = ""
    located: str = ""
    headline: str = ""
    short_headline: str = ""
    provider: str = ""
    page_url: str | None = None
    copyright_holder: str = ""
    copyright_notice: str = ""
    usage_terms: str = ""
    rights: str = "full"
    urgency: int = DEFAULT_URGENCY
    genre: str = ""
    categories: tuple[str, ...] = ()
    subjects: tuple[Subject, ...] = ()
    media: tuple[Media, ...] = ()
    signals: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    """Remarks for the desk ("link-text-differs", "future-date-clamped", "shortcode-left"), never rendered."""


class Reason(StrEnum):
    """Why an item waits in quarantine; stable words that scripts and the desk's list use."""

    NO_SOURCE_NAME = "no-source-name"
    NO_SOURCE_LINK = "no-source-link"
    NO_HEADLINE = "no-headline"
    PROTECTED = "protected"
    UNPUBLISHED = "unpublished"
    RIGHTS = "rights"
    AFTER_KILL = "after-kill"
    """Of a story that was killed: only a person may bring it back."""
    MALFORMED = "malformed"
    """This one item cannot be read; its neighbours can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An item refused at the door: kept with its bytes and the reason until a person decides."""

    reason: Reason
    detail: str
    raw: bytes
    source_guid: str = ""
    headline: str = ""
    received: Received | None = None
    """The item as far as it could be read, so that the desk can release it once it has supplied what lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A version of a story under our permanent id, with what the house decided about it.

    Attributes:
        story_id: bare ULID; the public id is `tag:<authority>,<date>:story/<ULID>`.
        version: ours, from 1, gapless per story.
        headline: the house headline; equal to the original until the desk changes it.
        first_published: when the story first stood in a frozen edition; None before that.
        modified_at: when this version, or the house headline over it, came into being here.
        eligible_at: since when it may be a candidate (decision 5): the latest of received, released, embargo end.
            None while an open-ended embargo, a hold or a kill keeps it from being one.
        hold: the desk holds it, with the reason. killed: withdrawn for good, with the reason.
        released_at: when the desk released it from the embargo that this version states, and that has no readable end.
        link: what the headline links to, chosen once at first publication.
        sections: slugs of the sections it belongs to, computed at intake (decision 4); of one that was killed also those that it has been in.
        spoken: of one that was killed, the languages of all its versions.
    """

    story_id: str
    version: int
    source: str
    received: Received
    headline: str
    received_at: datetime
    modified_at: datetime
    eligible_at: datetime | None
    sections: tuple[str, ...] = ()
    spoken: tuple[str, ...] = ()
    first_published: datetime | None = None
    link: str | None = None
    hold: str | None = None
    killed: str | None = None
    released_at: datetime | None = None
    corrected_at: datetime | None = None
    headline_changed_by: str | None = None
    headline_changed_at: datetime | None = None
    headline_changed_why: str | None = None

    def embargoed(self, now: datetime) -> bool:
        """Whether an embargo keeps it back at `now`; a person may have ended one that has no readable end."""
        open_ended = self.received.embargo.kind in {EmbargoKind.OPEN, EmbargoKind.UNREADABLE}
        return self.received.embargo.holds(now) and not (open_ended and self.released_at is not None)

    def usable(self, now: datetime) -> bool:
        """Whether the story may be in any output at `now`; everything unknown fails closed."""
        return (
            self.killed is None
            and self.hold is None
            and self.received.pubstatus is PubStatus.USABLE
            and not self.embargoed(now)
            and (self.received.expires is None or now < self.received.expires)
        )


def unpublishable(item: Received) -> tuple[Reason, str] | None:
    """The first thing that keeps this item from entering the store as publishable, or None (invariant 1)."""
    return next(lacks(item), None)


def lacks(item: Received) -> Iterator[tuple[Reason, str]]:
    """Everything that the item must have and has not; the desk may supply each when it releases the item.

    The source link is judged for its shape here (absolute http(s), a host, no user part, a path of its own); whether it
    is the source's home page or our own host was judged by the intake, which knows the source.
    """
    if not visible(item.source_name):
        yield Reason.NO_SOURCE_NAME, "the item names no source"
    if why := _no_link(item.source_url):
        yield Reason.NO_SOURCE_LINK, why
    if not visible(item.original_headline):
        yield Reason.NO_HEADLINE, "the item has no headline"


def _no_link(source_url: str) -> str:
    try:
        parts = urlsplit(source_url)
    except ValueError:  # a bracket that is not closed
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return "the item has no absolute http(s) link to the original"
    host = parts.hostname.removesuffix(".")
    if not is_host(host) or "." not in host or host.rpartition(".")[2].isdigit():
        return f"the source link {source_url} names no public host"
    if is_front_page(parts.path, parts.query):
        return f"the source link {source_url} is a home page, not the story"
    return ""
