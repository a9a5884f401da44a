"""Values as the Avro library writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .avro_types import avro_schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["plain_values"]


def plain_values(rows: pa.Table | pa.RecordBatch) -> list[list[Any]]:
    """Each column's values, in the order of ``avro_schema(rows.schema)``."""
    changes = [_renaming(each.type) for each in rows.schema]
    return [
        [each if change is None else change(each) for each in _numbers(column).to_pylist()]
        for column, change in zip(rows.columns, changes, strict=True)
    ]


def _numbers(column: Any) -> Any:
    """Days and microseconds as Avro stores them, with no detour over objects for each."""
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64())
    return column.cast(pa.int32()) if pa.types.is_date32(column.type) else column


def _renaming(kind: pa.DataType) -> Any:
    """Values inside arrays, maps and structs by the names that Avro takes; ``None``: as they are."""
    import pyarrow.types as pt

    if pt.is_list(kind) or pt.is_large_list(kind):
        item = _renaming(kind.value_type)
        return item and (lambda each: None if each is None else [item(one) for one in each])
    if pt.is_map(kind):
        item = _renaming(kind.item_type) or (lambda each: each)
        return lambda each: None if each is None else {key: item(value) for key, value in each}
    if not pt.is_struct(kind):
        return None
    names = [each["name"] for each in avro_schema([kind.field(i) for i in range(kind.num_fields)])["fields"]]
    inner = [(names[i], kind.field(i).name, _renaming(kind.field(i).type)) for i in range(kind.num_fields)]

    def change(value: Any) -> Any:
        if value is None:
            return None
        return {name: value[own] if deep is None else deep(value[own]) for name, own, deep in inner}

    return change
