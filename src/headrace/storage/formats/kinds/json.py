"""JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from headrace.storage.formats.encoders import Encoder
from headrace.storage.formats.json_encode import json_lines
from headrace.storage.formats.json_lines import JsonLines
from headrace.storage.formats.kind import FileKind

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.storage.formats.encoders import HashedFile
    from headrace.storage.formats.styles import ReadStyle, WriteStyle


class Json(FileKind):
    """One object per line."""

    endings: ClassVar[tuple[str, ...]] = (".jsonl", ".json", ".ndjson")
    compressions: ClassVar[tuple[str, ...]] = ("none", "gzip", "bzip2", "zstd")
    wrapped: ClassVar[bool] = True

    def reader(self, style: ReadStyle, declared: tuple[str, ...] | None) -> JsonLines:
        """Blocks parsed by Arrow."""
        return JsonLines(style.encoding, style.compression)

    def encoder(self, file: HashedFile, schema: pa.Schema, style: WriteStyle) -> Encoder:
        """Lines."""
        return _Lines(file, schema)


class _Lines(Encoder):
    def _write(self, table: pa.Table) -> None:
        self._file.write(json_lines(table))
