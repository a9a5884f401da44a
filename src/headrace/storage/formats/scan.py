"""A frame over files: a Python data source that both engines run, in parallel and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from headrace.core import DataRefused, HeadraceError, Schema
from headrace.storage.carried import CarriedError
from headrace.storage.counting import Counter
from headrace.storage.datasource import BLOCKS, ErrorRows, arrow_schema, gated, paced, relayed
from headrace.storage.objects import ObjectStore

from .rows import BadRow, Format, Refuse, Split, blocks_of, stop_at

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["REJECTED", "Scan"]

REJECTED = Schema.of(
    {
        "_error_code": "string",
        "_error_message": "string",
        "_error_column": "string",
        "_error_file": "string",
        "_error_line": "bigint",
        "_error_raw": "string",
    }
)
BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Scan:
    """All that a worker needs to read. It is pickled whole, credentials inside, and never becomes text."""

    store: ObjectStore
    format: Format
    schema: Schema
    partitions: tuple[tuple[Split, ...], ...]
    zone: str
    counter: Counter
    keep_bad_rows: bool = False
    limit: int | None = None
    in_process: bool = True
    """Whether the engine reads within this very process."""
    stage: str | None = None
    """Whose rows these are: errors say so, wherever in the run they come out."""

    @property
    def error_rows(self) -> ErrorRows:
        """Where the rows are noted that the schema cannot hold."""
        return ErrorRows(self.counter, REJECTED)

    def read(self, partition: int) -> Iterator[pa.RecordBatch]:
        """The rows of one partition, counted; errors leave as text that can be told apart."""
        try:
            yield from self._read(partition)
        except HeadraceError as error:
            error.where = error.where or self.stage
            raise CarriedError.of(error) from None

    def _read(self, partition: int) -> Iterator[pa.RecordBatch]:
        splits = self.partitions[partition]
        with self.counter.tally(partition) as tally:
            note = self.error_rows.noting(tally)

            def keep(row: BadRow) -> None:
                note(row.to_json())

            tables = self._tables(splits, keep if self.keep_bad_rows else stop_at, partition)
            batches = paced(tables, _expected(splits)) if self.in_process else _batches(tables)
            # By map, not by a loop: a loop's variable would keep a batch that the engine has let go.
            yield from map(tally.counted, batches)

    def _of_split(self, split: Split, refuse: Refuse, partition: int) -> Iterator[pa.Table]:
        def begin() -> Iterator[pa.Table]:
            tables = self.format.tables(self.store, split, self.schema, self.zone, refuse)
            return gated(tables, token, partition) if self.in_process else tables

        token = str(self.counter.folder)
        if split.parts == 1:
            return begin()
        return relayed((token, split.location), split.part, split.parts, begin, BLOCKS)

    def _tables(self, splits: Iterable[Split], refuse: Refuse, partition: int) -> Iterator[pa.Table]:
        target = arrow_schema(self.schema, self.zone)
        left = self.limit
        for split in splits:
            shaped = map(partial(shape, target=target, split=split), self._of_split(split, refuse, partition))
            if left is None:
                yield from filter(_has_rows, shaped)
                continue
            for table in shaped:
                yield table.slice(0, left)
                left -= table.num_rows
                if left <= 0:
                    return


def _expected(splits: Iterable[Split]) -> int:
    """How many tables the splits will give, about."""
    return sum(-(-blocks_of(each) // each.parts) for each in splits)


def _has_rows(table: pa.Table) -> bool:
    return bool(table.num_rows)


def _batches(tables: Iterable[pa.Table]) -> Iterator[pa.RecordBatch]:
    for table in tables:
        yield from table.to_batches(max_chunksize=BATCH_ROWS)


def shape(table: pa.Table, target: pa.Schema, split: Split) -> pa.Table:
    """The table with exactly the target's columns: constants filled in, missing ones null."""
    import pyarrow as pa

    constants = dict(split.constants)
    columns = []
    for wanted in target:
        at = table.schema.get_field_index(wanted.name)
        if wanted.name in constants:
            value = pa.scalar(constants[wanted.name]).cast(wanted.type)
            columns.append(pa.repeat(value, table.num_rows))
        elif at < 0:
            columns.append(pa.nulls(table.num_rows, wanted.type))
        else:
            column = table.column(at)
            columns.append(column if column.type == wanted.type else _cast(column, wanted, split.location))
    return pa.table(columns, schema=target)


def _cast(column: pa.ChunkedArray, wanted: pa.Field, location: str) -> pa.ChunkedArray:
    """The values as another type; nothing wraps around or loses its fraction, but nanoseconds are let go."""
    import pyarrow as pa

    moments = pa.types.is_timestamp(column.type) and pa.types.is_timestamp(wanted.type)
    try:
        return column.cast(wanted.type, safe=not moments)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataRefused(
            "value-does-not-fit",
            f"'{location}', column '{wanted.name}': its values are of type {column.type}, and not all "
            f"become {wanted.type}: {str(error)[:200]}",
            hint="Declare another type in `schema`, or convert it with processor.convert_types.",
        ) from error
