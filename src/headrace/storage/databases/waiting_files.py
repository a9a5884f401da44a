"""Where rows wait for a database that lets one writer in at a time: Arrow files in the run's folder."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.core import HeadraceError, RunFailed, Schema
from headrace.storage.carried import CarriedError
from headrace.storage.counting import Counter
from headrace.storage.datasource import some_number

from .dialect import Dialect
from .encoding import is_nested, staged_batches, staged_schema
from .names import TableName, quoted
from .session import Session

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FileTarget", "WaitingFiles"]

ATTEMPTS = "attempts.json"


@dataclass(frozen=True)
class WaitingFiles:
    """A folder with a file for each attempt, and a list of those that count."""

    dialect: Dialect
    scratch: str | None
    token: str
    columns: Schema

    @property
    def folder(self) -> Path:
        """The run removes what is above it when it ends, crashed or not."""
        return Path(self.scratch or ".") / f"waiting-{self.token}"

    def begin(self, session: Session) -> None:
        """An empty folder."""
        self.drop(session)
        self.folder.mkdir(parents=True)

    def target(self, counter: Counter, stage: str) -> FileTarget:
        """Where partitions are written."""
        return FileTarget(self, counter, stage)

    def source(self, session: Session) -> tuple[str, int]:
        """The rows, loaded into a temporary table in the very transaction that publishes them.

        Raises ``RunFailed`` (``staged-rows-lost``) where the files are gone.
        """
        try:
            attempts = json.loads((self.folder / ATTEMPTS).read_text())
        except OSError as error:
            raise RunFailed(
                "staged-rows-lost",
                f"The rows that waited in '{self.folder}' are gone.",
                hint="Nothing is visible; run again.",
            ) from error
        table = TableName(f"_headrace_rows_{self.token}", "temp")
        kinds = ("string" if is_nested(c.type, arrays=self.dialect.arrays) else c.type for c in self.columns)
        columns = [
            f"{quoted(name)} {self.dialect.native(kind)}"
            for name, kind in zip(self.columns.names, kinds, strict=True)
        ]
        session.run(f"CREATE TEMP TABLE {quoted(table.name)} ({', '.join(columns)})")
        for attempt, _ in attempts:
            self.dialect.load(session, table, _batches(self.folder / f"{attempt}.arrow"))
        return self.dialect.qualified(table), sum(rows for _, rows in attempts)

    def drop(self, session: Session) -> None:
        """Takes the folder away."""
        del session
        shutil.rmtree(self.folder, ignore_errors=True)


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    with pa.memory_map(str(path)) as file:
        yield from pa.ipc.open_stream(file)


@dataclass(frozen=True)
class FileTarget:
    """Where partitions are written, side by side; pickled whole into workers."""

    waiting: WaitingFiles
    counter: Counter
    stage: str

    def write(self, batches: Iterator[pa.RecordBatch], number: int | None) -> tuple[str, int]:
        """One partition; gives the attempt and its number of rows."""
        import pyarrow as pa

        attempt = os.urandom(8).hex()
        target = staged_schema(self.waiting.columns, arrays=self.waiting.dialect.arrays)
        try:
            with self.counter.tally(some_number() if number is None else number) as tally:
                first = next(batches, None)
                if first is not None:
                    counted = map(tally.counted, chain([first], batches))
                    del first
                    path = str(self.waiting.folder / f"{attempt}.arrow")
                    with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, target) as writer:
                        for batch in staged_batches(counted, target):
                            writer.write_batch(batch)
                return attempt, tally.rows
        except HeadraceError as error:
            error.where = error.where or self.stage
            raise CarriedError.of(error) from None

    def settle(self, results: list[Any]) -> None:
        """Notes which attempts count, where whoever publishes finds it."""
        counting = [[attempt, rows] for attempt, rows in results if rows]
        (self.waiting.folder / ATTEMPTS).write_text(json.dumps(counting))

    def give_up(self) -> None:
        """Leaves nothing behind, once every partition that was at work has ended."""
        self.counter.give_up()
        shutil.rmtree(self.waiting.folder, ignore_errors=True)
