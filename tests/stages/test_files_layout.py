"""How many files a destination makes, their names, which old ones make room, and what marks the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from headrace.core import Output, WithErrors
from headrace.engine import Engine
from headrace.stages.destinations.files import Files as Write
from headrace.stages.origins.files import Files as Read
from headrace.storage.formats.kinds import excel
from headrace.storage.objects import StagedFiles
from headrace.testing import StageRun


class Place:
    """A folder that runs write to on the embedded engine, one after the other."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.number = 0

    def run(self) -> StageRun:
        self.number += 1
        return StageRun(self.engine.session, self.folder, engine=self.engine.name, id=f"run{self.number}")

    def staged(self, table: pa.Table, where: str = "true", **config: Any) -> StagedFiles:
        frame = self.engine.session.createDataFrame(table).where(where)
        staged = Write(**{"path": "out", "files": 1, **config}).write(frame, self.run())
        assert isinstance(staged, StagedFiles)
        return staged

    def write(self, table: pa.Table, **config: Any) -> Output:
        output: Output = self.staged(table, **config).publish()
        return output

    def rows(self) -> list[tuple[Any, ...]]:
        frame = Read(path="out").read(self.run())
        assert not isinstance(frame, WithErrors)
        return sorted(tuple(row.values()) for row in self.engine.to_arrow(frame).to_pylist())

    @property
    def marker(self) -> bool:
        return (self.folder / "out" / "_SUCCESS").exists()


@pytest.fixture
def place(engine: Engine, tmp_path: Path) -> Place:
    return Place(engine, tmp_path)


def days(*rows: tuple[int, str | None]) -> pa.Table:
    return pa.table({"n": [row[0] for row in rows], "day": pa.array([row[1] for row in rows], pa.string())})


def test_only_touched_partitions_are_overwritten(place: Place) -> None:
    both: dict[str, Any] = {"mode": "overwrite_partitions", "partition_by": ["day"]}
    place.write(days((1, "a"), (2, "b"), (3, None), (4, "b")), **both)
    place.write(days((5, "b"), (6, "c")), **both)
    assert sorted(place.rows(), key=str) == sorted([(1, "a"), (3, None), (5, "b"), (6, "c")], key=str)
    output = place.write(days((7, "d")), where="n > 9", **both)
    assert output.files == ()
    assert len(place.rows()) == 4


def test_folders_without_columns_cannot_be_touched() -> None:
    (issue,) = Write(path="out", mode="overwrite_partitions").mistakes({})
    assert (issue.code, issue.field) == ("missing-field", "partition_by")
    (issue,) = Write(path="out", format="csv", compression="snappy").mistakes({})
    assert (issue.code, issue.field) == ("unknown-compression", "compression")


def test_an_overwritten_partition_comes_back_when_the_run_is_undone(place: Place) -> None:
    both: dict[str, Any] = {"mode": "overwrite_partitions", "partition_by": ["day"]}
    place.write(days((1, "a"), (2, "b")), **both)
    place.staged(days((3, "b")), **both).undo()
    assert place.rows() == [(1, "a"), (2, "b")]


@pytest.mark.parametrize(
    ("kind", "largest"), [("csv", 1.5), ("parquet", 2.5), ("json", 1.5), ("avro", 2.5), ("orc", 2.5)]
)
def test_files_end_at_about_the_size_asked_for(place: Place, kind: str, largest: float) -> None:
    frame = place.engine.session.range(0, 120_000, 1, 1).selectExpr("id", "sha2(cast(id as string), 256) h")
    staged = Write(path="out", files=1, format=kind, file_mb=1, compression="none").write(frame, place.run())
    output = staged.publish()
    assert output is not None
    sizes = [(place.folder / name).stat().st_size / (1 << 20) for name in output.files]
    assert len(sizes) > 3
    assert max(sizes) < largest
    assert min(sizes[:-1]) > 0.7
    assert sorted(row[0] for row in place.rows()) == list(range(120_000))


def test_files_are_called_as_asked(place: Place) -> None:
    output = place.write(days((1, "a")), file_prefix="orders_v1.2", format="csv", compression="bzip2")
    (name,) = output.files
    assert Path(name).name.startswith("orders_v1.2-")
    assert name.endswith(".csv.bz2")


def test_a_marker_appears_last_and_goes_with_what_it_marks(place: Place) -> None:
    staged = place.staged(days((1, "a")), success_marker=True)
    assert not place.marker
    staged.publish()
    assert place.marker
    assert place.rows() == [(1, "a")]
    again = place.staged(days((2, "a")), success_marker=True, mode="overwrite")
    restored = StagedFiles.restore(json.loads(json.dumps(again.intent())), place.run())
    restored.undo()
    assert place.marker
    assert place.rows() == [(1, "a")]
    other = place.staged(days((2, "a")), success_marker=True, path="other")
    other.undo()
    assert not (place.folder / "other" / "_SUCCESS").exists()


def test_a_sheet_that_is_full_is_followed_by_another_workbook(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel._Sheet, "most_rows", 400)
    frame = place.engine.session.range(0, 1000, 1, 1)
    output = Write(path="out", files=1, format="excel").write(frame, place.run()).publish()
    assert output is not None
    assert len(output.files) == 3
    assert [row[0] for row in place.rows()] == list(range(1000))
