"""From files and environment to `Settings`: every fault is named at once, with its place and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)
from pydantic_settings.sources.utils import parse_env_vars

from publisher.edition import Disclaimer
from publisher.errors import ConfigurationInvalid, Problem
from publisher.feed import Consumer
from publisher.section import Section
from publisher.series import Digest
from publisher.settings import files
from publisher.settings.checks import did_you_mean, faults
from publisher.settings.files import Found, Loc, file_of, find, read, too_deep
from publisher.settings.keys import Secrets, from_files
from publisher.settings.mail import Dkim, Mail, Mailbox, Relay
from publisher.settings.series import AttributeTable, ConsumerTable, DigestTable, SectionTable, SourceTable
from publisher.settings.signing import Signing, signing
from publisher.settings.tables import (
    Alarms,
    DisclaimerTable,
    FeedsTable,
    Fetch,
    Retention,
    Site,
    Store,
    Web,
    Webhook,
    Wire,
)
from publisher.settings.theme import ThemeTable
from publisher.story import Source
from publisher.theme import Theme
from subscribers.attributes import Attribute

__all__ = ["Settings", "Tables", "effective", "from_data", "load"]

PREFIX = "PUBLISHER_"
NOT_SETTINGS = frozenset({"CONFIG", "ACTOR", "CRASHPOINT", "SAMPLES", "TEST_REQUIRE"})
"""Variables of ours that are read elsewhere."""
ORCHESTRATOR = re.compile(r"(SERVICE|PORT)(_|$)")
"""Kubernetes gives these to every container once a service is called `publisher`; they are nobody's typing error."""


