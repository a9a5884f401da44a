"""Streams: batches of what is new until somebody stops them, each row exactly once whoever is killed."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from headrace.app.runs import start
from headrace.app.workspace import open_document

from .streams import Ends, kill_and_resume

HEAD = "headrace: 1\nkind: pipeline\nname: stream\nmode: streaming\ninterval: 0.1s\n"
STAGES = """\
  load: {type: origin.files, path: in/*.csv, schema: "id bigint, text string", allow_missing: true}
  upper: {type: processor.sql_expression, from: load, columns: {loud: upper(text)}}
  out: {type: destination.files, from: upper, path: out, format: csv}
"""


def numbers(folder: Path) -> list[int]:
    """What a reader of the destination sees."""
    found = []
    for file in sorted(folder.glob("part-*.csv")):
        with file.open(newline="") as text:
            found += [int(row["id"]) for row in csv.DictReader(text)]
    return found


def drop(folder: Path, name: str, rows: Iterable[int]) -> None:
    """A whole file at once, as whoever delivers files does it."""
    folder.mkdir(exist_ok=True)
    hidden = folder / f".{name}"
    hidden.write_text("id,text\n" + "".join(f"{row},a\n" for row in rows))
    hidden.rename(folder / name)


@pytest.fixture
def stream(place: Any) -> Any:
    place.write("p.yaml", HEAD + "stages:\n" + STAGES)
    return place


def begin(place: Any, **options: Any) -> Any:
    workspace = open_document(place.folder / "p.yaml")
    return start(workspace.project, workspace.text, file="p.yaml", **options)


def follow(process: Any, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    seen = []
    for event in process.events():
        seen.append(event)
        if wanted(event):
            return seen
    raise AssertionError(f"it ended first: {process.result().error}")


def batch(number: int) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["event"] == "batch_finished" and event["count"] >= number


def test_a_stream_publishes_what_comes_until_it_is_stopped_and_goes_on_from_there(stream: Any) -> None:
    drop(stream.folder / "in", "a.csv", [1, 2])
    with begin(stream) as process:
        follow(process, batch(1))
        drop(stream.folder / "in", "b.csv", [3])
        (last,) = follow(process, batch(2))[-1:]
        assert last["batch"] == "000002"
        assert last["totals"]["load"]["rows_out"] == 3

        with begin(stream) as second:
            assert list(second.events())
        refused = second.result()
        assert (refused.state, refused.error.code) == ("failed", "stream-alive")
        assert process.run_id in refused.error.message

        process.cancel()
        for _ in process.events():
            pass
    result = process.result()
    assert (result.state, result.batches) == ("cancelled", 2)
    assert numbers(stream.folder / "out") in ([1, 2, 3], [3, 1, 2])

    drop(stream.folder / "in", "c.csv", [4])
    with begin(stream, once=True) as process:
        for _ in process.events():
            pass
    assert (process.result().state, process.result().batches) == ("finished", 1)
    assert sorted(numbers(stream.folder / "out")) == [1, 2, 3, 4]
    shown = stream.json("runs", "show", "last")
    assert shown["batches"] == 1
    assert [each["batch"] for each in shown["last_batches"]] == ["000001"]


def test_from_the_start_reads_all_again_and_then_only_what_is_new(stream: Any) -> None:
    drop(stream.folder / "in", "a.csv", [1, 2])
    for options in ({"once": True}, {"once": True, "from_start": True}, {"once": True}):
        with begin(stream, **options) as process:
            for _ in process.events():
                pass
        assert process.result().state == "finished"
    assert sorted(numbers(stream.folder / "out")) == [1, 1, 2, 2]


def test_a_stream_until_now_ends_when_all_is_done_that_had_come(stream: Any) -> None:
    drop(stream.folder / "in", "a.csv", [1, 2])
    with begin(stream, until=time.time()) as process:
        for _ in process.events():
            pass
    assert (process.result().state, process.result().batches) == ("finished", 1)


def test_a_stream_that_nothing_feeds_is_refused(stream: Any) -> None:
    stream.write("p.yaml", HEAD + "stages:\n" + STAGES.replace("path: in", "read: all, path: in"))
    drop(stream.folder / "in", "a.csv", [1])
    with begin(stream) as process:
        for _ in process.events():
            pass
    assert [each["code"] for each in process.result().issues] == ["nothing-to-stream"]


def test_a_batch_that_fails_leaves_nothing_and_what_was_before_stays(stream: Any) -> None:
    drop(stream.folder / "in", "a.csv", [1])
    with begin(stream) as process:
        follow(process, batch(1))
        (stream.folder / "in" / "b.csv").write_text("id,text\nnone,x\n")
        for _ in process.events():
            pass
    result = process.result()
    assert (result.state, result.error.code) == ("failed", "bad-row")
    assert result.batches == 1
    assert numbers(stream.folder / "out") == [1]
    drop(stream.folder / "in", "b.csv", [2])
    with begin(stream, once=True) as process:
        for _ in process.events():
            pass
    assert sorted(numbers(stream.folder / "out")) == [1, 2]


def test_ctrl_c_stops_a_stream_and_the_record_says_how_much_was_published(
    stream: Any, events_until: Callable[..., list[dict[str, Any]]]
) -> None:
    drop(stream.folder / "in", "a.csv", [1])
    with stream.start("run", "p.yaml", "--events", "--interval", "200ms") as process:
        events_until(process, batch(1))
        process.send_signal(signal.SIGINT)
        last = json.loads(process.stdout.read().splitlines()[-1])
        assert process.wait(30) == 130
    assert (last["event"], last["state"]) == ("run_finished", "cancelled")


def test_many_batches_leave_a_short_record_and_nothing_behind(stream: Any) -> None:
    import sqlite3

    drop(stream.folder / "in", "0.csv", [0])
    with begin(stream, interval=0.0) as process:
        for number in range(1, 46):
            follow(process, batch(number))
            drop(stream.folder / "in", f"{number}.csv", [number])
        follow(process, batch(46))
        process.cancel()
        for _ in process.events():
            pass
    result = process.result()
    assert result.batches == 46
    assert len(result.last_batches) == 20
    assert sorted(numbers(stream.folder / "out")) == list(range(46))
    state = sqlite3.connect(stream.folder / ".headrace" / "state.db")
    (events,) = state.execute("SELECT count(*) FROM events").fetchone()
    (batches,) = state.execute("SELECT count(*) FROM publishes").fetchone()
    assert (events <= 50, batches <= 40) == (True, True), (events, batches)
    left = [path for path in (stream.folder / ".headrace" / "runs").rglob("*") if "batches" in path.parts]
    assert left == []


def files(place: Any) -> Ends:
    """Files in, files out."""
    folder = place.folder / "in"
    folder.mkdir()
    (place.folder / "out").mkdir()

    def put(rows: Iterable[int]) -> None:
        drop(folder, f"{os.urandom(6).hex()}.csv", rows)

    moved = STAGES.replace("path: in/*.csv,", "path: in/*.csv, max_files: 5, after: move, move_to: read,")
    return Ends(moved, put, lambda: numbers(place.folder / "out"))


def test_a_stream_of_files_killed_at_any_moment_leaves_every_row_once(place: Any) -> None:
    ends = files(place)
    kill_and_resume(place, ends, kills=4, seed=int(os.environ.get("HEADRACE_SEED", "11")), restart=int)
    assert sum(ends.batches) > 0


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_two_hundred_kills_of_a_stream_of_files(place: Any, seed: int) -> None:
    kill_and_resume(place, files(place), kills=40, seed=seed, restart=int)


@pytest.mark.spark
def test_the_same_batches_run_as_jobs_of_spark(stream: Any, spark_engine: Any) -> None:
    assert spark_engine.name == "spark", "a machine without Java skips"
    for number in range(3):
        drop(stream.folder / "in", f"{number}.csv", [number])
    stream.write(
        "p.yaml", HEAD + "stages:\n" + STAGES.replace("path: in/*.csv,", "path: in/*.csv, max_files: 1,")
    )
    with begin(stream, once=True, engine="spark") as process:
        for _ in process.events():
            pass
    result = process.result()
    assert (result.state, result.batches, result.engine) == ("finished", 3, "spark")
    assert sorted(numbers(stream.folder / "out")) == [0, 1, 2]
    assert result.stages[0].rows_out == 3
