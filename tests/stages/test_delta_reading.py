"""A Delta table is read by columns, by version and by what has changed, from every store."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute
import pytest

from headrace.core import DataRefused
from headrace.engine import Engine
from headrace.stages.origins.delta import Delta as Read

from .test_delta import TABLE, Delta

if TYPE_CHECKING:
    from tests.servers.azurite import Azurite


@pytest.fixture
def delta(engine: Engine, tmp_path: Path) -> Delta:
    return Delta(engine, tmp_path)


def test_only_the_columns_that_are_used_are_read(delta: Delta) -> None:
    delta.write()
    assert delta.read(delta.run(columns=("money", "ID")))[0] == {"id": 1, "money": Decimal("1.10")}


def test_the_embedded_engine_reads_the_table_by_itself(delta: Delta, tmp_path: Path) -> None:
    delta.path = "plain"
    table = TABLE.drop_columns(["a.b"])
    delta.write(table, partition_by=["flag"])
    rows = delta.engine.to_arrow(delta.engine.session.read.format("delta").load(str(tmp_path / "plain")))
    assert sorted(rows["id"].to_pylist()) == [1, 2, 3]
    assert rows.filter(pa.compute.equal(rows["id"], 1))["text"].to_pylist() == [""]


def test_what_is_new_is_read_once_by_version(delta: Delta) -> None:
    delta.write({"id": [1]})
    origin = Read(path=delta.path, read="new")

    def ids(offset: Any) -> tuple[list[int], Any]:
        found = origin.next_slice(offset, delta.run())
        assert found is not None
        return [row["id"] for row in delta.read(delta.run(slice=found), read="new")], found.offset

    first, offset = ids(None)
    delta.write({"id": [2]})
    delta.write({"id": [3]}, partition_by=())
    second, offset = ids(offset)
    third, offset = ids(offset)
    assert (first, second, third) == ([1], [2, 3], [])
    delta.write({"id": [2], "x": ["new"]}, mode="merge", keys=["id"], new_columns="add")
    with pytest.raises(DataRefused) as caught:
        ids(offset)
    assert caught.value.code == "rows-rewritten"
    assert [row["id"] for row in delta.read(since=0, rewrites="skip")] == [2, 3]


def test_the_change_feed_tells_what_became_of_rows(delta: Delta) -> None:
    delta.write({"id": [1, 2]}, properties={"delta.enableChangeDataFeed": "true"})
    delta.write({"id": [2, 3]}, mode="merge", keys=["id"], matched="delete")
    rows = delta.read(since=0, changes=True)
    assert [(row["id"], row["_change_type"], row["_commit_version"]) for row in rows] == [
        (2, "delete", 1),
        (3, "insert", 1),
    ]
    assert rows[0]["_commit_timestamp"].tzinfo is not None
    assert [row["id"] for row in delta.read(changes=True)] == [1, 2, 2, 3]


def test_a_table_in_azures_emulator(engine: Engine, tmp_path: Path, azurite: Azurite) -> None:
    delta = Delta(engine, tmp_path, "az://raw/lake/orders", store=azurite.connection())
    delta.write({"id": [1]})
    delta.write({"id": [1, 2]}, mode="merge", keys=["id"])
    assert [row["id"] for row in delta.read()] == [1, 2]
