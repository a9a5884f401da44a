"""What a batch reads: for each partition of each topic the offsets from which and up to which.

The offset of an origin is ours, not a consumer group's:
``{"topics": {name: {"id": "…", "partitions": {"0": next}}}}``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from headrace.core import DataRefused, InputVersion, InvalidCall, Json, Slice, Value

from .client import Cluster
from .messages import average_size
from .topics import Isolation, Place, Topic, Topics

__all__ = ["KafkaTopics", "Range", "Ranges", "ranges_of", "start_of"]

Range = tuple[int, int]
Ranges = dict[Place, Range]
Start = str | dict[str, dict[int, int]]


def start_of(text: str) -> Literal["earliest", "latest"] | int:
    """``earliest``, ``latest``, or a time in milliseconds; raises ``ValueError``."""
    if text == "earliest" or text == "latest":
        return text  # type: ignore[return-value]
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"'{text}' is neither earliest, latest, a time such as 2026-01-31T10:00:00Z, nor offsets"
        ) from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp() * 1000)


def ranges_of(items: Mapping[str, Mapping[str, Sequence[int]]]) -> Ranges:
    """A slice's items as ranges by partition."""
    return {
        (topic, int(number)): (int(each[0]), int(each[1]))
        for topic, partitions in items.items()
        for number, each in partitions.items()
    }


@dataclass(frozen=True)
class _Known:
    """An offset that was committed."""

    topics: Mapping[str, Any]

    def next(self, topic: Topic, number: int) -> int | None:
        found = self.topics.get(topic.name)
        return None if found is None else found["partitions"].get(str(number))


