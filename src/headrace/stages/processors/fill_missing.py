"""Put values where there are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import model_validator

from headrace.core import Column, Columns, Field, Frame, Issue, Names, Processor, Run, Schema
from headrace.frames.filling import Filling, filled, filling_problems
from headrace.frames.used_columns import passed_on

Scalar = bool | int | float | str


class FillMissing(Processor):
    """Replace nulls (and NaN) by constants, or by a column's mean, median, mode, minimum or maximum.

    What is computed is computed from the rows of this run. For a model, leave gaps to `ml.train_model`, which
    learns its fillings inside the folds.
    """

    keeps_rows = True

    values: dict[Column, Scalar] = Field(
        {}, description="Column → constant of the column's type.", examples=[{"city": "unknown", "floors": 1}]
    )
    by_type: dict[Literal["string", "number", "boolean", "date", "timestamp"], Scalar] = Field(
        {}, description="Type → constant for every column of it that is not named.", examples=[{"number": 0}]
    )
    computed: dict[Column, Literal["mean", "median", "mode", "min", "max"]] = Field(
        {}, description="Column → statistic of the values that are there.", examples=[{"price": "median"}]
    )
    within: Columns = Field(
        (),
        description="Columns that make groups: what is computed is computed for each group.",
        examples=[["city"]],
    )
    nan: bool = Field(True, description="Whether NaN is a missing value, too.")
    blank: bool = Field(
        False, description="Whether text without a visible character is a missing value, too."
    )

    @model_validator(mode="after")
    def _fills_something(self) -> FillMissing:
        if not (self.values or self.by_type or self.computed):
            raise ValueError("nothing to fill: give values, by_type or computed")
        twice = {each.casefold() for each in self.values} & {each.casefold() for each in self.computed}
        if twice:
            raise ValueError(f"'{min(twice)}' is in both values and computed")
        if {each.casefold() for each in self.within} & {each.casefold() for each in self.computed}:
            raise ValueError("a column cannot be computed within itself")
        return self

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """The input's."""
        return inputs["frame"]

    def readings(self, times: int) -> int:
        """What is computed needs all rows before the first can be filled."""
        return 2 * times if self.computed else times

    def problems(self, inputs: Mapping[str, Schema]) -> Iterator[Issue]:
        """Values and statistics that do not fit a column's type."""
        yield from filling_problems(inputs["frame"], self._filling())

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names]:
        """What is wanted, and what it names."""
        return passed_on(self, wanted, inputs)

    def transform(self, frame: Frame, run: Run) -> Frame:
        """The frame without those gaps."""
        return filled(frame, self._filling())

    def _filling(self) -> Filling:
        return Filling(self.values, self.by_type, self.computed, self.within, self.nan, self.blank)
