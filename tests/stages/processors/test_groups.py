"""Aggregates, duplicates, order and gaps."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from pydantic import ValidationError

from headrace.core import Schema, find_stage
from headrace.testing import StageRun

BIG = 2**63 - 1


def test_a_sum_beyond_its_type_is_an_error_and_never_a_wrong_number(any_engine: Any, tmp_path: Any) -> None:
    stage = find_stage("processor.aggregate").stage(aggregates={"s": {"function": "sum", "column": "n"}})
    frame = any_engine.session.createDataFrame(pa.table({"n": [BIG, 1]}))
    made = stage.transform(frame, StageRun(any_engine.session, tmp_path, engine=any_engine.name))
    with pytest.raises(Exception, match=r"(?i)out of range|overflow"):
        any_engine.to_arrow(made)


def test_a_sum_of_decimals_keeps_every_digit(apply: Any) -> None:
    rows = pa.table({"d": pa.array([Decimal("0.10")] * 3, pa.decimal128(4, 2))})
    (row,) = apply("aggregate", {"aggregates": {"s": {"function": "sum", "column": "d"}}}, rows)
    assert row == {"s": Decimal("0.30")}


def test_no_rows_are_one_group_without_groups_and_none_with(session: Any, frame: Any, tmp_path: Any) -> None:
    stage = find_stage("processor.aggregate").stage
    wanted = {"c": {"function": "count"}, "s": {"function": "sum", "column": "n"}}
    none, run = frame({"g": ["x"], "n": [1]}).where("false"), StageRun(session, tmp_path)
    assert stage(aggregates=wanted).transform(none, run).toArrow().to_pylist() == [{"c": 0, "s": None}]
    assert stage(group_by=["g"], aggregates=wanted).transform(none, run).toArrow().to_pylist() == []


def test_null_is_a_group_of_its_own(apply: Any) -> None:
    rows = apply("aggregate", {"group_by": ["g"], "aggregates": {"n": "count(*)"}}, {"g": ["a", None, None]})
    assert sorted(rows, key=str) == [{"g": "a", "n": 1}, {"g": None, "n": 2}]


def test_a_function_needs_its_column_and_a_name_of_its_own() -> None:
    kind = find_stage("processor.aggregate").stage
    with pytest.raises(ValidationError, match="sum needs a column"):
        kind(aggregates={"s": {"function": "sum"}})
    stage = kind(group_by=["g"], aggregates={"G": "count(*)"})
    (issue,) = stage.problems({"frame": Schema.of({"g": "int"})})
    assert issue.code == "duplicate-column"


@pytest.mark.parametrize(
    ("function", "kind"),
    [("sum", "string"), ("sum", "boolean"), ("mean", "date"), ("median", "string"), ("all_true", "bigint")],
)
def test_a_function_that_a_type_does_not_have_is_a_problem(function: str, kind: str) -> None:
    stage = find_stage("processor.aggregate").stage(aggregates={"s": {"function": function, "column": "N"}})
    (issue,) = stage.problems({"frame": Schema.of({"n": kind})})
    assert (issue.code, issue.field) == ("value-does-not-fit", "aggregates.s.function")
    assert issue.message == f"'n' is {kind}, which has no {function}."


def test_nan_is_the_largest_number_to_a_median(any_engine: Any, tmp_path: Any) -> None:
    stage = find_stage("processor.aggregate").stage(
        aggregates={"m": {"function": "median", "column": "x"}, "y": {"function": "mean", "column": "b"}}
    )
    rows = pa.table({"x": [1.0, math.nan, 2.0, math.nan, 3.0], "b": [True, False, True, True, None]})
    run = StageRun(any_engine.session, tmp_path, engine=any_engine.name)
    made = stage.transform(any_engine.session.createDataFrame(rows), run)
    assert any_engine.to_arrow(made).to_pylist() == [{"m": 3.0, "y": 0.75}]


def test_the_first_or_the_last_of_those_alike_stays(apply: Any) -> None:
    rows = {"k": ["a", "a", "b", None, None], "at": [1, 2, 3, None, 5]}
    first = apply("deduplicate", {"keys": ["k"], "keep": "first", "order_by": "at"}, rows)
    assert {(row["k"], row["at"]) for row in first} == {("a", 1), ("b", 3), (None, None)}
    by_latest = [{"column": "at", "direction": "desc", "nulls": "last"}]
    last = apply("deduplicate", {"keys": ["k"], "keep": "last", "order_by": by_latest}, rows)
    assert {(row["k"], row["at"]) for row in last} == {("a", 1), ("b", 3), (None, None)}


@pytest.mark.parametrize(
    "config", [{"keep": "first"}, {"keep": "last", "order_by": ["a"]}, {"order_by": ["a"]}]
)
def test_first_and_last_need_keys_and_an_order(config: Any) -> None:
    with pytest.raises(ValidationError):
        find_stage("processor.deduplicate").stage(**config)


def test_nulls_go_where_they_are_sent(apply: Any) -> None:
    rows = {"n": [2, None, 3, 1]}
    assert [r["n"] for r in apply("sort", {"by": "n"}, rows)] == [None, 1, 2, 3]
    last = {"by": [{"column": "n", "nulls": "last"}]}
    assert [r["n"] for r in apply("sort", last, rows)] == [1, 2, 3, None]
    down = {"by": [{"column": "n", "direction": "desc"}]}
    assert [r["n"] for r in apply("sort", down, rows)] == [3, 2, 1, None]


def test_a_sort_is_still_there_in_what_is_written_after_it(session: Any, tmp_path: Any) -> None:
    frame = session.range(0, 50_000, 1, 4).selectExpr("(id * 7919) % 50000 AS n")
    stage = find_stage("processor.sort").stage(by=["n"])
    target = tmp_path / "sorted"
    stage.transform(frame, StageRun(session, tmp_path)).write.parquet(str(target))
    for file in target.glob("*.parquet"):
        values = pa.parquet.read_table(file)["n"].to_pylist()
        assert values == sorted(values)


def test_statistics_leave_out_what_is_missing(apply: Any) -> None:
    rows = {"x": [1.0, math.nan, None, 4.0], "n": [1, 2, None, 2], "s": ["b", "a", None, None]}
    config = {"computed": {"x": "mean", "n": "mean", "s": "mode"}}
    found = apply("fill_missing", config, rows)
    assert [row["x"] for row in found] == [1.0, 2.5, 2.5, 4.0]
    assert [row["n"] for row in found] == [1, 2, 2, 2]  # 1.67, rounded
    assert [row["s"] for row in found] == ["b", "a", "a", "a"]  # as often as 'b', and smaller


def test_every_type_has_a_mode(any_engine: Any, tmp_path: Any) -> None:
    rows = pa.table(
        {
            "m": pa.array([Decimal("0.35"), Decimal("-1.07"), Decimal("0.35"), None], pa.decimal128(18, 2)),
            "b": [False, True, False, None],
            "d": [1.5, 1.5, -2.0, None],
            "t": ["b", "a", "b", None],
        }
    )
    stage = find_stage("processor.fill_missing").stage(computed=dict.fromkeys(rows.column_names, "mode"))
    run = StageRun(any_engine.session, tmp_path, engine=any_engine.name)
    filled = stage.transform(any_engine.session.createDataFrame(rows), run)
    found = {"m": Decimal("0.35"), "b": False, "d": 1.5, "t": "b"}
    assert found in any_engine.to_arrow(filled).to_pylist()
    assert [kind for _, kind in filled.dtypes] == ["decimal(18,2)", "boolean", "double", "string"]


def test_each_group_has_its_own_statistic_and_null_is_a_group(apply: Any) -> None:
    rows = {"g": ["a", "a", None, None, "b"], "x": [1, None, 5, None, None]}
    found = apply("fill_missing", {"computed": {"x": "max"}, "within": ["g"]}, rows)
    assert {(row["g"], row["x"]) for row in found} == {("a", 1), (None, 5), ("b", None)}
    assert len(found) == 5


def test_constants_by_type_spare_what_is_named(apply: Any) -> None:
    rows = {"a": ["", None], "b": pa.array([None, 1], pa.int32()), "c": pa.array([None, True])}
    config = {"by_type": {"number": 9, "string": "?", "boolean": False}, "values": {"b": 0}, "blank": True}
    assert apply("fill_missing", config, rows) == [
        {"a": "?", "b": 0, "c": False},
        {"a": "?", "b": 1, "c": True},
    ]


@pytest.mark.parametrize(
    "config",
    [
        {"values": {"n": "x"}},
        {"values": {"n": 1.5}},
        {"values": {"s": 1}},
        {"by_type": {"boolean": "no"}},
        {"computed": {"s": "mean"}},
        {"values": {"n": 3_000_000_000}},
        {"values": {"m": 1000}},
        {"values": {"d": "29.02.2024"}},
        {"by_type": {"timestamp": "soon"}},
    ],
)
def test_a_filling_that_does_not_fit_its_column_is_a_problem(config: Any) -> None:
    stage = find_stage("processor.fill_missing").stage(**config)
    types = {"n": "int", "s": "string", "b": "boolean", "m": "decimal(5,2)", "d": "date", "t": "timestamp"}
    (issue,) = stage.problems({"frame": Schema.of(types)})
    assert issue.code == "value-does-not-fit"
