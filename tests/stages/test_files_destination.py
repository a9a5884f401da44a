"""What is written comes back the same, all of it or none."""

from __future__ import annotations

import datetime as dt
import json
import math
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from headrace.core import DataRefused, Frame, Output, WithErrors, find_stage
from headrace.engine import Engine, explain_failure
from headrace.stages.destinations.files import Files as Write
from headrace.stages.origins.files import Files as Read
from headrace.storage.objects import StagedFiles
from headrace.testing import StageRun

if TYPE_CHECKING:
    from headrace.app.local_s3 import LocalS3

UTC = dt.UTC
TABLE = pa.table(
    {
        "id": pa.array([1, 2, 3], pa.int64()),
        "text": ["", None, 'q"\\,\n\tß'],
        "x": [1.5, math.nan, None],
        "day": [dt.date(2024, 2, 29), None, dt.date(1999, 1, 1)],
        "at": pa.array(
            [dt.datetime(2024, 2, 29, 23, 59, 59, 999999, UTC), None, None], pa.timestamp("us", "UTC")
        ),
        "flag": [True, None, False],
        "money": pa.array([Decimal("1.10"), None, Decimal("-3.30")], pa.decimal128(10, 2)),
    }
)
TYPES = "id bigint, text string, x double, day date, at timestamp, flag boolean, money decimal(10,2)"


