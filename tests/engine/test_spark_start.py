"""A Spark that cannot start says in one sentence why, and what to do. None of these needs Java."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.core import EngineFailed, EngineSettings, InvalidCall, SparkSettings, Unavailable
from headrace.engine import open_engine
from headrace.engine.java import find_java, require_java
from headrace.engine.jvm import full_pyspark, spark_settings


def fake_java(folder: Path, says: str) -> Path:
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    java.chmod(0o755)
    return folder


def test_java_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EngineFailed, match="JAVA_HOME is") as caught:
        require_java()
    assert caught.value.code == "java-missing"
    assert "apt-get install" in (caught.value.hint or "")


def test_no_java_on_the_path(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_java() is None


@pytest.mark.parametrize(
    ("says", "version"), [('openjdk version "1.8.0_402"', 8), ('openjdk version "11.0.22" 2024-01-16', 11)]
)
def test_java_that_is_too_old(monkeypatch, tmp_path, says, version):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "jdk", says)))
    with pytest.raises(EngineFailed, match=f"is version {version}") as caught:
        require_java()
    assert caught.value.code == "java-too-old"


def test_java_that_is_new_enough_is_asked_or_read(monkeypatch, tmp_path):
    home = fake_java(tmp_path / "jdk", 'openjdk version "21.0.2" 2024-01-16')
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert require_java().version == 21
    (home / "release").write_text('IMPLEMENTOR="x"\nJAVA_VERSION="17.0.15"\n')
    assert require_java().version == 17


@pytest.mark.parametrize(
    ("scheme", "what"),
    [
        ("sc", "Spark Connect server"),
        ("spark", "Spark master"),
        ("k8s", "Kubernetes API server"),
        ("k8s://https", "Kubernetes API server"),
    ],
)
def test_a_server_that_is_not_there_is_known_at_once(tmp_path, scheme, what):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = EngineSettings(spark=SparkSettings(master=f"{scheme}://127.0.0.1:{port}"))
    with pytest.raises(Unavailable, match=f"No {what} answers") as caught:
        open_engine("spark", settings, scratch=tmp_path)
    assert caught.value.code == "engine-unreachable"


def test_a_master_that_is_none(tmp_path):
    settings = EngineSettings(spark=SparkSettings(master="mesos://host"))
    with pytest.raises(InvalidCall, match="is not a Spark master"):
        open_engine("spark", settings, scratch=tmp_path)


def test_the_projects_own_settings_win(tmp_path):
    section = SparkSettings(
        packages=("a:b:1", "c:d:2"), settings={"spark.sql.shuffle.partitions": "7", "spark.x": "y"}
    )
    chosen = spark_settings(EngineSettings(threads=4, memory="2GB", spark=section), tmp_path)
    assert chosen["spark.master"] == "local[4]"
    assert chosen["spark.driver.memory"] == "2048m"
    assert chosen["spark.jars.packages"] == "a:b:1,c:d:2"
    assert (chosen["spark.sql.shuffle.partitions"], chosen["spark.x"]) == ("7", "y")


def test_a_cluster_is_not_told_what_only_suits_this_machine(tmp_path):
    chosen = spark_settings(EngineSettings(spark=SparkSettings(master="yarn")), tmp_path)
    assert chosen["spark.master"] == "yarn"
    assert "spark.driver.bindAddress" not in chosen
    assert "spark.sql.shuffle.partitions" not in chosen


REFUSED = """
import json, sys
from pathlib import Path
from headrace.core import EngineSettings, HeadraceError, SparkSettings
from headrace.engine import open_engine

wrong = [{"spark.driver.memory": "abc"}, {"spark.serializer": "no.such.Serializer"}]
for settings in wrong:
    try:
        chosen = EngineSettings(spark=SparkSettings(settings=settings))
        open_engine("spark", chosen, scratch=Path(sys.argv[1]))
    except HeadraceError as error:
        print(json.dumps(error.to_json()))
"""


@pytest.mark.spark
def test_what_spark_refuses_is_one_sentence(tmp_path):
    """In a process of its own: this one may have a JVM already."""
    if full_pyspark() is None or find_java() is None:
        pytest.skip("needs Java 17 or newer and the spark extra")
    program = tmp_path / "program.py"
    program.write_text(REFUSED)
    command = [sys.executable, str(program), str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    memory, serializer = map(json.loads, ended.stdout.splitlines())
    assert {memory["code"], serializer["code"]} == {"engine-start-failed"}
    assert "Invalid maximum heap size: -Xmxabc" in memory["message"]
    assert "no.such.Serializer" in serializer["message"]
    assert ended.stderr == ""
