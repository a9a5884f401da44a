"""Of rows that are alike, keep one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from headrace.core import Column, Columns, Field, Frame, Names, Processor, Run, Schema
from headrace.frames.columns import Ordering, as_orderings, column, spare_names
from headrace.frames.used_columns import passed_on


class Deduplicate(Processor):
    """Keep one row of those with equal values, in all columns or in key columns; nulls are equal."""

    costly = True
    once = True

    keys: Columns = Field(
        (), description="The columns that make rows alike; left out: all of them.", examples=[["id"]]
    )
    keep: Literal["any", "first", "last"] = Field(
        "any", description="Which row stays: `first` or `last` by `order_by`, or `any`, which is cheapest."
    )
    order_by: Annotated[
        tuple[Ordering, ...],
        BeforeValidator(
            as_orderings, json_schema_input_type=Column | Ordering | tuple[Column | Ordering, ...]
        ),
    ] = Field(
        (),
        description="What first and last mean: a name (ascending), or column, direction and nulls. "
        "Rows that are equal here, too, are chosen from freely.",
        examples=[[{"column": "updated_at"}]],
    )

    @model_validator(mode="after")
    def _knows_order(self) -> Deduplicate:
        if (self.keep == "any") == bool(self.order_by):
            raise ValueError("first and last need order_by; any takes none")
        if self.order_by and not self.keys:
            raise ValueError("first and last need keys: rows alike in all columns have no order")
        return self

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """The input's."""
        return inputs["frame"]

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names] | None:
        """With keys, what is wanted and what it names; else rows are compared whole."""
        return passed_on(self, wanted, inputs) if self.keys else None

    def transform(self, frame: Frame, run: Run) -> Frame:
        """The rows that stay."""
        if self.keep == "any":
            return frame.dropDuplicates(list(self.keys)) if self.keys else frame.dropDuplicates()
        from pyspark.sql import Window
        from pyspark.sql import functions as f

        orderings = [each.reversed() if self.keep == "last" else each for each in self.order_by]
        window = Window.partitionBy(*map(column, self.keys)).orderBy(
            *(each.expression() for each in orderings)
        )
        (place,) = spare_names(1, "place")
        return frame.withColumn(place, f.row_number().over(window)).where(f.col(place) == 1).drop(place)
