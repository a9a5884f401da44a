"""JSON, parsed by Arrow in blocks; a block that fails is read object by object.

A file has one object per line, or an array of them, or objects that go over several lines: its beginning
tells.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from headrace.core import Schema
from headrace.storage.datasource import arrow_type
from headrace.storage.objects import ObjectStore

from .chunks import chunks_of
from .json_types import merge_values, schema_from, to_python
from .json_values import Found, goes_over_lines, values_in
from .packing import compression_of
from .rows import RAW_LIMIT, BadRow, Lines, Refuse, Split, line_edges
from .text import TextFormat

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["JsonLines", "json_row", "json_table"]

Problem = tuple[str, str, str | None]
HEAD = 64 << 10
"""Bytes of a file's beginning that tell how it is laid out."""
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
        if split.start == 0 and self._over_lines(store, split):
            yield from self._values(store, split, target, refuse)
            return
        lines = Lines(store, split, plain=self.plain(split.key))
        blocks = self.spans(store, split)
        while block := next(blocks, b""):
            try:
                made = [json_table(block, target)]
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                made = [_checked(_lines_of(bytes(block), lines.now()), target, split.location, refuse)]
            lines.passed(block)
            block = b""  # not kept while the engine has the table
            if made[0] is not None:
                yield made.pop()

    def _pieces(self, store: ObjectStore, split: Split) -> Iterator[bytes]:
        packing = compression_of(split.key, self.compression)
        return chunks_of(store, split, 0, split.end, compression=packing, encoding=self.encoding)

    def _over_lines(self, store: ObjectStore, split: Split) -> bool:
        head = b""
        for piece in self._pieces(store, replace(split, step=HEAD, end=min(split.end, HEAD))):
            head += piece
            if head.strip():
                break
        return goes_over_lines(head)

    def _values(
        self, store: ObjectStore, split: Split, target: pa.Schema, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """One table for about as many bytes as a step has."""
        import pyarrow as pa

        held: list[Found] = []
        size = 0
        for found in chain(values_in(self._pieces(store, split), split.location), [None]):
            if found is not None:
                held.append(found)
                size += len(found.raw)
            if size < split.step and found is not None:
                continue
            try:
                whole = None if any(each.error for each in held) else _joined(held, target)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                whole = None
            made = whole if whole is not None else _checked(held, target, split.location, refuse)
            held, size = [], 0
            if made is not None:
                yield made

    def sample(self, store: ObjectStore, split: Split, limit: int) -> Schema | None:
        """Integers, numbers, booleans, texts, arrays and objects, as JSON tells them; texts stay texts."""
        seen: dict[str, Any] = {}
        size = 0
        for found in self._sampled(store, split):
            if isinstance(found.value, dict):  # whatever is not, reading will tell
                merge_values(seen, found.value)
            size += len(found.raw)
            if size >= limit:
                break
        return schema_from(seen) if size else None

    def _sampled(self, store: ObjectStore, split: Split) -> Iterator[Found]:
        if self._over_lines(store, split):
            yield from values_in(self._pieces(store, split), split.location)
            return
        for block in self.blocks(store, split):
            yield from _lines_of(block, 1)

    def edges(self, store: ObjectStore, split: Split, targets: list[int]) -> list[int]:
        """The first line break behind each target."""
        if not self.plain(split.key):
            return [split.end for _ in targets]
        return line_edges(store, split, targets)


def json_table(block: bytes | memoryview, target: pa.Schema, *, over_lines: bool = False) -> pa.Table | None:
    """Objects behind one another as a table; ``None``: there is none. Raises Arrow's own errors."""
    import pyarrow as pa
    import pyarrow.json as arrow

    if len(block) < BLANK and not bytes(block).strip():
        return None
    plain = pa.schema([(field.name, _native(field.type)) for field in target])
    table = arrow.read_json(
        pa.BufferReader(pa.py_buffer(block)),
        read_options=arrow.ReadOptions(use_threads=False, block_size=len(block) + 1),
        parse_options=arrow.ParseOptions(
            explicit_schema=plain, unexpected_field_behavior="ignore", newlines_in_values=over_lines
        ),
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
        raise TypeError("It is no object.")
    return value


def _joined(held: list[Found], target: pa.Schema) -> pa.Table | None:
    return (
        json_table("\n".join(each.raw for each in held).encode(), target, over_lines=True) if held else None
    )


def _lines_of(block: bytes, first: int) -> Iterator[Found]:
    for number, raw in enumerate(block.split(b"\n"), first):
        if raw.strip():
            text = raw.decode(errors="replace").rstrip("\r")
            try:
                yield Found(number, text, json.loads(raw))
            except ValueError as error:
                yield Found(number, text, None, _words(error))


def _checked(found: Iterable[Found], target: pa.Schema, location: str, refuse: Refuse) -> pa.Table | None:
    """The good ones as a table; a value of another type in a text column is kept as its JSON."""
    import pyarrow as pa

    rows = []
    for each in found:
        row, problem = ({}, ("bad-json", each.error, None)) if each.error else _fitted(each.value, target)
        if problem is None:
            rows.append(row)
        else:
            refuse(BadRow(*problem, location, each.line, each.raw[:RAW_LIMIT]))
    return pa.Table.from_pylist(rows, schema=target) if rows else None


def json_row(raw: bytes, target: pa.Schema) -> tuple[dict[str, Any], Problem | None]:
    """One object's values as Arrow takes them, or the code, message and column of what is wrong with it."""
    try:
        return _fitted(json.loads(raw), target)
    except ValueError as error:
        return {}, ("bad-json", _words(error), None)


def _fitted(value: Any, target: pa.Schema) -> tuple[dict[str, Any], Problem | None]:
    column = None
    try:
        record = _as_object(value)
        row = {}
        for field in target:
            column = field.name
            row[column] = to_python(record.get(column), field.type)
    except (ValueError, TypeError, OverflowError) as error:
        return {}, ("bad-json" if column is None else "bad-value", str(error)[:300], column)
    return row, None


def _words(error: Exception) -> str:
    """A line is all that was parsed, so a line number of the parser's own would mislead."""
    if isinstance(error, json.JSONDecodeError):
        return f"Not JSON at character {error.colno}: {error.msg}."
    return str(error)[:300]
