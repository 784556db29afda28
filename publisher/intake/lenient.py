"""The last resort for feeds that no repair makes well-formed: feedparser, in a child process with limits.

feedparser reads nearly anything, and can be made to work for minutes or eat memory; so it runs alone, with 5 s of processor time
and 512 MB, gets the text on stdin, decoded by us and without entity declarations, and answers with JSON. Only items that have a title, and a link or id, are taken, and of a
document that was cut off not the last one: its fields may be halves.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from publisher.intake import standing
from publisher.intake.build import Parts
from publisher.intake.document import Context, Document, Unreadable
from publisher.intake.jsondoc import load, objects, text
from publisher.intake.rss import judged
from publisher.intake.times import parse as parse_time
from publisher.intake.xml import bare

__all__ = ["read"]

CPU_SECONDS, MEMORY = 5, 512 * 1024 * 1024
WALL_SECONDS = 15


def read(raw: bytes, context: Context, *, why: str) -> Document | Unreadable:
    """What feedparser finds; Unreadable(“not-xml”) when it finds nothing, with the strict parser's reason."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "publisher.intake.lenient"],
            input=bare(raw),
            capture_output=True,
            timeout=WALL_SECONDS,
            check=False,
            env={"PYTHONPATH": ":".join(path for path in sys.path if path), "PYTHONWARNINGS": "ignore"},
        )
    except subprocess.TimeoutExpired:
        return Unreadable("too-slow", "the document cannot be read within its time")
    data = load(done.stdout) if done.returncode == 0 else None
    if not isinstance(data, dict):
        return Unreadable("not-xml", why)
    cut_off = (
        "</rss>" not in raw[-200:].decode("latin-1").lower()
        and "</feed>" not in raw[-200:].decode("latin-1").lower()
    )
    entries = [entry for entry in objects(data.get("entries")) if entry]
    whole = entries[:-1] if cut_off else entries
    items = tuple(
        judged(_parts(entry, text(data.get("language")), context), context)
        for entry in whole[: context.max_items]
        if text(entry.get("title")) and (text(entry.get("link")) or text(entry.get("id")))
    )
    if not items:
        return Unreadable("not-xml", why)
    return Document(
        items=items,
        left_out=max(0, len(whole) - context.max_items),
        remarks=(f"damaged: {why}; only whole items were taken",),
    )


def _parts(entry: dict[str, Any], language: str, context: Context) -> Parts:
    zone = context.source.timezone
    status, doubts = standing.media_status([text(entry["status"])] if entry.get("status") is not None else [])
    expires, doubts_of_end = standing.validity(text(entry.get("valid")), zone=zone)
    return Parts(
        status=status,
        expires=expires,
        doubts=doubts + doubts_of_end,
        guid=text(entry.get("id")),
        link=text(entry.get("link")),
        headline=text(entry.get("title")),
        body_html=text(entry.get("content")) or text(entry.get("summary")),
        summary_html=text(entry.get("summary")) if entry.get("content") else "",
        language=text(entry.get("language")) or language,
        published=parse_time(text(entry.get("published")), zone=zone),
        updated=parse_time(text(entry.get("updated")), zone=zone),
        byline=text(entry.get("author")),
        categories=[text(tag) for tag in entry["tags"]] if isinstance(entry.get("tags"), list) else [],
        base_url=context.base_url,
        raw=json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace"),
    )


def _state(status: Any) -> str | None:
    """The state of a `media:status` as feedparser keeps it: its attributes, or the text inside it, which says nothing."""
    return status.get("state", "") if isinstance(status, dict) else None if status is None else "?"


def _child() -> None:
    """In the child: limit ourselves, read stdin, answer on stdout."""
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    import feedparser

    found = feedparser.parse(sys.stdin.buffer.read(), sanitize_html=False, resolve_relative_uris=False)
    entries = [
        {
            "id": entry.get("id", ""),
            "link": entry.get("link", ""),
            "title": entry.get("title", ""),
            "summary": entry.get("summary", ""),
            "content": next((part.get("value", "") for part in entry.get("content", [])), ""),
            "language": entry.get("language", ""),
            "published": entry.get("published", ""),
            "updated": entry.get("updated", ""),
            "author": entry.get("author", ""),
            "status": _state(entry.get("media_status")),
            "valid": entry.get("validity", ""),
            "tags": [tag.get("label") or tag.get("term") or "" for tag in entry.get("tags", [])],
        }
        for entry in found.entries
    ]
    sys.stdout.write(json.dumps({"language": found.feed.get("language", ""), "entries": entries}))


if __name__ == "__main__":
    _child()
