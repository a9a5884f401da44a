"""Stacking frames by column name, types widened by us so that engines agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import chain
from typing import TYPE_CHECKING, Literal

from headrace.core import ColumnType, DataRefused, Schema

from .columns import column, schema_of, widest

if TYPE_CHECKING:
    from headrace.core import Frame

__all__ = ["stacked", "union_columns", "union_problems"]

Missing = Literal["stop", "null", "drop"]


def union_columns(schemas: Sequence[Schema], missing: Missing) -> Schema:
    """The first schema's columns, then what the others add; with ``drop`` those that all share."""
    found: dict[str, ColumnType] = {}
    for each in chain.from_iterable(schemas):
        known = found.get(each.name.casefold())
        kind = (widest(known.type, each.type) or known.type) if known else each.type
        found[each.name.casefold()] = ColumnType(known.name if known else each.name, kind)
    if missing == "drop":
        return Schema(tuple(c for c in found.values() if all(schema.get(c.name) for schema in schemas)))
    return Schema(tuple(found.values()))


def union_problems(schemas: Sequence[Schema], missing: Missing) -> Iterator[tuple[str, str, str]]:
    """Code, message and hint of each reason why these cannot be stacked."""
    for each in union_columns(schemas, missing):
        types = [found.type for schema in schemas if (found := schema.get(each.name))]
        if missing == "stop" and len(types) < len(schemas):
            yield (
                "missing-column",
                f"Not every input has the column '{each.name}'.",
                "Set `missing: null` to fill it, or `missing: drop` to leave it out.",
            )
        elif any(widest(each.type, kind) != each.type for kind in types):
            kinds = " and ".join(dict.fromkeys(types))
            yield (
                "types-differ",
                f"The column '{each.name}' is {kinds}.",
                "Give it one type with processor.convert_types before.",
            )


def stacked(frames: Sequence[Frame], missing: Missing) -> Frame:
    """The rows of all frames. Raises ``DataRefused`` when they do not fit."""
    schemas = [schema_of(each) for each in frames]
    for code, message, hint in union_problems(schemas, missing):
        raise DataRefused(code, message, hint=hint)
    whole = union_columns(schemas, missing)
    return reduce(lambda one, other: one.union(other), map(_fitted, frames, schemas, [whole] * len(frames)))


def _fitted(frame: Frame, schema: Schema, whole: Schema) -> Frame:
    from pyspark.sql import functions as f

    if [(c.name, c.type) for c in schema] == [(c.name, c.type) for c in whole]:
        return frame
    found = []
    for each in whole:
        own = schema.get(each.name)
        value = column(own.name) if own else f.lit(None)
        found.append((value if own and own.type == each.type else value.cast(each.type)).alias(each.name))
    return frame.select(*found)
