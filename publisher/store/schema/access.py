"""The HTTP API: who may use it, and which requests were carried out."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from publisher.store.schema.common import BigId, metadata
from subscribers.columns import UtcTime

__all__ = ["api_request", "api_token"]

api_token = Table(
    "api_token",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("scopes", String(255), nullable=False),
    Column("actor", String(128), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
    CheckConstraint("length(hash) = 32", name="hash"),
    comment="tokens of the HTTP API: SHA-256 of each, for it is random and long; never the token. A name is never given again",
)

api_request = Table(
    "api_request",
    metadata,
    Column("token_id", ForeignKey("api_token.id"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("status", Integer),
    Column("subject", String(64)),
    Column("at", UtcTime, nullable=False),
    Index(None, "at"),
    comment="requests with an Idempotency-Key of the last day: what they were (keyed hash) and came to. Nothing of a person stands here; "
    "status: none while it is carried out",
)
