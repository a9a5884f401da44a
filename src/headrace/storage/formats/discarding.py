"""Computes a frame whole, for its effects and its count, and keeps nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from headrace.core import Frame, Run
from headrace.storage.counting import Counter

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["discard_frame"]


def discard_frame(frame: Frame, run: Run) -> int | None:
    """Every row and every column is computed once, where it is. Gives how many rows there were."""
    from pyspark.sql.datasource import DataSource, DataSourceArrowWriter, WriterCommitMessage

    counter = Counter.at(run.scratch / f"discard-{os.urandom(4).hex()}")
    name = f"headrace_discard_{os.urandom(6).hex()}"

    class Writer(DataSourceArrowWriter):  # type: ignore[misc]
        def write(self, iterator: Iterator[pa.RecordBatch]) -> WriterCommitMessage:
            from pyspark import TaskContext

            task = TaskContext.get()
            number = task.partitionId() if task else int.from_bytes(os.urandom(2), "big")
            with counter.tally(number) as tally:
                for batch in iterator:
                    tally.add(batch.num_rows)
            return WriterCommitMessage()

        def commit(self, messages: list[WriterCommitMessage | None]) -> None:
            del messages

        def abort(self, messages: list[WriterCommitMessage | None]) -> None:
            del messages

    class Target(DataSource):  # type: ignore[misc]
        @classmethod
        def name(cls) -> str:
            return name

        def writer(self, schema: object, overwrite: bool) -> Writer:
            del schema, overwrite
            return Writer()

    run.watch(counter.value, direction="in")
    frame.sparkSession.dataSource.register(Target)
    # The embedded engine takes rows from a Python writer's partitions only where it has spread them itself.
    spread = frame.repartition(len(os.sched_getaffinity(0))) if run.engine == "embedded" else frame
    spread.write.format(name).mode("append").save()
    return counter.value()
