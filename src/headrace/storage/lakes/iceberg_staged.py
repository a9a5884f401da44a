"""A batch for an Iceberg table: files that nobody knows, then ONE snapshot with the batch's identity in it.

Publishing again finds the identity in the table's lineage and does nothing. Undoing goes back to the snapshot
before, or, where others have come since, makes one that leaves the batch's files out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from headrace.core import DataRefused, Json, Output, Run, RunFailed, Schema, Staged, Unavailable
from headrace.storage.counting import Counter

from .files import DataFile, TableFiles, tag_of
from .iceberg_commit import data_files, evolve, partitioned
from .iceberg_table import BATCH, IcebergPlace, arrow_with_ids, find_iceberg, fresh_schema, lineage
from .lake import TableName

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.schema import Schema as IcebergSchema
    from pyiceberg.table import Table, Transaction

__all__ = ["IcebergBatch", "StagedIceberg"]

ATTEMPTS = 8


@dataclass(frozen=True)
class IcebergBatch:
    """What is to become of the staged rows: all that a journal may hold."""

    table: str
    run: str
    batch: str
    stage: str
    mode: str
    columns: tuple[tuple[str, str], ...] = ()
    added: tuple[tuple[str, str], ...] = ()
    partition_by: tuple[str, ...] = ()
    told: dict[str, Any] = field(default_factory=dict)
    rows: int = 0

    @property
    def identity(self) -> str:
        """Of this batch of this stage, among all there are."""
        return f"{self.run}-{self.batch}-{self.stage}"

    @property
    def name(self) -> TableName:
        """The table's."""
        return TableName.parse(self.table)


