"""The wire formats by name, as `sources.toml` and `--format` take them, in the order in which `auto` asks.

They stand apart from their readers, so that settings and command line know them without loading those.
"""

from __future__ import annotations

__all__ = ["FORMATS", "TOLD"]

FORMATS = (
    "auto", "rss", "atom", "rdf", "json-feed", "newsml-g2", "newsml-1", "nitf", "wordpress", "ninjs", "jsonl", "page", "iptc7901",
    "mail", "text",
)  # fmt: skip
TOLD = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
"""The same in words."""
