"""Rows as JSON lines, column by column on Arrow's kernels; only nested columns go through Python."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import json
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["json_lines", "json_texts"]


def json_lines(table: pa.Table) -> pa.Buffer:
    """UTF-8 lines, one object each. NaN and infinities are null: JSON has none."""
    import pyarrow as pa

    if not table.num_columns or not table.num_rows:
        return pa.py_buffer(b"{}\n" * table.num_rows)
    return pa.py_buffer(b"".join(_bytes(piece) for piece in json_texts(table, "}\n").chunks))


def json_texts(table: pa.Table, end: str = "}") -> pa.ChunkedArray:
    """Each row of a table, which has columns, as one text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts: list[Any] = []
    for index, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        parts.append(pa.scalar(("{" if index == 0 else ",") + json.dumps(name, ensure_ascii=False) + ":"))
        parts.append(_texts(column))
    joined = pc.binary_join_element_wise(*parts, pa.scalar(end), pa.scalar(""))
    return joined if isinstance(joined, pa.ChunkedArray) else pa.chunked_array([joined])


def _bytes(array: pa.Array) -> memoryview:
    """The texts of an array, which lie one behind the other in its buffer."""
    import numpy as np

    _, offsets, data = array.buffers()
    kind = np.int64 if str(array.type).startswith("large") else np.int32
    places = np.frombuffer(offsets, kind)[array.offset : array.offset + len(array) + 1]
    return memoryview(data)[int(places[0]) : int(places[-1])]


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Each value as JSON text."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as pt

    kind = column.type
    if pt.is_integer(kind) or pt.is_decimal(kind):
        texts = column.cast(pa.string())
    elif pt.is_boolean(kind):
        texts = pc.if_else(column, "true", "false")
    elif pt.is_floating(kind):
        finite = pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))
        texts = finite.cast(pa.string())
    elif pt.is_date(kind):
        texts = _quoted(column.cast(pa.string()))
    elif pt.is_timestamp(kind):
        texts = _quoted(pc.strftime(column, "%Y-%m-%dT%H:%M:%S" + ("Z" if kind.tz else "")))
    elif pt.is_string(kind) or pt.is_large_string(kind):
        texts = _escaped(column)
    else:
        values = (_text(value, kind) for value in column.to_pylist())
        texts = pa.chunked_array([pa.array(values, pa.string())])
    return pc.fill_null(texts, "null")


def _quoted(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.binary_join_element_wise('"', texts, '"', pa.scalar(""))


def _escaped(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Quotes and backslashes by kernels; the rare control characters by Python."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pc.any(pc.match_substring_regex(texts, r"[\x00-\x1f]")).as_py():
        made = (None if e is None else json.dumps(e, ensure_ascii=False) for e in texts.to_pylist())
        return pa.chunked_array([pa.array(made, pa.string())])
    plain = pc.replace_substring(texts, "\\", "\\\\")
    return _quoted(pc.replace_substring(plain, '"', '\\"'))


def _text(value: Any, kind: pa.DataType) -> str:
    """One value, nested or not; bytes are base64, maps are objects."""
    import pyarrow.types as pt

    if value is None:
        return "null"
    if pt.is_list(kind) or pt.is_large_list(kind):
        return f"[{','.join(_text(each, kind.value_type) for each in value)}]"
    if pt.is_struct(kind):
        fields = (kind.field(index) for index in range(kind.num_fields))
        return _object((each.name, _text(value[each.name], each.type)) for each in fields)
    if pt.is_map(kind):
        return _object((str(key), _text(each, kind.item_type)) for key, each in value)
    return _plain_text(value)


def _plain_text(value: Any) -> str:
    if isinstance(value, bytes):
        return f'"{base64.b64encode(value).decode()}"'
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return f'"{value.astimezone(dt.UTC).replace(tzinfo=None).isoformat()}Z"'
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    return json.dumps(value.isoformat() if isinstance(value, dt.date) else value, ensure_ascii=False)


def _object(fields: Iterable[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{text}" for name, text in fields) + "}"
