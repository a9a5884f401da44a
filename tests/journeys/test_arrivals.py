"""Files as they arrive: oldest first, so many a batch, once each, and cleared away when all is published."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from headrace.app.runs import start
from headrace.app.workspace import open_document
from headrace.core import InvalidDocument
from headrace.storage.objects import Cleared, Seen, open_store
from headrace.testing import StageRun

PIPELINE = """\
headrace: 1
kind: pipeline
name: arrivals
stages:
  load: {{type: origin.files, path: in/*.csv, schema: id bigint, {options}}}
  out: {{type: destination.files, from: load, path: out, format: csv}}
"""


def run(place: Any, options: str, **how: Any) -> Any:
    place.write("p.yaml", PIPELINE.format(options=options))
    workspace = open_document(place.folder / "p.yaml")
    with start(workspace.project, workspace.text, file="p.yaml", **how) as process:
        events = list(process.events())
    assert process.result().state == "finished", process.result()
    return process.result(), events


def file(place: Any, name: str, *rows: int, age: float = 0.0) -> Path:
    path: Path = place.write(name, "id\n" + "".join(f"{row}\n" for row in rows))
    os.utime(path, (time.time() - age,) * 2)
    return path


def delivered(place: Any) -> list[list[str]]:
    """The rows of each file that was written, in the order of writing."""
    files = sorted((place.folder / "out").glob("part-*"), key=lambda each: each.stat().st_mtime_ns)
    return [each.read_text().splitlines()[1:] for each in files]


def test_the_oldest_files_come_first_and_as_many_as_a_batch_may_have(place: Any) -> None:
    for name, age in (("c", 300), ("a", 200), ("b", 100)):
        file(place, f"in/{name}.csv", int(age), age=age)
    result, _ = run(place, "max_files: 1", once=True)
    assert result.batches == 3
    assert delivered(place) == [["300"], ["200"], ["100"]]
    result, _ = run(place, "max_mb: 0.000001", once=True)
    assert result.batches is None, "nothing is new"


def test_a_file_that_was_replaced_is_new_and_one_that_was_renamed_over_it_too(place: Any) -> None:
    file(place, "in/a.csv", 1, age=100)
    run(place, "read: new")
    file(place, "in/a.csv", 2, age=50)
    run(place, "read: new")
    file(place, "other.csv", 3, age=100).rename(place.folder / "in/a.csv")
    run(place, "read: new")
    run(place, "read: new")
    assert [rows for rows in delivered(place) if rows] == [["1"], ["2"], ["3"]]


def test_a_file_has_to_settle_before_it_is_read(place: Any) -> None:
    file(place, "in/old.csv", 1, age=100)
    file(place, "in/young.csv", 2)
    run(place, "settle_seconds: 60", once=True)
    assert delivered(place) == [["1"]]
    run(place, "read: auto", once=True)
    assert delivered(place) == [["1"], ["2"]]


@pytest.mark.parametrize(
    ("options", "left"),
    [("after: delete", []), ("after: move, move_to: done", ["done/a.csv", "done/b.csv"])],
)
def test_what_was_read_is_cleared_away_once_it_is_published(
    place: Any, options: str, left: list[str]
) -> None:
    file(place, "in/a.csv", 1, age=20)
    file(place, "in/b.csv", 2, age=10)
    run(place, options)
    shown = [name for name in place.visible() if not name.startswith("out") and name != "orders.csv"]
    assert shown == left
    assert sorted(row for rows in delivered(place) for row in rows) == ["1", "2"]


def test_a_file_that_cannot_be_cleared_stays_is_told_and_is_not_read_again(place: Any) -> None:
    if os.getuid() == 0:
        (place.folder / "done").write_text("a file where a folder should be\n")
    options = "after: move, move_to: done/below"
    file(place, "in/a.csv", 1, age=20)
    if os.getuid() != 0:
        (place.folder / "in").chmod(0o500)
    result, _ = run(place, options)
    assert [each["code"] for each in result.warnings] == ["not-cleared"]
    again, _ = run(place, options)
    assert [rows for rows in delivered(place) if rows] == [["1"]]
    assert again.state == "finished"


def test_a_move_into_what_is_read_is_refused_before_anything_is_published(place: Any) -> None:
    file(place, "in/a.csv", 1)
    place.write("p.yaml", PIPELINE.format(options="after: move, move_to: in"))
    workspace = open_document(place.folder / "p.yaml")
    with start(workspace.project, workspace.text, file="p.yaml") as process:
        list(process.events())
    assert process.result().error.code == "move-into-origin"
    assert not (place.folder / "out").exists()


@pytest.mark.parametrize("options", ["after: delete, read: all", "after: move", "move_to: done"])
def test_settings_that_exclude_each_other_are_told_before_a_run(place: Any, options: str) -> None:
    from headrace.app.documents import validate

    place.write("p.yaml", PIPELINE.format(options=options))
    found = validate(open_document(place.folder / "p.yaml"), {})
    assert [each.code for each in found] == ["after-without-new"]
    assert InvalidDocument(found).exit_code == 2


def test_files_until_a_moment_count_as_read_where_a_person_says_so(place: Any) -> None:
    from headrace.app.offsets import move_offset, show_offsets

    file(place, "in/a.csv", 1, age=1000)
    file(place, "in/b.csv", 2, age=10)
    place.write("p.yaml", PIPELINE.format(options="read: new"))
    workspace = open_document(place.folder / "p.yaml")
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 500))
    move_offset(workspace, "load", {"before": moment})
    (shown,) = show_offsets(workspace, {})
    assert shown["lag"] == {"files": 1, "bytes": 5}
    run(place, "read: new")
    assert delivered(place) == [["2"]]
    (shown,) = show_offsets(workspace, {})
    assert (shown["lag"]["files"], shown["offset"]["files"]) == (0, 2)


def test_in_a_bucket_files_are_moved_once_however_often_a_crash_repeats_it(
    s3_server: Any, tmp_path: Path, session: Any
) -> None:
    connection = s3_server.connection()
    run_ = StageRun(session, tmp_path, connections={"lake": connection})
    store = open_store("s3://raw/arrivals/", connection, tmp_path)
    for name in ("a", "b"):
        store.write(f"arrivals/{name}.csv", b"id\n1\n")
    infos = store.list(["arrivals/*.csv"])
    where = ("s3://raw/arrivals/", "lake", "s3://raw/read/", ["arrivals/*.csv"])
    cleared = Cleared.of(store, infos, "arrivals/", where, run_)  # type: ignore[arg-type]
    cleared.publish()
    store.write("arrivals/b.csv", b"id\n2\n")
    Cleared.restore(cleared.intent(), run_).publish()  # type: ignore[arg-type]
    assert [each.key for each in store.list(["arrivals/*", "read/*"])] == [
        "arrivals/b.csv",
        "read/a.csv",
        "read/b.csv",
    ]
    assert store.read("read/b.csv") == b"id\n1\n", "the newer one is not what was read"


def test_what_is_remembered_grows_with_the_folder_and_not_with_time(tmp_path: Path) -> None:
    store = open_store("x/*", None, tmp_path)
    offset = None
    for number in range(30):
        (tmp_path / "x").mkdir(exist_ok=True)
        (tmp_path / "x" / f"{number}").write_text("1")
        (tmp_path / "x" / f"{number - 3}").unlink(missing_ok=True)
        infos = store.list([store.path])
        seen = Seen.of(offset)
        prints = seen.prints_of(infos)
        assert [Path(each.key).name for each in seen.new(infos, prints)] == [f"{number}"]
        offset = seen.offset(infos, prints, [])
    assert offset["files"] == 3
    assert len(offset["seen"]) == 32
