"""A Spark Connect server elsewhere: the client alone, and the same promises."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from headrace.core import Cancelled, EngineSettings, SparkSettings
from headrace.engine import diagnose, explain_failure, open_engine
from headrace.engine.jvm import full_pyspark
from headrace.frames.arrow import frame_to_arrow

pytestmark = pytest.mark.spark

SERVER = """
import sys
from pathlib import Path
from headrace.core import EngineSettings, SparkSettings
from headrace.engine import open_engine

settings = SparkSettings(settings={
    "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": sys.argv[1],
})
chosen = EngineSettings(threads=2, memory="1GB", spark=settings)
with open_engine("spark", chosen, scratch=Path(sys.argv[2])):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A real server in a process of its own, on a free port of this machine."""
    needed = [check for check in diagnose() if check.name in ("pyspark", "java")]
    missing = [f"{check.detail}: {check.remedy}" for check in needed if not check.ok]
    if missing or full_pyspark() is None:
        stop = pytest.fail if os.environ.get("HEADRACE_REQUIRE_ALL") == "1" else pytest.skip
        stop("; ".join(missing) or "The full PySpark is not installed: pip install 'headrace[spark]'")
    folder: Path = tmp_path_factory.mktemp("server")
    (folder / "server.py").write_text(SERVER)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, str(folder / "server.py"), str(port), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield f"sc://127.0.0.1:{port}"
    process.stdin.close()
    process.wait(timeout=60)
    process.stdout.close()


@pytest.fixture(scope="module")
def connected(server, tmp_path_factory):
    settings = EngineSettings(
        spark=SparkSettings(master=server, settings={"spark.sql.shuffle.partitions": "2"})
    )
    with open_engine("spark", settings, scratch=tmp_path_factory.mktemp("client")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def active(connected, engine):
    _ = connected.session
    yield
    _ = engine.session


def compute(frame):
    frame.write.mode("overwrite").format("noop").save()


def test_a_query_answers_with_our_settings(connected):
    assert connected.session.range(5).count() == 5
    assert connected.session.conf.get("spark.sql.session.timeZone") == "UTC"
    assert connected.session.conf.get("spark.sql.shuffle.partitions") == "2"
    assert (connected.name, connected.version) == ("spark", "spark 4.2.0")


def test_rows_are_counted_over_the_wire(connected):
    odd = connected.counted(connected.session.range(1000).where("id % 2 = 1"), "odd")
    compute(connected.counted(odd.where("id < 100"), "few").repartitionByRange(3, "id"))
    connected.settle()
    assert (connected.counts()["odd"], connected.counts()["few"]) == (500, 50)


def test_a_frame_that_a_limit_reads_in_part_is_not_counted(connected):
    frame = connected.counted(connected.session.range(0, 1000, 1, 4), "cut")
    frame.head(3)
    assert connected.counts()["cut"] is None
    compute(frame)
    frame.head(3)
    assert connected.counts()["cut"] == 1000


def test_a_kept_frame_tells_its_rows(connected, tmp_path):
    kept, rows = connected.spill(connected.session.range(100), tmp_path)
    assert (rows, kept.count()) == (100, 100)
    connected.release()


def test_frames_come_as_arrow(connected):
    assert frame_to_arrow(connected.session.range(10))["id"].to_pylist() == list(range(10))


def test_an_interrupted_query_is_a_cancellation(connected):
    errors = []

    def work():
        try:
            connected.session.range(0, 10**11, 1, 2).selectExpr("sum(pmod(hash(id), 7))").collect()
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        connected.interrupt()
        thread.join(0.2)
    assert isinstance(explain_failure(errors[0]), Cancelled)


def test_a_mistake_is_told_in_our_words(connected):
    with pytest.raises(Exception) as caught:  # noqa: PT011 — the engine's own kind
        connected.session.range(1).where("idd > 1").collect()
    found = explain_failure(caught.value)
    assert (found.code, found.hint) == ("unknown-column", "Did you mean 'id'?")
