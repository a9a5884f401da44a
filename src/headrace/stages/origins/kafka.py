"""Read topics."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, model_validator

from headrace.core import Connection, Field, Frame, Json, NewColumn, Origin, Run, Slice, WithErrors
from headrace.storage.kafka import Cluster, KafkaReading, kafka_connection, start_of

Offsets = dict[str, dict[int, Annotated[int, Field(ge=0)]]]


def _start(given: str | Offsets) -> str | Offsets:
    if isinstance(given, str):
        start_of(given)
    return given


class Kafka(Origin):
    """Read messages of Kafka topics, from where the last run stopped or from the beginning."""

    rejects: ClassVar[bool] = True
    reads_columns: ClassVar[bool] = True

    connection: Connection = Field(description="A connection of kind `kafka`.", examples=["events"])
    topics: str | tuple[str, ...] = Field(
        default=(), description="One topic, or several.", examples=["orders"]
    )
    pattern: str | None = Field(
        default=None, description="Instead: every topic whose whole name matches.", examples=["orders-.*"]
    )
    read_mode: Literal["auto", "all", "new"] = Field(
        default="auto",
        alias="read",
        description="`new`: only what came after the offsets of the last run. `auto`: `new` in a stream, "
        "else `all`.",
    )
    start: Annotated[str | Offsets, AfterValidator(_start)] = Field(
        default="earliest",
        description="Where the first reading starts: `earliest`, `latest`, a time, or offsets.",
        examples=["2026-01-31T10:00:00Z", {"orders": {"0": 1200}}],
    )
    format: Literal["json", "avro", "csv", "text", "binary"] = Field(
        default="json", description="What a value is: one object, one record, one line, text, or bytes."
    )
    declared_schema: str | dict[str, str] | None = Field(
        default=None,
        alias="schema",
        description="The columns of JSON and CSV values; JSON's are inferred without it.",
        examples=["id bigint, price double"],
    )
    avro_schema: str | dict[str, Json] | None = Field(
        default=None,
        description="Avro: the schema to read values as; without it, the newest of the registry's.",
    )
    subject: str | None = Field(
        default=None, description="Avro: the registry's subject; without it, `<first topic>-value`."
    )
    value_column: NewColumn = Field(default="value", description="Text, binary: the column with the value.")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="CSV: between fields.")
    null_values: tuple[str, ...] = Field(
        default=(), description="CSV: texts that mean null beside the empty one."
    )
    key_format: Literal["text", "binary"] = Field(default="text", description="What a key is.")
    key_column: NewColumn | None = Field(default=None, description="A column with the key.")
    headers_column: NewColumn | None = Field(
        default=None, description="A column with the headers: an array of `key` and `value` (binary)."
    )
    topic_column: NewColumn | None = Field(default=None, description="A column with the topic.")
    partition_column: NewColumn | None = Field(default=None, description="A column with the partition.")
    offset_column: NewColumn | None = Field(default=None, description="A column with the offset.")
    timestamp_column: NewColumn | None = Field(default=None, description="A column with the message's time.")
    isolation: Literal["read_committed", "read_uncommitted"] = Field(
        default="read_committed", description="Whether messages of transactions wait until those commit."
    )
    on_missing: Literal["stop", "earliest"] = Field(
        default="stop",
        description="When unread messages were deleted, or the topic was created again: stop, or go on "
        "with the earliest there is.",
    )
    max_rows: int | None = Field(default=None, ge=1, description="At most so many messages in one batch.")
    max_mb: float | None = Field(default=None, gt=0, description="About so many megabytes in one batch.")
    sample_rows: int = Field(default=1000, ge=1, description="How many messages columns are inferred from.")

    @model_validator(mode="after")
    def _one_way(self) -> Kafka:
        if bool(self.topics) == (self.pattern is not None):
            raise ValueError("give either topics or a pattern")
        if self.format == "csv" and self.declared_schema is None:
            raise ValueError("CSV messages have no header, so they need a schema")
        return self

    def _reading(self) -> KafkaReading:
        return KafkaReading.model_validate({name: getattr(self, name) for name in KafkaReading.model_fields})

    def _cluster(self, run: Run) -> Cluster:
        return Cluster(kafka_connection(run.connection(self.connection)), run.folder)

    def read(self, run: Run) -> Frame | WithErrors:
        """Every message from the start to the end as it is now, or those of the slice."""
        return self._reading().read(self._cluster(run), run)

    def next_slice(self, offset: Json, run: Run) -> Slice | None:
        """With `read: new`, what has come since, as `{topic: {partition: [from, to]}}`."""
        new = self.read_mode == "new" or (self.read_mode == "auto" and run.reads_new)
        return self._reading().since(offset, self._cluster(run)) if new else None
