"""Reading what a newsroom has out already, and what its stories lack: a feed, a page, a WordPress site, or a file. No newsroom is needed.

Order: fetch (or read, no more of it than is ever judged, and nothing that is no file) once; of a WordPress site's front page the newest posts by its REST interface, of another page the article, else the feed
that it names; then each story is judged. Nothing is stored, and nothing is asked but the one site.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser

from publisher import intake
from publisher.errors import BadInput, InputUnreadable
from publisher.fetch import Failed, Fetched, Guard, Memory, fetch, values
from publisher.intake import Context, Unreadable, mail, sweeping
from publisher.intake.auditing import Audited, audited
from publisher.intake.document import MAX_BYTES
from publisher.intake.markup import to_text
from publisher.intake.page import feeds_in, is_html
from publisher.legible import is_front_page
from publisher.settings.disk import bytes_of
from publisher.story import Source, SourceKind

__all__ = ["Report", "audit"]

PAGE = 50
INSTEAD = "give the feed that they stand in, or the page of each"
"""What is to be audited in place of a mail, or of an edition's or a section's page."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was read, each story's verdict, and how many items were no stories that are out."""

    place: str
    stories: tuple[Audited, ...]
    passed_over: int = 0

    @property
    def lacking(self) -> tuple[Audited, ...]:
        """The stories that lack something."""
        return tuple(story for story in self.stories if story.lacks)


def audit(
    place: str,
    *,
    given: bytes | None = None,
    disclaimers: Sequence[str] = (),
    private: bool = False,
    limit: int = 100,
    now: datetime,
) -> Report:
    """Judge the stories at an address or in a file; `private`: the site may be in a private network, which was meant.

    `given`: what was read of the place already.

    Raises:
        BadInput: there is nothing that can be read as stories.
    """
    if given is not None or "://" not in place:
        raw = _read(place) if given is None else given
        return _judged(place, [(raw, "")], _source(""), disclaimers=disclaimers, limit=limit, now=now)
    guard = _alone(place) if private else Guard()
    documents, host = asyncio.run(_Reader(guard, now).documents(place, limit))
    return _judged(place, documents, _source(host), disclaimers=disclaimers, limit=limit, now=now)


def _read(place: str) -> bytes:
    try:
        return bytes_of(Path(place), MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputUnreadable(place, getattr(error, "strerror", None) or str(error)) from error


def _alone(place: str) -> Guard:
    """Lets the named site pass, wherever it is; an address that cannot be read names none, and is refused where it is fetched."""
    try:
        parts = urlsplit(place)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return Guard()
    return Guard(ports=frozenset({port}), allow_hosts=frozenset({parts.hostname or ""}))


def _source(host: str) -> Source:
    """The site as a house source, whose own links are nobody's."""
    name = host or "file"
    return Source(
        slug="audit",
        name=name,
        homepage=f"https://{host or 'audited.invalid'}/",
        kind=SourceKind.HOUSE,
        own_hosts=(host,) if host else (),
    )


def _judged(
    place: str,
    documents: Sequence[tuple[bytes, str]],
    source: Source,
    *,
    disclaimers: Sequence[str],
    limit: int,
    now: datetime,
) -> Report:
    stories: list[Audited] = []
    passed_over = 0
    for raw, url in documents:
        if mail.recognises(raw, None):
            raise BadInput(f"{place} is a mail: of all its stories it would be read as one; {INSTEAD}")
        page = is_html(raw)
        if page and _is_list(raw):
            raise BadInput(f"{place} is a page of several stories: {INSTEAD}")
        context = Context(source=source, now=now, base_url=url or None, max_items=limit)
        found = intake.read(raw, context, format="page" if page else "auto")
        if isinstance(found, Unreadable):
            raise BadInput(f"{place} holds no stories that can be read: {found.detail}")
        alone = page or len(found.items) == 1
        around = to_text(raw.decode("utf-8", "replace")) if alone else ""
        for item in found.items[: limit - len(stories)]:
            if item.source_guid in found.kills:
                passed_over += 1
                continue
            verdict = audited(item, source, around=around, disclaimers=disclaimers)
            if verdict is None:
                passed_over += 1
            else:
                stories.append(verdict)
    return Report(place, tuple(stories), passed_over)


def _is_list(raw: bytes) -> bool:
    """Whether a page lists several stories and tells none: its articles have headings, and none of them the page's own."""
    found = LexborHTMLParser(raw.decode("utf-8", "replace")).css("article")
    headed = [article for article in found if article.css_first("h2, h3") is not None]
    return len(headed) > 1 and not any(article.css_first("h1") for article in found)


class _Reader:
    """Asks the one site."""

    def __init__(self, guard: Guard, now: datetime) -> None:
        self._guard, self._now = guard, now

    async def documents(self, url: str, limit: int) -> tuple[list[tuple[bytes, str]], str]:
        """The documents that hold the stories, each with its address, and the site's host."""
        answer = await self._asked(url)
        parts = urlsplit(answer.url)
        host = parts.hostname or ""
        api = sweeping.api_in(answer.url, values(answer.headers, b"link"))
        if "/wp-json" in parts.path and not sweeping.is_api(answer.body):
            return [(answer.body, answer.url)], host
        if not is_html(answer.body) and not (api and sweeping.is_api(answer.body)):
            return [(answer.body, answer.url)], host
        if is_html(answer.body) and not is_front_page(parts.path, parts.query) and not _is_list(answer.body):
            context = Context(source=_source(host), now=self._now, base_url=answer.url)
            if not isinstance(intake.read(answer.body, context, format="page"), Unreadable):
                return [(answer.body, answer.url)], host
        if api is not None:
            return await self._posts(api, limit), host
        for feed in feeds_in(answer.body, answer.url):
            found = await self._asked(feed)
            return [(found.body, found.url)], host
        raise BadInput(f"{url} is a page that is no article and names no feed: give the address of a feed")

    async def _posts(self, api: str, limit: int) -> list[tuple[bytes, str]]:
        documents: list[tuple[bytes, str]] = []
        for page in range(1, -(-limit // PAGE) + 1):
            answer = await self._asked(sweeping.newest_url(api, count=min(limit, PAGE), page=page))
            documents.append((answer.body, answer.url))
            told = values(answer.headers, b"x-wp-totalpages")
            if not told or not told[0].isdecimal() or int(told[0]) <= page:
                break
        return documents

    async def _asked(self, url: str) -> Fetched:
        answer = await fetch(url, memory=Memory(), now=self._now, guard=self._guard)
        if isinstance(answer, Fetched):
            return answer
        why = self._refused(answer) if isinstance(answer, Failed) else "it says that nothing changed"
        barred = isinstance(answer, Failed) and answer.reason in {"port", "address"}
        hint = "; where the site is your own, in a private network or at such a port, --private allows it"
        if self._guard.allow_hosts:
            hint = (
                "; --private allows the site alone that you named: if this is the same one, give this address"
            )
        raise BadInput(f"{url} cannot be fetched: {why}{hint if barred else ''}")

    def _refused(self, answer: Failed) -> str:
        """Why, in words that name no setting: an audit needs no newsroom, and goes by none."""
        if answer.reason == "port":
            ports = " and ".join(map(str, sorted(self._guard.ports)))
            return f"port: an audit asks {ports} alone, whatever a newsroom has in `fetch.ports`"
        return f"{answer.reason}: {answer.detail.partition(' (fetch.')[0]}"
