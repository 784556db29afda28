"""Links from outside: absolute http(s) with a host and no user part, in ASCII, without what only tracks readers."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import idna

from publisher.legible import is_front_page, is_host
from publisher.story import Source, SourceKind

__all__ = ["URL_MAX", "absolute", "canonical", "unfit"]

URL_MAX = 2000
TRACKING = re.compile(
    r"(utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|ns_\w+|ref_src|at_\w+|xtor|wt_\w+)", re.IGNORECASE
)

UNFIT = re.compile(r"""[\x00-\x20\x7f-\x9f<>"\\^`{|}]""")
"""What no URL holds: blanks, controls, and the delimiters that RFC 3986 leaves out."""
HOSTLESS = re.compile(r"https?:(?!//[^/?#])", re.IGNORECASE)
"""A scheme and no host: joining would take it for the base's own address."""


def absolute(link: str | None, base: str | None = None) -> str | None:
    """The link as an absolute http(s) URL with an ASCII host, resolved against an http(s) base; None when it is none."""
    if not link:
        return None
    link = link.strip()
    if len(link) > URL_MAX or HOSTLESS.match(link) or UNFIT.search(link):
        return None
    try:
        if base and urlsplit(base).scheme in {"http", "https"}:
            link = urljoin(base, link)
        parts = urlsplit(link)
        port = f":{parts.port}" if parts.port else ""
        host = parts.hostname or ""
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        return None
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError:
            return None
    host = host.lower().removesuffix(".")
    if ":" in host:
        host = f"[{host}]"
    elif not is_host(host):
        return None
    return urlunsplit(
        (
            parts.scheme,
            f"{host}{port}",
            _ascii(parts.path),
            _ascii(parts.query),
            _ascii(parts.fragment),
        )
    )


def _ascii(part: str) -> str:
    """Non-ASCII characters of a path or query percent-encoded (RFC 3987 3.1); what is encoded stays so."""
    if part.isascii():
        return part
    return "".join(
        c if c.isascii() else "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "replace")) for c in part
    )


def canonical(url: str) -> str:
    """The URL without tracking parameters and fragment: what a source link is stored and compared as."""
    parts = urlsplit(url)
    query = parts.query
    if query and TRACKING.search(query):
        pairs = [(k, v) for k, v in parse_qsl(query, keep_blank_values=True) if not TRACKING.fullmatch(k)]
        query = urlencode(pairs)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def unfit(url: str, source: Source) -> str:
    """Why an absolute URL cannot be a story's source link, as what it leads to; empty when it can."""
    parts = urlsplit(url)
    home = urlsplit(source.homepage)
    own = (*source.own_hosts, *source.house_hosts)
    if source.kind is SourceKind.HOUSE:
        own = (*own, home.hostname or "")
    if _bare(parts.hostname) in {_bare(host) for host in own}:
        return "our own site"
    same = _bare(parts.hostname) == _bare(home.hostname) and parts.path.strip("/") == home.path.strip("/")
    if is_front_page(parts.path, parts.query) or (same and not parts.query):
        return f"the front page {url}, not to the story"
    return ""


def _bare(host: str | None) -> str:
    return (host or "").lower().removesuffix(".").removeprefix("www.")
