"""Reads topics into a frame: columns, ranges, counts, error rows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from headrace.core import ColumnType, DataRefused, Frame, InvalidCall, Run, Schema, Slice, WithErrors
from headrace.storage.counting import Counter
from headrace.storage.datasource import NoteRow, StreamSource, declared_schema, frame_of, session_zone
from headrace.storage.formats import AvroRecords, CsvRecords, JsonRecords, avro_columns

from .client import Cluster
from .decoding import REJECTED, Decoder, Plain, Rows, Sidecar
from .messages import QUEUED_KB, TAKEN, first_messages, messages_between
from .registry import Registry
from .slices import KafkaTopics, Range, ranges_of
from .topics import Isolation, Place, Topics

if TYPE_CHECKING:
    import pyarrow as pa
    from confluent_kafka import Message

__all__ = ["KafkaReading"]

BLOCK_ROWS = 65_536
BLOCK_BYTES = 8 << 20
QUEUED = 128 << 10
"""Kilobytes that all consumers of a stage may have fetched and nobody taken yet."""
EXPECTED_SIZE = 500
"""Bytes of a message, as long as nobody has seen one: only paces the reading."""
SIDES = ("key", "headers", "topic", "partition", "offset", "timestamp")


@dataclass(frozen=True)
class RangeStream:
    """One range of one partition, read once by one consumer."""

    cluster: Cluster
    isolation: Isolation
    place: Place
    range: Range
    rows: Rows
    queued_kb: int
    block_rows: int = BLOCK_ROWS

    @property
    def key(self) -> str:
        """Topic and partition."""
        return f"{self.place[0]}/{self.place[1]}"

    @property
    def blocks(self) -> int:
        """By the number of offsets, which is that of messages where none is missing."""
        count = self.range[1] - self.range[0]
        return max(1, -(-count // BLOCK_ROWS), -(-count * EXPECTED_SIZE // BLOCK_BYTES))

    def tables(self, note: NoteRow | None) -> Iterator[pa.Table]:
        """One table per block of messages."""
        waiting: list[Message] = []
        size = 0
        taken = min(TAKEN, self.block_rows)
        found = messages_between(
            self.cluster, self.isolation, self.place, *self.range, taken=taken, queued_kb=self.queued_kb
        )
        for messages in found:
            waiting += messages
            size += sum(map(len, messages))
            if size >= BLOCK_BYTES or len(waiting) >= self.block_rows:
                block, waiting, size = waiting, [], 0
                yield self.rows.table(block, self.place, note)
        if waiting:
            yield self.rows.table(waiting, self.place, note)


class KafkaReading(KafkaTopics):
    """What an origin reads, and how its values become columns."""

    format: str = "json"
    declared_schema: str | dict[str, str] | None = None
    avro_schema: str | dict[str, Any] | None = None
    subject: str | None = None
    value_column: str = "value"
    delimiter: str = ","
    null_values: tuple[str, ...] = ()
    key_format: str = "text"
    key_column: str | None = None
    headers_column: str | None = None
    topic_column: str | None = None
    partition_column: str | None = None
    offset_column: str | None = None
    timestamp_column: str | None = None
    sample_rows: int = 1000

    def _side(self) -> Sidecar:
        named = ((what, getattr(self, f"{what}_column")) for what in SIDES)
        return Sidecar(tuple((what, name) for what, name in named if name), self.key_format == "binary")

    def _decoder(self, cluster: Cluster, run: Run) -> Decoder:
        if self.format in ("text", "binary"):
            return Plain()
        if self.format == "csv":
            return CsvRecords(self.delimiter, ("", *self.null_values))
        if self.format == "avro":
            framed = cluster.connection.registry_url is not None
            lookup = Registry.of(cluster.connection, run.folder).by_number if framed else None
            return AvroRecords(self._avro(cluster, run), lookup)
        return JsonRecords()

    def _avro(self, cluster: Cluster, run: Run) -> str:
        """The schema that values are read as: the document's, else the newest of the registry's subject."""
        if self.avro_schema is not None:
            given = self.avro_schema
            return given if isinstance(given, str) else json.dumps(given)
        kept: list[str] = _known_before(run.id, run.stage, self.model_dump_json(), "avro")
        if not kept:
            subject = self.subject or f"{self.found(Topics(cluster))[0].name}-value"
            kept.append(Registry.of(cluster.connection, run.folder).latest(subject))
        return kept[0]

    def _values(self, cluster: Cluster, run: Run) -> Schema:
        """The columns that values give."""
        if self.format in ("text", "binary"):
            return Schema.of({self.value_column: "string" if self.format == "text" else "binary"})
        if self.format == "avro":
            return _without_void(avro_columns(self._avro(cluster, run), "the values"))
        if self.declared_schema is not None:
            return declared_schema(self.declared_schema)
        kept: list[Schema] = _known_before(run.id, run.stage, self.model_dump_json(), "columns")
        if not kept:
            kept.append(self._inferred(cluster))
        return kept[0]

    def _inferred(self, cluster: Cluster) -> Schema:
        asked = Topics(cluster)
        places = [place for topic in self.found(asked) for place in topic.places()]
        begins, ends = asked.earliest(places), asked.latest(places, self.isolation)
        ranges = {place: (begins[place], ends[place]) for place in places}
        sample = [each.value() for each in first_messages(cluster, self.isolation, ranges, self.sample_rows)]
        inner = JsonRecords().schema(sample)
        if not inner:
            raise DataRefused(
                "empty-topic",
                f"Nothing in {', '.join(sorted({place[0] for place in places}))} tells any columns.",
                hint="Declare a `schema`.",
            )
        return _without_void(inner)

    def columns(self, cluster: Cluster, run: Run) -> tuple[Schema, Schema]:
        """The columns of the values, and all columns."""
        values = self._values(cluster, run)
        whole = Schema((*values, *self._side().schema()))
        folded = [name.casefold() for name in whole.names]
        twice = next((name for name in whole.names if folded.count(name.casefold()) > 1), None)
        if twice is not None:
            raise InvalidCall(
                "duplicate-column",
                f"The values have a column '{twice}', and another column is called so, too.",
                hint="Choose another name for the column beside the value.",
            )
        return values, whole

    def slice(self, cluster: Cluster, run: Run) -> Slice:
        """The run's own slice, or all there is: found once for all readings of a stage in one batch."""
        if run.slice is not None:
            return run.slice
        kept = run.scratch / f"slice-{run.batch}.json"
        if kept.exists():
            return Slice(**json.loads(kept.read_text()))
        found = self.whole(cluster)
        kept.write_text(json.dumps({"offset": found.offset, "items": found.items}))
        if run.purpose == "run":
            run.used(*found.inputs)
        return found

    def read(self, cluster: Cluster, run: Run) -> Frame | WithErrors:
        """The rows, lazily; with ``on_error`` other than stop the error rows beside them."""
        values, schema = self.columns(cluster, run)
        if run.columns is not None:
            used = {name.casefold() for name in run.columns}
            wanted = tuple(column for column in schema if column.name.casefold() in used)
            schema = Schema(wanted or schema.columns[:1])
            values = Schema(tuple(column for column in values if schema.get(column.name)))
        ranges = {} if run.purpose == "analyse" else ranges_of(self.slice(cluster, run).items or {})
        rows = Rows(
            self._decoder(cluster, run), values, self._side(), schema, session_zone(run.session, run.engine)
        )
        queued = max(1024, min(QUEUED_KB, QUEUED // max(1, len(ranges))))
        block = BLOCK_ROWS if run.limit is None else max(1, min(run.limit, BLOCK_ROWS))

        def stream(place: Place, each: Range) -> RangeStream:
            return RangeStream(cluster, self.isolation, place, each, rows, queued, block)

        source = StreamSource(
            schema,
            tuple(stream(place, each) for place, each in ranges.items()),
            Counter.at(run.scratch / f"read-{os.urandom(4).hex()}"),
            REJECTED,
            keep_error_rows=run.on_error != "stop",
            limit=run.limit,
            in_process=run.engine == "embedded",
            stage=run.stage,
        )
        run.watch(source.counter.value, direction="out")
        frame = frame_of(run.session, source)
        if run.on_error == "stop":
            return frame
        run.watch(source.error_rows.count().value, direction="errors")
        return WithErrors(frame, source.error_rows.frame(run.session))


def _without_void(schema: Schema) -> Schema:
    """Columns in which only nulls were seen are text."""
    return Schema(tuple(ColumnType(c.name, "string" if c.type == "void" else c.type) for c in schema))


@lru_cache(maxsize=32)
def _known_before(run: str, stage: str, reading: str, what: str) -> list[Any]:
    """A place for what all batches of a run share, empty at first."""
    del run, stage, reading, what
    return []
