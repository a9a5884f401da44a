"""A Delta table takes a batch whole and once, and gives back what was written."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from headrace.core import DataRefused, Frame, Output
from headrace.engine import Engine
from headrace.frames.arrow import arrow_to_frame
from headrace.stages.destinations.delta import Delta as Write
from headrace.stages.origins.delta import Delta as Read
from headrace.storage.lakes import StagedDelta, open_delta, place_of
from headrace.testing import StageRun

if TYPE_CHECKING:
    from headrace.app.local_s3 import LocalS3

if find_spec("deltalake") is None and os.environ.get("HEADRACE_REQUIRE_ALL") != "1":
    pytest.skip("the package deltalake is not installed", allow_module_level=True)

UTC = dt.UTC
TABLE = pa.table(
    {
        "id": pa.array([1, 2, 3], pa.int64()),
        "text": ["", None, 'q"\\,\n\tß漢'],
        "x y": [1.5, math.inf, None],
        "a.b": pa.array([1, None, 3], pa.int32()),
        "day": [dt.date(2024, 2, 29), None, dt.date(1999, 1, 1)],
        "at": pa.array(
            [dt.datetime(2024, 2, 29, 23, 59, 59, 999999, UTC), None, None], pa.timestamp("us", "UTC")
        ),
        "local": pa.array([dt.datetime(2024, 2, 29, 1), None, None], pa.timestamp("us")),
        "flag": [True, None, False],
        "money": pa.array([Decimal("1.10"), None, Decimal("-3.30")], pa.decimal128(10, 2)),
        "huge": pa.array([Decimal("12345678901234567890.123"), None, None], pa.decimal128(38, 3)),
        "bytes": pa.array([b"\x00\xff", b"", None]),
        "list": pa.array([["a", None], [], None], pa.list_(pa.string())),
        "deep": pa.array([{"n": 1, "more": {"t": "x"}}, {"n": None, "more": None}, None]),
        "map": pa.array([[("k", 1)], [], None], pa.map_(pa.string(), pa.int64())),
    }
)


class Delta:
    """An engine, a place, and what is written there."""

    def __init__(self, engine: Engine, folder: Path, path: str = "my lake/t ü", **connections: Any) -> None:
        self.engine, self.folder, self.path = engine, folder, path
        self.connections = connections
        self.number = 0

    def run(self, **given: Any) -> StageRun:
        self.number += 1
        given = {"id": f"run{self.number}", "connections": self.connections, **given}
        return StageRun(self.engine.session, self.folder, engine=self.engine.name, **given)

    def config(self, config: dict[str, Any]) -> dict[str, Any]:
        name = next(iter(self.connections), None)
        return {"path": self.path, "connection": name, **config}

    def frame(self, table: pa.Table | dict[str, Any] = TABLE) -> Frame:
        return arrow_to_frame(table if isinstance(table, pa.Table) else pa.table(table), self.engine.session)

    def stage(self, table: Any = TABLE, run: StageRun | None = None, **config: Any) -> StagedDelta:
        staged = Write(**self.config(config)).write(self.frame(table), run or self.run())
        assert isinstance(staged, StagedDelta)
        return staged

    def write(self, table: Any = TABLE, **config: Any) -> Output:
        return self.stage(table, **config).publish()

    def read(self, run: StageRun | None = None, **config: Any) -> list[dict[str, Any]]:
        frame = Read(**self.config(config)).read(run or self.run())
        rows: list[dict[str, Any]] = self.engine.to_arrow(frame).to_pylist()
        return sorted(rows, key=lambda row: row.get("id") or 0)

    def place(self) -> Any:
        return place_of(self.path, next(iter(self.connections.values()), None), self.folder)

    def version(self) -> int:
        return open_delta(self.place()).version()

    def files(self) -> list[str]:
        place = self.place()
        return [
            info.key for info in place.store.walk(place.folder) if info.key.endswith((".parquet", ".json"))
        ]


@pytest.fixture
def delta(engine: Engine, tmp_path: Path) -> Delta:
    return Delta(engine, tmp_path)


def test_what_is_written_comes_back_with_its_types(delta: Delta) -> None:
    output = delta.write()
    assert (output.kind, output.format, output.rows) == ("table", "delta", 3)
    assert delta.read() == TABLE.to_pylist()
    frame = Read(path=delta.path).read(delta.run())
    assert dict(frame.dtypes)["local"] == "timestamp_ntz"
    assert dict(frame.dtypes)["huge"] == "decimal(38,3)"


def test_a_table_without_rows_has_columns_and_takes_rows_later(delta: Delta) -> None:
    assert delta.write(TABLE.slice(0, 0)).rows == 0
    assert delta.read() == []
    delta.write()
    assert len(delta.read()) == 3


def test_a_table_in_a_bucket_under_the_connections_own_key(
    engine: Engine, tmp_path: Path, s3_server: LocalS3
) -> None:
    delta = Delta(engine, tmp_path, "s3://raw/lake/orders of ü", store=s3_server.connection())
    delta.write(partition_by=["flag"])
    delta.write()
    assert [row["id"] for row in delta.read()] == [1, 1, 2, 2, 3, 3]
    assert len(delta.read(version=0)) == 3


def test_publishing_twice_adds_the_rows_once(delta: Delta) -> None:
    delta.write()
    run = delta.run()
    staged = delta.stage(run=run)
    assert len(delta.read()) == 3, "nothing is visible before publish"
    staged.publish()
    staged.publish()
    again = StagedDelta.restore(json.loads(json.dumps(staged.intent())), run)
    again.publish()
    assert len(delta.read()) == 6
    assert delta.version() == 1


def test_undo_takes_back_what_is_published_and_what_is_not(delta: Delta) -> None:
    delta.write({"id": [1]})
    before = delta.files()
    delta.stage({"id": [2]}).undo()
    assert delta.files() == before
    staged = delta.stage({"id": [3]})
    staged.publish()
    staged.undo()
    staged.undo()
    assert [row["id"] for row in delta.read()] == [1]
    staged = delta.stage({"id": [4]})
    staged.publish()
    delta.write({"id": [5]})
    staged.undo()
    assert [row["id"] for row in delta.read()] == [1, 5], "what others have added since stays"
    overwriting = delta.stage({"id": [6]}, mode="overwrite")
    overwriting.publish()
    overwriting.undo()
    assert [row["id"] for row in delta.read()] == [1, 5]


def test_undoing_what_made_the_table_leaves_no_table(delta: Delta) -> None:
    staged = delta.stage()
    staged.publish()
    staged.undo()
    assert delta.files() == []
    with pytest.raises(DataRefused) as caught:
        delta.read()
    assert caught.value.code == "table-missing"


def test_overwrite_replaces_rows_and_columns_and_earlier_versions_stay(delta: Delta) -> None:
    delta.write({"id": [1], "old": ["x"]})
    delta.write({"id": [2], "new": [1.5]}, mode="overwrite")
    assert delta.read() == [{"id": 2, "new": 1.5}]
    assert delta.read(version=0) == [{"id": 1, "old": "x"}]


def test_merge_updates_inserts_and_removes_by_keys(delta: Delta) -> None:
    delta.write({"id": [1, 2, 3], "a b": ["x", "y", "z"], "kept": [7, 8, 9]})
    new = {"id": [2, 4], "a b": ["Y", None]}
    staged = delta.stage(new, mode="merge", keys=["ID"], not_matched_by_source="delete")
    staged.publish()
    staged.publish()
    assert delta.read() == [{"id": 2, "a b": "Y", "kept": 8}, {"id": 4, "a b": None, "kept": None}]
    assert delta.version() == 1
    staged.undo()
    assert [row["id"] for row in delta.read()] == [1, 2, 3]


def test_merge_refuses_two_rows_for_one_whether_it_is_there_or_new(delta: Delta) -> None:
    delta.write({"id": [1], "b": [dt.date(2024, 1, 1)]})
    for number in (1, 2):
        rows = {"id": [number, number], "b": [dt.date(2024, 1, 1)] * 2}
        before = delta.files()
        with pytest.raises(DataRefused) as caught:
            delta.stage(rows, mode="merge", keys=["id", "b"])
        assert caught.value.code == "several-rows-for-one"
        assert f"id {number}, b 2024-01-01" in caught.value.message
        assert delta.files() == before
    nulls = {"id": [1, None, None], "b": pa.nulls(3, pa.date32())}
    delta.write(nulls, mode="merge", keys=["id", "b"])
    assert len(delta.read()) == 4, "a key with a null in it is no other's equal"


def test_replace_takes_out_the_part_that_the_condition_names(delta: Delta) -> None:
    delta.write({"id": [1, 2, 3], "day": ["mo", "mo", "tu"]}, partition_by=["day"])
    delta.write({"id": [9], "day": ["mo"]}, mode="replace", replace_where="day = 'mo'")
    assert [row["id"] for row in delta.read()] == [3, 9]
    with pytest.raises(DataRefused) as caught:
        delta.write({"id": [10], "day": ["tu"]}, mode="replace", replace_where="day = 'mo'")
    assert caught.value.code == "rows-outside"
    assert [row["id"] for row in delta.read()] == [3, 9]


def test_partitions_hold_every_kind_of_value(delta: Delta) -> None:
    names = ["id", "text", "a.b", "day", "at", "flag", "money"]
    delta.write(TABLE.select(names), partition_by=names[1:])
    expected = TABLE.select(names).to_pylist()
    expected[0]["text"] = None  # Delta has no empty text in partitions
    assert delta.read() == expected


def test_files_that_others_have_named_are_found_changed_and_brought_back(delta: Delta) -> None:
    from deltalake import write_deltalake

    odd = pa.table({"id": [1, 2, 3], "a b": ["é %/", "x=?&#+", None]})
    delta.write(odd.slice(0, 0), partition_by=["a b"])
    write_deltalake(open_delta(delta.place()), odd, mode="append")
    assert delta.read() == odd.to_pylist()
    assert delta.read(since=0) == odd.to_pylist()
    staged = delta.stage({"id": [4], "a b": ["y"]}, mode="overwrite")
    staged.publish()
    delta.write({"id": [5], "a b": ["é %/"]})
    staged.undo()
    assert [row["id"] for row in delta.read()] == [1, 2, 3, 5]


def test_new_columns_are_refused_added_or_left_out(delta: Delta) -> None:
    delta.write({"id": [1]})
    with pytest.raises(DataRefused) as caught:
        delta.write({"id": [2], "extra": ["x"]})
    assert caught.value.code == "new-columns"
    assert "extra" in caught.value.message
    delta.write({"id": [3], "extra": ["x"]}, new_columns="ignore")
    delta.write({"id": [4], "extra": ["x"]}, new_columns="add")
    delta.write({"id": [5]})
    assert [row["extra"] for row in delta.read()] == [None, None, "x", None]
    with pytest.raises(DataRefused) as caught:
        delta.write({"id": ["text"]})
    assert caught.value.code == "column-type-differs"
    delta.write({"ID": pa.array([6], pa.int32())})
    assert len(delta.read()) == 5


def test_comments_and_properties_are_in_the_log(delta: Delta) -> None:
    delta.write(
        {"id": [1]},
        comment="All orders",
        column_comments={"id": "The order's number"},
        properties={"delta.appendOnly": "true"},
    )
    table = open_delta(delta.place())
    assert table.metadata().description == "All orders"
    assert table.metadata().configuration == {"delta.appendOnly": "true"}
    assert table.schema().fields[0].metadata == {"comment": "The order's number"}


def test_two_writers_at_once_lose_nothing(delta: Delta) -> None:
    first, second = delta.stage({"id": [1]}), delta.stage({"id": [2]})
    second.publish()
    first.publish()
    assert [row["id"] for row in delta.read()] == [1, 2]
    first, second = delta.stage({"id": [3]}), delta.stage({"id": [4]}, mode="overwrite")
    second.publish()
    first.publish()
    assert [row["id"] for row in delta.read()] == [3, 4]
