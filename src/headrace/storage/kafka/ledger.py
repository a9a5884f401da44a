"""Which batches have been sent: one record a batch, in the same transaction as its messages.

The topic is compacted, and a record's key is run and stage, so that it stays small: a run sends one batch
after the other, and only the last one can be in doubt.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from .client import Cluster
from .messages import messages_between
from .topics import Topics

if TYPE_CHECKING:
    from confluent_kafka import Producer

__all__ = ["LEDGER", "Mark", "ledger_end", "make_topic"]

LEDGER = "_headrace_batches"
PLACE = (LEDGER, 0)
PATIENCE = 120.0
"""Seconds to wait for transactions of others that hold back what the ledger shows."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One batch in the ledger; ``after`` is an offset that its record cannot be before."""

    run: str
    batch: str
    stage: str
    topic: str
    after: int

    @property
    def _key(self) -> bytes:
        return f"{self.run}/{self.stage}".encode()

    def put(self, producer: Producer, rows: int) -> None:
        """Hands the record to a producer, whose transaction it is part of."""
        told = {"batch": self.batch, "topic": self.topic, "rows": rows}
        producer.produce(LEDGER, json.dumps(told).encode(), self._key, partition=0)

    def is_there(self, cluster: Cluster) -> bool:
        """Whether the batch was committed. Waits for open transactions that stand before its record."""
        end = Topics(cluster).latest([PLACE], "read_uncommitted")[PLACE]
        found = messages_between(cluster, "read_committed", PLACE, self.after, end, patience=PATIENCE)
        return any(
            each.key() == self._key and json.loads(each.value() or b"{}").get("batch") == self.batch
            for messages in found
            for each in messages
        )


def ledger_end(cluster: Cluster) -> int:
    """How far the ledger reaches now; makes it where there is none."""
    asked = Topics(cluster)
    seen = _clusters_seen()
    if cluster.connection.address not in seen:
        if LEDGER not in asked.names():
            make_topic(cluster, LEDGER, 1, -1, {"cleanup.policy": "compact"})
        seen.add(cluster.connection.address)
    return asked.latest([PLACE], "read_uncommitted")[PLACE]


@cache
def _clusters_seen() -> set[str]:
    """Where this process has seen the ledger."""
    return set()


def make_topic(
    cluster: Cluster, name: str, partitions: int, replicas: int, config: dict[str, str] | None = None
) -> None:
    """Makes a topic unless it is there; ``replicas`` of -1 leave it to the brokers."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import NewTopic

    admin = cluster.admin
    wanted = NewTopic(name, partitions, replicas, config=config or {})
    try:
        admin.create_topics([wanted], operation_timeout=cluster.timeout, request_timeout=cluster.timeout)[
            name
        ].result()
    except KafkaException as error:
        if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
            raise cluster.failure(error, f"making topic '{name}'", admin) from None
