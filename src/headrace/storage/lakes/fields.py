"""What stages for tables have in common, whatever says where the table is."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar, Literal

from pydantic import model_validator

from headrace.core import Columns, Destination, Field, Origin, SqlExpression

from .delta_writing import TableWriting
from .lake import Look

__all__ = ["TableDestination", "TableOrigin"]


class TableOrigin(Origin, ABC):
    """Reads a table: as it is, as it was, or what is new in it."""

    reads_columns: ClassVar[bool] = True

    read_mode: Literal["all", "new"] = Field(
        default="all",
        alias="read",
        description="`new`: only rows of versions that no run has read yet; the first time, all of them.",
    )
    version: int | None = Field(default=None, ge=0, description="Read this version instead of the latest.")
    at: str | None = Field(
        default=None,
        description="Read the version of this moment: ISO 8601, UTC unless it says otherwise.",
        examples=["2026-01-31T12:00:00"],
    )
    since: int | None = Field(
        default=None,
        ge=0,
        description="Read only what came after this version, up to `version`, `at` or now.",
    )
    changes: bool = Field(
        default=False,
        description="Read what became of rows: the table's change data feed, with `_change_type`, "
        "`_commit_version` and `_commit_timestamp`.",
    )
    rewrites: Literal["stop", "skip"] = Field(
        default="stop",
        description="With `read: new` or `since`, and versions that changed or removed rows: refuse, or pass "
        "over those versions.",
    )

    @model_validator(mode="after")
    def _fits(self) -> TableOrigin:
        if self.version is not None and self.at is not None:
            raise ValueError("a table is read at a version or at a moment, not both")
        if self.read_mode == "new" and (self.version, self.at, self.since) != (None, None, None):
            raise ValueError("read: new decides itself which versions it reads")
        return self

    def look(self) -> Look:
        """What of the table is asked for."""
        return Look(self.read_mode, self.version, self.at, self.since, self.changes, self.rewrites)


class TableDestination(Destination, ABC):
    """Writes a table, which is made where there is none."""

    means: ClassVar[str] = "one commit that carries the batch's identity"

    mode: Literal["append", "overwrite", "replace", "merge", "error"] = Field(
        default="append",
        description="With rows there already: add to them; replace all of them; replace those for which "
        "`replace_where` holds; merge by `keys`; or refuse to run.",
    )
    keys: Columns = Field(
        default=(), description="For `merge`: columns whose values say which rows are the same one."
    )
    matched: Literal["update", "keep", "delete"] = Field(
        default="update", description="For `merge`: what becomes of a row that is in both."
    )
    not_matched: Literal["insert", "ignore"] = Field(
        default="insert", description="For `merge`: what becomes of a row that the table does not have."
    )
    not_matched_by_source: Literal["keep", "delete"] = Field(
        default="keep", description="For `merge`: what becomes of a row that only the table has."
    )
    replace_where: SqlExpression | None = Field(
        default=None,
        description="For `replace`: a condition on the table's columns; every row written has to meet it.",
        examples=["day = '2026-01-31'"],
    )
    new_columns: Literal["stop", "add", "ignore"] = Field(
        default="stop",
        description="With columns that the table does not have: refuse, add them, leave them out.",
    )
    partition_by: Columns = Field(
        default=(), description="Columns that a new table is divided by.", examples=[["day"]]
    )
    comment: str | None = Field(default=None, description="What a new table holds, for its readers.")
    column_comments: dict[str, str] = Field(default={}, description="What a new table's columns hold.")
    properties: dict[str, str] = Field(
        default={},
        description="Properties of a new table.",
        examples=[{"delta.enableChangeDataFeed": "true"}],
    )

    def writing(self) -> TableWriting:
        """How the table takes rows."""
        return TableWriting.model_validate({name: getattr(self, name) for name in TableWriting.model_fields})

    @model_validator(mode="after")
    def _fits(self) -> TableDestination:
        self.writing().check()
        return self
