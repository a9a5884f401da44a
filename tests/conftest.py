"""What all tests share: one embedded session per process, and one JVM where a test asks for Spark."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from headrace.core import EngineFailed, EngineSettings
from headrace.engine import open_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

    from headrace.engine import Engine

EVERYTHING = os.environ.get("HEADRACE_REQUIRE_ALL") == "1"
"""A missing part of the machine fails its tests instead of skipping them."""


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The embedded engine, started once per process."""
    scratch = tmp_path_factory.mktemp("engine")
    with open_engine("embedded", EngineSettings(memory="2GB"), scratch=scratch) as opened:
        yield opened


@pytest.fixture(scope="session")
def session(engine: Engine) -> SparkSession:
    """The embedded engine's session."""
    return engine.session


@pytest.fixture(scope="session")
def shared_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine | EngineFailed]:
    """One JVM per process, or why there is none."""
    try:
        opened = open_engine("spark", EngineSettings(threads=2), scratch=tmp_path_factory.mktemp("spark"))
    except EngineFailed as why:
        yield why
        return
    with opened:
        yield opened


@pytest.fixture
def spark_engine(shared_spark: Engine | EngineFailed, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The Spark engine on this machine; a test that uses it carries the mark ``spark``."""
    if isinstance(shared_spark, EngineFailed):
        (pytest.fail if EVERYTHING else pytest.skip)(str(shared_spark))
    embedded: Engine = request.getfixturevalue("engine")
    _ = shared_spark.session
    yield shared_spark
    _ = embedded.session


@pytest.fixture(params=["embedded", pytest.param("spark", marks=pytest.mark.spark)])
def any_engine(request: pytest.FixtureRequest) -> Engine:
    """Both engines, one after the other: what a stage does must not depend on which."""
    opened: Engine = request.getfixturevalue("engine" if request.param == "embedded" else "spark_engine")
    return opened
