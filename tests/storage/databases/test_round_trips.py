"""What is written is what is read, in every database: values, types, names, sizes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Database

EVERYTHING = """
SELECT * FROM VALUES
 (1, CAST(1 AS TINYINT), CAST(2 AS SMALLINT), 3, CAST(9223372036854775807 AS BIGINT), CAST(0.5 AS FLOAT),
  0.25D, CAST('99999999999999999999.123456789012345678' AS DECIMAL(38,18)), TRUE,
  'ä “quoted” \\' \\\\ 日本 🚰\\n\\t', X'00FF27',
  DATE '2024-02-29', TIMESTAMP '2024-01-31 23:59:59.123456+02:00', TIMESTAMP_NTZ '0001-01-01 00:00:00'),
 (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
 (3, CAST(-128 AS TINYINT), CAST(-32768 AS SMALLINT), -2147483648, CAST(-9223372036854775808 AS BIGINT),
  CAST(-1.5 AS FLOAT), -1e300D, CAST('-0.000000000000000001' AS DECIMAL(38,18)), FALSE, '', X'',
  DATE '9999-12-31', TIMESTAMP '1969-12-31 23:59:59.999999Z', TIMESTAMP_NTZ '9999-12-31 23:59:59.999999')
AS t(id, tiny, small, normal, big, single, double, exact, yes, words, bytes, day, moment, clock)
"""


def test_every_plain_type_comes_back_as_it_went(database: Database) -> None:
    frame = database.frame(EVERYTHING)
    assert database.write(frame, "everything").rows == 3
    again = database.read("everything")
    kinds = dict(frame.dtypes)
    kinds |= {"tiny": dict(again.dtypes)["tiny"]}  # not every database has a type of one byte
    assert dict(again.dtypes) == kinds
    assert again.orderBy("id").collect() == frame.orderBy("id").collect()


def test_nested_values_are_arrays_or_json(database: Database) -> None:
    frame = database.frame(
        "SELECT 1 id, array(1, NULL, 3) numbers, array('a,b', '\"c\"', NULL) words, map('k', 1.5D) pairs, "
        "named_struct('a', 1, 'b', array(DATE '2024-01-01')) deep"
    )
    database.write(frame, "nested")
    (row,) = database.read("nested").collect()
    if database.dialect.arrays:
        assert (row.numbers, row.words) == ([1, None, 3], ["a,b", '"c"', None])
    assert (row.pairs.replace(" ", ""), row.deep.replace(" ", "")) == (
        '{"k":1.5}',
        '{"a":1,"b":["2024-01-01"]}',
    )


def test_no_rows_still_make_the_table(database: Database) -> None:
    assert database.write(database.frame("SELECT 1 id, 'a' name WHERE FALSE"), "none").rows == 0
    assert database.read("none").dtypes == [("id", "int"), ("name", "string")]
    assert database.rows("none") == []


@pytest.mark.parametrize("table", ["select", "Two Words", '"a.b"', 'odd"', "ÄÖ", "semi;colon'--"])
def test_any_name_is_a_name(database: Database, table: str) -> None:
    frame = database.frame('SELECT 1 id, 2 `order`, 3 `a.b`, 4 `with space`, 5 `quo"te`, 6 `Ä`')
    table = table.replace('odd"', '"odd"""')
    database.write(frame, table, indexes=[["order", "a.b"]])
    database.write(frame, table, mode="upsert", keys=["id"])
    (row,) = database.rows(table)
    assert row == {"id": 1, "order": 2, "a.b": 3, "with space": 4, 'quo"te': 5, "Ä": 6}


def test_a_wide_table_comes_back(database: Database) -> None:
    width = min(500, database.dialect.widest)
    columns = ", ".join(f"id + {number} AS column_{number}" for number in range(1, width))
    frame = database.frame(f"SELECT id, {columns} FROM range(3)")
    database.write(frame, "wide")
    assert database.read("wide").orderBy("id").collect() == frame.orderBy("id").collect()


def test_a_query_and_a_filter_take_parameters_as_values(database: Database) -> None:
    database.write(database.frame("SELECT id, concat('x', id) name FROM range(10)"), "numbers")
    evil = "x1' OR '1'='1"
    run = database.view(parameters={"least": 7, "name": evil, "some": ["x8", "x9"]})
    assert database.read("numbers", run, filter="id >= :least").count() == 3
    assert database.read("numbers", run, filter="name = :name").count() == 0
    assert database.read("numbers", run, filter="name IN :some").count() == 2
    asked = database.read(
        "", run, query="SELECT COUNT(*) AS many, MAX(name) AS last FROM numbers WHERE id < :least;"
    )
    assert [tuple(row) for row in asked.collect()] == [(7, "x6")]


def test_only_what_is_asked_for_is_read(database: Database) -> None:
    database.write(database.frame("SELECT id, id * 2 twice, 'text' more FROM range(10)"), "numbers")
    assert database.read("numbers", columns=["more", "id"]).columns == ["more", "id"]
    assert database.read("numbers", database.view(columns=("twice",))).columns == ["twice"]
    assert database.read("numbers", database.view(purpose="preview", limit=3)).count() == 3
    assert database.read("numbers", database.view(purpose="analyse")).collect() == []


def test_ranges_of_a_key_lose_and_repeat_nothing(database: Database) -> None:
    frame = database.frame(
        "SELECT IF(id = 5, NULL, id - 500) k, id, make_date(2024, 1, 1 + id % 31) day FROM range(1000)"
    )
    database.write(frame, "numbers")
    for key in ("k", "id", "day"):
        again = database.read("numbers", split_by=key, partitions=7)
        assert sorted(row.id for row in again.select("id").collect()) == list(range(1000))


def test_several_tables_are_one_frame(database: Database) -> None:
    for year in (2022, 2023, 2024):
        database.write(database.frame(f"SELECT id, {year} year FROM range(2)"), f"sales_{year}")
    database.write(database.frame("SELECT 1 other"), "costs")
    rows = database.read("sales_*", table_column="from").orderBy("year", "id").collect()
    assert [(row.year, row.id) for row in rows] == [(y, i) for y in (2022, 2023, 2024) for i in (0, 1)]
    assert {row["from"].rpartition(".")[2] for row in rows} == {"sales_2022", "sales_2023", "sales_2024"}


def test_moments_are_the_same_whatever_zone_somebody_thinks_in(database: Database) -> None:
    database.write(database.frame("SELECT 1 id, TIMESTAMP '2024-06-01 12:00:00+05:30' at"), "moments")
    (row,) = database.read("moments").selectExpr("unix_micros(at) AS micros").collect()
    assert row.micros == int(dt.datetime(2024, 6, 1, 6, 30, tzinfo=dt.UTC).timestamp()) * 1_000_000


def test_decimals_keep_their_digits(database: Database) -> None:
    database.write(
        database.frame("SELECT 1 id, CAST('0.10' AS DECIMAL(5,2)) a, CAST(12 AS DECIMAL(20,0)) b"), "d"
    )
    assert database.read("d").dtypes == [("id", "int"), ("a", "decimal(5,2)"), ("b", "decimal(20,0)")]
    assert database.rows("d") == [{"id": 1, "a": Decimal("0.10"), "b": Decimal(12)}]
