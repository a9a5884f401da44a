"""Frames over a table's data files, whatever keeps its log: our own Parquet reader, on both engines."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from headrace.core import DataRefused, Frame, Run, Schema
from headrace.storage.counting import Counter
from headrace.storage.datasource import frame_of, session_zone
from headrace.storage.formats import Format, ParquetFiles, Scan, Split, partitions_of, read_footer
from headrace.storage.objects import ObjectStore

__all__ = ["TableFile", "frame_of_files", "frame_of_scan", "no_rows", "wanted_columns"]

THREADS = 16


@dataclass(frozen=True)
class TableFile:
    """One data file of a table; ``values`` are those of its partition, which its rows do not hold."""

    key: str
    size: int
    values: tuple[tuple[str, Any], ...] = ()
    rows: int | None = None


def wanted_columns(schema: Schema, run: Run) -> Schema:
    """The columns that anything downstream uses, at least one."""
    if run.columns is None:
        return schema
    used = {name.casefold() for name in run.columns}
    kept = tuple(column for column in schema if column.name.casefold() in used)
    return Schema(kept or schema.columns[:1])


def no_rows(run: Run, schema: Schema) -> Frame:
    """Columns only."""
    run.counted(rows_out=0)
    return run.session.createDataFrame([], schema.ddl())


def frame_of_files(store: ObjectStore, files: Sequence[TableFile], schema: Schema, run: Run) -> Frame:
    """The rows of these files, lazily, in bounded memory."""
    splits = _splits(store, files, schema)
    if not splits:
        return no_rows(run, schema)
    if run.limit is None:
        return frame_of_scan(
            store,
            ParquetFiles(),
            partitions_of(store, ParquetFiles(), splits, engine=run.engine),
            schema,
            run,
        )
    return frame_of_scan(store, ParquetFiles(), (tuple(splits),), schema, run)


def frame_of_scan(
    store: ObjectStore, form: Format, partitions: tuple[tuple[Split, ...], ...], schema: Schema, run: Run
) -> Frame:
    """What a format reads from splits, counted."""
    scan = Scan(
        store,
        form,
        schema,
        partitions,
        session_zone(run.session, run.engine),
        Counter.at(run.scratch / f"read-{os.urandom(4).hex()}"),
        limit=run.limit,
        in_process=run.engine == "embedded",
        stage=run.stage,
    )
    run.watch(scan.counter.value, direction="out")
    return frame_of(run.session, scan)


def _splits(store: ObjectStore, files: Sequence[TableFile], schema: Schema) -> list[Split]:
    def of(file: TableFile) -> Split | None:
        info = store.stat(file.key)
        if info is None:
            raise DataRefused(
                "file-missing",
                f"The table names a file '{store.location(file.key)}' that is not there.",
                hint="Has a vacuum removed it, or somebody by hand? Read a later version.",
            )
        footer = read_footer(store, info)
        constants = tuple((name, value) for name, value in file.values if schema.get(name))
        return Split(info.key, info.location, 0, footer.groups, info.size, constants) if footer.rows else None

    with ThreadPoolExecutor(THREADS) as pool:
        return [split for split in pool.map(of, files) if split is not None]
