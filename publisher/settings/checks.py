"""Rules that look at more than one value: names that must exist, pairs that must agree, what must be there for mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from stat import S_IFDIR, S_IFREG
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from publisher.feed import feeds_of
from publisher.legible import visible
from publisher.services import NAMES, service
from publisher.settings.disk import blocked, is_kind
from publisher.settings.files import Loc
from publisher.settings.mail import is_loopback
from publisher.settings.theme import theme_faults
from publisher.settings.values import term
from subscribers.errors import SegmentUnreadable
from subscribers.segments import parse

if TYPE_CHECKING:
    from publisher.settings.loading import Tables
    from publisher.settings.mail import Relay
    from publisher.settings.series import DigestTable

__all__ = ["Fault", "did_you_mean", "faults"]

Fault = tuple[Loc, str]
"""Where, and what is wrong there."""

RESERVED_SECTIONS = frozenset({"all", "archive", "for", "index", "lang", "source"})
"""Names that `/feeds/` uses itself."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "name"?`, or nothing."""
    close = get_close_matches(word, list(known), n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


def faults(tables: Tables, folder: Path) -> Iterator[Fault]:
    """Everything that is wrong between the tables, in the order of the files."""
    yield from _site(tables)
    yield from _store(tables, folder)
    yield from _relays(tables, folder)
    yield from _mailbox(tables, folder)
    yield from _services(tables)
    yield from _webhooks(tables)
    if tables.fetch.allow_hosts and not tables.site.development:
        yield (
            ("fetch", "allow_hosts"),
            "opens private networks to whatever a feed names; only with site.development = true",
        )
    yield from theme_faults(tables.theme.domain())
    yield from _repeated("disclaimer", "language", [entry.language for entry in tables.disclaimer])
    yield from _sections(tables)
    yield from _repeated("source", "slug", [entry.slug for entry in tables.source])
    for number, entry in enumerate(tables.source):
        if entry.url and entry.folder:
            yield ("source", number, "folder"), "a source has a `url` or a `folder`, not both"
    yield from _digests(tables)
    yield from _consumers(tables)
    yield from _attributes(tables)


def _attributes(tables: Tables) -> Iterator[Fault]:
    yield from _repeated("attribute", "name", [entry.name for entry in tables.attribute])
    for index, entry in enumerate(tables.attribute):
        if (entry.kind == "choice") != bool(entry.values):
            yield (
                ("attribute", index, "values"),
                'are what a "choice" may be: it needs them, and nothing else has any',
            )
    attributes = [entry.domain() for entry in tables.attribute]
    for index, digest in enumerate(tables.digest):
        try:
            if digest.segment:
                parse(digest.segment, attributes, languages=digest.languages, sections=digest.sections)
        except SegmentUnreadable as error:
            yield ("digest", index, "segment"), str(error)


def _repeated(table: str, key: str, values: Sequence[Hashable]) -> Iterator[Fault]:
    counts: Counter[Hashable] = Counter()
    for index, value in enumerate(values):
        counts[value] += 1
        if counts[value] > 1:
            yield (table, index, key), f"{value} is taken by another [[{table}]]"


def _site(tables: Tables) -> Iterator[Fault]:
    if urlsplit(tables.site.url).scheme != "https" and not tables.site.development:
        yield (
            ("site", "url"),
            "has to be https: one-click leaving needs it (RFC 8058), and links carry readers' tokens",
        )
    yield from _disclaimed(tables, ("site", "language"), [tables.site.language])


def _disclaimed(tables: Tables, loc: Loc, languages: Iterable[str]) -> Iterator[Fault]:
    have = {entry.language for entry in tables.disclaimer}
    for language in languages:
        if language not in have:
            yield (
                loc,
                f'no [[disclaimer]] in "{language}": nothing can be published in a language without one',
            )


def _store(tables: Tables, folder: Path) -> Iterator[Fault]:
    store = tables.store.resolved(folder)
    if tables.store.url and (wrong := _database_url(tables.store.url)):
        yield ("store", "url"), wrong
    if obstacle := blocked(store.data_dir):
        yield ("store", "data_dir"), f"{obstacle} is no folder"
    if store.templates_dir and not is_kind(store.templates_dir, S_IFDIR):
        yield ("store", "templates_dir"), f"there is no folder {store.templates_dir}"


def _database_url(url: str) -> str:
    """What is wrong with it, never repeating it: it may hold a password."""
    wanted = "sqlite:////absolute/path or postgresql://user@host/name is wanted"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return f"{wanted}; its host or port cannot be read"
    if not url.startswith(("sqlite:////", "postgresql://")) or not url.isprintable() or port == 0:
        return wanted
    if parts.scheme == "sqlite":
        path = Path(unquote(parts.path[1:]))
        if is_kind(path, S_IFDIR) or blocked(path.parent):
            return f"{path} is no place for a database file"
    return ""


def _relays(tables: Tables, folder: Path) -> Iterator[Fault]:
    """One function for each rule of a relay: another rule is another function, and a line here."""
    names = [relay.name for relay in tables.relay]
    for index, relay in enumerate(tables.relay):
        loc: Loc = ("relay", index)
        if relay.name in names[:index]:
            yield (*loc, "name"), f'there is another relay "{relay.name}"; each has a name of its own'
        yield from _in_clear(relay, loc)
        yield from _password(relay, loc, tables.secrets.relay_password(relay.name))
        yield from _ca_file(relay.resolved(folder).ca_file, loc)
        yield from _of_service(relay, loc)
    for name in tables.secrets.relay_passwords:
        if name not in names:
            hint = did_you_mean(name, names)
            yield ("secrets", "relay_passwords", name), f"there is no relay of this name{hint}"


def _in_clear(relay: Relay, loc: Loc) -> Iterator[Fault]:
    """What would go over a network that others read."""
    if relay.tls == "none" and not is_loopback(relay.host):
        yield (
            (*loc, "tls"),
            f'"none" would show mail and addresses to the network on the way to {relay.host}; only for loopback',
        )
    if relay.username and relay.tls in {"none", "opportunistic"}:
        yield (
            (*loc, "username"),
            f'a password never goes out in clear: tls = "{relay.tls}" takes no username',
        )


def _password(relay: Relay, loc: Loc, password: str) -> Iterator[Fault]:
    """A username and its password come together."""
    if relay.username and not password:
        yield (*loc, "username"), f"has no password: set relay_passwords.{relay.name} in secrets.toml"
    if password and not relay.username:
        yield ("secrets", "relay_passwords", relay.name), f'the relay "{relay.name}" has no username'


def _ca_file(path: Path | None, loc: Loc) -> Iterator[Fault]:
    if path and not is_kind(path, S_IFREG):
        yield (*loc, "ca_file"), f"there is no file {path}"


def _of_service(relay: Relay, loc: Loc) -> Iterator[Fault]:
    if relay.service and relay.service not in NAMES:
        yield (*loc, "service"), _no_service(relay.service)


def _mailbox(tables: Tables, folder: Path) -> Iterator[Fault]:
    box = tables.mailbox
    if box.host and not box.username:
        yield ("mailbox", "username"), "is missing: whose mailbox is it?"
    if box.host and not tables.secrets.mailbox_password.get_secret_value():
        yield ("mailbox", "host"), "has no password: set mailbox_password in secrets.toml"
    yield from _ca_file(box.resolved(folder).ca_file, ("mailbox",))


def _services(tables: Tables) -> Iterator[Fault]:
    for name, key in tables.secrets.report_keys.items():
        found = service(name)
        if wrong := found.wrong(key.get_secret_value()) if found else _no_service(name):
            yield ("secrets", "report_keys", name), wrong


def _inside(host: str) -> bool:
    """Whether an address as it stands there is none of the public internet; a name is asked when it is told."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return is_loopback(host)


def _webhooks(tables: Tables) -> Iterator[Fault]:
    names = [hook.name for hook in tables.webhook]
    yield from _repeated("webhook", "name", names)
    for index, hook in enumerate(tables.webhook):
        if hook.name not in tables.secrets.webhook_secrets:
            yield (
                ("webhook", index, "name"),
                f"has no secret: set webhook_secrets.{hook.name} in secrets.toml",
            )
        if urlsplit(hook.url).scheme != "https" and not hook.private:
            yield ("webhook", index, "url"), "has to be https outside a private network"
        elif not hook.private and _inside(urlsplit(hook.url).hostname or ""):
            yield (
                ("webhook", index, "url"),
                "leads into a private network: `private = true` says that it is meant",
            )
    for name in tables.secrets.webhook_secrets:
        if name not in names:
            hint = did_you_mean(name, names)
            yield ("secrets", "webhook_secrets", name), f"there is no webhook of this name{hint}"


def _no_service(name: str) -> str:
    return f"no such service is known{did_you_mean(name, NAMES)}; known are {', '.join(NAMES)}"


def _sections(tables: Tables) -> Iterator[Fault]:
    sources = [source.slug for source in tables.source]
    yield from _repeated("section", "slug", [entry.slug for entry in tables.section])
    for index, section in enumerate(tables.section):
        loc: Loc = ("section", index)
        if section.slug in RESERVED_SECTIONS:
            yield (*loc, "slug"), f'"{section.slug}" is a name that feed addresses use themselves'
        if not isinstance(section.languages, str):
            yield from _disclaimed(tables, (*loc, "languages"), section.languages)
        for key, texts in (("any", section.any), ("none", section.none)):
            for condition in map(term, texts):
                if condition.kind == "source" and condition.value not in sources:
                    hint = (
                        did_you_mean(condition.value, sources)
                        if sources
                        else "; sources.toml is missing or names none"
                    )
                    yield (*loc, key), f'there is no source "{condition.value}"{hint}'


def _digests(tables: Tables) -> Iterator[Fault]:
    yield from _repeated("digest", "slug", [entry.slug for entry in tables.digest])
    slugs = [entry.slug for entry in tables.digest]
    for index, entry in enumerate(tables.digest):
        for branch in ("weekly", "alerts"):
            if getattr(entry, branch) and f"{entry.slug}-{branch}" in slugs:
                yield (
                    ("digest", index, branch),
                    f'its editions would be called like the digest "{entry.slug}-{branch}"',
                )
    yield from _repeated("digest", "number", [entry.number for entry in tables.digest])
    sections = [section.slug for section in tables.section]
    for index, digest in enumerate(tables.digest):
        yield from _digest(digest, ("digest", index), sections)
        yield from _disclaimed(tables, ("digest", index, "languages"), digest.languages)
        if digest.canary and digest.canary.wait >= digest.expires:
            yield (
                ("digest", index, "canary", "wait"),
                "is not shorter than the digest's `expires`: nobody but the canary would be sent to; shorten it, or lengthen `expires`",
            )
        if not digest.list_domain and not tables.mail.list_domain:
            yield ("mail", "list_domain"), f'is needed by the digest "{digest.slug}"'
    if tables.digest:
        yield from _mail(tables)


def _digest(digest: DigestTable, loc: Loc, sections: Sequence[str]) -> Iterator[Fault]:
    if digest.slug == "feed" or digest.slug.startswith("feed-"):
        yield (*loc, "slug"), '"feed" opens the names of feed editions; choose another word'
    for key in ("languages", "sections", "slots", "weekdays"):
        values = getattr(digest, key)
        if len(set(values)) < len(values):
            yield (*loc, key), "names something twice"
    if not sections:
        yield (*loc, "sections"), "there is no section at all: sections.toml is missing or names none"
        return
    for name in digest.sections:
        if name not in sections:
            yield (*loc, "sections"), f'there is no section "{name}"{did_you_mean(name, sections)}'
    for key in ("title", "sender"):
        for language in getattr(digest, key):
            if language not in digest.languages:
                yield (*loc, key, language), f'"{language}" is not one of this digest\'s languages'


def _consumers(tables: Tables) -> Iterator[Fault]:
    if not tables.consumer:
        return  # naming the feeds of several languages reads each one's locale
    yield from _repeated("consumer", "slug", [entry.slug for entry in tables.consumer])
    languages = [entry.language for entry in tables.disclaimer]
    known = [
        feed.series
        for feed in feeds_of(
            [entry.domain(tables.wire.duplicates) for entry in tables.section],
            [entry.domain(language=tables.site.language, timezone="UTC") for entry in tables.source],
            language=tables.site.language,
            languages=languages,
        )
    ]
    for index, consumer in enumerate(tables.consumer):
        for name in consumer.feeds:
            if name not in known:
                yield ("consumer", index, "feeds"), f'there is no feed "{name}"{did_you_mean(name, known)}'


def _mail(tables: Tables) -> Iterator[Fault]:
    """What must be there before a single mail can be built."""
    for key in ("unsubscribe_address", "bounce_address"):
        if not getattr(tables.mail, key):
            yield ("mail", key), "is needed as soon as there is a digest"
    if not visible(tables.site.postal_address):
        yield (
            ("site", "postal_address"),
            "is needed as soon as there is a digest: the law asks for it in every mail",
        )
    if not tables.relay:
        yield ("relay",), "is needed as soon as there is a digest"
