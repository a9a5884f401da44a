"""Files that are missing, broken, or not what they seem: told by name and line, and nothing is written."""

from __future__ import annotations

import gzip
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from headrace.app.documents import explain
from headrace.app.workspace import open_document

WRITE = "  write: {type: destination.files, from: load, path: out, format: csv, files: 1}\n"
RAGGED = "id,name\n1,ada\n2,grace,hopper\n3,alan\n4\n"


def load(name: str, more: str = "") -> str:
    return f"  load: {{type: origin.files, path: {name}{more}}}\n"


def refused(place: Any, stages: str = load("bad.csv") + WRITE) -> dict[str, Any]:
    """The error of a run that writes nothing."""
    place.pipeline(stages)
    before = place.visible()
    result = place.run()
    assert result["state"] == "failed"
    assert result["outputs"] == []
    assert place.visible() == before
    assert not [each for each in (place.folder / "out").rglob("*") if each.is_file()]
    error: dict[str, Any] = result["error"]
    assert error["where"] == "load", error
    assert "Traceback" not in json.dumps(result)
    return error


def written(place: Any, folder: str = "out") -> list[str]:
    (file,) = (place.folder / folder).glob("part-*")
    text = file.read_text()
    return (text.replace(chr(34), "") if folder == "out" else text).splitlines()


def parquet(place: Any, rows: int = 10_000) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": list(range(rows))}), place.folder / "bad.parquet")
    return (place.folder / "bad.parquet").read_bytes()


def test_a_missing_file_is_told_with_the_name_that_was_meant(place: Any) -> None:
    error = refused(place, load("ordrs.csv") + WRITE)
    assert error["code"] == "no-files-match"
    assert "'ordrs.csv'" in error["message"]
    assert "'orders.csv'" in error["hint"]


@pytest.mark.parametrize("data", [b"", b"\n\n"], ids=["no byte", "blank lines"])
def test_an_empty_file_tells_no_columns(place: Any, data: bytes) -> None:
    (place.folder / "bad.csv").write_bytes(data)
    error = refused(place)
    assert (error["code"], "'bad.csv' is empty" in error["message"]) == ("empty-file", True)
    assert "schema" in error["hint"]


def test_a_file_of_a_header_only_is_no_rows(place: Any) -> None:
    place.write("bad.csv", "id,name\n")
    place.pipeline(load("bad.csv") + WRITE)
    result = place.run()
    assert (result["state"], result["outputs"][0]["rows"]) == ("finished", 0)
    assert written(place) == ["id,name"]


def test_a_ragged_row_is_told_with_its_line_and_text(place: Any) -> None:
    place.write("bad.csv", RAGGED)
    error = refused(place)
    assert error["code"] == "bad-row"
    for word in ("bad.csv, line 3", "3 fields instead of 2", "2,grace,hopper"):
        assert word in error["message"]
    assert "on_error" in error["hint"]


def test_ragged_rows_are_discarded_and_counted(place: Any) -> None:
    place.write("bad.csv", RAGGED)
    place.pipeline(load("bad.csv", ", on_error: discard") + WRITE)
    result = place.run()
    assert result["state"] == "finished", result["error"]
    stage = result["stages"][0]
    assert (stage["rows_out"], stage["error_rows"]) == (2, 2)
    assert written(place) == ["id,name", "1,ada", "3,alan"]


def test_ragged_rows_are_routed_with_file_line_text_and_reason(place: Any) -> None:
    place.write("bad.csv", RAGGED)
    rejected = "  bad: {type: destination.files, from: load.errors, path: rejected, format: json}\n"
    place.pipeline(load("bad.csv", ", on_error: route") + WRITE + rejected)
    result = place.run()
    assert result["state"] == "finished", result["error"]
    counts = {stage["name"]: (stage["rows_in"], stage["error_rows"]) for stage in result["stages"]}
    assert (counts["load"][1], counts["bad"][0]) == (2, 2)
    rows = [json.loads(line) for line in written(place, "rejected")]
    assert [(row["_error_file"], row["_error_line"], row["_error_raw"]) for row in rows] == [
        ("bad.csv", 3, "2,grace,hopper"),
        ("bad.csv", 5, "4"),
    ]
    assert [row["_error_message"] for row in rows] == ["3 fields instead of 2.", "1 field instead of 2."]


@pytest.mark.parametrize(("encoding", "line"), [("latin-1", 2), ("utf-16", 1)])
def test_another_encoding_is_told_with_its_line(place: Any, encoding: str, line: int) -> None:
    text = "id,name\n1,größe\n"
    (place.folder / "bad.csv").write_bytes(text.encode(encoding))
    error = refused(place)
    assert error["code"] == "wrong-encoding"
    assert f"'bad.csv', line {line}: not utf-8 text" in error["message"]
    assert encoding in error["hint"]
    place.pipeline(load("bad.csv", f", encoding: {encoding}") + WRITE)
    assert place.run()["state"] == "finished"
    assert written(place) == ["id,name", "1,größe"]


def test_another_encoding_deep_in_a_file_is_told_with_its_line(place: Any) -> None:
    (place.folder / "bad.csv").write_bytes(
        b"id,name\n" + b"1,a\n" * 1_200_000 + "2,größe\n".encode("latin-1")
    )
    error = refused(place)
    assert error["code"] == "bad-row"
    assert "bad.csv, line 1200002, column 'name': The text is not valid UTF-8" in error["message"]


