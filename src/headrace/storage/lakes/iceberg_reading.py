"""Rows of an Iceberg table: its manifests tell the files, and our own readers read them, on both engines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, Frame, InputVersion, InvalidCall, Json, Run, Schema, Slice
from headrace.storage.formats import Format, Refuse, Split
from headrace.storage.objects import ObjectStore

from .iceberg_table import IcebergPlace, find_iceberg, lineage, schema_of_iceberg, snapshot_at
from .lake import Look, TableName
from .reading import TableFile, frame_of_files, frame_of_scan, no_rows, wanted_columns

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.table import Table

__all__ = ["new_snapshots", "read_iceberg"]

OURS = re.compile(r"/part-[0-9a-f]{16}-[0-9a-f]{16}\.parquet$")
PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
"""Other names are written into files in another spelling by some engines."""


def read_iceberg(place: IcebergPlace, table: Table, look: Look, run: Run, name: TableName) -> Frame:
    """The rows at a snapshot, or those that came after one."""
    after, version = look.since, look.version
    if run.slice is not None:
        after, version = run.slice.items["after"], run.slice.items["to"]
    snapshot = snapshot_at(table, version, look.at, str(name))
    known = table.metadata.schema()
    then = look.version is not None or look.at is not None
    if then and snapshot is not None and snapshot.schema_id is not None:
        known = table.schemas()[snapshot.schema_id]
    schema = wanted_columns(schema_of_iceberg(known), run)
    if run.purpose == "analyse" or snapshot is None or snapshot.snapshot_id == after:
        return no_rows(run, schema)
    run.used(InputVersion(str(name), version=str(snapshot.snapshot_id)))
    tasks = list(table.scan(snapshot_id=snapshot.snapshot_id).plan_files())
    if after is not None:
        brought = _brought(table, after, snapshot.snapshot_id, look.rewrites == "skip", str(name))
        tasks = [task for task in tasks if task.file.file_path in brought]
    if _plain(table, tasks):
        key = place.store.key
        files = [TableFile(key(task.file.file_path), task.file.file_size_in_bytes) for task in tasks]
        return frame_of_files(place.store, files, schema, run)
    if after is not None:
        raise InvalidCall(
            "unsupported-mode",
            f"'{name}' was changed in ways that do not let new rows be told from its files.",
            hint="Read it whole: read: all, without since.",
        )
    size = sum(task.file.file_size_in_bytes for task in tasks)
    split = Split(name.table, str(name), 0, size, size)
    form = _ThroughLibrary(place, name, snapshot.snapshot_id if then else None)
    return frame_of_scan(place.store, form, ((split,),), schema, run)


def _plain(table: Table, tasks: list[Any]) -> bool:
    """Whether files hold the table's columns under their names, so that our own readers find them."""
    if table.format_version > 2 or _renamed(table) or any(task.delete_files for task in tasks):
        return False
    if all(OURS.search(task.file.file_path) for task in tasks):
        return True
    names = [column.name for schema in table.schemas().values() for column in schema.fields]
    return not table.spec().fields and all(PLAIN.fullmatch(name) for name in names)


def _renamed(table: Table) -> bool:
    """Whether a name has meant two columns, or a column has had two names."""
    names: dict[int, str] = {}
    numbers: dict[str, int] = {}
    for schema in table.schemas().values():
        for column in schema.fields:
            name = column.name.casefold()
            if names.setdefault(column.field_id, name) != name:
                return True
            if numbers.setdefault(name, column.field_id) != column.field_id:
                return True
    return False


def _brought(table: Table, after: int, to: int, skip_rewrites: bool, where: str) -> set[str]:
    """The files that snapshots behind ``after`` have added."""
    history = [each.snapshot_id for each in lineage(table)]
    if after not in history or to not in history:
        raise DataRefused(
            "no-such-table-version",
            f"'{where}' does not know its version {after} any more.",
            hint="Reset the offset of this origin to read the table from its start.",
        )
    found: set[str] = set()
    for identifier in history[history.index(to) : history.index(after)]:
        snapshot = table.metadata.snapshot_by_id(identifier)
        assert snapshot is not None
        kind = snapshot.summary.operation.value if snapshot.summary else "append"
        if kind not in ("append", "replace"):
            if skip_rewrites:
                continue
            raise DataRefused(
                "rows-rewritten",
                f"Version {identifier} of '{where}' has changed or removed rows, not only added some.",
                hint="Set rewrites to skip to pass over such versions.",
            )
        if kind == "append":
            found |= _added_by(table, snapshot)
    return found


def _added_by(table: Table, snapshot: Any) -> set[str]:
    return {
        entry.data_file.file_path
        for manifest in snapshot.manifests(table.io)
        if manifest.added_snapshot_id == snapshot.snapshot_id
        for entry in manifest.fetch_manifest_entry(table.io)
        if entry.snapshot_id == snapshot.snapshot_id
    }


def new_snapshots(table: Table, offset: Json, where: str) -> Slice:
    """From the offset's snapshot to the latest; without one, the whole table as it is now."""
    identity = str(table.metadata.table_uuid)
    if offset is not None and offset["table"] != identity:
        raise DataRefused(
            "table-recreated",
            f"'{where}' is another table than the one that was read before.",
            hint="Reset the offset of this origin to read it from its start.",
        )
    current = table.current_snapshot()
    latest = current.snapshot_id if current else None
    after = offset["version"] if offset else None
    return Slice({"table": identity, "version": latest}, {"after": after, "to": latest})


@dataclass(frozen=True)
class _ThroughLibrary(Format):
    """The whole table in one stream, as pyiceberg reads it: deletions applied, columns found by number."""

    place: IcebergPlace
    name: TableName
    snapshot: int | None
    """``None``: the latest, under the columns' names of now."""

    def tables(
        self, store: ObjectStore, split: Split, wanted: Schema, zone: str, refuse: Refuse
    ) -> Iterator[pa.Table]:
        """One table per batch."""
        import pyarrow as pa

        del store, split, zone, refuse
        with self.place.catalog() as catalog:
            table = find_iceberg(catalog, self.name.layer, self.name.table)
            assert table is not None
            scan = table.scan(selected_fields=tuple(wanted.names), snapshot_id=self.snapshot)
            for batch in scan.to_arrow_batch_reader():
                yield pa.Table.from_batches([batch])

    def sample(self, store: ObjectStore, split: Split, limit: int) -> Schema | None:
        """Never asked: the table tells its schema."""
        del store, split, limit
        return None
