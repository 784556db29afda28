"""The HTTP API: its tokens, and requests that are carried out once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns

revision = "0016"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables."""
    op.create_table(
        "api_token",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("scopes", sa.String(length=255), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("created_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("expires_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("revoked_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.CheckConstraint("length(hash) = 32", name=op.f("ck_api_token_hash")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("name", name=op.f("uq_api_token_name")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_token_hash")),
        comment="tokens of the HTTP API: SHA-256 of each, for it is random and long; never the token. A name is never given again",
    )
    op.create_table(
        "api_request",
        sa.Column("token_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=64), nullable=True),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["token_id"], ["api_token.id"], name=op.f("fk_api_request_token_id")),
        sa.PrimaryKeyConstraint("token_id", "key", name=op.f("pk_api_request")),
        comment="requests with an Idempotency-Key of the last day: what they were (keyed hash) and came to. Nothing of a person stands here; "
        "status: none while it is carried out",
    )
    op.create_index(op.f("ix_api_request_at"), "api_request", ["at"])
