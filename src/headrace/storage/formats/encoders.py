"""One open output file: takes record batches, writes CSV, JSON lines or Parquet, and says what it wrote."""

from __future__ import annotations

import hashlib
import zlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused
from headrace.storage.objects import ObjectWriter

from .json_encode import json_lines

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ENDINGS", "Encoder", "encoder"]

ENDINGS = {"csv": ".csv", "json": ".jsonl", "parquet": ".parquet"}


class _Hashed:
    """A file-like object over a store's writer: packs if asked, hashes what leaves."""

    closed = False

    def __init__(self, target: ObjectWriter, *, gzip: bool) -> None:
        self._target = target
        self._aborted = False
        self._hash = hashlib.sha256()
        self._packer = zlib.compressobj(6, zlib.DEFLATED, 31) if gzip else None

    def write(self, data: Any) -> int:
        """Appends; returns what was taken."""
        self._send(self._packer.compress(data) if self._packer else data)
        return memoryview(data).nbytes

    def _send(self, data: Any) -> None:
        if self._aborted:
            return
        self._hash.update(data)
        self._target.write(data)

    def finish(self) -> tuple[int, str]:
        """Closes; size and digest of the file."""
        if self._packer:
            self._send(self._packer.flush())
        self.closed = True
        self._target.close()
        return self._target.size, f"sha256:{self._hash.hexdigest()}"

    def abort(self) -> None:
        """Leaves nothing behind; what a half-done encoder still says on its way out goes nowhere."""
        self._aborted = True
        self._target.abort()

    def tell(self) -> int:
        """Bytes so far."""
        return self._target.tell()

    def flush(self) -> None:
        """Does nothing: what is written is handed on at once."""

    def close(self) -> None:
        """Does nothing: ``finish`` closes."""

    def writable(self) -> bool:
        """Always."""
        return True

    def readable(self) -> bool:
        """Never."""
        return False

    def seekable(self) -> bool:
        """Never."""
        return False


class Encoder(ABC):
    """Collects batches to pieces worth writing."""

    def __init__(self, file: _Hashed, schema: pa.Schema) -> None:
        self._file = file
        self.schema = schema
        self.rows = 0
        self.held = 0
        self._waiting: list[pa.RecordBatch] = []

    def add(self, batch: pa.RecordBatch) -> None:
        """Takes a batch; it may wait."""
        self._waiting.append(batch)
        self.rows += batch.num_rows
        self.held += batch.nbytes

    def flush(self) -> None:
        """Writes what waits."""
        import pyarrow as pa

        if self._waiting:
            self._write(pa.Table.from_batches(self._waiting, self.schema).combine_chunks())
            self._waiting, self.held = [], 0

    def close(self) -> tuple[int, str]:
        """Writes the rest; size and digest of the file."""
        self.flush()
        self._end()
        return self._file.finish()

    def abort(self) -> None:
        """Leaves nothing behind."""
        self._file.abort()

    @abstractmethod
    def _write(self, table: pa.Table) -> None: ...

    @abstractmethod
    def _end(self) -> None: ...


class _Parquet(Encoder):
    """One row group per flush."""

    def __init__(self, file: _Hashed, schema: pa.Schema, compression: str) -> None:
        import pyarrow.parquet as pq

        super().__init__(file, schema)
        self._writer = pq.ParquetWriter(file, schema, compression=compression)

    def _write(self, table: pa.Table) -> None:
        self._writer.write_table(table, row_group_size=table.num_rows)

    def _end(self) -> None:
        self._writer.close()


class _Csv(Encoder):
    """Texts are quoted, so that an empty one differs from null."""

    def __init__(self, file: _Hashed, schema: pa.Schema, options: dict[str, Any]) -> None:
        import pyarrow as pa
        import pyarrow.csv as arrow

        super().__init__(file, schema)
        nested = next((f.name for f in schema if pa.types.is_nested(f.type)), None)
        if nested is not None:
            raise DataRefused(
                "unsupported-type",
                f"CSV holds no arrays, maps or structs, and column '{nested}' is one.",
                hint="Make it text with `to_json` in processor.sql_expression, or choose json or parquet.",
            )
        self._writer = arrow.CSVWriter(
            file,
            schema,
            write_options=arrow.WriteOptions(
                include_header=options["header"], delimiter=options["delimiter"], quoting_style="needed"
            ),
        )

    def _write(self, table: pa.Table) -> None:
        self._writer.write_table(table)

    def _end(self) -> None:
        self._writer.close()


class _Json(Encoder):
    def _write(self, table: pa.Table) -> None:
        self._file.write(json_lines(table))

    def _end(self) -> None:
        return


def encoder(target: ObjectWriter, schema: pa.Schema, kind: str, options: dict[str, Any]) -> Encoder:
    """An encoder for ``csv``, ``json`` or ``parquet``; ``options``: compression, header, delimiter."""
    compression = options["compression"]
    file = _Hashed(target, gzip=compression == "gzip" and kind != "parquet")
    try:
        if kind == "parquet":
            return _Parquet(file, schema, compression)
        return _Csv(file, schema, options) if kind == "csv" else _Json(file, schema)
    except BaseException:
        file.abort()
        raise
