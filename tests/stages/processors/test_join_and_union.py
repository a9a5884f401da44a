"""Frames side by side and one below the other."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from headrace.core import DataRefused, Schema, find_stage

LEFT = {"id": [1, 2, None], "v": ["a", "b", "c"]}
RIGHT = {"id": [2, 3, None], "v": ["x", "y", "z"]}


def pairs(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    return {tuple(row.values()) for row in rows}


@pytest.mark.parametrize(
    ("how", "rows"),
    [
        ("inner", {(2, "b", "x")}),
        ("left", {(1, "a", None), (2, "b", "x"), (None, "c", None)}),
        ("right", {(2, "b", "x"), (3, None, "y"), (None, None, "z")}),
        ("full", {(1, "a", None), (2, "b", "x"), (3, None, "y"), (None, "c", None), (None, None, "z")}),
        ("semi", {(2, "b")}),
        ("anti", {(1, "a"), (None, "c")}),
    ],
)
def test_each_kind_of_join_keeps_the_rows_it_is_known_for(apply: Any, how: str, rows: Any) -> None:
    assert pairs(apply("join", {"on": "id", "how": how}, LEFT, RIGHT)) == rows


def test_nulls_meet_when_asked(apply: Any) -> None:
    rows = apply("join", {"on": ["id"], "null_safe": True}, LEFT, RIGHT)
    assert pairs(rows) == {(2, "b", "x"), (None, "c", "z")}


def test_a_cross_join_pairs_each_with_each(apply: Any) -> None:
    rows = apply("join", {"how": "cross", "suffix": "2"}, LEFT, RIGHT)
    assert len(rows) == 9
    assert list(rows[0]) == ["id", "v", "id2", "v2"]


def test_keys_of_two_names_are_both_kept(apply: Any) -> None:
    right = {"House Id": [2], "w.x": [5]}
    assert apply("join", {"on": {"id": "house id"}}, LEFT, right) == [
        {"id": 2, "v": "b", "House Id": 2, "w.x": 5}
    ]


def test_a_condition_may_stand_beside_the_keys(apply: Any) -> None:
    config = {"on": ["id"], "condition": "left.v < right.v and right.v = 'x'", "how": "left"}
    assert pairs(apply("join", config, LEFT, RIGHT)) == {(1, "a", None), (2, "b", "x"), (None, "c", None)}


def test_keys_of_different_width_meet_in_the_wider(apply: Any) -> None:
    right = pa.table({"id": pa.array([2.0, 3.5], pa.float64())})
    rows = apply("join", {"on": ["id"], "how": "full"}, {"id": [2]}, right)
    assert sorted(row["id"] for row in rows) == [2.0, 3.5]


def test_a_frame_may_be_joined_with_itself(apply: Any, frame: Any) -> None:
    one = frame({"id": [1, 2]})
    stage = find_stage("processor.join").stage(condition="left.id + 1 = right.id")
    assert stage.transform(one, one, None).toArrow().to_pylist() == [{"id": 1, "id_right": 2}]


def test_names_that_clash_in_spite_of_the_suffix_are_a_problem() -> None:
    stage = find_stage("processor.join").stage(on=["id"], suffix="2")
    left, right = Schema.of({"id": "int", "v": "int", "v2": "int"}), Schema.of({"id": "int", "V": "int"})
    (issue,) = stage.problems({"left": left, "right": right})
    assert (issue.code, issue.field) == ("duplicate-column", "suffix")


@pytest.mark.parametrize("config", [{}, {"how": "cross", "on": ["id"]}])
def test_a_join_without_keys_has_to_say_cross(config: Any) -> None:
    with pytest.raises(ValidationError, match="cross join"):
        find_stage("processor.join").stage(**config)


ONE = pa.table({"id": pa.array([1], pa.int32()), "d": pa.array([1.5], pa.float32())})
TWO = pa.table({"D": pa.array([2.5], pa.float64()), "ID": pa.array([2**40], pa.int64()), "new": ["n"]})


def test_a_union_matches_names_and_widens_types(apply: Any) -> None:
    rows = apply("union", {"missing": None}, ONE, TWO)
    assert sorted(rows, key=lambda row: row["id"]) == [
        {"id": 1, "d": 1.5, "new": None}, {"id": 2**40, "d": 2.5, "new": "n"},
    ]  # fmt: skip
    assert {"D": 1.5, "ID": 1} in apply("union", {"missing": "drop"}, TWO, ONE)


def test_a_union_of_equal_rows_keeps_one_when_asked(apply: Any) -> None:
    assert apply("union", {"distinct": True}, ONE, ONE, ONE) == [{"id": 1, "d": 1.5}]


def test_a_missing_column_and_types_apart_are_problems_before_and_during_the_run(apply: Any) -> None:
    stage = find_stage("processor.union").stage()
    one, two = Schema.of({"a": "int", "b": "string"}), Schema.of({"b": "int"})
    assert [issue.code for issue in stage.problems({"0": one, "1": two})] == [
        "missing-column",
        "types-differ",
    ]
    with pytest.raises(DataRefused, match="Not every input has the column 'new'"):
        apply("union", {}, ONE, TWO)
