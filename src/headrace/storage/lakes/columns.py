"""Columns of a frame against columns of a table: which goes where, and what does not fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from headrace.core import ColumnType, DataRefused, Schema

__all__ = ["NewColumns", "fitted", "spelled", "widens"]

NewColumns = Literal["stop", "add", "ignore"]
WHOLE = ("tinyint", "smallint", "int", "bigint")
DIGITS = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19}
DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")


def widens(have: str, wanted: str) -> bool:
    """Whether every value of a type fits into another without loss."""
    if have in WHOLE and wanted in WHOLE:
        return WHOLE.index(have) <= WHOLE.index(wanted)
    if wanted == "double":
        return have in ("float", "tinyint", "smallint", "int")
    target = DECIMAL.fullmatch(wanted)
    if target is None:
        return False
    room = int(target[1]) - int(target[2])
    source = DECIMAL.fullmatch(have)
    if source is not None:
        return int(source[1]) - int(source[2]) <= room and int(source[2]) <= int(target[2])
    return have in DIGITS and DIGITS[have] <= room


def fitted(
    given: Schema, table: Schema | None, new_columns: NewColumns, where: str
) -> tuple[Schema, tuple[ColumnType, ...]]:
    """The columns that are written, as the table spells and types them, and those it has yet to get.

    Raises ``DataRefused`` (``duplicate-column``, ``column-type-differs``, ``new-columns``).
    """
    _check_names(given)
    if table is None:
        return given, ()
    kept: list[ColumnType] = []
    added: list[ColumnType] = []
    for column in given:
        known = table.get(column.name)
        if known is None:
            added.append(column)
        else:
            _check_type(column, known, where)
            kept.append(known)
    if added and new_columns == "stop":
        names = ", ".join(f"'{each.name}'" for each in added)
        raise DataRefused(
            "new-columns",
            f"{where} has no column {names}.",
            hint="Set new_columns to add or ignore, or drop them with processor.remove_fields.",
        )
    if new_columns != "add":
        added = []
    return Schema((*kept, *added)), tuple(added)


def _check_names(given: Schema) -> None:
    if len({name.casefold() for name in given.names}) < len(given):
        raise DataRefused(
            "duplicate-column",
            "Two columns have the same name (upper and lower case do not count).",
            hint="Rename one with processor.rename_fields.",
        )


def _check_type(column: ColumnType, known: ColumnType, where: str) -> None:
    if column.type != known.type and not widens(column.type, known.type):
        raise DataRefused(
            "column-type-differs",
            f"Column '{column.name}' is {column.type}, and in {where} it is {known.type}.",
            hint="Convert it with processor.convert_types.",
        )


def spelled(names: Sequence[str], schema: Schema) -> tuple[str, ...]:
    """Names as the schema spells them; raises ``DataRefused`` (``unknown-column``)."""
    found = []
    for name in names:
        known = schema.get(name)
        if known is None:
            raise DataRefused("unknown-column", f"There is no column '{name}' to write.")
        found.append(known.name)
    return tuple(found)
