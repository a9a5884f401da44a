"""From rows to messages: key, value, headers, partition and time of each, as columns of one Arrow table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from headrace.core import DataRefused, Schema, Value
from headrace.storage.datasource import arrow_schema
from headrace.storage.formats import avro_schema, avro_values, json_texts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Encoding", "message_schema"]


def message_schema() -> pa.Schema:
    """What is spooled of a message."""
    import pyarrow as pa

    return pa.schema(
        [
            ("key", pa.binary()),
            ("value", pa.binary()),
            ("headers", pa.list_(pa.struct([("key", pa.string()), ("value", pa.binary())]))),
            ("partition", pa.int32()),
            ("timestamp", pa.timestamp("ms")),
        ]
    )


class Encoding(Value):
    """How a row becomes a message: the half of ``destination.kafka`` that workers need."""

    format: Literal["json", "avro", "csv", "text", "binary"] = "json"
    value_column: str = "value"
    key: str | None = None
    headers: Mapping[str, str] = {}
    partition: str | None = None
    timestamp: str | None = None
    delimiter: str = ","

    def check(self, schema: Schema) -> None:
        """Raises ``DataRefused`` where these columns make no messages."""
        if self.format in ("text", "binary") and schema.get(self.value_column) is None:
            raise DataRefused(
                "missing-column",
                f"There is no column '{self.value_column}' for the value.",
                hint="Name it in `value_column`.",
            )
        if self.format not in ("text", "binary") and not self._value_names(schema.names):
            raise DataRefused(
                "no-columns-left", "Every column goes beside the value, so that would be empty."
            )
        self.avro(schema)

    def avro(self, schema: Schema) -> str | None:
        """The Avro schema of the values; ``None``: they are no Avro."""
        if self.format != "avro":
            return None
        names = self._value_names(schema.names)
        inner = Schema(tuple(each for each in schema if each.name in names))
        return json.dumps(avro_schema(arrow_schema(inner)))

    def _value_names(self, names: Any) -> list[str]:
        aside = {each.casefold() for each in (self.partition, self.timestamp, *self.headers.values()) if each}
        return [name for name in names if name.casefold() not in aside]

    def messages(self, batch: pa.RecordBatch) -> pa.Table:
        """The rows of a batch as messages, in order."""
        import pyarrow as pa

        table = pa.Table.from_batches([batch])
        count = table.num_rows
        target = message_schema()
        columns = {
            "key": self._key(table),
            "value": self._value(table),
            "headers": self._headers(table, target.field("headers").type),
            "partition": _column(table, self.partition, pa.int32()),
            "timestamp": self._timestamp(table),
        }
        arrays = [
            columns[name] if columns[name] is not None else pa.nulls(count, target.field(name).type)
            for name in target.names
        ]
        return pa.table(arrays, schema=target)

    def _value(self, table: pa.Table) -> Any:
        import pyarrow as pa

        if self.format in ("text", "binary"):
            return _bytes(_found(table, self.value_column))
        inner = table.select(self._value_names(table.column_names))
        if self.format == "avro":
            return pa.array(avro_values(inner), pa.binary())
        if self.format == "json":
            return json_texts(inner).cast(pa.binary())
        return pa.array(_csv_lines(inner, self.delimiter), pa.binary())

    def _key(self, table: pa.Table) -> Any:
        return None if self.key is None else _bytes(_found(table, self.key))

    def _headers(self, table: pa.Table, kind: pa.DataType) -> Any:
        import pyarrow as pa

        if not self.headers:
            return None
        columns = {name: _bytes(_found(table, column)).to_pylist() for name, column in self.headers.items()}
        rows = zip(*columns.values(), strict=True)
        made = [
            [{"key": k, "value": v} for k, v in zip(columns, row, strict=True) if v is not None]
            for row in rows
        ]
        return pa.array(made, kind)

    def _timestamp(self, table: pa.Table) -> Any:
        import pyarrow as pa

        if self.timestamp is None:
            return None
        found = _found(table, self.timestamp)
        return (
            found.cast(pa.timestamp("us", found.type.tz))
            .cast(pa.timestamp("ms", found.type.tz), safe=False)
            .cast(pa.timestamp("ms"))
        )


def _found(table: pa.Table, name: str) -> Any:
    """A column, compared as Spark does."""
    at = next(at for at, each in enumerate(table.column_names) if each.casefold() == name.casefold())
    return table.column(at)


def _column(table: pa.Table, name: str | None, kind: pa.DataType) -> Any:
    return None if name is None else _found(table, name).cast(kind)


def _bytes(column: Any) -> Any:
    """Text as UTF-8, bytes as they are, anything else as its JSON."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return column.cast(pa.binary())
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        texts = json_texts(pa.table({"": column}))
        bare = [
            None if not known.is_valid else text.as_py()[4:-1].strip('"')
            for known, text in zip(column, texts, strict=True)
        ]
        return pa.chunked_array([pa.array(bare, pa.string()).cast(pa.binary())])
    return column.cast(pa.string()).cast(pa.binary())


def _csv_lines(table: pa.Table, delimiter: str) -> list[bytes]:
    import csv
    import io

    import pyarrow as pa

    texts = table.cast(pa.schema([(field.name, pa.string()) for field in table.schema]))
    lines = []
    for row in zip(*(column.to_pylist() for column in texts.columns), strict=True):
        line = io.StringIO()
        csv.writer(line, delimiter=delimiter, lineterminator="").writerow(row)
        lines.append(line.getvalue().encode())
    return lines
