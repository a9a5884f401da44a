"""Converting columns, and what happens to values that are not what they should be."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from headrace.core import Schema, find_stage

UTC = dt.UTC


@pytest.mark.parametrize(
    ("text", "to", "value"),
    [
        ("31/12/2024", {"type": "date", "format": "dd/MM/yyyy"}, dt.date(2024, 12, 31)),
        (
            "2024-02-29 13:05",
            {"type": "timestamp", "format": "yyyy-MM-dd HH:mm"},
            dt.datetime(2024, 2, 29, 13, 5, tzinfo=UTC),
        ),
        ("20240102", {"type": "date", "format": "yyyyMMdd"}, dt.date(2024, 1, 2)),
        ("86400", {"type": "timestamp", "format": "unix_seconds"}, dt.datetime(1970, 1, 2, tzinfo=UTC)),
        (
            "86400001",
            {"type": "timestamp", "format": "unix_millis"},
            dt.datetime(1970, 1, 2, 0, 0, 0, 1000, UTC),
        ),
        ("1.234.567,891", {"type": "decimal(12,2)", "format": "1.234,56"}, Decimal("1234567.89")),
        ("-1,234.5", {"type": "double", "format": "1,234.56"}, -1234.5),
        ("12'000", {"type": "int", "format": "1'234.56"}, 12000),
        (" 12 ", {"type": "integer"}, 12),
        ("1e3", {"type": "double"}, 1000.0),
        ("yes", {"type": "bool"}, True),
        ("2024-01-02T03:04:05Z", {"type": "timestamp"}, dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("", {"type": "int"}, None),
        ("  ", {"type": "date"}, None),
    ],
)
def test_text_becomes_what_its_format_says(
    any_engine: Any, tmp_path: Any, text: str, to: Any, value: Any
) -> None:
    from headrace.testing import StageRun

    stage = find_stage("processor.convert_types").stage(columns={"a.b": to})
    frame = any_engine.session.createDataFrame([(text,)], "`a.b` string")
    made = stage.transform(frame, StageRun(any_engine.session, tmp_path, engine=any_engine.name))
    assert any_engine.to_arrow(made).to_pylist() == [{"a.b": value}]


@pytest.mark.parametrize("on_failure", ["stop", "error_row"])
def test_a_value_that_cannot_be_converted_stops_the_run_and_is_named(apply: Any, on_failure: str) -> None:
    with pytest.raises(Exception, match="Column 'a b' has 'x', which is no int"):
        apply("convert_types", {"columns": {"a b": "int"}, "on_failure": on_failure}, {"a b": ["1", "x"]})


def test_it_becomes_null_when_asked(apply: Any) -> None:
    config = {"columns": {"a": "tinyint", "b": "date"}, "on_failure": None}
    rows = apply(
        "convert_types", config, {"a": ["1", "300"], "b": ["2024-02-30", "2024-02-29"]}, on_error="route"
    )
    assert rows == [{"a": 1, "b": None}, {"a": None, "b": dt.date(2024, 2, 29)}]


@pytest.mark.parametrize("on_error", ["discard", "route"])
def test_or_its_row_leaves_the_lane_as_it_came_with_the_reason(apply: Any, on_error: Any) -> None:
    config = {"columns": {"a": "int", "b": {"type": "date", "format": "d.M.yyyy"}}}
    data = {"a": ["1", "it's", None, "4"], "b": ["1.2.2024", "1.2.2024", "", "2024"], "c": [1, 2, 3, 4]}
    rows, rejected = apply("convert_types", config, data, on_error=on_error)
    day = dt.date(2024, 2, 1)
    assert rows == [{"a": 1, "b": day, "c": 1}, {"a": None, "b": None, "c": 3}]
    assert rejected == [
        {
            "a": "it's", "b": "1.2.2024", "c": 2, "_error_code": "not-convertible",
            "_error_message": "Column 'a' has 'it's', which is no int.", "_error_column": "a",
        },
        {
            "a": "4", "b": "2024", "c": 4, "_error_code": "not-convertible",
            "_error_message": "Column 'b' has '2024', which is no date (d.M.yyyy).", "_error_column": "b",
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"a": "integr"}, "is no type"),
        ({"a": "decimal(40,2)"}, "1 to 38 digits"),
        ({"a": "decimal(4,5)"}, "no more behind the point"),
        ({"a": {"type": "int", "format": "dd"}}, "the format of 'a' is none for int"),
        ({"a": {"type": "string", "format": "unix_millis"}}, "not text"),
    ],
)
def test_types_and_formats_that_make_no_sense_are_refused(columns: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        find_stage("processor.convert_types").stage(columns=columns)


def test_friendly_names_are_spelled_as_spark_does() -> None:
    stage = find_stage("processor.convert_types").stage(
        columns={"A": "long", "b": "NUMERIC(5, 2)", "c": "text"}
    )
    schema = stage.columns_after({"frame": Schema.of({"a": "int", "b": "int", "c": "int", "d": "int"})})
    assert [(c.name, c.type) for c in schema] == [
        ("A", "bigint"), ("b", "decimal(5,2)"), ("c", "string"), ("d", "int"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [("array<int>", "string"), ("bigint", "date"), ("double", "timestamp"), ("date", "bigint"),
     ("timestamp", "int"), ("boolean", "decimal(4,1)"), ("decimal(9,2)", "boolean"), ("int", "binary")],
)  # fmt: skip
def test_what_only_one_engine_converts_is_refused_on_both_before_the_run(old: str, new: str) -> None:
    stage = find_stage("processor.convert_types").stage(columns={"A": new})
    (issue,) = stage.problems({"frame": Schema.of({"a": old})})
    assert (issue.code, issue.field) == ("no-conversion", "columns.A")
    assert issue.hint


@pytest.mark.parametrize("unit", ["unix_seconds", "unix_millis", "unix_micros"])
def test_moments_beyond_the_year_9999_are_failures_and_no_wrong_dates(apply: Any, unit: str) -> None:
    config = {"columns": {"n": {"type": "timestamp", "format": unit}}, "on_failure": "null"}
    assert apply("convert_types", config, {"n": [2**63 - 1, -(2**63), None]}) == [{"n": None}] * 3
    first = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
    ticks = -62_135_596_800 * {"unix_seconds": 1, "unix_millis": 10**3, "unix_micros": 10**6}[unit]
    assert apply("convert_types", config, {"n": [ticks, ticks - 1]}) == [{"n": first}, {"n": None}]
