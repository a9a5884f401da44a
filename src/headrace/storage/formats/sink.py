"""Writes a frame into staged files: a Python data source that both engines run, one writer per partition."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from headrace.core import HeadraceError
from headrace.storage.carried import CarriedError
from headrace.storage.counting import Counter
from headrace.storage.datasource import write_files
from headrace.storage.objects import ObjectStore, StagedFile

from .encoders import Encoder, HashedFile
from .packing import PACKED
from .reading import NULL_FOLDER
from .registry import file_kind
from .styles import WriteStyle

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Sink"]

PIECE = 64 << 20
"""Bytes that wait in one writer, over all its open files: what becomes one row group at most."""
PIECE_ROWS = 1 << 20
OPEN_FILES = 64
"""Files that one writer has open at once; with more values than that, some get several files."""
RESULT = "_written.json"


@dataclass(frozen=True)
class Sink:
    """Where and how: pickled whole, credentials inside, and never text. ``prefix`` is the staging place."""

    store: ObjectStore
    prefix: str
    run: str
    style: WriteStyle
    counter: Counter
    partition_by: tuple[str, ...] = ()

    def write(self, batches: Iterator[pa.RecordBatch], number: int | None) -> list[dict[str, Any]]:
        """One partition; a failure leaves no file of it, and comes out as text that can be told apart."""
        return write_files(batches, _Partition(self, number), self.counter, number)

    def empty(self, schema: pa.Schema) -> StagedFile:
        """A file without rows, for a frame without rows."""
        import pyarrow as pa

        written = _Partition(self, 0)
        columns = [each for each in schema if each.name not in self.partition_by]
        written.open("", pa.schema(columns))
        return written.close()[0]

    def settle(self, results: list[list[dict[str, Any]]]) -> None:
        """Notes what all partitions wrote, where the process that asked can find it."""
        flat = [each for result in results for each in result]
        try:
            self.store.write(self.prefix + RESULT, json.dumps(flat).encode())
        except HeadraceError as error:
            raise CarriedError.of(error) from None

    def give_up(self) -> None:
        """Leaves nothing behind, once every partition that was at work has ended."""
        self.counter.give_up()
        with contextlib.suppress(HeadraceError):  # what went wrong first is what has to be told
            self.store.prune(self.prefix)

    def written(self) -> list[StagedFile]:
        """What :meth:`settle` noted."""
        key = self.prefix + RESULT
        found = json.loads(self.store.read(key))
        self.store.delete([key])
        return [StagedFile(**each) for each in found]


class _Partition:
    """The open files of one partition, by folder."""

    def __init__(self, sink: Sink, number: int | None) -> None:
        self._sink = sink
        token = os.urandom(4).hex()
        place = [] if number is None else [f"{number:05d}"]
        self._stem = "-".join([sink.style.file_prefix, *place, sink.run, token])
        self._most = None if sink.style.file_mb is None else int(sink.style.file_mb * (1 << 20))
        self._open: dict[str, tuple[str, Encoder]] = {}
        self._done: list[StagedFile] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Rows to their files."""
        if not batch.num_rows:
            return
        for folder, part in _by_folder(batch, self._sink.partition_by):
            self._add(folder, part)
        while sum(file.held for _, file in self._open.values()) > PIECE:
            max(self._open.values(), key=lambda each: each[1].held)[1].flush()
        for _, file in self._open.values():
            if file.waiting_rows >= PIECE_ROWS:
                file.flush()

    def _add(self, folder: str, part: pa.RecordBatch) -> None:
        """To the folder's file, and to the next one where that is full."""
        while part.num_rows:
            _, file = self._open.get(folder) or self.open(folder, part.schema)
            room = min(self._step(part), part.num_rows if file.room is None else file.room)
            file.add(part.slice(0, room))
            if file.room == 0 or file.large(self._most):
                self._close(folder)
            part = part.slice(room)

    def _step(self, part: pa.RecordBatch) -> int:
        """Rows of about a quarter of a file that has a size: its end is looked for that often."""
        if self._most is None or part.nbytes * 4 <= self._most:
            return int(part.num_rows)
        return max(1, int(self._most * part.num_rows / (part.nbytes * 4)))

    def open(self, folder: str, schema: pa.Schema) -> tuple[str, Encoder]:
        """A new file; the one opened first is closed when there are too many."""
        if len(self._open) >= OPEN_FILES:
            self._close(next(iter(self._open)))
        sink = self._sink
        kind = file_kind(sink.style.format)
        packing = sink.style.compression if kind.wrapped else "none"
        name = f"{folder}{self._stem}-{len(self._done) + len(self._open)}{kind.endings[0]}{PACKED[packing]}"
        file = HashedFile(sink.store.writer(sink.prefix + name), packing)
        try:
            kind.check(schema)
            self._open[folder] = name, kind.encoder(file, schema, sink.style)
        except BaseException:
            file.abort()
            raise
        return self._open[folder]

    def _close(self, folder: str) -> None:
        name, file = self._open[folder]
        size, digest = file.close()
        del self._open[folder]
        self._done.append(StagedFile(name, size, file.rows, digest))

    def close(self) -> list[StagedFile]:
        """Every file, whole."""
        for folder in list(self._open):
            self._close(folder)
        return self._done

    def abort(self) -> None:
        """No file."""
        for _, file in self._open.values():
            file.abort()
        self._sink.store.delete([self._sink.prefix + each.name for each in self._done])


def _by_folder(batch: pa.RecordBatch, columns: tuple[str, ...]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Rows by ``day=2024-01-31/``, their order kept, the columns in the name left out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not columns:
        yield "", batch
        return
    table = pa.table([batch.column(name) for name in columns], names=list(columns))
    numbered = table.append_column("#", pa.array(range(batch.num_rows), pa.int64()))
    groups = numbered.group_by(list(columns), use_threads=False).aggregate([("#", "list")])
    rest = batch.select([name for name in batch.schema.names if name not in columns])
    for row in range(groups.num_rows):
        folder = "".join(f"{quote(name, safe=' ')}={_folder(groups.column(name)[row])}/" for name in columns)
        rows = groups.column("#_list")[row].values
        yield folder, rest if len(rows) == len(rest) else pc.take(rest, rows)


def _folder(value: pa.Scalar) -> str:
    if not value.is_valid:
        return NULL_FOLDER
    plain = value.as_py()
    return quote(str(plain).lower() if isinstance(plain, bool) else str(plain), safe=" ,+@;()")
