"""Write tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from headrace.core import Column, Columns, Connection, Destination, Field, Frame, Issue, Run, Stage, Staged
from headrace.storage.databases import Mode, StagedRows, Wanted


class Table(Destination):
    """Write a table of a database: all rows of a batch in one transaction, or none."""

    means: ClassVar[str] = "one transaction with a row in the database's batch ledger"

    connection: Connection = Field(description="The database.", examples=["warehouse"])
    table: str = Field(
        description="The table; a name with dots stands in double quotes.",
        examples=["orders", "sales.orders", 'sales."order.lines"'],
    )
    mode: Mode = Field(
        default="append",
        description="`append` adds rows, `overwrite` replaces all. By `keys`: `upsert` updates and inserts, "
        "`delete` removes, `scd1` updates only rows that differ, `scd2` keeps every version and its time.",
    )
    keys: Columns = Field(default=(), description="Columns that tell rows apart.", examples=[["id"]])
    latest_by: Column | None = Field(
        default=None,
        description="Of several rows with the same keys, the one with the greatest value counts; without it, "
        "that is an error.",
    )
    create: bool = Field(default=True, description="Make schema and table where they are missing.")
    add_columns: bool = Field(default=False, description="Add columns that the table does not have.")
    primary_key: tuple[str, ...] = Field(
        default=(), description="The primary key of a table that is made; without it, `keys`."
    )
    indexes: tuple[tuple[str, ...], ...] = Field(
        default=(), description="Indexes of a table that is made.", examples=[[["customer"], ["day", "shop"]]]
    )
    comment: str | None = Field(default=None, description="What a table that is made says about itself.")
    column_comments: dict[str, str] = Field(default={}, description="What its columns say about themselves.")
    column_types: dict[str, str] = Field(
        default={},
        description="Types of columns that are made, in the database's own words.",
        examples=[{"id": "uuid", "body": "jsonb"}],
    )
    valid_from: str = Field(default="valid_from", description="`scd2`: since when a version holds.")
    valid_to: str = Field(default="valid_to", description="`scd2`: until when; null: it still does.")
    current: str = Field(default="is_current", description="`scd2`: whether a version is the last one.")
    writers: int | None = Field(
        default=None, ge=1, description="How many connections load rows side by side; by default one a core."
    )

    def mistakes(self, sources: Mapping[str, tuple[Stage, str | None]]) -> Iterable[Issue]:
        """Fields that do not go together."""
        needed = self.mode in ("upsert", "delete", "scd1", "scd2")
        if needed != bool(self.keys):
            message = "needs" if needed else "has no use for"
            yield Issue("conflicting-fields", f"`mode: {self.mode}` {message} `keys`.", field="keys")
        if self.latest_by is not None and self.mode not in ("upsert", "scd1", "scd2"):
            message = f"`mode: {self.mode}` has no use for `latest_by`."
            yield Issue("conflicting-fields", message, field="latest_by")

    def write(self, frame: Frame, run: Run) -> Staged:
        """Rows wait in a table that nobody knows of; nothing is visible before ``publish``."""
        columns = [(field.name, field.dataType.simpleString()) for field in frame.schema]
        wanted = Wanted.of(self.table, columns, **{each: getattr(self, each) for each in SHARED})
        return StagedRows.begin(self.connection, wanted, run).fill(frame, run, self.writers)


SHARED = (
    *(
        "mode",
        "keys",
        "latest_by",
        "create",
        "add_columns",
        "primary_key",
        "indexes",
        "comment",
        "column_comments",
    ),
    *("column_types", "valid_from", "valid_to", "current"),
)
"""Fields that a table is asked for by the same names."""
