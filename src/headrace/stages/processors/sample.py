"""Some of the rows."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import model_validator

from headrace.core import Columns, Field, Frame, Names, Processor, Run, Schema
from headrace.frames.sampling import first_rows, sampled, sampled_by_value
from headrace.frames.used_columns import passed_on


class Sample(Processor):
    """Take a random part of the rows: a fraction, a number, or a fraction per value of a column.

    A row is taken by its hash (SHA-256 of its values and the seed), so that neither order nor partitions nor
    the engine make a difference. Rows that are equal are taken or left together.
    """

    costly = True

    fraction: float | None = Field(
        None, gt=0, le=1, description="About which part of the rows, 0 to 1.", examples=[0.1]
    )
    rows: int | None = Field(
        None, ge=1, description="How many rows; with `stratify`, how many of each.", examples=[1000]
    )
    fractions: dict[str, float] = Field(
        {},
        description="Value of the one column in `stratify` → its own fraction; other values are left out.",
        examples=[{"fraud": 1.0, "fine": 0.05}],
    )
    stratify: Columns = Field(
        (), description="Columns whose values each keep their share of the sample.", examples=[["city"]]
    )
    keys: Columns = Field(
        (), description="Columns that decide instead of the whole row, such as an id.", examples=[["id"]]
    )
    seed: int | None = Field(
        None, description="The same seed takes the same rows; left out, each run takes others.", examples=[42]
    )

    @model_validator(mode="after")
    def _one_size(self) -> Sample:
        if sum((self.fraction is not None, self.rows is not None, bool(self.fractions))) != 1:
            raise ValueError("give one of fraction, rows and fractions")
        if self.fractions and len(self.stratify) != 1:
            raise ValueError("fractions are for the values of one column: name it in stratify")
        if any(not 0 <= each <= 1 for each in self.fractions.values()):
            raise ValueError("fractions are between 0 and 1")
        return self

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """The input's."""
        return inputs["frame"]

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names] | None:
        """With keys, what is wanted and what it names; else the whole row decides."""
        return passed_on(self, wanted, inputs) if self.keys else None

    def transform(self, frame: Frame, run: Run) -> Frame:
        """The rows taken."""
        seed = run.id if self.seed is None else self.seed
        if self.rows is not None:
            return first_rows(frame, self.rows, seed, self.keys, self.stratify)
        if self.fraction is not None:
            return sampled(frame, self.fraction, seed, self.keys, self.stratify)
        return sampled_by_value(frame, self.fractions, self.stratify[0], seed, self.keys)
