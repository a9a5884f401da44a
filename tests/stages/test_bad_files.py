"""Rows and files that cannot be read are told with their place, or set apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from headrace.core import DataRefused, WithErrors
from headrace.stages.origins.files import Files

if TYPE_CHECKING:
    pass

from .conftest import Reading

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