class KafkaTopics(Value):
    """Which messages an origin means: the reading half of ``origin.kafka`` that needs no format."""

    topics: str | tuple[str, ...] = ()
    pattern: str | None = None
    start: Start = "earliest"
    isolation: Isolation = "read_committed"
    on_missing: Literal["stop", "earliest"] = "stop"
    max_rows: int | None = None
    max_mb: float | None = None

    def found(self, asked: Topics) -> list[Topic]:
        """The topics as they are now. Raises ``DataRefused`` (``topic-missing``) when there are none."""
        names = [self.topics] if isinstance(self.topics, str) else list(self.topics)
        if self.pattern is not None:
            names = asked.matching(self.pattern)
            if not names:
                raise DataRefused(
                    "topic-missing",
                    f"No topic matches '{self.pattern}'.",
                    hint="Create one, or mend `pattern`.",
                )
        return asked.describe(names)

    def whole(self, cluster: Cluster) -> Slice:
        """From the start to the end as it is now."""
        return self.since(None, cluster)

    def since(self, offset: Json, cluster: Cluster) -> Slice:
        """What came after the offset, within the limits. Raises ``DataRefused`` where messages are gone."""
        asked = Topics(cluster)
        known = _Known((offset or {}).get("topics", {}))
        topics = self._same(self.found(asked), known)
        places = [place for topic in topics for place in topic.places()]
        ends = asked.latest(places, self.isolation)
        begins = self._begins(topics, known, asked, offset is None, ends)
        ranges = {place: (begins[place], max(begins[place], ends[place])) for place in places}
        limited = self._limited(ranges, cluster)
        following = {name: dict(known.topics[name]) for name in known.topics}
        for topic in topics:
            reached = {
                str(number): limited[place][1]
                for number, place in zip(topic.partitions, topic.places(), strict=True)
            }
            following[topic.name] = {"id": topic.id, "partitions": reached}
        items: dict[str, dict[str, list[int]]] = {}
        for (name, number), (first, last) in limited.items():
            if last > first:
                items.setdefault(name, {})[str(number)] = [first, last]
        return Slice({"topics": following}, items, _versions(cluster, limited), more=limited != ranges)

    def _same(self, topics: list[Topic], known: _Known) -> list[Topic]:
        for topic in topics:
            before = known.topics.get(topic.name)
            if before is not None and before["id"] != topic.id and self.on_missing == "stop":
                raise DataRefused(
                    "topic-recreated",
                    f"Topic '{topic.name}' was deleted and created again since it was read.",
                    hint="Set `on_missing: earliest` to read the new one from its beginning.",
                )
        return topics

    def _begins(
        self, topics: list[Topic], known: _Known, asked: Topics, first_time: bool, ends: dict[Place, int]
    ) -> dict[Place, int]:
        places = [place for topic in topics for place in topic.places()]
        earliest = asked.earliest(places)
        fresh = self._started(places, earliest, ends, asked) if first_time else earliest
        begins = {}
        for topic in topics:
            same = known.topics.get(topic.name, {}).get("id") == topic.id
            for number, place in zip(topic.partitions, topic.places(), strict=True):
                committed = known.next(topic, number) if same else None
                begins[place] = fresh[place] if committed is None else committed
        beyond = [place for place in places if begins[place] > ends[place]]
        # Before an open transaction there is nothing new, and nothing is lost.
        real = asked.latest(beyond, "read_uncommitted")
        for place in places:
            if begins[place] < earliest[place] or begins[place] > real.get(place, ends[place]):
                begins[place] = self._gone(
                    place, begins[place], earliest[place], real.get(place, ends[place])
                )
        return begins

    def _gone(self, place: Place, wanted: int, earliest: int, end: int) -> int:
        if self.on_missing == "earliest":
            return earliest
        there = f"offsets {earliest} to {end - 1} are there" if end > earliest else "no message is there"
        raise DataRefused(
            "offset-out-of-range",
            f"Topic '{place[0]}', partition {place[1]}: reading goes on at offset {wanted}, but {there}.",
            hint="They were deleted unread. Set `on_missing: earliest` to go on with what is there.",
        )

    def _started(
        self, places: list[Place], earliest: dict[Place, int], ends: dict[Place, int], asked: Topics
    ) -> dict[Place, int]:
        if isinstance(self.start, Mapping):
            given = self._given(places)
            return {place: given.get(place, earliest[place]) for place in places}
        start = start_of(self.start)
        if start == "latest":
            return dict(ends)
        return earliest if start == "earliest" else asked.at_time(places, int(start), self.isolation)

    def _given(self, places: list[Place]) -> dict[Place, int]:
        assert isinstance(self.start, Mapping)
        given = {
            (topic, int(number)): at for topic, each in self.start.items() for number, at in each.items()
        }
        unknown = next((place for place in given if place not in places), None)
        if unknown is not None:
            raise InvalidCall(
                "topic-missing",
                f"`start` names topic '{unknown[0]}', partition {unknown[1]}, which is not read.",
                hint="Mend `start`; partitions that it leaves out start at the beginning.",
            )
        return given

    def _limited(self, ranges: Ranges, cluster: Cluster) -> Ranges:
        """As many offsets of each partition as its share of all that waits."""
        waiting = sum(last - first for first, last in ranges.values())
        most = self.max_rows if self.max_rows is not None else waiting
        if self.max_mb is not None and waiting:
            size = average_size(cluster, self.isolation, ranges)
            most = min(most, max(1, int(self.max_mb * 1_000_000 / size)))
        if most >= waiting:
            return ranges
        shares = {place: (last - first) * most // waiting for place, (first, last) in ranges.items()}
        for place, (first, last) in ranges.items():  # what rounding down has left
            shares[place] += sum(shares.values()) < most and shares[place] < last - first
        return {place: (first, first + shares[place]) for place, (first, _) in ranges.items()}


def _versions(cluster: Cluster, ranges: Ranges) -> tuple[InputVersion, ...]:
    server = cluster.connection.address.partition(",")[0]
    return tuple(
        InputVersion(f"kafka://{server}/{topic}/{number}", version=f"{first}-{last}")
        for (topic, number), (first, last) in ranges.items()
        if last > first
    )
