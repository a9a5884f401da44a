"""A batch for a Delta table: files that nobody knows, then ONE commit that carries the batch's identity.

The commit has a transaction action (``txn``) of the batch. Publishing again finds it and does nothing.
Undoing is one more commit, which takes the files out again, brings back those it had replaced, and sets the
action back.
Columns that the table lacks are added in a commit of their own just before: they are null until then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from headrace.core import (
    ColumnType,
    DataRefused,
    Json,
    Output,
    Run,
    RunFailed,
    Schema,
    Staged,
    Unavailable,
)
from headrace.storage.counting import Counter

from .columns import fitted
from .delta_commit import (
    add_columns,
    create_table,
    merge_rows,
    name_files,
    replace_rows,
    staged_rows,
    take_back,
)
from .delta_table import (
    committed_as,
    find_delta,
    open_delta,
    properties_of_commit,
    schema_of_delta,
    version_of,
)
from .failures import in_our_words
from .files import DataFile, TableFiles, tag_of
from .places import Place, place_of

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["DeltaBatch", "StagedDelta"]

ATTEMPTS = 5
"""How often a whole commit is tried anew when others have changed what it rests on."""


@dataclass(frozen=True)
class DeltaBatch:
    """What is to become of the staged rows: all that a journal may hold."""

    location: str
    connection: str | None
    run: str
    batch: str
    stage: str
    mode: str
    columns: tuple[tuple[str, str], ...] = ()
    added: tuple[tuple[str, str], ...] = ()
    partition_by: tuple[str, ...] = ()
    told: dict[str, Any] = field(default_factory=dict)
    """What a new table is told (comment, column_comments, properties), and how a merge goes."""
    rows: int = 0
    table: str | None = None
    """The table's name in a lake."""

    @property
    def identity(self) -> str:
        """Of this batch of this stage, among all there are."""
        return f"{self.run}-{self.batch}-{self.stage}"

    @property
    def schema(self) -> Schema:
        """The columns that the files have, but for those of partitions."""
        return Schema.of(self.columns)

    @property
    def reads_again(self) -> bool:
        """Whether the commit reads the rows, and does not only name their files."""
        return self.mode in ("merge", "replace")


