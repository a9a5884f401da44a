"""Column types between Spark's names and Arrow, and schemas as people declare them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from headrace.core import ColumnType, InvalidCall, Schema

from .json_schema import json_columns

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["arrow_schema", "arrow_type", "declared_schema", "schema_of", "spark_type", "split_top"]

SAME_NAME = {
    "long": "bigint",
    "integer": "int",
    "short": "smallint",
    "byte": "tinyint",
    "real": "float",
    "text": "string",
    "bool": "boolean",
    "timestamp_ltz": "timestamp",
    "numeric": "decimal",
    "dec": "decimal",
}
SIMPLE = (
    "bigint",
    "int",
    "smallint",
    "tinyint",
    "float",
    "double",
    "string",
    "boolean",
    "date",
    "timestamp",
    "timestamp_ntz",
    "binary",
)
NESTED = re.compile(r"(array|map|struct)\s*<(.*)>", re.DOTALL)
DECIMAL = re.compile(r"decimal\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?")
FIELD = re.compile(r"\s*([^`:<>]*[^`:<>\s])\s*:\s*(.+)", re.DOTALL)
"""A struct's field as engines print it: they quote no name, whatever it holds."""
NAME = re.compile(r"\s*(`(?:[^`]|``)+`|[^\s:`]+)\s*(?::|\s)\s*(.+)", re.DOTALL)


def normal_type(text: str) -> str:
    """Spark's simple string of a type as people write it; raises ``InvalidCall`` (``unknown-type``)."""
    plain = text.strip()
    lowered = plain.lower()
    lowered = SAME_NAME.get(lowered, lowered)
    if lowered in SIMPLE:
        return lowered
    if re.fullmatch(r"(varchar|char)\s*\(\s*\d+\s*\)", lowered):
        return "string"
    found = DECIMAL.fullmatch(lowered)
    if found:
        return f"decimal({found[1] or 10},{found[2] or 0})"
    nested = NESTED.fullmatch(plain) or NESTED.fullmatch(plain.lower())
    if nested:
        return _normal_nested(nested[1].lower(), nested[2])
    raise InvalidCall(
        "unknown-type",
        f"'{text}' is not a column type.",
        hint="There is " + ", ".join(SIMPLE) + ", decimal(10,2), array<…>, map<…,…>, struct<name:type,…>.",
    )


def _normal_nested(kind: str, inner: str) -> str:
    parts = split_top(inner)
    if kind == "struct":
        fields = (_field(part) for part in parts)
        return "struct<" + ",".join(f"{_safe(name)}:{normal_type(each)}" for name, each in fields) + ">"
    return f"{kind}<" + ",".join(normal_type(part) for part in parts) + ">"


def _safe(name: str) -> str:
    return name if re.fullmatch(r"\w+", name) else "`" + name.replace("`", "``") + "`"


def split_top(text: str) -> list[str]:
    """The parts between commas that are in no brackets and no backticks."""
    parts, depth, start, quoted = [], 0, 0, False
    for index, letter in enumerate(text):
        quoted ^= letter == "`"
        if quoted:
            continue
        depth += (letter in "<(") - (letter in ">)")
        if letter == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [part for part in (*parts, text[start:]) if part.strip()]


def _field(text: str) -> tuple[str, str]:
    """``name:type`` inside a struct; names with spaces and dots stand there as they are."""
    found = FIELD.fullmatch(text)
    return (found[1].strip(), found[2].strip()) if found else named(text)


def named(text: str) -> tuple[str, str]:
    """``price double`` and ``price: double`` as a pair; ``NOT NULL`` and comments are let go."""
    found = NAME.fullmatch(text)
    if found is None:
        raise InvalidCall(
            "bad-schema", f"'{text.strip()}' is not a column.", hint="Write `name type, name type`."
        )
    name = found[1][1:-1].replace("``", "`") if found[1].startswith("`") else found[1]
    kind = re.sub(r"(?is)\s+(not\s+null|comment\s+.*)$", "", found[2].strip())
    return name, kind


