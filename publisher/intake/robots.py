"""What a site's robots.txt asks of us, as RFC 9309 has it. PURE.

The groups of our name count, all of them together, or else those of everybody. Of the rules that match an address the longest decides, and
of two as long the one that allows. `*` stands for any signs, `$` for the end; what is no rule is passed over. Only a part of a file
larger than any site needs is read. The standard library's parser takes the first rule that matches and knows neither sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

__all__ = ["allowed"]

AGENT = "publisher"
EVERYBODY = "*"
AT_MOST = 500 * 1024
TOKEN = re.compile(r"\*|[a-zA-Z_-]+")
ESCAPED = re.compile(r"%([0-9a-fA-F]{2})")
UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
SAFE = "/?:@!&'()+,;=%~[]"
"""What stands in an address as it is; `*` and `$` do so in rules only."""

Rule = tuple[bool, str]


def allowed(robots: bytes, url: str) -> bool:
    """Whether we may ask for this address."""
    parts = urlsplit(url)
    path = _plain(parts.path or "/", SAFE) + (f"?{_plain(parts.query, SAFE)}" if parts.query else "")
    if path == "/robots.txt":
        return True
    text = robots[:AT_MOST].decode("utf-8-sig", "replace")
    found = [(len(pattern), allows) for allows, pattern in _ours(text) if _matches(pattern, path)]
    return max(found, default=(0, True))[1]


def _ours(text: str) -> list[Rule]:
    """The rules of the groups that are for us."""
    groups: dict[str, list[Rule]] = {}
    agents: list[str] = []
    begun = True
    for key, value in _records(text):
        if key == "user-agent":
            agents = [] if begun else agents
            begun = False
            token = TOKEN.match(value)
            agents.append(token.group().casefold() if token else "")
            groups.setdefault(agents[-1], [])
        else:
            begun = True
            if value:  # a rule without a path says nothing
                for agent in agents:
                    groups[agent].append((key == "allow", _plain(value, SAFE + "*$")))
    return groups.get(AGENT, groups.get(EVERYBODY, []))


def _records(text: str) -> Iterator[tuple[str, str]]:
    for line in re.split(r"[\r\n]+", text):
        key, _, value = line.partition("#")[0].partition(":")
        key = key.strip().casefold()
        if key in {"user-agent", "allow", "disallow"}:
            yield key, value.strip()


def _plain(text: str, safe: str) -> str:
    """The one spelling of an address: escapes only where they are needed, in capitals."""

    def respelt(match: re.Match[str]) -> str:
        sign = chr(int(match[1], 16))
        return sign if UNRESERVED.fullmatch(sign) else match[0].upper()

    return ESCAPED.sub(respelt, quote(text, safe=safe))


def _matches(pattern: str, path: str) -> bool:
    """Whether the rule is about this path. By pieces, for an expression made of many `*` would take for ever."""
    whole = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    if not rest:
        return at == len(path) or not whole
    for piece in rest[:-1]:
        at = path.find(piece, at) + len(piece)
        if at < len(piece):
            return False
    if whole:
        return path.endswith(rest[-1]) and at + len(rest[-1]) <= len(path)
    return path.find(rest[-1], at) >= 0
