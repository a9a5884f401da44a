"""From which message to which: our own offsets, limits, times, and what happens when messages are gone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from headrace.core import DataRefused, InvalidCall, Slice, Unavailable
from headrace.engine import Engine
from headrace.stages.origins.kafka import Kafka
from headrace.storage.connections import KafkaConnection, explore
from headrace.testing import StageRun

from .kafka_parts import numbers, rows, run_on

kafka = pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")
pytest.importorskip("confluent_kafka.admin")

if TYPE_CHECKING:
    from tests.servers.kafka import KafkaBroker


@pytest.fixture
def run(engine: Engine, tmp_path: Path, kafka_broker: KafkaBroker) -> StageRun:
    return run_on(engine, tmp_path, kafka_broker, reads_new=True)


def stage_of(topic: str, **more: Any) -> Kafka:
    return Kafka(**{"connection": "events", "topics": topic, "schema": "id bigint", **more})


def ids(first: int, last: int) -> list[dict[str, int]]:
    return [{"id": n} for n in range(first, last)]


def following(stage: Kafka, run: StageRun, before: Slice | None = None) -> Slice:
    found = stage.next_slice(before.offset if before else None, run)
    assert found is not None
    return found


def read(engine: Engine, stage: Kafka, run: StageRun, part: Slice) -> list[int]:
    run.slice = part
    return numbers(engine, stage.read(run))


def test_each_message_is_in_one_slice_whatever_limit_cuts_them(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic(partitions=3)
    kafka_broker.send(topic, ids(0, 100), key="id")
    stage = stage_of(topic, max_rows=30)
    seen: list[int] = []
    part: Slice | None = None
    for expected in (30, 30, 30, 10):
        part = following(stage, run, part)
        assert part.more is (expected == 30)
        found = read(engine, stage, run, part)
        assert len(found) == expected
        seen += found
    assert part is not None
    assert sorted(seen) == list(range(100))
    last = following(stage, run, part)
    assert (last.items, last.offset, last.more) == ({}, part.offset, False)
    assert read(engine, stage, run, last) == []
    by_size = following(stage_of(topic, max_mb=0.0003), run)
    assert 10 <= sum(to - at for at, to in by_size.items[topic].values()) <= 40


def test_a_batch_run_reads_from_the_start_and_a_stream_what_is_new(
    run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic()
    assert stage_of(topic).next_slice(None, run) is not None
    run.reads_new = False
    assert stage_of(topic).next_slice(None, run) is None
    assert stage_of(topic, read="new").next_slice(None, run) is not None


def test_where_the_first_reading_starts(engine: Engine, run: StageRun, kafka_broker: KafkaBroker) -> None:
    topic = kafka_broker.topic(partitions=2)
    kafka_broker.send(topic, ids(0, 5), partition=0, timestamp=1_700_000_000_000)
    kafka_broker.send(topic, ids(5, 10), partition=0, timestamp=1_700_000_060_000)
    for start, expected in (
        ("latest", []),
        ("2023-11-14T22:13:21Z", [5, 6, 7, 8, 9]),
        ("2023-11-14T22:13:20", list(range(10))),
        ("2100-01-01", []),
        ({topic: {"0": 8}}, [8, 9]),
    ):
        stage = stage_of(topic, start=start)
        assert read(engine, stage, run, following(stage, run)) == expected
    with pytest.raises(DataRefused, match="goes on at offset 11, but offsets 0 to 9 are there"):
        following(stage_of(topic, start={topic: {"0": 11}}), run)
    with pytest.raises(InvalidCall, match="partition 7, which is not read"):
        following(stage_of(topic, start={topic: {"7": 1}}), run)


def test_new_partitions_and_new_topics_are_read_from_their_beginning(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    name = kafka_broker.topic()
    kafka_broker.send(name, ids(0, 3))
    stage = stage_of("", topics=(), pattern=f"{name}.*", start="latest")
    first = following(stage, run)
    kafka_broker.admin.create_partitions([kafka.admin.NewPartitions(name, 2)])[name].result()
    other = kafka_broker.topic(f"{name}-other")
    kafka_broker.send(other, ids(3, 6))

    def sent() -> bool:
        try:
            kafka_broker.send(name, ids(6, 9), partition=1)
        except Exception:
            return False
        return True

    until(sent)
    second = following(stage, run, first)
    assert second.items == {name: {"1": [0, 3]}, other: {"0": [0, 3]}}
    assert read(engine, stage, run, second) == [3, 4, 5, 6, 7, 8]
    with pytest.raises(DataRefused, match="No topic matches 'nothing"):
        following(stage_of("", topics=(), pattern="nothing.*"), run)


def until(fact: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_unread_messages_that_are_gone_stop_the_run_or_are_passed_over(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic()
    kafka_broker.send(topic, ids(0, 3))
    first = following(stage_of(topic), run)
    kafka_broker.send(topic, ids(3, 10))
    kafka_broker.admin.delete_records([kafka.TopicPartition(topic, 0, 5)])
    until(lambda: following(stage_of(topic), run).items[topic]["0"] == [5, 10])
    with pytest.raises(DataRefused, match="goes on at offset 3, but offsets 5 to 9 are there") as caught:
        following(stage_of(topic), run, first)
    assert caught.value.code == "offset-out-of-range"
    stage = stage_of(topic, on_missing="earliest")
    assert read(engine, stage, run, following(stage, run, first)) == [5, 6, 7, 8, 9]
    with pytest.raises(Exception, match="offset 3 is no longer there"):
        read(engine, stage, run, Slice(None, {topic: {"0": [3, 10]}}))


def test_a_topic_of_the_same_name_is_not_the_same_topic(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic()
    kafka_broker.send(topic, ids(0, 3))
    first = following(stage_of(topic), run)
    kafka_broker.admin.delete_topics([topic])[topic].result()

    def made() -> bool:
        try:
            kafka_broker.topic(topic)
        except Exception:
            return False
        return True

    until(made)
    kafka_broker.send(topic, ids(10, 15))
    with pytest.raises(DataRefused, match="was deleted and created again") as caught:
        following(stage_of(topic), run, first)
    assert caught.value.code == "topic-recreated"
    stage = stage_of(topic, on_missing="earliest")
    assert read(engine, stage, run, following(stage, run, first)) == [10, 11, 12, 13, 14]


def test_a_compacted_topic_gives_what_is_left_of_it(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic(
        cleanup_policy="compact",
        segment_ms="100",
        min_cleanable_dirty_ratio="0.001",
        max_compaction_lag_ms="100",
    )
    for _ in range(3):
        kafka_broker.send(topic, ids(0, 5), key="id")
    stage = stage_of(topic, offset_column="o")

    def compacted() -> bool:
        kafka_broker.send(topic, [{"id": 99}], key="id")  # rolls the segment
        run.slice = following(stage, run)
        return len(rows(engine, stage.read(run))) < 15

    until(compacted, 60)
    found = read(engine, stage, run, following(stage, run))
    assert set(found) == {0, 1, 2, 3, 4, 99}


def test_what_a_transaction_has_not_committed_is_not_read(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic()
    settings = {"bootstrap.servers": kafka_broker.servers, "transactional.id": topic, "log_level": 0}
    producer = kafka.Producer(settings)
    producer.init_transactions(10)

    def send(first: int, last: int) -> None:
        producer.begin_transaction()
        for n in range(first, last):
            producer.produce(topic, b'{"id":%d}' % n)
        producer.flush(10)

    send(0, 3)
    producer.abort_transaction()
    send(3, 6)
    producer.commit_transaction()
    stage = stage_of(topic)
    first = following(stage, run)
    assert read(engine, stage, run, first) == [3, 4, 5]
    send(6, 9)
    kafka_broker.send(topic, ids(9, 12))
    held = following(stage, run, first)
    assert (held.items, held.offset) == ({}, first.offset)
    dirty = stage_of(topic, isolation="read_uncommitted")
    assert read(engine, dirty, run, following(dirty, run)) == list(range(12))
    at_the_end = following(dirty, run)
    assert following(stage, run, at_the_end).items == {}
    producer.commit_transaction()
    assert read(engine, stage, run, following(stage, run, held)) == [6, 7, 8, 9, 10, 11]


def test_a_topic_that_is_not_there_is_told_with_its_neighbors(
    run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic()
    with pytest.raises(DataRefused, match=f"no topic '{topic}x'") as caught:
        following(stage_of(f"{topic}x"), run)
    assert caught.value.hint == f"Did you mean '{topic}'?"


def test_a_broker_that_is_away_is_told_in_time(
    engine: Engine, tmp_path: Path, kafka_broker: KafkaBroker
) -> None:
    nowhere = {"servers": "127.0.0.1:1", "timeout_seconds": 2.0}
    began = time.monotonic()
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:1 did not answer for topic 'x'"):
        following(stage_of("x"), run_on(engine, tmp_path, kafka_broker, connection=nowhere, reads_new=True))
    assert time.monotonic() - began < 8


def test_credentials_open_the_door_and_wrong_ones_are_told(
    engine: Engine, tmp_path: Path, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic()
    kafka_broker.send(topic, ids(0, 3))
    good: dict[str, Any] = {
        "servers": f"127.0.0.1:{kafka_broker.sasl_port}",
        "security": "sasl_plaintext",
        "user": kafka_broker.user,
        "password": kafka_broker.password,
        "timeout_seconds": 4.0,
    }
    run = run_on(engine, tmp_path, kafka_broker, connection=good, reads_new=True)
    assert read(engine, stage_of(topic), run, following(stage_of(topic), run)) == [0, 1, 2]
    bad = run_on(engine, tmp_path, kafka_broker, connection=good | {"password": "guessed"}, reads_new=True)
    with pytest.raises(DataRefused, match="with the credentials given") as caught:
        following(stage_of(topic), bad)
    assert "guessed" not in f"{caught.value} {bad.connections}"
    odd = run_on(engine, tmp_path, kafka_broker, connection={"properties": {"no.such": 1}}, reads_new=True)
    with pytest.raises(InvalidCall, match=r'No such configuration property: "no\.such"'):
        following(stage_of(topic), odd)


def test_topics_and_partitions_can_be_looked_at(tmp_path: Path, kafka_broker: KafkaBroker) -> None:
    topic = kafka_broker.topic(partitions=2)
    kafka_broker.send(topic, ids(0, 3), partition=1)
    explorer = explore(KafkaConnection(servers=kafka_broker.servers), tmp_path)
    assert kafka_broker.servers in explorer.check()
    assert (topic, "2 partitions", True) in [(e.name, e.detail, e.inside) for e in explorer.browse()]
    details = [each.detail for each in explorer.browse(topic)]
    assert details == ["offsets 0 to 0", "offsets 0 to 3"]
    with pytest.raises(DataRefused, match="no topic 'nothing'"):
        explorer.browse("nothing")
