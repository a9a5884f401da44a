"""Finds the bad rows of a block that Arrow refuses as a whole, and keeps the good ones.

The block is read once more as plain bytes, which tells ragged rows; then each typed column is compared with
what its type can look like; the rest is parsed again, in halves as long as something still fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from headrace.core import ColumnType

from .rows import RAW_LIMIT, BadRow, Refuse

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from .quotes import QuoteStyle

__all__ = ["salvage", "told"]

INTEGER = r"^[ \t]*-?(\d+|0[xX][0-9a-fA-F]+)[ \t]*$"
NUMBER = r"^[ \t]*[-+0-9.eEinfatyINFATY]+[ \t]*$"
LOOKS = {
    **dict.fromkeys(("bigint", "int", "smallint", "tinyint"), INTEGER),
    **dict.fromkeys(("double", "float"), NUMBER),
    "date": r"^[ \t]*\d{4}-\d\d-\d\d[ \t]*$",
    "timestamp": r"^[ \t]*\d{4}-\d\d-\d\d.*$",
    "timestamp_ntz": r"^[ \t]*\d{4}-\d\d-\d\d.*$",
}
"""What a value may look like; whatever Arrow takes must match."""
CONVERSION = re.compile(r"In CSV column #(\d+): (?:Row #\d+: )?(.*)", re.DOTALL)
RAGGED = re.compile(r"Expected (\d+) columns, got (\d+)")


class _Reader(Protocol):
    names: tuple[str, ...]
    columns: list[tuple[ColumnType, str]]

    @property
    def text(self) -> _Text: ...
    def read(self, data: bytes, handler: object = None, **convert: object) -> pa.Table: ...
    def typed(self, data: bytes) -> pa.Table: ...


class _Text(Protocol):
    @property
    def style(self) -> QuoteStyle: ...


def salvage(
    reader: _Reader, block: bytes, skip: int, line: int, location: str, refuse: Refuse
) -> Iterator[pa.Table]:
    """The good rows of a block in order; each bad one goes to ``refuse`` with its line and text."""
    rows = _Rows(reader, block, skip, line, location)
    found = rows.evident()
    for index in sorted(found):
        refuse(found[index])
    good = [index for index in range(len(rows)) if index not in found]
    for table, bad in rows.parsed(good):
        if bad is not None:
            refuse(bad)
        elif table is not None:
            yield table


class _Rows:
    """The records of one block."""

    def __init__(self, reader: _Reader, block: bytes, skip: int, line: int, location: str) -> None:
        import numpy as np

        self.reader = reader
        self.data = block[skip:]
        self.location = location
        self.starts = reader.text.style.starts(self.data)
        self.line = line + block[:skip].count(b"\n")
        self.breaks: np.ndarray = np.flatnonzero(np.frombuffer(self.data, np.uint8) == 10)

    def __len__(self) -> int:
        return len(self.starts)

    def _end(self, index: int) -> int:
        return int(self.starts[index + 1]) if index + 1 < len(self) else len(self.data)

    def bad(self, index: int, code: str, message: str, column: str | None) -> BadRow:
        """One record with its place and text."""
        import numpy as np

        start = int(self.starts[index])
        line = self.line + int(np.searchsorted(self.breaks, start))
        raw = self.data[start : self._end(index)].decode(errors="replace").rstrip("\r\n")
        return BadRow(code, message, column, self.location, line, raw[:RAW_LIMIT])

    def evident(self) -> dict[int, BadRow]:
        """Rows with the wrong number of fields, and values that cannot be of their type."""
        import pyarrow as pa

        ragged: dict[int, str] = {}

        def note(row: Any) -> str:
            ragged[row.number - 1] = _ragged(row.actual_columns, row.expected_columns)
            return "skip"

        names = self.reader.names
        table = self.reader.read(self.data, note, column_types=dict.fromkeys(names, pa.binary()))
        found = {index: self.bad(index, "ragged-row", text, None) for index, text in ragged.items()}
        places = [index for index in range(len(self)) if index not in ragged]
        for column, name in self.reader.columns:
            for row, value in _unlike(table.column(name), column.type):
                index = places[row]
                if index not in found:
                    text = f"'{value[:200]}' is not a value of type {column.type}."
                    found[index] = self.bad(index, "bad-value", text, column.name)
        return found

    def parsed(self, indexes: list[int]) -> Iterator[tuple[pa.Table | None, BadRow | None]]:
        """Tables and, found by halving, the rows that still fail."""
        import pyarrow as pa

        if not indexes:
            return
        try:
            yield self.reader.typed(self._joined(indexes)), None
        except pa.ArrowInvalid as error:
            if len(indexes) == 1:
                yield None, self._told(indexes[0], str(error))
                return
            middle = len(indexes) // 2
            yield from self.parsed(indexes[:middle])
            yield from self.parsed(indexes[middle:])

    def _joined(self, indexes: list[int]) -> bytes:
        if len(indexes) == indexes[-1] - indexes[0] + 1:
            return self.data[int(self.starts[indexes[0]]) : self._end(indexes[-1])]
        return b"".join(self.data[int(self.starts[index]) : self._end(index)] for index in indexes)

    def _told(self, index: int, text: str) -> BadRow:
        return self.bad(index, *told(text, self.reader))


def told(text: str, reader: _Reader) -> tuple[str, str, str | None]:
    """What Arrow says of one record that fails: code, message and column."""
    found = CONVERSION.search(text)
    if found is None:
        fields = RAGGED.search(text)
        return "ragged-row", _ragged(fields[2], fields[1]) if fields else text[:200], None
    column = reader.names[int(found[1])]
    kind = next((each.type for each, name in reader.columns if name == column), "string")
    if "UTF8" in found[2]:
        return "bad-encoding", "The text is not valid UTF-8.", column
    value = found[2].partition("invalid value ")[2].strip("'") or found[2]
    return "bad-value", f"'{value[:200]}' is not a value of type {kind}.", column


def _unlike(column: pa.ChunkedArray, kind: str) -> list[tuple[int, str]]:
    """Positions and values that do not look like their type."""
    import numpy as np
    import pyarrow.compute as pc

    look = NUMBER if kind.startswith("decimal") else LOOKS.get(kind)
    if look is None:
        return []
    fits = pc.fill_null(pc.match_substring_regex(column, look), fill_value=True).to_numpy()
    return [(int(row), column[int(row)].as_py().decode(errors="replace")) for row in np.flatnonzero(~fits)]


def _ragged(found: object, wanted: object) -> str:
    return f"{found} field{'s' * (str(found) != '1')} instead of {wanted}."
