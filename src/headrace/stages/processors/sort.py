"""Put rows in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator

from headrace.core import Column, Field, Frame, Names, Processor, Run, Schema
from headrace.frames.columns import Ordering, as_orderings
from headrace.frames.used_columns import passed_on
from headrace.storage.datasource import held


class Sort(Processor):
    """Order rows by columns; a destination after it writes them in that order.

    Stages between the two that work row by row (rename, convert, filter, expressions) keep the order; one
    that moves rows (a join, an aggregate, user code) may undo it.
    """

    keeps_rows = True
    costly = True

    by: Annotated[
        tuple[Ordering, ...],
        BeforeValidator(
            as_orderings, json_schema_input_type=Column | Ordering | tuple[Column | Ordering, ...]
        ),
    ] = Field(
        min_length=1,
        description="Columns, the most important first: a name (ascending), or column, direction and nulls.",
        examples=[["city", {"column": "price", "direction": "desc", "nulls": "last"}]],
    )

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """The input's."""
        return inputs["frame"]

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names]:
        """What is wanted, and what it names."""
        return passed_on(self, wanted, inputs)

    def transform(self, frame: Frame, run: Run) -> Frame:
        """The frame in order."""
        ordered = frame.orderBy(*(each.expression() for each in self.by))
        return held(ordered) if run.engine == "embedded" else ordered
