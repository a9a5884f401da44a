"""A batch of messages that becomes visible in one transaction, once.

Publishing takes the transactional identity of run and stage: whoever else holds it is shut out, and its open
transaction is aborted. Then the ledger tells whether the batch was committed before. If not, messages and the
ledger's record are committed together.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from headrace.core import DataRefused, HeadraceError, Json, Output, Run, RunFailed, Staged, Value
from headrace.storage.formats import numbered

from .client import Cluster, kafka_connection
from .ledger import Mark, ledger_end, make_topic
from .registry import Registry
from .spool import spooled
from .topics import Topics

if TYPE_CHECKING:
    import pyarrow as pa
    from confluent_kafka import Producer

__all__ = ["Delivery", "Sending", "StagedMessages"]

Delivery = Literal["transactional", "idempotent"]


class Sending(Value):
    """Where messages go, and how."""

    connection: str
    topic: str
    delivery: Delivery = "transactional"
    format: str = "json"
    partitions: int | None = None
    replicas: int = -1
    subject: str | None = None

    def missing(self, cluster: Cluster) -> tuple[int, int] | None:
        """What the topic is to be made with; ``None``: it is there.

        Raises ``DataRefused`` (``topic-missing``) where it is neither there nor to be made.
        """
        try:
            Topics(cluster).describe([self.topic])
        except DataRefused as error:
            if error.code != "topic-missing" or self.partitions is None:
                raise
            return self.partitions, self.replicas
        return None


@dataclass(frozen=True, slots=True)
class _Batch:
    """All that a journal may hold."""

    connection: str
    topic: str
    delivery: Delivery
    format: str
    project: str
    environment: str | None
    run: str
    batch: str
    stage: str
    spool: str
    """The folder's name in the stage's own folder."""
    after: int
    subject: str | None = None
    avro: str | None = None
    """The schema that the subject of the registry gets; ``None``: values go out as they are."""
    create: tuple[int, int] | None = None
    """Partitions and replicas of a topic that is still to be made."""
    files: tuple[str, ...] = ()
    rows: int | None = None
    """``None`` as long as nothing can have been sent."""


class StagedMessages(Staged):
    """Messages in a spool. ``publish`` and ``undo`` may be repeated, by another process, after any crash."""

    def __init__(self, cluster: Cluster, batch: _Batch, scratch: Path, *, doubtful: bool) -> None:
        self._cluster = cluster
        self._batch = batch
        self.folder = scratch / batch.spool
        self._doubtful = doubtful and bool(batch.files)
        self._tried = self._doubtful
        """Whether some process may have sent the batch before."""
        self._taken_over: HeadraceError | None = None

    @classmethod
    def begin(cls, sending: Sending, avro: str | None, run: Run) -> StagedMessages:
        """An empty spool; clears what an earlier attempt of this very stage has left there."""
        cluster = Cluster(kafka_connection(run.connection(sending.connection)), run.folder)
        batch = _Batch(
            **sending.model_dump(exclude={"partitions", "replicas"}),
            project=run.project,
            environment=run.environment,
            run=run.id,
            batch=run.batch,
            stage=run.stage,
            spool=f"spool-{run.batch}",
            avro=avro if cluster.connection.registry_url is not None else None,
            create=sending.missing(cluster),
            after=ledger_end(cluster),
        )
        begun = cls(cluster, batch, run.scratch, doubtful=False)
        shutil.rmtree(begun.folder, ignore_errors=True)
        begun.folder.mkdir(parents=True)
        return begun.note(run)

    def holding(self, files: tuple[str, ...], rows: int) -> StagedMessages:
        """The same with the files that have been written."""
        batch = replace(self._batch, files=files, rows=rows)
        return StagedMessages(self._cluster, batch, self.folder.parent, doubtful=False)

    def intent(self) -> dict[str, Json]:
        """Connection's name, topic and files."""
        return {**asdict(self._batch), "files": list(self._batch.files)}

    @classmethod
    def restore(cls, intent: Mapping[str, Json], run: Run) -> StagedMessages:
        """From the journal; the connection is asked of ``run``."""
        create = intent["create"]
        batch = _Batch(**{**intent, "files": tuple(intent["files"]), "create": create and tuple(create)})
        cluster = Cluster(kafka_connection(run.connection(batch.connection)), run.folder)
        return cls(cluster, batch, run.scratch, doubtful=True)

    @property
    def _mark(self) -> Mark:
        batch = self._batch
        return Mark(batch.run, batch.batch, batch.stage, batch.topic, batch.after)

    @property
    def _identity(self) -> str:
        batch = self._batch
        where = "/".join(each for each in (batch.project, batch.environment) if each)
        return f"headrace/{where}/{batch.run}/{batch.stage}"

    def publish(self) -> Output:
        """Sends the batch unless the ledger has it."""
        if self._batch.files:
            self._doubtful = True
            if self._batch.create is not None:
                make_topic(self._cluster, self._batch.topic, *self._batch.create)
            send = self._transaction if self._batch.delivery == "transactional" else self._send_at_once
            try:
                self._cluster.calling(send, f"topic '{self._batch.topic}'")
            except HeadraceError as error:
                # To look whether the batch is out would shut out the process that sends it now.
                self._taken_over = error if error.code == "batch-taken-over" else None
                raise
        shutil.rmtree(self.folder, ignore_errors=True)
        batch = self._batch
        return Output(
            batch.stage,
            "topic",
            location=f"kafka://{self._cluster.connection.address.partition(',')[0]}/{batch.topic}",
            format=batch.format,
            rows=batch.rows,
        )

    def _transaction(self) -> None:
        """With the producer of the batch before, as long as nothing has gone wrong with it."""
        held = _producers()
        key = f"{self._cluster.connection.address} {self._identity}"
        producer = held.pop(key, None)
        if producer is None or self._tried:
            producer = self._cluster.producer(self._identity)
            producer.init_transactions(self._cluster.timeout)
            if self._mark.is_there(self._cluster):
                return
        self._tried = True
        self._cluster.calling(lambda: self._commit(producer), f"topic '{self._batch.topic}'", producer)
        held[key] = producer

    def _commit(self, producer: Producer) -> None:
        producer.begin_transaction()
        self._send(producer)
        self._mark.put(producer, self._batch.rows or 0)
        _committed(producer, max(60.0, self._cluster.timeout))

    def _send_at_once(self) -> None:
        if self._mark.is_there(self._cluster):
            return
        producer = self._cluster.producer(None)
        problems: list[Any] = []
        self._send(producer, lambda error, _: problems.append(error) if error is not None else None)
        self._flush(producer, problems)
        self._mark.put(producer, self._batch.rows or 0)
        self._flush(producer, problems)

    def _flush(self, producer: Producer, problems: list[Any]) -> None:
        left = producer.flush(max(60.0, self._cluster.timeout))
        if problems or left:
            what = f"topic '{self._batch.topic}'"
            raise self._cluster.failure(problems[0], what) if problems else self._cluster.silent(what)

    def _send(self, producer: Producer, told: Callable[[Any, Any], None] | None = None) -> None:
        topic, more = self._batch.topic, {} if told is None else {"on_delivery": told}
        head = self._head()
        for batch in spooled(self.folder, self._batch.files):
            plain = batch.column("key").to_pylist(), batch.column("value").to_pylist()
            for key, value, beside in zip(*plain, _beside(batch), strict=True):
                _produce(producer, topic, head + value if head else value, key, {**beside, **more})

    def _head(self) -> bytes:
        """What the registry wants before each value."""
        if self._batch.avro is None:
            return b""
        registry = Registry.of(self._cluster.connection, self._cluster.folder)
        subject = self._batch.subject or f"{self._batch.topic}-value"
        return numbered(registry.register(subject, json.loads(self._batch.avro)))

    def undo(self) -> None:
        """Removes the spool. What has been committed cannot be taken back, and says so."""
        if self._taken_over:
            raise self._taken_over
        if self._doubtful and self._is_out():
            raise RunFailed(
                "messages-sent",
                f"The messages of run '{self._batch.run}' are in topic '{self._batch.topic}' and stay there.",
                hint="The rest of the batch is published by the next command.",
            )
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_out(self) -> bool:
        if self._batch.delivery == "transactional":
            producer = self._cluster.producer(self._identity)
            self._cluster.calling(
                lambda: producer.init_transactions(self._cluster.timeout), "its transactions"
            )
        return self._mark.is_there(self._cluster)


