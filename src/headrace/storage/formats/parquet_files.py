"""Parquet: row groups as splits, only the wanted columns, through our stores."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, HeadraceError, Schema
from headrace.storage.datasource import schema_of
from headrace.storage.objects import ObjectInfo, ObjectStore

from .rows import Format, Refuse, Split

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["Footer", "ParquetFiles", "read_footer"]

BATCH_ROWS = 65_536
AHEAD = 1 << 20
"""Bytes that a small read fetches from a bucket: pages lie next to each other."""


class _Ranges(io.RawIOBase):
    """An object of a store as a file that can seek."""

    def __init__(self, store: ObjectStore, key: str, size: int) -> None:
        super().__init__()
        self._store, self._key, self._size = store, key, size
        self._at = 0
        self._held = (0, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Bytes from what was fetched ahead, else from the store."""
        end = self._size if size < 0 else min(self._at + size, self._size)
        start, held = self._held
        if not (start <= self._at and end <= start + len(held)):
            held = self._store.read(self._key, self._at, min(max(end, self._at + AHEAD), self._size))
            start = self._at
            self._held = (start, held if len(held) <= AHEAD else b"")
        found = held[self._at - start : end - start]
        self._at = end
        return found

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _open(store: ObjectStore, key: str, size: int, location: str) -> pq.ParquetFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(key if store.is_local else _Ranges(store, key, size))
    except HeadraceError:
        raise
    except (pa.ArrowInvalid, OSError) as error:
        raise _broken(location) from error


def _broken(location: str) -> DataRefused:
    return DataRefused(
        "broken-file",
        f"'{location}' is not a whole Parquet file.",
        hint="Was its upload cut off, or is it another format? Bring it again.",
    )


@dataclass(frozen=True)
class Footer:
    """What the end of a Parquet file says."""

    schema: Schema
    arrow: pa.Schema
    rows: int
    groups: int


def _renamed(batch: pa.RecordBatch, names: dict[str, str]) -> pa.Table:
    """The columns that are wanted, in order and by the names that are wanted."""
    import pyarrow as pa

    wanted = list(names) or batch.schema.names[:1]
    return pa.table([batch.column(name) for name in wanted], [names.get(name, name) for name in wanted])


def read_footer(store: ObjectStore, info: ObjectInfo) -> Footer:
    """Schema and rows without reading data; raises ``DataRefused`` (``broken-file``)."""
    if info.size == 0:
        raise DataRefused("empty-file", f"'{info.location}' is empty, which no Parquet file is.")
    with _open(store, info.key, info.size, info.location) as file:
        arrow = file.schema_arrow
        return Footer(schema_of(arrow), arrow, file.metadata.num_rows, file.metadata.num_row_groups)


@dataclass(frozen=True)
class ParquetFiles(Format):
    """Nothing to choose: the files say everything themselves."""

    def tables(
        self, store: ObjectStore, split: Split, wanted: Schema, zone: str, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """One table per batch of a row group."""
        import pyarrow as pa

        del zone, refuse
        with _open(store, split.key, split.size, split.location) as file:
            folded = {name.casefold(): name for name in file.schema_arrow.names}
            pairs = [(folded[e.name.casefold()], e.name) for e in wanted if e.name.casefold() in folded]
            names = dict(pairs)
            columns = list(names) or file.schema_arrow.names[:1]
            groups = list(range(split.start, split.end))
            try:
                batches = file.iter_batches(BATCH_ROWS, groups, columns, use_threads=False)
                yield from map(partial(_renamed, names=names), batches)
            except HeadraceError:
                raise
            except (pa.ArrowInvalid, OSError) as error:
                raise _broken(split.location) from error

    def sample(self, store: ObjectStore, split: Split, limit: int) -> Schema | None:
        """The footer's schema."""
        del limit
        with _open(store, split.key, split.size, split.location) as file:
            return schema_of(file.schema_arrow)

    def edges(self, store: ObjectStore, split: Split, targets: list[int]) -> list[int]:
        """The row group in which the target byte lies."""
        with _open(store, split.key, split.size, split.location) as file:
            ends, total = [], 0
            for index in range(file.metadata.num_row_groups):
                total += file.metadata.row_group(index).total_byte_size
                ends.append(total)
        return [sum(end / total * split.size <= target for end in ends) for target in targets]
