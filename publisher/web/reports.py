"""POST /reports/SERVICE: where delivery services tell of bounces, complaints and leavers.

Promises: nothing counts without the service's own proof; the same event twice counts once; and a service is asked to try again exactly where that helps.

| answer | when | it should try again |
|---|---|---|
| 200 | taken in, known already, or nothing that concerns us | no |
| 401 | no proof, or one that is not the configured key's: the key may be mended meanwhile | yes |
| 404 | no such service, or no key of it in secrets.toml | |
| 413 | over 2 MB | no |
| 503 | the database is away, a mail is still at its dot, a certificate cannot be had | yes |
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from datetime import datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from publisher.desk.reports import hear
from publisher.desk.returned import StillSending
from publisher.errors import StoreUnavailable, Unstorable
from publisher.newsroom import Newsroom
from publisher.services.base import Away, NotProved, Post, Unreadable
from publisher.web.turns import Turns
from publisher.web.visit import body_of

__all__ = ["PATH", "service_reports"]

PATH = b"reports"
BODY_MAX = 2_000_000
LOG_SECONDS = 60.0
"""Between two lines of the log about requests without proof: anybody can send them."""
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

_log = logging.getLogger("publisher.web")


def service_reports(newsroom: Newsroom, *, clock: Callable[[], datetime]) -> Starlette:
    """The application. `clock`: the present instant."""
    door = _Door(newsroom, clock)

    async def refused(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 400
        return PlainTextResponse(f"{status}\n", status, HEADERS)

    routes = [Route("/reports/{service}", door.answer, methods=["POST"])]
    app = Starlette(routes=routes, exception_handlers={HTTPException: refused})
    app.router.redirect_slashes = False
    return app


class _Door:
    def __init__(self, newsroom: Newsroom, clock: Callable[[], datetime]) -> None:
        self._newsroom, self._clock = newsroom, clock
        self._logged = float("-inf")
        self._turns = Turns()

    async def answer(self, request: Request) -> Response:
        body = await body_of(request, BODY_MAX)
        post = Post({name.lower(): value for name, value in request.headers.items()}, body)
        try:
            return await self._turns.do(request.method, self._answer, request.path_params["service"], post)
        except StoreUnavailable as error:
            return _later(str(request.path_params["service"]), error)

    def _answer(self, name: str, post: Post) -> Response:
        try:
            heard = hear(self._newsroom, name, post, now=self._clock())
        except NotProved as error:
            self._warn("somebody claims to be %s, without proof: %s", name, error)
            return PlainTextResponse("not proved\n", 401, HEADERS)
        except (Unreadable, Unstorable) as error:
            _log.warning("%s told something that cannot be read: %s", name, error)
            return _told({"unrecognised": 1})
        except (Away, StillSending, StoreUnavailable) as error:
            return _later(name, error)
        if heard is None:
            raise HTTPException(404)
        return _told(dict(heard.effects))

    def _warn(self, line: str, *facts: object) -> None:
        now = time.monotonic()
        if now - self._logged >= LOG_SECONDS:
            self._logged = now
            _log.warning(line, *facts)


def _later(name: str, error: Exception) -> Response:
    _log.info("%s has to tell again: %s", name, error)
    return PlainTextResponse("later\n", 503, HEADERS | {"Retry-After": "60"})


def _told(effects: dict[str, int]) -> Response:
    return Response(json.dumps({"effects": effects}), 200, HEADERS, "application/json")
