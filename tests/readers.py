"""Readers for tests: one way to join, and every way to ask whether they may be mailed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, literal, select

from subscribers import audience
from subscribers.address import key, parse
from subscribers.audience import No, Wanted

KEY = b"k" * 32
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def key_of(text: str) -> bytes:
    return key(parse(text), KEY)


def join(connection: Connection, text: str = "reader@news.example", **others: Any) -> int:
    wanted: dict[str, Any] = {
        "digest": "morning",
        "language": "en",
        "sections": None,
        "basis": "asked by phone",
        "actor": "cli:ed",
        "now": NOW,
    }
    return audience.add(connection, parse(text), key_of(text), **wanted | others)


def may_be_mailed(connection: Connection, subscriber_id: int, digest: str = "morning") -> bool:
    """Every way of asking must give the same answer: the mark's clause, the last look, the segment."""
    clause = connection.execute(
        select(literal(1)).where(audience.mailable(literal(subscriber_id), literal(digest)))
    ).one_or_none()
    look = audience.still_wanted(connection, subscriber_id, digest)
    listed = {reader.subscriber_id for reader in audience.segment(connection, digest, ["en", "fa"])}
    assert (clause is not None) == (look == Wanted()) == (subscriber_id in listed)
    return clause is not None


def why_not(connection: Connection, subscriber_id: int, digest: str = "morning") -> str:
    assert not may_be_mailed(connection, subscriber_id, digest)
    answer = audience.still_wanted(connection, subscriber_id, digest)
    assert isinstance(answer, No)
    return answer.reason
