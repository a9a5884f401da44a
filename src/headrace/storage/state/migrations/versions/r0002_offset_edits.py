"""Offsets that a person has moved, so that it can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Brings the tables here."""
    op.create_table(
        "offset_edits",
        sa.Column("project", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("pipeline", sa.String(255), nullable=False),
        sa.Column("stage", sa.String(255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text()),
        sa.Column("at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint(
            "project", "environment", "pipeline", "stage", "version", name="pk_offset_edits"
        ),
    )
