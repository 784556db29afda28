"""What all tables share: one MetaData with named constraints, the row id, and words as checks."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Integer,
    MetaData,
)

__all__ = ["BigId", "metadata", "one_of"]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BigId = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite gives a row id only to INTEGER PRIMARY KEY."""


def one_of(column: str, *allowed: str | int) -> CheckConstraint:
    """The constraint that a column holds one of these words or numbers."""
    listed = ", ".join(repr(word) for word in allowed)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
