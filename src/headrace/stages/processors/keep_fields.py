"""Keep columns and take the others away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from headrace.core import ColumnPattern, Field, Frame, Issue, Names, Processor, Run, Schema
from headrace.frames.columns import column, matching, unmatched
from headrace.frames.used_columns import passed_on


class KeepFields(Processor):
    """Keep columns, by name or by pattern; remove the rest."""

    keeps_rows = True

    fields: tuple[ColumnPattern, ...] = Field(
        min_length=1,
        description="Column names, or patterns with `*` (any text) and `?` (one character), in any case.",
        examples=[["label", "room_*"]],
    )
    ignore_missing: bool = Field(
        False,
        description="Whether a named column may be missing. Patterns may always match nothing.",
    )
    reorder: bool = Field(
        False,
        description="Whether columns take the order of `fields`; otherwise they stay in the input's.",
    )

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """Those kept, in order."""
        schema = inputs["frame"]
        by_name = {each.name: each for each in schema}
        return Schema(tuple(by_name[name] for name in self._kept(schema.names)))

    def problems(self, inputs: Mapping[str, Schema]) -> Iterator[Issue]:
        """Named columns that do not exist, and keeping nothing."""
        if not self.ignore_missing:
            yield from unmatched("fields", self.fields, inputs["frame"].names)
        if not self._kept(inputs["frame"].names):
            yield Issue("no-columns-left", "No column would be kept.", field="fields")

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names]:
        """What is wanted, and what it names."""
        return passed_on(self, wanted, inputs)

    def transform(self, frame: Frame, run: Run) -> Frame:
        """The frame with them alone."""
        return frame.select(*map(column, self._kept(tuple(frame.columns))))

    def _kept(self, names: tuple[str, ...]) -> tuple[str, ...]:
        if not self.reorder:
            return matching(self.fields, names)
        return tuple(dict.fromkeys(name for each in self.fields for name in matching([each], names)))
