"""What is to be told to other programs."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text, text

from publisher.store.schema.common import metadata
from subscribers.columns import UtcTime

__all__ = ["webhook_out"]

webhook_out = Table(
    "webhook_out",
    metadata,
    Column("webhook", String(64), primary_key=True),
    Column("key", String(160), primary_key=True),
    Column("id", String(40), nullable=False),
    Column("type", String(32), nullable=False),
    Column("body", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("due_at", UtcTime),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("error", Text),
    Column("done_at", UtcTime),
    Index(None, "due_at"),
    Index(None, "done_at"),
    comment="messages to other programs, made of the records of acts and of consent, which are written with what they record. key: the "
    "record it was made of, so that none is made twice. due_at: none once it was taken or given up",
)
