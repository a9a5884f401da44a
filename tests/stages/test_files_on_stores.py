"""Files go to every store and come back the same, on every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from headrace.core import WithErrors
from headrace.engine import Engine
from headrace.stages.destinations.files import Files as Write
from headrace.stages.origins.files import Files as Read
from headrace.testing import StageRun

if TYPE_CHECKING:
    from tests.servers.sites import Site

TABLE = pa.table({"id": [1, 2, 3], "text": ["", None, 'q"\n\tß'], "day": ["mon", "tue", "mon"]})


STYLES: list[dict[str, Any]] = [{"format": "parquet", "partition_by": ["day"]}, {"format": "csv"}]


@pytest.mark.parametrize("style", STYLES)
def test_files_go_to_a_store_and_come_back(site: Site, engine: Engine, style: dict[str, Any]) -> None:
    there_and_back(site, engine, style)


@pytest.mark.spark
@pytest.mark.parametrize("site", ["azure", "gcs"], indirect=True)
def test_files_go_to_a_store_and_come_back_with_spark(site: Site, spark_engine: Engine) -> None:
    there_and_back(site, spark_engine, STYLES[0])


@pytest.mark.soak
@pytest.mark.spark
@pytest.mark.parametrize("style", STYLES)
def test_files_go_to_every_store_and_come_back_with_spark(
    site: Site, spark_engine: Engine, style: dict[str, Any]
) -> None:
    there_and_back(site, spark_engine, style)


def there_and_back(site: Site, any_engine: Engine, style: dict[str, Any]) -> None:
    connection = "store" if site.connection else None

    def run(name: str) -> StageRun:
        known = {"store": site.connection} if site.connection else {}
        return StageRun(
            any_engine.session, site.base, engine=any_engine.name, id=name, stage="s", connections=known
        )

    def written(name: str, mode: str) -> None:
        stage = Write(path=site.location("out"), connection=connection, mode=mode, **style)
        staged = stage.write(any_engine.session.createDataFrame(TABLE), run(name))
        assert seen() == ([] if mode == "error" else rows)
        staged.publish()

    def seen() -> list[dict[str, Any]]:
        stage = Read(
            path=site.location("out"),
            connection=connection,
            schema="id bigint, text string, day string",
            allow_missing=True,
        )
        frame = stage.read(run("reading"))
        assert not isinstance(frame, WithErrors)
        found: list[dict[str, Any]] = any_engine.to_arrow(frame).to_pylist()
        return sorted(found, key=lambda row: row["id"])

    rows = TABLE.to_pylist()
    written("run1", "error")
    assert seen() == rows
    written("run2", "overwrite")
    assert seen() == rows
