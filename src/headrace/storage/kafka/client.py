"""Clients of a Kafka cluster: their properties, and what a refusal means in words of ours."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from headrace.core import DataRefused, HeadraceError, InvalidCall, RunFailed, Secret, Unavailable, Value
from headrace.storage.connections import KafkaConnection

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Producer
    from confluent_kafka.admin import AdminClient

__all__ = ["Cluster", "kafka_connection"]

T = TypeVar("T")
OPTION = {
    "user": "sasl.username",
    "password": "sasl.password",
    "ca_file": "ssl.ca.location",
    "certificate_file": "ssl.certificate.location",
    "key_file": "ssl.key.location",
    "key_password": "ssl.key.password",
}
TRANSACTION_MS = 300_000
"""After this long the brokers abort what a dead producer has begun."""
DENIED = ("_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "_SSL")
FORBIDDEN = ("TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED",
             "TRANSACTIONAL_ID_AUTHORIZATION_FAILED")  # fmt: skip
FENCED = ("_FENCED", "INVALID_PRODUCER_EPOCH", "PRODUCER_FENCED")
TOO_LARGE = ("MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE")
AWAY = (
    "_TRANSPORT",
    "_TIMED_OUT",
    "_ALL_BROKERS_DOWN",
    "_RESOLVE",
    "_TIMED_OUT_QUEUE",
    "_MSG_TIMED_OUT",
    "_STATE",
)
UNKNOWN = ("UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC", "_UNKNOWN_PARTITION", "TOPIC_EXCEPTION")


def kafka_connection(connection: Value | None) -> KafkaConnection:
    """The connection, if it is one to Kafka; raises ``InvalidCall`` (``wrong-connection-kind``)."""
    if not isinstance(connection, KafkaConnection):
        raise InvalidCall(
            "wrong-connection-kind",
            "The connection is not one to Kafka.",
            hint="Name a connection of `kind: kafka`.",
        )
    return connection


class Cluster:
    """Makes clients for one connection, and turns their errors into ours. Picklable."""

    def __init__(self, connection: KafkaConnection, folder: Path = Path()) -> None:
        if importlib.util.find_spec("confluent_kafka") is None:
            raise InvalidCall(
                "library-not-installed",
                "Kafka needs confluent-kafka, which is not installed.",
                hint="Install the extra: pip install 'headrace[kafka]'.",
            )
        self.connection = connection
        self.folder = folder
        """Relative paths of certificates start here."""
        self.timeout = connection.timeout_seconds
        self._said: list[KafkaError] = []

    def __reduce__(self) -> tuple[Any, ...]:
        return Cluster, (self.connection, self.folder)

    def properties(self) -> dict[str, Any]:
        """What every client is given; the connection's own ``properties`` have the last word."""
        given = self.connection
        secure = "sasl_ssl" if given.user is not None else "plaintext"
        found: dict[str, Any] = {
            "bootstrap.servers": given.address,
            "security.protocol": given.security or secure,
            "client.id": "headrace",
            "log_level": 0,
            "error_cb": self._said.append,
            "socket.connection.setup.timeout.ms": int(max(1.0, self.timeout) * 1000),
        }
        if given.user is not None or (given.security or "").startswith("sasl"):
            found["sasl.mechanism"] = given.mechanism
        found |= {
            name: getattr(given, key) for key, name in OPTION.items() if getattr(given, key) is not None
        }
        found |= {key: str(self.folder / found[key]) for key in found if key.endswith("location")}
        found |= given.properties
        return {key: each.reveal() if isinstance(each, Secret) else each for key, each in found.items()}

    def _made(self, kind: Any, **more: Any) -> Any:
        from confluent_kafka import KafkaException

        try:
            return kind(self.properties() | {key.replace("_", "."): value for key, value in more.items()})
        except KafkaException as error:
            raise InvalidCall(
                "invalid-kafka-property",
                f"Kafka's client does not take its properties: {error.args[0].str()}.",
            ) from None

    @cached_property
    def admin(self) -> AdminClient:
        """Asks about topics, partitions and offsets."""
        from confluent_kafka.admin import AdminClient

        made: AdminClient = self._made(AdminClient)
        return made

    def other_admin(self) -> AdminClient:
        """One that does not remember what the one before was told: a topic that was not there, say."""
        self.__dict__.pop("admin", None)
        return self.admin

    def consumer(self, isolation: str, queued_kb: int) -> Consumer:
        """Reads given partitions from given offsets; belongs to no group, commits nothing.

        ``queued_kb`` is what it may have fetched and nobody taken yet.
        """
        from confluent_kafka import Consumer

        made: Consumer = self._made(
            Consumer,
            group_id="headrace",
            isolation_level=isolation,
            enable_auto_commit=False,
            enable_auto_offset_store=False,
            enable_partition_eof=True,
            auto_offset_reset="error",
            queued_max_messages_kbytes=queued_kb,
            fetch_wait_max_ms=50,
            fetch_queue_backoff_ms=20,
        )
        return made

    def producer(self, transactional_id: str | None) -> Producer:
        """Writes; with an identity in transactions, else each message at least once and in order."""
        from confluent_kafka import Producer

        more: dict[str, Any] = {"enable_idempotence": True}
        if transactional_id is not None:
            more |= {"transactional_id": transactional_id, "transaction_timeout_ms": TRANSACTION_MS}
        made: Producer = self._made(
            Producer,
            linger_ms=50,
            queue_buffering_max_kbytes=65_536,
            partitioner="murmur2_random",  # as Java's clients do
            **more,
        )
        return made

    def calling(self, work: Callable[[], T], what: str, client: Any = None) -> T:
        """Does the work; errors of the client leave as ours, with what its threads have met."""
        from confluent_kafka import KafkaException

        try:
            return work()
        except KafkaException as error:
            raise self.failure(error, what, client) from None

    def silent(self, what: str) -> Unavailable:
        """Nobody has answered."""
        return Unavailable(
            "kafka-unavailable",
            f"Kafka at {self.connection.address} did not answer for {what}.",
            hint="Are the brokers up, and are servers and security of the connection right?",
        )

    def failure(self, error: Any, what: str, client: Any = None) -> HeadraceError:
        """An error of a client as one of ours; ``what`` was wanted: "topic 'orders'"."""
        if client is not None:
            client.poll(0)  # hands over what the client's threads have met
        found: KafkaError = error.args[0] if isinstance(error, Exception) and error.args else error
        names = [found.name(), *(each.name() for each in self._said)]
        address = self.connection.address
        if any(name in DENIED for name in names):
            return DataRefused(
                "access-denied",
                f"Kafka at {address} refuses the connection with the credentials given.",
                hint="Check the connection's user, password, mechanism, security and certificates.",
            )
        if any(name in FORBIDDEN for name in names):
            return DataRefused(
                "access-denied",
                f"Kafka at {address} denies access to {what}.",
                hint="Give the user the right to it (an ACL).",
            )
        if any(name in FENCED for name in names):  # a call that comes later says no more than "fatal error"
            return RunFailed(
                "batch-taken-over",
                f"Another process sends the same batch to {what} now.",
                hint="That one finishes it.",
            )
        if found.name() in UNKNOWN:
            return no_topic(what, address)
        return self._other(found, what)

    def _other(self, found: KafkaError, what: str) -> HeadraceError:
        told = f"Kafka at {self.connection.address} refuses {what}: {found.str()}."
        if found.name() in TOO_LARGE:
            return DataRefused(
                "message-too-large",
                told,
                hint="Raise `message.max.bytes` on both sides, or write smaller rows.",
            )
        silent = self.silent(what)
        if not found.retriable() and found.name() not in AWAY:
            return RunFailed("kafka-refused", told)
        silent.message = f"{silent.message[:-1]}: {found.str()}."
        return silent


def no_topic(what: str, address: str, hint: str | None = None) -> DataRefused:
    """What was asked for is not there."""
    return DataRefused(
        "topic-missing",
        f"There is no {what} at {address}.",
        hint=hint or "Create it, or mend the stage's topics.",
    )
