"""Commits to a Delta table: name new files, replace a part, merge by keys, take a commit back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from headrace.core import ColumnType, DataRefused, RunFailed, Schema
from headrace.storage.datasource import arrow_schema
from headrace.storage.formats import ParquetFiles, Split, read_footer, shape, stop_at
from headrace.storage.objects import ObjectStore

from .delta_table import add_actions, delta_schema, schema_of_delta
from .files import DataFile

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import CommitProperties, DeltaTable

    from .places import Place

__all__ = [
    "add_columns",
    "create_table",
    "merge_rows",
    "name_files",
    "replace_rows",
    "staged_rows",
    "take_back",
]

SPILL = 1 << 30
"""Bytes of memory after which a merge goes on on disk."""


def create_table(
    place: Place,
    schema: Schema,
    files: Sequence[DataFile],
    partition_by: Sequence[str],
    told: dict[str, Any],
    commit: CommitProperties | None,
) -> None:
    """The table's first version, its files in it. ``told``: comment, column_comments, properties."""
    from deltalake.transaction import create_table_with_add_actions

    create_table_with_add_actions(
        place.uri,
        delta_schema(schema, told.get("column_comments") or {}),
        add_actions(files),
        mode="error",
        partition_by=list(partition_by),
        description=told.get("comment"),
        configuration=told.get("properties") or None,
        storage_options=dict(place.options),
        commit_properties=commit,
    )


def add_columns(table: DeltaTable, added: Sequence[ColumnType]) -> None:
    """Columns that the table does not have yet; null in every row that is there."""
    schema = schema_of_delta(table)
    missing = Schema(tuple(each for each in added if schema.get(each.name) is None))
    if missing.columns:
        table.alter.add_columns(list(delta_schema(missing, {}).fields))


def name_files(
    table: DeltaTable, schema: Schema, files: Sequence[DataFile], mode: str, commit: CommitProperties
) -> None:
    """Append, or with ``overwrite`` all that was there out and the table's columns as given."""
    if mode == "overwrite":
        known = schema_of_delta(table)
        wanted = known if schema == known else schema
        spoken = table.schema() if schema == known else delta_schema(wanted, {})
    else:
        spoken = table.schema()
    table.create_write_transaction(
        add_actions(files),
        mode,
        spoken,
        partition_by=table.metadata().partition_columns,
        commit_properties=commit,
    )


def replace_rows(table: DeltaTable, rows: pa.RecordBatchReader, where: str, commit: CommitProperties) -> None:
    """The rows for which the condition holds out, these in; a row that it does not hold for is refused."""
    from deltalake import write_deltalake

    write_deltalake(table, rows, mode="overwrite", predicate=where, commit_properties=commit)


def merge_rows(
    table: DeltaTable,
    rows: pa.RecordBatchReader,
    keys: Sequence[str],
    how: dict[str, str],
    commit: CommitProperties,
) -> None:
    """One ``MERGE``; ``how``: ``matched``, ``not_matched``, ``not_matched_by_source``."""
    same = " AND ".join(f"t.{_quoted(key)} = s.{_quoted(key)}" for key in keys)
    merger = table.merge(
        rows,
        same,
        source_alias="s",
        target_alias="t",
        max_spill_size=SPILL,
        commit_properties=commit,
    )
    everything = {_quoted(name): f"s.{_quoted(name)}" for name in rows.schema.names}
    if how["matched"] == "update":
        merger = merger.when_matched_update(everything)
    elif how["matched"] == "delete":
        merger = merger.when_matched_delete()
    if how["not_matched"] == "insert":
        merger = merger.when_not_matched_insert(everything)
    if how["not_matched_by_source"] == "delete":
        merger = merger.when_not_matched_by_source_delete()
    merger.execute()


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def staged_rows(
    store: ObjectStore, folder: str, files: Sequence[DataFile], schema: Schema
) -> pa.RecordBatchReader:
    """Rows that wait, batch by batch; a column that the files do not have is null."""
    import pyarrow as pa

    target = arrow_schema(schema)

    def batches() -> Iterator[pa.RecordBatch]:
        for each in files:
            info = store.stat(folder + each.name)
            if info is None:
                raise DataRefused(
                    "file-missing", f"There is no object '{store.location(folder + each.name)}'."
                )
            split = Split(info.key, info.location, 0, read_footer(store, info).groups, info.size)
            for table in ParquetFiles().tables(store, split, schema, "UTC", stop_at):
                yield from shape(table, target, split).to_batches()

    return pa.RecordBatchReader.from_batches(target, batches())


def take_back(
    table: DeltaTable, earlier: DeltaTable | None, ours: DeltaTable, commit: CommitProperties
) -> None:
    """One commit that undoes ``ours`` on the latest version of the table.

    Raises ``RunFailed`` (``undo-failed``) when others have rewritten the rows since.
    """
    if table.version() == ours.version():
        assert earlier is not None
        table.restore(earlier.version(), commit_properties=commit)
        return
    from deltalake.transaction import AddAction, RemoveAction

    before = _files(earlier) if earlier is not None else {}
    after, now = _files(ours), _files(table)
    added = [path for path in after if path not in before]
    gone = [path for path in before if path not in after]
    if any(path not in now for path in added) or any(path in now for path in gone):
        raise RunFailed(
            "undo-failed",
            f"Others have rewritten rows of version {ours.version()} since, so they cannot be taken out.",
        )
    stamp = int(dt.datetime.now(dt.UTC).timestamp() * 1000)
    actions: list[Any] = [
        RemoveAction(path, True, stamp, after[path]["size_bytes"], _texts(after[path])) for path in added
    ]
    actions += [
        AddAction(
            path, row["size_bytes"], _texts(row), stamp, True, f'{{"numRecords": {row["num_records"]}}}'
        )
        for path, row in before.items()
        if path in gone
    ]
    table.create_write_transaction(
        actions,
        "append",
        table.schema(),
        partition_by=table.metadata().partition_columns,
        commit_properties=commit,
    )


def _files(table: DeltaTable) -> dict[str, dict[str, Any]]:
    import pyarrow as pa

    return {unquote(row["path"]): row for row in pa.table(table.get_add_actions()).to_pylist()}


def _texts(row: dict[str, Any]) -> dict[str, str | None]:
    from .files import text_of

    return {name: text_of(value) for name, value in (row.get("partition") or {}).items()}
