"""Delimited text: parsed by Arrow in blocks; only a block that fails is looked at row by row."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from headrace.core import ColumnType, DataRefused, Schema, did_you_mean
from headrace.storage.objects import ObjectStore

from .chunks import BLOCK
from .csv_parser import Parser
from .edges import record_edges
from .quotes import QuoteStyle
from .rows import Lines, Refuse, Split, line_edges
from .text import TextFormat

if TYPE_CHECKING:
    import pyarrow as pa

    from .styles import ReadStyle

__all__ = ["CsvText"]


HEAD = 64 << 10
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""Bytes in which a header is looked for first."""


@dataclass(frozen=True)
class CsvText(TextFormat):
    """How the files are written; ``declared`` says that the schema was given, not inferred."""

    header: bool = True
    delimiter: str = ","
    quote: str | None = '"'
    escape: str | None = None
    null_values: tuple[str, ...] = ("",)
    multiline: bool = True
    declared: tuple[str, ...] | None = None
    complete: bool = True
    """Whether a file has to have all declared columns; where they evolve, old ones do not."""

    @classmethod
    def styled(cls, style: ReadStyle, delimiter: str, declared: tuple[str, ...] | None) -> CsvText:
        """As the fields of a stage say."""
        return cls(
            encoding=style.encoding,
            compression=style.compression,
            header=style.header,
            delimiter=delimiter,
            quote=style.quote,
            escape=style.escape,
            null_values=("", *style.null_values),
            multiline=style.multiline,
            declared=declared,
            complete=style.new_columns != "add",
        )

    @cached_property
    def style(self) -> QuoteStyle:
        """Where records end."""
        return QuoteStyle(self.delimiter, self.quote, self.escape, self.multiline)

    def last_end(self, block: bytes) -> int:
        """Line breaks inside quotes end nothing."""
        return self.style.last_end(block)

    def tables(
        self, store: ObjectStore, split: Split, wanted: Schema, zone: str, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """One table per block."""
        lines = Lines(store, split, plain=self.plain(split.key))
        parser: Parser | None = None
        blocks = self.spans(store, split)
        while block := next(blocks, b""):
            skip = 0
            if parser is None:
                first = bytes(block) if split.start == 0 else self._first_block(store, split)
                skip = self._header_end(first) if split.start == 0 and self.header else 0
                parser = Parser(self, self._names(first, split.location, wanted), wanted, zone)
            tables = list(parser.parse(block, skip, lines, split, refuse)) if len(block) > skip else []
            lines.passed(block)
            block = first = b""  # not kept while the engine has the table
            while tables:
                yield tables.pop(0)

    def _first_block(self, store: ObjectStore, split: Split) -> bytes:
        """The beginning of the file, with all of its first record."""
        block = b""
        for size in (HEAD, BLOCK):
            whole = Split(split.key, split.location, 0, min(split.size, size), split.size)
            block = next(self.blocks(store, whole), b"")
            if self.style.first_start(block, 1) is not None:
                break
        return block

    def _header_end(self, block: bytes) -> int:
        found = self.style.first_start(block, 1)
        return len(block) if found is None else found

    def _record(self, block: bytes) -> list[str]:
        text = block[: self._header_end(block)].decode(errors="replace")
        reader = csv.reader(
            [text.rstrip("\r\n")] if "\n" not in text.rstrip("\r\n") else text.splitlines(keepends=True),
            delimiter=self.delimiter,
            quotechar=self.quote,
            escapechar=self.escape,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
        )
        return next(iter(reader), [])

    def _names(self, block: bytes, location: str, wanted: Schema | None) -> tuple[str, ...]:
        """The file's own column names: from its header, or by position."""
        record = self._record(block)
        if not self.header:
            positions = self.declared or ()
            return tuple(
                positions[i] if i < len(positions) else f"_c{i}"
                for i in range(max(len(positions), len(record)))
            )
        names = tuple(name if name.strip() else f"_c{index}" for index, name in enumerate(record))
        if any("\0" in name for name in names):
            raise self._wrong_encoding(location, 1) if block.startswith(UTF16) else _no_csv(location)
        folded = [name.casefold() for name in names]
        twice = next((name for name in names if folded.count(name.casefold()) > 1), None)
        if twice is not None:
            raise DataRefused(
                "duplicate-column",
                f"The header of '{location}' names the column '{twice}' twice.",
                hint="Mend the header, or set `header: false` and declare a `schema`.",
            )
        if wanted is not None:
            self._check(names, location)
        return names

    def _check(self, names: tuple[str, ...], location: str) -> None:
        for name in (self.declared or ()) if self.complete else ():
            if name.casefold() not in {each.casefold() for each in names}:
                raise DataRefused(
                    "column-not-in-file",
                    f"'{location}' has no column '{name}', which the schema declares.",
                    hint=did_you_mean(name, names),
                )

    def sample(self, store: ObjectStore, split: Split, limit: int) -> Schema | None:
        """Arrow's own inference on the beginning of the file."""
        import pyarrow as pa

        data = b""
        for block in self.blocks(store, split):
            data += block
            if len(data) >= limit:
                break
        if not data.strip():
            return None
        names = self._names(data, split.location, None)
        rows = data[self._header_end(data) if self.header else 0 :]
        if not rows.strip():
            return Schema(tuple(ColumnType(name, "void") for name in names))
        try:
            table = Parser(self, names, None, "UTC").inferred(rows)
        except pa.ArrowInvalid as error:
            raise _no_csv(split.location) from error
        return Schema(tuple(ColumnType(f.name, self._type(f, rows, split.location)) for f in table.schema))

    def _type(self, field: pa.Field, rows: bytes, location: str) -> str:
        import pyarrow.types as pt

        if pt.is_binary(field.type):
            line = rows[: _first_broken(rows)].count(b"\n") + 1 + self.header
            raise self._wrong_encoding(location, line)
        for test, name in (
            (pt.is_null, "void"),
            (pt.is_int64, "bigint"),
            (pt.is_float64, "double"),
            (pt.is_boolean, "boolean"),
            (pt.is_date32, "date"),
            (pt.is_timestamp, "timestamp"),
        ):
            if test(field.type):
                return name
        return "string"

    def _wrong_encoding(self, location: str, line: int) -> DataRefused:
        return DataRefused(
            "wrong-encoding",
            f"'{location}', line {line}: not {self.encoding} text.",
            hint="Set `encoding` to what the file was written in, often latin-1 or utf-16.",
        )

    def edges(self, store: ObjectStore, split: Split, targets: list[int]) -> list[int]:
        """Found by walking the quotes of the file up to the last target, or by looking for a line break.

        A file in a bucket whose line breaks may be quoted is not cut: that walk would fetch it twice.
        """
        quoted = bool(self.style.quote) and self.style.multiline
        if not self.plain(split.key) or (quoted and not store.is_local):
            return [split.end for _ in targets]
        if quoted:
            return record_edges(store, split.key, split.end, self.style, targets)
        return line_edges(store, split, targets)


def _no_csv(location: str) -> DataRefused:
    return DataRefused(
        "unreadable-file",
        f"'{location}' does not look like CSV.",
        hint="Is it another format, or packed? Check `delimiter`, `quote` and `encoding`.",
    )


def _first_broken(data: bytes) -> int:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0
