"""What several readers' pages answer alike: dead links, trouble, "check your mail"; and in which language a page speaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from starlette.responses import Response

from publisher.desk import consent
from publisher.desk.consent import Standing
from publisher.newsroom import Newsroom
from publisher.render import readers as pages
from publisher.render.readers import House, Offer
from publisher.render.words import Words
from publisher.web.visit import Visit, best

__all__ = ["HEADERS", "LATER", "Replies"]

HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
TOO_MANY, LATER = 429, 503


class Replies:
    """Answers that several pages share, and in which words they are given."""

    def __init__(self, newsroom: Newsroom, root: str, clock: Callable[[], datetime]) -> None:
        self._newsroom, self._clock = newsroom, clock
        site = newsroom.settings.site
        self._below = urlsplit(root).path
        self._house = House(
            name=site.name,
            url=root,
            contact=site.contact,
            postal_address=site.postal_address,
            theme=newsroom.settings.theme,
        )

    def dead(self, visit: Visit) -> Response:
        """The same for every link that is none."""
        page = pages.dead_page(
            self._house,
            self._spoken(visit),
            subscribe=self._path("subscribe") if consent.offered(self._newsroom) else "",
            templates=self._newsroom.templates,
        )
        return self._shown(page, 404)

    def trouble(self, visit: Visit) -> Response:
        """Nothing was done: the database is away, or a template is wrong."""
        words, templates = self._spoken(visit), self._newsroom.templates
        page = pages.trouble_page(self._house, words, busy=False, templates=templates)
        return self._shown(page, LATER, {"retry-after": "60"})

    def _busy(self, words: Words) -> Response:
        page = pages.trouble_page(self._house, words, busy=True, templates=self._newsroom.templates)
        return self._shown(page, TOO_MANY, {"retry-after": "3600"})

    def _sent(self, words: Words) -> Response:
        return self._shown(pages.mail_sent_page(self._house, words, templates=self._newsroom.templates))

    def _done(self, words: Words, what: str, address: str = "") -> Response:
        page = pages.done_page(
            self._house, words, what=what, address=address, templates=self._newsroom.templates
        )
        return self._shown(page)

    def _shown(self, page: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        told = HEADERS | {"content-security-policy": pages.policy(page)} | (headers or {})
        return Response(page, status, told, media_type="text/html; charset=utf-8")

    def _said(self, standing: Standing, visit: Visit) -> tuple[Words, str]:
        """The words of a reader's language, or of one that they asked to see the page in, and the digest's title in it."""
        asked = visit.query.get("lang", "")
        chosen = visit.posts and visit.said("act") == "save"
        language = asked if asked in standing.digest.languages and not chosen else standing.language
        return self._words(language), standing.digest.title(language)

    def _speaking(self, standing: Standing, *parts: str) -> House:
        """The house on a page that may be seen in each of the digest's languages."""
        tongues = (Offer("", f"{self._path(*parts)}?lang={tag}", tag) for tag in standing.digest.languages)
        return replace(self._house, tongues=tuple(tongues))

    def _act(self, visit: Visit, *parts: str) -> str:
        """Where a page's buttons lead, in the language that it is seen in."""
        asked = visit.query.get("lang", "")
        return f"{self._path(*parts)}?{urlencode({'lang': asked})}" if asked else self._path(*parts)

    def _spoken(self, visit: Visit) -> Words:
        settings = self._newsroom.settings
        offered = [settings.site.language, *(tag for one in settings.digests for tag in one.languages)]
        return self._words(best(visit.languages, offered))

    def _words(self, language: str) -> Words:
        """The words of a page in this language."""
        return self._newsroom.templates.words(language).apart

    def _path(self, *parts: str) -> str:
        return "/".join((self._below, *parts))

    def _url(self, path: str) -> str:
        return f"{self._below}/{path}"