def test_a_file_that_is_no_csv_at_all_is_told(place: Any) -> None:
    (place.folder / "bad.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10)
    error = refused(place)
    assert (error["code"], error["message"]) == ("unreadable-file", "'bad.csv' does not look like CSV.")


def test_half_a_gzip_file_is_told(place: Any) -> None:
    (place.folder / "bad.csv.gz").write_bytes(gzip.compress(os.urandom(9).hex().encode() * 9000)[:-30])
    error = refused(place, load("bad.csv.gz") + WRITE)
    assert (error["code"], "'bad.csv.gz'" in error["message"]) == ("broken-file", True)


@pytest.mark.parametrize("kept", [0.99, 50])
def test_a_truncated_parquet_file_is_told(place: Any, kept: float) -> None:
    whole = parquet(place)
    cut = whole[: int(kept if kept > 1 else len(whole) * kept)]
    (place.folder / "bad.parquet").write_bytes(cut)
    error = refused(place, load("bad.parquet") + WRITE)
    assert (error["code"], "'bad.parquet' is not a whole Parquet file" in error["message"]) == (
        "broken-file",
        True,
    )


def test_parquet_pages_that_are_overwritten_are_told(place: Any) -> None:
    whole = parquet(place)
    half = len(whole) // 2
    (place.folder / "bad.parquet").write_bytes(whole[:4] + b"\0" * half + whole[4 + half :])
    place.pipeline(load("bad.parquet") + WRITE)
    result = place.run()
    assert result["error"]["code"] == "broken-file"
    assert len(result["error"]["message"]) < 200
    assert place.visible() == ["bad.parquet", "orders.csv"]


def test_half_a_json_line_is_told_with_its_line_and_text(place: Any) -> None:
    place.write("bad.json", '{"id": 1}\n{"id": \n')
    error = refused(place, load("bad.json") + WRITE)
    assert error["code"] == "bad-row"
    for word in ("bad.json, line 2", "Not JSON at character", '{"id": '):
        assert word in error["message"]


WITHOUT_ROOT = """
import ctypes, os, sys
if os.geteuid() == 0:
    prctl = ctypes.CDLL(None).prctl
    for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        assert prctl(24, right, 0, 0, 0) == 0
os.execv(sys.executable, [sys.executable, "-m", "headrace.cli.main", *sys.argv[1:]])
"""
"""The command under a user whom file modes bind; root reads and writes everything else."""


@pytest.mark.skipif(
    os.geteuid() == 0 and not sys.platform.startswith("linux"), reason="root can be bound on Linux only"
)
@pytest.mark.parametrize(
    ("path", "mode"), [("in/bad.csv", 0o000), ("in", 0o000), ("out", 0o500), ("out", 0o000)]
)
def test_a_file_or_folder_that_may_not_be_used_is_told(place: Any, path: str, mode: int) -> None:
    place.write("in/bad.csv", "id\n1\n")
    (place.folder / "out").mkdir()
    place.pipeline(load("in/*.csv", ", format: csv") + WRITE)
    locked: Path = place.folder / path
    locked.chmod(mode)
    try:
        done = place.command("run", "p.yaml", "--json", start=[sys.executable, "-c", WITHOUT_ROOT])
    finally:
        locked.chmod(0o700)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (1, "permission-denied")
    assert path in error["message"]
    assert error["where"] == ("load" if path.startswith("in") else "write")
    assert place.visible() == ["in/bad.csv", "orders.csv"]


@pytest.mark.parametrize(
    ("stage", "field", "name"),
    [
        ("{type: processor.filter, from: load, condition: amont > 0 and id > 0}", "condition", "amount"),
        ("{type: processor.sql, from: load, query: 'select custmer from load'}", "query", "customer"),
        ("{type: processor.sql_expression, from: load, columns: {a: id, b: idd + 1}}", "columns.b", "id"),
        ("{type: processor.keep_fields, from: load, fields: [id, amont]}", "fields.1", "amount"),
    ],
)
def test_a_column_that_does_not_exist_is_found_at_its_field_with_the_one_that_was_meant(
    place: Any, stage: str, field: str, name: str
) -> None:
    path = place.pipeline(load("orders.csv") + f"  wrong: {stage}\n" + WRITE)
    (issue,) = [each for each in explain(open_document(path), {}).issues if each.severity == "error"]
    assert (issue.code, issue.stage, issue.field, issue.line) == ("unknown-column", "wrong", field, 6)
    assert issue.hint == f"Did you mean '{name}'?"


def test_a_column_that_vanishes_between_explain_and_run_is_found_before_anything_runs(place: Any) -> None:
    path = place.pipeline(
        load("orders.csv")
        + "  paid: {type: processor.filter, from: load, condition: amount > 0}\n"
        + "  few: {type: processor.keep_fields, from: paid, fields: [id, amount]}\n"
        + WRITE.replace("from: load", "from: few")
    )
    assert explain(open_document(path), {}).issues == ()
    place.write("orders.csv", "id,customer\n1,ada\n")
    done = place.command("run", "p.yaml")
    assert done.returncode == 2
    for word in ("p.yaml:6", "paid.condition", "unknown-column", "amount"):
        assert word in done.stderr
    assert place.visible() == ["orders.csv"]


def test_a_column_that_the_schema_declares_and_a_file_lacks_is_told(place: Any) -> None:
    place.write("in/1.csv", "id,name\n1,a\n")
    place.write("in/2.csv", "id,nmae\n2,b\n")
    error = refused(place, load("in/*.csv", ", schema: {id: bigint, name: string}") + WRITE)
    assert error["code"] == "column-not-in-file"
    for word in ("in/2.csv", "'name'"):
        assert word in error["message"]
    assert "'nmae'" in error["hint"]
