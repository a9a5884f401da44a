"""From rows of Python values, as drivers without Arrow give them, to exactly the types that frames have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused

from .dialect import DbColumn

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["plain_rows", "typed_batch"]


def typed_batch(
    rows: Sequence[Sequence[Any]], columns: Sequence[DbColumn], target: pa.Schema
) -> pa.RecordBatch:
    """Raises ``DataRefused`` (``bad-value``) for a value that is none of its column's type."""
    import pyarrow as pa

    values = zip(*rows, strict=True)
    arrays = [
        _typed(list(each), column, field.type)
        for each, column, field in zip(values, columns, target, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=target)


def _typed(values: list[Any], column: DbColumn, wanted: pa.DataType) -> Any:
    import pyarrow as pa

    try:
        return _converted(values, column.type, wanted)
    except (pa.ArrowException, InvalidOperation, OverflowError, TypeError, ValueError) as error:
        raise DataRefused(
            "bad-value",
            f"Column '{column.name}' has a value that is no {column.type}: {str(error).splitlines()[0]}",
            hint="Read it with a `query` that casts it.",
        ) from error


def _converted(values: list[Any], kind: str, wanted: pa.DataType) -> Any:
    import pyarrow as pa

    if kind.startswith("decimal"):
        return pa.array([None if each is None else _decimal(each) for each in values], wanted)
    if kind == "boolean":
        return pa.array([None if each is None else _truth(each) for each in values], wanted)
    if kind == "string":
        return pa.array([None if each is None else _text(each) for each in values], wanted)
    if kind == "binary":
        return pa.array([each.encode() if isinstance(each, str) else each for each in values], wanted)
    if kind in ("date", "timestamp", "timestamp_ntz"):
        return _moments(values, kind, wanted)
    if kind in ("float", "double"):
        return pa.array([None if each is None else float(each) for each in values], wanted)
    return pa.array(values, wanted)


def _moments(values: list[Any], kind: str, wanted: pa.DataType) -> Any:
    import pyarrow as pa

    if not any(isinstance(each, str) for each in values):
        return pa.array(values, pa.date32() if kind == "date" else pa.timestamp("us")).cast(wanted)
    if kind == "date":
        return pa.array([None if each is None else dt.date.fromisoformat(each) for each in values], wanted)
    moments = [None if each is None else dt.datetime.fromisoformat(each) for each in values]
    if kind == "timestamp":
        # A moment without a zone is one in UTC: what the databases' own clocks write.
        moments = [each and (each if each.tzinfo else each.replace(tzinfo=dt.UTC)) for each in moments]
    return pa.array(moments, wanted)


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _truth(value: Any) -> bool:
    if value in (0, 1, b"\x00", b"\x01"):
        return value in (1, b"\x01")
    raise ValueError(f"{value!r}")


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dt.timedelta):
        return _clock(value)
    return value if isinstance(value, str) else str(value)


def _clock(value: dt.timedelta) -> str:
    """``-838:59:59`` to ``838:59:59``, as the databases that have such times write them."""
    seconds = abs(value) // dt.timedelta(seconds=1)
    fraction = abs(value).microseconds
    sign = "-" if value < dt.timedelta() else ""
    text = f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{fraction:06d}" if fraction else text


def plain_rows(batch: pa.RecordBatch) -> list[tuple[Any, ...]]:
    """Rows for a driver that takes Python values: decimals and moments as texts."""
    import pyarrow as pa
    import pyarrow.types as pt

    columns = []
    for array in batch.columns:
        textual = pt.is_decimal(array.type) or pt.is_temporal(array.type)
        columns.append((array.cast(pa.string()) if textual else array).to_pylist())
    return list(zip(*columns, strict=True))
