"""Rows as messages of a real broker: whole batches, once, whoever dies meanwhile."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from headrace.core import DataRefused, RunFailed, Unavailable
from headrace.engine import Engine
from headrace.stages.destinations.kafka import Kafka
from headrace.storage.kafka import StagedMessages
from headrace.testing import StageRun

from .kafka_parts import run_on

if TYPE_CHECKING:
    from tests.servers.kafka import KafkaBroker

kafka = pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")


@pytest.fixture
def run(engine: Engine, tmp_path: Path, kafka_broker: KafkaBroker) -> StageRun:
    return run_on(engine, tmp_path, kafka_broker)


def some(engine: Engine, count: int = 10) -> Any:
    return engine.session.range(0, count).selectExpr("id", "concat('n', id) as name")


def ids(broker: KafkaBroker, topic: str) -> list[int]:
    return sorted(json.loads(each.value())["id"] for each in broker.received(topic))


def test_a_row_is_a_message_with_all_that_stands_beside_its_value(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic(partitions=3)
    frame = engine.session.sql(
        "select 7 as id, 'é\n' as name, decimal(1.5) as price, 'a' as source, 2 as part, "
        "timestamp '2026-01-31 10:00:00.123' as at, cast(null as string) as nothing"
    )
    stage = Kafka(
        connection="events", topic=topic, key="id", partition="part", timestamp="at",
        headers={"from": "source", "none": "nothing"},
    )  # fmt: skip
    stage.write(frame, run).publish()
    (message,) = kafka_broker.received(topic)
    assert json.loads(message.value()) == {"id": 7, "name": "é\n", "price": 2}
    assert (message.key(), message.partition(), message.headers()) == (b"7", 2, [("from", b"a")])
    at = dt.datetime(2026, 1, 31, 10, 0, 0, 123000, tzinfo=dt.UTC)
    assert message.timestamp()[1] == round(at.timestamp() * 1000)


@pytest.mark.parametrize(
    ("form", "value"),
    [("text", b"a,b"), ("binary", b"a,b"), ("csv", b'1,"a,b",true,'), ("json", None)],
)
def test_values_of_each_format(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker, form: Any, value: bytes | None
) -> None:
    topic = kafka_broker.topic()
    frame = engine.session.sql("select 1 as id, 'a,b' as value, true as flag, cast(null as int) as nothing")
    Kafka(connection="events", topic=topic, format=form).write(frame, run).publish()
    (message,) = kafka_broker.received(topic)
    wanted = {"id": 1, "value": "a,b", "flag": True, "nothing": None}
    assert message.value() == value or json.loads(message.value()) == wanted


def test_null_is_a_tombstone_and_keys_keep_their_order(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic(partitions=4)
    frame = engine.session.range(0, 400).selectExpr(
        "id % 7 as k", "case when id < 390 then cast(id as string) end as value", "id"
    )
    stage = Kafka(connection="events", topic=topic, format="text", key="k")
    stage.write(frame.orderBy("id"), run).publish()
    found = kafka_broker.received(topic)
    assert sum(each.value() is None for each in found) == 10
    for key in {each.key() for each in found}:
        mine = [each for each in found if each.key() == key]
        values = [int(each.value()) for each in mine if each.value() is not None]
        assert len({each.partition() for each in mine}) == 1
        assert values == sorted(values)


def test_nothing_is_seen_before_it_is_published_and_twice_is_once(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic()
    staged = Kafka(connection="events", topic=topic).write(some(engine), run)
    assert kafka_broker.received(topic, "read_uncommitted") == []
    staged.publish()
    staged.publish()
    again = StagedMessages.restore(json.loads(json.dumps(staged.intent())), run)
    assert again.publish().rows == 10
    assert ids(kafka_broker, topic) == list(range(10))
    with pytest.raises(RunFailed, match=f"are in topic '{topic}' and stay there") as caught:
        again.undo()
    assert caught.value.code == "messages-sent"


def test_what_is_undone_before_it_was_sent_leaves_nothing(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic()
    staged = Kafka(connection="events", topic=topic).write(some(engine), run)
    restored = StagedMessages.restore(staged.intent(), run)
    restored.undo()
    staged.undo()
    assert kafka_broker.received(topic, "read_uncommitted") == []
    assert not list(run.scratch.glob("spool-*"))
    with pytest.raises(RunFailed, match="are gone"):  # its rows are gone: it must not publish a part of them
        StagedMessages.restore(staged.intent(), run).publish()


DYING = """
import json, os, sys
from pathlib import Path
from types import SimpleNamespace
from headrace.storage.connections import KafkaConnection
from headrace.storage.kafka import StagedMessages, publish
intent, servers, folder, moment = json.loads(sys.argv[1])
connection = KafkaConnection(servers=servers)
run = SimpleNamespace(connection=lambda _: connection, scratch=Path(folder), folder=Path(folder))
if moment == "before the commit":
    publish._committed = lambda producer, _: (producer.flush(10), os._exit(9))
