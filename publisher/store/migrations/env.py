"""Alembic's entry: it runs inside the transaction and under the lock that `store.migrate` holds."""

from __future__ import annotations

from alembic import context

from publisher.store.schema import metadata
from subscribers.schema import metadata as people

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=[metadata, people],
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
