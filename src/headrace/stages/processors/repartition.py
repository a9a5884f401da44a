"""Choose how rows are spread."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import model_validator

from headrace.core import Columns, Field, Frame, Names, Processor, Run, Schema
from headrace.frames.columns import column
from headrace.frames.used_columns import passed_on


class Repartition(Processor):
    """Spread rows over a number of partitions, or bring equal values of columns together."""

    keeps_rows = True

    partitions: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="How many; left out: as many as the engine thinks right.",
        examples=[8],
    )
    columns: Columns = Field(
        (), description="Rows with equal values here share a partition.", examples=[["city"]]
    )
    coalesce: bool = Field(
        False, description="Only merge partitions, which moves fewer rows; cannot make more than there are."
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Repartition:
        if self.partitions is None and not self.columns:
            raise ValueError("give partitions, columns or both")
        if self.coalesce and (self.columns or self.partitions is None):
            raise ValueError("coalesce takes partitions, and no columns")
        return self

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """The input's."""
        return inputs["frame"]

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names]:
        """What is wanted, and what it names."""
        return passed_on(self, wanted, inputs)

    def transform(self, frame: Frame, run: Run) -> Frame:
        """The same rows, spread differently."""
        if self.coalesce and self.partitions:
            return frame.coalesce(self.partitions)
        columns = map(column, self.columns)
        return (
            frame.repartition(self.partitions, *columns) if self.partitions else frame.repartition(*columns)
        )
