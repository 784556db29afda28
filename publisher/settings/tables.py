"""What stands in publisher.toml, table by table: the settings that are not stories' business; those of mail stand in `mail.py`.

Every table is frozen and refuses unknown keys. A default here is the default in `config/publisher.toml` and in
`docs/configuration.md`; a test compares the three. Rules that look at two tables at once stand in `checks.py`.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_serializer

from publisher.edition import Disclaimer
from publisher.settings.disk import absolute
from publisher.settings.values import (
    Domain,
    Duration,
    Language,
    Line,
    MailAddress,
    MailAddressOrEmpty,
    Network,
    PathText,
    SiteUrl,
    Slug,
    TagDate,
    Text,
    WebUrl,
    WebUrlOrEmpty,
    Whole,
    Zone,
)

__all__ = [
    "Alarms",
    "DisclaimerTable",
    "Duplicates",
    "FeedsTable",
    "Fetch",
    "Port",
    "Positive",
    "Retention",
    "Site",
    "Store",
    "Table",
    "Web",
    "Webhook",
    "Wire",
]

Duplicates = Literal["merge", "keep"]
Positive = Annotated[Whole, Field(ge=1, le=2_000_000_000)]
Port = Annotated[Whole, Field(ge=1, le=65535)]


class Table(BaseModel):
    """Base of all tables: frozen, unknown keys refused, wrong values never repeated in an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


class Site(Table):
    """`[site]`: who publishes.

    Attributes:
        url: address of the site, without a trailing slash; every link of ours is built on it, never on a Host header.
        tag_authority, tag_date: the permanent half of all ids (RFC 4151); written by `init`, never changed after.
        language, timezone: what feeds over several languages, reports and sources fall back to.
        postal_address: printed at the end of every mail, as the law of many countries asks; needed with a digest.
        contact: address of the newsroom for readers; the default of a digest's Reply-To.
        corrections: where readers report mistakes; empty: `contact`.
        pages: whether headlines of stories without a page of their own link to our `/story/<id>` (True) or to the
            source (False); chosen once per story, at its first publication.
        canonical: which address a story page of ours that has the whole text names for search engines: the "source"'s, or its "own".
        development: allows `http`, and fetching from hosts named in `fetch.allow_hosts`. Never in production.
    """

    name: Line
    url: SiteUrl
    tag_authority: Domain
    tag_date: TagDate
    contact: MailAddress
    corrections: MailAddressOrEmpty = ""
    language: Language = "en"
    timezone: Zone = "UTC"
    postal_address: Text = ""
    pages: bool = False
    canonical: Literal["source", "own"] = "source"
    development: bool = False


class Store(Table):
    """`[store]`: where data lives.

    Attributes:
        data_dir: database, locks, built feeds; a relative path is taken from the configuration's folder.
        url: database URL; empty means SQLite in `data_dir`.
        templates_dir: a folder of your own templates, looked into before the shipped ones.
        lock_wait: how long a command waits while another one writes to the SQLite file.
    """

    data_dir: PathText = Path("../var")
    url: str = Field(default="", repr=False)
    templates_dir: PathText | None = None
    lock_wait: Duration = timedelta(seconds=10)

    def resolved(self, folder: Path) -> Self:
        """The same with an absolute folder and a URL that is never empty."""
        data_dir = absolute(folder, self.data_dir)
        return self.model_copy(
            update={
                "data_dir": data_dir,
                "url": self.url or f"sqlite:///{data_dir}/publisher.sqlite3",
                "templates_dir": absolute(folder, self.templates_dir) if self.templates_dir else None,
            }
        )

    @field_serializer("url")
    def _without_password(self, url: str) -> str:
        parts = urlsplit(url)
        if parts.password is None:
            return url
        return url.replace(parts.netloc, f"{parts.username}:********@{parts.netloc.rpartition('@')[2]}", 1)


