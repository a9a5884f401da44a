"""Files become the same rows, columns and types on every engine."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import hashlib
import json
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.core import DataRefused, Frame, HeadraceError, InvalidCall, Schema, WithErrors
from headrace.engine import Engine, explain_failure
from headrace.stages.origins.files import Files
from headrace.storage.formats import chunks
from headrace.storage.objects import open_store, with_digests
from headrace.testing import StageRun

if TYPE_CHECKING:
    from headrace.app.local_s3 import LocalS3

UTC = dt.UTC
HOUSES = """,price,name,day,seen,new
1,10.5,"a, ""b""
c",2024-01-31,2024-01-31 10:00:00,true
2,,,,,
3,7,x,2024-02-01,2024-01-31T10:00:00.5,false
"""


class Reading:
    """An engine, a folder, and what reading there gave."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder

    def run(self, **given: Any) -> StageRun:
        return StageRun(self.engine.session, self.folder, engine=self.engine.name, **given)

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def rows(self, path: Any, run: StageRun | None = None, **config: Any) -> list[dict[str, Any]]:
        frame = Files(path=path, **config).read(run or self.run())
        assert not isinstance(frame, WithErrors)
        return self.plain(frame)

    def plain(self, frame: Frame) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.engine.to_arrow(frame).to_pylist()
        return rows

    def types(self, path: Any, **config: Any) -> dict[str, str]:
        frame = Files(path=path, **config).read(self.run(purpose="analyse"))
        assert not isinstance(frame, WithErrors)
        assert self.engine.to_arrow(frame).num_rows == 0
        return {field.name: field.dataType.simpleString() for field in frame.schema}

    def refused(self, act: Callable[[], object]) -> HeadraceError:
        """The error of ours that an act ends in, through the engine or not."""
        with pytest.raises(Exception) as caught:  # noqa: PT011 - what it is, is what is asked
            act()
        found = explain_failure(caught.value)
        assert found is not None, caught.value
        return found


@pytest.fixture
def reading(any_engine: Engine, tmp_path: Path) -> Reading:
    return Reading(any_engine, tmp_path)


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


BAD = 'a,b,c\n1,x,2024-01-01\nno,y,2024-01-01\n2,"q\nr",2024-01-01\n3,z\n\n4,w,2024-02-30\n5,v,2024-01-05\n'


def test_a_bad_row_stops_with_its_place_and_text(reading: Reading) -> None:
    reading.file("bad.csv", BAD)
    error = reading.refused(lambda: reading.rows("bad.csv", schema="a bigint, b string, c date"))
    assert isinstance(error, DataRefused)
    assert error.code == "bad-row"
    assert "bad.csv, line 3, column 'a'" in error.message
    assert "no,y,2024-01-01" in error.message