class Writing:
    """An engine, a folder, and what is written there."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.number = 0

    def run(self, **given: Any) -> StageRun:
        self.number += 1
        return StageRun(
            self.engine.session, self.folder, engine=self.engine.name, id=f"run{self.number}", **given
        )

    def frame(self, table: pa.Table = TABLE) -> Frame:
        return self.engine.session.createDataFrame(table)

    def write(self, frame: Frame | None = None, **config: Any) -> Output:
        staged = Write(**{"path": "out", **config}).write(frame or self.frame(), self.run())
        assert isinstance(staged, StagedFiles)
        output: Output = staged.publish()
        return output

    def read(self, **config: Any) -> list[dict[str, Any]]:
        frame = Read(**{"path": "out", **config}).read(self.run())
        assert not isinstance(frame, WithErrors)
        rows: list[dict[str, Any]] = self.engine.to_arrow(frame).to_pylist()
        return sorted(rows, key=lambda row: row.get("id", 0))

    def texts(self) -> list[str]:
        return [path.read_text() for path in sorted((self.folder / "out").glob("part*"))]


@pytest.fixture
def writing(any_engine: Engine, tmp_path: Path) -> Writing:
    return Writing(any_engine, tmp_path)


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
@pytest.mark.parametrize("compression", ["auto", "gzip"])
def test_every_format_gives_back_what_it_took(writing: Writing, kind: str, compression: str) -> None:
    output = writing.write(format=kind, compression=compression)
    assert (output.rows, output.kind, output.format) == (3, "files", kind)
    first, second, third = writing.read(schema=None if kind == "parquet" else TYPES)
    assert list(first.values()) == list(TABLE.to_pylist()[0].values())
    assert (second["text"], second["day"], second["flag"], second["money"]) == (None,) * 4
    assert second["x"] is None if kind == "json" else math.isnan(second["x"])
    assert third["text"] == 'q"\\,\n\tß'
    assert (third["money"], third["x"]) == (Decimal("-3.30"), None)


def test_json_lines_are_json(writing: Writing) -> None:
    nested = pa.table({"id": [1], "a": [[1, None]], "s": [{"k": "v"}]})
    writing.write(writing.frame(nested), format="json", files=1)
    (text,) = writing.texts()
    assert json.loads(text) == {"id": 1, "a": [1, None], "s": {"k": "v"}}


def test_csv_refuses_what_it_cannot_hold(writing: Writing) -> None:
    nested = pa.table({"id": [1], "a": [[1]]})
    with pytest.raises(Exception, match="a") as caught:
        writing.write(writing.frame(nested), format="csv")
    error = explain_failure(caught.value)
    assert isinstance(error, DataRefused)
    assert error.code == "unsupported-type"
    assert not list((writing.folder / "out").rglob("part*"))


def test_columns_become_folders_and_come_back(writing: Writing) -> None:
    table = pa.table(
        {
            "id": [1, 2, 3, 4],
            "day": [dt.date(2024, 1, 1), None, dt.date(2024, 1, 2), dt.date(2024, 1, 1)],
            "place": ["a/b", "c=d%", None, "ß x"],
        }
    )
    output = writing.write(writing.frame(table), partition_by=["day", "PLACE"], files=1)
    assert any("day=2024-01-01/place=a%2Fb/" in file for file in output.files)
    assert any("day=__HIVE_DEFAULT_PARTITION__/" in file for file in output.files)
    assert writing.read() == table.to_pylist()


def test_more_folders_than_open_files(writing: Writing) -> None:
    table = pa.table({"id": range(2000), "k": [number % 150 for number in range(2000)]})
    output = writing.write(writing.frame(table), partition_by=["k"], files=1)
    assert len(output.files) >= 150
    assert writing.read() == table.to_pylist()


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_no_rows_still_give_a_file_with_columns(writing: Writing, kind: str) -> None:
    output = writing.write(writing.frame().where("id > 99"), format=kind)
    assert (output.rows, len(output.files)) == (0, 1)
    if kind == "csv":
        assert writing.texts() == ['"id","text","x","day","at","flag","money"\n']
    if kind == "parquet":
        assert pq.read_schema(writing.folder / output.files[0]).names == TABLE.column_names


def test_append_adds_overwrite_replaces_error_refuses(writing: Writing) -> None:
    writing.write()
    writing.write()
    assert len(writing.read()) == 6
    writing.write(writing.frame().limit(1), mode="overwrite")
    assert len(writing.read()) == 1
    with pytest.raises(DataRefused) as caught:
        writing.write(mode="error")
    assert caught.value.code == "destination-exists"
    assert len(writing.read()) == 1


def test_reading_and_overwriting_one_place(writing: Writing) -> None:
    writing.write()
    frame = Read(path="out").read(writing.run())
    assert not isinstance(frame, WithErrors)
    writing.write(frame.where("id <> 2"), mode="overwrite")
    assert [row["id"] for row in writing.read()] == [1, 3]


@pytest.mark.parametrize("files", [1, 3])
def test_as_many_files_as_asked_for(writing: Writing, files: int) -> None:
    frame = writing.engine.session.range(0, 1000, 1, 4)
    assert len(writing.write(frame, files=files).files) == files


def test_a_sort_before_a_write_is_kept(writing: Writing) -> None:
    session = writing.engine.session
    frame = session.range(0, 50_000, 1, 4).selectExpr(
        "id", "(id * 7919) % 10007 as k", "if(id % 97 = 0, null, id) n"
    )
    ordered = (
        frame.orderBy(frame.k.desc(), frame.n.asc_nulls_last())
        .withColumnRenamed("k", "z")
        .where("z <> 5")
        .selectExpr("id", "z", "n", "z + 1 as after")
    )
    output = writing.write(ordered)
    rows = [row for file in output.files for row in pq.read_table(writing.folder / file).to_pylist()]
    keys = [(-row["z"], row["n"] is None, row["n"] or 0) for row in rows]
    assert keys == sorted(keys)
    assert len(rows) == 50_000 - sum(1 for each in range(50_000) if (each * 7919) % 10007 == 5)
    assert list(rows[0]) == ["id", "z", "n", "after"]


@pytest.mark.parametrize("kept", [False, True])
def test_the_order_of_a_sort_stage_outlives_stages_that_work_row_by_row(writing: Writing, kept: bool) -> None:
    """Also where the sorted rows are computed once for several lanes, and read again."""
    engine, run = writing.engine, writing.run()
    frame = engine.session.range(0, 50_000, 1, 4).selectExpr("id", "(id * 7919) % 10007 as k")
    frame = stage("sort", by=[{"column": "K", "direction": "desc"}, "id"]).transform(frame, run)
    frame = engine.counted(frame, "sorted")
    if kept:
        frame = engine.spill(frame, writing.folder / "kept").frame
    for name, config in {
        "rename_fields": {"rename": {"ID": "row.id"}, "suffix": "_", "apply_to": ["k"]},
        "convert_types": {"columns": {"k_": "string"}},
        "filter": {"condition": "`k_` <> '5'"},
        "sql_expression": {"columns": {"k": "cast(`k_` as int)", "part": "`row.id` % 3"}},
        "remove_fields": {"fields": ["k_"]},
    }.items():
        frame = engine.counted(stage(name, **config).transform(frame, run), name)
    for config in ({}, {"files": 3, "format": "csv"}, {"partition_by": ["part"]}):
        output = writing.write(frame, mode="overwrite", **config)
        folders: dict[str, list[tuple[int, int]]] = {}
        for file in sorted(output.files):
            rows = (
                csv_rows(writing.folder / file) if "format" in config else parquet_rows(writing.folder / file)
            )
            folders.setdefault(str(Path(file).parent), []).extend((-row["k"], row["row.id"]) for row in rows)
        assert all(rows == sorted(rows) for rows in folders.values())
        assert sum(map(len, folders.values())) == output.rows == 50_000 - 5


def stage(name: str, **config: Any) -> Any:
    return find_stage(f"processor.{name}").stage(**config)


def csv_rows(path: Path) -> list[dict[str, Any]]:
    return pa_csv.read_csv(path).to_pylist()


def parquet_rows(path: Path) -> list[dict[str, Any]]:
    return pq.ParquetFile(path).read().to_pylist()


def test_rows_are_counted_as_they_are_written(writing: Writing) -> None:
    run = writing.run()
    Write(path="out").write(writing.frame(), run)
    assert run.counts == {"in": 3}
    assert [count() for _, count in run.watches] == [3]


def test_a_frame_that_fails_leaves_nothing(writing: Writing) -> None:
    frame = writing.engine.session.range(0, 1000, 1, 4).selectExpr("assert_true(id < 990)", "id")
    with pytest.raises(Exception, match=r"."):
        Write(path="out").write(frame, writing.run())
    assert not list((writing.folder / "out").rglob("part*"))


@pytest.mark.spark
def test_a_partition_that_still_writes_when_another_fails_leaves_nothing(
    spark_engine: Engine, tmp_path: Path
) -> None:
    """Spark tells a failure at once; the other partitions hear of it later, and open files until then."""
    writing, folder = Writing(spark_engine, tmp_path), tmp_path

    def wait_for(pattern: str) -> None:
        deadline = time.monotonic() + 30
        while not any(folder.rglob(pattern)) and time.monotonic() < deadline:
            time.sleep(0.01)

    def two_ways(batches: Any) -> Any:
        """More rows than Spark hands on at a time, then more of another folder."""
        (batch,) = batches
        if batch["id"][0].as_py() > 0:
            wait_for("part*")
            raise ValueError("the second half is wrong")
        yield pa.record_batch({"k": [0] * 15_000, "n": range(15_000)})
        wait_for("given-up")
        yield pa.record_batch({"k": [1] * 15_000, "n": range(15_000)})

    frame = writing.engine.session.range(0, 2, 1, 2).mapInArrow(two_ways, "k bigint, n bigint")
    with pytest.raises(Exception, match="second half"):
        Write(path="out", partition_by=["k"]).write(frame, writing.run())
    assert any(folder.rglob("given-up"))
    assert not list((folder / "out").rglob("part*"))


def test_a_bucket_takes_files_as_a_disk_does(writing: Writing, s3_server: LocalS3) -> None:
    path = f"s3://raw/{writing.folder.name}-{writing.engine.name}/out"
    run = writing.run(connections={"lake": s3_server.connection()})
    staged = Write(path=path, connection="lake", partition_by=["flag"]).write(writing.frame(), run)
    assert s3_server.secret_access_key.reveal() not in json.dumps(staged.intent())
    restored = StagedFiles.restore(json.loads(json.dumps(staged.intent())), run)
    output = restored.publish()
    assert output.rows == 3
    assert all(file.startswith(path) for file in output.files)
    frame = Read(path=path, connection="lake").read(writing.run(connections={"lake": s3_server.connection()}))
    assert not isinstance(frame, WithErrors)
    assert sorted(writing.engine.to_arrow(frame)["id"].to_pylist()) == [1, 2, 3]


def test_python_code_between_a_large_file_and_a_writer_does_not_stop_it(writing: Writing) -> None:
    """A reader, a function and a writer in one process, with more batches than a queue between them holds."""
    source = writing.folder / "in.csv"
    source.write_text("id,text\n" + "".join(f"{number},{'x' * 90}\n" for number in range(900_000)))
    frame = Read(path="in.csv").read(writing.run())
    assert not isinstance(frame, WithErrors)

    def passed(batches: Any) -> Any:
        yield from batches

    output = writing.write(frame.mapInArrow(passed, frame.schema))
    assert output.rows == 900_000
