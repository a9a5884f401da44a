"""From a frame to a staged batch of a Delta table."""

from __future__ import annotations

import os
from typing import Any, Literal

from headrace.core import ColumnType, DataRefused, Frame, InvalidCall, Run, Schema, Value
from headrace.storage.counting import Counter
from headrace.storage.datasource import spread, write_frame

from .columns import NewColumns, fitted, spelled
from .delta_commit import staged_rows
from .delta_staged import DeltaBatch, StagedDelta
from .delta_table import find_delta, schema_of_delta
from .places import place_of
from .repeated import refuse_repeated_keys

__all__ = ["TableMode", "TableWriting"]

TableMode = Literal["append", "overwrite", "replace", "merge", "error"]


class TableWriting(Value):
    """How a table takes rows: the writing half of the destinations for tables."""

    mode: TableMode = "append"
    keys: tuple[str, ...] = ()
    matched: Literal["update", "keep", "delete"] = "update"
    not_matched: Literal["insert", "ignore"] = "insert"
    not_matched_by_source: Literal["keep", "delete"] = "keep"
    replace_where: str | None = None
    new_columns: NewColumns = "stop"
    partition_by: tuple[str, ...] = ()
    comment: str | None = None
    column_comments: dict[str, str] = {}
    properties: dict[str, str] = {}

    def stage_delta(
        self, frame: Frame, run: Run, location: str, connection: str | None, table: str | None = None
    ) -> StagedDelta:
        """Writes the files; nothing is visible before ``publish``."""
        given = schema_of_frame(frame)
        place = place_of(location, run.connection(connection) if connection else None, run.folder)
        found = find_delta(place)
        columns, partition_by = given, spelled(self.partition_by, given)
        added: tuple[ColumnType, ...] = ()
        if found is not None:
            known = schema_of_delta(found)
            _check_mode(self.mode, location)
            if self.mode != "overwrite":
                columns, added = fitted(given, known, self.new_columns, f"'{location}'")
            partition_by = self.same_partitions(tuple(found.metadata().partition_columns), location)
            spelled(partition_by, columns)
        else:
            fitted(given, None, "add", f"'{location}'")
        if len(partition_by) >= len(columns):
            raise DataRefused(
                "no-columns-left", "Every column is in partition_by, so the files would have none."
            )
        batch = DeltaBatch(
            location,
            connection,
            run.id,
            run.batch,
            run.stage,
            self.mode,
            tuple((column.name, column.type) for column in columns),
            tuple((column.name, column.type) for column in added),
            partition_by,
            self._told(columns),
            table=table,
        )
        return _written(frame, batch, run)

    def same_partitions(self, known: tuple[str, ...], location: str) -> tuple[str, ...]:
        """What the table is divided by; raises ``DataRefused`` when the stage says otherwise."""
        wanted = [name.casefold() for name in self.partition_by]
        if wanted and wanted != [name.casefold() for name in known]:
            told = ", ".join(known) or "nothing"
            raise DataRefused(
                "partitions-differ",
                f"'{location}' is partitioned by {told}.",
                hint="Leave partition_by out, or write to another place.",
            )
        return known

    def _told(self, columns: Schema) -> dict[str, Any]:
        told: dict[str, Any] = {
            "comment": self.comment,
            "column_comments": dict(self.column_comments),
            "properties": dict(self.properties),
        }
        if self.mode == "merge":
            told |= {
                "keys": list(spelled(self.keys, columns)),
                "matched": self.matched,
                "not_matched": self.not_matched,
                "not_matched_by_source": self.not_matched_by_source,
            }
        return told | {"replace_where": self.replace_where}

    def check(self) -> None:
        """Raises ``ValueError`` for fields that contradict each other."""
        if (self.mode == "merge") != bool(self.keys):
            raise ValueError("mode merge needs keys, and keys need mode merge")
        if (self.mode == "replace") != (self.replace_where is not None):
            raise ValueError("mode replace needs replace_where, and replace_where needs mode replace")


def _check_mode(mode: str, location: str) -> None:
    if mode == "error":
        raise DataRefused(
            "destination-exists",
            f"There is a table at '{location}' already, and the mode is 'error'.",
            hint="Choose mode 'append' or 'overwrite', or another path.",
        )


def _written(frame: Frame, batch: DeltaBatch, run: Run) -> StagedDelta:
    staged = StagedDelta.begin(batch, run)
    target = staged.files(Counter.at(run.scratch / f"write-{os.urandom(4).hex()}"))
    assert target.counter is not None
    run.watch(target.counter.value, direction="in")
    write_frame(spread(frame, run.engine, None, target.partition_by), target)
    files = target.written() or []
    rows = sum(each.rows for each in files)
    run.counted(rows_in=rows)
    if batch.mode == "merge":
        keys = Schema(tuple(each for each in batch.schema if each.name in batch.told["keys"]))
        try:
            refuse_repeated_keys(
                lambda: iter(staged_rows(target.store, target.folder, files, keys)),
                keys.names,
                batch.location,
            )
        except BaseException:
            target.sweep()
            raise
    return staged.holding(rows)


def schema_of_frame(frame: Frame) -> Schema:
    """The frame's columns; one of no type at all becomes text."""
    plain = ((each.name, each.dataType.simpleString()) for each in frame.schema)
    columns = Schema.of((name, "string" if kind in ("void", "null") else kind) for name, kind in plain)
    for column in columns:
        if column.type.startswith(("interval", "variant", "udt")):
            raise InvalidCall(
                "unsupported-type", f"A table holds no {column.type}, as column '{column.name}' is."
            )
    return columns
