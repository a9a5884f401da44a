"""Texts that come one by one, each a record of its own (messages of a topic), as rows of a table.

They are parsed together, as a file would be; only where that does not give a row for each are they parsed
one by one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headrace.core import Schema
from headrace.storage.datasource import arrow_schema, arrow_type

from .csv_errors import told
from .csv_parser import Parser
from .csv_text import CsvText
from .json_lines import json_row, json_table
from .json_types import merge_values, schema_from

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CsvRecords", "JsonRecords", "RefuseRecord"]

RefuseRecord = Callable[[int, str, str, str | None], None]
"""Takes the position of a record that fails, the code, the message and the column; or raises."""
LINE = b"\n"


@dataclass(frozen=True)
class JsonRecords:
    """Each text is one object; what is no text at all (null) is a row of nulls."""

    def schema(self, sample: Sequence[bytes | None]) -> Schema:
        """The columns that some texts suggest; a type of ``void`` says that only nulls were seen."""
        seen: dict[str, Any] = {}
        for text in sample:
            row = _loaded(text)
            if isinstance(row, dict):
                merge_values(seen, row)
        return schema_from(seen)

    def table(
        self, texts: Sequence[bytes | None], schema: Schema, zone: str, refuse: RefuseRecord
    ) -> tuple[pa.Table, list[int] | None]:
        """The rows, and which of the texts they are of; ``None``: all of them."""
        import pyarrow as pa

        target = arrow_schema(schema, zone)
        try:
            table = json_table(LINE.join([b"{}" if text is None else text for text in texts]), target)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            table = None
        if table is not None and table.num_rows == len(texts):
            return table, None
        rows, kept = [], []
        for position, text in enumerate(texts):
            row, problem = json_row(b"{}" if text is None else text, target)
            if problem is None:
                rows.append(row)
                kept.append(position)
            else:
                refuse(position, *problem)
        return pa.Table.from_pylist(rows, schema=target), kept


def _loaded(text: bytes | None) -> Any:
    try:
        return json.loads(text) if text is not None else None
    except ValueError:
        return None


@dataclass(frozen=True)
class CsvRecords:
    """Each text is one line of delimited text, without a header."""

    delimiter: str = ","
    null_values: tuple[str, ...] = ("",)

    def table(
        self, texts: Sequence[bytes | None], schema: Schema, zone: str, refuse: RefuseRecord
    ) -> tuple[pa.Table, list[int] | None]:
        """The rows, and which of the texts they are of; ``None``: all of them."""
        import pyarrow as pa

        text = CsvText(header=False, delimiter=self.delimiter, null_values=self.null_values)
        parser = Parser(text, schema.names, schema, zone)
        if texts and all(texts):
            try:
                table = parser.typed(LINE.join(texts))  # type: ignore[arg-type]
                if table.num_rows == len(texts):
                    return table, None
            except pa.ArrowInvalid:
                pass
        tables, kept = [arrow_schema(schema, zone).empty_table()], []
        for position, each in enumerate(texts):
            found = self._one(parser, each, position, refuse)
            if found is not None:
                tables.append(found.cast(tables[0].schema))
                kept.append(position)
        return pa.concat_tables(tables), kept

    def _one(
        self, parser: Parser, text: bytes | None, position: int, refuse: RefuseRecord
    ) -> pa.Table | None:
        import pyarrow as pa

        if text is None:
            return pa.table({each.name: pa.nulls(1, arrow_type(each.type)) for each, _ in parser.columns})
        try:
            found = parser.typed(text) if text.strip() else None
        except pa.ArrowInvalid as error:
            refuse(position, *told(str(error), parser))
            return None
        if found is None or found.num_rows != 1:
            rows = 0 if found is None else found.num_rows
            refuse(position, "ragged-row", f"The text holds {rows} records instead of one.", None)
            return None
        return found