class StagedDelta(Staged):
    """Rows in files that the table's log does not name yet; both verbs may be repeated after any crash."""

    def __init__(self, place: Place, batch: DeltaBatch) -> None:
        self._place = place
        self._batch = batch
        self._application, self._version = version_of(batch.run, batch.batch, batch.stage)

    @classmethod
    def begin(cls, batch: DeltaBatch, run: Run) -> StagedDelta:
        """An empty staging place; clears what an earlier attempt of this very stage has left there."""
        begun = cls(_place(batch, run), batch)
        begun.files().sweep()
        return begun.note(run)

    def holding(self, rows: int) -> StagedDelta:
        """The same once its files are written."""
        return StagedDelta(self._place, replace(self._batch, rows=rows))

    def files(self, counter: Counter | None = None) -> TableFiles:
        """Where this batch's files go."""
        batch, tag = self._batch, tag_of(self._batch.identity)
        apart = batch.reads_again
        return TableFiles(
            self._place.store,
            f"{self._place.control}{tag}/" if apart else self._place.folder,
            tag,
            f"{self._place.control}{tag}.json",
            batch.schema,
            counter,
            () if apart else batch.partition_by,
        )

    def intent(self) -> dict[str, Json]:
        """The batch; the list of its files lies beside the table."""
        return asdict(self._batch)

    @classmethod
    def restore(cls, intent: Mapping[str, Json], run: Run) -> StagedDelta:
        """From the journal; the connection is asked of ``run``."""
        plain = dict(intent)
        for name in ("columns", "added"):
            plain[name] = tuple((column, kind) for column, kind in plain[name])
        batch = DeltaBatch(**(plain | {"partition_by": tuple(plain["partition_by"])}))
        return cls(_place(batch, run), batch)

    def publish(self) -> Output:
        """One commit; if it is there already, none."""
        target = self.files()
        with in_our_words(self._batch.location):
            self._commit(target)
        if self._batch.reads_again:
            target.sweep()
        else:
            self._place.store.delete([target.note] if self._place.store.stat(target.note) else [])
        return Output(
            self._batch.stage,
            "table",
            location=self._batch.location,
            format="delta",
            rows=self._batch.rows,
            table=self._batch.table,
        )

    def _commit(self, target: TableFiles) -> None:
        for _ in range(ATTEMPTS):
            table = find_delta(self._place)
            if table is not None and self._done(table):
                return
            files = target.written()
            if files is None:
                raise RunFailed(
                    "table-error", f"'{self._batch.location}': the batch's files are not listed any more."
                )
            if self._tried(table, files):
                return
        raise Unavailable(
            "table-busy",
            f"Others keep changing '{self._batch.location}'.",
            hint="Nothing of this batch is visible. Run again when they are done.",
        )

    def _tried(self, table: DeltaTable | None, files: list[DataFile]) -> bool:
        """Whether it is committed; ``False``: somebody else was first, and it has to be looked at anew."""
        from deltalake.exceptions import CommitFailedError, DeltaError

        try:
            self._commit_on(table, files)
        except CommitFailedError:
            return False
        except DeltaError:
            if table is not None or find_delta(self._place) is None:
                raise
            return False
        return True

    def _done(self, table: DeltaTable) -> bool:
        return (table.transaction_version(self._application) or 0) >= self._version

    def _commit_on(self, table: DeltaTable | None, files: list[DataFile]) -> None:
        batch = self._batch
        commit = properties_of_commit(batch.identity, self._application, self._version)
        if table is None:
            if batch.reads_again:
                create_table(self._place, batch.schema, [], batch.partition_by, batch.told, None)
                table = open_delta(self._place)
            else:
                create_table(self._place, batch.schema, files, batch.partition_by, batch.told, commit)
                return
        if batch.mode == "error":
            raise DataRefused(
                "destination-exists",
                f"There is a table at '{batch.location}' already, and the mode is 'error'.",
                hint="Choose mode 'append' or 'overwrite', or another path.",
            )
        if batch.mode != "overwrite":
            add_columns(table, [ColumnType(name, kind) for name, kind in batch.added])
            table = open_delta(self._place)
            fitted(batch.schema, schema_of_delta(table), "stop", f"'{batch.location}'")
        if not files and batch.mode == "append":
            return
        if not batch.reads_again:
            name_files(table, batch.schema, files, batch.mode, commit)
            return
        wanted = batch.schema if batch.mode == "merge" else schema_of_delta(table)
        rows = staged_rows(self._place.store, self.files().folder, files, wanted)
        if batch.mode == "merge":
            merge_rows(table, rows, batch.told["keys"], batch.told, commit)
        else:
            replace_rows(table, rows, batch.told["replace_where"], commit)

    def undo(self) -> None:
        """Takes the files away, and a commit that names them back."""
        with in_our_words(self._batch.location):
            table = find_delta(self._place)
            back = table is not None and self._done(table)
            if table is not None and back:
                self._take_back(table)
        if self._batch.reads_again or not back:  # files that a version has named are for vacuum to remove
            self.files().sweep()

    def _take_back(self, table: DeltaTable) -> None:
        version = committed_as(table, self._batch.identity)
        if version is None:
            raise RunFailed(
                "undo-failed",
                f"The log of '{self._batch.location}' does not tell this batch's commit any more.",
            )
        if version == table.version() == 0:
            self._place.store.prune(f"{self._place.folder}_delta_log/")
            self.files().sweep()
            return
        take_back(
            table,
            open_delta(self._place, version - 1) if version else None,
            open_delta(self._place, version),
            properties_of_commit(f"undo {self._batch.identity}", self._application, self._version - 1),
        )


def _place(batch: DeltaBatch, run: Run) -> Place:
    connection = run.connection(batch.connection) if batch.connection else None
    return place_of(batch.location, connection, run.folder)
