"""Columns of Avro: its schemas as ours and ours as its, and values that Arrow does not take as they come.

Avro's names are ASCII letters, digits and ``_``. A column called otherwise is written under a name like that,
and its own stands beside it, as the property ``headrace.name``: who does not know that still reads the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from headrace.core import ColumnType, DataRefused, Schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["avro_schema", "columns_of", "converter", "named_types", "own_name", "plain_name"]

NAME = "headrace.name"
LOGICAL = {
    "date": "date",
    "timestamp-millis": "timestamp",
    "timestamp-micros": "timestamp",
    "timestamp-nanos": "timestamp",
    "local-timestamp-millis": "timestamp_ntz",
    "local-timestamp-micros": "timestamp_ntz",
    "time-millis": "string",
    "time-micros": "string",
    "uuid": "string",
}
SIMPLE = {
    "null": "void",
    "boolean": "boolean",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "bytes": "binary",
    "string": "string",
    "fixed": "binary",
    "enum": "string",
}
WIDER = (
    ({"int", "long"}, "long"),
    ({"float", "double"}, "double"),
    ({"int", "long", "float", "double"}, "double"),
)


def named_types(schema: Any, found: dict[str, Any] | None = None) -> dict[str, Any]:
    """Every record, enum and fixed by its full name: later ones are written as the name alone."""
    found = {} if found is None else found
    if isinstance(schema, list):
        for each in schema:
            named_types(each, found)
    elif isinstance(schema, dict):
        if "name" in schema and schema.get("type") in ("record", "enum", "fixed", "error"):
            found[schema["name"]] = schema
        for each in schema.get("fields", ()):
            named_types(each["type"], found)
        for inner in ("items", "values", "type"):
            if isinstance(schema.get(inner), (dict, list)):
                named_types(schema[inner], found)
    return found


def own_name(field: Mapping[str, Any]) -> str:
    """What a field is called here."""
    return str(field.get(NAME, field["name"]))


def columns_of(schema: Mapping[str, Any], location: str, only: Any = None) -> Schema:
    """The columns of a file's records, or of some fields; raises ``DataRefused`` (``unsupported-type``)."""
    if schema.get("type") != "record":
        raise DataRefused(
            "unsupported-type", f"'{location}' holds values of type {schema.get('type')}, not records."
        )
    known = named_types(schema)
    return Schema(
        tuple(
            ColumnType(own_name(each), _type(each["type"], known, (), location))
            for each in (schema["fields"] if only is None else only)
        )
    )


def _type(schema: Any, known: Mapping[str, Any], inside: tuple[str, ...], location: str) -> str:
    if isinstance(schema, str) and schema in known:
        return _type(known[schema], known, inside, location)
    if isinstance(schema, list):
        return _union(schema, known, inside, location)
    if isinstance(schema, str):
        return SIMPLE[schema]
    kind = schema["type"]
    if not isinstance(kind, str) or kind in known:
        return _type(kind, known, inside, location)
    if schema.get("logicalType") == "decimal":
        return f"decimal({schema['precision']},{schema.get('scale', 0)})"
    logical = LOGICAL.get(schema.get("logicalType", ""))
    return logical or _composite(kind, schema, known, inside, location)


def _union(schema: list[Any], known: Mapping[str, Any], inside: tuple[str, ...], location: str) -> str:
    """A type or null is that type; numbers are the widest; anything else is text, as JSON."""
    real = [each for each in schema if each != "null"]
    if len(real) == 1:
        return _type(real[0], known, inside, location)
    for kinds, wide in WIDER:
        if real and all(isinstance(each, str) for each in real) and set(real) <= kinds:
            return SIMPLE[wide]
    return "string" if real else "void"


def _composite(
    kind: str, schema: Mapping[str, Any], known: Mapping[str, Any], inside: tuple[str, ...], location: str
) -> str:
    if kind == "array":
        return f"array<{_type(schema['items'], known, inside, location)}>"
    if kind == "map":
        return f"map<string,{_type(schema['values'], known, inside, location)}>"
    if kind != "record":
        return SIMPLE[kind]
    if schema["name"] in inside:
        raise DataRefused(
            "unsupported-type",
            f"'{location}': the record '{schema['name']}' holds itself, which no column type can.",
            hint="Declare a `schema` without that column.",
        )
    deeper = (*inside, schema["name"])
    fields = (
        f"`{own_name(each).replace('`', '``')}`:{_type(each['type'], known, deeper, location)}"
        for each in schema["fields"]
    )
    return f"struct<{','.join(fields)}>"


