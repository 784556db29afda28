"""What is public: finished files by their path, the folders they are written to, and hubs that have to be told of a change."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, text

from publisher.store.schema.common import metadata, one_of
from subscribers.columns import UtcTime

__all__ = ["hub_ping", "out_folder", "public_file"]

public_file = Table(
    "public_file",
    metadata,
    Column("path", String(255), primary_key=True),
    Column("seq", BigInteger, nullable=False, unique=True),
    Column("status", Integer, nullable=False),
    Column("media_type", String(96), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
    one_of("status", 200, 410),
    comment="cleared bytes by public path (gzip); `seq` grows with every change, `changed_at` only forward: Last-Modified",
)

out_folder = Table(
    "out_folder",
    metadata,
    Column("path", Text, primary_key=True),
    Column("below", String(64), nullable=False),
    comment="folders that hold a copy of the public files below a path: a kill reaches them as well",
)

hub_ping = Table(
    "hub_ping",
    metadata,
    Column("hub", String(255), primary_key=True),
    Column("topic", String(255), primary_key=True),
    Column("due_at", UtcTime, nullable=False),
    Column("changes", Integer, nullable=False, server_default=text("1")),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("error", Text),
    Index(None, "due_at"),
    comment="WebSub hubs that have to hear of a changed feed; one row however often it changed meanwhile",
)
