"""A lake of Delta tables: the folders are the catalog."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

from headrace.core import DataRefused, Frame, Json, Run, Slice, Staged
from headrace.storage.datasource import spark_type

from .delta_commit import create_table
from .delta_origin import DeltaReading
from .delta_reading import active_files
from .delta_table import IDENTITY, find_delta, properties_of_commit, schema_of_delta
from .failures import in_our_words
from .files import DataFile, text_of
from .lake import Lake, Look, TableName, subfolders
from .places import Place, place_of
from .reading import TableFile

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from .delta_writing import TableWriting

__all__ = ["DeltaLake"]

MARK = "headrace-lake.json"
CHUNK = 8 << 20


class DeltaLake(Lake):
    """``location/layer/table`` is a Delta table."""

    @property
    def _root(self) -> str:
        path = self.store.path.rstrip("/")
        return f"{path}/" if path else ""

    def create(self) -> None:
        """One note at the location, which proves that it can be written to."""
        told = {"headrace": 1, "format": "delta", "layers": list(self.connection.layers)}
        self.store.write(f"{self._root}{MARK}", json.dumps(told, indent=2).encode())

    def _place(self, name: TableName) -> Place:
        return place_of(self.location_of(name), self.credentials, self.base)

    def _table(self, name: TableName) -> tuple[Place, DeltaTable]:
        place = self._place(name)
        table = find_delta(place)
        if table is None:
            raise self.missing(name)
        return place, table

    def tables(self, layer: str | None = None) -> list[TableName]:
        """Two listings a layer."""
        store = self.store
        layers = [layer] if layer else list(self.connection.layers) or subfolders(store, self._root)
        found = []
        for each in layers:
            for table in subfolders(store, f"{self._root}{each}/"):
                name = TableName(self.name, each, table)
                if next(iter(store.walk(f"{self._root}{each}/{table}/_delta_log/")), None) is not None:
                    found.append(name)
        return found

    def describe(self, name: TableName) -> dict[str, Json]:
        """From the log alone."""
        import pyarrow as pa

        place, table = self._table(name)
        with in_our_words(str(name)):
            told, rows = table.metadata(), pa.table(table.get_add_actions()).to_pylist()
            fields = [json.loads(each.to_json()) for each in table.schema().fields]
            arrow = pa.schema(table.schema().to_arrow())
        columns = [
            {
                "name": each["name"],
                "type": spark_type(arrow.field(each["name"]).type),
                "nullable": each["nullable"],
                "comment": each["metadata"].get("comment"),
            }
            for each in fields
        ]
        return {
            "table": str(name),
            "format": "delta",
            "location": place.location,
            "comment": told.description,
            "version": table.version(),
            "rows": sum(row["num_records"] or 0 for row in rows),
            "files": len(rows),
            "bytes": sum(row["size_bytes"] for row in rows),
            "partition_by": list(told.partition_columns),
            "properties": dict(told.configuration),
            "columns": columns,
        }

    def history(self, name: TableName, limit: int) -> list[dict[str, Json]]:
        """From the commits' own notes."""
        _, table = self._table(name)
        with in_our_words(str(name)):
            commits = table.history(limit)
        return [
            {
                "version": each["version"],
                "at": dt.datetime.fromtimestamp(each["timestamp"] / 1000, dt.UTC).isoformat(),
                "what": each.get("operation"),
                "batch": each.get(IDENTITY),
            }
            for each in commits
        ]

    def optimize(self, name: TableName, by: tuple[str, ...]) -> dict[str, Json]:
        """Compaction, or with columns a Z-order."""
        _, table = self._table(name)
        with in_our_words(str(name)):
            done = table.optimize.z_order(list(by)) if by else table.optimize.compact()
        return {
            "table": str(name),
            "files_removed": done["numFilesRemoved"],
            "files_added": done["numFilesAdded"],
        }

    def vacuum(self, name: TableName, hours: float | None, *, dry: bool) -> dict[str, Json]:
        """Delta's own; without ``hours`` what the table's property says, else a week."""
        _, table = self._table(name)
        with in_our_words(str(name)):
            files = table.vacuum(
                None if hours is None else int(hours),
                dry_run=dry,
                enforce_retention_duration=False,
                full=True,
            )
        return {"table": str(name), "files": len(files), "removed": not dry}

    def clone(self, name: TableName, target: TableName) -> dict[str, Json]:
        """Copies the files of the latest version; the clone appears in one commit."""
        source, table = self._table(name)
        place = self._place(target)
        if find_delta(place) is not None:
            raise DataRefused(
                "destination-exists",
                f"There is a table '{target}' already.",
                hint="Choose another name, or drop it first.",
            )
        told = table.metadata()
        files = [_copied(source, place, each) for each in active_files(source, table)]
        comments = {
            each.name: str(each.metadata["comment"])
            for each in table.schema().fields
            if "comment" in (each.metadata or {})
        }
        with in_our_words(str(target)):
            create_table(
                place,
                schema_of_delta(table),
                files,
                told.partition_columns,
                {
                    "comment": told.description,
                    "column_comments": comments,
                    "properties": dict(told.configuration),
                },
                properties_of_commit(
                    f"clone of {name} version {table.version()}", f"headrace/clone/{name}", 1
                ),
            )
        return {"table": str(target), "of": str(name), "version": table.version(), "files": len(files)}

    def drop(self, name: TableName) -> None:
        """The log first, so that nobody reads half a table."""
        place, _ = self._table(name)
        place.store.prune(f"{place.folder}_delta_log/")
        place.store.prune(place.folder)

    def stage(self, writing: TableWriting, frame: Frame, run: Run, name: TableName) -> Staged:
        """See :class:`Lake`."""
        return writing.stage_delta(frame, run, self.location_of(name), self.connection.store, str(name))

    def _reading(self, look: Look, name: TableName) -> DeltaReading:
        place, _ = self._table(name)
        return DeltaReading.of(place, look)

    def read(self, look: Look, run: Run, name: TableName) -> Frame:
        """See :class:`Lake`."""
        return self._reading(look, name).frame(run)

    def next_slice(self, look: Look, name: TableName, offset: Json, run: Run) -> Slice:
        """See :class:`Lake`."""
        del run
        return self._reading(look, name).next_slice(offset)

    def latest(self, look: Look, name: TableName) -> str:
        """See :class:`Lake`."""
        return str(self._reading(look, name).latest())


def _copied(source: Place, target: Place, file: TableFile) -> DataFile:
    name = file.key.removeprefix(source.folder)
    copy = target.store.writer(target.folder + name)
    try:
        for start in range(0, file.size, CHUNK):
            copy.write(source.store.read(file.key, start, min(start + CHUNK, file.size)))
        copy.close()
    except BaseException:
        copy.abort()
        raise
    values = {column: text_of(value) for column, value in file.values}
    statistics = {} if file.rows is None else {"numRecords": file.rows}
    return DataFile(name, file.size, file.rows or 0, values, statistics)
