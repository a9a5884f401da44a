"""Take columns away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from headrace.core import ColumnPattern, Field, Frame, Issue, Names, Processor, Run, Schema
from headrace.frames.columns import matching, unmatched
from headrace.frames.used_columns import passed_on


class RemoveFields(Processor):
    """Remove columns, by name or by pattern; keep the rest."""

    keeps_rows = True

    fields: tuple[ColumnPattern, ...] = Field(
        min_length=1,
        description="Column names, or patterns with `*` (any text) and `?` (one character), in any case.",
        examples=[["ID", "tmp_*"]],
    )
    ignore_missing: bool = Field(
        False,
        description="Whether a named column may be missing. Patterns may always match nothing.",
    )

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """The input's columns without those removed."""
        schema = inputs["frame"]
        removed = matching(self.fields, schema.names)
        return Schema(tuple(each for each in schema if each.name not in removed))

    def problems(self, inputs: Mapping[str, Schema]) -> Iterator[Issue]:
        """Named columns that do not exist, and removing everything."""
        if not self.ignore_missing:
            yield from unmatched("fields", self.fields, inputs["frame"].names)
        if not len(self.columns_after(inputs)):
            yield Issue("no-columns-left", "Every column would be removed.", field="fields")

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names]:
        """What is wanted, and what it names."""
        return passed_on(self, wanted, inputs)

    def transform(self, frame: Frame, run: Run) -> Frame:
        """The frame without them. The engine is asked for its columns only when there is a pattern."""
        plain = not any("*" in each or "?" in each for each in self.fields)
        return frame.drop(*(self.fields if plain else matching(self.fields, frame.columns)))
