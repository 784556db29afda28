"""Readers for tests: one way to join, and every way to ask whether they may be mailed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, literal, select

from subscribers import audience
from subscribers.address import key, parse
from subscribers.audience import No, Wanted
from subscribers.csvfile import Block, Known, RefusedLine
from subscribers.presets import GoneLine

KEY = b"k" * 32
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


class Line(NamedTuple):
    """A line that was understood, with the fields of its block."""

    addr_key: bytes
    line: int
    address: str
    language: str
    sections: str
    rhythm: str = "each"
    hour: str | None = None
    weekday: int | None = None
    attributes: Known = ()


def lines_of(blocks: Iterable[Block]) -> list[Line | RefusedLine | GoneLine]:
    """The lines of a list that was read, in its order."""
    found: list[Line | RefusedLine | GoneLine] = []
    for block in blocks:
        lines = [
            Line(addr_key, number, address, *block.asked[wish], block.known.get(number, ()))
            for addr_key, number, address, wish in zip(
                block.keys, block.lines, block.addresses, block.wishes, strict=True
            )
        ]
        found += sorted([*lines, *block.others], key=lambda line: line.line)
    return found


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
