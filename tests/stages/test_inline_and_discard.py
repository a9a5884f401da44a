"""Rows that stand in the document, and a destination that keeps none, on both engines."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from headrace.core import DataRefused
from headrace.engine import Engine
from headrace.frames.columns import schema_of
from headrace.stages.destinations.discard import Discard
from headrace.stages.origins.inline import Inline
from headrace.testing import StageRun

TYPES = {
    "id": "bigint", "a b": "string", "d.t": "decimal(10,2)", "ß`x": "double", "day": "date",
    "at": "timestamp", "local": "timestamp_ntz", "flag": "boolean", "list": "array<bigint>",
    "small": "tinyint", "real": "float", "it": "struct<k:string>",
}  # fmt: skip
FIRST = [1, "x", "1.10", 2, "2024-02-29", "2024-02-29T10:00:00+02:00", "2024-02-29 10:00:00", True, [1, None]]
FULL = [*FIRST, 127, 0.5, {"k": "v"}]
NULLS = [None] * len(TYPES)


@pytest.fixture
def run(any_engine: Engine, tmp_path: Path) -> StageRun:
    return StageRun(any_engine.session, tmp_path, engine=any_engine.name)


def test_rows_come_in_their_declared_types(any_engine: Engine, run: StageRun) -> None:
    stage = Inline(rows=(FULL, NULLS), schema=TYPES)  # type: ignore[arg-type]
    frame = stage.read(run)
    assert schema_of(frame).ddl() == stage.columns_after({}).ddl()
    first, second = any_engine.to_arrow(frame).to_pylist()
    assert list(second.values()) == NULLS
    assert (first["d.t"], first["ß`x"], first["day"]) == (Decimal("1.10"), 2.0, dt.date(2024, 2, 29))
    assert first["at"] == dt.datetime(2024, 2, 29, 8, tzinfo=dt.UTC)
    assert first["local"] == dt.datetime(2024, 2, 29, 10)
    assert (first["list"], first["small"], first["it"]) == ([1, None], 127, {"k": "v"})


def test_types_follow_from_the_rows_and_integers_are_bigint(any_engine: Engine, run: StageRun) -> None:
    rows: tuple[dict[str, Any], ...] = ({"n": 1, "x": 1, "t": "a"}, {"x": 2.5, "b": True}, {"none": None})
    frame = Inline(rows=rows).read(run)
    assert schema_of(frame).ddl() == "`n` bigint, `x` double, `t` string, `b` boolean, `none` string"
    assert any_engine.to_arrow(frame).num_rows == 3


def test_no_rows_are_a_frame_with_columns(any_engine: Engine, run: StageRun) -> None:
    frame = Inline(rows=(), schema=TYPES).read(run)  # type: ignore[arg-type]
    assert [each.type for each in schema_of(frame)] == list(TYPES.values())
    assert any_engine.to_arrow(frame).num_rows == 0


@pytest.mark.parametrize(
    ("rows", "schema", "words"),
    [
        ((), None, "need a schema"),
        (([1],), None, "need a schema"),
        (({"a": 1, "b": 2},), "a int", "a column 'b' that is not in the schema"),
        (([1, 2],), "a int", "2 values for 1 columns"),
    ],
)
def test_rows_that_fit_no_schema_are_refused(rows: Any, schema: Any, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Inline(rows=rows, schema=schema)


@pytest.mark.parametrize(
    ("value", "kind"), [("x", "bigint"), (1.5, "int"), (300, "tinyint"), ("31.12.2024", "date"), (1, "date")]
)
def test_a_value_of_another_type_is_told(run: StageRun, value: Any, kind: str) -> None:
    with pytest.raises(DataRefused, match=f"A value of 'a b' is no {kind}") as caught:
        Inline(rows=([value],), schema={"a b": kind}).read(run)
    assert caught.value.code == "bad-row"


@pytest.mark.parametrize("rows", [0, 100_000])
def test_what_is_discarded_is_computed_once_and_counted(
    any_engine: Engine, run: StageRun, tmp_path: Path, rows: int
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()

    def marked(batches: Any) -> Any:
        for batch in batches:
            for first in batch["id"][:1].to_pylist():
                (marks / str(first)).open("x").close()
            yield batch

    frame = any_engine.session.range(0, rows, 1, 2).mapInArrow(marked, "id bigint")
    output = Discard().write(frame, run).publish()
    assert output is not None
    assert (output.kind, output.rows or 0) == ("none", rows)
    assert any(marks.iterdir()) is bool(rows)
