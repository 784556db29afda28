"""What machines ask of a running server: `/readyz` for whoever shares requests out, `/metrics` for whoever draws curves.

Each is answered from a copy that is some seconds old at most, made by one thread at a time, whoever asks and however often. `/readyz`
says no more than what is missing. `/metrics` is there only for who sends the token of secrets.toml; for all others there is nothing at
this address, and without a token in the configuration for nobody.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from publisher.desk import metrics
from publisher.newsroom import Newsroom
from publisher.web.shelf import Answer, answer, text_answer

__all__ = ["METRICS", "READY", "Status"]

READY, METRICS = b"/readyz", b"/metrics"
RELAY_SECONDS = 5.0
READY_SECONDS, METRICS_SECONDS = 15.0, 10.0
COST = 10
"""A copy is kept at least so many times as long as it took to make: figures of a large ledger do not keep a processor busy."""
_NO_STORE = (b"cache-control", b"no-store")


@dataclass(slots=True)
class _Kept:
    """An answer that is made anew when it is too old."""

    make: Callable[[], Answer]
    seconds: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    until: float = 0.0
    answer: Answer | None = None

    async def now(self) -> Answer:
        async with self.lock:
            began = time.monotonic()
            if self.answer is None or began >= self.until:
                self.answer = await asyncio.to_thread(self.make)
                took = time.monotonic() - began
                self.until = time.monotonic() + max(self.seconds, COST * took)
            return self.answer


class Status:
    """Answers for one server. `clock`: the present instant."""

    def __init__(self, newsroom: Newsroom, *, clock: Callable[[], datetime]) -> None:
        self._newsroom, self._clock = newsroom, clock
        secret = newsroom.settings.secrets.metrics_token
        self._token = secret.get_secret_value().encode() if secret else b""
        self._ready, self._figures = (
            _Kept(self._made_ready, READY_SECONDS),
            _Kept(self._made_figures, METRICS_SECONDS),
        )

    async def __call__(self, path: bytes, headers: list[tuple[bytes, bytes]]) -> Answer | None:
        """The answer to GET or HEAD at this path; None where there is nothing for who asks."""
        if path == READY:
            return await self._ready.now()
        if path == METRICS and self._token and self._allowed(headers):
            return await self._figures.now()
        return None

    def _allowed(self, headers: list[tuple[bytes, bytes]]) -> bool:
        shown = next((value for name, value in headers if name == b"authorization"), b"")
        return hmac.compare_digest(shown, b"Bearer " + self._token)

    def _made_ready(self) -> Answer:
        missing = metrics.missing(self._newsroom, seconds=RELAY_SECONDS)
        if missing:
            return text_answer(503, f"not ready: {', '.join(missing)}", _NO_STORE)
        return text_answer(200, "ready", _NO_STORE)

    def _made_figures(self) -> Answer:
        body = metrics.exposition(self._newsroom, now=self._clock()).encode()
        kind = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
        return answer(200, (kind, _NO_STORE), length=len(body), body=body)
