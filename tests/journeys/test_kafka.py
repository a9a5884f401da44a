"""Whole stories over Kafka: what goes into one topic comes out of another once, whoever is killed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pytest

from .streams import Ends, kill_and_resume

if TYPE_CHECKING:
    from tests.servers.kafka import KafkaBroker

STAGES = """\
  load: {{type: origin.kafka, connection: events, topics: {source}, schema: id bigint, max_rows: 20}}
  more: {{type: processor.sql_expression, from: load, columns: {{twice: id * 2}}}}
  out:  {{type: destination.kafka, from: more, connection: events, topic: {target}, key: id}}
"""


@pytest.fixture
def ends(place: Any, kafka_broker: KafkaBroker) -> Ends:
    place.write("connections.yaml", f"events: {{kind: kafka, servers: '{kafka_broker.servers}'}}\n")
    source, target = kafka_broker.topic(partitions=2), kafka_broker.topic(partitions=2)

    def put(numbers: Iterable[int]) -> None:
        kafka_broker.send(source, [{"id": number} for number in numbers], key="id")

    def seen() -> list[int]:
        values = [json.loads(each.value()) for each in kafka_broker.received(target)]
        assert all(each["twice"] == 2 * each["id"] for each in values)
        return [each["id"] for each in values]

    return Ends(STAGES.format(source=source, target=target), put, seen)


def test_a_stream_from_topic_to_topic_killed_three_times_gives_each_row_once(place: Any, ends: Ends) -> None:
    kill_and_resume(place, ends, kills=3, seed=7, restart=lambda: None)


@pytest.mark.soak
def test_a_stream_from_topic_to_topic_killed_fifty_times_gives_each_row_once(
    place: Any, ends: Ends, kafka_broker: KafkaBroker, record_property: Callable[[str, object], None]
) -> None:
    kill_and_resume(place, ends, kills=50, seed=3, restart=kafka_broker.restart)
    record_property("kills", 50)


def test_a_batch_reads_all_or_what_is_new_and_files_come_from_a_topic(
    place: Any, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic(partitions=2)
    place.write("connections.yaml", f"events: {{kind: kafka, servers: '{kafka_broker.servers}'}}\n")
    kafka_broker.send(topic, [{"id": n} for n in range(100)], key="id")
    kafka_broker.send(topic, [b"broken"])
    place.pipeline(
        f"  new: {{type: origin.kafka, connection: events, topics: {topic}, read: new, on_error: route}}\n"
        f"  all: {{type: origin.kafka, connection: events, topics: {topic}, on_error: discard}}\n"
        "  a: {type: destination.files, from: new, path: a, format: json}\n"
        "  b: {type: destination.files, from: all, path: b, format: json, mode: overwrite}\n"
        "  c: {type: destination.files, from: new.errors, path: c, format: json}\n"
    )

    def lines(folder: str) -> list[dict[str, Any]]:
        files = (place.folder / folder).glob("part-*")
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    first = place.run()
    assert first["state"] == "finished", first["error"]
    assert len(lines("a")) == len(lines("b")) == 100
    ((topic_of_error, raw),) = [(each["_error_topic"], each["_error_raw"]) for each in lines("c")]
    assert (topic_of_error, raw) == (topic, "broken")
    stages = {each["name"]: each for each in first["stages"]}
    assert (stages["new"]["rows_out"], stages["new"]["error_rows"]) == (100, 1)
    kafka_broker.send(topic, [{"id": n} for n in range(100, 130)], key="id")
    assert place.run()["state"] == "finished"
    assert sorted(each["id"] for each in lines("a")) == list(range(130))
    assert len(lines("b")) == 130
    assert len(lines("c")) == 1
