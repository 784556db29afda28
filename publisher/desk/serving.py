"""What a server asks of the desk: the public files that changed since it looked last, and what else stands in their headers."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from publisher.newsroom import Newsroom
from publisher.store import public
from publisher.store.public import OK, Public

__all__ = ["OK", "Changes", "Public", "changed", "links", "one"]

BATCH = 25
"""Files read in one transaction: as many as may lie in memory beside those that are kept."""
_FEEDS = (".rss", ".atom", ".json")


@dataclass(frozen=True, slots=True)
class Changes:
    """Some files that changed, oldest change first; `anew`: they are the first of all there are, and what was known is void."""

    files: Sequence[Public]
    anew: bool


def changed(newsroom: Newsroom, *, after: int, at_home: str = "") -> Changes:
    """The next files that changed after this `seq`; none when all are known.

    A table whose newest change is older than what is known was put back from a copy: then it is read from its beginning.

    `at_home`: links begin with this address instead of the site's own, for a look at it on the machine where it is made.
    """
    with newsroom.database.read() as connection:
        anew = public.newest(connection) < after
        files = public.since(connection, 0 if anew else after, limit=BATCH)
    if at_home:
        files = [_moved(file, newsroom.settings.site.url, at_home) for file in files]
    return Changes(files, anew)


def one(newsroom: Newsroom, path: str, *, at_home: str = "") -> Public | None:
    """The public file at this path as it is now, or None."""
    with newsroom.database.read() as connection:
        file = public.get(connection, path)
    return _moved(file, newsroom.settings.site.url, at_home) if file is not None and at_home else file


def _moved(file: Public, old: str, new: str) -> Public:
    body = file.body.replace(old.encode(), new.encode())
    return replace(file, packed=gzip.compress(body, mtime=0), sha256=sha256(body).hexdigest())


def links(path: str, *, site_url: str, hubs: Sequence[str]) -> list[str]:
    """The Link headers (RFC 8288) of the public file at this path: a feed says its own address and its hubs (WebSub section 4)."""
    if not path.startswith("feeds/") or not path.endswith(_FEEDS):
        return []
    return [f'<{site_url}/{path}>; rel="self"', *(f'<{hub}>; rel="hub"' for hub in hubs)]
