"""JSON, one object per line: parsed by Arrow in blocks; a block that fails is read line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, Schema
from headrace.storage.datasource import arrow_type
from headrace.storage.objects import ObjectStore

from .json_types import merge_values, schema_from, to_python
from .rows import RAW_LIMIT, BadRow, Lines, Refuse, Split, line_edges
from .text import TextFormat

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["JsonLines"]

BLANK = 4096
"""Bytes of a block that may be empty lines only, which Arrow does not take."""


@dataclass(frozen=True)
class JsonLines(TextFormat):
    """One object per line."""

    def last_end(self, block: bytes) -> int:
        """A line break ends a record."""
        return block.rfind(b"\n") + 1

    def tables(
        self, store: ObjectStore, split: Split, wanted: Schema, zone: str, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """One table per block."""
        import pyarrow as pa

        constant = {name for name, _ in split.constants}
        target = pa.schema(
            [(each.name, arrow_type(each.type, zone)) for each in wanted if each.name not in constant]
        )
        lines = Lines(store, split, plain=self.plain(split.key))
        blocks = self.spans(store, split)
        while block := next(blocks, b""):
            try:
                made = [_parsed(block, target)]
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                made = [_line_by_line(bytes(block), target, lines.now(), split.location, refuse)]
            lines.passed(block)
            block = b""  # not kept while the engine has the table
            if made[0] is not None:
                yield made.pop()

    def sample(self, store: ObjectStore, split: Split, limit: int) -> Schema | None:
        """Integers, numbers, booleans, texts, arrays and objects, as JSON tells them; texts stay texts."""
        seen: dict[str, Any] = {}
        size = 0
        for block in self.blocks(store, split):
            for number, line in enumerate(block.splitlines(), 1):
                if line.strip():
                    merge_values(seen, _object(line, split.location, number) or {})
                size += len(line)
                if size >= limit:
                    break
            if size >= limit:
                break
        return schema_from(seen) if size else None

    def edges(self, store: ObjectStore, split: Split, targets: list[int]) -> list[int]:
        """The first line break behind each target."""
        if not self.plain(split.key):
            return [split.end for _ in targets]
        return line_edges(store, split, targets)


def _object(line: bytes, location: str, number: int) -> dict[str, Any] | None:
    """One line of the sample; ``None`` for a line that is broken, which reading will tell."""
    if line.lstrip()[:1] == b"[":
        raise DataRefused(
            "not-json-lines",
            f"'{location}', line {number}: an array, where each line should be one object.",
            hint='Write one object per line, `jq -c ".[]"` does that.',
        )
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _parsed(block: bytes | memoryview, target: pa.Schema) -> pa.Table | None:
    import pyarrow as pa
    import pyarrow.json as arrow

    if len(block) < BLANK and not bytes(block).strip():
        return None
    plain = pa.schema([(field.name, _native(field.type)) for field in target])
    table = arrow.read_json(
        pa.BufferReader(pa.py_buffer(block)),
        read_options=arrow.ReadOptions(use_threads=False, block_size=len(block) + 1),
        parse_options=arrow.ParseOptions(explicit_schema=plain, unexpected_field_behavior="ignore"),
    )
    return table.cast(target)


def _native(kind: pa.DataType) -> pa.DataType:
    """What Arrow's JSON reader parses by itself; the rest is cast from it."""
    import pyarrow as pa

    if pa.types.is_date(kind) or pa.types.is_decimal(kind):
        return pa.string()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_list(kind):
        return pa.list_(_native(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(kind.field(i).name, _native(kind.field(i).type)) for i in range(kind.num_fields)])
    return kind


def _as_object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("The line is no object.")
    return value


def _line_by_line(
    block: bytes, target: pa.Schema, line: int, location: str, refuse: Refuse
) -> pa.Table | None:
    """Good lines as a table; a value of another type in a text column is kept as its JSON."""
    import pyarrow as pa

    rows = []
    for number, raw in enumerate(block.split(b"\n"), line):
        if not raw.strip():
            continue
        column = None
        try:
            record = _as_object(json.loads(raw))
            row = {}
            for field in target:
                column = field.name
                row[column] = to_python(record.get(column), field.type)
            rows.append(row)
        except (ValueError, TypeError, OverflowError) as error:
            code = "bad-json" if column is None else "bad-value"
            text = raw.decode(errors="replace").rstrip("\r")[:RAW_LIMIT]
            refuse(BadRow(code, _words(error), column, location, number, text))
    return pa.Table.from_pylist(rows, schema=target) if rows else None


def _words(error: Exception) -> str:
    """A line is all that was parsed, so a line number of the parser's own would mislead."""
    if isinstance(error, json.JSONDecodeError):
        return f"Not JSON at character {error.colno}: {error.msg}."
    return str(error)[:300]
