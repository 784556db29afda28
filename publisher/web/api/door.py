"""Requests to the API: checked, carried out by the desk in a thread, answered. The order stands in the package's contract."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from publisher import errors
from publisher.desk import access
from publisher.errors import BadInput, PublisherError
from publisher.newsroom import Newsroom
from publisher.web.api.document import PARTS, document
from publisher.web.api.operations import OPERATIONS, Call, Operation
from publisher.web.asking import named
from publisher.web.turns import Turns
from publisher.web.visit import BODY_MAX, body_of
from subscribers import errors as people
from subscribers.errors import SubscribersError

__all__ = ["PATH", "STATUS", "api"]

PATH = b"api"
ROOT = "/api/v1"
KEY = re.compile(r"[!-~]{1,255}")
HEADERS = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}

STATUS: dict[type[Exception], int] = {
    errors.BadInput: 400,
    errors.UnknownName: 404,
    errors.AmbiguousName: 400,
    errors.Refused: 409,
    errors.Conflict: 409,
    errors.StoreUnavailable: 503,
    errors.StoreOutdated: 503,
    errors.StoreNewer: 503,
    errors.FolderUnwritable: 503,
    errors.RelayUnavailable: 503,
    errors.MailboxUnavailable: 503,
    errors.MailNotTaken: 503,
    errors.ConfigurationInvalid: 500,
    errors.ConfigurationOutdated: 503,
    errors.TemplateInvalid: 500,
    people.AddressRefused: 400,
    people.AttributeRefused: 400,
    people.AddressSuppressed: 409,
    people.UnknownSubscriber: 404,
    people.ListUnreadable: 400,
    people.SegmentUnreadable: 400,
    people.RhythmUnknown: 400,
    people.StagingFailed: 503,
}
"""Announced failures, or what they descend from; a test walks them all."""
_TITLES = {
    400: "cannot be used",
    401: "no good token",
    403: "not allowed",
    404: "not found",
    405: "no such method here",
    409: "conflict",
    413: "too large",
    500: "cannot be done here",
    503: "later",
}


class _Problem(Exception):
    """Ends a request with this answer."""

    def __init__(self, status: int, code: str, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.facts = status, code, detail, facts


def api(newsroom: Newsroom, *, root: str, clock: Callable[[], datetime]) -> Starlette:
    """The application. `root`: the site's address; `clock`: the present instant."""
    door = _Door(newsroom, root, clock)
    routes = [Route(f"{ROOT}/openapi.json", door.document, methods=["GET"])]
    paths: dict[str, dict[str, Operation]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method] = one
    for path, by_method in paths.items():
        routes.append(Route(ROOT + path, door.endpoint(by_method), methods=list(by_method)))

    async def refused(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 400
        more = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        code = {404: "unknown-address", 405: "method", 413: "too-large"}.get(status, "unreadable")
        return _problem(_Problem(status, code, _TITLES.get(status, "it cannot be read")), more)

    app = Starlette(routes=routes, exception_handlers={HTTPException: refused, ClientDisconnect: refused})
    app.router.redirect_slashes = False
    return app


class _Door:
    def __init__(self, newsroom: Newsroom, root: str, clock: Callable[[], datetime]) -> None:
        self._newsroom, self._root, self._clock = newsroom, root, clock
        self._turns = Turns()

    @cached_property
    def _document(self) -> bytes:
        return json.dumps(document(self._root, version("wire-publisher")), indent=1).encode()

    async def document(self, request: Request) -> Response:
        """The description; nothing of it is secret."""
        return _answer(request, 200, self._document)

    def endpoint(self, by_method: Mapping[str, Operation]) -> Callable[[Request], Awaitable[Response]]:
        """Answers at one path."""

        async def answered(request: Request) -> Response:
            one = by_method["GET" if request.method == "HEAD" else request.method]
            body = await body_of(request, BODY_MAX)
            try:
                return await self._turns.do(one.method, self._carried_out, one, request, body)
            except _Problem as problem:
                return _problem(problem)
            except (PublisherError, SubscribersError) as error:
                status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
                return _problem(_Problem(status, error.code, str(error), **error.facts))

        return answered

    def _carried_out(self, one: Operation, request: Request, body: bytes) -> Response:
        now = self._clock()
        by = self._who(request, one.scope, now)
        call = Call(
            newsroom=self._newsroom,
            actor=by.actor,
            now=now,
            path=_path(request.path_params),
            query=_query(one.query, request),
            body=_body(one.body, request, body),
        )
        key = request.headers.get("idempotency-key")
        if key is None or one.shown_by is None:
            return self._told(request, one, one.do(call))
        if not KEY.fullmatch(key):
            raise BadInput("an Idempotency-Key has 1 to 255 visible characters of ASCII")
        told = f"{request.method} {request.url.path}\n".encode() + body
        once = access.once(self._newsroom, by, key, told, now=now)
        if once.before is not None:
            _, subject = once.before
            return self._told(request, one, one.shown_by(call, subject), {"Idempotent-Replayed": "true"})
        try:
            given = one.do(call)
        except (PublisherError, SubscribersError):
            once.forget()
            raise
        once.ended(one.status, str(given["id"]))
        return self._told(request, one, given)

    def _who(self, request: Request, scope: str, now: datetime) -> access.Access:
        kind, _, shown = request.headers.get("authorization", "").partition(" ")
        by = access.who(self._newsroom, shown.strip(), now=now) if kind.lower() == "bearer" else None
        if by is None:
            raise _Problem(401, "no-token", "a good token is wanted, as `Authorization: Bearer pub_…`")
        if scope not in by.scopes:
            raise _Problem(403, "scope", f"this token lacks the scope {scope}", scope=scope)
        return by

    def _told(
        self, request: Request, one: Operation, given: Any, more: Mapping[str, str] | None = None
    ) -> Response:
        if one.gives is None:
            return Response(status_code=one.status, headers=HEADERS)
        if one.listed:
            given = {"items": list(given), "next": getattr(given, "next", None)}
        headers = dict(more or {})
        if one.status == 201:
            headers["Location"] = f"{self._root}{ROOT}{one.path}/{given['id']}"
        body = json.dumps(given, ensure_ascii=False, default=_plain).encode()
        return _answer(request, one.status, body, headers)


def _answer(request: Request, status: int, body: bytes, more: Mapping[str, str] | None = None) -> Response:
    """The answer to who has not got it yet."""
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {**HEADERS, **(more or {}), "ETag": tag}
    asked = request.headers.get("if-none-match")
    if request.method in {"GET", "HEAD"} and asked is not None and named(asked.encode(), tag.encode()):
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers, "application/json")


