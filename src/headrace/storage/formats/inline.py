"""Rows as YAML gives them, as columns of declared or inferred types."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, Json, Schema
from headrace.storage.datasource import arrow_schema, spark_type

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["infer_rows", "inline_table"]


def infer_rows(rows: Sequence[Mapping[str, Json]]) -> Schema:
    """The columns of these rows, in the order in which they first appear; integers are bigint."""
    import pyarrow as pa

    names = dict.fromkeys(name for row in rows for name in row)
    types = {}
    for name in names:
        values = [row.get(name) for row in rows]
        try:
            kind = pa.array(values).type
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            kind = pa.string()
        types[name] = spark_type(pa.string() if pa.types.is_null(kind) else kind)
    return Schema.of(types)


def inline_table(rows: Sequence[Mapping[str, Json] | Sequence[Json]], schema: Schema) -> pa.Table:
    """The rows as an Arrow table. Raises ``DataRefused`` (``bad-row``) for a value that does not fit."""
    import pyarrow as pa

    target = arrow_schema(schema)
    columns = []
    for position, field in enumerate(target):
        values = [row.get(field.name) if isinstance(row, Mapping) else row[position] for row in rows]
        columns.append(_column(field, values))
    return pa.Table.from_arrays(columns, schema=target)


def _column(field: pa.Field, values: list[Json]) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array([_fitting(value, field.type) for value in values], field.type)
    except (
        pa.ArrowInvalid,
        pa.ArrowTypeError,
        ValueError,
        TypeError,
        InvalidOperation,
        OverflowError,
    ) as error:
        message = f"A value of '{field.name}' is no {spark_type(field.type)}: {error}."
        raise DataRefused("bad-row", message) from None


def _fitting(value: Any, kind: pa.DataType) -> Any:
    """What YAML has no type for is written as text: dates, timestamps, decimals."""
    import pyarrow as pa

    if value is None:
        return None
    if pa.types.is_string(kind) and not isinstance(value, str):
        return json.dumps(value) if isinstance(value, dict | list | tuple | bool) else str(value)
    if pa.types.is_decimal(kind):
        return Decimal(str(value))
    if isinstance(value, str) and pa.types.is_date(kind):
        return dt.date.fromisoformat(value)
    if isinstance(value, str) and pa.types.is_timestamp(kind):
        return _moment(value, kind)
    _refuse_silent_change(value, kind)
    return float(value) if pa.types.is_floating(kind) and isinstance(value, int) else value


def _refuse_silent_change(value: Any, kind: pa.DataType) -> None:
    """Arrow cuts 1.5 to 1, and takes numbers for days since 1970."""
    import pyarrow as pa

    number = isinstance(value, int | float) and not isinstance(value, bool)
    if (pa.types.is_integer(kind) and isinstance(value, float) and not value.is_integer()) or (
        pa.types.is_temporal(kind) and number
    ):
        raise ValueError(f"{value!r} would become another value")


def _moment(value: str, kind: pa.TimestampType) -> dt.datetime:
    moment = dt.datetime.fromisoformat(value)
    if kind.tz is None:
        return moment.replace(tzinfo=None)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
