"""Types of JSON values: what a sample suggests, and how one value becomes another type."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from headrace.core import ColumnType, Schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["merge_values", "schema_from", "to_python"]

ITEM = "[]"
BIGGEST = 2**63


def merge_values(seen: dict[str, Any], record: Mapping[str, Any]) -> None:
    """Adds what a record shows: per key a set of scalar types, or the same for an object or array."""
    for key, value in record.items():
        spot = seen.setdefault(key, {"types": set(), "inner": {}})
        _note(spot, value)


def _note(spot: dict[str, Any], value: Any) -> None:
    if isinstance(value, Mapping):
        spot["types"].add("struct")
        merge_values(spot["inner"], value)
    elif isinstance(value, list):
        spot["types"].add("array")
        item = spot["inner"].setdefault(ITEM, {"types": set(), "inner": {}})
        for each in value:
            _note(item, each)
    elif value is not None:
        spot["types"].add(_scalar(value))


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "bigint" if -BIGGEST <= value < BIGGEST else "double"
    return "double" if isinstance(value, float) else "string"


def schema_from(seen: Mapping[str, Any]) -> Schema:
    """The schema of all records; kinds that do not go together become text."""
    return Schema(tuple(ColumnType(name, _type(spot)) for name, spot in seen.items()))


def _type(spot: Mapping[str, Any]) -> str:
    types = spot["types"]
    if types == {"bigint", "double"}:
        return "double"
    if len(types) != 1:
        return "string" if types else "void"
    (kind,) = types
    if kind == "array":
        inner = _type(spot["inner"][ITEM])
        return f"array<{'string' if inner == 'void' else inner}>"
    if kind == "struct":
        fields = ((name, _type(each)) for name, each in spot["inner"].items())
        inside = ",".join(f"`{name}`:{'string' if each == 'void' else each}" for name, each in fields)
        return f"struct<{inside}>" if inside else "string"
    return str(kind)


def to_python(value: Any, kind: pa.DataType) -> Any:
    """A JSON value as what Arrow takes for ``kind``; raises ``ValueError`` or ``TypeError``."""
    import pyarrow.types as pt

    if value is None:
        return None
    if pt.is_string(kind):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if pt.is_struct(kind) or pt.is_map(kind):
        return _to_object(value, kind)
    if pt.is_list(kind):
        if not isinstance(value, list):
            raise TypeError(_unfit(value, kind))
        return [to_python(each, kind.value_type) for each in value]
    return _to_scalar(value, kind)


def _to_object(value: Any, kind: pa.DataType) -> Any:
    import pyarrow.types as pt

    if not isinstance(value, dict):
        raise TypeError(_unfit(value, kind))
    if pt.is_map(kind):
        return [(key, to_python(each, kind.item_type)) for key, each in value.items()]
    fields = (kind.field(i) for i in range(kind.num_fields))
    return {field.name: to_python(value.get(field.name), field.type) for field in fields}


def _to_scalar(value: Any, kind: pa.DataType) -> Any:
    import pyarrow.types as pt

    cases: tuple[tuple[Any, Any, Callable[[Any], Any]], ...] = (
        (pt.is_boolean, bool, bool),
        (pt.is_integer, int, int),
        (pt.is_floating, (int, float), float),
        (pt.is_decimal, (int, float, str), lambda each: _decimal(each, kind)),
        (pt.is_date, str, dt.date.fromisoformat),
        (pt.is_timestamp, str, lambda each: _moment(each, kind)),
        (pt.is_binary, str, base64.b64decode),
    )
    for test, takes, convert in cases:
        if test(kind):
            if not isinstance(value, takes) or (isinstance(value, bool) and takes is not bool):
                raise TypeError(_unfit(value, kind))
            if test is pt.is_integer and not _fits(value, kind.bit_width):
                raise ValueError(_unfit(value, kind))
            return convert(value)
    raise TypeError(_unfit(value, kind))


def _fits(value: int, bits: int) -> bool:
    return -(1 << (bits - 1)) <= value < 1 << (bits - 1)


def _decimal(value: Any, kind: pa.DataType) -> decimal.Decimal:
    try:
        found = decimal.Decimal(str(value))
    except decimal.InvalidOperation as error:
        raise ValueError(_unfit(value, kind)) from error
    exponent = found.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > kind.scale:
        raise ValueError(_unfit(value, kind))
    return found


def _moment(text: str, kind: pa.DataType) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    if kind.tz is None:
        return moment.replace(tzinfo=None)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _unfit(value: Any, kind: pa.DataType) -> str:
    return f"{json.dumps(value, ensure_ascii=False)[:200]} is not a value of type {kind}."
