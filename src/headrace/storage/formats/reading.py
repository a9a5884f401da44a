"""Reads files into a frame: schema, partitions, counts, bad rows, and which reader does it."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from headrace.core import ColumnType, DataRefused, Frame, Run, Schema, WithErrors
from headrace.storage.counting import Counter
from headrace.storage.datasource import frame_of, session_zone
from headrace.storage.objects import ObjectInfo, ObjectStore

from .inference import infer_schema, merged, refuse_new
from .packing import compression_of, members_of
from .parquet_files import ParquetFiles, read_footer
from .plan import partitions_of
from .rows import Format, Split
from .scan import REJECTED, Scan

__all__ = ["NULL_FOLDER", "FileReading"]

NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"
NATIVE_TYPES = re.compile(
    r"bigint|int|smallint|tinyint|float|double|string|boolean|date|decimal\(\d+,\d+\)|timestamp(_ntz)?"
)
PLAIN_PATH = re.compile(r"[\w./=@+,-]+", re.ASCII)
DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class FileReading:
    """Some files of one store and how to read them; folders below ``base`` may be columns."""

    store: ObjectStore
    infos: Sequence[ObjectInfo]
    form: Format
    base: str = ""
    declared: Schema | None = None
    file_column: str | None = None
    sample_files: int = 10
    sample_mb: float = 4.0
    new_columns: str = "ignore"

    def without_rows(self, others: Sequence[ObjectInfo]) -> FileReading:
        """No file of these, with the schema of others: a slice in which nothing is new."""
        known = replace(self, infos=others, file_column=None)
        return replace(self, infos=(), declared=known.schema())

    def schema(self) -> Schema:
        """The declared columns, or the inferred ones; then those from folder names, then the file's name."""
        folders = self._folders()
        inner = self._inner()
        given = {column.name.casefold() for column in inner}
        extra = [column for column in folders if column.name.casefold() not in given]
        if self.file_column:
            extra.append(ColumnType(self.file_column, "string"))
        self._check(inner)
        return Schema((*inner, *extra))

    def _inner(self) -> Schema:
        """The columns inside the files."""
        adds = self.new_columns == "add"
        if self.declared is not None and not (adds and self.infos):
            return self.declared
        files = len(self.infos) if adds else self.sample_files
        found = infer_schema(self.store, self.form, self._splits(), files=files, megabytes=self.sample_mb)
        return found if self.declared is None else merged(self.declared, found)

    def _check(self, inner: Schema) -> None:
        if self.file_column and inner.get(self.file_column):
            raise DataRefused(
                "duplicate-column",
                f"The files have a column '{self.file_column}' of their own.",
                hint="Choose another name for `file_column`.",
            )

    def read(self, run: Run) -> Frame | WithErrors:
        """The rows, lazily; with ``on_error`` other than stop the rejected rows beside them."""
        schema = self.schema()
        if self.new_columns == "stop" and run.purpose != "analyse":
            refuse_new(self.store, self.form, self._splits(), schema, self.sample_mb)
        if run.columns is not None:
            used = {name.casefold() for name in run.columns}
            kept = tuple(column for column in schema if column.name.casefold() in used)
            schema = Schema(kept or schema.columns[:1])
        splits = [split for split in self._splits(schema) if split.size]
        if run.purpose == "analyse" or not splits:
            return self._nothing(run, schema)
        splits = self._measured(run, splits)
        if isinstance(self.form, ParquetFiles) and run.limit is None and self._native(schema):
            return run.session.read.schema(schema.ddl()).parquet(*(split.key for split in splits))
        return self._scan(run, schema, splits)

    def _nothing(self, run: Run, schema: Schema) -> Frame | WithErrors:
        run.counted(rows_out=0)
        frame = run.session.createDataFrame([], schema.ddl())
        if run.on_error == "stop":
            return frame
        return WithErrors(frame, run.session.createDataFrame([], REJECTED.ddl()))

    def _scan(self, run: Run, schema: Schema, splits: list[Split]) -> Frame | WithErrors:
        partitions = self._partitions(run, splits) if run.limit is None else (tuple(splits),)
        scan = Scan(
            self.store,
            self.form,
            schema,
            partitions,
            session_zone(run.session, run.engine),
            Counter.at(run.scratch / f"read-{os.urandom(4).hex()}"),
            keep_bad_rows=run.on_error != "stop",
            limit=run.limit,
            in_process=run.engine == "embedded",
            stage=run.stage,
        )
        run.watch(scan.counter.value, direction="out")
        if scan.keep_bad_rows:
            run.watch(scan.error_rows.count().value, direction="errors")
        frame = frame_of(run.session, scan)
        return frame if run.on_error == "stop" else WithErrors(frame, scan.error_rows.frame(run.session))

    def _partitions(self, run: Run, splits: list[Split]) -> tuple[tuple[Split, ...], ...]:
        """Where files are cut is found once for all readings of a stage in one run."""
        files = tuple(f"{info.key} {info.mark}" for info in self.infos)
        found = _found_before(run.scratch, files, repr(self.form))
        if not found:
            found.append(partitions_of(self.store, self.form, splits, engine=run.engine))
        return found[0]

    def _measured(self, run: Run, splits: list[Split]) -> list[Split]:
        """Splits in the unit in which files can be cut; footers tell the rows before anything is read."""
        found = [self.form.measured(self.store, split) for split in splits]
        rows = [each.rows for each in found if each.rows is not None]
        if run.limit is None and len(rows) == len(found):
            run.counted(rows_out=sum(rows))
        return [replace(split, end=each.end) for split, each in zip(splits, found, strict=True)]

    def _native(self, schema: Schema) -> bool:
        """Whether the engine's own reader gives the same rows: local, plain types, plain names."""
        if not self.store.is_local or self.file_column or self._folders():
            return False
        if not all(PLAIN_PATH.fullmatch(info.key) for info in self.infos):
            return False
        if not all(NATIVE_TYPES.fullmatch(column.type) for column in schema):
            return False
        return all(self._native_file(info, schema) for info in self.infos)

    def _native_file(self, info: ObjectInfo, schema: Schema) -> bool:
        import pyarrow.types as pt

        footer = read_footer(self.store, info)
        nanoseconds = any(pt.is_timestamp(each.type) and each.type.unit != "us" for each in footer.arrow)
        same = all((mine := footer.schema.get(c.name)) and mine == c for c in schema)
        return same and not nanoseconds

    def _splits(self, schema: Schema | None = None) -> list[Split]:
        folders = {column.name: column.type for column in self._folders()}
        splits = []
        for info in self.infos:
            constants = [(name, _value(text, folders[name])) for name, text in self._pairs(info)]
            if self.file_column:
                constants.append((self.file_column, info.location))
            if schema is not None:
                constants = [(name, value) for name, value in constants if schema.get(name)]
            splits += self._of_file(info, tuple(constants))
        return splits

    def _of_file(self, info: ObjectInfo, constants: tuple[tuple[str, Any], ...]) -> list[Split]:
        """The file, or the files in it where it is an archive."""
        packing = compression_of(info.key, getattr(self.form, "compression", "none"))
        whole = Split(info.key, info.location, 0, info.size, info.size, constants)
        if packing != "zip" or not info.size:
            return [replace(whole, growth=1 if packing == "none" else 10)]
        return [
            replace(
                whole,
                location=f"{info.location}/{name}",
                end=size,
                size=size,
                member=name,
                packed_size=info.size,
            )
            for name, size in members_of(self.store, info.key, info.size, info.mark)
        ]

    def _pairs(self, info: ObjectInfo) -> list[tuple[str, str]]:
        """``day=2024-01-31/`` in the key below the base."""
        parts = info.key.removeprefix(self.base).split("/")[:-1]
        found = (part.partition("=") for part in parts)
        return [(unquote(name), unquote(value)) for name, sign, value in found if sign and name]

    def _folders(self) -> list[ColumnType]:
        """Columns that folder names give, with the narrowest type that holds every value."""
        values: dict[str, list[str]] = {}
        for info in self.infos:
            for name, value in self._pairs(info):
                values.setdefault(name, []).append(value)
        return [ColumnType(name, _folder_type(found)) for name, found in values.items()]


def _folder_type(values: list[str]) -> str:
    real = [value for value in values if value != NULL_FOLDER]
    if real and all(re.fullmatch(r"-?(0|[1-9]\d{0,17})", value) for value in real):
        return "bigint"
    return "date" if real and all(DATE.fullmatch(value) for value in real) else "string"


def _value(text: str, kind: str) -> Any:
    if text == NULL_FOLDER:
        return None
    if kind == "bigint":
        return int(text)
    return dt.date.fromisoformat(text) if kind == "date" else text


@lru_cache(maxsize=16)
def _found_before(folder: Path, files: tuple[str, ...], form: str) -> list[tuple[tuple[Split, ...], ...]]:
    """A place for the partitions of these versions of files in a stage's folder, empty at first."""
    del folder, files, form
    return []
