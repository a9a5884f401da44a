"""A lazy frame of rows that no engine reads by itself: a Python data source that both engines run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from headrace.core import Frame, Schema

from .naming import fresh_name

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

__all__ = ["Source", "frame_of", "session_zone"]


class Source(Protocol):
    """Rows in partitions that are read side by side.

    It is pickled whole into the engine's workers, credentials inside, and never becomes text.
    """

    @property
    def schema(self) -> Schema:
        """The columns that :meth:`read` gives, in order."""

    @property
    def partitions(self) -> Sequence[object]:
        """As many as can be read side by side; only their number is looked at."""

    def read(self, partition: int) -> Iterator[pa.RecordBatch]:
        """The rows of one partition, batch by batch: what was given is not kept.

        Batches have exactly the schema's columns and Arrow types (``arrow_schema(schema, session_zone)``). An
        engine may read a partition again, and two at once. Raises ``CarriedError``: an engine hands on text.
        """


def session_zone(session: SparkSession, engine: str) -> str:
    """The zone that an engine expects on timestamps: Spark always exchanges UTC."""
    return str(session.conf.get("spark.sql.session.timeZone")) if engine == "embedded" else "UTC"


def frame_of(session: SparkSession, source: Source) -> Frame:
    """The source as a lazy frame. Its class is pickled by value, so no option carries anything."""
    from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

    unique = fresh_name(session, "source")

    class Reader(DataSourceReader):  # type: ignore[misc]
        def partitions(self) -> list[InputPartition]:
            return [InputPartition(index) for index in range(len(source.partitions))]

        def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
            return source.read(partition.value)

    class Registered(DataSource):  # type: ignore[misc]
        @classmethod
        def name(cls) -> str:
            return unique

        def reader(self, schema: object) -> Reader:
            del schema
            return Reader()

    session.dataSource.register(Registered)
    return session.read.format(unique).schema(source.schema.ddl()).load()
