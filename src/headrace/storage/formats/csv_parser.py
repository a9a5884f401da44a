"""Blocks of CSV as tables: Arrow's reader with the options and the types of one file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from headrace.core import Schema
from headrace.storage.datasource import arrow_type

from .csv_errors import salvage
from .rows import Lines, Refuse, Split

if TYPE_CHECKING:
    import pyarrow as pa

    from .csv_text import CsvText

__all__ = ["Parser"]


class Parser:
    """Arrow's reader with the options of one file."""

    def __init__(self, text: CsvText, names: tuple[str, ...], wanted: Schema | None, zone: str) -> None:
        self.text = text
        self.names = names
        self.zone = zone
        folded = {name.casefold(): name for name in names}
        self.columns = [
            (column, folded[column.name.casefold()])
            for column in wanted or ()
            if column.name.casefold() in folded
        ]
        self.zoned = False

    def read(self, data: bytes | memoryview, handler: Any = None, **convert: Any) -> pa.Table:
        """One block, on this thread, in one piece."""
        import pyarrow as pa
        import pyarrow.csv as arrow

        text = self.text
        return arrow.read_csv(
            pa.BufferReader(pa.py_buffer(data)),
            read_options=arrow.ReadOptions(
                use_threads=False, block_size=len(data) + 1, column_names=list(self.names)
            ),
            parse_options=arrow.ParseOptions(
                delimiter=text.delimiter,
                quote_char=text.quote or False,
                double_quote=True,
                escape_char=text.escape or False,
                newlines_in_values=text.multiline,
                invalid_row_handler=handler,
            ),
            convert_options=arrow.ConvertOptions(
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                null_values=list(text.null_values),
                **convert,
            ),
        )

    def inferred(self, data: bytes) -> pa.Table:
        """With the types that Arrow sees, ragged rows left out."""
        return self.read(data, lambda _: "skip")

    def typed(self, data: bytes | memoryview) -> pa.Table:
        """With the wanted types; timestamps with or without an offset, as the block has them."""
        import pyarrow as pa

        try:
            return self._typed(data, zoned=self.zoned)
        except pa.ArrowInvalid:
            if not any(column.type == "timestamp" for column, _ in self.columns):
                raise
            table = self._typed(data, zoned=not self.zoned)
            self.zoned = not self.zoned
            return table

    def _typed(self, data: bytes | memoryview, *, zoned: bool) -> pa.Table:
        import pyarrow as pa

        types = {name: arrow_type(column.type, self.zone) for column, name in self.columns}
        parsed = {
            name: pa.timestamp("us") if pa.types.is_timestamp(kind) and not (zoned and kind.tz) else kind
            for name, kind in types.items()
        }
        table = self.read(data, column_types=parsed, include_columns=list(types) or list(self.names[:1]))
        for index, (column, name) in enumerate(self.columns):
            if table.schema.field(index).type != types[name]:
                table = table.set_column(index, name, table.column(index).cast(types[name]))
            del column
        return table.rename_columns([column.name for column, _ in self.columns] or table.column_names)

    def parse(
        self, block: bytes | memoryview, skip: int, lines: Lines, split: Split, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """The block's good rows; a block that fails as a whole goes through :func:`salvage`."""
        import pyarrow as pa

        try:
            yield self.typed(memoryview(block)[skip:])
        except pa.ArrowInvalid:
            yield from salvage(self, bytes(block), skip, lines.now(), split.location, refuse)
