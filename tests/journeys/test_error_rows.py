"""Rows that a run could not use: kept with it, listed, exported, and replayed after a fix."""

from __future__ import annotations

import csv
import json
from typing import Any

import pyarrow.parquet as pq
import pytest

from headrace.app.error_rows import export_errors, list_errors, replay_errors
from headrace.app.workspace import open_document
from headrace.core import InvalidCall

HEAD = "headrace: 1\nkind: pipeline\nname: errors\nstages:\n"
ORIGIN = """\
  load: {type: origin.files, path: in/*.csv, schema: "id bigint, price double", on_error: discard}
  out: {type: destination.files, from: load, path: out, format: csv}
"""
CONVERT = """\
  load: {type: origin.files, path: in/*.csv, schema: "id bigint, price string"}
  convert: {type: processor.convert_types, from: load, columns: {price: double}, on_error: route}
  out: {type: destination.files, from: convert, path: out, format: csv}
  bad: {type: destination.files, from: convert.errors, path: bad, format: json}
  all: {type: destination.files, from: load, path: all, format: csv}
"""


def written(place: Any, folder: str = "out") -> list[tuple[str, str]]:
    found = []
    for file in (place.folder / folder).glob("part-*.csv"):
        with file.open(newline="") as text:
            found += [(row["id"], row["price"]) for row in csv.DictReader(text)]
    return sorted(found)


def replay(place: Any, **how: Any) -> str:
    with replay_errors(open_document(place.folder / "p.yaml"), "last", **how) as replayed:
        list(replayed.process.events())
        assert replayed.settled(), replayed.process.result()
        return replayed.process.run_id


def test_lines_that_an_origin_refused_are_kept_and_read_again_after_a_fix(place: Any) -> None:
    place.write("in/a.csv", 'id,price\n1,2.5\n2,"3,5"\n3,4\n')
    place.write("in/b.csv", "id,price\n4,\n5,n/a\n")
    place.write("p.yaml", HEAD + ORIGIN)
    result = place.run()
    assert [stage["error_rows"] for stage in result["stages"]] == [2, None]
    project = open_document(place.folder / "p.yaml").project
    found = list_errors(project, "last")
    assert found["kept"] == {"load": 2}
    assert [(row["source"], row["raw"], row["published"]) for row in found["rows"]] == [
        ({"file": "in/a.csv", "line": 3}, '2,"3,5"', True),
        ({"file": "in/b.csv", "line": 3}, "5,n/a", True),
    ]
    assert {row["column"] for row in found["rows"]} == {"price"}

    for name in ("rows.csv", "rows.json", "rows.parquet"):
        assert export_errors(project, "last", place.folder / "export" / name) == 2
    assert pq.read_table(place.folder / "export" / "rows.parquet").column("raw").to_pylist()[1] == "5,n/a"
    lines = (place.folder / "export" / "rows.json").read_text().splitlines()
    assert json.loads(lines[0])["source"]["line"] == 3

    fixed = ORIGIN.replace("price double", "price string").replace("discard", "stop")
    place.write("p.yaml", HEAD + fixed)
    replay(place)
    assert written(place) == [("1", "2.5"), ("2", "3,5"), ("3", "4"), ("4", ""), ("5", "n/a")]


def test_rows_that_a_stage_refused_enter_there_again_and_nothing_else_is_delivered(place: Any) -> None:
    place.write("in/a.csv", "id,price\n1,2.5\n2,three\n")
    place.write("p.yaml", HEAD + CONVERT)
    run_id = place.run()["run_id"]
    project = open_document(place.folder / "p.yaml").project
    (row,) = list_errors(project, run_id)["rows"]
    assert (row["stage"], row["values"], row["column"]) == ("convert", {"id": 2, "price": "three"}, "price")
    place.write("p.yaml", HEAD + CONVERT.replace("price: double", "price: string"))
    with replay_errors(open_document(place.folder / "p.yaml"), run_id) as replayed:
        list(replayed.process.events())
        assert replayed.settled()
    assert written(place) == [("1", "2.5"), ("2", "three")]
    assert written(place, "all") == [("1", "2.5"), ("2", "three")], (
        "what is beside the stage is not run again"
    )
    with pytest.raises(InvalidCall) as refused, replay_errors(open_document(place.folder / "p.yaml"), run_id):
        pass
    assert refused.value.code == "already-replayed"


@pytest.mark.parametrize(("limit", "state"), [("1", "failed"), ("2", "finished"), ("40 %", "failed")])
def test_more_error_rows_than_the_limit_stop_the_run(place: Any, limit: str, state: str) -> None:
    place.write("in/a.csv", "id,price\n1,2.5\n2,x\n3,y\n4,1\n")
    place.write("p.yaml", HEAD + ORIGIN.replace("discard}", f"discard, max_errors: {limit}}}"))
    result = place.run()
    assert result["state"] == state
    project = open_document(place.folder / "p.yaml").project
    assert list_errors(project, "last")["kept"] == {"load": 2}
    if state == "failed":
        assert result["error"]["code"] == "too-many-errors"
        assert written(place) == []
        with (
            pytest.raises(InvalidCall, match="no error rows"),
            replay_errors(open_document(place.folder / "p.yaml"), "last"),
        ):
            pass


def test_the_command_lists_and_replays(place: Any) -> None:
    place.write("in/a.csv", "id,price\n1,2.5\n2,x\n")
    place.write("p.yaml", HEAD + ORIGIN)
    place.run()
    shown = place.command("runs", "errors")
    assert "in/a.csv:3" in shown.stdout
    place.write("p.yaml", HEAD + ORIGIN.replace("price double", "price string"))
    done = place.command("runs", "errors", "last", "--replay", "p.yaml")
    assert done.returncode == 0, done.stderr
    assert ("2", "x") in written(place)
