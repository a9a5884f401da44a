"""Excel workbooks: one sheet of each."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import io
import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from headrace.core import DataRefused, HeadraceError, Schema
from headrace.storage.datasource import arrow_type
from headrace.storage.formats.cells import cell_types, cells_table
from headrace.storage.formats.delimited import refuse_nested
from headrace.storage.formats.encoders import Encoder
from headrace.storage.formats.kind import FileKind
from headrace.storage.formats.ranges import RangeFile, broken_file
from headrace.storage.formats.rows import RAW_LIMIT, BadRow, Format, Refuse, Split
from headrace.storage.objects import ObjectStore

if TYPE_CHECKING:
    import pyarrow as pa

    from headrace.storage.formats.encoders import HashedFile
    from headrace.storage.formats.styles import ReadStyle, WriteStyle

ROWS = 1_048_575
"""Rows that a sheet has below its header."""
COLUMNS = 16_384
EXACT = 2**53
"""Numbers beyond this, and those with more than sixteen digits, are no longer exact in a cell."""
FIRST_YEAR = 1901
"""Days before this one are counted differently by different programs."""
AT_ONCE = 16_384
PIECE = 1 << 20


class Excel(FileKind):
    """The first sheet, or the one that ``sheet`` names."""

    endings: ClassVar[tuple[str, ...]] = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
    compressions: ClassVar[tuple[str, ...]] = ("none",)
    library: ClassVar[str | None] = "python_calamine"

    def reader(self, style: ReadStyle, declared: tuple[str, ...] | None) -> ExcelSheets:
        """Rows of cells."""
        return ExcelSheets(style.sheet, style.header, frozenset(style.null_values), declared or ())

    def encoder(self, file: HashedFile, schema: pa.Schema, style: WriteStyle) -> Encoder:
        """One sheet."""
        return _Sheet(file, schema, header=style.header)

    def check(self, schema: pa.Schema) -> None:
        """Plain values, and no more columns than a sheet has."""
        refuse_nested(schema, "Excel")
        if len(schema) > COLUMNS:
            raise DataRefused(
                "unsupported-type", f"An Excel sheet has {COLUMNS:,} columns, and these are {len(schema):,}."
            )


class _Sheet(Encoder):
    """Rows go to a temporary file as they come; the workbook is put together at its end."""

    most_rows: ClassVar[int | None] = ROWS

    def __init__(self, file: HashedFile, schema: pa.Schema, *, header: bool) -> None:
        import xlsxwriter

        super().__init__(file, schema)
        self._folder = tempfile.TemporaryDirectory(prefix="headrace-excel-")
        self._path = Path(self._folder.name) / "book.xlsx"
        settings = {"constant_memory": True, "tmpdir": self._folder.name, "default_date_format": "yyyy-mm-dd"}
        self._book = xlsxwriter.Workbook(str(self._path), settings)
        moments = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
        self._sheet = self._book.add_worksheet("data")
        self._writers = [_writer(self._sheet, each.type, moments) for each in schema]
        self._row = 0
        if header:
            for place, name in enumerate(schema.names):
                self._sheet.write_string(0, place, name)
            self._row = 1

    def _write(self, table: pa.Table) -> None:
        for batch in table.to_batches(max_chunksize=AT_ONCE):
            columns = [column.to_pylist() for column in batch.columns]
            for values in zip(*columns, strict=True):
                for place, value in enumerate(values):
                    if value is not None:
                        self._writers[place](self._row, place, value)
                self._row += 1

    def _end(self) -> None:
        self._book.close()
        with self._path.open("rb") as book:
            while piece := book.read(PIECE):
                self._file.write(piece)
        self._folder.cleanup()

    def abort(self) -> None:
        """Leaves nothing behind."""
        with contextlib.suppress(Exception):  # half a workbook may not close
            self._book.close()
        self._folder.cleanup()
        super().abort()


def _writer(sheet: Any, kind: pa.DataType, moments: Any) -> Callable[[int, int, Any], object]:
    """What writes the values of a column; whatever a cell cannot hold exactly is text."""
    import pyarrow.types as pt

    def text(row: int, column: int, value: Any) -> object:
        return sheet.write_string(row, column, _text(value))

    def number(row: int, column: int, value: Any) -> object:
        exact = math.isfinite(value) and abs(value) <= EXACT and float(f"{value:.16G}") == value
        return sheet.write_number(row, column, value) if exact else text(row, column, value)

    def moment(row: int, column: int, value: dt.datetime) -> object:
        if value.year < FIRST_YEAR or value.microsecond % 1000:
            return text(row, column, value.isoformat())
        return sheet.write_datetime(row, column, value.replace(tzinfo=None), moments)

    def day(row: int, column: int, value: dt.date) -> object:
        exact = value.year >= FIRST_YEAR
        return sheet.write_datetime(row, column, value) if exact else text(row, column, value)

    for test, write in (
        (pt.is_boolean, sheet.write_boolean),
        (pt.is_integer, number),
        (pt.is_floating, number),
        (pt.is_timestamp, moment),
        (pt.is_date, day),
    ):
        if test(kind):
            return write
    return text


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        raise DataRefused(
            "unsupported-type",
            "Excel holds no bytes.",
            hint="Make them text with `base64` in processor.sql_expression.",
        )
    text = f"{value:f}" if isinstance(value, decimal.Decimal) else str(value)
    if len(text) > 32_767:
        raise DataRefused(
            "value-does-not-fit",
            f"A cell of Excel holds 32,767 characters, and a value has {len(text):,}.",
            hint="Shorten it with processor.sql_expression, or choose another format.",
        )
    return text


@dataclass(frozen=True)
class ExcelSheets(Format):
    """A sheet as rows; what is blank is null, and a row that is blank is none."""

    sheet: str | int | None = None
    header: bool = True
    nulls: frozenset[str] = frozenset()
    declared: tuple[str, ...] = ()

    def tables(
        self, store: ObjectStore, split: Split, wanted: Schema, zone: str, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """Some thousand rows at a time."""
        import pyarrow as pa

        names, rows = self._opened(store, split)
        places = {name.casefold(): place for place, name in enumerate(names)}
        target = pa.schema(
            [(e.name, arrow_type(e.type, zone)) for e in wanted if e.name.casefold() in places]
        )
        used = [places[name.casefold()] for name in target.names]

        def blame(row: list[Any], line: int, column: str, message: str) -> None:
            raw = "\t".join("" if each is None else str(each) for each in row)[:RAW_LIMIT]
            refuse(BadRow("bad-value", message, column, split.location, line, raw))

        while held := [row for _, row in zip(range(AT_ONCE), rows, strict=False)]:
            yield cells_table(held, used, target, self.nulls, blame)

    def sample(self, store: ObjectStore, split: Split, limit: int) -> Schema | None:
        """Cells say what they are; whole numbers are bigint."""
        del limit
        names, rows = self._opened(store, split)
        held = [row for _, row in zip(range(AT_ONCE), rows, strict=False)]
        if not names:
            return None
        return Schema.of(zip(names, cell_types([row for row, _ in held], len(names)), strict=True))

    def _opened(self, store: ObjectStore, split: Split) -> tuple[list[str], Iterator[tuple[list[Any], int]]]:
        """Column names, and rows with their numbers."""
        sheet = self._sheet(store, split)
        rows = (
            (row, number)
            for number, row in enumerate(sheet.iter_rows(), 1)
            if any(cell != "" for cell in row)
        )
        if not self.header:
            width = sheet.width
            return [*self.declared, *(f"_c{place}" for place in range(len(self.declared), width))], rows
        first = next(rows, None)
        return ([] if first is None else _names(first[0], split.location)), rows

    def _sheet(self, store: ObjectStore, split: Split) -> Any:
        from python_calamine import CalamineWorkbook

        try:
            file = io.BufferedReader(RangeFile(store, split.key, split.size), PIECE)
            book = CalamineWorkbook.from_filelike(file)
            chosen = _chosen(book.sheet_names, self.sheet)
            if chosen is not None:
                return book.get_sheet_by_index(chosen)
        except HeadraceError:
            raise
        except Exception as error:  # the library raises whatever it stumbles over
            raise broken_file(split.location, "Excel") from error
        raise DataRefused(
            "sheet-not-found",
            f"'{split.location}' has no sheet {self.sheet!r}.",
            hint=f"There is {', '.join(book.sheet_names)[:300]}.",
        )


def _chosen(names: list[str], wanted: str | int | None) -> int | None:
    """The place of a sheet by its name, or by its number from 1."""
    if isinstance(wanted, str):
        return names.index(wanted) if wanted in names else None
    number = 1 if wanted is None else wanted
    return number - 1 if 0 < number <= len(names) else None


def _names(cells: list[Any], location: str) -> list[str]:
    names = [str(cell).strip() or f"_c{place}" for place, cell in enumerate(cells)]
    folded = [name.casefold() for name in names]
    twice = next((name for name in names if folded.count(name.casefold()) > 1), None)
    if twice is not None:
        raise DataRefused(
            "duplicate-column",
            f"The header of '{location}' names the column '{twice}' twice.",
            hint="Mend the header, or set `header: false` and declare a `schema`.",
        )
    return names
