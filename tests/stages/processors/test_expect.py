"""Expectations: what they find, and what follows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from headrace.core import DataRefused, InvalidCall, find_stage
from headrace.testing import StageRun

ROWS = pa.table(
    {
        "id": [1, 2, 2, None, None],
        "a b": ["AB12", "x", None, "AB3", ""],
        "n": [1.0, float("nan"), -5.0, None, 100.0],
        "at": pa.array(
            [dt.datetime(2025, 12, day, tzinfo=dt.UTC) for day in range(26, 31)], pa.timestamp("us", "UTC")
        ),
    }
)


def checked(any_engine: Any, folder: Any, *expectations: dict[str, Any], **how: Any) -> list[tuple[Any, ...]]:
    """What was found, without consequences."""
    run = StageRun(any_engine.session, folder, engine=any_engine.name, **how)
    stage = find_stage("processor.expect").stage(expectations=expectations, action="report")
    stage.transform(any_engine.session.createDataFrame(ROWS), run)
    events = [event.to_json() for event in run.events]
    assert all(event["event"] == "expectation_checked" and event["total_rows"] == 5 for event in events)
    return [(event["expectation"], event["passed"], event["failed_rows"]) for event in events]


def test_every_check_counts_the_rows_that_are_wrong(any_engine: Any, tmp_path: Any) -> None:
    assert checked(
        any_engine,
        tmp_path,
        {"check": "not_null", "columns": ["id", "n"]},
        {"check": "unique", "column": "id"},
        {"check": "unique", "columns": ["id", "a b"]},
        {"check": "range", "column": "n", "min": 0, "max": 50.5},
        {"check": "in_set", "column": "a b", "values": ["x", "AB12"]},
        {"check": "regex", "column": "a b", "pattern": "[A-Z]{2}\\d+|"},
        {"check": "sql", "condition": "n > 0", "name": "positive"},
        {"check": "sql", "condition": "n > 0", "at_least": 0.5},
    ) == [
        ("not_null(id, n)", False, 2),
        ("unique(id)", False, 2),
        ("unique(id, a b)", True, 0),
        ("range(n)", False, 3),
        ("in_set(a b)", False, 2),
        ("regex(a b)", False, 1),
        ("positive", False, 2),
        ("sql(n > 0)", True, 2),
    ]


def test_a_table_has_a_size_and_an_age(any_engine: Any, tmp_path: Any) -> None:
    assert checked(
        any_engine,
        tmp_path,
        {"check": "row_count", "min": 5, "max": 5},
        {"check": "row_count", "min": 6},
        {"check": "freshness", "column": "at", "max_age": "2 days"},
        {"check": "freshness", "column": "at", "max_age": "47h"},
    ) == [
        ("row_count", True, None),
        ("row_count", False, None),
        ("freshness(at)", True, None),
        ("freshness(at)", False, None),
    ]


def test_a_failed_expectation_stops_and_says_all_that_failed(apply: Any) -> None:
    config = {"expectations": [{"check": "not_null", "column": "id"}, {"check": "row_count", "min": 9}]}
    with pytest.raises(DataRefused) as caught:
        apply("expect", config, ROWS)
    assert caught.value.code == "expectation-failed"
    assert "not_null(id): 2 of 5 rows are wrong; row_count: 5 rows" in caught.value.message


def test_a_warning_never_stops(apply: Any) -> None:
    config = {"expectations": [{"check": "not_null", "column": "id", "severity": "warning"}]}
    assert len(apply("expect", config, ROWS)) == 5
    rows, rejected = apply("expect", config, ROWS, on_error="route")
    assert (len(rows), rejected) == (5, [])


def test_wrong_rows_are_routed_with_the_expectation_that_they_break(apply: Any) -> None:
    config = {
        "expectations": [
            {"check": "unique", "column": "id"},
            {"check": "range", "column": "n", "max": 50, "name": "small"},
        ]
    }
    rows, rejected = apply("expect", config, ROWS.select(["id", "n"]), on_error="route")
    assert [row["id"] for row in rows] == [1, None]
    assert [(row["_error_code"], row["_error_message"], row["_error_column"]) for row in rejected] == [
        ("expectation-failed", "unique(id)", "id"),
        ("expectation-failed", "unique(id)", "id"),
        ("expectation-failed", "small", "n"),
    ]
    assert list(rejected[0]) == ["id", "n", "_error_code", "_error_message", "_error_column"]


def test_routing_still_stops_where_no_row_is_to_blame(apply: Any) -> None:
    config = {"expectations": [{"check": "row_count", "min": 9}], "action": "route"}
    with pytest.raises(DataRefused):
        apply("expect", config, ROWS, on_error="discard")
    with pytest.raises(InvalidCall) as caught:
        apply("expect", config, ROWS)
    assert caught.value.code == "route-without-on-error"


def test_an_empty_table_is_not_fresh_and_has_no_wrong_rows(
    apply: Any, frame: Any, session: Any, tmp_path: Any
) -> None:
    run = StageRun(session, tmp_path)
    checks = [
        {"check": "not_null", "column": "id"},
        {"check": "freshness", "column": "at", "max_age": "1 week"},
    ]
    stage = find_stage("processor.expect").stage(expectations=checks, action="report")
    stage.transform(frame(ROWS).where("false"), run)
    assert [event.to_json()["passed"] for event in run.events] == [True, False]


def test_a_preview_does_not_judge_a_few_rows(apply: Any) -> None:
    config = {"expectations": [{"check": "row_count", "min": 9}]}
    assert len(apply("expect", config, ROWS, purpose="preview")) == 5


@pytest.mark.parametrize(
    ("expectation", "words"),
    [
        ({"check": "not_null"}, "not_null needs columns"),
        ({"check": "range", "column": "n"}, "range needs min, max or both"),
        ({"check": "row_count"}, "row_count needs min, max or both"),
        ({"check": "row_count", "min": "x"}, "row_count takes numbers"),
        ({"check": "regex", "column": "n"}, "regex needs pattern"),
        ({"check": "freshness", "column": "at", "max_age": "soon"}, "is no duration"),
    ],
)
def test_an_expectation_that_lacks_something_is_refused(expectation: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        find_stage("processor.expect").stage(expectations=[expectation])
