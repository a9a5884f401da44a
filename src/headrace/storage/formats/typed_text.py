"""Texts, nested or not, as columns of types: what XML needs, which knows nothing but text.

A value is a text, a mapping, a list of values, or nothing. A column is cast by Arrow as a whole; only one
that fails is gone through value by value, to find the rows to blame.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["VALUE", "Blame", "text_type", "typed_table", "typed_value"]

VALUE = "_VALUE"
"""The text of an element that has attributes, as Spark calls it."""
Blame = Callable[[int, str, str], None]
"""Takes a row's position, a column and a message, or raises."""
LOOKS = (
    ("bigint", re.compile(r"[-+]?\d{1,18}")),
    ("double", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(INF|NaN)")),
    ("boolean", re.compile(r"true|false")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("timestamp", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[-+]\d\d:?\d\d)?")),
)


def text_type(text: str) -> str:
    """The narrowest type that a text may be of."""
    plain = text.strip()
    if not plain:
        return "void" if not text else "string"
    return next((kind for kind, look in LOOKS if look.fullmatch(plain)), "string")


def typed_table(
    records: Sequence[Mapping[str, Any]], target: pa.Schema, nulls: frozenset[str], blame: Blame
) -> pa.Table:
    """The rows that fit; ``blame`` hears of the others, once each, in order."""
    import pyarrow as pa

    found: dict[int, tuple[str, str]] = {}
    columns = [_column([each.get(field.name) for each in records], field, nulls, found) for field in target]
    for row in sorted(found):
        blame(row, *found[row])
    table = pa.table(columns, schema=target)
    return table.take([row for row in range(len(records)) if row not in found]) if found else table


def _column(values: list[Any], field: pa.Field, nulls: frozenset[str], found: dict[int, Any]) -> pa.Array:
    import pyarrow as pa

    kind = field.type
    if not pa.types.is_nested(kind):
        try:
            plain = [each if each is None or isinstance(each, str) else _plain(each) for each in values]
            none = nulls if pa.types.is_string(kind) else nulls | {""}
            return _cast([None if each in none else each for each in plain], kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError):
            pass  # one of them does not fit
    made = []
    for row, value in enumerate(values):
        try:
            made.append(_value(value, kind, nulls))
        except (ValueError, TypeError, OverflowError, decimal.InvalidOperation) as error:
            made.append(None)
            shown = str(value)[:200]
            told = str(error) if isinstance(error, TypeError) else f"'{shown}' is not a value of type {kind}."
            found.setdefault(row, (field.name, told))
    return pa.array(made, kind)


def _cast(texts: list[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pa.array(texts, pa.string())
    if pa.types.is_string(kind):
        return column
    if pa.types.is_binary(kind):
        raise pa.ArrowInvalid("value by value")
    return pc.utf8_trim_whitespace(column).cast(kind)


def _plain(value: Any) -> Any:
    """The text of an element that has attributes, where a plain text is wanted."""
    if isinstance(value, Mapping) and isinstance(value.get(VALUE), str):
        return value[VALUE]
    if isinstance(value, Mapping | list):
        raise TypeError(f"There is more than one value inside: {str(value)[:200]}.")
    return value


def _value(value: Any, kind: pa.DataType, nulls: frozenset[str]) -> Any:
    import pyarrow.types as pt

    if value is None:
        return None
    if pt.is_list(kind):
        items = value if isinstance(value, list) else [value]
        return [_value(each, kind.value_type, nulls) for each in items]
    if pt.is_struct(kind):
        inside = value if isinstance(value, Mapping) else {VALUE: value}
        fields = [kind.field(index) for index in range(kind.num_fields)]
        return {each.name: _value(inside.get(each.name), each.type, nulls) for each in fields}
    if pt.is_map(kind):
        inside = value if isinstance(value, Mapping) else {}
        return [(key, _value(each, kind.item_type, nulls)) for key, each in inside.items()]
    text = _plain(value)
    if text in nulls or (not text and not (pt.is_string(kind) or pt.is_binary(kind))):
        return None
    return typed_value(text, kind)


def typed_value(text: str, kind: pa.DataType) -> Any:
    """A text as a value that Arrow takes for a plain type; raises ``ValueError`` and its kin."""
    import pyarrow.types as pt

    cases: tuple[tuple[Any, Callable[[str], Any]], ...] = (
        (pt.is_string, str),
        (pt.is_boolean, _boolean),
        (pt.is_integer, lambda each: _integer(each, kind.bit_width)),
        (pt.is_floating, float),
        (pt.is_decimal, lambda each: _decimal(each, kind)),
        (pt.is_date, dt.date.fromisoformat),
        (pt.is_timestamp, lambda each: _moment(each, kind)),
        (pt.is_binary, lambda each: base64.b64decode(each, validate=True)),
    )
    convert = next(convert for test, convert in cases if test(kind))
    return convert(text if convert is str else text.strip())


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise ValueError(text)
    return text.lower() in ("true", "1")


def _integer(text: str, bits: int) -> int:
    number = int(text)
    if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
        raise ValueError(text)
    return number


def _decimal(text: str, kind: pa.DataType) -> decimal.Decimal:
    number = decimal.Decimal(text)
    exponent = number.as_tuple().exponent
    if not number.is_finite() or not isinstance(exponent, int) or -exponent > kind.scale:
        raise ValueError(text)
    if number and math.floor(number.log10()) + 1 > kind.precision - kind.scale if number > 0 else False:
        raise ValueError(text)
    return number


def _moment(text: str, kind: pa.DataType) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    if kind.tz is None:
        if moment.tzinfo is not None:
            raise ValueError(text)
        return moment
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