class Tables(BaseSettings):
    """All tables as written: the shape of the files, and of `PUBLISHER_<TABLE>__<KEY>` in the environment."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, env_prefix=PREFIX, env_nested_delimiter="__"
    )

    site: Site
    store: Store = Store()
    relay: tuple[Relay, ...] = ()
    fetch: Fetch = Fetch()
    mail: Mail = Mail()
    mailbox: Mailbox = Mailbox()
    dkim: Dkim = Dkim()
    feeds: FeedsTable = FeedsTable()
    web: Web = Web()
    alarms: Alarms = Alarms()
    retention: Retention = Retention()
    webhook: tuple[Webhook, ...] = ()
    wire: Wire = Wire()
    theme: ThemeTable = ThemeTable()
    consumer: tuple[ConsumerTable, ...] = ()
    attribute: tuple[AttributeTable, ...] = ()
    disclaimer: tuple[DisclaimerTable, ...] = ()
    section: tuple[SectionTable, ...] = ()
    source: tuple[SourceTable, ...] = ()
    digest: tuple[DigestTable, ...] = ()
    secrets: Secrets

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the name is pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - read by `_environment`, from a mapping handed in
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - `*_file` keys do this, visibly
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is handed in and nothing else: files and environment are joined before, so that tests need neither."""
        return (init_settings,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The configuration, checked: what newsroom turns into the values that everything else is handed.

    Attributes:
        folder: the configuration's folder, absolute.
        store: with absolute paths, and a URL that is never empty.
        relays: in the order in which they are used; none is allowed as long as there is no digest.
        dkim: without keys when mails are not signed here.
        stamps: when its files had been written before they were read; None where it came from no files.
    """

    folder: Path
    site: Site
    store: Store
    relays: tuple[Relay, ...]
    fetch: Fetch
    mail: Mail
    mailbox: Mailbox
    dkim: Signing = field(repr=False)
    feeds: FeedsTable
    web: Web
    alarms: Alarms
    retention: Retention
    webhooks: tuple[Webhook, ...]
    wire: Wire
    theme: Theme
    consumers: tuple[Consumer, ...]
    attributes: tuple[Attribute, ...]
    disclaimers: tuple[Disclaimer, ...]
    sections: tuple[Section, ...]
    sources: tuple[Source, ...]
    digests: tuple[Digest, ...]
    secrets: Secrets = field(repr=False)
    tables: Tables = field(repr=False, compare=False)
    stamps: Mapping[str, tuple[int, int]] | None = field(default=None, repr=False, compare=False)

    @property
    def written_since(self) -> tuple[str, ...]:
        """Which of its files were written since they were read: what is in force is no longer what stands there."""
        if self.stamps is None:
            return ()
        present = files.written(self.folder)
        names = sorted({*self.stamps, *present})
        return tuple(name for name in names if self.stamps.get(name) != present.get(name))

    @property
    def data_dir(self) -> Path:
        """The folder of database, locks and built feeds, absolute."""
        return self.store.data_dir

    @property
    def store_url(self) -> str:
        """The database's URL."""
        return self.store.url

    @property
    def templates_dir(self) -> Path | None:
        """The operator's own templates, absolute, or None."""
        return self.store.templates_dir


def load(folder: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read and check the configuration.

    Args:
        folder: the folder that the person named, or None to look in the usual places (see `files.find`).
        environ: the process's environment; `PUBLISHER_SITE__NAME` beats `site.name` in the file.

    Raises:
        ConfigurationInvalid: with every problem found.
    """
    place = find(folder, environ)
    stamps = files.written(place)  # before: what is written while they are read counts as written since
    return replace(_settled(read(place), place, environ), stamps=stamps)


def from_data(
    publisher: Mapping[str, Any],
    *,
    sections: Sequence[Mapping[str, Any]] = (),
    sources: Sequence[Mapping[str, Any]] = (),
    digests: Sequence[Mapping[str, Any]] = (),
    secrets: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path = Path("config"),
) -> Settings:
    """The same from data instead of files: what publisher.toml holds, and the entries of the other three."""
    data = {**publisher, "section": list(sections), "source": list(sources), "digest": list(digests)}
    if secrets is not None:
        data["secrets"] = dict(secrets)
    return _settled(Found(data=data), folder.resolve(), environ or {})


def effective(settings: Settings) -> dict[str, Any]:
    """Every value in force, defaults included, JSON-ready, in the shape of the files; secrets are masked."""
    tables = settings.tables
    shown = tables.model_copy(
        update={
            "store": settings.store,
            "mailbox": settings.mailbox,
            "dkim": tables.dkim.resolved(settings.folder),
            "relay": tuple(relay.resolved(settings.folder) for relay in tables.relay),
        }
    )
    return shown.model_dump(mode="json")


def _settled(found: Found, folder: Path, environ: Mapping[str, str]) -> Settings:
    ours = {name.upper(): value for name, value in environ.items() if name.upper().startswith(PREFIX)}
    problems = [*found.problems, *_unknown_variables(ours)]
    unread = {problem.where for problem in found.problems}  # that something of theirs is missing is no news
    data: dict[str, Any] | None
    try:
        data = _joined(found.data, _environment(ours))
    except SettingsError as error:
        problems.append(
            Problem("environment", "", f"a list or table is given as JSON, and cannot be read: {error}")
        )
        raise ConfigurationInvalid(problems) from None
    except RecursionError:
        data = None
    if data is None or too_deep(data):
        raise ConfigurationInvalid(
            [*problems, Problem("environment", "", "tables or lists lie too deep in one another")]
        )
    if isinstance(data.get("secrets"), Mapping):
        data["secrets"], wrong = from_files(data["secrets"], folder)
        problems += wrong
    try:
        tables = Tables(**data)
    except ValidationError as error:
        entries = error.errors(include_url=False, include_input=False)
        deep = {_loc(entry)[:length] for entry in entries for length in range(len(_loc(entry)))}
        problems += [
            _problem(_loc(entry), _sentence(entry), data, found, ours)
            for entry in entries
            if (
                entry["type"] != "too_short" or _loc(entry) not in deep
            )  # pydantic counts only the entries that are right
            and not (len(entry["loc"]) == 1 and file_of(entry["loc"][0]) in unread)
        ]
        raise ConfigurationInvalid(problems) from None
    signs, unsigned = signing(tables, folder)
    problems += [
        _problem(loc, message, data, found, ours)
        for loc, message in (*faults(tables, folder), *unsigned)
        if not (loc[0] == "digest" and loc[-1] == "sections" and "sections.toml" in unread)
    ]
    if problems:
        raise ConfigurationInvalid(problems)
    site = tables.site
    own_hosts = (urlsplit(site.url).hostname or "", *(host for s in tables.source for host in s.own_hosts()))
    return Settings(
        folder=folder,
        site=site,
        store=tables.store.resolved(folder),
        relays=tuple(
            sorted((relay.resolved(folder) for relay in tables.relay), key=lambda relay: relay.order)
        ),
        fetch=tables.fetch,
        mail=tables.mail,
        mailbox=tables.mailbox.resolved(folder),
        dkim=signs,
        feeds=tables.feeds,
        web=tables.web,
        alarms=tables.alarms,
        retention=tables.retention,
        webhooks=tables.webhook,
        wire=tables.wire,
        theme=tables.theme.domain(),
        consumers=tuple(entry.domain() for entry in tables.consumer),
        attributes=tuple(entry.domain() for entry in tables.attribute),
        disclaimers=tuple(entry.domain() for entry in tables.disclaimer),
        sections=tuple(entry.domain(tables.wire.duplicates) for entry in tables.section),
        sources=tuple(
            entry.domain(language=site.language, timezone=site.timezone, own_hosts=own_hosts, config=folder)
            for entry in tables.source
        ),
        digests=tuple(
            entry.domain(timezone=site.timezone, reply_to=site.contact, list_domain=tables.mail.list_domain)
            for entry in tables.digest
        ),
        secrets=tables.secrets,
        tables=tables,
    )


def _environment(ours: Mapping[str, str]) -> dict[str, Any]:
    source = EnvSettingsSource(Tables)
    source.env_vars = parse_env_vars(ours)
    return source()


def _joined(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    """`high` over `low`, table by table; a list replaces a list."""
    joined = dict(low)
    for key, value in high.items():
        below = joined.get(key)
        joined[key] = (
            _joined(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
        )
    return joined


def _unknown_variables(ours: Mapping[str, str]) -> Iterator[Problem]:
    known = [PREFIX + "__".join(loc).upper() for loc in _all_names(Tables)]
    for name in ours:
        rest = name.removeprefix(PREFIX)
        table = rest.partition("__")[0].lower()
        if rest not in NOT_SETTINGS and table not in Tables.model_fields and not ORCHESTRATOR.match(rest):
            yield Problem("environment", name, f"no setting has this name{did_you_mean(name, known)}")


def _all_names(model: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    for name, info in model.model_fields.items():
        yield (name,)
        for inner in _models(info.annotation):
            yield from ((name, *rest) for rest in _all_names(inner))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The table types inside an annotation: `tuple[Relay, ...]` gives Relay."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _siblings(loc: Loc) -> Iterable[str]:
    """The keys that are known where this unknown one stands."""
    model: type[BaseModel] = Tables
    for part in loc[:-1]:
        if part in model.model_fields:
            model = next(_models(model.model_fields[str(part)].annotation), model)
    return model.model_fields


def _loc(entry: ErrorDetails) -> Loc:
    return tuple(part for part in entry["loc"] if part != "[key]")


def _sentence(entry: ErrorDetails) -> str:
    match entry["type"]:
        case "missing" if entry["loc"] == ("secrets",):
            return "it is not there: put your copy of it back, for links in mails that are out were made with its keys (`publisher init` writes one in a new folder)"
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return f"unknown key{did_you_mean(str(entry['loc'][-1]), _siblings(_loc(entry)))}"
        case "too_short":
            return "needs at least one entry"
        case "value_error":
            return str(entry["ctx"]["error"])
        case _:
            said = entry["msg"].replace("Input should", "should", 1)
            return said.replace("valid tuple", "list").replace("valid dictionary", "table")


def _problem(
    loc: Loc, message: str, data: Mapping[str, Any], found: Found, ours: Mapping[str, str]
) -> Problem:
    for length in range(len(loc), 0, -1):
        name = PREFIX + "__".join(str(part) for part in loc[:length]).upper()
        if name in ours:
            return Problem("environment", name, message)
    return Problem(found.where(loc), written(loc, data), message)


def written(loc: Loc, data: Any) -> str:
    """The key as a person would say it: `source[harbour].url`, `relay[1].tls`, `token_keys.1`."""
    key = ""
    for part in loc:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            data = None
        if isinstance(part, int):
            slug = data.get("slug") if isinstance(data, Mapping) else None
            key += f"[{slug if isinstance(slug, str) else part + 1}]"
        elif part != "secrets":
            key += f".{part}" if key else part
    return key
