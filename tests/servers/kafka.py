"""Apache Kafka itself, one broker and controller in one process, from Maven's repository; it needs Java 17.

Maven's own client fetches it where there is one, since it knows the mirrors of the place; otherwise it is
downloaded from ``HEADRACE_MAVEN_REPOSITORY`` (without it, Maven Central).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .starting import free_port, installing, missing, serving

if TYPE_CHECKING:
    from confluent_kafka import Message
    from confluent_kafka.admin import AdminClient

LIST = Path(__file__).with_name("kafka-jars.txt")
VERSION = "4.4.0"
REPOSITORY = os.environ.get("HEADRACE_MAVEN_REPOSITORY", "https://repo.maven.apache.org/maven2")
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>headrace</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
<dependencies><dependency>
<groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.4.0</version>
</dependency></dependencies></project>
"""
PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},SASL://127.0.0.1:{sasl},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL://127.0.0.1:{sasl},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_{user}="{password}";
log.dirs={folder}
log.retention.ms=-1
log.cleaner.backoff.ms=200
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=2
background.threads=2
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
"""


def jars() -> Path:
    """The folder with Kafka and all that it needs."""
    if shutil.which("java") is None:
        missing("Apache Kafka needs Java 17, and there is no java")
    names = [line.split(":") for line in LIST.read_text().splitlines() if not line.startswith("#")]
    with installing(f"kafka-{VERSION}") as folder:
        wanted = [each for each in names if not (folder / f"{each[1]}-{each[2]}.jar").is_file()]
        try:
            if wanted and shutil.which("mvn"):
                _by_maven(folder)
            elif wanted:
                with ThreadPoolExecutor(8) as pool:
                    list(pool.map(lambda each: _download(folder, *each), wanted))
        except (OSError, subprocess.SubprocessError) as error:
            missing(f"Apache Kafka cannot be fetched from Maven's repository: {error}")
        return folder


def _by_maven(folder: Path) -> None:
    (folder / "pom.xml").write_text(POM)
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    subprocess.run(["mvn", "-q", "-B", "-f", folder / "pom.xml", *goal], check=True, timeout=600)


def _download(folder: Path, group: str, name: str, version: str) -> None:
    file = f"{name}-{version}.jar"
    address = f"{REPOSITORY}/{group.replace('.', '/')}/{name}/{version}/{file}"
    with urllib.request.urlopen(address, timeout=60) as answer, (folder / f"{file}.part").open("wb") as part:
        shutil.copyfileobj(answer, part)
    (folder / f"{file}.part").rename(folder / file)


class KafkaBroker:
    """A broker on 127.0.0.1: one port for everybody, one for ``user`` with ``password``."""

    user = "headrace"
    password = "correct-horse"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.sasl_port, self._controller = free_port(), free_port(), free_port()
        self._serving = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes]

    @property
    def servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """What a page that needs this server finds in its environment."""
        return {"KAFKA_SERVERS": self.servers}

    @cached_property
    def admin(self) -> AdminClient:
        from confluent_kafka.admin import AdminClient

        return AdminClient({"bootstrap.servers": self.servers, "log_level": 0})

    def topic(self, name: str | None = None, *, partitions: int = 1, **config: str) -> str:
        """Makes a topic, of a new name if none is given; ``config`` has ``_`` for the dots of names."""
        from confluent_kafka.admin import NewTopic

        name = name or f"topic-{uuid.uuid4().hex[:12]}"
        plain = {key.replace("_", "."): value for key, value in config.items()}
        self.admin.create_topics([NewTopic(name, partitions, 1, config=plain)])[name].result()
        return name

    def send(self, topic: str, rows: Iterable[Any], *, key: str | None = None, **more: Any) -> None:
        """Rows as JSON, bytes and ``None`` as they are; ``key`` names the column that becomes the key."""
        from confluent_kafka import Producer

        producer = Producer({"bootstrap.servers": self.servers, "linger.ms": 20, "log_level": 0})
        for row in rows:
            plain = row is None or isinstance(row, bytes)
            value = row if plain else json.dumps(row, ensure_ascii=False).encode()
            own = {"key": str(row[key]).encode()} if key is not None and not plain else {}
            while True:
                try:
                    producer.produce(topic, value, **own, **more)
                    break
                except BufferError:
                    producer.poll(0.1)
        assert producer.flush(30) == 0

    def settle(self, topic: str, seconds: float = 3) -> None:
        """Waits until what was committed can be read: brokers mark partitions a little after they say so."""
        from confluent_kafka import IsolationLevel, TopicPartition
        from confluent_kafka.admin import OffsetSpec

        partitions = self.admin.list_topics(topic, timeout=10).topics[topic].partitions

        def ends(level: IsolationLevel) -> list[int]:
            asked = {TopicPartition(topic, number): OffsetSpec.latest() for number in partitions}
            return [
                each.result().offset
                for each in self.admin.list_offsets(asked, isolation_level=level).values()
            ]

        deadline = time.monotonic() + seconds
        while ends(IsolationLevel.READ_COMMITTED) != ends(IsolationLevel.READ_UNCOMMITTED):
            if time.monotonic() > deadline:
                return  # a transaction is open
            time.sleep(0.05)

    def received(self, topic: str, isolation: str = "read_committed") -> list[Message]:
        """All that a reader of the topic sees now, in order of each partition."""
        from confluent_kafka import Consumer, TopicPartition

        if isolation == "read_committed":
            self.settle(topic)
        settings = {
            "bootstrap.servers": self.servers, "group.id": "tests", "enable.auto.commit": False,
            "auto.offset.reset": "earliest", "isolation.level": isolation, "enable.partition.eof": True,
            "log_level": 0, "fetch.wait.max.ms": 50,
        }  # fmt: skip
        consumer = Consumer(settings)
        partitions = self.admin.list_topics(topic, timeout=10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        found: list[Message] = []
        ends: set[int | None] = set()
        while len(ends) < len(partitions):
            for message in consumer.consume(1000, 1.0):
                if message.error() is None:
                    found.append(message)
                else:
                    assert message.error().name() == "_PARTITION_EOF", message.error()
                    ends.add(message.partition())
        consumer.close()
        return found

    def _java(self, *words: str) -> list[str]:
        config = self.folder / "log4j2.yaml"
        config.write_text("Configuration: {Loggers: {Root: {level: ERROR}}}\n")
        options = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return ["java", *options, f"-Dlog4j2.configurationFile={config}", "-cp", f"{jars()}/*", *words]

    @contextlib.contextmanager
    def running(self) -> Iterator[KafkaBroker]:
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        ports = {"port": self.port, "sasl": self.sasl_port, "controller": self._controller}
        who = {"user": self.user, "password": self.password}
        properties.write_text(PROPERTIES.format(**ports, **who, folder=self.folder / "data"))
        words = ["kafka.tools.StorageTool", "format", "--standalone", "-t", str(uuid.uuid4())]
        command = self._java(*words, "-c", str(properties))
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        with self._serving:
            self._serve()
            yield self

    def _serve(self) -> None:
        command = self._java("kafka.Kafka", str(self.folder / "server.properties"))
        self._process = self._serving.enter_context(serving(command, self.folder, self._answers, seconds=60))

    def restart(self) -> None:
        """Ends the broker without a word, and starts it on the same port with the same data."""
        self._process.kill()
        self._process.wait()
        self._serve()

    def _answers(self) -> bool:
        from confluent_kafka import KafkaException

        with contextlib.suppress(KafkaException):
            return bool(self.admin.list_topics(timeout=1).brokers)
        return False


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """Apache Kafka for the whole process."""
    pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")
    with KafkaBroker(tmp_path_factory.mktemp("kafka")).running() as broker:
        yield broker
