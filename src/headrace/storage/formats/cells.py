"""Cells of a sheet as columns of types: numbers, texts, booleans, days and moments as a workbook has them."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .typed_text import typed_value

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["cell_types", "cells_table"]

Blame = Callable[[list[Any], int, str, str], None]
"""Takes a row, its number, a column and a message, or raises."""
KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    (dt.datetime, "timestamp"),
    (dt.date, "date"),
    ((dt.time, dt.timedelta), "string"),
    (str, "string"),
)


def cell_types(rows: Sequence[Sequence[Any]], width: int) -> list[str]:
    """For each column the type that holds all of its cells; ``void``: it is blank."""
    found: list[set[str]] = [set() for _ in range(width)]
    for row in rows:
        for place, cell in enumerate(row[:width]):
            if cell not in ("", None):
                found[place].add(_kind(cell))
    return [_united(each) for each in found]


def _kind(cell: Any) -> str:
    known = next((name for kinds, name in KINDS if isinstance(cell, kinds)), None)
    return known or ("bigint" if float(cell).is_integer() and abs(cell) < 2**63 else "double")


def _united(kinds: set[str]) -> str:
    if len(kinds) < 2:
        return next(iter(kinds), "void")
    if kinds == {"bigint", "double"}:
        return "double"
    return "timestamp" if kinds == {"date", "timestamp"} else "string"


def cells_table(
    rows: Sequence[tuple[list[Any], int]],
    used: Sequence[int],
    target: pa.Schema,
    nulls: frozenset[str],
    blame: Blame,
) -> pa.Table:
    """The rows that fit, of the columns in ``used``; ``blame`` hears of the others."""
    import pyarrow as pa

    good: list[list[Any]] = []
    for row, number in rows:
        column = ""
        try:
            made = []
            for place, field in zip(used, target, strict=True):
                column = field.name
                made.append(_cell(row[place] if place < len(row) else None, field.type, nulls))
            good.append(made)
        except (ValueError, TypeError, OverflowError, decimal.InvalidOperation) as error:
            blame(row, number, column, f"{str(error)[:300] or type(error).__name__}")
    columns = zip(*good, strict=True) if good else ([] for _ in target)
    made_of = [pa.array(list(values), field.type) for values, field in zip(columns, target, strict=True)]
    return pa.table(made_of, schema=target)


def _cell(cell: Any, kind: pa.DataType, nulls: frozenset[str]) -> Any:
    import pyarrow.types as pt

    if cell is None or cell == "" or cell in nulls:
        return None
    if isinstance(cell, str):
        return _of_text(cell, kind)
    if pt.is_string(kind):
        return _text(cell)
    if isinstance(cell, dt.date):
        return _of_day(cell, kind)
    if isinstance(cell, bool) == pt.is_boolean(kind) and isinstance(cell, int | float):
        return cell if isinstance(cell, bool) else _number(cell, kind)
    raise _unfit(cell, kind)


def _of_text(cell: str, kind: pa.DataType) -> Any:
    try:
        return typed_value(cell, kind)
    except (ValueError, decimal.InvalidOperation) as error:
        raise _unfit(cell, kind) from error


def _of_day(cell: dt.date, kind: pa.DataType) -> Any:
    import pyarrow.types as pt

    moment = cell if isinstance(cell, dt.datetime) else dt.datetime.combine(cell, dt.time())
    if pt.is_timestamp(kind):
        return moment.replace(tzinfo=dt.UTC) if kind.tz else moment
    if pt.is_date(kind) and moment.time() == dt.time():
        return moment.date()
    raise _unfit(cell, kind)


def _number(cell: float, kind: pa.DataType) -> Any:
    import pyarrow.types as pt

    if pt.is_floating(kind):
        return float(cell)
    if pt.is_decimal(kind) or (pt.is_integer(kind) and float(cell).is_integer()):
        return typed_value(_text(cell), kind)
    raise _unfit(cell, kind)


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e16:
        return str(int(cell))
    if isinstance(cell, bool):
        return str(cell).lower()
    return cell.isoformat() if isinstance(cell, dt.date | dt.time) else str(cell)


def _unfit(cell: Any, kind: pa.DataType) -> ValueError:
    return ValueError(f"'{str(cell)[:200]}' is not a value of type {kind}.")
