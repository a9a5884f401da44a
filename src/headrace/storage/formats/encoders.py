"""One open output file: takes record batches, and says what it wrote. How, each format of ``kinds`` says."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from headrace.storage.objects import ObjectWriter

from .packing import packer

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Encoder", "HashedFile"]


class HashedFile:
    """A file-like object over a store's writer: packs if asked, hashes what leaves."""

    closed = False

    def __init__(self, target: ObjectWriter, packing: str = "none") -> None:
        self._target = target
        self._aborted = False
        self._hash = hashlib.sha256()
        self._packer = packer(packing)

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

    most_rows: ClassVar[int | None] = None
    """How many rows a file can have."""

    def __init__(self, file: HashedFile, schema: pa.Schema) -> None:
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

    @property
    def waiting_rows(self) -> int:
        """Rows that have been taken and not written."""
        return sum(each.num_rows for each in self._waiting)

    @property
    def room(self) -> int | None:
        """How many rows more the file takes; ``None``: any number."""
        return None if self.most_rows is None else self.most_rows - self.rows

    def large(self, size: int | None) -> bool:
        """Whether the file has that many bytes, what waits written first if it may make the difference.

        No piece is less than an eighth of the file: each may be a row group, and those cost.
        """
        if size is None:
            return False
        if self.held >= max(size - self._file.tell(), size // 8):
            self.flush()
        return self._file.tell() >= size

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

    def _end(self) -> None:
        """What a format says at the end of a file."""
        return
