"""Keep some rows."""

from __future__ import annotations

from headrace.core import Field, Frame, Processor, Run, SqlExpression


class Filter(Processor):
    """Keep the rows for which a condition holds; drop the rest, nulls included."""

    condition: SqlExpression = Field(description="A Spark SQL condition.", examples=["amount > 0"])

    def transform(self, frame: Frame, run: Run) -> Frame:
        """Rows where the condition is true."""
        return frame.where(self.condition)