class StagedIceberg(Staged):
    """Rows in files that no snapshot names yet; both verbs may be repeated after any crash."""

    def __init__(self, place: IcebergPlace, batch: IcebergBatch) -> None:
        self._place = place
        self._batch = batch

    @classmethod
    def begin(cls, place: IcebergPlace, batch: IcebergBatch, run: Run) -> StagedIceberg:
        """An empty staging place; clears what an earlier attempt of this very stage has left there."""
        begun = cls(place, batch)
        begun.files().sweep()
        return begun.note(run)

    def holding(self, rows: int) -> StagedIceberg:
        """The same once its files are written."""
        return StagedIceberg(self._place, replace(self._batch, rows=rows))

    def files(self, counter: Counter | None = None, schema: IcebergSchema | None = None) -> TableFiles:
        """Where this batch's files go; ``schema`` numbers their fields."""
        tag, store = tag_of(self._batch.identity), self._place.store
        folder = self._place.folder(self._batch.name.layer, self._batch.name.table)
        names = tuple(name for name, _ in self._batch.columns)
        return TableFiles(
            store,
            f"{folder}data/",
            tag,
            f"{folder}_headrace/{tag}.json",
            Schema.of(self._batch.columns),
            counter,
            self._batch.partition_by,
            keep_partition_columns=True,
            arrow=arrow_with_ids(schema, names) if schema is not None else None,
        )

    def intent(self) -> dict[str, Json]:
        """The batch; the list of its files lies beside the table."""
        return asdict(self._batch)

    @classmethod
    def restore(cls, intent: Mapping[str, Json], run: Run) -> StagedIceberg:
        """From the journal; the lake is asked of ``run``."""
        plain = dict(intent)
        for name in ("columns", "added"):
            plain[name] = tuple((column, kind) for column, kind in plain[name])
        batch = IcebergBatch(**(plain | {"partition_by": tuple(plain["partition_by"])}))
        return cls(IcebergPlace.of(batch.name.lake, run.connection, run.folder), batch)

    def publish(self) -> Output:
        """One snapshot; if it is there already, none."""
        target = self.files()
        with self._place.catalog() as catalog:
            self._commit(catalog, target)
        self._place.store.delete([target.note] if self._place.store.stat(target.note) else [])
        name = self._batch.name
        return Output(
            self._batch.stage,
            "table",
            location=self._place.store.location(self._place.folder(name.layer, name.table)),
            format="iceberg",
            rows=self._batch.rows,
            table=self._batch.table,
        )

    def _commit(self, catalog: Catalog, target: TableFiles) -> None:
        from pyiceberg.exceptions import CommitFailedException, TableAlreadyExistsError

        name = self._batch.name
        for _ in range(ATTEMPTS):
            table = find_iceberg(catalog, name.layer, name.table)
            if table is not None and self._done(table):
                return
            files = target.written()
            if files is None:
                raise RunFailed("table-error", f"'{name}': the batch's files are not listed any more.")
            try:
                self._commit_on(catalog, table, target, files)
            except (CommitFailedException, TableAlreadyExistsError):
                continue
            return
        raise Unavailable(
            "table-busy",
            f"Others keep changing '{name}'.",
            hint="Nothing of this batch is visible. Run again when they are done.",
        )

    def _done(self, table: Table) -> bool:
        return any(_told(each, BATCH) == self._batch.identity for each in lineage(table))

    def _commit_on(
        self, catalog: Catalog, table: Table | None, target: TableFiles, files: list[DataFile]
    ) -> None:
        batch = self._batch
        if table is not None and batch.mode == "error":
            raise DataRefused(
                "destination-exists",
                f"There is a table '{batch.table}' already, and the mode is 'error'.",
                hint="Choose mode 'append' or 'overwrite', or another name.",
            )
        if table is not None:
            if files or batch.mode == "overwrite":
                transaction = table.transaction()
                evolve(transaction, Schema.of(batch.added))
                self._add(transaction, table, target, files)
                transaction.commit_transaction()
            return
        schema = fresh_schema(Schema.of(batch.columns), batch.told.get("column_comments") or {})
        properties = dict(batch.told.get("properties") or {}) | {BATCH: batch.identity}
        if batch.told.get("comment"):
            properties["comment"] = batch.told["comment"]
        name = batch.name
        catalog.create_namespace_if_not_exists(name.layer)
        made = catalog.create_table_transaction(
            (name.layer, name.table),
            schema,
            location=self._place.uri(name.layer, name.table),
            partition_spec=partitioned(schema, batch.partition_by),
            properties=properties,
        )
        self._add(made, None, target, files)
        made.commit_transaction()

    def _add(
        self, transaction: Transaction, table: Table | None, target: TableFiles, files: list[DataFile]
    ) -> None:
        """The batch's files into the transaction, and with ``overwrite`` all others out."""
        told = {BATCH: self._batch.identity}
        update = transaction.update_snapshot(snapshot_properties=told)
        replaced = (
            self._batch.mode == "overwrite" and table is not None and table.current_snapshot() is not None
        )
        with update.overwrite() if replaced else update.fast_append() as snapshot:
            if replaced and table is not None:
                for task in table.scan().plan_files():
                    snapshot.delete_data_file(task.file)
            for each in data_files(target, files, transaction):
                snapshot.append_data_file(each)

    def undo(self) -> None:
        """Takes the files away, and a snapshot that names them back."""
        name = self._batch.name
        with self._place.catalog() as catalog:
            table = find_iceberg(catalog, name.layer, name.table)
            named = table is not None and self._done(table)
            if table is not None and named:
                self._take_back(catalog, table)
        if not named:
            self.files().sweep()

    def _take_back(self, catalog: Catalog, table: Table) -> None:
        history, name = lineage(table), self._batch.name
        ours = next(each for each in history if _told(each, BATCH) == self._batch.identity)
        if ours is history[0] and ours.parent_snapshot_id is not None:
            table.manage_snapshots().rollback_to_snapshot(ours.parent_snapshot_id).commit()
        elif ours is history[0] and table.properties.get(BATCH) == self._batch.identity:
            catalog.drop_table((name.layer, name.table))
            self._place.store.prune(self._place.folder(name.layer, name.table))
        else:
            self._leave_out(table, ours.snapshot_id)

    def _leave_out(self, table: Table, ours: int) -> None:
        before = table.metadata.snapshot_by_id(ours)
        parent = before.parent_snapshot_id if before else None
        then = {task.file.file_path: task.file for task in table.scan(snapshot_id=ours).plan_files()}
        earlier = (
            {task.file.file_path: task.file for task in table.scan(snapshot_id=parent).plan_files()}
            if parent is not None
            else {}
        )
        now = {task.file.file_path for task in table.scan().plan_files()}
        added = [path for path in then if path not in earlier]
        if any(path not in now for path in added):
            raise RunFailed("undo-failed", f"Others have rewritten rows of '{self._batch.table}' since.")
        told = {f"{BATCH}.undone": self._batch.identity}
        with table.transaction() as change, change.update_snapshot(told).overwrite() as snapshot:
            for path in added:
                snapshot.delete_data_file(then[path])
            for path in earlier:
                if path not in then:
                    snapshot.append_data_file(earlier[path])


def _told(snapshot: Any, key: str) -> str | None:
    summary = snapshot.summary
    return summary.additional_properties.get(key) if summary is not None else None
