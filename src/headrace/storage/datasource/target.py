"""Rows out of an engine: a Python data source that both engines run, one writer per partition."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self

from headrace.core import Frame

from .naming import fresh_name
from .ordering import kept_order

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Target", "some_number", "spread", "write_frame"]


class Target(Protocol):
    """Where partitions are written, side by side. It is pickled whole into workers and never becomes text."""

    def write(self, batches: Iterator[pa.RecordBatch], number: int | None) -> Any:
        """One partition; what it gives is pickled and goes to :meth:`settle`.

        ``number`` is the partition's where the engine tells it. An engine may
        write a partition twice: only what reaches :meth:`settle` counts. Raises ``CarriedError``.
        """

    def settle(self, results: list[Any]) -> None:
        """Notes what all partitions gave; called once, where the engine commits, maybe in another process."""

    def give_up(self) -> None:
        """Called in the run's own process when the whole has failed; leaves nothing behind."""


def some_number() -> int:
    """A number for an engine that tells none: only has to differ."""
    return int.from_bytes(os.urandom(2), "big")


def spread(frame: Frame, engine: str, partitions: int | None = None, columns: tuple[str, ...] = ()) -> Frame:
    """The frame in as many partitions as are wanted, its last sort kept.

    The embedded engine takes rows from a Python writer's partitions only where it has spread them itself.
    """
    ordered = kept_order(frame, engine)
    if ordered is not None:
        return ordered
    if engine != "embedded":
        return frame if partitions is None else frame.coalesce(partitions)
    count = partitions or len(os.sched_getaffinity(0))
    if columns:
        return frame.repartition(count, *(frame["`" + name.replace("`", "``") + "`"] for name in columns))
    return frame.repartition(count) if partitions and partitions > 1 else frame.coalesce(count)


class _Given:
    """An engine's batches, which can be let go while somebody still holds the iterator.

    A failure holds it: its traceback has the frames that took batches, and those stay until the collector
    comes by. The embedded engine tells of a failure only once nobody holds what it gives any more.
    """

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> pa.RecordBatch:
        return next(self._batches)

    def let_go(self) -> None:
        """No batch comes any more."""
        self._batches = iter(())


def write_frame(frame: Frame, target: Target) -> None:
    """Computes the frame once, into the target. Raises what the engine raises, after giving up."""
    from pyspark.sql.datasource import DataSource, DataSourceArrowWriter, WriterCommitMessage

    unique = fresh_name(frame.sparkSession, "target")

    @dataclass
    class Written(WriterCommitMessage):  # type: ignore[misc]
        result: Any

    class Writer(DataSourceArrowWriter):  # type: ignore[misc]
        def write(self, iterator: Iterator[pa.RecordBatch]) -> Written:
            from pyspark import TaskContext

            given = _Given(iterator)
            del iterator
            task = TaskContext.get()
            try:
                return Written(target.write(given, task.partitionId() if task else None))
            finally:
                given.let_go()

        def commit(self, messages: list[Written | None]) -> None:
            target.settle([each.result for each in messages if each])

        def abort(self, messages: list[Written | None]) -> None:
            del messages  # too early: other partitions may still be writing

    class Registered(DataSource):  # type: ignore[misc]
        @classmethod
        def name(cls) -> str:
            return unique

        def writer(self, schema: object, overwrite: bool) -> Writer:
            del schema, overwrite
            return Writer()

    frame.sparkSession.dataSource.register(Registered)
    try:
        frame.write.format(unique).mode("append").save()
    except BaseException:
        target.give_up()
        raise
