"""What a reader can see and follow: text that leaves ink, hosts that can exist, pages that are not just a site's front.

PURE. The intake, the desk, the settings and the gate ask the same questions here, so that none of them takes for a name, a headline or
a source link what another refuses.
"""

from __future__ import annotations

import re
from unicodedata import category
from urllib.parse import unquote

__all__ = ["is_front_page", "is_host", "visible"]

BLANK = frozenset("\u2800\u115f\u1160\u3164\uffa0\ufffc\U0001d159")
"""Letters and symbols by their category that show nothing: the empty Braille cell, Hangul fillers, an object's place, a note
without a head."""


def visible(text: str) -> bool:
    """Whether a reader sees anything: at least one letter, digit, punctuation mark or symbol that leaves ink.

    Blanks, controls, joiners, variation selectors and marks without a letter to stand on show nothing, so a name or headline
    made of them alone is none.
    """
    return any(category(letter)[0] in "LNPS" and letter not in BLANK for letter in text)


HOST = re.compile(
    r"(?=.{1,253}\.?$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?"
)
FRONT_PAGE = re.compile(r"(?:index|default|home)(?:\.[a-z]{2,5})?", re.IGNORECASE)


def is_host(name: str) -> bool:
    """Whether a small-letter ASCII name can be a host's: labels of sane length between single dots."""
    return HOST.fullmatch(name) is not None


def is_front_page(path: str, query: str) -> bool:
    """Whether a URL's path and query lead to a site's front page, in any spelling of it: "//", "/./", "/index.html"."""
    parts: list[str] = []
    for part in unquote(path).split("/"):
        name = part.partition(";")[0].strip()
        if name == "..":
            del parts[-1:]
        elif name not in {"", "."}:
            parts.append(name)
    return not query and (not parts or (len(parts) == 1 and FRONT_PAGE.fullmatch(parts[0]) is not None))
