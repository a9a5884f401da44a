"""The same databases from Spark, whose workers are processes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import KINDS, Database, connection_of

if TYPE_CHECKING:
    from pathlib import Path

    from headrace.engine import Engine


@pytest.mark.spark
def test_spark_reads_and_writes_the_same_tables(
    request: pytest.FixtureRequest, spark_engine: Engine, tmp_path: Path
) -> None:
    for kind in KINDS:
        folder = tmp_path / kind
        folder.mkdir()
        database = Database(connection_of(kind, request), folder, spark_engine)
        columns = "id, CAST(id AS STRING) name, CAST(id / 7 AS DECIMAL(20,6)) d"
        columns += ", TIMESTAMP '2024-06-01 12:00:00Z' at"
        frame = database.frame(f"SELECT {columns} FROM range(0, 100, 1, 2)")
        assert database.write(frame, "numbers", mode="upsert", keys=["id"]).rows == 100
        again = database.read("numbers", split_by="id", partitions=2)
        assert again.dtypes == frame.dtypes
        assert sorted(again.collect()) == sorted(frame.collect())
        assert database.left() == []
