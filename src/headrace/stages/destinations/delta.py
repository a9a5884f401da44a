"""Write a Delta table."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import model_validator

from headrace.core import Columns, Connection, Destination, Field, Frame, Location, Run, SqlExpression, Staged
from headrace.storage.lakes import TableWriting


class Delta(Destination):
    """Write a Delta Lake table on this machine or on S3; it is made where there is none."""

    means: ClassVar[str] = "one Delta commit with the batch's transaction identifier"

    path: Location = Field(
        description="The table's folder.", examples=["lake/orders", "s3://lake/curated/orders"]
    )
    connection: Connection | None = Field(
        default=None, description="Where the credentials are; without it, the default chain (`AWS_*`)."
    )
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

    def _writing(self) -> TableWriting:
        return TableWriting.model_validate({name: getattr(self, name) for name in TableWriting.model_fields})

    @model_validator(mode="after")
    def _fits(self) -> Delta:
        self._writing().check()
        return self

    def write(self, frame: Frame, run: Run) -> Staged:
        """Writes files that the table does not name yet; ``publish`` is one commit."""
        return self._writing().stage_delta(frame, run, self.path, self.connection)