StagedMessages.restore(intent, run).publish()
os._exit(9)
"""
"""Another process that dies within its transaction, or before it has told anybody that it is committed."""


@pytest.mark.parametrize("moment", ["before the commit", "after the commit"])
def test_whoever_comes_after_a_killed_process_sends_the_batch_once(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker, moment: str
) -> None:
    topic = kafka_broker.topic()
    staged = Kafka(connection="events", topic=topic).write(some(engine, 1000), run)
    kept = run.folder / "kept"
    shutil.copytree(run.scratch, kept)
    told = json.dumps([staged.intent(), kafka_broker.servers, str(kept), moment])
    died = subprocess.run([sys.executable, "-c", DYING, told], timeout=60, check=False)
    assert died.returncode == 9
    assert len(kafka_broker.received(topic)) == (1000 if moment.startswith("after") else 0)
    output = StagedMessages.restore(staged.intent(), run).publish()
    assert output.rows == 1000
    assert ids(kafka_broker, topic) == list(range(1000))


def test_a_process_held_for_dead_sends_nothing_when_it_wakes(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic()
    staged = Kafka(connection="events", topic=topic).write(some(engine), run)
    sleeper = StagedMessages.restore(staged.intent(), run)
    send = sleeper._send

    def overtaken(*given: Any) -> None:
        send(*given)
        StagedMessages.restore(staged.intent(), run).publish()

    sleeper._send = overtaken  # type: ignore[method-assign]
    with pytest.raises(RunFailed, match="Another process sends the same batch") as caught:
        sleeper.publish()
    assert caught.value.code == "batch-taken-over"
    with pytest.raises(RunFailed, match="Another process"):
        sleeper.undo()
    assert ids(kafka_broker, topic) == list(range(10))


def test_without_transactions_a_batch_comes_at_least_once_and_a_finished_one_not_again(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic()
    stage = Kafka(connection="events", topic=topic, delivery="idempotent")
    (issue,) = stage.mistakes({})
    assert (issue.code, issue.severity) == ("at-least-once", "warning")
    staged = stage.write(some(engine), run)
    intent = staged.intent()
    staged.publish()
    StagedMessages.restore(intent, run).publish()
    assert ids(kafka_broker, topic) == list(range(10))


def test_a_topic_is_made_where_that_is_wanted(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    name = f"made-{os.urandom(4).hex()}"
    with pytest.raises(DataRefused, match=f"no topic '{name}'"):
        Kafka(connection="events", topic=name).write(some(engine), run)
    staged = Kafka(connection="events", topic=name, partitions=5).write(some(engine), run)
    assert name not in kafka_broker.admin.list_topics(timeout=10).topics
    staged.publish()
    assert len(kafka_broker.admin.list_topics(timeout=10).topics[name].partitions) == 5
    assert ids(kafka_broker, name) == list(range(10))


def test_a_frame_without_rows_sends_nothing(engine: Engine, run: StageRun, kafka_broker: KafkaBroker) -> None:
    topic = kafka_broker.topic()
    output = Kafka(connection="events", topic=topic).write(some(engine, 0), run).publish()
    assert output is not None
    assert (output.rows, output.kind) == (0, "topic")
    assert kafka_broker.received(topic, "read_uncommitted") == []


def test_a_message_that_is_too_large_stops_the_whole_batch(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic()
    frame = engine.session.sql("select 1 as id, 'x' as t union all select 2 as id, repeat('x', 2000000) as t")
    staged = Kafka(connection="events", topic=topic).write(frame, run)
    with pytest.raises(DataRefused, match="Message size too large") as caught:
        staged.publish()
    assert caught.value.code == "message-too-large"
    staged.undo()
    assert kafka_broker.received(topic) == []


def test_columns_that_make_no_message_are_refused_before_anything_is_computed(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic()
    with pytest.raises(DataRefused, match="no column 'value'"):
        Kafka(connection="events", topic=topic, format="text").write(some(engine), run)
    frame = engine.session.range(3).selectExpr("cast(id as int) as p")
    with pytest.raises(DataRefused, match="would be empty"):
        Kafka(connection="events", topic=topic, partition="p").write(frame, run)


def test_a_broker_that_is_away_is_told_in_time(
    engine: Engine, tmp_path: Path, kafka_broker: KafkaBroker
) -> None:
    nowhere = {"servers": "127.0.0.1:1", "timeout_seconds": 2.0}
    run = run_on(engine, tmp_path, kafka_broker, connection=nowhere)
    with pytest.raises(Unavailable, match="did not answer"):
        Kafka(connection="events", topic="x").write(some(engine), run)
