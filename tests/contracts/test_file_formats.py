"""What every format of files has to do: give back what it took, in every compression, on every engine."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from headrace.core import Frame, Output, WithErrors
from headrace.engine import Engine
from headrace.frames.arrow import arrow_to_frame
from headrace.stages.destinations.files import Files as Write
from headrace.stages.origins.files import Files as Read
from headrace.storage.formats import file_kind, format_names
from headrace.storage.objects import StagedFiles
from headrace.testing import StageRun

UTC = dt.UTC
PLAIN = pa.table(
    {
        "id": pa.array([1, 2, 3, 4], pa.int64()),
        "text": ["", None, "q\"\\,\t<ß&'", "true\u2028 λ 🚀 "],
        "x": [1.5, None, -0.25, 1e300],
        "day": [dt.date(2024, 2, 29), None, dt.date(1999, 1, 1), dt.date(1900, 3, 1)],
        "at": pa.array(
            [
                dt.datetime(2024, 2, 29, 23, 59, 59, 999999, UTC),
                None,
                dt.datetime(1969, 12, 31, 23, 59, 59, 999000, UTC),
                dt.datetime(2200, 6, 1, tzinfo=UTC),
            ],
            pa.timestamp("us", "UTC"),
        ),
        "local": pa.array(
            [
                dt.datetime(2024, 3, 31, 2, 30),
                None,
                dt.datetime(1970, 1, 1),
                dt.datetime(2000, 1, 1, 1, 1, 1),
            ],
            pa.timestamp("us"),
        ),
        "flag": [True, None, False, True],
        "money": pa.array(
            [Decimal("1.10"), None, Decimal("-3.30"), Decimal("99999999.99")], pa.decimal128(10, 2)
        ),
        "big": pa.array([2**63 - 1, None, -(2**63), 2**53 + 1], pa.int64()),
        "a b.c": ["x", None, "y", "z"],
    }
)
TYPES = (
    "id bigint, text string, x double, day date, at timestamp, local timestamp_ntz, flag boolean, "
    "money decimal(10,2), big bigint, `a b.c` string"
)
LINES = pa.table({"value": ["", "a\tb", "ß 🚀 \u2028", ' "quoted", ']})
SELF_DESCRIBED = ("avro", "orc", "parquet")
PAIRS = [(name, packing) for name in format_names(written=True) for packing in file_kind(name).compressions]


class Files:
    """An engine, a folder, and what is written and read there."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.number = 0

    def run(self, **given: Any) -> StageRun:
        self.number += 1
        named = {"engine": self.engine.name, "id": f"{self.engine.name}{self.number}"}
        return StageRun(self.engine.session, self.folder, **named, **given)

    def write(self, table: pa.Table, **config: Any) -> Output:
        frame = arrow_to_frame(table, self.engine.session)
        staged = Write(**{"path": "out", **config}).write(frame, self.run())
        assert isinstance(staged, StagedFiles)
        output: Output = staged.publish()
        return output

    def frame(self, run: StageRun | None = None, **config: Any) -> Frame:
        frame = Read(**{"path": "out", **config}).read(run or self.run())
        assert not isinstance(frame, WithErrors)
        return frame

    def read(self, **config: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.engine.to_arrow(self.frame(**config)).to_pylist()
        return sorted(rows, key=lambda row: str(row.get("id", row.get("value"))))


@pytest.fixture
def files(engine: Engine, tmp_path: Path) -> Files:
    return Files(engine, tmp_path)


def table_of(name: str) -> pa.Table:
    return LINES if name == "text" else PLAIN


def schema_of(name: str) -> str | None:
    return None if name in (*SELF_DESCRIBED, "text") else TYPES


@pytest.mark.parametrize(("name", "packing"), PAIRS)
def test_every_format_gives_back_what_it_took(files: Files, name: str, packing: str) -> None:
    table = table_of(name)
    output = files.write(table, format=name, compression=packing)
    assert (output.rows, output.format) == (4, name)
    found = files.read(schema=schema_of(name))
    if name == "excel":  # where an empty text is a blank cell
        assert found[0].pop("text") is None
        found[0]["text"] = ""
    assert found == sorted(table.to_pylist(), key=lambda row: str(row.get("id", row.get("value"))))
