"""Messages of a real broker as rows."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from headrace.core import DataRefused, InvalidCall, WithErrors
from headrace.engine import Engine
from headrace.stages.destinations.kafka import Kafka as Write
from headrace.stages.origins.kafka import Kafka
from headrace.testing import StageRun

from .kafka_parts import numbers, rows, run_on

if TYPE_CHECKING:
    from tests.servers.apicurio import Apicurio
    from tests.servers.kafka import KafkaBroker

AVRO = {
    "type": "record", "name": "order", "namespace": "shop",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "note", "type": ["null", "string"], "default": None},
    ],
}  # fmt: skip
MOMENT = dt.datetime(2026, 1, 31, 10, tzinfo=dt.UTC)


@pytest.fixture
def run(engine: Engine, tmp_path: Path, kafka_broker: KafkaBroker) -> StageRun:
    return run_on(engine, tmp_path, kafka_broker)


def test_messages_of_all_partitions_are_rows_with_what_stands_beside_them(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic(partitions=3)
    sent = [{"id": n, "name": f"é{n}", "inner": {"tags": ["a", None]}} for n in range(3000)]
    kafka_broker.send(topic, sent, key="id", headers=[("h", b"\xff")], timestamp=1_700_000_000_123)
    stage = Kafka(
        connection="events", topics=topic, key_column="k", offset_column="o", partition_column="p",
        topic_column="t", timestamp_column="at", headers_column="hs",
    )  # fmt: skip
    found = rows(engine, stage.read(run))
    assert sorted(each["id"] for each in found) == list(range(3000))
    assert {each["p"] for each in found} == {0, 1, 2}
    assert len({(each["p"], each["o"]) for each in found}) == 3000
    assert all(each["name"] == f"é{each['id']}" and each["k"] == str(each["id"]) for each in found)
    assert found[0]["inner"] == {"tags": ["a", None]}
    assert (found[0]["t"], found[0]["hs"]) == (topic, [{"key": "h", "value": b"\xff"}])
    assert found[0]["at"] == dt.datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=dt.UTC)


def test_more_messages_than_the_engine_takes_at_once_all_come_in_their_order(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic()
    padding = "x" * 1000
    kafka_broker.send(topic, (b'{"id":%d,"p":"%s"}' % (n, padding.encode()) for n in range(150_000)))
    stage = Kafka(connection="events", topics=topic, schema="id bigint", offset_column="o")
    table = engine.to_arrow(stage.read(run).where("id = o"))  # type: ignore[union-attr]
    assert table.num_rows == 150_000


def test_columns_that_nobody_uses_are_not_made(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    topic = kafka_broker.topic()
    kafka_broker.send(topic, [{"id": 1, "x": 2}])
    run.columns = ("offset",)
    stage = Kafka(connection="events", topics=topic, offset_column="offset", topic_column="topic")
    assert rows(engine, stage.read(run)) == [{"offset": 0}]


def test_bytes_text_and_delimited_lines(engine: Engine, run: StageRun, kafka_broker: KafkaBroker) -> None:
    topic = kafka_broker.topic()
    kafka_broker.send(topic, [b'1,"a,b",2.5', b"2,,", None])
    some: dict[str, Any] = {"connection": "events", "topics": topic}
    csv = Kafka(format="csv", schema="id int, name string, price double", **some)
    first, second, third = rows(engine, csv.read(run))
    assert first == {"id": 1, "name": "a,b", "price": 2.5}
    assert second == {"id": 2, "name": None, "price": None}
    assert third == {"id": None, "name": None, "price": None}
    assert rows(engine, Kafka(format="text", **some).read(run))[1:] == [{"value": "2,,"}, {"value": None}]
    binary = Kafka(format="binary", value_column="raw", **some)
    assert rows(engine, binary.read(run))[1:] == [{"raw": b"2,,"}, {"raw": None}]


@pytest.mark.parametrize(
    ("form", "values", "codes"),
    [
        ("json", [b"{", b"[1]", b'{"id":"x"}', b"", b'{"id":1}{"id":2}'],
         ["bad-json", "bad-json", "bad-value", "bad-json", "bad-json"]),
        ("csv", [b"x", b"1,2", b"", b"1\n2"], ["bad-value", "ragged-row", "ragged-row", "ragged-row"]),
        ("text", [b"\xff"], ["bad-encoding"]),
        ("avro", [b"\x02", b"\x02\x02\x00\x00"], ["bad-avro", "bad-avro"]),
    ],
)  # fmt: skip
def test_a_message_that_is_no_row_is_told_with_its_place(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker, form: Any, values: list[bytes], codes: list[str]
) -> None:
    good = {"json": b'{"id":7}', "csv": b"7", "text": b"7", "avro": b"\x0e\x00\x00"}[form]
    topic = kafka_broker.topic()
    kafka_broker.send(topic, [good, *values, good], key=None)
    schema = {"schema": "id int"} if form in ("json", "csv") else {}
    schema |= {"avro_schema": AVRO} if form == "avro" else {}
    stage = Kafka(connection="events", topics=topic, format=form, **schema)
    with pytest.raises(Exception, match=f"Topic '{topic}', partition 0, offset 1") as stopped:
        rows(engine, stage.read(run))
    assert "bad-row" in str(stopped.value) or "headrace" in str(stopped.value)
    run.on_error = "route"
    result = stage.read(run)
    assert isinstance(result, WithErrors)
    assert len(rows(engine, result)) == 2
    rejected = engine.to_arrow(result.rejected).to_pylist()
    assert [each["_error_code"] for each in rejected] == codes
    places = [(each["_error_topic"], each["_error_partition"], each["_error_offset"]) for each in rejected]
    assert places == [(topic, 0, n + 1) for n in range(len(values))]
    assert rejected[0]["_error_raw"] == ("0xff" if form == "text" else values[0].decode())


def test_records_whose_schema_the_document_has(
    engine: Engine, run: StageRun, kafka_broker: KafkaBroker
) -> None:
    import io

    from fastavro import parse_schema, schemaless_writer

    topic = kafka_broker.topic()
    target = io.BytesIO()
    record = {"id": 7, "at": MOMENT, "note": "x"}
    schemaless_writer(target, parse_schema(AVRO), record)
    kafka_broker.send(topic, [target.getvalue(), None])
    stage = Kafka(connection="events", topics=topic, format="avro", avro_schema=json.dumps(AVRO))
    assert rows(engine, stage.read(run)) == [record, {"id": None, "at": None, "note": None}]


def test_a_registry_keeps_the_schemas_and_old_records_are_read_as_the_newest(
    engine: Engine, tmp_path: Path, kafka_broker: KafkaBroker, apicurio: Apicurio
) -> None:
    run = run_on(engine, tmp_path, kafka_broker, connection={"registry_url": apicurio.url})
    topic = kafka_broker.topic()
    with pytest.raises(DataRefused, match=f"has no subject '{topic}-value'"):
        Kafka(connection="events", topics=topic, format="avro").read(run)
    one = engine.session.sql("select 1 as id, 'a' as name")
    two = engine.session.sql("select 2 as id, 'b' as name, cast('1.50' as decimal(5,2)) as price")
    for batch, frame in enumerate((one, two)):
        run.batch = str(batch)
        Write(connection="events", topic=topic, format="avro").write(frame, run).publish()
    kafka_broker.settle(topic)
    found = rows(engine, Kafka(connection="events", topics=topic, format="avro").read(run))
    assert [(each["id"], each["name"], str(each["price"])) for each in found] == [
        (1, "a", "None"),
        (2, "b", "1.50"),
    ]
    run.batch = "2"
    staged = Write(connection="events", topic=topic, format="avro").write(one.selectExpr("'x' as id"), run)
    with pytest.raises(DataRefused, match="refuses subject"):
        staged.publish()
    staged.undo()
    kafka_broker.send(topic, [b"no number"])
    run.on_error = "route"
    result = Kafka(connection="events", topics=topic, format="avro").read(run)
    assert isinstance(result, WithErrors)
    assert numbers(engine, result) == [1, 2]
    (rejected,) = engine.to_arrow(result.rejected).to_pylist()
    assert rejected["_error_raw"] == "no number"


def test_a_registry_that_does_not_answer_is_told(
    engine: Engine, tmp_path: Path, kafka_broker: KafkaBroker
) -> None:
    settings = {"registry_url": "http://127.0.0.1:1", "timeout_seconds": 2.0}
    run = run_on(engine, tmp_path, kafka_broker, connection=settings)
    topic = kafka_broker.topic()
    with pytest.raises(Exception, match=r"registry at http://127\.0\.0\.1:1 did not answer"):
        Kafka(connection="events", topics=topic, format="avro").read(run)
    with pytest.raises(InvalidCall, match="names no registry"):
        Kafka(connection="events", topics=topic, format="avro").read(
            run_on(engine, tmp_path / "other", kafka_broker)
        )


def test_an_empty_topic_needs_a_schema(engine: Engine, run: StageRun, kafka_broker: KafkaBroker) -> None:
    topic = kafka_broker.topic()
    with pytest.raises(DataRefused, match="tells any columns"):
        Kafka(connection="events", topics=topic).read(run)
    stage = Kafka(connection="events", topics=topic, schema="id bigint")
    assert rows(engine, stage.read(run)) == []


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "either topics or a pattern"),
        ({"topics": "a", "pattern": "b"}, "either topics or a pattern"),
        ({"topics": "a", "format": "csv"}, "need a schema"),
        ({"topics": "a", "start": "yesterday"}, "neither earliest, latest"),
        ({"topics": "a", "start": {"a": {"0": -1}}}, "greater than or equal to 0"),
    ],
)
def test_what_makes_no_sense_is_refused(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Kafka(connection="events", **config)


@pytest.mark.spark
def test_spark_reads_and_writes_the_same(
    spark_engine: Engine, tmp_path: Path, kafka_broker: KafkaBroker
) -> None:
    run = run_on(spark_engine, tmp_path, kafka_broker, on_error="route")
    topic = kafka_broker.topic(partitions=2)
    frame = spark_engine.session.range(5000).selectExpr("id", "concat('n', id) as name")
    staged = Write(connection="events", topic=topic, key="name").write(frame, run)
    output = staged.publish()
    assert output is not None
    assert output.rows == 5000
    kafka_broker.send(topic, [b"broken"], partition=1)
    kafka_broker.settle(topic)
    result = Kafka(connection="events", topics=topic, partition_column="p").read(run)
    assert isinstance(result, WithErrors)
    assert numbers(spark_engine, result) == list(range(5000))
    (rejected,) = spark_engine.to_arrow(result.rejected).to_pylist()
    assert (rejected["_error_raw"], rejected["_error_partition"]) == ("broken", 1)
