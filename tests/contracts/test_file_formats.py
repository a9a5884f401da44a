"""What every format of files has to do: give back what it took, in every compression, on every engine."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from headrace.core import DataRefused, Frame, Output, WithErrors
from headrace.engine import Engine, explain_failure
from headrace.frames.arrow import arrow_to_frame
from headrace.stages.destinations.files import Files as Write
from headrace.stages.origins.files import Files as Read
from headrace.storage.formats import file_kind, format_names
from headrace.storage.objects import StagedFiles
from headrace.testing import StageRun

if TYPE_CHECKING:
    from headrace.app.local_s3 import LocalS3

UTC = dt.UTC
PLAIN = pa.table(
    {
        "id": pa.array([1, 2, 3, 4], pa.int64()),
        "text": ["", None, "q\"\\,\t<ß&'", "true\u2028 λ 🚀 "],
        "x": [1.5, None, -0.25, 1e300],
        "day": [dt.date(2024, 2, 29), None, dt.date(1999, 1, 1), dt.date(1900, 3, 1)],
        "at": pa.array(
            [
                dt.datetime(2024, 2, 29, 23, 59, 59, 999999, UTC),
                None,
                dt.datetime(1969, 12, 31, 23, 59, 59, 999000, UTC),
                dt.datetime(2200, 6, 1, tzinfo=UTC),
            ],
            pa.timestamp("us", "UTC"),
        ),
        "local": pa.array(
            [
                dt.datetime(2024, 3, 31, 2, 30),
                None,
                dt.datetime(1970, 1, 1),
                dt.datetime(2000, 1, 1, 1, 1, 1),
            ],
            pa.timestamp("us"),
        ),
        "flag": [True, None, False, True],
        "money": pa.array(
            [Decimal("1.10"), None, Decimal("-3.30"), Decimal("99999999.99")], pa.decimal128(10, 2)
        ),
        "big": pa.array([2**63 - 1, None, -(2**63), 2**53 + 1], pa.int64()),
        "a b.c": ["x", None, "y", "z"],
    }
)
TYPES = (
    "id bigint, text string, x double, day date, at timestamp, local timestamp_ntz, flag boolean, "
    "money decimal(10,2), big bigint, `a b.c` string"
)
LINES = pa.table({"value": ["", "a\tb", "ß 🚀 \u2028", ' "quoted", ']})
SELF_DESCRIBED = ("avro", "orc", "parquet")
PAIRS = [(name, packing) for name in format_names(written=True) for packing in file_kind(name).compressions]


class Files:
    """An engine, a folder, and what is written and read there."""

    def __init__(self, engine: Engine, folder: Path, connections: dict[str, Any] | None = None) -> None:
        self.engine = engine
        self.folder = folder
        self.connections = connections or {}
        self.number = 0

    def run(self) -> StageRun:
        self.number += 1
        return StageRun(
            self.engine.session,
            self.folder,
            engine=self.engine.name,
            id=f"{self.engine.name}{self.number}",
            connections=self.connections,
        )

    def write(self, table: pa.Table, where: str = "true", **config: Any) -> Output:
        frame = arrow_to_frame(table, self.engine.session).where(where)
        staged = Write(**{"path": "out", **config}).write(frame, self.run())
        assert isinstance(staged, StagedFiles)
        output: Output = staged.publish()
        return output

    def frame(self, run: StageRun | None = None, **config: Any) -> Frame:
        frame = Read(**{"path": "out", **config}).read(run or self.run())
        assert not isinstance(frame, WithErrors)
        return frame

    def read(self, **config: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.engine.to_arrow(self.frame(**config)).to_pylist()
        return sorted(rows, key=lambda row: str(row.get("id", row.get("value"))))


@pytest.fixture
def files(engine: Engine, tmp_path: Path) -> Files:
    return Files(engine, tmp_path)


def table_of(name: str) -> pa.Table:
    return LINES if name == "text" else PLAIN


def schema_of(name: str) -> str | None:
    return None if name in (*SELF_DESCRIBED, "text") else TYPES


@pytest.mark.parametrize(("name", "packing"), PAIRS)
def test_every_format_gives_back_what_it_took(files: Files, name: str, packing: str) -> None:
    table = table_of(name)
    output = files.write(table, format=name, compression=packing)
    assert (output.rows, output.format) == (4, name)
    assert same(name, files.read(schema=schema_of(name)), table)


def same(name: str, found: list[dict[str, Any]], table: pa.Table) -> bool:
    """Whether rows are those of a table; in Excel an empty text is a blank cell."""
    wanted = sorted(table.to_pylist(), key=lambda row: str(row.get("id", row.get("value"))))
    blank = [{key: value or None if key == "text" else value for key, value in row.items()} for row in wanted]
    return found == (blank if name == "excel" else wanted)


NESTED = pa.table(
    {
        "id": pa.array([1, 2, 3], pa.int64()),
        "raw": [b"\x00\xff", None, b""],
        "list": [[1, 2], None, [3]],
        "deep": [[{"k": "a", "n o.t": [Decimal("1.50")]}, {"k": None, "n o.t": None}], None, [None, None]],
        "struct": [{"x": 1.5, "when": dt.date(2024, 2, 29), "in": {"flag": True}}, None, {"x": None}],
        "map": pa.array([[("k ä", 1), ("l", 2)], None, [("m", 3)]], pa.map_(pa.string(), pa.int64())),
    }
).cast(
    pa.schema(
        [
            ("id", pa.int64()),
            ("raw", pa.binary()),
            ("list", pa.list_(pa.int64())),
            ("deep", pa.list_(pa.struct([("k", pa.string()), ("n o.t", pa.list_(pa.decimal128(10, 2)))]))),
            (
                "struct",
                pa.struct(
                    [("x", pa.float64()), ("when", pa.date32()), ("in", pa.struct([("flag", pa.bool_())]))]
                ),
            ),
            ("map", pa.map_(pa.string(), pa.int64())),
        ]
    )
)
NESTED_TYPES = (
    "id bigint, raw binary, list array<bigint>, deep array<struct<k:string,`n o.t`:array<decimal(10,2)>>>, "
    "struct struct<x:double,when:date,in:struct<flag:boolean>>, map map<string,bigint>"
)


@pytest.mark.parametrize("name", ["avro", "json", "orc", "parquet", "xml"])
def test_nested_values_come_back(files: Files, name: str) -> None:
    files.write(NESTED, format=name)
    schema = None if name in SELF_DESCRIBED else NESTED_TYPES
    assert files.read(schema=schema) == NESTED.to_pylist()


@pytest.mark.parametrize("name", ["csv", "excel", "tsv"])
def test_nested_values_are_refused_before_anything_is_computed(files: Files, name: str) -> None:
    with pytest.raises(DataRefused) as caught:
        files.write(NESTED, format=name)
    assert caught.value.code == "unsupported-type"
    assert "'list'" in caught.value.message
    assert not (files.folder / "out").exists()


@pytest.mark.parametrize("name", format_names(written=True))
def test_no_row_and_one_row(files: Files, name: str) -> None:
    table = table_of(name)
    files.write(table, format=name, where="1 > 2")
    run = files.run()
    empty = files.frame(run, schema=schema_of(name))
    assert (files.engine.to_arrow(empty).num_rows, empty.columns) == (0, table.column_names)
    one = table.slice(2, 1)
    files.write(one, format=name, mode="overwrite")
    assert files.read(schema=schema_of(name)) == one.to_pylist()


def long_unless(chosen: tuple[Any, ...], every: list[Any]) -> list[Any]:
    """All of them, those that were not chosen in the long tests only."""
    values = [each if isinstance(each, tuple) else (each,) for each in every]
    marks = [() if each in chosen else (pytest.mark.soak,) for each in every]
    return [pytest.param(*value, marks=mark) for value, mark in zip(values, marks, strict=True)]


WIDE = [each for each in format_names(written=True) if each != "text"]


@pytest.mark.parametrize("name", long_unless(("avro", "csv", "xml"), WIDE))
def test_two_thousand_columns(files: Files, name: str) -> None:
    table = pa.table({f"column {number}.x": [number, None] for number in range(2000)} | {"id": [1, 2]})
    files.write(table, format=name, files=1)
    assert files.read() == table.to_pylist()


CUT = [pair for pair in PAIRS if pair != ("text", "none")]
SOME = (
    ("avro", "snappy"),
    ("csv", "none"),
    ("csv", "gzip"),
    ("excel", "none"),
    ("json", "none"),
    ("orc", "zstd"),
    ("parquet", "none"),
    ("text", "zstd"),
    ("xml", "none"),
    ("xml", "bzip2"),
)


@pytest.mark.parametrize(("name", "packing"), long_unless(SOME, CUT))
def test_a_file_that_was_cut_off_says_so(files: Files, name: str, packing: str) -> None:
    table = LINES if name == "text" else PLAIN.select(["id", "text", "x", "flag"])
    many = pa.concat_tables([table] * 3000)
    (written,) = files.write(many, format=name, compression=packing, files=1).files
    path = files.folder / written
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 5 - 5])
    schema = None if name in (*SELF_DESCRIBED, "text") else "id bigint, text string, x double, flag boolean"
    with pytest.raises(Exception) as caught:  # noqa: PT011 - what it is, is what is asked
        files.read(schema=schema)
    error = explain_failure(caught.value)
    assert error is not None, caught.value
    # Text alone cannot tell where it should have ended: its last row is what looks wrong.
    assert error.code == ("bad-row" if (name, packing) in CUT_IN_A_ROW else "broken-file")
    assert Path(written).name in error.message


CUT_IN_A_ROW = [("csv", "none"), ("tsv", "none"), ("json", "none")]


def test_every_format_lives_in_a_bucket(engine: Engine, tmp_path: Path, s3_server: LocalS3) -> None:
    files = Files(engine, tmp_path, {"lake": s3_server.connection()})
    for name in format_names(written=True):
        place = {"path": f"s3://raw/{tmp_path.name}/{name}", "connection": "lake"}
        files.write(table_of(name), format=name, **place)
        assert len(files.read(schema=schema_of(name), **place)) == 4, name


def passed_on(writer: Files, reader: Files, name: str, packing: str, **place: Any) -> bool:
    """Whether what one writes is what the other reads."""
    place = {"path": f"{writer.engine.name}/{name}-{packing}", **place}
    writer.write(table_of(name), format=name, compression=packing, **place)
    return same(name, reader.read(schema=schema_of(name), **place), table_of(name))


@pytest.mark.spark
def test_what_one_engine_writes_the_other_reads(spark_engine: Engine, engine: Engine, tmp_path: Path) -> None:
    """And Spark's own readers, where it has them, and its ORC files, whose timestamps it marks by itself."""
    on_spark, here = Files(spark_engine, tmp_path), Files(engine, tmp_path)
    for number, name in enumerate(format_names(written=True)):
        packings = file_kind(name).compressions
        assert passed_on(here, on_spark, name, packings[number % len(packings)]), name
        assert passed_on(on_spark, here, name, packings[(number + 1) % len(packings)]), name
    first = PLAIN.slice(0, 1)
    for name in ("orc", "parquet", "xml"):
        here.write(first, format=name, path=f"first/{name}")
    spark = on_spark.engine.session
    folder = tmp_path / "first"
    wanted = first.select(["id", "at", "money", "day", "a b.c"])
    for frame in (
        spark.read.orc(str(folder / "orc")),
        spark.read.parquet(str(folder / "parquet")),
        spark.read.schema(TYPES.rpartition(", ")[0]).option("rowTag", "row").xml(str(folder / "xml")),
    ):
        known = [f"`{column}`" for column in wanted.column_names if column in frame.columns]
        rows = on_spark.engine.to_arrow(frame.select(*known)).to_pylist()
        assert rows[0].items() <= wanted.to_pylist()[0].items()
    moments = "timestamp'2024-01-01 01:01:01.123456' as at, timestamp_ntz'2024-01-01 00:00:00' as local"
    spark.sql(f"select 1 as id, {moments}").write.orc(str(folder / "by-spark"))
    (row,) = here.read(path="first/by-spark")
    assert row["at"] == dt.datetime(2024, 1, 1, 1, 1, 1, 123456, UTC)
    assert row["local"] == dt.datetime(2024, 1, 1)


@pytest.mark.soak
@pytest.mark.spark
@pytest.mark.parametrize(("name", "packing"), PAIRS)
def test_every_compression_between_engines_on_a_disk_and_in_a_bucket(
    spark_engine: Engine, engine: Engine, tmp_path: Path, s3_server: LocalS3, name: str, packing: str
) -> None:
    lake = {"lake": s3_server.connection()}
    engines = [Files(spark_engine, tmp_path, lake), Files(engine, tmp_path, lake)]
    for writer in engines:
        for reader in engines:
            ways = f"{writer.engine.name}-{reader.engine.name}"
            assert passed_on(writer, reader, name, packing, path=f"{ways}/out"), ways
            bucket = f"s3://raw/{tmp_path.name}/{ways}"
            assert passed_on(writer, reader, name, packing, path=bucket, connection="lake"), ways
