"""A request to a reader's page as plain values: what was asked, by whom, in which languages. Bodies are read up to a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from subscribers.limits import client_of, unlisted_of

__all__ = ["Visit", "best", "body_of", "unlisted_proxy", "visit_of"]

BODY_MAX = 16_384
FIELDS_MAX = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """A request, as far as it matters here."""

    method: str
    token: str
    query: dict[str, str]
    form: Sequence[tuple[str, str]]
    client: str
    languages: Sequence[str]

    @property
    def posts(self) -> bool:
        """Whether it may change something."""
        return self.method == "POST"

    def said(self, name: str) -> str:
        """The first value of a field; "" when the form has none."""
        return next((value for field, value in self.form if field == name), "")


async def visit_of(request: Request, proxies: tuple[str, ...]) -> Visit:
    """The request; `proxies` are the web servers that may say for whom they ask.

    Raises:
        HTTPException: 413, it is too large.
    """
    body = await body_of(request, BODY_MAX) if request.method == "POST" else b""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form: list[tuple[str, str]] = []
    if kind == "application/x-www-form-urlencoded":
        try:
            form = parse_qsl(
                body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS_MAX
            )
        except ValueError as error:
            raise HTTPException(413) from error
    return Visit(
        method=request.method,
        # who copies a link out of a mail's raw text takes the soft line break along (quoted-printable); no token of ours ends so
        token=request.path_params.get("token", "").rstrip("="),
        query=dict(request.query_params),
        form=form,
        client=client_of(*_said_by(request), proxies),
        languages=_wanted_languages(request.headers.get("accept-language", "")),
    )


async def body_of(request: Request, most: int) -> bytes:
    """The body of a request.

    Raises:
        HTTPException: 413, it is larger.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise HTTPException(413)
    return bytes(body)


def unlisted_proxy(request: Request, proxies: tuple[str, ...]) -> str:
    """The address of a web server, as it seems, that says for whom it asks and is not among `proxies`; "" as a rule."""
    return unlisted_of(*_said_by(request), proxies)


def _said_by(request: Request) -> tuple[str, list[str]]:
    """Who is connected, and for whom they say that they ask."""
    peer = request.client.host if request.client else ""
    return peer, ",".join(request.headers.getlist("x-forwarded-for")).split(",")


def _wanted_languages(header: str) -> list[str]:
    """The tags of Accept-Language, the best first."""
    wanted: list[tuple[float, str]] = []
    for entry in header.split(",")[:20]:
        tag, _, rest = entry.strip().partition(";")
        try:
            quality = float(rest.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if tag and quality > 0:
            wanted.append((-quality, tag.lower()))
    return [tag for _, tag in sorted(wanted, key=lambda pair: pair[0])]


def best(languages: Sequence[str], offered: Sequence[str]) -> str:
    """Of the offered languages the one that is wanted most; the first when none is."""
    for wanted in languages:
        for tag in offered:
            if tag.lower() == wanted or tag.partition("-")[0].lower() == wanted.partition("-")[0]:
                return tag
    return offered[0]
