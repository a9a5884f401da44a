"""A frame over statements: a Python data source that both engines run, in parallel and in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from headrace.core import HeadraceError, Schema
from headrace.storage.carried import CarriedError
from headrace.storage.counting import Counter
from headrace.storage.datasource import BLOCKS, arrow_schema, gated, paced, relayed

from .dialect import DbColumn, Dialect
from .session import opened

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Piece", "TableScan", "in_parts"]

BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Piece:
    """The rows of one statement; ``constants`` are columns that are the same in every row."""

    statement: str
    columns: tuple[DbColumn, ...]
    constants: tuple[tuple[str, str], ...] = ()
    batches: int = 1
    """About how many the statement will give."""
    part: int = 0
    parts: int = 1
    """More than one: several partitions read this statement one after the other, see ``relay``."""
    number: int = 0


def in_parts(pieces: list[Piece]) -> tuple[Piece, ...]:
    """As many partitions as the embedded engine needs, whose partitions give few batches each."""
    return tuple(
        replace(piece, part=part, parts=parts, number=number)
        for number, piece in enumerate(pieces)
        for parts in (-(-piece.batches // BLOCKS),)
        for part in range(parts)
    )


@dataclass(frozen=True)
class TableScan:
    """All that a worker needs to read. It is pickled whole, credentials inside, and never becomes text."""

    dialect: Dialect
    schema: Schema
    partitions: tuple[Piece, ...]
    zone: str
    counter: Counter
    limit: int | None = None
    in_process: bool = True
    stage: str | None = None

    def read(self, partition: int) -> Iterator[pa.RecordBatch]:
        """The rows of one partition, counted; errors leave as text that can be told apart."""
        try:
            with self.counter.tally(partition) as tally:
                piece = self.partitions[partition]
                tables = self._tables(piece, partition)
                expected = min(BLOCKS, piece.batches)
                batches = paced(tables, expected) if self.in_process else _batches(tables)
                # By map, not by a loop: a loop's variable would keep a batch that the engine has let go.
                yield from map(tally.counted, batches)
        except HeadraceError as error:
            error.where = error.where or self.stage
            raise CarriedError.of(error) from None

    def _tables(self, piece: Piece, partition: int) -> Iterator[pa.Table]:
        def begin() -> Iterator[pa.Table]:
            tables = self._stream(piece)
            return gated(tables, token, partition) if self.in_process else tables

        token = str(self.counter.folder)
        if piece.parts == 1:
            return begin()
        return relayed((token, str(piece.number)), piece.part, piece.parts, begin, BLOCKS)

    def _stream(self, piece: Piece) -> Iterator[pa.Table]:
        target = arrow_schema(self.schema, self.zone)
        wanted = arrow_schema(self.dialect.schema_of(piece.columns), self.zone)
        with opened(self.dialect) as session:
            raw = session.batches(piece.statement)
            shaped = map(partial(self._shaped, piece=piece, wanted=wanted, target=target), raw)
            yield from _first_rows(shaped, self.limit)

    def _shaped(self, raw: pa.RecordBatch, piece: Piece, wanted: pa.Schema, target: pa.Schema) -> pa.Table:
        import pyarrow as pa

        batch = self.dialect.arrow(raw, piece.columns, wanted)
        constants = dict(piece.constants)
        columns = []
        for field in target:
            if field.name in constants:
                columns.append(pa.repeat(pa.scalar(constants[field.name], field.type), batch.num_rows))
            elif field.name in batch.schema.names:
                columns.append(batch.column(field.name))
            else:
                columns.append(pa.nulls(batch.num_rows, field.type))
        return pa.table(columns, schema=target)


def _first_rows(tables: Iterator[pa.Table], limit: int | None) -> Iterator[pa.Table]:
    if limit is None:
        yield from tables
        return
    for table in tables:
        yield table.slice(0, limit)
        limit -= table.num_rows
        if limit <= 0:
            return


def _batches(tables: Iterator[pa.Table]) -> Iterator[pa.RecordBatch]:
    for table in tables:
        yield from table.to_batches(max_chunksize=BATCH_ROWS)
