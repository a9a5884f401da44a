"""Give columns other types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import field_validator

from headrace.core import Column, Field, Frame, Issue, Names, Processor, Run, Schema, WithErrors
from headrace.core import ColumnType as Typed
from headrace.frames.columns import refusal, text
from headrace.frames.conversions import (
    NUMBER_FORMATS,
    UNIX,
    Conversion,
    converted,
    message,
    no_conversion,
    unconvertible,
)
from headrace.frames.used_columns import passed_on


class ConvertTypes(Processor):
    """Convert columns to other types; say what happens to values that cannot be converted.

    Spark's rules: a number loses what is behind the point on its way to an integer, a decimal is rounded.
    Null and blank text become null and are no failure.
    """

    keeps_rows = True
    rejects = True

    columns: dict[Column, Conversion] = Field(
        min_length=1,
        description="Column → type, or type and format.",
        examples=[{"price": "decimal(12,2)", "sold": {"type": "date", "format": "dd/MM/yyyy"}}],
    )
    on_failure: Literal["error_row", "null", "stop"] = Field(
        "error_row",
        description="For a value that cannot be converted: `null` makes it null; `stop` ends the run; "
        "`error_row` does with its row what `on_error` says, which by default is to stop as well.",
    )

    @field_validator("columns", mode="before", json_schema_input_type=dict[Column, str | Conversion])
    @classmethod
    def _bare_types(cls, columns: Any) -> Any:
        if not isinstance(columns, Mapping):
            return columns
        return {name: {"type": each} if isinstance(each, str) else each for name, each in columns.items()}

    @field_validator("columns")
    @classmethod
    def _formats_fit(cls, columns: dict[str, Conversion]) -> dict[str, Conversion]:
        for name, to in columns.items():
            dates = to.type in ("date", "timestamp", "timestamp_ntz", "string")
            if to.format is not None and not dates and to.format not in NUMBER_FORMATS:
                known = ", ".join(NUMBER_FORMATS)
                raise ValueError(f"the format of '{name}' is none for {to.type}; there is {known}")
            if to.format in UNIX and to.type == "string":
                raise ValueError(f"'{name}': {to.format} makes dates and timestamps, not text")
        return columns

    @field_validator(
        "on_failure", mode="before", json_schema_input_type=Literal["error_row", "null", "stop"] | None
    )
    @classmethod
    def _yaml_null(cls, value: Any) -> Any:
        return "null" if value is None else value  # `on_failure: null` is how people write it

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """The input's, with new types; a converted column is spelled as it is here."""
        new = {name.casefold(): Typed(name, to.type) for name, to in self.columns.items()}
        return Schema(tuple(new.get(each.name.casefold(), each) for each in inputs["frame"]))

    def problems(self, inputs: Mapping[str, Schema]) -> Iterator[Issue]:
        """Types that do not become others."""
        for name, to in self.columns.items():
            was = inputs["frame"].get(name)
            hint = no_conversion(was.type, to) if was else None
            if was and hint:
                message = f"'{name}' is {was.type}, which does not become {to.type}."
                yield Issue("no-conversion", message, field=f"columns.{name}", hint=hint)

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names]:
        """What is wanted, and what it names."""
        return passed_on(self, wanted, inputs)

    def transform(self, frame: Frame, run: Run) -> Frame | WithErrors:
        """The frame converted; with ``on_error: discard`` or ``route`` also the rows that could not be."""
        from pyspark.sql import functions as f

        if self.on_failure == "error_row" and run.on_error != "stop":
            failed = " OR ".join(unconvertible(name, to) for name, to in self.columns.items())
            wrong = f.coalesce(f.expr(failed), f.expr("false"))
            return WithErrors(self._converted(frame.where(~wrong)), self._rejected(frame.where(wrong)))
        return self._converted(frame, checked=self.on_failure != "null")

    def _converted(self, frame: Frame, *, checked: bool = False) -> Frame:
        from pyspark.sql import functions as f

        expressions = {}
        for name, to in self.columns.items():
            value = converted(name, to)
            if checked and unconvertible(name, to) != "false":
                stop = f"CAST({refusal('not-convertible', message(name, to))} AS {to.type})"
                value = f"CASE WHEN {unconvertible(name, to)} THEN {stop} ELSE {value} END"
            expressions[name] = f.expr(value)
        return frame.withColumns(expressions)

    def _rejected(self, frame: Frame) -> Frame:
        from pyspark.sql import functions as f

        cases = [(unconvertible(name, to), name, message(name, to)) for name, to in self.columns.items()]
        messages = " ".join(f"WHEN {wrong} THEN {sentence}" for wrong, _, sentence in cases)
        columns = " ".join(f"WHEN {wrong} THEN {text(name)}" for wrong, name, _ in cases)
        added = {"_error_code": f.lit("not-convertible"), "_error_message": f.expr(f"CASE {messages} END")}
        return frame.withColumns({**added, "_error_column": f.expr(f"CASE {columns} END")})
