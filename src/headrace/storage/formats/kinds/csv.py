"""Delimited text."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from headrace.storage.formats.csv_text import CsvText
from headrace.storage.formats.delimited import DelimitedEncoder, refuse_nested
from headrace.storage.formats.kind import FileKind

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.storage.formats.encoders import Encoder, HashedFile
    from headrace.storage.formats.styles import ReadStyle, WriteStyle


class Csv(FileKind):
    """Fields between commas, or between what ``delimiter`` says."""

    endings: ClassVar[tuple[str, ...]] = (".csv",)
    compressions: ClassVar[tuple[str, ...]] = ("none", "gzip", "bzip2", "zstd")
    wrapped: ClassVar[bool] = True

    def reader(self, style: ReadStyle, declared: tuple[str, ...] | None) -> CsvText:
        """Blocks parsed by Arrow."""
        return CsvText.styled(style, style.delimiter or ",", declared)

    def encoder(self, file: HashedFile, schema: pa.Schema, style: WriteStyle) -> Encoder:
        """Texts are quoted, so that an empty one differs from null."""
        return DelimitedEncoder(file, schema, header=style.header, delimiter=style.delimiter or ",")

    def check(self, schema: pa.Schema) -> None:
        """No arrays, maps or structs."""
        refuse_nested(schema, "CSV")
