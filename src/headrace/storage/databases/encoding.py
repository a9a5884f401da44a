"""From an engine's batches to what databases take: plain columns as they are, nested ones as JSON."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from headrace.core import Schema
from headrace.storage.datasource import arrow_type

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["is_nested", "staged_batches", "staged_schema"]


def is_nested(kind: str, *, arrays: bool) -> bool:
    """Whether a Spark type is kept as JSON; with ``arrays`` the database has arrays of plain values."""
    if kind.startswith("array<"):
        return not arrays or "<" in kind[6:]
    return kind.startswith(("map<", "struct<"))


def staged_schema(schema: Schema, *, arrays: bool) -> pa.Schema:
    """The Arrow types of the batches that are loaded."""
    import pyarrow as pa

    return pa.schema(
        (column.name, pa.string() if is_nested(column.type, arrays=arrays) else arrow_type(column.type))
        for column in schema
    )


def staged_batches(batches: Iterator[pa.RecordBatch], target: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Batches with the types of ``target``, one at a time."""
    import pyarrow as pa

    for batch in batches:
        arrays = [_as(batch.column(at), field.type) for at, field in enumerate(target)]
        yield pa.RecordBatch.from_arrays(arrays, schema=target)


def _as(array: Any, wanted: pa.DataType) -> Any:
    import pyarrow as pa
    import pyarrow.types as pt

    if array.type == wanted:
        return array
    if pt.is_nested(array.type) and wanted == pa.string():
        plain = _plain(array.type)
        texts = (
            None if each is None else json.dumps(plain(each), ensure_ascii=False)
            for each in array.to_pylist()
        )
        return pa.array(texts, pa.string())
    return array.cast(wanted)


def _plain(kind: pa.DataType) -> Callable[[Any], Any]:
    """What makes a value of an Arrow type one that JSON has."""
    import pyarrow.types as pt

    if pt.is_map(kind):
        item = _or_null(_plain(kind.item_type))
        return lambda value: {str(key): item(each) for key, each in value}
    if pt.is_struct(kind):
        parts = {kind.field(at).name: _or_null(_plain(kind.field(at).type)) for at in range(kind.num_fields)}
        return lambda value: {name: part(value[name]) for name, part in parts.items()}
    if pt.is_nested(kind):
        part = _or_null(_plain(kind.value_type))
        return lambda value: [part(each) for each in value]
    return _plain_value


def _or_null(action: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else action(value)


def _plain_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool) else str(value)
