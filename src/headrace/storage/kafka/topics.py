"""Topics and how far they reach: identities, partitions, and offsets by beginning, end and time."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from headrace.core import InvalidCall, did_you_mean

from .client import Cluster, no_topic

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

__all__ = ["Place", "Topic", "Topics"]

Isolation = Literal["read_committed", "read_uncommitted"]
SOON = frozenset(
    {
        "LEADER_NOT_AVAILABLE",
        "NOT_LEADER_FOR_PARTITION",
        "UNKNOWN_TOPIC_OR_PART",
        "_NOENT",
        "_UNKNOWN_PARTITION",
    }
)
"""What is said of a partition whose leader is being chosen."""
LOOK = 0.1
Place = tuple[str, int]
"""A topic's name and the number of one of its partitions."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is now; another one of the same name has another ``id``."""

    name: str
    id: str
    partitions: tuple[int, ...]

    def places(self) -> list[Place]:
        """Each partition with the topic's name."""
        return [(self.name, number) for number in self.partitions]


class Topics:
    """Asks a cluster about its topics. Raises what :meth:`Cluster.failure` makes of its errors."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._admin: AdminClient = cluster.admin

    def names(self) -> list[str]:
        """Every topic but Kafka's own, sorted."""
        from confluent_kafka import KafkaException

        try:
            found = self._admin.list_topics(timeout=self._cluster.timeout)
        except KafkaException as error:
            raise self._cluster.failure(error, "its topics", self._admin) from None
        return sorted(name for name in found.topics if not name.startswith("__"))

    def matching(self, pattern: str) -> list[str]:
        """The topics whose whole name matches; ours, of batches, never does."""
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise InvalidCall("invalid-pattern", f"'{pattern}' is no regular expression: {error}.") from None
        return [
            name for name in self.names() if compiled.fullmatch(name) and not name.startswith("_headrace_")
        ]

    def describe(self, names: Sequence[str]) -> list[Topic]:
        """Topics by name; one that does not exist raises ``DataRefused`` (``topic-missing``)."""
        from confluent_kafka import KafkaException, TopicCollection

        if not names:
            return []
        asked = self._admin.describe_topics(
            TopicCollection(list(names)), request_timeout=self._cluster.timeout
        )
        found = []
        for name in names:
            try:
                told = asked[name].result()
            except KafkaException as error:
                problem = self._cluster.failure(error, f"topic '{name}'", self._admin)
                if problem.code == "topic-missing":
                    meant = did_you_mean(name, self.names())
                    problem = no_topic(f"topic '{name}'", self._cluster.connection.address, meant)
                raise problem from None
            numbers = tuple(sorted(each.id for each in told.partitions))
            found.append(Topic(name, str(told.topic_id), numbers))
        return found

    def earliest(self, places: Sequence[Place]) -> dict[Place, int]:
        """The first offset that is still there."""
        from confluent_kafka.admin import OffsetSpec

        return self._offsets(dict.fromkeys(places, OffsetSpec.earliest()), "read_uncommitted")

    def latest(self, places: Sequence[Place], isolation: Isolation) -> dict[Place, int]:
        """One behind the last offset; ``read_committed``: before the first transaction that is still open."""
        from confluent_kafka.admin import OffsetSpec

        return self._offsets(dict.fromkeys(places, OffsetSpec.latest()), isolation)

    def at_time(self, places: Sequence[Place], milliseconds: int, isolation: Isolation) -> dict[Place, int]:
        """The first message that is not older; the end where there is none."""
        from confluent_kafka.admin import OffsetSpec

        found = self._offsets(dict.fromkeys(places, OffsetSpec.for_timestamp(milliseconds)), isolation)
        ends = self.latest(places, isolation)
        return {place: offset if offset >= 0 else ends[place] for place, offset in found.items()}

    def _offsets(self, wanted: Mapping[Place, Any], isolation: Isolation) -> dict[Place, int]:
        """Asks again for partitions that have no leader yet: a topic that has just been made, or a broker."""
        found: dict[Place, int] = {}
        deadline = time.monotonic() + self._cluster.timeout
        while len(found) < len(wanted):
            left = {place: spec for place, spec in wanted.items() if place not in found}
            problem = self._ask(left, isolation, found)
            if problem is None:
                break
            place, error = problem
            if error.args[0].name() not in SOON or time.monotonic() > deadline:
                what = f"topic '{place[0]}', partition {place[1]}"
                raise self._cluster.failure(error, what, self._admin) from None
            time.sleep(LOOK)
            self._admin = self._cluster.other_admin()
        return found

    def _ask(
        self, wanted: Mapping[Place, Any], isolation: Isolation, found: dict[Place, int]
    ) -> tuple[Place, Any] | None:
        """Adds what was answered to ``found``; gives one that was not."""
        from confluent_kafka import IsolationLevel, KafkaException, TopicPartition

        committed = isolation == "read_committed"
        answers: Mapping[Any, Future[Any]] = self._admin.list_offsets(
            {TopicPartition(*place): spec for place, spec in wanted.items()},
            isolation_level=IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED,
            request_timeout=self._cluster.timeout,
        )
        problem = None
        for asked, answer in answers.items():
            try:
                found[asked.topic, asked.partition] = int(answer.result().offset)
            except KafkaException as error:
                problem = (asked.topic, asked.partition), error
        return problem
