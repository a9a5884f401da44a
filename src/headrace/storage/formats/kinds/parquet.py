"""Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from headrace.storage.formats.encoders import Encoder
from headrace.storage.formats.kind import FileKind
from headrace.storage.formats.parquet_files import ParquetFiles

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.storage.formats.encoders import HashedFile
    from headrace.storage.formats.styles import ReadStyle, WriteStyle


class Parquet(FileKind):
    """Columns, row groups, and a footer that says their types."""

    endings: ClassVar[tuple[str, ...]] = (".parquet", ".pq")
    compressions: ClassVar[tuple[str, ...]] = ("snappy", "none", "gzip", "zstd")

    def reader(self, style: ReadStyle, declared: tuple[str, ...] | None) -> ParquetFiles:
        """Nothing to choose: the files say everything themselves."""
        return ParquetFiles()

    def encoder(self, file: HashedFile, schema: pa.Schema, style: WriteStyle) -> Encoder:
        """One row group per flush."""
        return _RowGroups(file, schema, style.compression)


class _RowGroups(Encoder):
    def __init__(self, file: HashedFile, schema: pa.Schema, compression: str) -> None:
        import pyarrow.parquet as pq

        super().__init__(file, schema)
        self._writer = pq.ParquetWriter(file, schema, compression=compression)

    def _write(self, table: pa.Table) -> None:
        self._writer.write_table(table, row_group_size=table.num_rows)

    def _end(self) -> None:
        self._writer.close()
