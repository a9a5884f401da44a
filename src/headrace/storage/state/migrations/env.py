"""Runs migrations on the connection that :mod:`headrace.storage.state.schema_version` has opened."""

from alembic import context

from headrace.storage.state.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
