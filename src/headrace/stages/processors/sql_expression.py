"""Compute columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import field_validator

from headrace.core import Field, Frame, Names, NewColumn, Processor, Run, Schema, SqlExpression
from headrace.frames.branches import truly_typed
from headrace.frames.columns import functions_called, identifiers
from headrace.frames.used_columns import passed_on

MAKES_ROWS = {"explode", "explode_outer", "posexplode", "posexplode_outer", "inline", "inline_outer", "stack"}


class SqlExpressions(Processor):
    """Add or replace columns by SQL expressions, in the order written.

    An expression sees the input's columns and those of the expressions above it; a column that is replaced
    has its new value for those below. Integer overflow in `+` and `*` is an error on Spark and wraps silently
    on the embedded engine: where it may happen, write `try_add(n, 1L)` and `try_multiply(n, 2L)`, with both
    sides of one type, or cast to a wider type.
    """

    keeps_rows = True

    columns: dict[NewColumn, SqlExpression] = Field(
        min_length=1,
        description="Column name → Spark SQL expression.",
        examples=[{"price_per_foot": "price / sqft", "expensive": "price_per_foot > 500"}],
    )

    @field_validator("columns")
    @classmethod
    def _one_row_each(cls, columns: dict[str, str]) -> dict[str, str]:
        for name, expression in columns.items():
            if MAKES_ROWS & functions_called(expression):
                raise ValueError(
                    f"the expression of '{name}' makes several rows of one; use processor.sql for that"
                )
        return columns

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names]:
        """What is wanted, and what it names."""
        return passed_on(self, wanted, inputs)

    def transform(self, frame: Frame, run: Run) -> Frame:
        """The frame with them, in as few steps as their references allow."""
        from pyspark.sql import functions as f

        for step in self._steps():
            expressions = {name: self.columns[name] for name in step}
            made = frame.withColumns({name: f.expr(sql) for name, sql in expressions.items()})
            frame = truly_typed(made, expressions.values())
        return frame

    def _steps(self) -> Iterator[list[str]]:
        """A new step begins where an expression mentions a column that its own step makes."""
        step: list[str] = []
        for name, expression in self.columns.items():
            mentioned = {each.casefold() for each in identifiers(expression)}
            if mentioned & {each.casefold() for each in step}:
                yield step
                step = []
            step.append(name)
        yield step
