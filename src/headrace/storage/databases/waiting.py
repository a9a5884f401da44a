"""Where rows wait for their publication: a table of the same database that nobody knows of."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from headrace.core import HeadraceError, RunFailed, Schema
from headrace.storage.carried import CarriedError
from headrace.storage.counting import Counter
from headrace.storage.datasource import some_number

from .dialect import Dialect
from .encoding import is_nested, staged_batches, staged_schema
from .names import TableName, quoted
from .session import Session, opened

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TableTarget", "WaitingTable"]

ATTEMPT = "_headrace_attempt"


@dataclass(frozen=True)
class WaitingTable:
    """A table of rows, each with the attempt that wrote it, and a table of the attempts that count.

    The second is written once, when all partitions have ended: an engine may write one of them twice.
    """

    dialect: Dialect
    schema: str | None
    token: str
    columns: Schema

    @property
    def rows_table(self) -> TableName:
        """The rows."""
        return TableName(f"_headrace_rows_{self.token}", self.schema)

    @property
    def attempts_table(self) -> TableName:
        """The attempts that count, with their numbers of rows."""
        return TableName(f"_headrace_attempts_{self.token}", self.schema)

    def begin(self, session: Session) -> None:
        """Empty tables; what an earlier attempt of this very batch has left is gone."""
        self.drop(session)
        arrays = self.dialect.arrays
        kinds = ("string" if is_nested(each.type, arrays=arrays) else each.type for each in self.columns)
        names = self.columns.names
        columns = [f"{quoted(n)} {self.dialect.native(kind)}" for n, kind in zip(names, kinds, strict=True)]
        bigint = self.dialect.native("bigint")
        columns.append(f"{quoted(ATTEMPT)} {bigint}")
        rows, attempts = map(self.dialect.qualified, (self.rows_table, self.attempts_table))
        session.run(self.dialect.staging_table(rows, ", ".join(columns)))
        session.run(f"CREATE TABLE {attempts} (attempt {bigint}, row_count {bigint})")

    def target(self, counter: Counter, stage: str) -> TableTarget:
        """Where partitions are written."""
        return TableTarget(self, counter, stage)

    def source(self, session: Session) -> tuple[str, int]:
        """The rows as something that can stand in ``FROM``, and how many there are.

        Raises ``RunFailed`` (``staged-rows-lost``) where some are gone.
        """
        rows, attempts = map(self.dialect.qualified, (self.rows_table, self.attempts_table))
        names = ", ".join(quoted(name) for name in self.columns.names)
        source = f"(SELECT {names} FROM {rows} WHERE {quoted(ATTEMPT)} IN (SELECT attempt FROM {attempts}))"
        expected = int(session.rows(f"SELECT COALESCE(SUM(row_count), 0) FROM {attempts}")[0][0])
        there = int(session.rows(f"SELECT COUNT(*) FROM {source} AS s")[0][0])
        if there != expected:
            raise RunFailed(
                "staged-rows-lost",
                f"{expected} rows waited for their publication, and {there} are there.",
                hint="The server was restarted or somebody else was there. Nothing is visible; run again.",
            )
        return source, there

    def drop(self, session: Session) -> None:
        """Takes both tables away."""
        for table in (self.rows_table, self.attempts_table):
            session.run(f"DROP TABLE IF EXISTS {self.dialect.qualified(table)}")


@dataclass(frozen=True)
class TableTarget:
    """Where partitions are written, side by side; pickled whole into workers."""

    waiting: WaitingTable
    counter: Counter
    stage: str

    def write(self, batches: Iterator[pa.RecordBatch], number: int | None) -> tuple[int, int]:
        """One partition, in one transaction; gives the attempt and its number of rows."""
        try:
            with self.counter.tally(some_number() if number is None else number) as tally:
                attempt = int.from_bytes(os.urandom(7), "big")
                first = next(batches, None)
                if first is not None:
                    counted = map(tally.counted, chain([first], batches))
                    del first
                    with opened(self.waiting.dialect, "write") as session:
                        marked = self._marked(counted, attempt)
                        self.waiting.dialect.load(session, self.waiting.rows_table, marked)
                        session.commit()
                return attempt, tally.rows
        except HeadraceError as error:
            error.where = error.where or self.stage
            raise CarriedError.of(error) from None

    def _marked(self, batches: Iterator[pa.RecordBatch], attempt: int) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        target = staged_schema(self.waiting.columns, arrays=self.waiting.dialect.arrays)
        for batch in staged_batches(batches, target):
            yield batch.append_column(ATTEMPT, pa.repeat(pa.scalar(attempt, pa.int64()), batch.num_rows))

    def settle(self, results: list[Any]) -> None:
        """Notes which attempts count, where whoever publishes finds it."""
        try:
            with opened(self.waiting.dialect, "write") as session:
                table = self.waiting.dialect.qualified(self.waiting.attempts_table)
                for attempt, rows in results:
                    if rows:
                        session.run(f"INSERT INTO {table} VALUES ({attempt}, {rows})")
                session.commit()
        except HeadraceError as error:
            error.where = error.where or self.stage
            raise CarriedError.of(error) from None

    def give_up(self) -> None:
        """Leaves nothing behind, once every partition that was at work has ended."""
        self.counter.give_up()
        with contextlib.suppress(HeadraceError), opened(self.waiting.dialect, "write") as session:
            self.waiting.drop(session)
            session.commit()
