"""A WordPress site swept: what to ask, what changed since the last sweep, and what an absence proves.

PURE. A list is never followed by a cursor, which loses posts in WordPress (bulk edits, scheduled posts, changes that move no date): each sweep lists all posts
of the window by id with the few fields that tell a change, and asks for the text of those that are new or changed. A post that is known and
not listed is asked for by itself, and only what WordPress then says of that very post withdraws it: anything else is a broken source, which withdraws nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from publisher.canonical import canonical_json
from publisher.intake.document import Unreadable
from publisher.intake.jsondoc import load, text
from publisher.intake.links import absolute
from publisher.intake.markup import to_text
from publisher.intake.times import parse as parse_time

__all__ = [
    "HANDFUL",
    "PAGE",
    "Known",
    "Listed",
    "Plan",
    "Proof",
    "among_url",
    "api_in",
    "bodies_url",
    "is_api",
    "listing_url",
    "newest_url",
    "plan",
    "post_url",
    "proof",
    "read_listing",
    "rest_route",
]

PAGE = 100
HANDFUL = 5
"""More living stories than this gone at once are rather a change of the site than as many kills: a person decides."""
FIELDS = "id,modified_gmt,date_gmt,link,categories,tags,featured_media,meta,content.protected,title,status"
LINK = re.compile(r"""<([^<>]{1,500})>\s*;[^,]{0,200}?rel=["']?https://api\.w\.org/["']?""")


@dataclass(frozen=True, slots=True)
class Listed:
    """A post as a sweep lists it; `fingerprint`: of the fields that tell a change."""

    post: int
    fingerprint: str
    published: datetime | None
    protected: bool


@dataclass(frozen=True, slots=True)
class Known:
    """A post as the last sweep left it; `named`: it went with many others, and the desk decides about it."""

    fingerprint: str
    published: datetime | None
    gone: bool = False
    named: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sweep has to do: texts to fetch, posts to ask for, posts that are protected now, posts that are back, posts that the desk was told of before."""

    fetch: tuple[int, ...]
    missing: tuple[int, ...]
    protected: tuple[int, ...]
    back: tuple[int, ...]
    named: tuple[int, ...] = ()


class Proof(StrEnum):
    """What a site's answer about one post proves."""

    WITHDRAWN = "withdrawn"
    MOVED = "moved"
    """It is public, and only no longer among those that are listed."""
    BROKEN = "broken"


def api_in(url: str, links: Collection[str]) -> str | None:
    """The root of the REST interface: named by the `Link` headers of a page, or part of a configured URL of its posts."""
    for link in links:
        if (found := LINK.search(link)) and (root := absolute(found[1], url)):
            return root
    parts = urlsplit(url)
    if "/wp-json" in parts.path:
        return urlunsplit(
            (parts.scheme, parts.netloc, f"{parts.path.partition('/wp-json')[0]}/wp-json/", "", "")
        )
    return rest_route(url) if "rest_route=" in parts.query else None


def rest_route(url: str) -> str:
    """The root that answers where a site has no pretty addresses."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, "/", "rest_route=/", ""))


def is_api(raw: bytes) -> bool:
    """Whether an answer is that root's: a page in HTML with status 200 is none."""
    data = load(raw)
    spaces = data.get("namespaces") if isinstance(data, dict) else None
    return isinstance(spaces, list) and "wp/v2" in spaces


def _route(api: str, path: str, query: Mapping[str, str | int]) -> str:
    asked = urlencode(query, safe=",.:")
    if "rest_route=" in api:
        return f"{api.rstrip('/')}/{path}&{asked}"
    return f"{api.rstrip('/')}/{path}?{asked}"


def listing_url(api: str, *, since: datetime, page: int) -> str:
    """One page of the list of posts in the window, in an order that no edit changes."""
    after = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
    query: dict[str, str | int] = {
        "_fields": FIELDS,
        "after": after,
        "orderby": "id",
        "order": "asc",
        "per_page": PAGE,
        "page": page,
    }
    return _route(api, "wp/v2/posts", query)


def newest_url(api: str, *, count: int, page: int) -> str:
    """One page of the newest posts with their texts."""
    return _route(api, "wp/v2/posts", {"per_page": count, "page": page, "_embed": "wp:term"})


def bodies_url(api: str, posts: Collection[int]) -> str:
    """The texts of these posts, with the names of their terms."""
    query: dict[str, str | int] = {
        "include": ",".join(map(str, posts)),
        "per_page": PAGE,
        "orderby": "id",
        "_embed": "wp:term",
    }
    return _route(api, "wp/v2/posts", query)


def post_url(api: str, post: int) -> str:
    """One post by itself."""
    return _route(api, f"wp/v2/posts/{post}", {"_fields": "id,status,content.protected"})


def among_url(api: str, posts: Collection[int]) -> str:
    """Those of these posts that are public, whatever their date; at most `PAGE`."""
    return _route(
        api,
        "wp/v2/posts",
        {"_fields": FIELDS, "include": ",".join(map(str, posts)), "orderby": "id", "per_page": PAGE},
    )


def read_listing(raw: bytes) -> list[Listed] | Unreadable:
    """The posts of one page of the list; Unreadable for whatever is no list of posts."""
    data = load(raw)
    if isinstance(data, Unreadable):
        return data
    if isinstance(data, dict):
        said = to_text(text(data.get("message")))[:120]
        return Unreadable(
            "rest-error", f"WordPress answers {text(data.get('code')) or 'something else'}: {said}"
        )
    if not isinstance(data, list):
        return Unreadable("not-posts", "the answer is no list of posts")
    found: list[Listed] = []
    for entry in data:
        post = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(post, int) or isinstance(post, bool):
            return Unreadable("not-posts", "the list holds what is no post")
        found.append(_listed(post, entry))
    return found


def _listed(post: int, entry: dict[str, Any]) -> Listed:
    told = hashlib.sha256(
        canonical_json({name: entry[name] for name in sorted(entry) if name != "_links"})
    ).hexdigest()
    return Listed(post, told, parse_time(text(entry.get("date_gmt")), zone="UTC"), not _open(entry))


def _open(entry: dict[str, Any]) -> bool:
    """Whether anybody may read it: published, and behind no password."""
    content = entry.get("content")
    protected = isinstance(content, dict) and content.get("protected", False) is not False
    return entry.get("status", "publish") == "publish" and not protected


def plan(known: Mapping[int, Known], listed: Collection[Listed], *, since: datetime) -> Plan:
    """What changed between two sweeps. Posts that left the window with time are not missing."""
    here = {entry.post: entry for entry in listed}
    within = {
        post
        for post, entry in known.items()
        if not entry.gone and entry.published is not None and entry.published > since
    }
    fetch = (
        post
        for post, entry in here.items()
        if not entry.protected
        and (post not in known or known[post].gone or known[post].fingerprint != entry.fingerprint)
    )
    missing = within - here.keys()
    protected = {p for p, e in here.items() if e.protected and p in known and not known[p].gone}
    named = {post for post in missing | protected if known[post].named}
    return Plan(
        fetch=tuple(sorted(fetch)),
        missing=tuple(sorted(missing - named)),
        protected=tuple(sorted(protected - named)),
        back=tuple(sorted(p for p, e in here.items() if not e.protected and p in known and known[p].gone)),
        named=tuple(sorted(named)),
    )


def proof(status: int, raw: bytes) -> Proof:
    """What the answer to a request for one post proves.

    401 and 403 are said of posts that are not public (draft, trash, private), 404 of deleted ones, each with its own code; the same
    status with another code, or with a page, says something of the site and nothing of the post.
    """
    data = load(raw)
    if not isinstance(data, dict):
        return Proof.BROKEN
    said = text(data.get("code"))
    if status in {401, 403} and said == "rest_forbidden":
        return Proof.WITHDRAWN
    if status == 404 and said == "rest_post_invalid_id":
        return Proof.WITHDRAWN
    if status == 200 and isinstance(data.get("id"), int):
        return Proof.MOVED if _open(data) else Proof.WITHDRAWN
    return Proof.BROKEN
