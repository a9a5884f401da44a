"""Parquet: row groups as splits, only the wanted columns, through our stores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from headrace.core import DataRefused, HeadraceError, Schema
from headrace.storage.datasource import schema_of
from headrace.storage.objects import ObjectInfo, ObjectStore

from .ranges import RangeFile, broken_file
from .rows import Format, Measured, Refuse, Split

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["Footer", "ParquetFiles", "read_footer"]

BATCH_ROWS = 65_536


def _open(store: ObjectStore, key: str, size: int, location: str) -> pq.ParquetFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(key if store.is_local else RangeFile(store, key, size))
    except HeadraceError:
        raise
    except (pa.ArrowInvalid, OSError) as error:
        raise broken_file(location, "Parquet") from error


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

    def measured(self, store: ObjectStore, split: Split) -> Measured:
        """Row groups and rows, from the footer."""
        with _open(store, split.key, split.size, split.location) as file:
            return Measured(file.metadata.num_row_groups, file.metadata.num_rows)

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
                raise broken_file(split.location, "Parquet") from error

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
