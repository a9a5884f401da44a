"""Files become the same rows, columns and types on every engine."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import hashlib
import json
import math
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.core import InvalidCall, Schema, WithErrors
from headrace.stages.origins.files import Files
from headrace.storage.objects import open_store, with_digests

if TYPE_CHECKING:
    from headrace.app.local_s3 import LocalS3

from .conftest import Reading

UTC = dt.UTC
HOUSES = """,price,name,day,seen,new
1,10.5,"a, ""b""
c",2024-01-31,2024-01-31 10:00:00,true
2,,,,,
3,7,x,2024-02-01,2024-01-31T10:00:00.5,false
"""


def test_a_csv_file_comes_with_its_types(reading: Reading) -> None:
    reading.file("a.csv", HOUSES)
    assert reading.types("a.csv") == {
        "_c0": "bigint",
        "price": "double",
        "name": "string",
        "day": "date",
        "seen": "timestamp",
        "new": "boolean",
    }
    run = reading.run()
    first, second, third = reading.rows("a.csv", run)
    assert first["name"] == 'a, "b"\nc'
    assert first["day"] == dt.date(2024, 1, 31)
    assert first["seen"] == dt.datetime(2024, 1, 31, 10, tzinfo=UTC)
    assert list(second.values()) == [2, None, None, None, None, None]
    assert (third["price"], third["new"]) == (7.0, False)
    assert [count() for _, count in run.watches] == [3]
    (read,) = run.inputs
    assert (read.location, read.digest) == ("a.csv", None)
    (known,) = with_digests(run.inputs, reading.folder)
    assert known.digest == f"sha256:{hashlib.sha256((reading.folder / 'a.csv').read_bytes()).hexdigest()}"
    (reading.folder / "a.csv").write_text("changed since")
    assert with_digests(run.inputs, reading.folder) == run.inputs


def test_empty_text_and_null_differ(reading: Reading) -> None:
    reading.file("a.csv", 'a,b\n"",1\n,2\nNA,3\n"NA",4\n')
    assert [row["a"] for row in reading.rows("a.csv")] == ["", None, "NA", "NA"]
    assert [row["a"] for row in reading.rows("a.csv", null_values=["NA"])] == ["", None, None, "NA"]


def test_other_dialects_of_csv(reading: Reading) -> None:
    reading.file("a.txt", "x|'it''s|'|1\ny|z|2\n")
    found = reading.rows("a.txt", format="csv", header=False, delimiter="|", quote="'")
    assert found == [{"_c0": "x", "_c1": "it's|", "_c2": 1}, {"_c0": "y", "_c1": "z", "_c2": 2}]
    reading.file("b.csv", 'a,b\n"say \\"hi\\"\nnow",1\n')
    assert reading.rows("b.csv", escape="\\") == [{"a": 'say "hi"\nnow', "b": 1}]
    reading.file("c.csv", 'a,b\n5" pipe,1\nx"y"z,2\n')
    assert [row["a"] for row in reading.rows("c.csv")] == ['5" pipe', 'x"y"z']
    reading.file("d.csv", 'a,b\n"x,1\n"y,2\n')
    assert [row["a"] for row in reading.rows("d.csv", quote=None)] == ['"x', '"y']


@pytest.mark.parametrize(
    ("name", "encoding", "config"),
    [
        ("a.csv", "utf-8-sig", {}),
        ("a.csv", "latin-1", {"encoding": "latin-1"}),
        ("a.csv", "utf-16", {"encoding": "utf-16"}),
        ("a.csv", "cp1252", {"encoding": "cp1252"}),
    ],
)
def test_text_in_other_encodings(reading: Reading, name: str, encoding: str, config: dict[str, str]) -> None:
    reading.file(name, "näme,n\r\nÄrger,1\r\n\r\nßß,2".encode(encoding))
    assert reading.rows(name, **config) == [{"näme": "Ärger", "n": 1}, {"näme": "ßß", "n": 2}]


def test_packed_files_by_their_names(reading: Reading) -> None:
    reading.file("a.csv.gz", gzip.compress(b"a\n1\n") + gzip.compress(b"2\n"))
    reading.file("b.csv.bz2", bz2.compress(b"a\n3\n"))
    assert sorted(row["a"] for row in reading.rows("*.csv.*")) == [1, 2, 3]
    reading.file("c.csv.gz", gzip.compress(b"a\n" + b"1\n" * 9999)[:-20])
    assert reading.refused(lambda: reading.rows("c.csv.gz")).code == "broken-file"


def test_json_lines_come_with_nested_values(reading: Reading) -> None:
    lines = [
        {"a": 1, "b": {"x": "u", "y": [1, 2]}, "c": "2024-01-01", "d": 1, "e": None},
        {"a": 2, "b": None, "c": None, "d": 1.5, "f": "late"},
    ]
    reading.file("a.jsonl", "\n".join(map(json.dumps, lines)) + "\n\n")
    assert reading.types("a.jsonl") == {
        "a": "bigint",
        "b": "struct<x:string,y:array<bigint>>",
        "c": "string",
        "d": "double",
        "e": "string",
        "f": "string",
    }
    first, second = reading.rows("a.jsonl")
    assert first["b"] == {"x": "u", "y": [1, 2]}
    assert (second["b"], second["d"], second["f"]) == (None, 1.5, "late")


def test_declared_types_win(reading: Reading) -> None:
    reading.file("a.csv", "id,amount,at,n\n007,1.10,2024-01-31T10:00:00Z,5\n")
    schema = "n int, id string, amount decimal(10,2), at timestamp"
    assert reading.types("a.csv", schema=schema) == {
        "n": "int",
        "id": "string",
        "amount": "decimal(10,2)",
        "at": "timestamp",
    }
    (row,) = reading.rows("a.csv", schema=schema)
    assert row == {
        "n": 5,
        "id": "007",
        "amount": Decimal("1.10"),
        "at": dt.datetime(2024, 1, 31, 10, tzinfo=UTC),
    }
    reading.file("a.jsonl", '{"d":"2024-01-31","m":"1.5","t":"2024-01-31T10:00:00Z","s":[1],"x":{"k":2}}\n')
    (row,) = reading.rows(
        "a.jsonl",
        schema={"d": "date", "m": "decimal(5,1)", "t": "timestamp", "s": "string", "x": "map<string,int>"},
    )
    assert (row["d"], row["m"], row["s"]) == (dt.date(2024, 1, 31), Decimal("1.5"), "[1]")
    assert row["t"] == dt.datetime(2024, 1, 31, 10, tzinfo=UTC)
    assert dict(row["x"]) == {"k": 2}


def test_parquet_files_of_many_types_read_alike(reading: Reading) -> None:
    table = pa.table(
        {
            "i": pa.array([1, None, 3], pa.int32()),
            "u": pa.array([1, 2, 2**32 - 1], pa.uint32()),
            "ns": pa.array([dt.datetime(2024, 1, 1, 1)] * 3, pa.timestamp("ns")),
            "tz": pa.array([dt.datetime(2024, 1, 1, 1)] * 3, pa.timestamp("ms", "Europe/Oslo")),
            "f": [1.5, math.nan, None],
            "d": pa.array(["a", "b", "a"]).dictionary_encode(),
            "l": [[1], [], None],
            "m": pa.array([Decimal("1.50")] * 3),
            "b": [b"x", None, b""],
        }
    )
    pq.write_table(table, reading.folder / "a.parquet")
    rows = reading.rows("a.parquet")
    assert [row["u"] for row in rows] == [1, 2, 2**32 - 1]
    assert rows[0]["ns"].replace(tzinfo=None) == dt.datetime(2024, 1, 1, 1)
    assert rows[0]["tz"] == dt.datetime(2024, 1, 1, 1, tzinfo=UTC)
    assert [row["d"] for row in rows] == ["a", "b", "a"]
    assert [row["l"] for row in rows] == [[1], [], None]
    assert reading.types("a.parquet")["i"] == "int"


def test_plain_parquet_knows_its_rows_before_it_is_read(reading: Reading) -> None:
    for number in range(3):
        pq.write_table(pa.table({"a": [number, 9], "b": ["x", None]}), reading.folder / f"{number}.parquet")
    run = reading.run()
    assert sorted(row["a"] for row in reading.rows("*.parquet", run)) == [0, 1, 2, 9, 9, 9]
    assert run.counts == {"out": 6}


def test_only_used_columns_are_read(reading: Reading) -> None:
    reading.file("a.csv", "a,b,c\n1,x,2\n")
    pq.write_table(pa.table({"a": [1], "B": ["x"], "l": [[1]]}), reading.folder / "a.parquet")
    assert reading.rows("a.csv", reading.run(columns=("C",))) == [{"c": 2}]
    assert reading.rows("a.parquet", reading.run(columns=("b",))) == [{"B": "x"}]


def test_several_files_are_united_by_column_name(reading: Reading) -> None:
    reading.file("a.csv", "a,b\n1,x\n")
    reading.file("b.csv", "b,a,c\ny,2.5,true\n")
    reading.file("c.csv", "")
    reading.file("d.csv", "a,b\n")
    rows = sorted(reading.rows("*.csv"), key=lambda row: row["a"])
    assert rows == [{"a": 1.0, "b": "x", "c": None}, {"a": 2.5, "b": "y", "c": True}]


def test_patterns_choose_files(reading: Reading) -> None:
    for name in ("x/1.csv", "x/2.csv", "y/3.csv", "y/_4.csv", "y/.5.csv", "z/deep/6.csv"):
        reading.file(name, f"a\n{Path(name).stem.strip('_.')}\n")

    def found(path: Any, **config: Any) -> list[int]:
        return sorted(row["a"] for row in reading.rows(path, **config))

    assert found("{x,y}/*.csv") == [1, 2, 3]
    assert found(["x/1.csv", "z"]) == [1, 6]
    assert found("**/*.csv", exclude=["x/*", "z/**"]) == [3]
    assert found(f"file://{reading.folder}/x") == [1, 2]
    assert found("y/_4.csv") == [4]


def test_folder_names_are_columns(reading: Reading) -> None:
    reading.file("t/day=2024-01-31/n=1/a.csv", "v\n1\n")
    reading.file("t/day=__HIVE_DEFAULT_PARTITION__/n=2/a.csv", "v\n2\n")
    rows = sorted(reading.rows("t", file_column="file"), key=lambda row: row["v"])
    assert rows[0] == {"v": 1, "day": dt.date(2024, 1, 31), "n": 1, "file": "t/day=2024-01-31/n=1/a.csv"}
    assert (rows[1]["day"], rows[1]["n"]) == (None, 2)


def test_a_preview_reads_no_more_than_it_needs(reading: Reading) -> None:
    reading.file("a.csv", "a\n" + "1\n" * 50)
    reading.file("b.csv", "a\nnot read\n")
    run = reading.run(limit=20, purpose="preview")
    assert len(reading.rows(["a.csv", "b.csv"], run, schema="a bigint")) == 20
    assert run.inputs == ()


def test_new_files_are_read_once(reading: Reading) -> None:
    stage = Files(path="in", read="new")
    reading.file("in/a.csv", "a\n1\n")
    first = stage.next_slice(None, reading.run())
    assert first is not None
    frame = stage.read(reading.run(slice=first))
    assert not isinstance(frame, WithErrors)
    assert reading.plain(frame) == [{"a": 1}]
    reading.file("in/b.csv", "a\n2\n")
    second = stage.next_slice(json.loads(json.dumps(first.offset)), reading.run())
    assert second is not None
    assert reading.plain(stage.read(reading.run(slice=second))) == [{"a": 2}]  # type: ignore[arg-type]
    nothing = stage.next_slice(second.offset, reading.run())
    assert nothing is not None
    assert nothing.items == []
    empty = stage.read(reading.run(slice=nothing))
    assert not isinstance(empty, WithErrors)
    assert (reading.plain(empty), empty.columns) == ([], ["a"])
    reading.file("in/a.csv", "a\n11\n")
    changed = stage.next_slice(second.offset, reading.run())
    assert changed is not None
    assert [each[0] for each in changed.items] == [str(reading.folder / "in/a.csv")]
    assert Files(path="in").next_slice(None, reading.run()) is None


def test_the_schema_key_changes_with_the_files(reading: Reading) -> None:
    reading.file("a.csv", "a\n1\n")
    before = Files(path="a.csv").input_version(reading.run())
    assert Files(path="a.csv").input_version(reading.run()) == before
    assert Files(path="a.csv", header=False).input_version(reading.run()) != before
    reading.file("a.csv", "a\n12\n")
    assert Files(path="a.csv").input_version(reading.run()) != before


def test_a_bucket_reads_as_a_disk_does(reading: Reading, s3_server: LocalS3) -> None:
    folder = f"s3://raw/{reading.folder.name}-{reading.engine.name}"
    store = open_store(f"{folder}/", s3_server.connection(), reading.folder)
    store.write(f"{store.path}n=1/a.csv", HOUSES.encode())
    store.write(f"{store.path}n=2/b.csv.gz", gzip.compress(b"price,_c0\n1,9\n"))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": range(1000), "b": ["x" * 100] * 1000}), sink, row_group_size=100)
    store.write(f"{store.path}p/a.parquet", sink.getvalue().to_pybytes())
    run = reading.run(connections={"lake": s3_server.connection()})
    rows = reading.rows(f"{folder}/**/*.csv*", run, connection="lake")
    assert sorted((row["n"], row["_c0"], row["price"]) for row in rows if row["price"]) == [
        (1, 1, 10.5),
        (1, 3, 7.0),
        (2, 9, 1.0),
    ]
    assert {each.digest[:4] for each in run.inputs if each.digest} == {"md5:"}
    again = reading.run(connections={"lake": s3_server.connection()}, columns=("a",))
    rows = reading.rows(f"{folder}/p/*.parquet", again, connection="lake")
    assert (len(rows), rows[0]) == (1000, {"a": 0})
    plan = reading.engine.session  # credentials stay out of what an engine shows
    assert s3_server.secret_access_key.reveal() not in repr(plan)


def test_paths_of_one_stage_stay_in_one_store(reading: Reading) -> None:
    with pytest.raises(InvalidCall) as caught:
        Files(path=["a.csv", "s3://raw/a.csv"]).read(reading.run())
    assert caught.value.code == "several-stores"


def test_a_schema_says_what_it_cannot_be() -> None:
    from headrace.storage.datasource import declared_schema

    assert declared_schema("`a b` STRING NOT NULL, c: struct<x:int,`y z`:array<long>>") == Schema.of(
        {"a b": "string", "c": "struct<x:int,`y z`:array<bigint>>"}
    )
    for text, code in (("a blob", "unknown-type"), ("a", "bad-schema"), ("a int, A int", "bad-schema")):
        with pytest.raises(InvalidCall) as caught:
            declared_schema(text)
        assert caught.value.code == code
