"""Reading topics of a real broker, on both engines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from headrace.core import WithErrors
from headrace.engine import Engine
from headrace.stages.origins.kafka import Kafka
from headrace.storage.connections import KafkaConnection
from headrace.testing import StageRun

if TYPE_CHECKING:
    from tests.servers.kafka import KafkaBroker


@pytest.fixture
def run(engine: Engine, tmp_path: Path, kafka_broker: KafkaBroker) -> StageRun:
    return run_on(engine, tmp_path, kafka_broker)


def run_on(engine: Engine, folder: Path, broker: KafkaBroker, **more: Any) -> StageRun:
    connections = {"events": KafkaConnection(servers=broker.servers, timeout_seconds=10)}
    return StageRun(engine.session, folder, engine=engine.name, connections=connections, **more)


def rows(engine: Engine, frame: Any) -> list[dict[str, Any]]:
    frame = frame.frame if isinstance(frame, WithErrors) else frame
    found: list[dict[str, Any]] = engine.to_arrow(frame).to_pylist()
    return found


def test_messages_of_all_partitions_are_rows(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic(partitions=3)
    kafka_broker.send(topic, [{"id": n, "name": f"é{n}"} for n in range(3000)], key="id")
    stage = Kafka(connection="events", topics=topic, key_column="k", offset_column="o", partition_column="p")
    found = rows(engine, stage.read(run))
    assert sorted(each["id"] for each in found) == list(range(3000))
    assert {each["p"] for each in found} == {0, 1, 2}
    assert all(each["name"] == f"é{each['id']}" and each["k"] == str(each["id"]) for each in found)


def test_rows_go_out_and_come_back(engine: Engine, run: StageRun, kafka_broker: KafkaBroker) -> None:
    from headrace.stages.destinations.kafka import Kafka as Write

    topic = kafka_broker.topic(partitions=2)
    frame = engine.session.sql("select id, concat('n', id) as name from range(1000)")
    staged = Write(connection="events", topic=topic, key="name").write(frame, run)
    assert rows(engine, Kafka(connection="events", topics=topic, schema="id bigint").read(run)) == []
    output = staged.publish()
    assert output.rows == 1000
    staged.publish()
    run.batch = "1"
    found = rows(engine, Kafka(connection="events", topics=topic, key_column="k").read(run))
    assert sorted((each["id"], each["name"], each["k"]) for each in found) == [
        (n, f"n{n}", f"n{n}") for n in range(1000)
    ]
