"""A query."""

from __future__ import annotations

from headrace.core import Field, Frame, Processor, Run, SqlExpression
from headrace.frames.branches import truly_typed
from headrace.frames.queries import queried


class Sql(Processor):
    """Run one Spark SQL query over any number of inputs, each a table under its port's name.

    An input is called as the stage it comes from (`from: [houses, agents]`), as its output
    (`from: split.train` is `train`), or as the document says (`from: {h: houses}`). The order of the result
    is not kept: use processor.sort after it. On the embedded engine `a.*` after
    `JOIN b USING (id)` lacks `id`: write `ON`, or name the column.
    """

    costly = True

    query: SqlExpression = Field(
        min_length=1,
        description="A Spark SQL query: `SELECT …` or `WITH … SELECT …`.",
        examples=["SELECT city, avg(price) AS price FROM houses GROUP BY city"],
    )

    def transform(self, run: Run, **frames: Frame) -> Frame:
        """The query's rows."""
        return truly_typed(queried(run.session, self.query, frames), [self.query])
