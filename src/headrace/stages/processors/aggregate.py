"""One row per group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from headrace.core import (
    Columns,
    Field,
    Frame,
    Issue,
    Names,
    NewColumn,
    Processor,
    Run,
    Schema,
    SqlExpression,
)
from headrace.core import ColumnType as Typed
from headrace.frames.aggregation import Aggregation, aggregate_problem, aggregate_sql, aggregate_type
from headrace.frames.branches import truly_typed
from headrace.frames.columns import column, repeated_names, schema_of
from headrace.frames.used_columns import mentioned

TYPED = ("sum", "median")
"""Functions whose SQL depends on the column's type."""
CONVERT = "Convert the column with processor.convert_types before."


class Aggregate(Processor):
    """Group rows by columns and compute one row per group: sums, means, counts, any SQL aggregate.

    A `sum` by function is checked: a result beyond bigint is an error. In SQL of your own `sum` of a bigint
    wraps silently on the embedded engine; use `try_sum`, or sum a decimal, where that may happen.
    """

    costly = True

    group_by: Columns = Field(
        (),
        description="Columns whose equal values make a group; none: all rows are one.",
        examples=[["city"]],
    )
    aggregates: dict[NewColumn, SqlExpression | Aggregation] = Field(
        min_length=1,
        description="New column → function and column, or an aggregate expression in Spark SQL.",
        examples=[{"houses": {"function": "count"}, "price": {"function": "mean", "column": "price"}}],
    )
    having: SqlExpression | None = Field(
        None,
        description="Keep only groups for which this holds; it may use the new columns.",
        examples=["houses >= 10"],
    )

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema | None:
        """The group's columns, then the aggregates; the engine is asked when there is SQL among them."""
        schema, found = inputs["frame"], []
        for name, wanted in self.aggregates.items():
            if isinstance(wanted, str):
                return None
            found.append(Typed(name, aggregate_type(wanted, schema)))
        groups = [Typed(name, each.type) for name in self.group_by if (each := schema.get(name))]
        return Schema((*groups, *found))

    def problems(self, inputs: Mapping[str, Schema]) -> Iterator[Issue]:
        """A function that a column's type does not have, an aggregate that is called like a group."""
        for name, wanted in self.aggregates.items():
            wrong = None if isinstance(wanted, str) else aggregate_problem(wanted, inputs["frame"])
            if wrong:
                yield Issue("value-does-not-fit", wrong, field=f"aggregates.{name}.function", hint=CONVERT)
        for name in repeated_names((*self.group_by, *self.aggregates)):
            message = f"Two columns would be called '{name}'."
            yield Issue(
                "duplicate-column", message, field="aggregates", hint="Give the aggregate another name."
            )

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names]:
        """What it names."""
        return {"frame": mentioned(self, inputs["frame"])}

    def transform(self, frame: Frame, run: Run) -> Frame:
        """One row per group."""
        from pyspark.sql import functions as f

        asked = any(not isinstance(each, str) and each.function in TYPED for each in self.aggregates.values())
        schema = schema_of(frame) if asked else Schema(())
        columns = [
            f.expr(each if isinstance(each, str) else aggregate_sql(each, schema, run.engine)).alias(name)
            for name, each in self.aggregates.items()
        ]
        made = frame.groupBy(*map(column, self.group_by)).agg(*columns)
        grouped = truly_typed(made, [each for each in self.aggregates.values() if isinstance(each, str)])
        return grouped.where(self.having) if self.having else grouped