@pytest.mark.parametrize("block", [4 << 20, 1])
def test_bad_rows_are_set_apart_with_line_and_raw_text(
    reading: Reading, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading.file("bad.csv", BAD)
    run = reading.run(on_error="route")
    made = Files(path="bad.csv", schema="a bigint, b string, c date").read(run)
    assert isinstance(made, WithErrors)
    assert sorted(row["a"] for row in reading.plain(made.frame)) == [1, 2, 5]
    rejected = reading.plain(made.rejected)
    assert [
        (row["_error_code"], row["_error_column"], row["_error_line"], row["_error_raw"]) for row in rejected
    ] == [
        ("bad-value", "a", 3, "no,y,2024-01-01"),
        ("ragged-row", None, 6, "3,z"),
        ("bad-value", "c", 8, "4,w,2024-02-30"),
    ]
    assert {row["_error_file"] for row in rejected} == {"bad.csv"}
    assert {direction: count() for direction, count in run.watches} == {"out": 3, "errors": 3}


def test_bad_json_is_set_apart_too(reading: Reading) -> None:
    reading.file("bad.jsonl", '{"a":1}\n{"a":\n\n{"a":"x"}\n[1]\n{"a":2}\n')
    made = Files(path="bad.jsonl", schema="a bigint").read(reading.run(on_error="discard"))
    assert isinstance(made, WithErrors)
    assert sorted(row["a"] for row in reading.plain(made.frame)) == [1, 2]
    found = [(row["_error_code"], row["_error_line"]) for row in reading.plain(made.rejected)]
    assert found == [("bad-json", 2), ("bad-value", 4), ("bad-json", 5)]


def test_a_large_file_is_cut_without_losing_a_row(reading: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quoted line breaks everywhere, bad rows in every part, lines right to the end."""
    text = ["id,text"]
    bad = []
    line = 1
    for number in range(300_000):
        line += 1
        if number % 50_000 == 7:
            bad.append(line)
            text.append(f"x{number},boo")
        else:
            text.append(f'{number},"first, ""quoted""\nsecond {"pad" * 30}"')
            line += 1
    reading.file("large.csv", "\n".join(text))
    made = Files(path="large.csv", schema="id bigint, text string").read(reading.run(on_error="route"))
    assert isinstance(made, WithErrors)
    (total,) = made.frame.selectExpr("count(*) as n", "sum(id) as s", "min(length(text)) as l").collect()
    left_out = [number for number in range(300_000) if number % 50_000 == 7]
    assert total["n"] == 300_000 - len(left_out)
    assert total["s"] == sum(range(300_000)) - sum(left_out)
    assert total["l"] == len('first, "quoted"\nsecond ') + 90
    assert sorted(row["_error_line"] for row in reading.plain(made.rejected)) == bad


def test_every_problem_with_a_file_is_a_clear_error(reading: Reading) -> None:
    reading.file("empty.csv", "")
    reading.file("header.csv", "a,b\n")
    reading.file("twice.csv", "a,b,A\n1,2,3\n")
    reading.file("latin.csv", "a,b\nx,1\nÄ,2\n".encode("latin-1"))
    reading.file("cut.parquet", b"PAR1 and then nothing")
    reading.file("none.parquet", b"")
    reading.file("mystery.xyz", "a\n1\n")
    assert reading.types("header.csv") == {"a": "string", "b": "string"}
    assert reading.rows("header.csv") == []
    assert reading.rows("empty.csv", schema="a int") == []
    for name, code in (
        ("empty.csv", "empty-file"),
        ("twice.csv", "duplicate-column"),
        ("latin.csv", "wrong-encoding"),
        ("cut.parquet", "broken-file"),
        ("none.parquet", "empty-file"),
        ("mystery.xyz", "unknown-format"),
        ("latn.csv", "no-files-match"),
    ):
        assert reading.refused(lambda name=name: reading.rows(name)).code == code, name
    assert "line 3" in reading.refused(lambda: reading.rows("latin.csv")).message
    assert "'latin.csv'" in str(reading.refused(lambda: reading.rows("latn.csv")))
    assert reading.rows("latn.csv", allow_missing=True, schema="a int") == []


def test_a_declared_column_that_the_file_lacks_is_named(reading: Reading) -> None:
    reading.file("a.csv", "price,b\n1,2\n")
    error = reading.refused(lambda: reading.rows("a.csv", schema="prise double"))
    assert error.code == "column-not-in-file"
    assert "'price'" in str(error)


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
    assert changed.items == [str(reading.folder / "in/a.csv")]
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


def test_blocks_are_cut_where_records_end() -> None:
    pieces = [b"a\nb", b"c\nd", b"", b"e"]
    found = list(chunks.cut_blocks(iter(pieces), lambda block: block.rfind(b"\n") + 1, "x"))
    assert found == [b"a\n", b"bc\n", b"de"]


def test_a_packed_file_of_many_blocks_is_read_in_turns(reading: Reading) -> None:
    """Longer than one partition gives on the embedded engine; read twice at once, and only begun."""
    text = "id,text\n" + "".join(f"{number},{'ab' * 40}\n" for number in range(700_000))
    reading.file("long.csv.gz", gzip.compress(text.encode(), 1))
    reading.file("latin.csv", text.encode("latin-1"))
    for name, config in (("long.csv.gz", {}), ("latin.csv", {"encoding": "latin-1"})):
        run = reading.run()
        frame = Files(path=name, **config).read(run)
        assert not isinstance(frame, WithErrors)
        (total,) = frame.union(frame).selectExpr("count(*) as n", "sum(id) as s").collect()
        assert (total["n"], total["s"]) == (1_400_000, 700_000 * 699_999)
        assert [count() for _, count in run.watches] == [700_000]
        assert len(frame.limit(3).collect()) == 3
