"""Looks around in a Kafka cluster: topics, and of each its partitions with the offsets that are there."""

from __future__ import annotations

from headrace.storage.connections import Explorer, Found

from .client import Cluster, kafka_connection
from .topics import Topics

__all__ = ["KafkaExplorer"]


class KafkaExplorer(Explorer):
    """Topics, then partitions."""

    def _topics(self) -> Topics:
        return Topics(Cluster(kafka_connection(self.connection), self.base))

    def check(self) -> str:
        """Asks for the topics."""
        count = len(self._topics().names())
        server = kafka_connection(self.connection).address
        return f"{server} shows {count} topic{'s' * (count != 1)}."

    def browse(self, path: str = "", limit: int = 1000) -> list[Found]:
        """Topics; below a topic its partitions. Raises ``DataRefused`` (``topic-missing``)."""
        asked = self._topics()
        topic, _, number = path.strip("/").partition("/")
        if topic:
            found = self._partitions(asked, topic)
            return [each for each in found if number in ("", each.name)][:limit]
        described = asked.describe(asked.names()[:limit])
        return [
            Found(each.name, "topic", _partitions(len(each.partitions)), inside=True) for each in described
        ]

    def _partitions(self, asked: Topics, name: str) -> list[Found]:
        places = asked.describe([name])[0].places()
        begins, ends = asked.earliest(places), asked.latest(places, "read_uncommitted")
        return [
            Found(str(place[1]), "partition", f"offsets {begins[place]} to {ends[place]}") for place in places
        ]


def _partitions(count: int) -> str:
    return f"{count} partition{'s' * (count != 1)}"
