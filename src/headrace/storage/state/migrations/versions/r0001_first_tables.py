"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Brings the tables here."""
    op.create_table(
        "offsets",
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("pipeline", sa.String(255), nullable=False),
        sa.Column("stage", sa.String(255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("run_id", sa.String(255)),
        sa.Column("committed", sa.String(32)),
        sa.Column("claim_run", sa.String(255)),
        sa.Column("claim_batch", sa.String(255)),
        sa.PrimaryKeyConstraint("project", "environment", "pipeline", "stage", name="pk_offsets"),
    )
    op.create_table(
        "promotions",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("identity", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("previous", sa.Integer()),
        sa.Column("condition", sa.Text()),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(255)),
        sa.Column("run_id", sa.String(255)),
        sa.Column("at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_promotions"),
        sa.UniqueConstraint(
            "project", "environment", "identity", name="uq_promotions_project_environment_identity"
        ),
    )
    op.create_index(
        "ix_promotions_project_environment_model",
        "promotions",
        ["project", "environment", "model"],
    )
    op.create_table(
        "runs",
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("pipeline", sa.String(255), nullable=False),
        sa.Column("document_digest", sa.String(64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("engine", sa.String(32)),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("started", sa.String(32), nullable=False),
        sa.Column("ended", sa.String(32)),
        sa.Column("result", sa.Text()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("process", sa.String(255)),
        sa.PrimaryKeyConstraint("project", "environment", "id", name="pk_runs"),
    )
    op.create_index(
        "ix_runs_project_environment_pipeline",
        "runs",
        ["project", "environment", "pipeline"],
    )
    op.create_index("ix_runs_project_environment_state", "runs", ["project", "environment", "state"])
    op.create_table(
        "schemas",
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("stored", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("project", "environment", "key", name="pk_schemas"),
    )
    op.create_table(
        "attempts",
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("run_id", sa.String(255), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("started", sa.String(32), nullable=False),
        sa.Column("ended", sa.String(32)),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("process", sa.String(255)),
        sa.ForeignKeyConstraint(
            ["project", "environment", "run_id"],
            ["runs.project", "runs.environment", "runs.id"],
            name="fk_attempts_runs",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project", "environment", "run_id", "number", name="pk_attempts"),
    )
    op.create_table(
        "cancels",
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("run_id", sa.String(255), nullable=False),
        sa.Column("requested", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(255)),
        sa.Column("reason", sa.Text()),
        sa.ForeignKeyConstraint(
            ["project", "environment", "run_id"],
            ["runs.project", "runs.environment", "runs.id"],
            name="fk_cancels_runs",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project", "environment", "run_id", name="pk_cancels"),
    )
    op.create_table(
        "events",
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("run_id", sa.String(255), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project", "environment", "run_id"],
            ["runs.project", "runs.environment", "runs.id"],
            name="fk_events_runs",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project", "environment", "run_id", "number", name="pk_events"),
    )
    op.create_table(
        "publishes",
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("run_id", sa.String(255), nullable=False),
        sa.Column("batch", sa.String(255), nullable=False),
        sa.Column("pipeline", sa.String(255), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("intended", sa.String(32), nullable=False),
        sa.Column("changed", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["project", "environment", "run_id"],
            ["runs.project", "runs.environment", "runs.id"],
            name="fk_publishes_runs",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project", "environment", "run_id", "batch", name="pk_publishes"),
    )
    op.create_index(
        "ix_publishes_project_environment_status",
        "publishes",
        ["project", "environment", "status"],
    )
    op.create_table(
        "publish_entries",
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("run_id", sa.String(255), nullable=False),
        sa.Column("batch", sa.String(255), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(255), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("output", sa.Text()),
        sa.ForeignKeyConstraint(
            ["project", "environment", "run_id", "batch"],
            ["publishes.project", "publishes.environment", "publishes.run_id", "publishes.batch"],
            name="fk_publish_entries_publishes",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "project", "environment", "run_id", "batch", "position", name="pk_publish_entries"
        ),
    )
    op.create_table(
        "publish_offsets",
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("run_id", sa.String(255), nullable=False),
        sa.Column("batch", sa.String(255), nullable=False),
        sa.Column("stage", sa.String(255), nullable=False),
        sa.Column("value", sa.Text()),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project", "environment", "run_id", "batch"],
            ["publishes.project", "publishes.environment", "publishes.run_id", "publishes.batch"],
            name="fk_publish_offsets_publishes",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "project", "environment", "run_id", "batch", "stage", name="pk_publish_offsets"
        ),
    )
