"""Text, a row for each line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from headrace.core import DataRefused, Schema
from headrace.storage.formats.encoders import Encoder
from headrace.storage.formats.kind import FileKind
from headrace.storage.formats.rows import RAW_LIMIT, BadRow, Lines, Refuse, Split, line_edges
from headrace.storage.formats.text import TextFormat
from headrace.storage.objects import ObjectStore

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.storage.formats.encoders import HashedFile
    from headrace.storage.formats.styles import ReadStyle, WriteStyle

VALUE = "value"
"""The column's name, as Spark calls it."""


class Text(FileKind):
    """One column, ``value``."""

    endings: ClassVar[tuple[str, ...]] = (".txt", ".text", ".log")
    compressions: ClassVar[tuple[str, ...]] = ("none", "gzip", "bzip2", "zstd")
    wrapped: ClassVar[bool] = True

    def reader(self, style: ReadStyle, declared: tuple[str, ...] | None) -> TextLines:
        """Blocks, cut at line breaks."""
        return TextLines(style.encoding, style.compression, declared[0] if declared else VALUE)

    def encoder(self, file: HashedFile, schema: pa.Schema, style: WriteStyle) -> Encoder:
        """A line for each row."""
        return _Lines(file, schema)

    def check(self, schema: pa.Schema) -> None:
        """One column of text."""
        import pyarrow.types as pt

        if len(schema) != 1 or not (pt.is_string(schema[0].type) or pt.is_large_string(schema[0].type)):
            raise DataRefused(
                "unsupported-type",
                f"Text files hold one column, of type string, and these are {len(schema)}: "
                f"{', '.join(f'{each.name} ({each.type})' for each in schema)[:300]}.",
                hint="Make one of them with processor.sql_expression and processor.keep_fields, "
                "or choose csv.",
            )


class _Lines(Encoder):
    """Null is an empty line, as in Spark."""

    def _write(self, table: pa.Table) -> None:
        import pyarrow.compute as pc

        column = pc.fill_null(table.column(0), "")
        if pc.any(pc.match_substring_regex(column, r"[\n\r]")).as_py():
            raise DataRefused(
                "value-does-not-fit",
                f"A value of '{table.column_names[0]}' has a line break, and would be read as several rows.",
                hint="Replace it in processor.sql_expression, or choose json or csv.",
            )
        for chunk in column.chunks:
            self._file.write("\n".join([*chunk.to_pylist(), ""]).encode())


@dataclass(frozen=True)
class TextLines(TextFormat):
    """Every line is a row, empty ones too."""

    fixed: ClassVar[bool] = True

    column: str = VALUE

    def last_end(self, block: bytes) -> int:
        """A line break ends a record."""
        return block.rfind(b"\n") + 1

    def tables(
        self, store: ObjectStore, split: Split, wanted: Schema, zone: str, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """One table per block."""
        import pyarrow as pa

        del zone
        names = [each.name for each in wanted if each.name.casefold() == self.column.casefold()]
        lines = Lines(store, split, plain=self.plain(split.key))
        blocks = self.spans(store, split)
        while block := next(blocks, b""):
            found = [_texts(bytes(block), split.location, lines, refuse)]
            lines.passed(block)
            block = b""  # not kept while the engine has the table
            yield pa.table([found.pop()], names or [self.column])

    def sample(self, store: ObjectStore, split: Split, limit: int) -> Schema | None:
        """Nothing to find out."""
        del store, split, limit
        return Schema.of({self.column: "string"})

    def edges(self, store: ObjectStore, split: Split, targets: list[int]) -> list[int]:
        """The first line break behind each target."""
        if not self.plain(split.key):
            return [split.end for _ in targets]
        return line_edges(store, split, targets)


def _texts(block: bytes, location: str, lines: Lines, refuse: Refuse) -> pa.Array:
    """The lines; one that is no UTF-8 goes to ``refuse``."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        text = block.decode()
    except UnicodeDecodeError:
        return pa.array(_good(block, location, lines.now(), refuse), pa.string())
    split = pc.split_pattern(pa.scalar(text.removesuffix("\n")), "\n").values
    return pc.replace_substring_regex(split, r"\r$", "") if "\r" in text else split


def _good(block: bytes, location: str, first: int, refuse: Refuse) -> Iterator[str]:
    for number, raw in enumerate(block.removesuffix(b"\n").split(b"\n"), first):
        try:
            yield raw.decode().removesuffix("\r")
        except UnicodeDecodeError:
            shown = raw.decode(errors="replace").rstrip("\r")[:RAW_LIMIT]
            refuse(BadRow("bad-encoding", "The text is not valid UTF-8.", VALUE, location, number, shown))
