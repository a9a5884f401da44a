"""A lake of Iceberg tables: a catalog, and a namespace for each layer."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, Frame, InvalidCall, Json, Run, Schema, Slice, Staged
from headrace.storage.counting import Counter
from headrace.storage.datasource import spread, write_frame

from .columns import fitted, spelled
from .delta_writing import TableWriting, schema_of_frame
from .iceberg_commit import evolve
from .iceberg_reading import new_snapshots, read_iceberg
from .iceberg_staged import IcebergBatch, StagedIceberg
from .iceberg_table import BATCH, IcebergPlace, find_iceberg, fresh_schema, lineage, schema_of_iceberg
from .lake import Lake, Look, TableName

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.schema import Schema as IcebergSchema
    from pyiceberg.table import Table

__all__ = ["IcebergLake"]

WEEK = 7 * 24.0


class IcebergLake(Lake):
    """Tables are ``layer.table`` in the catalog, files below ``location/layer/table``."""

    @property
    def _at(self) -> IcebergPlace:
        return IcebergPlace(self.name, self.connection, self.credentials, self.base)

    def create(self) -> None:
        """The catalog, and a namespace for each layer."""
        if self.store.is_local:
            Path(self._at.root).mkdir(parents=True, exist_ok=True)
        with self._at.catalog() as catalog:
            for layer in self.connection.layers:
                catalog.create_namespace_if_not_exists(layer)

    @contextlib.contextmanager
    def _table(self, name: TableName) -> Iterator[tuple[Catalog, Table]]:
        with self._at.catalog() as catalog:
            table = find_iceberg(catalog, name.layer, name.table)
            if table is None:
                raise self.missing(name)
            yield catalog, table

    def tables(self, layer: str | None = None) -> list[TableName]:
        """What the catalog lists."""
        with self._at.catalog() as catalog:
            known = [each[0] for each in catalog.list_namespaces() if len(each) == 1]
            layers = [layer] if layer else [*(each for each in self.connection.layers if each in known)]
            layers = layers or sorted(known)
            return [
                TableName(self.name, each, table[-1])
                for each in layers
                if each in known
                for table in sorted(catalog.list_tables(each))
            ]

    def describe(self, name: TableName) -> dict[str, Json]:
        """From the table's metadata alone."""
        with self._table(name) as (_, table):
            current = table.current_snapshot()
            told: dict[str, Any] = dict(current.summary.additional_properties) if current else {}
            plain = {column.name: column.type for column in schema_of_iceberg(table.schema())}
            properties = {
                key: value for key, value in table.properties.items() if key not in ("comment", BATCH)
            }
            return {
                "table": str(name),
                "format": "iceberg",
                "location": table.location(),
                "comment": table.properties.get("comment"),
                "version": current.snapshot_id if current else None,
                "rows": int(told.get("total-records", 0)),
                "files": int(told.get("total-data-files", 0)),
                "bytes": int(told.get("total-files-size", 0)),
                "partition_by": [each.name for each in table.spec().fields],
                "properties": properties,
                "columns": [
                    {
                        "name": each.name,
                        "type": plain[each.name],
                        "nullable": not each.required,
                        "comment": each.doc,
                    }
                    for each in table.schema().fields
                ],
            }

    def history(self, name: TableName, limit: int) -> list[dict[str, Json]]:
        """From the snapshots' summaries."""
        with self._table(name) as (_, table):
            return [
                {
                    "version": each.snapshot_id,
                    "at": dt.datetime.fromtimestamp(each.timestamp_ms / 1000, dt.UTC).isoformat(),
                    "what": each.summary.operation.value.upper() if each.summary else None,
                    "batch": each.summary.additional_properties.get(BATCH) if each.summary else None,
                }
                for each in lineage(table)[:limit]
            ]

    def optimize(self, name: TableName, by: tuple[str, ...]) -> dict[str, Json]:
        """Not to be had without an engine that rewrites Iceberg tables."""
        del by
        raise _never(name, "optimize")

    def vacuum(self, name: TableName, hours: float | None, *, dry: bool) -> dict[str, Json]:
        """Snapshots that are older go; files that no snapshot names any more are then removed."""
        limit = dt.datetime.now(dt.UTC) - dt.timedelta(hours=WEEK if hours is None else hours)
        with self._table(name) as (_, table):
            current = table.current_snapshot()
            old = [
                each.snapshot_id
                for each in table.snapshots()
                if each.timestamp_ms < limit.timestamp() * 1000
                and (current is None or each.snapshot_id != current.snapshot_id)
            ]
            kept = [each for each in table.snapshots() if each.snapshot_id not in old]
            named = {
                task.file.file_path
                for each in kept
                for task in table.scan(snapshot_id=each.snapshot_id).plan_files()
            }
            folder = f"{self._at.folder(name.layer, name.table)}data/"
            wanted = {self.store.key(path) for path in named}
            unknown = [
                info.key
                for info in self.store.walk(folder)
                if info.key not in wanted and info.modified < limit
            ]
            if not dry:
                if old:
                    table.maintenance.expire_snapshots().by_ids(old).commit()
                self.store.delete(unknown)
            return {"table": str(name), "files": len(unknown), "versions": len(old), "removed": not dry}

    def clone(self, name: TableName, target: TableName) -> dict[str, Json]:
        """Not to be had without copying files under new names in every manifest."""
        del target
        raise _never(name, "clone")

    def drop(self, name: TableName) -> None:
        """Out of the catalog first, so that nobody reads half a table."""
        with self._table(name) as (catalog, _):
            catalog.drop_table((name.layer, name.table))
            self.store.prune(self._at.folder(name.layer, name.table))

    def stage(self, writing: TableWriting, frame: Frame, run: Run, name: TableName) -> Staged:
        """Files with the fields' numbers that the table has, or will have."""
        self.check(name)
        if writing.mode in ("merge", "replace"):
            raise InvalidCall(
                "unsupported-mode",
                f"Iceberg tables are not written in mode '{writing.mode}'.",
                hint="There is append, overwrite and error; Delta tables have merge and replace, too.",
            )
        given = schema_of_frame(frame)
        told = {
            "comment": writing.comment,
            "column_comments": dict(writing.column_comments),
            "properties": dict(writing.properties),
        }
        columns, added, partitions, schema = self._fitted(writing, given, name)
        batch = IcebergBatch(
            str(name),
            run.id,
            run.batch,
            run.stage,
            writing.mode,
            tuple((each.name, each.type) for each in columns),
            tuple((each.name, each.type) for each in added),
            partitions,
            told,
        )
        staged = StagedIceberg.begin(self._at, batch, run)
        target = staged.files(Counter.at(run.scratch / f"write-{os.urandom(4).hex()}"), schema)
        assert target.counter is not None
        run.watch(target.counter.value, direction="in")
        write_frame(spread(frame, run.engine, None, target.partition_by), target)
        rows = sum(each.rows for each in target.written() or ())
        run.counted(rows_in=rows)
        return staged.holding(rows)

    def _fitted(
        self, writing: TableWriting, given: Schema, name: TableName
    ) -> tuple[Schema, Schema, tuple[str, ...], IcebergSchema]:
        """Columns to write, those among them to add, partitions, and the numbers of all fields."""
        where = f"'{name}'"
        with self._at.catalog() as catalog:
            table = find_iceberg(catalog, name.layer, name.table)
            if table is None:
                columns, _ = fitted(given, None, "add", where)
                schema = fresh_schema(columns, writing.column_comments)
                return columns, Schema(()), spelled(writing.partition_by, columns), schema
            if writing.mode == "error":
                raise DataRefused(
                    "destination-exists",
                    f"There is a table {where} already, and the mode is 'error'.",
                    hint="Choose mode 'append' or 'overwrite', or another name.",
                )
            _by_values(table, where)
            known = schema_of_iceberg(table.schema())
            columns, added = fitted(given, known, writing.new_columns, where)
            names = tuple(table.schema().find_field(each.source_id).name for each in table.spec().fields)
            writing.same_partitions(names, str(name))
            return columns, Schema(added), spelled(names, columns), evolve(table.transaction(), Schema(added))

    def read(self, look: Look, run: Run, name: TableName) -> Frame:
        """See :class:`Lake`."""
        if look.changes:
            raise InvalidCall(
                "no-change-feed",
                f"'{name}' keeps no change data feed: Iceberg tables have none.",
                hint="Read rows that were added with read: new or since.",
            )
        with self._table(name) as (_, table):
            return read_iceberg(self._at, table, look, run, name)

    def next_slice(self, look: Look, name: TableName, offset: Json, run: Run) -> Slice:
        """See :class:`Lake`."""
        del look, run
        with self._table(name) as (_, table):
            return new_snapshots(table, offset, str(name))

    def latest(self, look: Look, name: TableName) -> str:
        """See :class:`Lake`."""
        with self._table(name) as (_, table):
            current = table.current_snapshot()
            return str(look.version or look.at or (current.snapshot_id if current else None))


def _by_values(table: Table, where: str) -> None:
    other = [str(each.transform) for each in table.spec().fields if str(each.transform) != "identity"]
    if other:
        raise DataRefused(
            "table-too-new",
            f"{where} is partitioned by {', '.join(other)}, which Headrace does not write.",
            hint="Write to one that is partitioned by columns' values, or let another engine write this one.",
        )


def _never(name: TableName, what: str) -> InvalidCall:
    return InvalidCall(
        "unsupported-mode",
        f"'{name}' is an Iceberg table, which Headrace cannot {what}.",
        hint="Use Spark or another engine of Iceberg's for that.",
    )
