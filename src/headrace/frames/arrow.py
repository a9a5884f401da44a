"""Frames as Arrow tables in this process, by the fastest way there is.

The embedded engine runs inside this process: a Python data source that keeps the batches it is given hands
them over without a copy, fifty times faster than the client's own way through a socket. Elsewhere the
client's way is the only one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

    from headrace.core import Frame

__all__ = ["IN_PROCESS", "TooLarge", "arrow_to_frame", "frame_to_arrow"]

IN_PROCESS = "_headrace_in_process"
"""An attribute that the embedded engine sets on its sessions."""
_FORMAT = "headrace_memory"
_EVERYTHING = 2**31 - 1
"""A limit that cuts nothing, and keeps a sort which the engine would drop before a write."""
_KEEPS_ORDER = frozenset(
    {"project", "filter", "drop", "with_columns", "with_columns_renamed", "to_df", "subquery_alias"}
    | {"to_schema", "hint", "fill_na", "drop_na", "replace", "sample"}
)


class TooLarge(Exception):
    """A frame takes more memory than was allowed."""


@dataclass
class _Collected:
    """What a writer has been given so far."""

    most_bytes: int | None
    batches: list[pa.RecordBatch] = field(default_factory=list)
    size: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def too_large(self) -> bool:
        return self.most_bytes is not None and self.size > self.most_bytes

    def add(self, batch: pa.RecordBatch) -> None:
        with self.lock:
            self.size += batch.nbytes
            if self.too_large:
                self.batches.clear()
                raise TooLarge
            self.batches.append(batch)


@cache
def _collections() -> dict[str, _Collected]:
    return {}


def arrow_to_frame(table: pa.Table, session: SparkSession) -> Frame:
    """A table as a frame; one without rows, too, which the client by itself refuses.

    Timestamps without a time zone stay so: the client would make instants of them.
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    schema = from_arrow_schema(table.schema, prefer_timestamp_ntz=True)
    return session.createDataFrame(table if table.num_rows else [], schema)


def frame_to_arrow(frame: Frame, *, most_bytes: int | None = None) -> pa.Table:
    """All rows of ``frame``; in order where the frame is sorted, in no particular order elsewhere.

    Raises :class:`TooLarge` beyond ``most_bytes``: on the embedded engine as soon as that many have come.
    """
    if getattr(frame.sparkSession, IN_PROCESS, False):
        return _collect(frame, most_bytes)
    table: pa.Table = frame.toArrow()
    if most_bytes is not None and table.nbytes > most_bytes:
        raise TooLarge
    return table


def _collect(frame: Frame, most_bytes: int | None) -> pa.Table:
    import pyarrow as pa

    _register(frame.sparkSession)
    if _loses_order(frame):
        frame = frame.limit(_EVERYTHING)
    key = uuid4().hex
    _collections()[key] = collected = _Collected(most_bytes)
    try:
        # Without coalesce the engine counts the writer's partitions wrongly.
        frame.coalesce(1).write.format(_FORMAT).option("key", key).mode("append").save()
    except Exception:
        if collected.too_large:
            raise TooLarge from None
        raise
    finally:
        del _collections()[key]
    if collected.batches:
        return pa.Table.from_batches(collected.batches)
    from pyspark.sql.pandas.types import to_arrow_schema

    return to_arrow_schema(frame.schema, timezone="UTC").empty_table()


def _register(session: SparkSession) -> None:
    """Once per session, the data source that keeps what it is given."""
    if getattr(session, "_headrace_memory", False):
        return
    from pyspark.sql.datasource import DataSource, DataSourceArrowWriter, WriterCommitMessage

    class Writer(DataSourceArrowWriter):  # type: ignore[misc]
        def __init__(self, key: str) -> None:
            self.key = key

        def write(self, iterator: Iterator[Any]) -> WriterCommitMessage:
            from .arrow import _collections

            for batch in iterator:
                _collections()[self.key].add(batch)
            return WriterCommitMessage()

    class Memory(DataSource):  # type: ignore[misc]
        @classmethod
        def name(cls) -> str:
            return _FORMAT

        def writer(self, schema: object, overwrite: bool) -> Writer:
            del schema, overwrite
            return Writer(self.options["key"])

    session.dataSource.register(Memory)
    session._headrace_memory = True


def _loses_order(frame: Frame) -> bool:
    """Whether the frame ends in a sort that nothing protects."""
    node = frame._plan.to_proto(frame.sparkSession.client).root
    while True:
        kind = node.WhichOneof("rel_type")
        if kind == "sort":
            return bool(node.sort.is_global)
        if kind not in _KEEPS_ORDER:
            return False
        node = getattr(node, kind).input
