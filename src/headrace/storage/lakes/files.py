"""Parquet files for a table: written by the engine's workers, into the table's folder, known to nobody yet.

No reader of tables looks at a file that the table's log does not name. All files of a batch carry its tag in
their names, so that whoever cleans up finds them without a list.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from headrace.core import HeadraceError, Schema
from headrace.storage.carried import CarriedError
from headrace.storage.counting import Counter
from headrace.storage.datasource import arrow_schema, write_files
from headrace.storage.objects import ObjectStore

from .footers import statistics_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DataFile", "TableFiles", "tag_of"]

PIECE = 64 << 20
"""Bytes that wait in one writer, over all its open files: what becomes one row group at most."""
OPEN_FILES = 64
FILE_BYTES = 128 << 20
"""A file is closed once it is larger: readers share a table by files."""
PLAIN = re.compile(r"[\w.:+-]{1,100}", re.ASCII)


def tag_of(identity: str) -> str:
    """What the names of a batch's files hold."""
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class DataFile:
    """One file; ``name`` is relative to the table's folder."""

    name: str
    size: int
    rows: int
    values: dict[str, str | None] = field(default_factory=dict)
    """Its value of each partition column, as text."""
    statistics: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TableFiles:
    """Where and how: pickled whole into workers, credentials inside, and never text."""

    store: ObjectStore
    folder: str
    """Key prefix that names are relative to."""
    tag: str
    note: str
    """Key of the list of what was written."""
    schema: Schema
    counter: Counter | None = None
    partition_by: tuple[str, ...] = ()
    compression: str = "snappy"
    keep_partition_columns: bool = False
    arrow: pa.Schema | None = None
    """What files are written with, where it is more than the schema says: fields' numbers."""
    file_bytes: int = FILE_BYTES

    def write(self, batches: Iterator[pa.RecordBatch], number: int | None) -> list[dict[str, Any]]:
        """One partition of the frame; a failure leaves no file of it."""
        assert self.counter is not None
        return write_files(batches, _Partition(self), self.counter, number)

    def settle(self, results: list[list[dict[str, Any]]]) -> None:
        """Notes what all partitions wrote, where any process finds it."""
        flat = [each for result in results for each in result]
        try:
            self.store.write(self.note, json.dumps(flat).encode())
        except HeadraceError as error:
            raise CarriedError.of(error) from None

    def give_up(self) -> None:
        """Leaves nothing behind, once every partition that was at work has ended."""
        if self.counter is not None:
            self.counter.give_up()
        with contextlib.suppress(HeadraceError):  # what went wrong first is what has to be told
            self.sweep()

    def sweep(self) -> None:
        """Removes every file of the batch, listed or not."""
        marked = f"part-{self.tag}-"
        found = [info.key for info in self.store.walk(self.folder) if marked in info.key]
        self.store.delete(found)
        self.store.delete([self.note] if self.store.stat(self.note) else [])

    def written(self) -> list[DataFile] | None:
        """What :meth:`settle` noted; ``None``: nothing any more."""
        if self.store.stat(self.note) is None:
            return None
        return [DataFile(**each) for each in json.loads(self.store.read(self.note))]


