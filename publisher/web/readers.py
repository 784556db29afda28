"""The pages that answer a reader, as a Starlette application behind the function that serves what is public.

Promises: GET and HEAD change nothing, whatever a mail program or a scanner opens; every change is a POST whose link is the proof, so that no page
needs a cookie, a script or a login. Leaving takes any body, urlencoded or multipart, as often as it comes, and answers 200 without a redirect
(RFC 8058). The answer to a form says nothing about whether we know the address, nor does its time. Nothing is loaded from anywhere, nothing is
cached, no address leaves in a Referer; links are built on the configured address, never on the Host header.
Refused: bodies over 16 kB, forms that were filled in faster than a person can or are a day old (they are shown again, filled in), and robots that
fill in what nobody sees (they get the usual answer).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from publisher.errors import PublisherError
from publisher.newsroom import Newsroom
from publisher.web.answers import HEADERS, Answers
from publisher.web.turns import Turns
from publisher.web.visit import Visit, unlisted_proxy, visit_of

__all__ = ["PATHS", "reader_pages"]

_log = logging.getLogger("publisher.web")

PATHS = frozenset({b"subscribe", b"confirm", b"u", b"p", b"account", b"address"})
"""First parts of the addresses that are answered here."""


def reader_pages(newsroom: Newsroom, *, root: str, clock: Callable[[], datetime]) -> Starlette:
    """The application. `root`: the address that links begin with; `clock`: the present instant."""
    desk, turns, proxies = Answers(newsroom, root, clock), Turns(), newsroom.settings.web.proxies
    told = False

    def tell_of_unlisted(request: Request) -> None:
        """Once: behind a web server that is not named all readers share one network's limit, and their evidence says its network."""
        nonlocal told
        if not told and (server := unlisted_proxy(request, proxies)):
            told = True
            _log.warning(
                "%s says in X-Forwarded-For for whom it asks and is not in web.proxies: all its readers count as one network. "
                "If it is a web server of yours, name it there",
                server,
            )

    def answered_by(handle: Callable[[Visit], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            tell_of_unlisted(request)
            visit = await visit_of(request, proxies)
            try:
                return await turns.do(visit.method, handle, visit)
            except PublisherError:
                return await asyncio.to_thread(desk.trouble, visit)

        return endpoint

    both = ["GET", "POST"]
    routes = [
        Route("/subscribe", answered_by(desk.join), methods=both),
        Route("/confirm/{token}", answered_by(desk.confirm), methods=both),
        Route("/u/{token}", answered_by(desk.leave), methods=both),
        Route("/p/{token}", answered_by(desk.prefer), methods=both),
        Route("/account/{token}", answered_by(desk.account), methods=both),
        Route("/address/{token}", answered_by(desk.address), methods=both),
    ]

    async def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == 404:
            return await asyncio.to_thread(desk.dead, await visit_of(request, ()))
        status = error.status_code if isinstance(error, HTTPException) else 400
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        words = {405: "Only GET, HEAD and POST are answered here.", 413: "This form is too large."}
        return PlainTextResponse(words.get(status, "This cannot be read."), status, HEADERS | headers)

    app = Starlette(routes=routes, exception_handlers={HTTPException: refused, ClientDisconnect: refused})
    app.router.redirect_slashes = False
    return app
