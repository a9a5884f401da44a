"""Rows in the document."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import model_validator

from headrace.core import Field, Frame, Json, Origin, Run, Schema
from headrace.frames.arrow import arrow_to_frame
from headrace.storage.datasource import declared_schema
from headrace.storage.formats import infer_rows


class Inline(Origin):
    """Take a few rows that are written in the document itself."""

    rows: tuple[dict[str, Json] | tuple[Json, ...], ...] = Field(
        description="Mappings of column to value, or lists of values in the order of `schema`.",
        examples=[[{"city": "Oslo", "count": 3}, {"city": "Bergen", "count": None}]],
    )
    columns: str | dict[str, str] | None = Field(
        default=None,
        alias="schema",
        description="The columns and their types, `city string, count bigint`; without it they follow from "
        "the rows.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Inline:
        listed = any(not isinstance(row, Mapping) for row in self.rows)
        if self.columns is None and (listed or not self.rows):
            raise ValueError("rows given as lists, or no rows at all, need a schema")
        names = self._schema().names
        for number, row in enumerate(self.rows, 1):
            extra = [name for name in row if name not in names] if isinstance(row, Mapping) else []
            if extra:
                raise ValueError(f"row {number} has a column '{extra[0]}' that is not in the schema")
            if not isinstance(row, Mapping) and len(row) != len(names):
                raise ValueError(f"row {number} has {len(row)} values for {len(names)} columns")
        return self

    def _schema(self) -> Schema:
        if self.columns is not None:
            return declared_schema(self.columns)
        return infer_rows([row for row in self.rows if isinstance(row, dict)])

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """What is declared, or follows from the rows."""
        return self._schema()

    def read(self, run: Run) -> Frame:
        """The rows, converted to the schema's types."""
        from headrace.storage.formats import inline_table

        table = inline_table(self.rows, self._schema())
        run.counted(rows_out=table.num_rows)
        return arrow_to_frame(table, run.session)
