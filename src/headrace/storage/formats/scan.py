"""A frame over files: a Python data source that both engines run, in parallel and in bounded memory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from headrace.core import Frame, HeadraceError, Schema
from headrace.storage.carried import CarriedError
from headrace.storage.counting import Counter
from headrace.storage.datasource import arrow_schema, frame_of
from headrace.storage.objects import ObjectStore

from .pace import BLOCKS, gated, paced
from .relay import relayed
from .rows import BadRow, Format, Refuse, Split, stop_at

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

__all__ = ["REJECTED", "BadRowCount", "Scan", "rejected_frame"]

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
    def side_folder(self) -> Path:
        """Bad rows, one file per attempt, under the attempt's own name in the counter."""
        return self.counter.folder / "bad"

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
            bad = _BadRows(self.side_folder / f"{tally.name}.jsonl") if self.keep_bad_rows else None
            tables = self._tables(splits, bad.add if bad else stop_at, partition)
            batches = paced(tables, splits) if self.in_process else _batches(tables)
            # By map, not by a loop: a loop's variable would keep a batch that the engine has let go.
            yield from map(tally.counted, batches)

    def _of_split(self, split: Split, refuse: Refuse, partition: int) -> Iterator[pa.Table]:
        def begin() -> Iterator[pa.Table]:
            tables = self.format.tables(self.store, split, self.schema, self.zone, refuse)
            return gated(tables, token, partition) if self.in_process else tables

        token = str(self.counter.folder)
        return begin() if split.parts == 1 else relayed(token, split, begin, BLOCKS)

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
            columns.append(column if column.type == wanted.type else column.cast(wanted.type, safe=False))
    return pa.table(columns, schema=target)


class _BadRows:
    """Bad rows of one attempt, one JSON object per line; the file is made with the first of them."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, row: BadRow) -> None:
        """Appends."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(self._path, "a", opener=_private) as file:
            file.write(json.dumps(row.to_json()) + "\n")


@dataclass
class BadRowCount:
    """How many bad rows a scan has met so far; reads on where it stopped the last time."""

    scan: Scan
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)

    def value(self) -> int | None:
        """``None`` where the scan's own count is."""
        chosen = self.scan.counter.chosen()
        return sum(self._lines(name) for name, _ in chosen) if chosen else None

    def _lines(self, name: str) -> int:
        at, lines = self._seen.get(name, (0, 0))
        path = self.scan.side_folder / f"{name}.jsonl"
        if not path.exists():
            return 0
        with path.open("rb") as file:
            file.seek(at)
            while piece := file.read(1 << 20):
                at, lines = at + len(piece), lines + piece.count(b"\n")
        self._seen[name] = at, lines
        return lines


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def rejected_frame(session: SparkSession, scan: Scan) -> Frame:
    """The bad rows that ``scan`` has met, once its own frame has been computed: compute this one afterwards.

    Only the attempts that count are read, so a retried partition shows its bad rows once.
    """
    return frame_of(session, _RejectedScan(scan))


@dataclass(frozen=True)
class _RejectedScan:
    """Reads the side files, all in one partition, when the engine computes and not before."""

    scan: Scan
    partitions: tuple[int, ...] = (0,)

    @property
    def schema(self) -> Schema:
        return REJECTED

    def read(self, partition: int) -> Iterator[pa.RecordBatch]:
        """One batch of all."""
        import pyarrow as pa

        del partition
        target = arrow_schema(REJECTED)
        paths = [self.scan.side_folder / f"{name}.jsonl" for name, _ in self.scan.counter.chosen()]
        rows = [json.loads(line) for path in paths if path.exists() for line in path.read_text().splitlines()]
        yield from pa.Table.from_pylist(rows, schema=target).to_batches()
