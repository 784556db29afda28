"""Cutting text for readers: at a sentence where one ends in time, else at a word, with an ellipsis."""

from __future__ import annotations

import re

__all__ = ["excerpt", "shorten"]

SENTENCE_END = re.compile(r"(?:[.!?؟۔](?=[\s\"'”»’)]|$)|[。！？])[\"'”»’)」』]*")


def excerpt(text: str, limit: int) -> str:
    """At most `limit` characters of `text`, whole sentences if the first of them fits; nothing of it at 0."""
    if limit <= 0:
        return ""
    if len(text) <= limit:
        return text
    ends = [found.end() for found in SENTENCE_END.finditer(text[: limit + 1]) if found.end() <= limit]
    if ends and ends[-1] >= limit // 3:
        return text[: ends[-1]].rstrip()
    return shorten(text, limit)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a blank, with an ellipsis when something was cut."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    at_word = cut.rpartition(" ")[0]
    return (at_word if len(at_word) > limit // 2 else cut).rstrip(" ,;:،؛–-") + "…"
