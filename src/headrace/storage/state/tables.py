"""The tables, each keyed by project and environment.

Only types that SQLite and PostgreSQL share: moments and JSON are text, encoded here, so that both sort and
compare alike. A change goes into a migration, too; a test compares the two.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from .encoding import decode, encode

__all__ = [
    "ATTEMPTS",
    "CANCELS",
    "EVENTS",
    "METADATA",
    "OFFSETS",
    "OFFSET_EDITS",
    "PROMOTIONS",
    "PUBLISHES",
    "PUBLISH_ENTRIES",
    "PUBLISH_OFFSETS",
    "RUNS",
    "SCHEMAS",
    "VERSION",
]

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[dt.datetime]):
    """An instant in UTC as text of fixed width, which sorts by time."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, _dialect: Any) -> str | None:
        """To text; a moment without a time zone is refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment needs a time zone.")
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, _dialect: Any) -> dt.datetime | None:
        """From text."""
        return dt.datetime.fromisoformat(value) if value is not None else None


class Document(TypeDecorator[Any]):
    """JSON as text: secrets refused, NaN and infinities kept."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Any) -> str | None:
        """To text; ``None`` stays null."""
        return encode(value) if value is not None else None

    def process_result_value(self, value: str | None, _dialect: Any) -> Any:
        """From text."""
        return decode(value) if value is not None else None


def _key(*names: str) -> list[Column[Any]]:
    """Key columns: project and environment first, as everything is theirs."""
    return [Column(name, String(255), primary_key=True) for name in ("project", "environment", *names)]


def _of_run() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["project", "environment", "run_id"],
        ["runs.project", "runs.environment", "runs.id"],
        ondelete="CASCADE",
    )


VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))

RUNS = Table(
    "runs",
    METADATA,
    *_key("id"),
    Column("pipeline", String(255), nullable=False),
    Column("document_digest", String(64), nullable=False),
    Column("document", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("engine", String(32)),
    Column("parameters", Document, nullable=False),
    Column("started", Moment, nullable=False),
    Column("ended", Moment),
    Column("result", Document),
    Column("attempt", Integer, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("host", String(255), nullable=False),
    Column("process", String(255)),
    Index(None, "project", "environment", "state"),
    Index(None, "project", "environment", "pipeline"),
)

ATTEMPTS = Table(
    "attempts",
    METADATA,
    *_key("run_id"),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("started", Moment, nullable=False),
    Column("ended", Moment),
    Column("pid", Integer, nullable=False),
    Column("host", String(255), nullable=False),
    Column("process", String(255)),
    _of_run(),
)

EVENTS = Table(
    "events",
    METADATA,
    *_key("run_id"),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String(64), nullable=False),
    Column("body", Document, nullable=False),
    _of_run(),
)

OFFSETS = Table(
    "offsets",
    METADATA,
    *_key("pipeline", "stage"),
    Column("version", Integer, nullable=False),
    Column("value", Document),
    Column("run_id", String(255)),
    Column("committed", Moment),
    Column("claim_run", String(255)),
    Column("claim_batch", String(255)),
)

OFFSET_EDITS = Table(
    "offset_edits",
    METADATA,
    *_key("pipeline", "stage"),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("before", Document),
    Column("after", Document),
    Column("at", Moment, nullable=False),
)

PUBLISHES = Table(
    "publishes",
    METADATA,
    *_key("run_id", "batch"),
    Column("pipeline", String(255), nullable=False),
    Column("status", String(16), nullable=False),
    Column("intended", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    _of_run(),
    Index(None, "project", "environment", "status"),
)

PUBLISH_ENTRIES = Table(
    "publish_entries",
    METADATA,
    *_key("run_id", "batch"),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("stage", String(255), nullable=False),
    Column("kind", String(255), nullable=False),
    Column("intent", Document, nullable=False),
    Column("phase", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("output", Document),
    ForeignKeyConstraint(
        ["project", "environment", "run_id", "batch"],
        ["publishes.project", "publishes.environment", "publishes.run_id", "publishes.batch"],
        ondelete="CASCADE",
    ),
)

PUBLISH_OFFSETS = Table(
    "publish_offsets",
    METADATA,
    *_key("run_id", "batch", "stage"),
    Column("value", Document),
    Column("expected", Integer, nullable=False),
    ForeignKeyConstraint(
        ["project", "environment", "run_id", "batch"],
        ["publishes.project", "publishes.environment", "publishes.run_id", "publishes.batch"],
        ondelete="CASCADE",
    ),
)

PROMOTIONS = Table(
    "promotions",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("project", String(255), nullable=False),
    Column("environment", String(255), nullable=False),
    Column("identity", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("model", String(255), nullable=False),
    Column("version", Integer, nullable=False),
    Column("decision", String(16), nullable=False),
    Column("previous", Integer),
    Column("condition", Text),
    Column("inputs", Document, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", String(255)),
    Column("run_id", String(255)),
    Column("at", Moment, nullable=False),
    UniqueConstraint("project", "environment", "identity"),
    Index(None, "project", "environment", "model"),
)

SCHEMAS = Table(
    "schemas",
    METADATA,
    *_key("key"),
    Column("columns", Document, nullable=False),
    Column("stored", Moment, nullable=False),
)

CANCELS = Table(
    "cancels",
    METADATA,
    *_key("run_id"),
    Column("requested", Moment, nullable=False),
    Column("actor", String(255)),
    Column("reason", Text),
    _of_run(),
)
