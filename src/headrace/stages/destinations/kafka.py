"""Write a topic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

from headrace.core import Column, Connection, Destination, Field, Frame, Issue, NewColumn, Run, Stage, Staged
from headrace.storage.kafka import Delivery, Encoding, Sending, stage_messages


class Kafka(Destination):
    """Send each row as a message to a Kafka topic, the whole batch in one transaction."""

    means: ClassVar[str] = "one Kafka transaction a batch, with a record in the topic `_headrace_batches`"

    connection: Connection = Field(description="A connection of kind `kafka`.", examples=["events"])
    topic: str = Field(description="The topic that gets the messages.", examples=["prices"])
    format: Literal["json", "avro", "csv", "text", "binary"] = Field(
        default="json",
        description="What a value is: the row as one object, record or line, or one column of it.",
    )
    value_column: NewColumn = Field(
        default="value", description="Text, binary: the column that is the value."
    )
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="CSV: between fields.")
    key: Column | None = Field(
        default=None, description="The column that is the key; rows of one key go to one partition, in order."
    )
    headers: dict[str, Column] = Field(
        default_factory=dict,
        description="Headers, by name the column of each.",
        examples=[{"source": "shop"}],
    )
    partition: Column | None = Field(default=None, description="A column with the partition's number.")
    timestamp: Column | None = Field(default=None, description="A column with the message's time.")
    subject: str | None = Field(
        default=None, description="Avro: the registry's subject; without it, `<topic>-value`."
    )
    delivery: Delivery = Field(
        default="transactional",
        description="`transactional`: each batch once, whole. `idempotent`: no transaction; a batch that was "
        "interrupted while it was sent is sent again, so at least once.",
    )
    partitions: int | None = Field(
        default=None, ge=1, description="Make a topic that is missing, with so many partitions."
    )
    replicas: int = Field(default=-1, ge=-1, description="Of a topic that is made; -1: as the brokers say.")

    def mistakes(self, sources: Mapping[str, tuple[Stage, str | None]]) -> Iterable[Issue]:
        """A warning where a batch may be sent twice."""
        if self.delivery == "idempotent":
            yield Issue(
                "at-least-once",
                "Without a transaction, a batch that is interrupted while it is sent is sent again.",
                field="delivery",
                hint="`delivery: transactional` sends each batch once.",
                severity="warning",
            )

    def write(self, frame: Frame, run: Run) -> Staged:
        """Keeps the messages on this machine; nothing is sent before ``publish``."""
        sending = Sending.model_validate({name: getattr(self, name) for name in Sending.model_fields})
        encoding = Encoding.model_validate({name: getattr(self, name) for name in Encoding.model_fields})
        return stage_messages(frame, sending, encoding, run)
