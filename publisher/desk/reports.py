"""What delivery services tell us by a POST: proved, read, and taken in like mails that come back.

Order: the service's key from the configuration (without one there is no such service), its proof, its events, and then these, some in each transaction, so that a
sender at work does not wait; who tells them again because a later one had to wait is told that the first are known.
Nothing is asked of the network but what a service's module found harmless (`services.ses`: certificates, the confirmation of a
subscription), through the guard of `fetch`, one at a time, an address that failed not again for a while, and few new ones in a minute: a forged request
that names a certificate costs us next to nothing, and does not keep the true one from being asked for.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from publisher import fetch
from publisher.desk.returned import take_told
from publisher.newsroom import Newsroom
from publisher.services import service
from publisher.services.base import Away, Post

__all__ = ["Heard", "hear"]

SLICE = 100
"""Events of one transaction: SendGrid sends thousands at once."""
SECONDS = 5.0
BYTES = 64_000
CERTIFICATES_MAX = 16
REST_SECONDS, FAILURES_MAX = 60.0, 20
"""How long an address that failed is not asked again; once so many rest, no unknown one is asked."""


@dataclass(frozen=True, slots=True)
class Heard:
    """How many events of a request had which effect (`desk.returned.Taken`)."""

    effects: Mapping[str, int]


def hear(newsroom: Newsroom, name: str, post: Post, *, now: datetime) -> Heard | None:
    """Take in a request of this service; None when there is no such service, or no key of it.

    Raises:
        NotProved, Unreadable: see `services.base`; nothing was taken in.
        Away, StillSending: it has to be told again; what was taken in meanwhile is then known.
    """
    found, key = service(name), newsroom.settings.secrets.report_keys.get(name)
    if found is None or key is None:
        return None
    reports = found.read(post, key.get_secret_value(), now, _Asker(newsroom, now).ask)
    effects: Counter[str] = Counter()
    for start in range(0, len(reports), SLICE):
        taken = take_told(newsroom, reports[start : start + SLICE], actor=f"service:{name}", now=now)
        effects.update(one.effect for one in taken)
    return Heard(effects)


certificates: dict[str, bytes] = {}
"""By their address, as they were fetched; the same for every newsroom of the process."""
_asking = threading.Lock()
failed: dict[str, float] = {}
"""When each address failed; of the whole process: whoever forges requests does it on all connections."""


@dataclass(frozen=True, slots=True)
class _Asker:
    newsroom: Newsroom
    now: datetime

    def ask(self, url: str) -> bytes:
        """A certificate as it was fetched before, or what stands at this address now."""
        if url in certificates:
            return certificates[url]
        with _asking:
            now = time.monotonic()
            for one in [one for one, at in failed.items() if now - at > REST_SECONDS]:
                del failed[one]
            if url in failed or len(failed) >= FAILURES_MAX:
                raise Away("it, or too many others, gave no answer just now")
            limits = replace(self.newsroom.fetch_limits, seconds=SECONDS, bytes=BYTES, redirects=0)
            guard = self.newsroom.fetch_guard
            answer = asyncio.run(
                fetch.fetch(url, memory=fetch.Memory(), now=self.now, limits=limits, guard=guard)
            )
            if not isinstance(answer, fetch.Fetched):
                failed[url] = time.monotonic()
                raise Away(f"{answer}")
            if url.endswith(".pem") and len(certificates) < CERTIFICATES_MAX:
                certificates[url] = answer.body
            return answer.body
