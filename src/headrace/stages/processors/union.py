"""Put frames one below the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import field_validator

from headrace.core import Field, Frame, Issue, Names, Processor, Run, Schema
from headrace.frames.unions import stacked, union_columns, union_problems
from headrace.frames.used_columns import passed_on


class Union(Processor):
    """Append the rows of any number of inputs, columns matched by name.

    Numbers of different width widen, dates become timestamps; types with nothing in common are a problem.
    """

    missing: Literal["stop", "null", "drop"] = Field(
        "stop",
        description="A column that some input lacks: `stop` refuses, `null` fills it, `drop` leaves it out.",
        examples=["null"],
    )
    distinct: bool = Field(False, description="Whether of equal rows only one stays.")

    @field_validator("missing", mode="before", json_schema_input_type=Literal["stop", "null", "drop"] | None)
    @classmethod
    def _yaml_null(cls, value: Any) -> Any:
        return "null" if value is None else value  # `missing: null` is how people write it

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """The first input's columns, then what the others add."""
        return union_columns(tuple(inputs.values()), self.missing)

    def problems(self, inputs: Mapping[str, Schema]) -> Iterator[Issue]:
        """Missing columns under `stop`, and types that do not fit."""
        for code, message, hint in union_problems(tuple(inputs.values()), self.missing):
            yield Issue(code, message, field="missing" if code == "missing-column" else "from", hint=hint)

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names] | None:
        """What is wanted, of every input; with `distinct`, rows are compared whole."""
        return None if self.distinct else passed_on(self, wanted, inputs)

    def transform(self, *frames: Frame, run: Run) -> Frame:
        """All rows."""
        whole = stacked(frames, self.missing)
        return whole.distinct() if self.distinct else whole
