"""Give columns other names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import model_validator

from headrace.core import Column, ColumnPattern, Field, Frame, Issue, Names, NewColumn, Processor, Run, Schema
from headrace.core import ColumnType as Typed
from headrace.frames.columns import matching, repeated_names, spare_names
from headrace.frames.used_columns import mentioned


class RenameFields(Processor):
    """Rename columns one by one, or many by rule; two may swap their names."""

    keeps_rows = True

    rename: dict[Column, NewColumn] = Field(
        {},
        description="Old name → new name. These are final: rules do not touch them.",
        examples=[{"mdev": "label"}],
    )
    case: Literal["lower", "upper", "snake"] | None = Field(
        None, description="Spelling of the others: `snake` makes `LotSize (m²)` into `lot_size_m²`."
    )
    prefix: str = Field("", description="Put before the others' names.", examples=["left_"])
    suffix: str = Field("", description="Put behind the others' names.")
    apply_to: tuple[ColumnPattern, ...] = Field(
        ("*",), description="Which columns `case`, `prefix` and `suffix` are for.", examples=[["geo_*"]]
    )

    @model_validator(mode="after")
    def _does_something(self) -> RenameFields:
        if not (self.rename or self.case or self.prefix or self.suffix):
            raise ValueError("nothing to rename: give rename, case, prefix or suffix")
        return self

    def columns_after(self, inputs: Mapping[str, Schema]) -> Schema:
        """The input's columns under their new names."""
        schema = inputs["frame"]
        names = self._names(schema.names)
        return Schema(tuple(Typed(n, c.type, c.nullable) for n, c in zip(names, schema, strict=True)))

    def problems(self, inputs: Mapping[str, Schema]) -> Iterator[Issue]:
        """Two columns of one name."""
        for name in repeated_names(self._names(inputs["frame"].names)):
            message = f"Two columns would be called '{name}'."
            yield Issue(
                "duplicate-column", message, field="rename", hint="Remove or rename one of them before."
            )

    def columns_before(self, wanted: Names, inputs: Mapping[str, Schema]) -> Mapping[str, Names]:
        """What has a wanted name afterwards, and what `rename` names."""
        schema = inputs["frame"]
        names = zip(schema.names, self._names(schema.names), strict=True)
        return {
            "frame": mentioned(self, schema)
            | {old.casefold() for old, new in names if new.casefold() in wanted}
        }

    def transform(self, frame: Frame, run: Run) -> Frame:
        """The frame under its new names; Spark is asked for its columns only when there is a rule."""
        if self.case or self.prefix or self.suffix or run.engine == "embedded":
            # The embedded engine renames nothing that is spelled `ID` here and `id` there, and says nothing.
            return frame.toDF(*self._names(tuple(frame.columns)))
        if not {each.casefold() for each in self.rename.values()} & {each.casefold() for each in self.rename}:
            return frame.withColumnsRenamed(self.rename)
        # Renaming is one after the other: by way of spare names, two can swap.
        spare = spare_names(len(self.rename), "renamed")
        away = frame.withColumnsRenamed(dict(zip(self.rename, spare, strict=True)))
        return away.withColumnsRenamed(dict(zip(spare, self.rename.values(), strict=True)))

    def _names(self, names: tuple[str, ...]) -> tuple[str, ...]:
        chosen = {old.casefold(): new for old, new in self.rename.items()}
        ruled = set(matching(self.apply_to, names))
        return tuple(
            chosen[name.casefold()]
            if name.casefold() in chosen
            else self._ruled(name)
            if name in ruled
            else name
            for name in names
        )

    def _ruled(self, name: str) -> str:
        spelled = (
            {"lower": str.lower, "upper": str.upper, "snake": snake}[self.case](name) if self.case else name
        )
        return f"{self.prefix}{spelled}{self.suffix}"


def snake(name: str) -> str:
    """``LotSize (m²)`` → ``lot_size_m²``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^\w]+|_+", "_", words).strip("_").lower() or name