Convert = Callable[[Any], Any]


def converter(schema: Any, known: Mapping[str, Any]) -> Convert | None:
    """What makes a value as the library gives it one that Arrow takes; ``None``: nothing has to."""
    if isinstance(schema, str):
        return converter(known[schema], known) if schema in known else None
    if isinstance(schema, list):
        return _of_union(schema, known)
    kind, logical = schema["type"], schema.get("logicalType")
    if logical in ("uuid", "time-millis", "time-micros"):
        return _text
    if not isinstance(kind, str):
        return converter(kind, known)
    if kind == "array":
        item = converter(schema["items"], known)
        return None if item is None else lambda each: None if each is None else [item(one) for one in each]
    if kind == "map":
        return _of_map(converter(schema["values"], known))
    return _of_record(schema, known) if kind == "record" else None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _of_union(schema: list[Any], known: Mapping[str, Any]) -> Convert | None:
    real = [each for each in schema if each != "null"]
    if len(real) == 1:
        return converter(real[0], known)
    if any(all(isinstance(each, str) for each in real) and set(real) <= kinds for kinds, _ in WIDER):
        return None
    return lambda each: None if each is None else _json(each)


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def _of_map(item: Convert | None) -> Convert:
    def convert(value: Any) -> Any:
        if value is None:
            return None
        return [(key, each if item is None else item(each)) for key, each in value.items()]

    return convert


def _of_record(schema: Mapping[str, Any], known: Mapping[str, Any]) -> Convert:
    parts = [(each["name"], own_name(each), converter(each["type"], known)) for each in schema["fields"]]

    def convert(value: Any) -> Any:
        if value is None:
            return None
        return {own: value[name] if made is None else made(value[name]) for name, own, made in parts}

    return convert


def avro_schema(schema: pa.Schema) -> dict[str, Any]:
    """What a writer takes; raises ``DataRefused`` (``unsupported-type``)."""
    records = iter(range(1 << 30))
    return {"type": "record", "name": "row", "fields": _fields(schema, records)}


def _fields(fields: Any, records: Iterator[int]) -> list[dict[str, Any]]:
    taken: set[str] = set()
    made = []
    for each in fields:
        name = plain_name(each.name)
        while name in taken:
            name += "_"
        taken.add(name)
        beside = {} if name == each.name else {NAME: each.name}
        kind = _avro(each.type, each.name, records)
        made.append({"name": name, "type": ["null", kind], "default": None, **beside})
    return made


def plain_name(name: str) -> str:
    """The name, or one like it that Avro takes."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return plain if re.match(r"[A-Za-z_]", plain) else f"_{plain}"


def _avro(kind: pa.DataType, column: str, records: Iterator[int]) -> Any:
    import pyarrow.types as pt

    for test, name in (
        (pt.is_boolean, "boolean"),
        (pt.is_int64, "long"),
        (pt.is_integer, "int"),
        (pt.is_float64, "double"),
        (pt.is_floating, "float"),
        (lambda each: pt.is_binary(each) or pt.is_large_binary(each), "bytes"),
        (lambda each: pt.is_string(each) or pt.is_large_string(each) or pt.is_null(each), "string"),
    ):
        if test(kind):
            return name
    if pt.is_date(kind):
        return {"type": "int", "logicalType": "date"}
    if pt.is_timestamp(kind):
        return {"type": "long", "logicalType": "timestamp-micros" if kind.tz else "local-timestamp-micros"}
    if pt.is_decimal(kind):
        return {"type": "bytes", "logicalType": "decimal", "precision": kind.precision, "scale": kind.scale}
    return _avro_nested(kind, column, records)


def _avro_nested(kind: pa.DataType, column: str, records: Iterator[int]) -> Any:
    import pyarrow.types as pt

    if pt.is_list(kind) or pt.is_large_list(kind):
        return {"type": "array", "items": ["null", _avro(kind.value_type, column, records)]}
    if pt.is_struct(kind):
        inner = [kind.field(index) for index in range(kind.num_fields)]
        return {"type": "record", "name": f"struct{next(records)}", "fields": _fields(inner, records)}
    if pt.is_map(kind) and pt.is_string(kind.key_type):
        return {"type": "map", "values": ["null", _avro(kind.item_type, column, records)]}
    raise DataRefused(
        "unsupported-type",
        f"Avro holds no values of type {kind}, as column '{column}' has them.",
        hint="Convert it with processor.sql_expression, or choose parquet.",
    )
