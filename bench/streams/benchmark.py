"""What a stream adds to each batch, and what it costs to find what is new among many objects."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

from results import Claim, Section
from setting import BENCH, HEADRACE, PYTHON, Setting

__all__ = ["measure"]

BATCHES = 200
OBJECTS = 100_000
PIPELINE = """\
headrace: 1
kind: pipeline
name: small
mode: streaming
stages:
  load: {type: origin.files, path: in/*.csv, schema: "id bigint, v string", max_files: 1}
  out: {type: destination.files, from: load, path: out}
"""
BODY = """\
{batches} files of ten rows, one a batch: read, written as Parquet, published with a manifest, the offset
committed. The overhead is what lies between the ends of two batches, less the median of
[bare.py](streams/bare.py): the embedded engine reads and writes the same files one by one, without staging,
journal or offsets.

| | ms a batch |
|---|---:|
| a batch of the stream | {batch:.1f} |
| from one batch to the next | {between:.1f} |
| the engine by itself | {bare:.1f} |

{objects:,} objects in a bucket of the local S3 server, all read but three. Bare is obstore's own listing, to
its end.

| | s |
|---|---:|
| bare listing | {listing:.2f} |
| the next slice | {slice:.2f} |
"""


def measure(setting: Setting) -> Section:
    """Both."""
    batches = 10 if setting.quick else BATCHES
    project = setting.project("small", pipeline=PIPELINE)
    (project / "in").mkdir()
    for number in range(batches):
        rows = "".join(f"{number * 10 + row},text\n" for row in range(10))
        (project / "in" / f"{number:05}.csv").write_text("id,v\n" + rows)
    batch, between = _stream(project)
    bare = _bare(project)
    objects = setting.rows(OBJECTS)
    listing, found = _listing(setting.folder / "s3", objects, setting.rounds)
    claims = [
        Claim.at_most("overhead of a micro-batch", 1000 * (between - bare), 50, " ms"),
        Claim.at_most(f"finding 3 new of {objects:,} objects / bare listing", found / listing, 1.5, " ×"),
    ]
    figures: dict[str, Any] = {"batch": 1000 * batch, "between": 1000 * between, "bare": 1000 * bare}
    body = BODY.format(batches=batches, objects=objects, listing=listing, slice=found, **figures)
    return Section("streams", "What a stream costs", claims, body)


def _stream(project: Path) -> tuple[float, float]:
    """Median seconds of a batch, and from the end of one to the end of the next."""
    command = [HEADRACE, "run", "pipeline.yaml", "--once", "--events"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seconds, ends = [], []
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "batch_finished":
                seconds.append(event["seconds"])
                ends.append(time.perf_counter())
    if process.returncode:
        raise RuntimeError("the stream failed")
    between = [after - before for before, after in pairwise(ends)]
    return statistics.median(seconds), statistics.median(between)


def _bare(project: Path) -> float:
    command = [PYTHON, str(BENCH / "streams" / "bare.py"), str(project / "in"), str(project / "bare")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(statistics.median(json.loads(done.stdout.splitlines()[-1])))


def _listing(folder: Path, objects: int, rounds: int) -> tuple[float, float]:
    """Median seconds of a bare listing and of a slice, taken in turn."""
    import obstore

    from headrace.app.local_s3 import LocalS3
    from headrace.stages.origins.files import Files
    from headrace.testing import StageRun

    with LocalS3(folder) as server:
        server.create_bucket("many")
        connection = server.connection()
        store = _store(connection)
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda n: obstore.put(store, f"in/{n:07}.csv", b"id\n1\n"), range(objects - 3)))
        run = StageRun(None, folder, connections={"s3": connection})  # type: ignore[arg-type]
        stage = Files(path="s3://many/in/*.csv", connection="s3", read="new")
        first = stage.next_slice(None, run)
        assert first is not None
        for number in range(3):
            obstore.put(store, f"in/new-{number}.csv", b"id\n2\n")
        bare, ours = [], []
        for _ in range(rounds):
            began = time.perf_counter()
            count = sum(len(batch) for batch in obstore.list(store, "in/", chunk_size=1000))
            bare.append(time.perf_counter() - began)
            began = time.perf_counter()
            found = stage.next_slice(first.offset, run)
            ours.append(time.perf_counter() - began)
            assert found is not None
            assert (count, len(found.items)) == (objects, 3)
    return statistics.median(bare), statistics.median(ours)


def _store(connection: Any) -> Any:
    from headrace.storage.objects import open_store

    return open_store("s3://many/", connection, Path())._store  # type: ignore[attr-defined]