def declared_schema(declared: str | Mapping[str, str]) -> Schema:
    """``price double, day date``, ``{price: double, day: date}``, or Spark's JSON; raises ``InvalidCall``."""
    if isinstance(declared, Mapping):
        pairs: Iterable[tuple[str, str]] = declared.items()
    elif declared.lstrip().startswith("{"):
        pairs = json_columns(declared)
    else:
        pairs = map(named, split_top(declared))
    columns = tuple(ColumnType(name, normal_type(kind)) for name, kind in pairs)
    names = [column.name.casefold() for column in columns]
    if not columns or len(set(names)) != len(names):
        raise InvalidCall("bad-schema", "A schema names at least one column, and each only once.")
    return Schema(columns)


def arrow_type(kind: str, zone: str = "UTC") -> pa.DataType:
    """The Arrow type that both engines exchange for a Spark type; ``zone`` marks timestamps."""
    import pyarrow as pa

    plain = {
        "bigint": pa.int64(),
        "int": pa.int32(),
        "smallint": pa.int16(),
        "tinyint": pa.int8(),
        "float": pa.float32(),
        "double": pa.float64(),
        "string": pa.string(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", zone),
        "timestamp_ntz": pa.timestamp("us"),
        "binary": pa.binary(),
        "void": pa.null(),
    }
    if kind in plain:
        return plain[kind]
    found = DECIMAL.fullmatch(kind)
    if found:
        return pa.decimal128(int(found[1]), int(found[2]))
    nested = NESTED.fullmatch(kind)
    if nested is None:
        raise InvalidCall("unknown-type", f"Files and tables have no columns of type '{kind}'.")
    parts = split_top(nested[2])
    if nested[1] == "array":
        return pa.list_(arrow_type(parts[0], zone))
    if nested[1] == "map":
        return pa.map_(arrow_type(parts[0], zone), arrow_type(parts[1], zone))
    return pa.struct([(name, arrow_type(each, zone)) for name, each in map(_field, parts)])


def spark_type(kind: pa.DataType) -> str:
    """The Spark type that holds an Arrow type without loss; raises ``InvalidCall`` (``unknown-type``)."""
    import pyarrow.types as pt

    for test, name in (
        (pt.is_int64, "bigint"),
        (pt.is_int32, "int"),
        (pt.is_int16, "smallint"),
        (pt.is_int8, "tinyint"),
        (pt.is_uint8, "smallint"),
        (pt.is_uint16, "int"),
        (pt.is_uint32, "bigint"),
        (pt.is_uint64, "decimal(20,0)"),
        (pt.is_float64, "double"),
        (lambda each: pt.is_float32(each) or pt.is_float16(each), "float"),
        (pt.is_boolean, "boolean"),
        (pt.is_date, "date"),
        (pt.is_null, "string"),
        (lambda each: pt.is_string(each) or pt.is_large_string(each) or pt.is_string_view(each), "string"),
        (lambda each: pt.is_binary(each) or pt.is_large_binary(each) or pt.is_binary_view(each), "binary"),
        (pt.is_fixed_size_binary, "binary"),
        (pt.is_time, "string"),
    ):
        if test(kind):
            return name
    return _spark_composite(kind)


def _spark_composite(kind: pa.DataType) -> str:
    import pyarrow.types as pt

    if pt.is_timestamp(kind):
        return "timestamp" if kind.tz else "timestamp_ntz"
    if pt.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pt.is_dictionary(kind):
        return spark_type(kind.value_type)
    if pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind):
        return f"array<{spark_type(kind.value_type)}>"
    if pt.is_map(kind):
        return f"map<{spark_type(kind.key_type)},{spark_type(kind.item_type)}>"
    if pt.is_struct(kind):
        inner = (kind.field(i) for i in range(kind.num_fields))
        return "struct<" + ",".join(f"{_safe(each.name)}:{spark_type(each.type)}" for each in inner) + ">"
    raise InvalidCall("unknown-type", f"No column type holds Arrow's '{kind}'.")


def arrow_schema(schema: Schema, zone: str = "UTC") -> pa.Schema:
    """The Arrow schema of batches that readers give."""
    import pyarrow as pa

    return pa.schema([(column.name, arrow_type(column.type, zone)) for column in schema])


def schema_of(schema: pa.Schema) -> Schema:
    """Our schema of an Arrow one."""
    return Schema.of((field.name, spark_type(field.type)) for field in schema)
