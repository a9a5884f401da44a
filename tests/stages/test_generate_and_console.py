"""Rows that are made up, and rows that are shown."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from headrace.core import LogWritten
from headrace.engine import Engine
from headrace.frames.columns import schema_of
from headrace.stages.destinations.console import Console
from headrace.stages.origins.generate import Generate
from headrace.storage.datasource import arrow_schema
from headrace.storage.generated import BLOCK, GeneratedColumn
from headrace.testing import StageRun

COLUMNS: dict[str, Any] = {
    "id": "sequence",
    "a b": {"type": "decimal(8,2)", "min": -5, "max": 5, "nulls": 0.25},
    "city": {"choices": ["Oslo", "Malmö"], "type": "string"},
    "name": {"type": "string", "length": 13},
    "at": {"type": "timestamp", "min": "2024-02-29T10:00:00+02:00", "sequence": True, "step": 90},
    "local": "timestamp_ntz",
    "day": {"type": "date", "min": "2024-01-31", "max": "2024-02-01"},
    "small": "tinyint",
    "x": {"type": "double", "min": -1, "max": 1},
    "real": "float",
    "flag": "boolean",
    "raw": "binary",
}
ROWS = 2 * BLOCK + 7


@pytest.fixture
def run(any_engine: Engine, tmp_path: Path) -> StageRun:
    return StageRun(any_engine.session, tmp_path, engine=any_engine.name)


def test_the_same_seed_gives_the_same_rows_however_they_are_cut(any_engine: Engine, run: StageRun) -> None:
    stage = Generate(rows=ROWS, columns=COLUMNS, seed=7)
    frame = stage.read(run)
    assert schema_of(frame).ddl() == stage.columns_after({}).ddl()
    table = any_engine.to_arrow(frame).sort_by("id")
    assert table["id"].to_pylist() == list(range(ROWS))
    made = {name: GeneratedColumn.of(given) for name, given in COLUMNS.items()}
    first = {name: each.values(7, name, BLOCK, 100, "UTC") for name, each in made.items()}
    again = pa.table(first).cast(arrow_schema(stage.columns_after({})))
    assert table.slice(BLOCK, 100).cast(again.schema).to_pylist() == again.to_pylist()
    assert any_engine.to_arrow(Generate(rows=9, columns=COLUMNS, seed=8).read(run)) != table.slice(0, 9)


def test_values_keep_their_bounds(any_engine: Engine, run: StageRun) -> None:
    rows = any_engine.to_arrow(Generate(rows=4000, columns=COLUMNS).read(run)).sort_by("id").to_pylist()
    prices = [row["a b"] for row in rows]
    assert 800 < prices.count(None) < 1200
    known = [each for each in prices if each is not None]
    assert Decimal("-5.00") <= min(known) < Decimal("-4.9")
    assert Decimal("4.9") < max(known) <= Decimal("5.00")
    assert {row["city"] for row in rows} == {"Oslo", "Malmö"}
    assert {len(row["name"]) for row in rows} == {13}
    assert rows[2]["at"] == dt.datetime(2024, 2, 29, 8, 3, tzinfo=dt.UTC)
    assert {row["day"] for row in rows} == {dt.date(2024, 1, 31), dt.date(2024, 2, 1)}
    assert (min(row["small"] for row in rows), max(row["small"] for row in rows)) == (-128, 127)
    assert 0.4 < sum(row["flag"] for row in rows) / 4000 < 0.6
    assert len({row["raw"] for row in rows}) == 4000


def test_a_preview_makes_no_more_than_it_shows(session: Any, tmp_path: Path) -> None:
    run = StageRun(session, tmp_path, limit=5)
    assert Generate(rows=None, rows_per_second=1, columns=COLUMNS).read(run).count() == 5


def test_rows_that_come_with_time_go_on_where_the_last_batch_ended(session: Any, tmp_path: Path) -> None:
    stage = Generate(rows=1000, rows_per_second=100, columns={"id": "sequence"})
    run = StageRun(session, tmp_path)
    first = stage.next_slice(None, run)
    assert first is not None
    assert first.items == [0, 100]
    later = {"since": first.offset["since"] - 4, "rows": 100}
    second = stage.next_slice(later, run)
    assert second is not None
    assert second.items[0] == 100
    assert 500 <= second.items[1] < 600
    run.slice = second
    assert stage.read(run).agg({"id": "min"}).collect()[0][0] == 100
    last = stage.next_slice({"since": 0, "rows": 1000}, run)
    assert last is not None
    assert last.items == [1000, 1000]
    run.slice = last
    assert stage.read(run).count() == 0
    assert Generate(columns={"id": "sequence"}).next_slice(None, run) is None


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"a": "bigint2"}, "not a column type"),
        ({"a": "array<bigint>"}, "not made up"),
        ({"a": {"type": "date", "choices": ["x"]}}, "do not fit date"),
        ({"a": {"type": "string", "sequence": True}}, "no meaning"),
        ({"a": {"min": 3, "max": 2}}, "larger"),
        ({"a": {"nulls": 2}}, "between 0 and 1"),
        ({"a": {"mim": 2}}, "mim"),
    ],
)
def test_columns_that_cannot_be_made_up_are_refused(columns: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Generate(columns=columns)


def test_rows_without_end_need_a_pace() -> None:
    with pytest.raises(ValidationError, match="rows_per_second"):
        Generate(rows=None, columns={"a": "bigint"})


def test_a_console_shows_the_first_rows_once_and_counts_all(any_engine: Engine, run: StageRun) -> None:
    columns: dict[str, Any] = {"id": "sequence", "text": {"type": "string", "choices": ["a\nb" + "x" * 50]}}
    frame = Generate(rows=BLOCK + 5, columns=columns).read(run).orderBy("id")
    staged = Console(rows=2).write(frame, run)
    assert not run.events
    output = staged.publish()
    assert output is not None
    assert (output.kind, output.rows) == ("console", BLOCK + 5)
    (shown,) = run.events
    assert isinstance(shown, LogWritten)
    cut = "a b" + "x" * 36 + "…"
    assert shown.message == f"2 of 65,541 rows\nid  text\n 0  {cut}\n 1  {cut}"
    assert "xxx" not in str(staged.intent())


def test_a_console_shows_no_rows_as_none(session: Any, tmp_path: Path) -> None:
    run = StageRun(session, tmp_path)
    frame = Generate(rows=0, columns={"id": "sequence", "b": "string"}).read(run)
    Console().write(frame, run).publish()
    assert run.events[0].message == "0 of 0 rows\nid  b"  # type: ignore[attr-defined]