def _problem(problem: _Problem, more: Mapping[str, str] | None = None) -> Response:
    said = {
        "type": f"urn:publisher:problem:{problem.code}",
        "title": _TITLES.get(problem.status, "refused"),
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "facts": problem.facts,
    }
    headers = {**HEADERS, **(more or {})}
    if problem.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="publisher"'
    if problem.status == 503:
        headers["Retry-After"] = "30"
    body = json.dumps(said, default=_plain).encode()
    return Response(body, problem.status, headers, "application/problem+json")


def _path(parts: Mapping[str, str]) -> Mapping[str, str]:
    for name, part in parts.items():
        if name == "number":
            most = PARTS[name]["maximum"]
            fits = part.isascii() and part.isdigit() and len(part) < 14 and 1 <= int(part) <= most
        else:
            fits = re.fullmatch(PARTS[name]["pattern"], part) is not None
        if not fits:
            raise _Problem(404, "unknown-address", f"nothing has the {name} {part[:40]!r}")
    return parts


def _query(shape: type[BaseModel] | None, request: Request) -> Any:
    given = request.query_params.multi_items()
    if len(dict(given)) < len(given):
        raise BadInput("a parameter stands in the address twice")
    if shape is None:
        if given:
            raise BadInput("nothing is asked here by parameters")
        return None
    return _checked(shape, dict(given), strict=False)


def _body(shape: type[BaseModel] | None, request: Request, body: bytes) -> Any:
    if shape is None:
        if body:
            raise BadInput("no body is wanted here")
        return None
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise BadInput("a body of the type application/json is wanted")
    try:
        data = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BadInput("the body is no JSON") from error
    return _checked(shape, data, strict=True)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names stand there once: of two, readers of JSON take now the first, now the last."""
    data = dict(pairs)
    if len(data) < len(pairs):
        raise BadInput("a name stands in the body twice")
    return data


def _checked(shape: type[BaseModel], data: Any, *, strict: bool) -> Any:
    try:
        return shape.model_validate(data, strict=strict)
    except ValidationError as error:
        wrong = [
            {
                "at": "/".join(map(str, entry["loc"])),
                "said": "is unknown" if entry["type"] == "extra_forbidden" else entry["msg"],
            }
            for entry in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        said = "; ".join(f"{entry['at'] or 'body'}: {entry['said']}" for entry in wrong[:3])
        raise _Problem(400, "bad-input", said, wrong=wrong) from error


def _plain(value: Any) -> Any:
    """What JSON has no form for: times in ISO 8601 with Z, sets as lists."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