class Fetch(Table):
    """`[fetch]`: limits of fetching from sources.

    Attributes:
        timeout: of one source, from resolving its name to the last byte. total_timeout: of a whole round.
        max_bytes: of one document, after decompression. header_bytes: of its response header.
        max_items: how many stories of one document are read; the report counts the rest.
        redirects: how many are followed. retry_after_cap: the longest pause that a source may ask for.
        concurrency: how many sources at once. ports: the only ones that may be asked.
        allow_hosts: names or addresses exempt from the check against private networks; needs `site.development`.
    """

    timeout: Duration = timedelta(seconds=20)
    total_timeout: Duration = timedelta(seconds=60)
    max_bytes: Positive = 10_000_000
    header_bytes: Positive = 64_000
    max_items: Positive = 500
    redirects: Annotated[Whole, Field(ge=0, le=20)] = 5
    retry_after_cap: Duration = timedelta(hours=24)
    concurrency: Annotated[Whole, Field(ge=1, le=64)] = 8
    ports: tuple[Port, ...] = (80, 443)
    allow_hosts: tuple[Line, ...] = ()


class FeedsTable(Table):
    """`[feeds]`: what all feeds share.

    Attributes:
        hubs: WebSub hubs that are told of every change, and named in the feeds.
        icon: address of a square picture of the house (512 px or more), or "".
    """

    hubs: tuple[WebUrl, ...] = ()
    icon: WebUrlOrEmpty = ""


class Web(Table):
    """`[web]`: where a server of Publisher's own listens. A web server in front of it brings TLS.

    Attributes:
        proxies: addresses, or networks, of web servers in front of it, whose X-Forwarded-For says who asks.
        notices_an_hour: how many mails the public forms may cause; what comes beyond waits, and the log says so.
    """

    host: Line = "127.0.0.1"
    port: Port = 8080
    proxies: tuple[Network, ...] = ("127.0.0.1", "::1")
    notices_an_hour: Positive = 500


class Retention(Table):
    """`[retention]`: after how long `publisher db tidy` forgets what need not be known any longer; without a rule it is kept.

    Attributes:
        pending, left: addresses of those who never confirmed, or have left everything. networks: from which network a form came.
        ledger: addresses in deliveries, counted from when their dispatch could last be sent (`expires` of its digest).
    """

    pending: Duration | None = None
    left: Duration | None = None
    networks: Duration | None = None
    ledger: Duration | None = None


class Wire(Table):
    """`[wire]`: what holds for the stories of every source.

    Attributes:
        duplicates: "merge": of several agencies' reports of one event one leads and names the others; "keep": each is printed.
    """

    duplicates: Duplicates = "merge"


class Alarms(Table):
    """`[alarms]`: who is told when a digest has not arrived in time, and who hears that all is well."""

    mail: tuple[MailAddress, ...] = ()
    webhook: WebUrlOrEmpty = ""
    ping: WebUrlOrEmpty = ""
    allow_hosts: tuple[Line, ...] = ()


EVENTS = (
    "edition.published",
    "story.killed",
    "story.restored",
    "dispatch.finished",
    "subscriber.confirmed",
    "subscriber.left",
    "subscriber.suppressed",
    "subscriber.restored",
    "subscriber.erased",
)


class Webhook(Table):
    """`[[webhook]]`: another program that is told what happens. Its secret signs: `webhook_secrets.<name>`.

    Attributes:
        events: what it is told of; empty: everything.
        addresses: "none", or "masked" as logs have them.
        private: whether its host may lie in a private network.
    """

    name: Annotated[Slug, Field(max_length=40)]
    url: WebUrl
    events: tuple[Literal[EVENTS], ...] = ()  # type: ignore[valid-type]  # the list above
    addresses: Literal["none", "masked"] = "none"
    private: bool = False

    @property
    def wanted(self) -> tuple[str, ...]:
        """What it is told of."""
        return self.events or EVENTS


class DisclaimerTable(Table):
    """`[[disclaimer]]`: the house text in one language. Raise `version` when the words change.

    Attributes:
        short: stands at every item of a mail. full: stands with every item of a feed and at the end of every mail.
    """

    id: Slug
    version: Positive
    language: Language
    short: Line
    full: Line

    def domain(self) -> Disclaimer:
        """As editions carry it."""
        return Disclaimer(
            id=self.id, version=self.version, language=self.language, short=self.short, full=self.full
        )
