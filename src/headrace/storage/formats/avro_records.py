"""Avro values that come one by one, without a header: the schema is known, or a registry has it by number."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, Schema
from headrace.storage.datasource import arrow_schema

from .avro_types import avro_schema, columns_of, converter, named_types, own_name
from .avro_values import plain_values
from .records import RefuseRecord

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["AvroRecords", "avro_columns", "avro_values", "numbered", "parsed_avro"]

MAGIC = 0
HEAD = 5
"""Bytes before a value whose schema a registry has: a zero, and the schema's number."""


@lru_cache(maxsize=64)
def parsed_avro(text: str) -> Any:
    """A schema as the library reads it. Raises ``DataRefused`` (``bad-avro-schema``)."""
    from fastavro import parse_schema

    try:
        return parse_schema(json.loads(text))
    except Exception as error:  # the library raises whatever it stumbles over
        raise DataRefused(
            "bad-avro-schema", f"The Avro schema cannot be used: {str(error)[:300]}.", hint="Mend the schema."
        ) from error


def avro_columns(text: str, where: str) -> Schema:
    """The columns of a schema's records."""
    return columns_of(parsed_avro(text), where)


@dataclass(frozen=True)
class AvroRecords:
    """Each value is one record; ``reader`` is the schema that it is read as.

    ``lookup`` gives a writer's schema by its number, which stands before each value then.
    """

    reader: str
    lookup: Callable[[int], str] | None = None

    def table(
        self, texts: Sequence[bytes | None], schema: Schema, zone: str, refuse: RefuseRecord
    ) -> tuple[pa.Table, list[int] | None]:
        """The rows, and which of the values they are of."""
        import pyarrow as pa

        whole = parsed_avro(self.reader)
        fields = {own_name(each).casefold(): each for each in whole["fields"]}
        records, kept = [], []
        for position, text in enumerate(texts):
            record, problem = self._record(text)
            if problem is None:
                records.append(record)
                kept.append(position)
            else:
                refuse(position, "bad-avro", problem, None)
        known = named_types(whole)
        target = arrow_schema(schema, zone)
        columns = []
        for wanted in target:
            field = fields[wanted.name.casefold()]
            change = converter(field["type"], known)
            values = [None if each is None else each[field["name"]] for each in records]
            columns.append(pa.array(values if change is None else map(change, values), wanted.type))
        return pa.table(columns, schema=target), kept

    def _record(self, text: bytes | None) -> tuple[dict[str, Any] | None, str | None]:
        from fastavro import schemaless_reader

        if text is None:
            return None, None
        writer, start = self.reader, 0
        if self.lookup is not None:
            if len(text) < HEAD or text[0] != MAGIC:
                return None, "The value does not begin with the number of a schema."
            writer, start = self.lookup(int.from_bytes(text[1:HEAD], "big")), HEAD
        source = io.BytesIO(text)
        source.seek(start)
        try:
            same = writer == self.reader
            found = schemaless_reader(source, parsed_avro(writer), None if same else parsed_avro(self.reader))
        except DataRefused:
            raise
        except Exception as error:  # the library raises whatever it stumbles over
            return (
                None,
                f"The value is no such record: {type(error).__name__} {str(error)[:200]}".strip() + ".",
            )
        left = len(text) - source.tell()
        return (found, None) if not left else (None, f"{left} bytes are left behind the record.")


def avro_values(table: pa.Table) -> Iterator[bytes]:
    """Each row as one value, by ``avro_schema(table.schema)``."""
    from fastavro import parse_schema, schemaless_writer

    own = avro_schema(table.schema)
    parsed = parse_schema(own)
    names = [each["name"] for each in own["fields"]]
    for row in zip(*plain_values(table), strict=True):
        target = io.BytesIO()
        schemaless_writer(target, parsed, dict(zip(names, row, strict=True)))
        yield target.getvalue()


def numbered(number: int) -> bytes:
    """What goes before a value whose schema a registry has under a number."""
    return bytes([MAGIC]) + number.to_bytes(HEAD - 1, "big")
