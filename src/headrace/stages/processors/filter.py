"""Keep some rows."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.core import Field, Frame, Names, Processor, Run, Schema, SqlExpression
from headrace.frames.used_columns import passed_on


class Filter(Processor):
    """Keep the rows for which a condition holds; drop the rest, nulls included."""

    condition: SqlExpression = Field(description="A Spark SQL condition.", examples=["amount > 0"])

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """The input's."""
        return inputs["frame"]

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names]:
        """What is wanted, and what it names."""
        return passed_on(self, wanted, inputs)

    def transform(self, frame: Frame, run: Run) -> Frame:
        """Rows where the condition is true."""
        return frame.where(self.condition)