class _Partition:
    """The open files of one partition of the frame, by the table's partitions."""

    def __init__(self, target: TableFiles) -> None:
        self._target = target
        self._schema = target.arrow or arrow_schema(target.schema)
        inner = [
            n for n in self._schema.names if target.keep_partition_columns or n not in target.partition_by
        ]
        self._inner = inner
        self._open: dict[tuple[str | None, ...], _Open] = {}
        self._done: list[DataFile] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Rows to their files."""
        if not batch.num_rows:
            return
        shaped = _shaped(batch, self._schema)
        for values, rows in _by_values(shaped, self._target.partition_by):
            file = self._open.get(values) or self._begin(values)
            file.add(rows.select(self._inner))
        while sum(file.held for file in self._open.values()) > PIECE:
            max(self._open.values(), key=lambda each: each.held).flush()
        for values in [v for v, file in self._open.items() if file.size > self._target.file_bytes]:
            self._end(values)

    def _begin(self, values: tuple[str | None, ...]) -> _Open:
        if len(self._open) >= OPEN_FILES:
            self._end(next(iter(self._open)))
        self._open[values] = _Open(self._target, values, [self._schema.field(name) for name in self._inner])
        return self._open[values]

    def _end(self, values: tuple[str | None, ...]) -> None:
        self._done.append(self._open[values].close())
        del self._open[values]

    def close(self) -> list[DataFile]:
        """Every file, whole."""
        for values in list(self._open):
            self._end(values)
        return self._done

    def abort(self) -> None:
        """No file."""
        for file in self._open.values():
            file.abort()
        self._target.store.delete([self._target.folder + each.name for each in self._done])


class _Open:
    """One file being written."""

    def __init__(self, target: TableFiles, values: tuple[str | None, ...], fields: list[pa.Field]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        named = dict(zip(target.partition_by, values, strict=True))
        self.name = f"{_folders(named)}part-{target.tag}-{os.urandom(8).hex()}.parquet"
        self.values = named
        self._raw = target.store.writer(target.folder + self.name)
        self._schema = pa.schema(fields)
        self._footers: list[Any] = []
        self._waiting: list[pa.RecordBatch] = []
        self.held = 0
        self.rows = 0
        self._file = pq.ParquetWriter(
            self._raw, self._schema, compression=target.compression, metadata_collector=self._footers
        )

    @property
    def size(self) -> int:
        return self._raw.tell()

    def add(self, rows: pa.RecordBatch) -> None:
        """They may wait."""
        self._waiting.append(rows)
        self.held += rows.nbytes
        self.rows += rows.num_rows

    def flush(self) -> None:
        """One row group of what waits."""
        import pyarrow as pa

        if self._waiting:
            table = pa.Table.from_batches(self._waiting, self._schema).combine_chunks()
            self._file.write_table(table, row_group_size=table.num_rows)
            self._waiting, self.held = [], 0

    def close(self) -> DataFile:
        """The whole file."""
        self.flush()
        self._file.close()
        self._raw.close()
        statistics = statistics_of(self._footers[0])
        return DataFile(self.name, self._raw.size, self.rows, self.values, statistics)

    def abort(self) -> None:
        """Nothing."""
        self._raw.abort()


def _shaped(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch's columns by the table's names and in its types; what the table does not have is left out."""
    import pyarrow as pa

    folded = {name.casefold(): index for index, name in enumerate(batch.schema.names)}
    columns = []
    for wanted in schema:
        column = batch.column(folded[wanted.name.casefold()])
        columns.append(column if column.type == wanted.type else column.cast(wanted.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _by_values(
    batch: pa.RecordBatch, columns: tuple[str, ...]
) -> Iterator[tuple[tuple[str | None, ...], pa.RecordBatch]]:
    """Rows by their values of the partition columns, their order kept."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not columns:
        yield (), batch
        return
    table = pa.table([batch.column(name) for name in columns], names=list(columns))
    numbered = table.append_column("#", pa.array(range(batch.num_rows), pa.int64()))
    groups = numbered.group_by(list(columns), use_threads=False).aggregate([("#", "list")])
    for row in range(groups.num_rows):
        values = tuple(text_of(groups.column(name)[row].as_py()) for name in columns)
        rows = groups.column("#_list")[row].values
        yield values, batch if len(rows) == len(batch) else pc.take(batch, rows)


def text_of(value: Any) -> str | None:
    """A partition's value as Delta's log spells it (its protocol, "Partition Value Serialization")."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            return value.strftime("%Y-%m-%d %H:%M:%S.%f")
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _folders(values: dict[str, str | None]) -> str:
    """``day=2024-01-31/`` where names and values are plain, else a digest: readers go by the log."""
    parts = []
    for name, value in values.items():
        text = "__HIVE_DEFAULT_PARTITION__" if value is None else value
        plain = PLAIN.fullmatch(name) and PLAIN.fullmatch(text)
        parts.append(f"{name}={text}/" if plain else f"p{tag_of(f'{name}={text}')}/")
    return "".join(parts)
