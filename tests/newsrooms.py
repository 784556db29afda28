"""A small newsroom for tests: two agencies, two sections, one digest in English, on whatever database is handed in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from publisher.newsroom import Newsroom, mint_derived
from publisher.settings import from_data
from publisher.store.db import Database

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)

KEYS = {
    "token_keys": {"1": "q4jJ4n9gqz0cR0uQd3yq4bqk3h1m2n5p7s8v0x2z4B6"},
    "address_key": "Zk3m1n5p7s8v0x2z4B6q4jJ4n9gqz0cR0uQd3yq4bqk",
    "form_key": "m2n5p7s8v0x2z4B6q4jJ4n9gqz0cR0uQd3yq4bqk3h1",
}


def settings(
    *,
    relay_port: int = 2525,
    tls: str = "none",
    site: dict[str, Any] | None = None,
    source: dict[str, Any] | None = None,
    tables: dict[str, Any] | None = None,
    sections: list[dict[str, Any]] | None = None,
    sources: list[dict[str, Any]] | None = None,
    **digest: Any,
):
    """Settings of the newsroom; `site`, `source` (Meridian's), `tables` (of publisher.toml) and `digest` override keys.

    `sections` and `sources` take the place of its own; with sections of others it has no digest.
    """
    return from_data(
        {
            "site": {
                "name": "Example Front Page",
                "url": "https://front.example",
                "tag_authority": "front.example",
                "tag_date": "2026-01-01",
                "contact": "desk@front.example",
                "postal_address": "1 Quay Street",
                **(site or {}),
            },
            "relay": [
                {
                    "name": "test",
                    "host": "127.0.0.1",
                    "port": relay_port,
                    "tls": tls,
                    "helo": "front.example",
                    "connections": 2,
                }
            ],
            "mail": {
                "list_domain": "lists.front.example",
                "unsubscribe_address": "leave@front.example",
                "bounce_address": "bounce@front.example",
            },
            "disclaimer": [
                {
                    "id": "house",
                    "version": 1,
                    "language": "en",
                    "short": "The views are the source’s.",
                    "full": "Reports were retrieved from other agencies.",
                },
                {
                    "id": "house",
                    "version": 1,
                    "language": "fa",
                    "short": "نظرها از منبع است.",
                    "full": "گزارش‌ها از خبرگزاری‌های دیگر گرفته شده است.",
                },
            ],
            **(tables or {}),
        },
        sections=sections
        or [
            {"slug": "world", "title": {"en": "World"}, "any": ["category:World"]},
            {"slug": "economy", "title": {"en": "Economy"}, "any": ["category:Economy"]},
        ],
        sources=sources
        or [
            {
                "slug": "meridian",
                "name": "Meridian",
                "homepage": "https://meridian.example/",
                "format": "jsonl",
                **(source or {}),
            },
            {
                "slug": "caspian",
                "name": "Caspian Press",
                "homepage": "https://caspian.example/",
                "format": "jsonl",
            },
        ],
        digests=[]
        if sections
        else [
            {
                "slug": "morning",
                "number": 1,
                "title": {"en": "The Morning Wire"},
                "languages": ["en"],
                "sections": ["world", "economy"],
                "slots": ["02:00"],
                "sender": {"en": {"name": "The Morning Wire", "address": "wire@front.example"}},
                **digest,
            }
        ],
        secrets=KEYS,
    )


def newsroom(database: Database, **options: Any) -> Newsroom:
    """An open newsroom on this database."""
    return Newsroom(settings=settings(**options), database=database, mint=mint_derived)


def line(number: int, **fields: Any) -> dict[str, Any]:
    """A story of Meridian in our interchange."""
    return {
        "id": f"m-{number}",
        "headline": f"Headline number {number}",
        "source_url": f"https://meridian.example/2026/{number}",
        "published": "2026-03-02T01:00:00Z",
        "categories": ["World"],
        "body": f"The first paragraph of story {number} says what happened.\n\nThe second says why.",
        **fields,
    }


def jsonl(*lines: dict[str, Any]) -> bytes:
    """These stories as a file; lone surrogates as the escapes in which they come."""
    return "".join(json.dumps(entry) + "\n" for entry in lines).encode()