@cache
def _producers() -> dict[str, Producer]:
    """Those of this process that hold an identity and have nothing open."""
    return {}


def _beside(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """What ``produce`` takes beside key and value: partition, time and headers, where there are any."""
    wanted = [
        name for name in ("partition", "timestamp", "headers") if batch.column(name).null_count < len(batch)
    ]
    if not wanted:
        yield from repeat({}, len(batch))
        return
    for row in batch.select(wanted).to_pylist():
        found = {name: value for name, value in row.items() if value is not None}
        if "timestamp" in found:
            found["timestamp"] = round(found["timestamp"].replace(tzinfo=dt.UTC).timestamp() * 1000)
        if "headers" in found:
            found["headers"] = [(each["key"], each["value"]) for each in found["headers"]]
        yield found


def _produce(
    producer: Producer, topic: str, value: bytes | None, key: bytes | None, more: dict[str, Any]
) -> None:
    """Hands one message over; waits while the client's own queue is full."""
    while True:
        try:
            producer.produce(topic, value, key, **more)
        except BufferError:
            producer.poll(0.1)
        else:
            return


def _committed(producer: Producer, seconds: float) -> None:
    """Commits; what may be tried again is."""
    from confluent_kafka import KafkaException

    deadline = time.monotonic() + seconds
    while True:
        try:
            producer.commit_transaction(seconds)
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > deadline:
                raise
        else:
            return
