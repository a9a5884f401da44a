"""Tables after a kill -9 at every step of publishing, and under several writers at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from headrace.engine import Engine

from .test_delta import Delta
from .test_iceberg import Iceberg

if TYPE_CHECKING:
    from headrace.core import Staged

if find_spec("pyiceberg") is None and os.environ.get("HEADRACE_REQUIRE_ALL") != "1":
    pytest.skip("the package pyiceberg is not installed", allow_module_level=True)

PUBLISH = """
    import json, os, signal, sys
    from importlib import import_module
    from pathlib import Path
    from types import SimpleNamespace
    from headrace.storage.connections import LakeConnection

    kind, intent, name, when = sys.argv[1:]
    module = import_module(kind.partition(":")[0])
    lake = LakeConnection(format="iceberg", location="my lake ü", layers=("raw",))
    run = SimpleNamespace(folder=Path.cwd(), connection=lambda name: lake, scratch=Path.cwd())

    def dying(*given, **more):
        done = None if when == "before" else real(*given, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    if name:
        real = getattr(module, name)
        setattr(module, name, dying)
    getattr(module, kind.partition(":")[2]).restore(json.loads(intent), run).publish()
"""


def finish(folder: Path, staged: Staged, name: str = "", when: str = "") -> int:
    """Publishes from a process of its own, killed at the function ``name`` if given; its exit code."""
    kind = f"{type(staged).__module__}:{type(staged).__name__}"
    words = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        textwrap.dedent(PUBLISH),
        kind,
        json.dumps(staged.intent()),
    ]
    return subprocess.run([*words, name, when], cwd=folder, check=False, timeout=100).returncode


@pytest.mark.parametrize("mode", ["append", "merge"])
def test_a_delta_batch_is_there_once_whenever_its_publisher_dies(
    engine: Engine, tmp_path: Path, mode: str
) -> None:
    delta = Delta(engine, tmp_path)
    delta.write({"id": [1]})
    keys = {"keys": ["id"]} if mode == "merge" else {}
    staged = delta.stage({"id": [2]}, mode=mode, **keys)
    step = "merge_rows" if mode == "merge" else "name_files"
    assert finish(tmp_path, staged, step, "before") == -9
    assert [row["id"] for row in delta.read()] == [1]
    assert finish(tmp_path, staged, step, "after") == -9
    assert [row["id"] for row in delta.read()] == [1, 2]
    assert finish(tmp_path, staged, "Output", "before") == -9
    staged.publish()
    assert [row["id"] for row in delta.read()] == [1, 2]
    assert delta.version() == 1
    staged.undo()
    assert [row["id"] for row in delta.read()] == [1]


def test_an_iceberg_batch_is_there_once_whenever_its_publisher_dies(engine: Engine, tmp_path: Path) -> None:
    iceberg = Iceberg(engine, tmp_path)
    iceberg.write({"id": [1]})
    staged = iceberg.stage({"id": [2]})
    assert finish(tmp_path, staged, "data_files", "after") == -9
    assert [row["id"] for row in iceberg.read()] == [1]
    assert finish(tmp_path, staged, "Output", "before") == -9
    assert [row["id"] for row in iceberg.read()] == [1, 2]
    staged.publish()
    assert [row["id"] for row in iceberg.read()] == [1, 2]
    assert len(iceberg.versions()) == 2


def test_processes_that_publish_at_once_lose_nothing(engine: Engine, tmp_path: Path) -> None:
    delta, iceberg = Delta(engine, tmp_path), Iceberg(engine, tmp_path)
    delta.write({"id": [0]})
    iceberg.write({"id": [0]})
    staged: list[Staged] = [delta.stage({"id": [number]}) for number in (1, 2, 3)]
    staged += [iceberg.stage({"id": [number]}) for number in (1, 2, 3)]
    with ThreadPoolExecutor(len(staged)) as pool:
        assert set(pool.map(lambda each: finish(tmp_path, each), staged)) == {0}
    assert [row["id"] for row in delta.read()] == [0, 1, 2, 3]
    assert [row["id"] for row in iceberg.read()] == [0, 1, 2, 3]


@pytest.mark.spark
def test_spark_reads_and_writes_the_same_tables(spark_engine: Engine, tmp_path: Path) -> None:
    delta, iceberg = Delta(spark_engine, tmp_path), Iceberg(spark_engine, tmp_path)
    for table in (delta, iceberg):
        table.write({"id": [1, 2], "x y": ["a", None]}, partition_by=["x y"])
        table.write({"id": [3], "x y": ["b"]})
        assert table.read() == [{"id": 1, "x y": "a"}, {"id": 2, "x y": None}, {"id": 3, "x y": "b"}]
    delta.write({"id": [3], "x y": ["c"]}, mode="merge", keys=["id"])
    assert delta.read()[2] == {"id": 3, "x y": "c"}
